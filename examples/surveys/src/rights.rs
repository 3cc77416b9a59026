//! Who may do what. The roles come from the context; what they mean is decided here and nowhere else.
//!
//! | | reader | creator | admin |
//! |---|---|---|---|
//! | see and answer surveys | yes | yes | yes |
//! | create surveys, edit one's own | | yes | yes |
//! | see results | | of one's own | of all |
//! | delete | | one's own | all |

use crate::person::Person;
use crate::survey::Survey;

impl Person {
    pub(crate) fn may_see(&self) -> bool {
        self.has_role("reader") || self.may_create()
    }

    pub(crate) fn may_create(&self) -> bool {
        self.has_role("creator") || self.has_role("admin")
    }

    pub(crate) fn may_edit(&self, survey: &Survey) -> bool {
        self.may_create() && self.wrote(survey)
    }

    pub(crate) fn may_see_results(&self, survey: &Survey) -> bool {
        self.has_role("admin") || self.may_edit(survey)
    }

    pub(crate) fn may_delete(&self, survey: &Survey) -> bool {
        self.has_role("admin") || self.may_edit(survey)
    }

    fn wrote(&self, survey: &Survey) -> bool {
        survey.author.id == self.user.id
    }
}

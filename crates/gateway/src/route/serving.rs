//! Which deployment answers a route's paths, where it is not the one that hosts the tenant: so that a part of an
//! application moves to backends of its own while its addresses stay.

use domain::DeploymentId;
use std::collections::BTreeMap;

/// What stands for every deployment that is not named.
const OTHERS: &str = "*";

/// Who answers in whose place.
#[derive(Debug, Default)]
pub(crate) struct Serving {
    instead: Box<[(DeploymentId, DeploymentId)]>,
    others: Option<DeploymentId>,
}

impl Serving {
    /// What this says; every mistake in it is said.
    pub(super) fn of(spec: &BTreeMap<String, String>, say: &mut dyn FnMut(String)) -> Self {
        let mut serving = Serving::default();
        let mut instead = Vec::new();
        for (hosts, answers) in spec {
            let Ok(answers) = answers.parse() else {
                say(format!("`{answers}` is no deployment's id"));
                continue;
            };
            match hosts.parse() {
                Ok(hosts) => instead.push((hosts, answers)),
                Err(_) if hosts == OTHERS => serving.others = Some(answers),
                Err(_) => say(format!("`{hosts}` is no deployment's id, and not `*`")),
            }
        }
        Serving { instead: instead.into(), ..serving }
    }

    /// Which deployment answers for a tenant that this one hosts.
    pub(crate) fn of_tenant_at(&self, hosts: DeploymentId) -> DeploymentId {
        let found = self.instead.iter().find(|(named, _)| *named == hosts).map(|(_, answers)| *answers);
        found.or(self.others).unwrap_or(hosts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_may_be_answered_elsewhere_and_is_answered_at_home_by_default() {
        let [eu, us, reports] = [1, 2, 3].map(DeploymentId::from_bits);
        let mut faults = Vec::new();
        let mut read = |pairs: &[(&str, &str)]| {
            let spec = pairs.iter().map(|(hosts, answers)| ((*hosts).to_owned(), (*answers).to_owned()));
            Serving::of(&spec.collect(), &mut |fault| faults.push(fault))
        };
        let (one, all) = (eu.to_string(), reports.to_string());
        let some = read(&[(&one, &all)]);
        assert_eq!([eu, us].map(|hosts| some.of_tenant_at(hosts)), [reports, us]);
        let every = read(&[("*", &all)]);
        assert_eq!([eu, us].map(|hosts| every.of_tenant_at(hosts)), [reports; 2]);
        read(&[("eu", &all), ("*", "reports")]);
        assert_eq!(faults, ["`reports` is no deployment's id", "`eu` is no deployment's id, and not `*`"]);
    }
}

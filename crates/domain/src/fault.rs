//! How a verb says in which way its caller was wrong.

/// A refusal or failure with a stable code. The code is the key into the catalogue of problems
/// (`web::problem`), which holds status, title and advice, and it is what a failed write leaves in the
/// audit trail. The `Display` text may say more, for the log; clients read the catalogue.
pub trait Fault: std::error::Error {
    /// For example `member.unknown`: noun, dot, what is the matter.
    fn code(&self) -> &'static str;

    /// What may be told to the client beyond the catalogue's words: which field, which bound.
    /// Must betray nothing about other tenants and hold no secret.
    fn detail(&self) -> Option<String> {
        None
    }

    /// The field of the input that it is about, if it is about one: a form shows the words there.
    fn place(&self) -> Option<&'static str> {
        None
    }
}

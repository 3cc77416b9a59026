//! A deployment's proof secrets as they lie in the database: the one in use, and perhaps the next one,
//! sealed together for this deployment, one on a line.

use domain::{DeploymentId, Digest, MasterKey, Sealed, Secret};
use serde_json::{Value, json};
use store::{OperatorWrite, StoreError};

/// The opened secrets.
#[derive(Clone, Debug)]
pub(crate) struct ProofSecrets {
    pub(crate) current: Secret<String>,
    pub(crate) next: Option<Secret<String>>,
}

fn purpose(id: DeploymentId) -> String {
    format!("deployment {id}")
}

impl ProofSecrets {
    /// A first secret.
    pub(crate) fn make(tx: &OperatorWrite) -> Self {
        ProofSecrets { current: Secret::new(tx.new_token()), next: None }
    }

    pub(crate) fn seal(&self, tx: &OperatorWrite, id: DeploymentId) -> Sealed {
        let mut plain = self.current.reveal().clone();
        if let Some(next) = &self.next {
            plain = format!("{plain}\n{}", next.reveal());
        }
        tx.seal(&purpose(id), plain.as_bytes())
    }

    pub(crate) fn open(master: &MasterKey, id: DeploymentId, sealed: &Sealed) -> Result<Self, StoreError> {
        let plain = String::from_utf8(master.open(&purpose(id), sealed)?).map_err(unreadable)?;
        let mut secrets = plain.lines().map(|line| Secret::new(line.to_owned()));
        let current = secrets.next().ok_or_else(|| unreadable("there is no secret"))?;
        Ok(ProofSecrets { current, next: secrets.next() })
    }
}

impl ProofSecrets {
    /// What the audit trails say of them: which they are, and nothing to prove anything with.
    pub(super) fn told(&self) -> Value {
        json!({
            "proof_secret": fingerprint(&self.current),
            "next_proof_secret": self.next.as_ref().map(fingerprint),
        })
    }
}

/// The beginning of a hash: enough to tell secrets of 256 bits apart.
fn fingerprint(secret: &Secret<String>) -> String {
    let hash = Digest::of(secret.reveal().as_bytes()).to_string();
    format!("SHA-256 {}…", &hash[..12])
}

fn unreadable(why: impl std::fmt::Display) -> StoreError {
    StoreError::Unreadable { column: "deployment.proof_secret".into(), why: why.to_string() }
}

//! Codes and refresh tokens: what names a grant, a tenant and how often the grant was used, under a keyed code of ours.
//! Whoever guesses asks no database, and no row is kept of one.

use domain::{Digest, GrantId, TenantId, digest::MacKey};

/// What kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What a browser brings to an application.
    Code,
    /// What an application shows for new tokens.
    Refresh,
    /// What a device waits with.
    Device,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Code, Kind::Refresh, Kind::Device];

    /// With what its text begins, so that leak scanners find it.
    const fn beginning(self) -> &'static str {
        match self {
            Kind::Code => "pwc_",
            Kind::Refresh => "pwr_",
            Kind::Device => "pwd_",
        }
    }
}

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Voucher {
    pub(crate) kind: Kind,
    pub(crate) tenant: TenantId,
    pub(crate) grant: GrantId,
    /// How often the grant had been used when it was made.
    pub(crate) generation: i64,
}

impl Voucher {
    /// Its text.
    pub(crate) fn write(&self, key: &MacKey) -> String {
        let body = format!("{}{}.{}.{}", self.kind.beginning(), self.tenant, self.grant, self.generation);
        let code = code_of(key, &body);
        format!("{body}.{code}")
    }

    /// The one with this text, if we made it.
    pub(crate) fn read(text: &str, key: &MacKey) -> Option<Self> {
        if text.len() > 200 {
            return None;
        }
        let (body, code) = text.rsplit_once('.')?;
        let code = Digest::parse(code)?;
        if !key.verifies(&[LABEL, body.as_bytes()], &code) {
            return None;
        }
        let kind = Kind::ALL.into_iter().find(|kind| body.starts_with(kind.beginning()))?;
        let mut parts = body[kind.beginning().len()..].split('.');
        let voucher = Voucher {
            kind,
            tenant: parts.next()?.parse().ok()?,
            grant: parts.next()?.parse().ok()?,
            generation: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(voucher)
    }
}

const LABEL: &[u8] = b"partywall voucher\n";

fn code_of(key: &MacKey, body: &str) -> Digest {
    key.sign(&[LABEL, body.as_bytes()])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn voucher() -> Voucher {
        let (tenant, grant) = (TenantId::from_bits(1), GrantId::from_bits(2));
        Voucher { kind: Kind::Refresh, tenant, grant, generation: 3 }
    }

    #[test]
    fn a_voucher_says_what_was_put_into_it_and_nobody_else_can_make_one() {
        let key = MacKey::new(b"ours");
        let text = voucher().write(&key);
        assert_eq!(Voucher::read(&text, &key), Some(voucher()));
        assert_eq!(Voucher::read(&text, &MacKey::new(b"theirs")), None);
        for at in 0..text.len() {
            let mut altered = text.clone().into_bytes();
            altered[at] = if altered[at] == b'0' { b'1' } else { b'0' };
            let altered = String::from_utf8(altered).unwrap();
            assert_eq!(Voucher::read(&altered, &key), None, "byte {at}");
        }
        assert_eq!(Voucher::read(&text.replace("pwr_", "pwc_"), &key), None, "of another kind");
    }
}

//! Grants: short signed strings that carry one right until a moment.
//!
//! Shape: `base64url(v1|action|resource|subject|expires_at_ms) "." base64url(HMAC-SHA256)`. The action is part of
//! what is signed, so a grant to watch can never be used to publish. They ride in query strings where a header
//! cannot be set (a `<video>` element), so they are short-lived and never logged.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The right that a grant carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// Open a live stream; resource = stream name, subject = viewer id.
    Play,
    /// Publish a stream; resource = stream name, subject = `<gatherer id>.<epoch>`.
    Publish,
    /// Read a stored object; resource = object id, subject = session or user.
    Read,
    /// A gatherer's HTTP calls and its relay login; resource = gatherer id.
    Gatherer,
    /// A part of the server that runs on another machine; resource = `site`, `live`, `storage`.
    Component,
    /// The nonce of a gatherer's login; resource = nonce.
    Challenge,
    /// Proof that storage holds an object; resource = object id, subject = `<size>.<sha256>`.
    Receipt,
}

impl Right {
    fn code(self) -> &'static str {
        match self {
            Right::Play => "play",
            Right::Publish => "publish",
            Right::Read => "read",
            Right::Gatherer => "gatherer",
            Right::Component => "component",
            Right::Challenge => "challenge",
            Right::Receipt => "receipt",
        }
    }
}

/// Why a grant was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum GrantError {
    /// Not of the shape above, or signed by another key.
    #[error("the grant is not one of ours")]
    Forged,
    /// Signed by us for something else.
    #[error("the grant is for another right or resource")]
    Other,
    /// Was right once.
    #[error("the grant has expired")]
    Expired,
}

/// A grant that was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// What it is for.
    pub resource: String,
    /// Who it was given to, or what else was bound.
    pub subject: String,
    /// Unix ms after which it is refused.
    pub expires_at_ms: i64,
}

/// Signs and verifies grants with one secret of the site.
#[derive(Clone)]
pub struct Signer {
    key: [u8; 32],
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signer(***)")
    }
}

impl Signer {
    /// A signer over a 256-bit secret.
    pub fn new(key: [u8; 32]) -> Self {
        Self { key }
    }

    /// A grant of `right` to `resource` for `subject`, valid until `expires_at_ms`. `|` in either is replaced by `_`.
    pub fn sign(&self, right: Right, resource: &str, subject: &str, expires_at_ms: i64) -> String {
        let clean = |s: &str| s.replace('|', "_");
        let text = format!("v1|{}|{}|{}|{expires_at_ms}", right.code(), clean(resource), clean(subject));
        format!("{}.{}", B64.encode(&text), B64.encode(self.mac(text.as_bytes()).finalize().into_bytes()))
    }

    /// Verifies signature, right and expiry; the caller compares the resource when it knows it beforehand with
    /// [`Signer::verify_for`].
    pub fn verify(&self, grant: &str, right: Right, now_ms: i64) -> Result<Grant, GrantError> {
        let found = self.verify_ignoring_expiry(grant, right)?;
        if now_ms >= found.expires_at_ms { Err(GrantError::Expired) } else { Ok(found) }
    }

    /// As [`Signer::verify`], and the grant must be for `resource`.
    pub fn verify_for(
        &self,
        grant: &str,
        right: Right,
        resource: &str,
        now_ms: i64,
    ) -> Result<Grant, GrantError> {
        let found = self.verify(grant, right, now_ms)?;
        if found.resource == resource { Ok(found) } else { Err(GrantError::Other) }
    }

    /// Signature and right only: for a viewer whose lease is alive though its opening grant has run out.
    pub fn verify_ignoring_expiry(&self, grant: &str, right: Right) -> Result<Grant, GrantError> {
        let (text, mac) = grant.split_once('.').ok_or(GrantError::Forged)?;
        let text = B64.decode(text).map_err(|_| GrantError::Forged)?;
        let mac = B64.decode(mac).map_err(|_| GrantError::Forged)?;
        self.mac(&text).verify_slice(&mac).map_err(|_| GrantError::Forged)?;
        let text = std::str::from_utf8(&text).map_err(|_| GrantError::Forged)?;
        let [version, code, resource, subject, expires] =
            text.split('|').collect::<Vec<_>>().try_into().map_err(|_| GrantError::Forged)?;
        if version != "v1" || code != right.code() {
            return Err(GrantError::Other);
        }
        let expires_at_ms = expires.parse().map_err(|_| GrantError::Forged)?;
        Ok(Grant { resource: resource.to_owned(), subject: subject.to_owned(), expires_at_ms })
    }

    fn mac(&self, text: &[u8]) -> Hmac<Sha256> {
        let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(&self.key)
            .unwrap_or_else(|_| unreachable!("HMAC takes any key"));
        mac.update(text);
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signer() -> Signer {
        Signer::new([7; 32])
    }

    #[test]
    fn carries_exactly_one_right_to_one_thing_until_a_moment() {
        let grant = signer().sign(Right::Play, "live1", "u7", 1000);
        let found = signer().verify_for(&grant, Right::Play, "live1", 999).unwrap();
        assert_eq!(found.subject, "u7");
        assert_eq!(signer().verify_for(&grant, Right::Play, "live2", 999), Err(GrantError::Other));
        assert_eq!(signer().verify(&grant, Right::Publish, 999), Err(GrantError::Other));
        assert_eq!(signer().verify(&grant, Right::Play, 1000), Err(GrantError::Expired));
        assert_eq!(Signer::new([8; 32]).verify(&grant, Right::Play, 0), Err(GrantError::Forged));
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let grant = signer().sign(Right::Read, "a", "b", 1000);
        for i in 0..grant.len() {
            let mut bytes = grant.clone().into_bytes();
            bytes[i] = if bytes[i] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(changed == grant || signer().verify(&changed, Right::Read, 0).is_err(), "byte {i}");
        }
    }
}

//! The key a gatherer made at enrolment: who it is, whatever its address or network card (R-GAT-06 in today's form).

use crate::disk;
use crate::error::{GatherError, Result};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as B64};
use ed25519_dalek::{Signer, SigningKey};
use model::GathererId;
use std::path::{Path, PathBuf};

/// An Ed25519 key pair. The private half never leaves this machine.
pub struct Identity {
    key: SigningKey,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({})", self.public_key())
    }
}

impl Identity {
    /// Where it lies in a data directory; mode 0600.
    pub fn path(data: &Path) -> PathBuf {
        data.join("identity.key")
    }

    /// A new key from the system's randomness.
    pub fn generate() -> Result<Self> {
        let mut seed = [0u8; 32];
        getrandom::fill(&mut seed).map_err(|e| GatherError::System {
            doing: "asking the system for randomness",
            why: e.to_string(),
        })?;
        Ok(Self { key: SigningKey::from_bytes(&seed) })
    }

    /// Reads `data/identity.key`: 32 bytes as base64url.
    pub fn load(data: &Path) -> Result<Self> {
        let path = Self::path(data);
        let text = std::fs::read_to_string(&path).map_err(|source| match source.kind() {
            std::io::ErrorKind::NotFound => {
                GatherError::NotEnrolled { path: path.clone(), data: data.to_owned() }
            }
            _ => GatherError::Io { doing: "reading", path: path.clone(), source },
        })?;
        let seed: Option<[u8; 32]> = B64.decode(text.trim()).ok().and_then(|bytes| bytes.try_into().ok());
        let seed = seed.ok_or_else(|| GatherError::Config {
            path,
            why: "it is not 32 bytes of base64url: the key is lost, enrol this machine again".to_owned(),
        })?;
        Ok(Self { key: SigningKey::from_bytes(&seed) })
    }

    /// Writes `data/identity.key`, readable by its owner only.
    pub fn save(&self, data: &Path) -> Result<()> {
        disk::write_atomic(&Self::path(data), B64.encode(self.key.to_bytes()).as_bytes(), 0o600)
    }

    /// The public half, base64url without padding.
    pub fn public_key(&self) -> String {
        B64.encode(self.key.verifying_key().to_bytes())
    }

    /// The signature that a login wants (protocol.md §5).
    pub fn sign_login(&self, gatherer: GathererId, challenge: &str) -> String {
        let text = format!("yunlubo-login|{gatherer}|{challenge}");
        B64.encode(self.key.sign(text.as_bytes()).to_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ed25519_dalek::{Signature, Verifier, VerifyingKey};
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_key_is_kept_and_signs_a_login() {
        let dir = tempfile::tempdir().unwrap();
        let made = Identity::generate().unwrap();
        made.save(dir.path()).unwrap();
        let mode = std::fs::metadata(Identity::path(dir.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let read = Identity::load(dir.path()).unwrap();
        assert_eq!(read.public_key(), made.public_key());

        let key: [u8; 32] = B64.decode(read.public_key()).unwrap().try_into().unwrap();
        let signature = B64.decode(read.sign_login(GathererId(7), "abc")).unwrap();
        let signature = Signature::from_slice(&signature).unwrap();
        let key = VerifyingKey::from_bytes(&key).unwrap();
        assert!(key.verify(b"yunlubo-login|7|abc", &signature).is_ok());
        assert!(key.verify(b"yunlubo-login|8|abc", &signature).is_err());
    }

    #[test]
    fn a_damaged_key_says_what_to_do() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(Identity::path(dir.path()), "short").unwrap();
        let error = Identity::load(dir.path()).unwrap_err().to_string();
        assert!(error.contains("identity.key") && error.contains("enrol"), "{error}");
    }
}

//! `DIR/secret.key`: 32 random bytes that every grant is signed with, made at the first start.

use crate::error::{Result, ServerError, file};
use model::grant::Signer;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

/// Name of the file in the data directory.
pub const FILE: &str = "secret.key";

/// The signer over the secret in `data_dir`, which is made when it is not there. Only its owner can read the file;
/// wider permissions are taken back.
pub fn signer(data_dir: &Path) -> Result<Signer> {
    let path = data_dir.join(FILE);
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => make(&path)?,
        Err(e) => return Err(file("read", &path)(e)),
    };
    let key =
        bytes.try_into().map_err(|b: Vec<u8>| ServerError::Secret { path: path.clone(), found: b.len() })?;
    let mode = std::fs::metadata(&path).map_err(file("look at", &path))?.permissions().mode();
    if mode & 0o077 != 0 {
        tracing::warn!("`{}` could be read by others (mode {:o}); taken back", path.display(), mode & 0o777);
        let private = std::fs::Permissions::from_mode(0o600);
        std::fs::set_permissions(&path, private).map_err(file("protect", &path))?;
    }
    Ok(Signer::new(key))
}

/// Of two processes that start at once one makes the file and the other reads it: it is linked in whole or not at all.
fn make(path: &Path) -> Result<Vec<u8>> {
    let mut key = vec![0u8; 32];
    getrandom::fill(&mut key).map_err(|e| ServerError::Random(e.to_string()))?;
    let draft = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = (|| {
        let mut options = std::fs::OpenOptions::new();
        let mut out = options.write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
        out.write_all(&key)?;
        out.sync_all()?;
        std::fs::hard_link(&draft, path)
    })();
    // Nothing depends on the draft any more.
    let _ = std::fs::remove_file(&draft);
    match written {
        Ok(()) => Ok(key),
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            std::fs::read(path).map_err(file("read", path))
        }
        Err(e) => Err(file("write", path)(e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::grant::Right;

    #[test]
    fn the_secret_is_made_once_private_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let grant = signer(dir.path()).unwrap().sign(Right::Play, "live1", "v", 1000);
        let path = dir.path().join(FILE);
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(signer(dir.path()).unwrap().verify(&grant, Right::Play, 0).is_ok());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "no draft is left");
    }

    #[test]
    fn a_damaged_secret_is_an_error_and_never_replaced() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), b"short").unwrap();
        assert!(matches!(signer(dir.path()), Err(ServerError::Secret { found: 5, .. })));
    }
}

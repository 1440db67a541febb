//! Passwords of local accounts: Argon2id, PHC strings. Hashing takes a core for tens of milliseconds, so it runs apart
//! from the async threads, and only a few at a time: 19 MiB each must not fill a 2 GB machine.

use crate::error::WebError;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use model::fault::{Fault, Reason};
use tokio::sync::Semaphore;

/// Fewest characters.
pub const PASSWORD_MIN: u32 = 8;
/// Most bytes: nobody types more, and a hash of megabytes would be an attack.
pub const PASSWORD_MAX_BYTES: usize = 1024;

/// Hashes running at once; more wait in line.
const AT_ONCE: usize = 2;
static TURN: Semaphore = Semaphore::const_new(AT_ONCE);

/// Checks a new password: at least 8 characters.
pub fn check(field: &'static str, password: &str) -> Result<(), Fault> {
    if password.chars().count() < PASSWORD_MIN as usize {
        return Err(Fault::new(field, Reason::PasswordTooShort { min: PASSWORD_MIN }));
    }
    if password.len() > PASSWORD_MAX_BYTES {
        return Err(Fault::new(field, Reason::TooLong { max: PASSWORD_MAX_BYTES as u32 }));
    }
    Ok(())
}

/// The PHC string to store.
pub async fn hash(password: &str) -> Result<String, WebError> {
    let password = password.to_owned();
    apart(move || {
        let hashed = Argon2::default().hash_password(password.as_bytes());
        hashed.map(|h| h.to_string()).map_err(|e| WebError::Internal(format!("hashing a password: {e}")))
    })
    .await?
}

/// Whether `password` is the one behind `stored`. Without an account, `stored` is `None` and the same time is spent:
/// the answer's delay does not tell which names exist.
pub async fn verify(password: &str, stored: Option<String>) -> Result<bool, WebError> {
    if password.len() > PASSWORD_MAX_BYTES {
        return Ok(false);
    }
    let password = password.to_owned();
    apart(move || match stored.as_deref().map(PasswordHash::new) {
        Some(Ok(stored)) => Argon2::default().verify_password(password.as_bytes(), &stored).is_ok(),
        _ => {
            let _ = Argon2::default().hash_password(password.as_bytes());
            false
        }
    })
    .await
}

async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, WebError> {
    let _turn = TURN.acquire().await.map_err(|e| WebError::Internal(e.to_string()))?;
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| WebError::Internal(format!("hashing a password: {e}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_matches() {
        let stored = hash("云录播-密码-1").await.unwrap();
        assert!(stored.starts_with("$argon2id$"));
        assert!(verify("云录播-密码-1", Some(stored.clone())).await.unwrap());
        assert!(!verify("云录播-密码-2", Some(stored)).await.unwrap());
        assert!(!verify("anything", None).await.unwrap());
    }

    #[test]
    fn eight_characters_of_any_script() {
        assert!(check("password", "一二三四五六七八").is_ok());
        assert!(check("password", "1234567").is_err());
    }
}

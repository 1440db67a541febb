//! 加入码: lets one gatherer enrol, once. 20 characters of Crockford's base 32 (100 bits); only the SHA-256 is stored.

use crate::error::WebError;
use crate::{crockford, session};

/// How long a code works (threat T8).
pub const LIFE_MS: i64 = 15 * 60_000;
const LENGTH: usize = 20;

/// A fresh code in groups of five, as it is shown to the admin: `4G7K2-…`.
pub fn make() -> Result<String, WebError> {
    let code =
        crockford::random::<LENGTH>().map_err(|e| WebError::Internal(format!("no random bytes: {e}")))?;
    let groups: Vec<&str> = (0..LENGTH).step_by(5).map(|at| &code[at..at + 5]).collect();
    Ok(groups.join("-"))
}

/// What is stored of a code; `None` when `typed` is none, however carelessly it was typed ([`crockford::read`]).
pub fn hash(typed: &str) -> Option<String> {
    crockford::read(typed, LENGTH).map(|code| session::hash(&code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_typed_carelessly() {
        let code = make().unwrap();
        assert_eq!(code.len(), 23);
        let careless = code.to_lowercase().replace('-', " ").replace('0', "o").replace('1', "l");
        assert_eq!(hash(&careless), hash(&code));
        assert_eq!(hash(&code[1..]), None);
        assert_eq!(hash(&format!("{code}A")), None);
        assert_ne!(hash(&make().unwrap()), hash(&code));
    }
}

//! 加入码: lets one gatherer enrol, once. 20 characters of Crockford's base 32 (100 bits); only the SHA-256 is stored.

use crate::error::WebError;
use crate::session;

/// How long a code works (threat T8).
pub const LIFE_MS: i64 = 15 * 60_000;
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const LENGTH: usize = 20;

/// A fresh code in groups of five, as it is shown to the admin: `4G7K2-…`.
pub fn make() -> Result<String, WebError> {
    let mut bytes = [0u8; LENGTH];
    getrandom::fill(&mut bytes).map_err(|e| WebError::Internal(format!("no random bytes: {e}")))?;
    let code: Vec<u8> = bytes.iter().map(|b| ALPHABET[usize::from(b & 31)]).collect();
    let groups: Vec<String> =
        code.chunks(5).map(|group| String::from_utf8_lossy(group).into_owned()).collect();
    Ok(groups.join("-"))
}

/// What is stored of a code; `None` when `typed` is none. Hyphens, spaces and case do not matter, and O, I, L are read
/// as 0, 1, 1 (Crockford).
pub fn hash(typed: &str) -> Option<String> {
    let mut code = String::with_capacity(LENGTH);
    for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let c = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        };
        if !c.is_ascii() || !ALPHABET.contains(&(c as u8)) || code.len() >= LENGTH {
            return None;
        }
        code.push(c);
    }
    (code.len() == LENGTH).then(|| session::hash(&code))
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

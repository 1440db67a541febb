//! Codes that people type: Crockford's base 32, which has no I, L, O, U to mistake. 5 bits a character.

const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// A fresh code of `N` characters.
///
/// # Errors
/// When the system gives no random bytes.
pub fn random<const N: usize>() -> Result<String, getrandom::Error> {
    let mut bytes = [0u8; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|b| char::from(ALPHABET[usize::from(b & 31)])).collect())
}

/// The code of `length` characters that was meant; `None` when `typed` is none. Hyphens, spaces and case do not matter,
/// and O, I, L are read as 0, 1, 1.
pub fn read(typed: &str, length: usize) -> Option<String> {
    let mut code = String::with_capacity(length);
    for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        let c = match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c => c,
        };
        if !c.is_ascii() || !ALPHABET.contains(&(c as u8)) || code.len() >= length {
            return None;
        }
        code.push(c);
    }
    (code.len() == length).then_some(code)
}

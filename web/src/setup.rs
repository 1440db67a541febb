//! The setup code: whoever can read the server's data directory or its console may claim the first admin, nobody else.
//!
//! `DIR/setup-code` holds two lines: the code, and the Unix ms after which it is refused. It is removed by the claim;
//! the claim itself is one transaction on a singleton row, so of any number of callers exactly one succeeds (T1).

use crate::crockford;
use std::io;
use std::path::Path;
use subtle::ConstantTimeEq;

/// Name of the file in the data directory.
pub const FILE: &str = "setup-code";
/// How long a code works.
pub const LIFE_MS: i64 = 30 * 60_000;
/// 26 characters of 5 bits: 130 bits.
const LENGTH: usize = 26;

/// Makes a code, writes the file (readable by its owner only) and gives the code to be printed.
pub fn issue(data_dir: &Path, now_ms: i64) -> io::Result<String> {
    let code = crockford::random::<LENGTH>().map_err(|e| io::Error::other(e.to_string()))?;
    write_private(&data_dir.join(FILE), &format!("{code}\n{}\n", now_ms + LIFE_MS))?;
    Ok(code)
}

/// Whether `given` is the code that lies in the directory and still works, however carelessly it was typed
/// ([`crockford::read`]).
pub fn is_right(data_dir: &Path, given: &str, now_ms: i64) -> bool {
    let Ok(text) = std::fs::read_to_string(data_dir.join(FILE)) else { return false };
    let mut lines = text.lines();
    let code = lines.next().and_then(|line| crockford::read(line, LENGTH));
    let expires_at_ms = lines.next().and_then(|l| l.trim().parse::<i64>().ok()).unwrap_or(0);
    let (Some(code), Some(given)) = (code, crockford::read(given, LENGTH)) else { return false };
    bool::from(code.as_bytes().ct_eq(given.as_bytes())) && now_ms < expires_at_ms
}

/// Removes the code after the claim.
pub fn forget(data_dir: &Path) {
    if let Err(error) = std::fs::remove_file(data_dir.join(FILE)) {
        tracing::warn!(%error, "The used setup code could not be removed: {error}");
    }
}

fn write_private(path: &Path, text: &str) -> io::Result<()> {
    use std::io::Write;
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn works_for_half_an_hour_however_it_is_typed() {
        let dir = tempfile::tempdir().unwrap();
        assert!(!is_right(dir.path(), "", 0));
        let code = issue(dir.path(), 1000).unwrap();
        assert!(is_right(dir.path(), &code, 1001));
        assert!(is_right(dir.path(), &format!(" {}-{} ", &code[..13].to_lowercase(), &code[13..]), 1001));
        assert!(is_right(dir.path(), &code.replace('0', "o").replace('1', "l"), 1001));
        assert!(!is_right(dir.path(), &code[1..], 1001));
        assert!(!is_right(dir.path(), &code, 1000 + LIFE_MS));
        forget(dir.path());
        assert!(!is_right(dir.path(), &code, 1001));
    }
}

//! Ids of objects and uploads: random, made here.

use crate::{Result, StorageError};

/// 128 random bits as 32 lower-case hex digits. The only thing that ever becomes a file name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ObjectId(String);

impl ObjectId {
    /// A fresh id.
    ///
    /// # Errors
    /// When the system has no randomness to give.
    pub fn random() -> Result<Self> {
        let mut bytes = [0u8; 16];
        let failed =
            |e: getrandom::Error| StorageError::io("making an id", std::io::Error::other(e.to_string()));
        getrandom::fill(&mut bytes).map_err(failed)?;
        Ok(Self(bytes.iter().map(|b| format!("{b:02x}")).collect()))
    }

    /// Reads an id; anything but 32 lower-case hex digits is none.
    pub fn parse(text: &str) -> Option<Self> {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        (text.len() == 32 && text.bytes().all(hex)).then(|| Self(text.to_owned()))
    }

    /// The 32 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Display for ObjectId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_path_is_an_id() {
        for bad in [
            "",
            "..",
            "../../etc/passwd",
            "0123456789abcdef0123456789abcdeF",
            "0123456789abcdef0123456789abcde/",
        ] {
            assert_eq!(ObjectId::parse(bad), None, "{bad}");
        }
        let id = ObjectId::random().unwrap();
        assert_eq!(ObjectId::parse(id.as_str()), Some(id));
    }
}

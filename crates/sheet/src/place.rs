//! Where in a file something stands.

use serde::{Deserialize, Serialize};

/// A cell, shown as `高一1班!B7`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct At {
    /// The sheet; for files without sheets the file's name.
    pub sheet: String,
    /// From 1; 0 = the sheet as a whole.
    pub row: u32,
    /// From 1 (A); 0 = the row as a whole.
    pub col: u32,
}

impl At {
    /// A cell, both from 1.
    pub fn new(sheet: &str, row: u32, col: u32) -> Self {
        Self { sheet: sheet.to_owned(), row, col }
    }

    /// The sheet as a whole.
    pub fn sheet(sheet: &str) -> Self {
        Self::new(sheet, 0, 0)
    }

    /// `B7`, `7` for a row, empty for a sheet.
    pub fn cell(&self) -> String {
        match (self.row, self.col) {
            (0, _) => String::new(),
            (row, 0) => row.to_string(),
            (row, col) => format!("{}{row}", column_letters(col)),
        }
    }
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.row {
            0 => f.write_str(&self.sheet),
            _ => write!(f, "{}!{}", self.sheet, self.cell()),
        }
    }
}

/// 1 → A, 26 → Z, 27 → AA.
pub(crate) fn column_letters(col: u32) -> String {
    let mut rest = col;
    let mut letters = Vec::new();
    while rest > 0 {
        rest -= 1;
        letters.push(char::from(b'A' + (rest % 26) as u8));
        rest /= 26;
    }
    letters.iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_named_as_in_excel() {
        assert_eq!(At::new("高一1班", 7, 2).to_string(), "高一1班!B7");
        assert_eq!(At::new("s", 1, 28).cell(), "AB1");
        assert_eq!(At::new("s", 3, 703).cell(), "AAA3");
        assert_eq!(At::new("s", 3, 0).to_string(), "s!3");
        assert_eq!(At::sheet("s").to_string(), "s");
    }
}

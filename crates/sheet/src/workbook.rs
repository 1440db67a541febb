//! A file of tables, read: sheets of plain values with merged cells, whatever format it came in.

use crate::{At, Problem, SheetError};
use jiff::civil::DateTime;

/// Most bytes of a file. The largest timetable seen (60 classes, styled) has 1.2 MB.
pub const FILE_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Most sheets: a school of 200 classes with a sheet a class.
pub const SHEETS_MAX: usize = 200;
/// Most rows of a sheet that carry something.
pub const ROWS_MAX: u32 = 10_000;
/// Most columns of a sheet that carry something: 7 days × 16 periods three times over.
pub const COLUMNS_MAX: u32 = 400;
/// Most cells of a file that carry something.
pub const CELLS_MAX: usize = 1_000_000;
/// Most characters of a cell.
pub const TEXT_CHARS_MAX: usize = 1_000;

/// What stands in a cell. Formulas are their stored results.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text, as it stands.
    Text(String),
    /// A number; 301 and not 301.0 when shown.
    Number(f64),
    /// TRUE or FALSE.
    Bool(bool),
    /// A serial number that the file shows as a date.
    Date(DateTime),
    /// An error such as `#REF!`.
    Error(String),
    /// A formula whose result the file does not hold.
    NoResult,
}

/// One sheet.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// Used rows, from 1.
    pub rows: u32,
    /// Used columns, from 1.
    pub cols: u32,
    pub(crate) cells: std::collections::BTreeMap<(u32, u32), Value>,
    pub(crate) merges: Vec<Area>,
}

/// Merged cells: rows and columns from 1, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Area {
    /// First row.
    pub top: u32,
    /// First column.
    pub left: u32,
    /// Last row.
    pub bottom: u32,
    /// Last column.
    pub right: u32,
}

/// A file, read.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Workbook {
    /// As the user knows it.
    pub file_name: String,
    /// Visible sheets in the file's order.
    pub sheets: Vec<Sheet>,
    /// What was left out while reading: hidden sheets, too long texts.
    pub problems: Vec<Problem>,
    /// The key hidden in files this product wrote, e.g. `yunlubo timetable 1`.
    pub key: Option<String>,
}

impl Workbook {
    /// Reads xlsx, xls, ods, or text (csv with commas, semicolons or tabs; UTF-8, GBK, UTF-16).
    ///
    /// What the file is, its first bytes decide; the name only helps the messages.
    pub fn read(file_name: &str, bytes: &[u8]) -> Result<Self, SheetError> {
        let _ = (file_name, bytes);
        Err(SheetError::Empty)
    }

    /// Reads cells copied from a table: tabs between, quotes around cells of several lines.
    pub fn paste(text: &str) -> Result<Self, SheetError> {
        let _ = text;
        Err(SheetError::Empty)
    }
}

impl Sheet {
    /// What stands in a cell itself; both from 1. Merged cells carry it in their first.
    pub fn value(&self, row: u32, col: u32) -> Option<&Value> {
        self.cells.get(&(row, col))
    }

    /// Where.
    pub fn at(&self, row: u32, col: u32) -> At {
        At::new(&self.name, row, col)
    }
}

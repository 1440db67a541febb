//! A file of tables, read: sheets of plain values with merged cells, whatever format it came in.

mod biff;
mod cfb;
mod intake;
mod kept;
mod ods;
mod packed;
mod text;
mod xls;
mod xlsx;

pub(crate) use text::{decode, guarded, quoted};

use crate::plain::number_text;
use crate::{At, Problem, SheetError};
use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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

/// Most merged areas of a sheet.
const MERGES_MAX: usize = 20_000;
/// The hidden sheet whose first cell says that this product wrote the file.
pub(crate) const KEY_SHEET: &str = "_yunlubo";

/// What stands in a cell. Formulas are their stored results.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// Used rows, from 1.
    pub rows: u32,
    /// Used columns, from 1.
    pub cols: u32,
    #[serde(with = "kept")]
    pub(crate) cells: BTreeMap<(u32, u32), Value>,
    pub(crate) merges: Vec<Area>,
}

/// Merged cells: rows and columns from 1, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
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
/// Can be kept, for a person may say of a sheet what it is after the file has gone.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
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
        if bytes.is_empty() {
            return Err(SheetError::Empty);
        }
        if bytes.len() > FILE_BYTES_MAX {
            return Err(SheetError::TooLarge("> 16 MiB"));
        }
        // The foreign readers are held by the guards before them; should one still panic, the file is damaged and the
        // site runs on.
        let read = std::panic::AssertUnwindSafe(|| by_first_bytes(file_name, bytes));
        std::panic::catch_unwind(read).unwrap_or_else(|_| Err(SheetError::Damaged("reader".to_owned())))
    }

    /// Reads cells copied from a table: tabs between, quotes around cells of several lines.
    pub fn paste(text: &str) -> Result<Self, SheetError> {
        match text.len() > FILE_BYTES_MAX {
            true => Err(SheetError::TooLarge("> 16 MiB")),
            false => text::paste(text),
        }
    }
}

fn by_first_bytes(file_name: &str, bytes: &[u8]) -> Result<Workbook, SheetError> {
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return match packed::open(bytes)? {
            (archive, packed::Content::Xlsx) => xlsx::read(file_name, bytes, archive),
            (archive, packed::Content::Ods) => ods::read(file_name, archive),
        };
    }
    if bytes.starts_with(cfb::SIGNATURE) {
        return xls::read(file_name, bytes);
    }
    if bytes.starts_with(b"%PDF") {
        return Err(SheetError::Kind("PDF"));
    }
    if bytes.starts_with(b"\x89PNG") || bytes.starts_with(b"\xFF\xD8\xFF") || bytes.starts_with(b"GIF8") {
        return Err(SheetError::Kind("PNG / JPEG"));
    }
    let text = decode(bytes)?;
    match text::looks_like_markup(&text) {
        true => Err(SheetError::Kind("HTML / XML")),
        false => text::read(file_name, &text),
    }
}

impl Value {
    /// As a person would type it.
    pub fn text(&self) -> String {
        match self {
            Value::Text(text) => text.clone(),
            Value::Number(number) => number_text(*number),
            Value::Bool(value) => (if *value { "TRUE" } else { "FALSE" }).to_owned(),
            Value::Date(date) if date.date() < jiff::civil::date(1900, 1, 2) => {
                format!("{}:{:02}", date.hour(), date.minute())
            }
            Value::Date(date) => date.date().to_string(),
            Value::Error(error) => error.clone(),
            Value::NoResult => String::new(),
        }
    }
}

/// An ISO 8601 date or date and time; anything else stays text.
fn iso_date(text: &str) -> Value {
    match text.parse::<DateTime>().or_else(|_| text.parse::<Date>().map(Into::into)) {
        Ok(date) => Value::Date(date),
        Err(_) => Value::Text(text.to_owned()),
    }
}

impl Area {
    /// The part within the limits, if there is one of two cells or more.
    pub(crate) fn within(self) -> Option<Self> {
        let area = Self { bottom: self.bottom.min(ROWS_MAX), right: self.right.min(COLUMNS_MAX), ..self };
        let sound = area.top >= 1 && area.left >= 1 && area.top <= area.bottom && area.left <= area.right;
        (sound && (area.top, area.left) != (area.bottom, area.right)).then_some(area)
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

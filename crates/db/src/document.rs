//! Documents: values of `model` kept as JSON, read and written whole. The only file that knows serde_json.

use crate::read::{ReadResult, get, unreadable};
use crate::{DbError, Result};
use jiff::civil::Date;
use model::fault::{Fault, Reason};
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::any::AnyRow;

/// Largest document. A timetable of the 40 000 cells a school may have is 5 MB.
pub(crate) const DOCUMENT_MAX_BYTES: usize = 8 * 1024 * 1024;

/// The text that is stored; one longer than [`DOCUMENT_MAX_BYTES`] is a [`Fault`] of `document`.
pub(crate) fn write<T: Serialize>(doing: &'static str, value: &T) -> Result<String> {
    let text = serde_json::to_string(value)
        .map_err(|e| DbError::Unreadable { doing, what: format!("a document that has no text: {e}") })?;
    if text.len() > DOCUMENT_MAX_BYTES {
        return Err(Fault::new("document", Reason::TooLong { max: DOCUMENT_MAX_BYTES as u32 }).into());
    }
    Ok(text)
}

/// The document in column `document`.
pub(crate) fn read<T: DeserializeOwned>(r: &AnyRow) -> ReadResult<T> {
    let text: String = get(r, "document")?;
    serde_json::from_str(&text).map_err(|e| unreadable("document", e))
}

/// A local date, stored as `yyyy-mm-dd`.
pub(crate) fn date(r: &AnyRow, column: &str) -> ReadResult<Date> {
    let text: String = get(r, column)?;
    text.parse().map_err(|e: jiff::Error| unreadable(column, e))
}

/// How a date is stored. Years have four digits in every date a calendar can hold.
pub(crate) fn date_text(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year(), date.month(), date.day())
}

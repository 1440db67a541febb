//! The guard before every zip: what an xlsx or ods really unpacks to, before a reader allocates for it.

use crate::SheetError;
use std::io::{Cursor, Read};
use zip::ZipArchive;

/// Most entries; a workbook of 200 sheets with drawings has about 1,000.
const ENTRIES_MAX: usize = 4_000;
/// Most bytes of one part unpacked; 60 styled sheets have 1 MB each.
const PART_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Most bytes of all parts unpacked.
const TOTAL_BYTES_MAX: u64 = 256 * 1024 * 1024;
/// From this size on, the ratio counts: small parts pack well by nature.
const RATIO_FROM_BYTES: u64 = 8 * 1024 * 1024;
/// Greatest ratio unpacked : packed. Sheets of empty styled cells reach 60, deflate's own limit is 1,032.
const RATIO_MAX: u64 = 150;

/// What the zip holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Office Open XML workbook.
    Xlsx,
    /// OpenDocument spreadsheet.
    Ods,
}

pub(super) type Archive<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// Opens the zip and unpacks every part once into nothing, counting: declared sizes may lie.
pub(super) fn open(bytes: &[u8]) -> Result<(Archive<'_>, Content), SheetError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|e| SheetError::Damaged(e.to_string()))?;
    if archive.len() > ENTRIES_MAX {
        return Err(SheetError::TooLarge("> 4000 zip entries"));
    }
    let content = content(&archive)?;
    let mut total = 0_u64;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|e| SheetError::Damaged(e.to_string()))?;
        if part.encrypted() {
            return Err(SheetError::Password);
        }
        if part.size() > PART_BYTES_MAX {
            return Err(SheetError::TooLarge("> 64 MiB"));
        }
        let packed = part.compressed_size();
        let real = std::io::copy(&mut part.take(PART_BYTES_MAX + 1), &mut std::io::sink())
            .map_err(|e| SheetError::Damaged(e.to_string()))?;
        total += real;
        let bomb = real > RATIO_FROM_BYTES && real / packed.max(1) > RATIO_MAX;
        if real > PART_BYTES_MAX || total > TOTAL_BYTES_MAX || bomb {
            return Err(SheetError::TooLarge("zip"));
        }
    }
    Ok((archive, content))
}

fn content(archive: &Archive<'_>) -> Result<Content, SheetError> {
    let has = |name: &str| archive.file_names().flatten().any(|n| n.eq_ignore_ascii_case(name));
    if has("xl/workbook.xml") {
        Ok(Content::Xlsx)
    } else if has("xl/workbook.bin") {
        Err(SheetError::Kind(".xlsb"))
    } else if has("content.xml") && has("mimetype") {
        Ok(Content::Ods)
    } else if has("word/document.xml") {
        Err(SheetError::Kind(".docx"))
    } else if has("Index/Document.iwa") {
        Err(SheetError::Kind(".numbers"))
    } else {
        Err(SheetError::Kind(".zip"))
    }
}

/// A part, whole. Its size has been checked by [`open`].
pub(super) fn part(archive: &mut Archive<'_>, name: &str) -> Option<String> {
    let mut text = String::new();
    archive.by_name(name).ok()?.take(PART_BYTES_MAX).read_to_string(&mut text).ok()?;
    Some(text)
}

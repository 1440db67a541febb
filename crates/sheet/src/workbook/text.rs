//! Text files: which encoding, which separator, then cells.

use super::intake::{Hidden, Intake};
use super::{COLUMNS_MAX, ROWS_MAX, Sheet, Value, Workbook};
use crate::SheetError;
use encoding_rs::{Encoding, GB18030, UTF_8, UTF_16BE, UTF_16LE};

/// The text of a file: a byte order mark decides; without one UTF-8 if it is that, UTF-16 if every other byte is zero, else
/// GBK (GB18030 is its superset), which Excel in China writes.
pub(crate) fn decode(bytes: &[u8]) -> Result<String, SheetError> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return text(encoding, &bytes[mark..]);
    }
    if let Some(encoding) = utf_16_without_mark(bytes) {
        return text(encoding, bytes);
    }
    match std::str::from_utf8(bytes) {
        Ok(utf8) => text(UTF_8, utf8.as_bytes()),
        Err(_) => text(GB18030, bytes),
    }
}

fn text(encoding: &'static Encoding, bytes: &[u8]) -> Result<String, SheetError> {
    let (text, broken) = encoding.decode_without_bom_handling(bytes);
    // A file that is no text has control characters all over; one broken character at its end is a file cut off.
    let strange =
        text.chars().filter(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{0B}')).count();
    let unreadable = text.chars().filter(|c| *c == char::REPLACEMENT_CHARACTER).count();
    if strange * 100 > text.chars().count() || (broken && unreadable * 50 > text.chars().count()) {
        return Err(SheetError::Kind("?"));
    }
    Ok(text.into_owned())
}

/// Ten or more bytes of which nearly every second is zero: Latin letters and separators in UTF-16.
fn utf_16_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(1024) & !1];
    if head.len() < 10 || !bytes.len().is_multiple_of(2) {
        return None;
    }
    let zeros = |offset: usize| head.iter().skip(offset).step_by(2).filter(|b| **b == 0).count();
    match (zeros(0), zeros(1)) {
        // Some Han characters have a zero of their own, 一 (U+4E00) above all.
        (even, odd) if odd * 10 > head.len() && odd > even * 3 => Some(UTF_16LE),
        (even, odd) if even * 10 > head.len() && even > odd * 3 => Some(UTF_16BE),
        _ => None,
    }
}

/// Cells of a text file. The sheet carries the file's name without its ending.
pub(super) fn read(file_name: &str, text: &str) -> Result<Workbook, SheetError> {
    if text.trim().is_empty() {
        return Err(SheetError::Empty);
    }
    let stem = file_name.rsplit_once('.').map_or(file_name, |(stem, _)| stem);
    let name = stem.rsplit(['/', '\\']).next().unwrap_or(stem);
    table(file_name, name, text, separator(text))
}

/// Cells copied from a spreadsheet or typed.
pub(super) fn paste(text: &str) -> Result<Workbook, SheetError> {
    if text.trim().is_empty() {
        return Err(SheetError::Empty);
    }
    let separator = if text.contains('\t') { b'\t' } else { separator(text) };
    table("", "粘贴", text, separator)
}

/// The separator that stands most often in the lines that have it, outside quotes; commas among equals.
fn separator(text: &str) -> u8 {
    let mut counts = [(0_usize, b','), (0, b'\t'), (0, b';')];
    let mut quoted = false;
    for c in text.bytes().take(64 * 1024) {
        match c {
            b'"' => quoted = !quoted,
            _ if quoted => {}
            _ => {
                for (count, separator) in &mut counts {
                    *count += usize::from(*separator == c);
                }
            }
        }
    }
    // max_by_key takes the last of equals.
    counts.iter().rev().max_by_key(|(count, _)| *count).map_or(b',', |(_, separator)| *separator)
}

fn table(file_name: &str, name: &str, text: &str, separator: u8) -> Result<Workbook, SheetError> {
    let mut intake = Intake::new(file_name);
    let mut sheet = Sheet { name: name.to_owned(), ..Sheet::default() };
    // Excel's own first line to say which separator follows.
    let body = match text.strip_prefix("sep=").and_then(|rest| rest.split_once('\n')) {
        Some((_, rest)) => rest,
        None => text,
    };
    for (index, row) in rows(body, separator).enumerate() {
        // Beyond the limit one row more, so that it is told.
        if index > ROWS_MAX as usize {
            break;
        }
        for (col, field) in row.iter().enumerate() {
            intake.put(
                &mut sheet,
                index as u32 + 1,
                col as u32 + 1,
                Value::Text(unguarded(field).to_owned()),
            )?;
        }
    }
    if sheet.cells.is_empty() {
        return Err(SheetError::Empty);
    }
    let key = sheet.cells.range((1, 1)..=(1, u32::MAX)).last().map(|(at, value)| (*at, value.text()));
    if let Some((at, key)) = key.filter(|(_, key)| key.starts_with("yunlubo ")) {
        sheet.cells.remove(&at);
        intake.workbook.key = Some(key);
    }
    intake.keep(sheet, true, &Hidden::default())?;
    Ok(intake.workbook)
}

/// The rows of a text (RFC 4180), empty ones too: a row's number is that of the spreadsheet it came from. A quote that is
/// never closed ends with its line.
fn rows(text: &str, separator: u8) -> impl Iterator<Item = Vec<String>> + '_ {
    let separator = char::from(separator);
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let mut row = Vec::new();
        loop {
            let (field, end) = field(rest, separator);
            rest = &rest[end..];
            // One more than is kept tells the reader that there were more.
            if row.len() <= COLUMNS_MAX as usize {
                row.push(field);
            }
            match rest.strip_prefix(separator) {
                Some(after) => rest = after,
                None => {
                    rest =
                        rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\n', '\r'])).unwrap_or(rest);
                    return Some(row);
                }
            }
        }
    })
}

/// The field a text begins with, and where it ends.
fn field(text: &str, separator: char) -> (String, usize) {
    let plain_end = text.find([separator, '\n', '\r']).unwrap_or(text.len());
    let Some(inside) = text.strip_prefix('"') else { return (text[..plain_end].to_owned(), plain_end) };
    let mut out = String::new();
    let mut at = 0;
    while let Some(quote) = inside[at..].find('"') {
        out.push_str(&inside[at..at + quote]);
        at += quote + 1;
        if inside[at..].starts_with('"') {
            out.push('"');
            at += 1;
            continue;
        }
        // What stands between the closing quote and the separator belongs to the field, as spreadsheets read it.
        let tail = inside[at..].find([separator, '\n', '\r']).unwrap_or(inside.len() - at);
        out.push_str(&inside[at..at + tail]);
        return (out, at + tail + 1);
    }
    (text[..plain_end].to_owned(), plain_end)
}

/// A field in quotes where it needs them.
pub(crate) fn quoted(field: &str) -> std::borrow::Cow<'_, str> {
    match field.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", field.replace('"', "\"\"")).into(),
        false => field.into(),
    }
}

/// Marks that begin a formula in a spreadsheet: OWASP "CSV injection".
const FORMULA_MARKS: [char; 6] = ['=', '+', '-', '@', '\t', '\r'];

/// A field of a csv that no spreadsheet takes for a formula.
pub(crate) fn guarded(field: &str) -> std::borrow::Cow<'_, str> {
    match field.starts_with(FORMULA_MARKS) {
        true => format!("'{field}").into(),
        false => field.into(),
    }
}

/// A field as it was before [`guarded`].
fn unguarded(field: &str) -> &str {
    match field.strip_prefix('\'') {
        Some(rest) if rest.starts_with(FORMULA_MARKS) => rest,
        _ => field,
    }
}

/// Web pages and XML tables that schools' systems save with the ending .xls.
pub(super) fn looks_like_markup(text: &str) -> bool {
    let head: String = text.trim_start().chars().take(200).flat_map(char::to_lowercase).collect();
    ["<html", "<!doctype", "<table", "<?xml", "<meta", "<head", "<div", "<style"]
        .iter()
        .any(|m| head.starts_with(m))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_told_apart() {
        let text = "班级,星期,节次,科目\n高一1班,周一,1,数学\n";
        let (gbk, _, _) = encoding_rs::GBK.encode(text);
        let utf_16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked: Vec<u8> = [&[0xFF, 0xFE], &utf_16[..]].concat();
        for bytes in [text.as_bytes(), &gbk, &marked, &utf_16, &[b"\xEF\xBB\xBF", text.as_bytes()].concat()] {
            assert_eq!(decode(bytes).unwrap(), text);
        }
        assert!(decode(&[0, 1, 2, 3, 4, 0, 0, 0, 0xFF, 0x80]).is_err());
    }

    #[test]
    fn rows_are_counted_as_a_spreadsheet_counts_them() {
        let read = |text| rows(text, b',').collect::<Vec<_>>();
        assert_eq!(read("a,b\r\n\r\nc"), [vec!["a", "b"], vec![""], vec!["c"]]);
        assert_eq!(read("\"a\nb\",\"c\"\"d\",e\n"), [vec!["a\nb", "c\"d", "e"]]);
        assert_eq!(read("\"never closed,b\nc"), [vec!["\"never closed", "b"], vec!["c"]]);
        assert_eq!(read("a,\r,b"), [vec!["a", ""], vec!["", "b"]]);
    }

    #[test]
    fn separators_inside_quotes_do_not_count() {
        assert_eq!(separator("a;\"1,2,3,4\";b\n"), b';');
        assert_eq!(separator("a\tb,c\td\n"), b'\t');
        assert_eq!(separator("nothing"), b',');
    }

    #[test]
    fn formulas_are_neutralised_and_come_back() {
        for field in ["=1+1", "+86", "-3", "@SUM(A1)", "数学", "'tis"] {
            let guarded = guarded(field);
            assert!(!guarded.starts_with(FORMULA_MARKS));
            assert_eq!(unguarded(&guarded), field);
        }
    }
}

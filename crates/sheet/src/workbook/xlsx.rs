//! xlsx: calamine for the values, one look of our own at each sheet for hidden rows and columns and merged cells.

use super::intake::{Hidden, Intake};
use super::packed::{self, Archive};
use super::{Area, COLUMNS_MAX, MERGES_MAX, ROWS_MAX, Sheet, Value, Workbook};
use crate::SheetError;
use calamine::{DataRef, Reader as _, SheetType, SheetVisible, Xlsx};
use jiff::civil::{Date, DateTime, Time};
use quick_xml::events::{BytesStart, Event};
use quick_xml::{Reader, XmlVersion};
use std::collections::BTreeMap;
use std::io::Cursor;

pub(super) fn read(file_name: &str, bytes: &[u8], mut archive: Archive<'_>) -> Result<Workbook, SheetError> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(damaged)?;
    let sheets = book.sheets_metadata().to_vec();
    let paths = paths(&mut archive);
    let mut intake = Intake::new(file_name);
    for meta in sheets.iter().filter(|sheet| sheet.typ == SheetType::WorkSheet) {
        let visible = meta.visible == SheetVisible::Visible;
        let mut sheet = Sheet { name: meta.name.clone(), ..Sheet::default() };
        let mut hidden = Hidden::default();
        if visible || meta.name == super::KEY_SHEET {
            if let Some(xml) = paths.get(&meta.name).and_then(|path| packed::part(&mut archive, path)) {
                (sheet.merges, hidden) = frame(&xml);
            }
            cells(&mut book, &mut sheet, &mut intake)?;
        }
        intake.keep(sheet, visible, &hidden)?;
    }
    Ok(intake.workbook)
}

fn cells(book: &mut Xlsx<Cursor<&[u8]>>, sheet: &mut Sheet, intake: &mut Intake) -> Result<(), SheetError> {
    let name = sheet.name.clone();
    let mut cells = book.worksheet_cells_reader(&name).map_err(damaged)?;
    while let Some(cell) = cells.next_cell_with_formula_metadata().map_err(damaged)? {
        let (row, col) = (cell.pos.0.saturating_add(1), cell.pos.1.saturating_add(1));
        let value = match (value_of(&cell.value), cell.formula) {
            (None, Some(_)) => Some(Value::NoResult),
            (value, _) => value,
        };
        if let Some(value) = value {
            intake.put(sheet, row, col, value)?;
        }
    }
    Ok(())
}

fn damaged(error: calamine::XlsxError) -> SheetError {
    match error {
        calamine::XlsxError::Password => SheetError::Password,
        error => SheetError::Damaged(error.to_string()),
    }
}

/// A value of calamine as ours; nothing for an empty cell.
fn value_of(value: &DataRef<'_>) -> Option<Value> {
    Some(match value {
        DataRef::Empty => return None,
        DataRef::Int(number) => Value::Number(*number as f64),
        DataRef::Float(number) => Value::Number(*number),
        DataRef::String(text) => Value::Text(text.clone()),
        DataRef::SharedString(text) => Value::Text((*text).to_owned()),
        DataRef::Bool(value) => Value::Bool(*value),
        DataRef::DateTime(serial) => match date(serial) {
            Some(date) => Value::Date(date),
            None => Value::Number(serial.as_f64()),
        },
        DataRef::DateTimeIso(text) => super::iso_date(text),
        DataRef::DurationIso(text) => Value::Text(text.clone()),
        DataRef::Error(error) => Value::Error(error.to_string()),
    })
}

/// A serial date. Values below 1 are times of day: they keep the epoch's date.
fn date(serial: &calamine::ExcelDateTime) -> Option<DateTime> {
    let (year, month, day, hour, minute, second, _) = serial.to_ymd_hms_milli();
    let time = Time::new(hour as i8, minute as i8, second as i8, 0).ok()?;
    let date = Date::new(year as i16, month as i8, day as i8).or_else(|_| Date::new(1899, 12, 31)).ok()?;
    Some(date.to_datetime(time))
}

/// Name of a sheet → its part, by xl/workbook.xml and its relations (ECMA-376 part 1, 18.2.19 and 15.2).
fn paths(archive: &mut Archive<'_>) -> BTreeMap<String, String> {
    let mut targets = BTreeMap::new();
    if let Some(xml) = packed::part(archive, "xl/_rels/workbook.xml.rels") {
        each_start(&xml, |tag| {
            if let (Some(id), Some(target)) = (attribute(tag, "Id"), attribute(tag, "Target")) {
                let path = match target.strip_prefix('/') {
                    Some(absolute) => absolute.to_owned(),
                    None => format!("xl/{target}"),
                };
                targets.insert(id, path);
            }
        });
    }
    let mut paths = BTreeMap::new();
    if let Some(xml) = packed::part(archive, "xl/workbook.xml") {
        each_start(&xml, |tag| {
            if tag.local_name().as_ref() == "sheet"
                && let (Some(name), Some(id)) = (attribute(tag, "name"), attribute(tag, "id"))
                && let Some(path) = targets.get(&id)
            {
                paths.insert(name, path.clone());
            }
        });
    }
    paths
}

/// What a sheet's XML says about its rows, columns and merged cells.
fn frame(xml: &str) -> (Vec<Area>, Hidden) {
    let (mut merges, mut hidden) = (Vec::new(), Hidden::default());
    let mut row = 0_u32;
    each_start(xml, |tag| match tag.local_name().as_ref() {
        "col" if attribute(tag, "hidden").is_some_and(|h| is_true(&h)) => {
            let end = |name| attribute(tag, name).and_then(|n| n.parse::<u32>().ok());
            if let (Some(min), Some(max)) = (end("min"), end("max")) {
                hidden.cols.extend(min..=max.min(COLUMNS_MAX));
            }
        }
        "row" => {
            let next = row.saturating_add(1);
            row = attribute(tag, "r").and_then(|r| r.parse().ok()).unwrap_or(next);
            if row <= ROWS_MAX && attribute(tag, "hidden").is_some_and(|h| is_true(&h)) {
                hidden.rows.insert(row);
            }
        }
        "mergeCell" if merges.len() < MERGES_MAX => {
            merges.extend(attribute(tag, "ref").and_then(|r| area(&r)));
        }
        _ => {}
    });
    (merges, hidden)
}

fn is_true(text: &str) -> bool {
    matches!(text, "1" | "true")
}

/// `A1:B7`.
fn area(text: &str) -> Option<Area> {
    let (first, last) = text.split_once(':')?;
    let ((top, left), (bottom, right)) = (cell(first)?, cell(last)?);
    Area { top, left, bottom, right }.within()
}

fn cell(text: &str) -> Option<(u32, u32)> {
    let digits = text.find(|c: char| c.is_ascii_digit())?;
    let (letters, row) = text.split_at(digits);
    let mut col = 0_u32;
    for letter in letters.bytes() {
        let n = letter.to_ascii_uppercase().checked_sub(b'A').filter(|n| *n < 26)?;
        col = col.checked_mul(26)?.checked_add(u32::from(n) + 1)?;
    }
    Some((row.parse().ok()?, col))
}

/// Every start tag of a document, until it ends or breaks.
pub(super) fn each_start(xml: &str, mut see: impl FnMut(&BytesStart<'_>)) {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = false;
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => see(&tag),
            Ok(Event::Eof) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// An attribute by its name without prefix.
pub(super) fn attribute(tag: &BytesStart<'_>, name: &str) -> Option<String> {
    tag.attributes()
        .flatten()
        .find(|a| a.key.local_name().as_ref() == name)
        .and_then(|a| a.normalized_value(XmlVersion::default()).ok().map(|v| v.into_owned()))
}

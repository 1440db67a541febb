//! Long lists: a row a lesson.

use super::{Export, KEY_LINE, Texts};
use crate::paper::{self, failed};
use crate::timetable::weeks;
use crate::workbook::{guarded, quoted};
use crate::{Language, SheetError};
use model::calendar::Cell;
use rust_xlsxwriter::Workbook;

/// The columns: Chinese, English, width in characters.
pub(super) const COLUMNS: [(&str, &str, f64); 10] = [
    ("班级", "Class", 14.0),
    ("星期", "Day", 10.0),
    ("节次", "Period", 12.0),
    ("连堂", "Span", 7.0),
    ("科目", "Subject", 14.0),
    ("教师", "Teacher", 12.0),
    ("教室", "Room", 14.0),
    ("周次", "Weeks", 14.0),
    ("合班", "With", 16.0),
    ("录课", "Record", 8.0),
];

/// xlsx, a row a lesson.
pub fn write_list_xlsx(export: &Export<'_>) -> Result<Vec<u8>, SheetError> {
    let texts = Texts::new(export.names, export.language);
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name(export.language.pick("课表", "Timetable")).map_err(failed)?;
    paper::page(sheet);
    header(sheet, 0, export.language)?;
    for (index, row) in rows(export, &texts).iter().enumerate() {
        for (col, text) in row.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
            sheet
                .write_string_with_format(index as u32 + 1, col as u16, text, &paper::as_text())
                .map_err(failed)?;
        }
    }
    paper::key_sheet(&mut book, KEY_LINE, &[])?;
    book.save_to_buffer().map_err(failed)
}

/// csv in UTF-8 with a byte order mark (Excel needs it), a row a lesson; formulas are neutralised.
pub fn write_list_csv(export: &Export<'_>) -> Result<Vec<u8>, SheetError> {
    let texts = Texts::new(export.names, export.language);
    let mut head: Vec<String> =
        COLUMNS.iter().map(|(zh, en, _)| export.language.pick(zh, en).to_owned()).collect();
    // A csv has no hidden sheet: the key is the last word of its header.
    head.push(KEY_LINE.to_owned());
    let rows = std::iter::once(head).chain(rows(export, &texts));
    Ok(csv_bytes(rows))
}

/// A csv of rows.
pub(crate) fn csv_bytes(rows: impl Iterator<Item = Vec<String>>) -> Vec<u8> {
    let mut out = "\u{FEFF}".to_owned();
    for row in rows {
        let fields: Vec<String> = row.iter().map(|text| quoted(&guarded(text)).into_owned()).collect();
        out.push_str(&fields.join(","));
        out.push_str("\r\n");
    }
    out.into_bytes()
}

pub(super) fn header(
    sheet: &mut rust_xlsxwriter::Worksheet,
    row: u32,
    language: Language,
) -> Result<(), SheetError> {
    for (col, (zh, en, width)) in COLUMNS.iter().enumerate() {
        sheet
            .write_string_with_format(row, col as u16, language.pick(zh, en), &paper::head())
            .map_err(failed)?;
        sheet.set_column_width(col as u16, *width).map_err(failed)?;
    }
    sheet.set_freeze_panes(row + 1, 0).map_err(failed)?;
    Ok(())
}

fn rows(export: &Export<'_>, texts: &Texts<'_>) -> Vec<Vec<String>> {
    let mut cells: Vec<&Cell> = export
        .timetable
        .cells
        .iter()
        .filter(|cell| match (export.only, export.by) {
            (None, _) => true,
            (Some(id), super::By::Class) => cell.class.0 == id,
            (Some(id), super::By::Teacher) => cell.teacher.is_some_and(|t| t.0 == id),
            (Some(id), super::By::Room) => cell.room.is_some_and(|r| r.0 == id),
        })
        .collect();
    cells.sort();
    cells.into_iter().map(|cell| row(cell, texts)).collect()
}

fn row(cell: &Cell, texts: &Texts<'_>) -> Vec<String> {
    let record = |record: bool| match record {
        true => texts.language.pick("是", "yes").to_owned(),
        false => texts.language.pick("否", "no").to_owned(),
    };
    vec![
        texts.class(cell.class),
        texts.day(cell.day),
        texts.period(cell.period),
        if cell.span > 1 { cell.span.to_string() } else { String::new() },
        texts.subject(cell.subject),
        cell.teacher.map(|t| texts.teacher(t)).unwrap_or_default(),
        cell.room.map(|r| texts.room(r)).unwrap_or_default(),
        weeks::write(&cell.weeks, texts.language),
        cell.with.iter().map(|c| texts.class(*c)).collect::<Vec<_>>().join("\n"),
        cell.record.map(record).unwrap_or_default(),
    ]
}

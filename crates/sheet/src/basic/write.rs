//! Tables out: xlsx, csv, templates.

use super::columns::{Column, List, columns, sex_text, texts, title, title_text, yes_no};
use super::{KEY_LINE, Kind, Row};
use crate::paper::{self, FORM_ROWS, failed};
use crate::timetable::{Names, csv_bytes};
use crate::{Language, SheetError};
use rust_xlsxwriter::{Workbook, Worksheet};

/// xlsx with these rows.
pub fn write_xlsx(kind: Kind, rows: &[Row], language: Language) -> Result<Vec<u8>, SheetError> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet().set_name(title(kind, language)).map_err(failed)?;
    header(sheet, columns(kind), language)?;
    for (row, content) in rows.iter().enumerate() {
        for (col, text) in texts(content, language).iter().enumerate().filter(|(_, text)| !text.is_empty()) {
            sheet
                .write_string_with_format(row as u32 + 1, col as u16, text, &paper::as_text())
                .map_err(failed)?;
        }
    }
    paper::key_sheet(&mut book, KEY_LINE, &[])?;
    book.save_to_buffer().map_err(failed)
}

/// csv in UTF-8 with a byte order mark; formulas are neutralised.
pub fn write_csv(kind: Kind, rows: &[Row], language: Language) -> Result<Vec<u8>, SheetError> {
    let mut head: Vec<String> = columns(kind).iter().map(|c| language.pick(c.zh, c.en).to_owned()).collect();
    head.push(KEY_LINE.to_owned());
    Ok(csv_bytes(std::iter::once(head).chain(rows.iter().map(|row| texts(row, language)))))
}

/// An empty form with drop-downs of the school's names. Its examples are never imported.
pub fn template(kind: Kind, names: &Names, language: Language) -> Result<Vec<u8>, SheetError> {
    let all = columns(kind);
    let mut book = Workbook::new();
    let wanted: Vec<List> = all.iter().filter_map(|c| c.list).collect();
    let lists: Vec<Vec<String>> = wanted.iter().map(|list| entries(*list, names, language)).collect();
    let found = paper::key_sheet(&mut book, KEY_LINE, &lists)?;
    let sheet = book.add_worksheet().set_name(title(kind, language)).map_err(failed)?;
    sheet.set_active(true);
    header(sheet, all, language)?;
    for (col, column) in all.iter().enumerate() {
        let col = col as u16;
        sheet.set_column_format(col, &paper::as_text()).map_err(failed)?;
        let mark = if col == 0 { language.pick("示例：", "Example: ") } else { "" };
        let example = format!("{mark}{}", language.pick(column.example.0, column.example.1));
        sheet.write_string_with_format(1, col, example, &paper::example()).map_err(failed)?;
        if let Some(at) = column.list.and_then(|list| wanted.iter().position(|w| *w == list)) {
            let strict = matches!(column.list, Some(List::Sexes | List::Titles | List::YesNo));
            found.drop_down(sheet, at, (2, col, FORM_ROWS, col), strict)?;
        }
    }
    book.save_to_buffer().map_err(failed)
}

fn header(sheet: &mut Worksheet, all: &[Column], language: Language) -> Result<(), SheetError> {
    paper::page(sheet);
    for (col, column) in all.iter().enumerate() {
        let mark = if column.needed { "*" } else { "" };
        let text = format!("{}{mark}", language.pick(column.zh, column.en));
        sheet.write_string_with_format(0, col as u16, text, &paper::head()).map_err(failed)?;
        sheet.set_column_width(col as u16, column.width).map_err(failed)?;
    }
    sheet.set_freeze_panes(1, 0).map_err(failed)?;
    Ok(())
}

fn entries(list: List, names: &Names, language: Language) -> Vec<String> {
    let mut all: Vec<String> = match list {
        List::Stages => names
            .grades
            .iter()
            .map(|g| g.stage.clone())
            .chain(["小学", "初中", "高中"].map(str::to_owned))
            .collect(),
        List::Grades => names.grades.iter().map(|g| g.name.clone()).collect(),
        List::Classes => names.classes.iter().map(|c| names.class_label(c)).collect(),
        List::Rooms => names.rooms.iter().map(|(_, name)| name.clone()).collect(),
        List::Sexes => (0..2).map(|sex| sex_text(Some(sex), language)).collect(),
        List::Titles => (0..5).map(|t| title_text(Some(t), language)).collect(),
        List::YesNo => [true, false].map(|v| yes_no(Some(v), language)).to_vec(),
    };
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|name| seen.insert(name.clone()));
    all
}

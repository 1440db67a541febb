//! Grids: a sheet a class, teacher or room.

use super::{By, Export, KEY_LINE, Texts, together};
use crate::paper::{self, SheetNames, failed};
use crate::timetable::{strict, weeks};
use crate::{Language, SheetError};
use model::calendar::Cell;
use rust_xlsxwriter::{Workbook, Worksheet};
use std::collections::{BTreeMap, BTreeSet};

/// Points of a line of text; Excel's default is 15.
const LINE_POINTS: f64 = 15.0;
/// Lines every row has room for.
const LINES_LEAST: usize = 3;
/// First row of the grid's header, from 0.
const HEAD_ROW: u32 = 2;

/// xlsx, a sheet a class (teacher, room), A4 landscape, one page wide.
pub fn write_grid(export: &Export<'_>) -> Result<Vec<u8>, SheetError> {
    let texts = Texts::new(export.names, export.language);
    let mut book = Workbook::new();
    let mut names = SheetNames::default();
    let mut some = false;
    for (id, label) in owners(export, &texts) {
        let cells = cells_of(export, id);
        if cells.is_empty() && export.only != Some(id) {
            continue;
        }
        let sheet = book.add_worksheet().set_name(names.next(&label)).map_err(failed)?;
        one(sheet, export, &texts, &label, &cells)?;
        some = true;
    }
    if !some {
        let sheet = book.add_worksheet().set_name(export.language.pick("空", "Empty")).map_err(failed)?;
        sheet.write_string(0, 0, export.language.pick("没有课程", "No lessons")).map_err(failed)?;
    }
    paper::key_sheet(&mut book, KEY_LINE, &[])?;
    book.save_to_buffer().map_err(failed)
}

fn owners(export: &Export<'_>, texts: &Texts<'_>) -> Vec<(i64, String)> {
    let names = export.names;
    let mut all: Vec<(i64, String)> = match export.by {
        By::Class => names.classes.iter().map(|c| (c.id.0, names.class_label(c))).collect(),
        By::Teacher => names.teachers.iter().map(|(id, name)| (id.0, name.clone())).collect(),
        By::Room => names.rooms.iter().map(|(id, name)| (id.0, name.clone())).collect(),
    };
    // Classes that have been deleted since keep their cells.
    if export.by == By::Class {
        let known: BTreeSet<i64> = all.iter().map(|(id, _)| *id).collect();
        let lost: BTreeSet<_> =
            export.timetable.cells.iter().map(|c| c.class).filter(|c| !known.contains(&c.0)).collect();
        all.extend(lost.into_iter().map(|id| (id.0, texts.class(id))));
    }
    all.retain(|(id, _)| export.only.is_none_or(|only| only == *id));
    all
}

/// The cells of a sheet; in a teacher's or room's, each joint lesson once.
fn cells_of(export: &Export<'_>, id: i64) -> Vec<Cell> {
    let mut seen = BTreeSet::new();
    let own = |cell: &&Cell| match export.by {
        By::Class => cell.class.0 == id,
        By::Teacher => cell.teacher.is_some_and(|t| t.0 == id),
        By::Room => cell.room.is_some_and(|r| r.0 == id),
    };
    let mut cells: Vec<Cell> = export.timetable.cells.iter().filter(own).cloned().collect();
    cells.sort();
    if export.by != By::Class {
        cells.retain(|cell| {
            let whole =
                Cell { class: model::ClassId(0), with: together(cell).into_iter().collect(), ..cell.clone() };
            seen.insert(whole)
        });
    }
    cells
}

fn one(
    sheet: &mut Worksheet,
    export: &Export<'_>,
    texts: &Texts<'_>,
    label: &str,
    cells: &[Cell],
) -> Result<(), SheetError> {
    paper::page(sheet);
    let days = texts.days(cells);
    let rows = rows(texts, cells);
    let last = days.len() as u16;
    let language = export.language;
    let heading = format!("{} {}", export.title, language.pick("课程表", "Timetable"));
    sheet.merge_range(0, 0, 0, last, heading.trim(), &paper::title()).map_err(failed)?;
    sheet
        .merge_range(1, 0, 1, last, &owner_line(export.by, label, language), &paper::subtitle())
        .map_err(failed)?;
    sheet.set_row_height(0, 28).map_err(failed)?.set_row_height(1, 20).map_err(failed)?;
    sheet.set_column_width(0, 13).map_err(failed)?;
    sheet
        .write_string_with_format(HEAD_ROW, 0, language.pick("节次", "Period"), &paper::head())
        .map_err(failed)?;
    for (index, day) in days.iter().enumerate() {
        let col = index as u16 + 1;
        sheet.set_column_width(col, 17).map_err(failed)?;
        sheet.write_string_with_format(HEAD_ROW, col, texts.day(*day), &paper::head()).map_err(failed)?;
    }
    let mut slots: BTreeMap<(u8, u8), Vec<&Cell>> = BTreeMap::new();
    for cell in cells {
        slots.entry((cell.day, cell.period)).or_default().push(cell);
    }
    let mut covered: BTreeSet<(u32, u16)> = BTreeSet::new();
    for (index, (no, text)) in rows.iter().enumerate() {
        let row = HEAD_ROW + 1 + index as u32;
        let Some(no) = no else {
            sheet.merge_range(row, 0, row, last, text, &paper::pause()).map_err(failed)?;
            continue;
        };
        sheet.write_string_with_format(row, 0, text, &paper::head()).map_err(failed)?;
        let mut lines = LINES_LEAST;
        for (index, day) in days.iter().enumerate() {
            let at = (row, index as u16 + 1);
            let here = slots.get(&(*day, *no)).map_or(&[][..], Vec::as_slice);
            let merged = merged_rows(here, &rows, index_of(&rows, *no), texts, &slots);
            let text = cell_text(here, export.by, texts, merged > 1);
            lines = lines.max(if merged > 1 { LINES_LEAST } else { text.lines().count() });
            if merged > 1 {
                let end = row + merged - 1;
                sheet.merge_range(row, at.1, end, at.1, &text, &paper::body()).map_err(failed)?;
                covered.extend((row + 1..=end).map(|r| (r, at.1)));
            } else if !covered.contains(&at) {
                sheet.write_string_with_format(row, at.1, text, &paper::body()).map_err(failed)?;
            }
        }
        sheet.set_row_height(row, LINE_POINTS * lines as f64 + 4.0).map_err(failed)?;
    }
    sheet.set_freeze_panes(HEAD_ROW + 1, 1).map_err(failed)?;
    Ok(())
}

/// The bells' rows, and periods that only cells know.
fn rows(texts: &Texts<'_>, cells: &[Cell]) -> Vec<(Option<u8>, String)> {
    let mut rows = texts.rows();
    let known: BTreeSet<u8> = rows.iter().filter_map(|(no, _)| *no).collect();
    let lost: BTreeSet<u8> = cells.iter().map(|c| c.period).filter(|no| !known.contains(no)).collect();
    rows.extend(lost.into_iter().map(|no| (Some(no), texts.period(no))));
    rows
}

pub(super) fn owner_line(by: By, label: &str, language: Language) -> String {
    let word = match by {
        By::Class => language.pick("班级", "Class"),
        By::Teacher => language.pick("教师", "Teacher"),
        By::Room => language.pick("教室", "Room"),
    };
    format!("{word}：{label}")
}

fn index_of(rows: &[(Option<u8>, String)], no: u8) -> usize {
    rows.iter().position(|(n, _)| *n == Some(no)).unwrap_or(0)
}

/// How many rows a lesson of several periods can be merged over: all its periods lie below each other without a break
/// between, and nothing else lies in them. 1 = it cannot, and says its length in words.
fn merged_rows(
    here: &[&Cell],
    rows: &[(Option<u8>, String)],
    index: usize,
    texts: &Texts<'_>,
    slots: &BTreeMap<(u8, u8), Vec<&Cell>>,
) -> u32 {
    let [cell] = here else { return 1 };
    let taken = texts.bells.taken(cell.period, cell.span);
    let below: Vec<u8> =
        rows.iter().skip(index).map_while(|(no, _)| *no).take(usize::from(cell.span)).collect();
    let free = below.iter().skip(1).all(|no| !slots.contains_key(&(cell.day, *no)));
    match cell.span > 1 && taken == below && below.len() == usize::from(cell.span) && free {
        true => u32::from(cell.span),
        false => 1,
    }
}

fn cell_text(cells: &[&Cell], by: By, texts: &Texts<'_>, merged: bool) -> String {
    let lessons: Vec<String> = cells
        .iter()
        .map(|cell| {
            let (class, subject) = (texts.class(cell.class), texts.subject(cell.subject));
            let (teacher, room) = (cell.teacher.map(|t| texts.teacher(t)), cell.room.map(|r| texts.room(r)));
            let with: Vec<String> = cell.with.iter().map(|c| texts.class(*c)).collect();
            let written = strict::Written {
                class: (by != By::Class).then_some(class.as_str()),
                subject: &subject,
                teacher: teacher.as_deref().filter(|_| by != By::Teacher),
                room: room.as_deref().filter(|_| by != By::Room),
                with: with.iter().map(String::as_str).collect(),
                weeks: weeks::write(&cell.weeks, texts.language),
                span: (cell.span > 1 && !merged).then_some(cell.span),
                record: cell.record,
            };
            strict::write(&written, texts.language)
        })
        .collect();
    strict::join(&lessons)
}

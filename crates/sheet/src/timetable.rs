//! Timetables in files: recognise the layout, make entries of cells, resolve names, write grids and lists.

mod bells;
mod cell;
mod clash;
mod class_name;
mod cses;
mod dated;
mod found;
mod grid;
mod layout;
mod layout_across;
mod layout_down;
mod layout_slots;
mod list;
mod matching;
mod names;
mod owner;
mod resolve;
mod strict;
mod timed;
mod view;
mod weeks;
mod words;
mod write;

pub(crate) use class_name::{split_grade, stage_of};
pub(crate) use view::View;
pub(crate) use write::csv_bytes;

pub use found::{Entry, Found, Header, Layout, LayoutChoice, PeriodRef, Reading, SheetFound, Skip};
pub use matching::Matcher;
pub use names::{Alias, Choice, Choices, Chosen, ClassName, GradeName, Names, Noun};
pub use resolve::{Create, Draft, Unknown, resolve};
pub use write::{By, Export, Form, template, write_grid, write_list_csv, write_list_xlsx};

use crate::{At, Code, Problem, Sheet, SheetError, Workbook};
use jiff::tz::TimeZone;
use model::calendar::BellTable;
use std::collections::BTreeMap;

/// Reads any file that may hold a timetable: tables, iCalendar, CSES. `bells` and `zone` are needed only for files that
/// name times instead of periods.
pub fn read(
    file_name: &str,
    bytes: &[u8],
    bells: Option<&BellTable>,
    zone: &TimeZone,
) -> Result<Found, SheetError> {
    Ok(read_both(file_name, bytes, bells, zone)?.0)
}

/// As [`read`], and the tables of the file, if it is one of tables, for [`recognise_as`].
pub fn read_both(
    file_name: &str,
    bytes: &[u8],
    bells: Option<&BellTable>,
    zone: &TimeZone,
) -> Result<(Found, Option<Workbook>), SheetError> {
    let Some(text) = dated_or_cses(bytes)? else {
        let workbook = Workbook::read(file_name, bytes)?;
        return Ok((recognise(&workbook), Some(workbook)));
    };
    // As in `Workbook::read`: should a foreign reader panic, the file is damaged and the site runs on.
    let read = std::panic::AssertUnwindSafe(|| match cses::is_cses(&text) {
        true => cses::read(file_name, &text, bells),
        false => dated::read(file_name, &text, bells, zone),
    });
    let read = std::panic::catch_unwind(read);
    read.unwrap_or_else(|_| Err(SheetError::Damaged("reader".to_owned()))).map(|found| (found, None))
}

/// The text of a file that is iCalendar or CSES.
fn dated_or_cses(bytes: &[u8]) -> Result<Option<String>, SheetError> {
    if bytes.len() > crate::workbook::FILE_BYTES_MAX {
        return Err(SheetError::TooLarge("> 16 MiB"));
    }
    let packed = bytes.starts_with(b"PK") || bytes.starts_with(b"\xD0\xCF\x11\xE0");
    let text = if packed { None } else { crate::workbook::decode(bytes).ok() };
    let is_calendar = |t: &str| t.trim_start_matches('\u{FEFF}').trim_start().starts_with("BEGIN:VCALENDAR");
    Ok(text.filter(|t| is_calendar(t) || cses::is_cses(t)))
}

/// What timetable a file of tables holds, sheet by sheet.
pub fn recognise(workbook: &Workbook) -> Found {
    recognise_as(workbook, &BTreeMap::new())
}

/// As [`recognise`], where a person has said of some sheets, by name, whose grids they are. A choice for a sheet that is
/// no grid changes nothing.
pub fn recognise_as(workbook: &Workbook, choices: &BTreeMap<String, LayoutChoice>) -> Found {
    let ours = workbook.key.as_deref().is_some_and(|key| key.starts_with(KEY));
    let sheets = workbook
        .sheets
        .iter()
        .map(|sheet| recognise_sheet(sheet, ours, choices.get(&sheet.name).copied()))
        .collect();
    Found { file_name: workbook.file_name.clone(), sheets, problems: workbook.problems.clone() }
}

/// What stands in the hidden sheet of our files, before the version.
const KEY: &str = "yunlubo timetable";

fn recognise_sheet(sheet: &Sheet, ours: bool, choice: Option<LayoutChoice>) -> SheetFound {
    let skipped = |why| SheetFound {
        sheet: sheet.name.clone(),
        layout: Layout::Skipped { why },
        header: None,
        entries: Vec::new(),
        problems: Vec::new(),
    };
    if sheet.cells.is_empty() {
        return skipped(Skip::Empty);
    }
    if ours && list::EXAMPLE.iter().any(|mark| sheet.name.starts_with(mark)) {
        return skipped(Skip::Ours);
    }
    let view = View::new(sheet);
    if let Some(found) = list::recognise(&view, ours).or_else(|| grid::recognise(&view, ours, choice)) {
        return found;
    }
    let mut found = skipped(Skip::NoTable);
    // 说明, 封面, 课时统计: where no weekday stands, no lesson is lost.
    let days = view.filled().any(|(row, col)| view.day(row, col).is_some_and(|day| !day.weak));
    let told = if days { Problem::lost } else { Problem::note };
    found.problems.push(told(
        At::sheet(&sheet.name),
        Code::NoTable,
        "这张工作表里没有找到课表：需要一行（或一列）星期和一列（或一行）节次，或者含「班级 星期 节次 科目」的表头。",
        "No timetable was found on this sheet: it needs a row (or column) of weekdays and a column (or row) of periods, or a header with class, day, period, subject.",
    ));
    found
}

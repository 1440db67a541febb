//! Timetables in files: recognise the layout, make entries of cells, resolve names, write grids and lists.

mod cell;
mod class_name;
mod found;
mod names;
mod resolve;
mod strict;
mod weeks;
mod words;
mod write;

pub use found::{Entry, Found, Header, Layout, PeriodRef, Reading, SheetFound, Skip};
pub use names::{Alias, Choice, Choices, Chosen, ClassName, GradeName, Names, Noun};
pub use resolve::{Create, Draft, Unknown, resolve};
pub use write::{By, Export, Form, template, write_grid, write_list_csv, write_list_xlsx};

use crate::{SheetError, Workbook};
use jiff::tz::TimeZone;
use model::calendar::BellTable;

/// Reads any file that may hold a timetable: tables, iCalendar, CSES. `bells` and `zone` are needed only for files that
/// name times instead of periods.
pub fn read(
    file_name: &str,
    bytes: &[u8],
    bells: Option<&BellTable>,
    zone: &TimeZone,
) -> Result<Found, SheetError> {
    let _ = (bells, zone);
    Ok(recognise(&Workbook::read(file_name, bytes)?))
}

/// What timetable a file of tables holds, sheet by sheet.
pub fn recognise(workbook: &Workbook) -> Found {
    Found { file_name: workbook.file_name.clone(), sheets: Vec::new(), problems: workbook.problems.clone() }
}

//! Timetables out: grids as they hang on the wall, long lists, templates. The reader of this crate reads them back to the
//! same cells.

use super::Names;
use crate::{Language, SheetError};
use model::calendar::Timetable;

/// Whose timetable a sheet is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// 班级课表.
    Class,
    /// 教师课表.
    Teacher,
    /// 教室课表.
    Room,
}

/// What to write out.
#[derive(Debug, Clone, Copy)]
pub struct Export<'a> {
    /// Names for ids.
    pub names: &'a Names,
    /// The cells.
    pub timetable: &'a Timetable,
    /// A sheet each.
    pub by: By,
    /// Only this class, teacher or room.
    pub only: Option<i64>,
    /// Above the grid: school and term.
    pub title: &'a str,
    /// In which language.
    pub language: Language,
}

/// Which template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Days × periods, a sheet a class.
    Grid,
    /// A row a lesson.
    List,
}

/// xlsx, a sheet a class (teacher, room), A4 landscape, one page wide.
pub fn write_grid(export: &Export<'_>) -> Result<Vec<u8>, SheetError> {
    let _ = export;
    Err(SheetError::Empty)
}

/// xlsx, a row a lesson.
pub fn write_list_xlsx(export: &Export<'_>) -> Result<Vec<u8>, SheetError> {
    let _ = export;
    Err(SheetError::Empty)
}

/// csv in UTF-8 with a byte order mark (Excel needs it), a row a lesson; formulas are neutralised.
pub fn write_list_csv(export: &Export<'_>) -> Result<Vec<u8>, SheetError> {
    let _ = export;
    Err(SheetError::Empty)
}

/// An empty form with drop-downs of the school's names. Its examples are never imported.
pub fn template(names: &Names, form: Form, language: Language) -> Result<Vec<u8>, SheetError> {
    let _ = (names, form, language);
    Err(SheetError::Empty)
}

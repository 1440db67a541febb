//! Where every reader puts its cells: the limits are kept here and nowhere else.

use super::{CELLS_MAX, COLUMNS_MAX, ROWS_MAX, SHEETS_MAX, Sheet, TEXT_CHARS_MAX, Value, Workbook};
use crate::{At, Code, Problem, SheetError};
use std::collections::BTreeSet;

/// Most bytes of text of a file: one long text may be repeated a million times by a file of a few bytes.
const TEXT_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Most problems of a file that are told one by one.
const PROBLEMS_MAX: usize = 2_000;

/// A workbook being filled.
pub(super) struct Intake {
    pub(super) workbook: Workbook,
    cells: usize,
    text_bytes: usize,
    beyond: BTreeSet<String>,
}

/// Rows and columns that nobody sees, from 1.
#[derive(Default)]
pub(super) struct Hidden {
    pub(super) rows: BTreeSet<u32>,
    pub(super) cols: BTreeSet<u32>,
}

impl Intake {
    pub(super) fn new(file_name: &str) -> Self {
        let workbook = Workbook { file_name: file_name.to_owned(), ..Workbook::default() };
        Self { workbook, cells: 0, text_bytes: 0, beyond: BTreeSet::new() }
    }

    /// A cell, both from 1. Empty texts are no cells.
    pub(super) fn put(
        &mut self,
        sheet: &mut Sheet,
        row: u32,
        col: u32,
        value: Value,
    ) -> Result<(), SheetError> {
        let value = match value {
            Value::Text(text) if text.trim().is_empty() => return Ok(()),
            Value::Text(text) => Value::Text(self.cut(sheet, row, col, text)),
            other => other,
        };
        if row == 0 || col == 0 || row > ROWS_MAX || col > COLUMNS_MAX {
            if self.beyond.insert(sheet.name.clone()) {
                self.tell(too_many(sheet.at(row, col)));
            }
            return Ok(());
        }
        if let Value::Text(text) = &value {
            self.text_bytes += text.len();
        }
        self.cells += 1;
        if self.cells > CELLS_MAX || self.text_bytes > TEXT_BYTES_MAX {
            return Err(SheetError::TooLarge("> 1,000,000 cells"));
        }
        sheet.rows = sheet.rows.max(row);
        sheet.cols = sheet.cols.max(col);
        sheet.cells.insert((row, col), value);
        Ok(())
    }

    fn cut(&mut self, sheet: &Sheet, row: u32, col: u32, text: String) -> String {
        match text.char_indices().nth(TEXT_CHARS_MAX) {
            None => text,
            Some((end, _)) => {
                self.tell(Problem::lost(
                    sheet.at(row, col),
                    Code::TooLong,
                    format!("单元格超过 {TEXT_CHARS_MAX} 个字，多出的部分未读取。请缩短后重新导入。"),
                    format!("The cell has more than {TEXT_CHARS_MAX} characters; the rest was not read. Shorten it and import again."),
                ));
                text[..end].to_owned()
            }
        }
    }

    pub(super) fn tell(&mut self, problem: Problem) {
        if self.workbook.problems.len() < PROBLEMS_MAX {
            self.workbook.problems.push(problem);
        }
    }

    /// A sheet that is shown is kept; one that is hidden is told of, unless it carries our key.
    pub(super) fn keep(
        &mut self,
        mut sheet: Sheet,
        visible: bool,
        hidden: &Hidden,
    ) -> Result<(), SheetError> {
        if !visible {
            match sheet.name == super::KEY_SHEET {
                true => self.workbook.key = sheet.value(1, 1).map(Value::text),
                false => self.tell(hidden_sheet(&sheet.name)),
            }
            return Ok(());
        }
        if self.workbook.sheets.len() >= SHEETS_MAX {
            return Err(SheetError::TooLarge("> 200 sheets"));
        }
        self.leave_out(hidden, &mut sheet);
        self.workbook.sheets.push(sheet);
        Ok(())
    }

    /// Takes hidden rows and columns out of a sheet and says so, one problem a row or column that carried something.
    fn leave_out(&mut self, hidden: &Hidden, sheet: &mut Sheet) {
        let is_hidden = |row: &u32, col: &u32| hidden.rows.contains(row) || hidden.cols.contains(col);
        let gone: Vec<(u32, u32)> =
            sheet.cells.keys().filter(|(row, col)| is_hidden(row, col)).copied().collect();
        if gone.is_empty() {
            return;
        }
        for at in &gone {
            sheet.cells.remove(at);
        }
        let rows: BTreeSet<u32> =
            gone.iter().map(|(row, _)| *row).filter(|r| hidden.rows.contains(r)).collect();
        let cols: BTreeSet<u32> =
            gone.iter().filter(|(row, _)| !hidden.rows.contains(row)).map(|(_, col)| *col).collect();
        for row in rows {
            self.tell(hidden_cells(sheet.at(row, 0), &format!("第 {row} 行"), &format!("Row {row}")));
        }
        for col in cols {
            let letters = crate::place::column_letters(col);
            self.tell(hidden_cells(sheet.at(1, col), &format!("{letters} 列"), &format!("Column {letters}")));
        }
    }
}

fn hidden_sheet(name: &str) -> Problem {
    Problem::note(
        At::sheet(name),
        Code::HiddenSheet,
        "隐藏的工作表未导入。如需导入，请在 Excel 中取消隐藏后重新上传。",
        "This hidden sheet was not imported. To import it, unhide it in Excel and upload again.",
    )
}

fn hidden_cells(at: At, zh: &str, en: &str) -> Problem {
    Problem::lost(
        at,
        Code::HiddenCells,
        format!("{zh}是隐藏的，其中的内容未导入。如需导入，请取消隐藏后重新上传。"),
        format!("{en} is hidden; what it holds was not imported. To import it, unhide it and upload again."),
    )
}

fn too_many(at: At) -> Problem {
    Problem::lost(
        at,
        Code::TooMany,
        format!("只读取前 {ROWS_MAX} 行、{COLUMNS_MAX} 列，从这里起未读取。请删去多余的内容。"),
        format!(
            "Only the first {ROWS_MAX} rows and {COLUMNS_MAX} columns are read; from here on nothing was. Delete what is not needed."
        ),
    )
}

//! What every xlsx of ours has: one hand of formats, A4 paper, the hidden sheet with key and names.

use crate::SheetError;
use crate::workbook::KEY_SHEET;
use rust_xlsxwriter::{
    Color, DataValidation, DataValidationErrorStyle, Format, FormatAlign, FormatBorder, Formula, Workbook,
    Worksheet,
};
use std::collections::BTreeSet;

/// Rows that drop-downs reach down to.
pub(crate) const FORM_ROWS: u32 = 2_000;
/// Excel's limit for the name of a sheet, UTF-16 units.
const SHEET_NAME_MAX: usize = 31;

pub(crate) fn failed(error: rust_xlsxwriter::XlsxError) -> SheetError {
    SheetError::Write(error.to_string())
}

/// A4, landscape, one page wide, narrow margins.
pub(crate) fn page(sheet: &mut Worksheet) {
    sheet.set_landscape().set_paper_size(9).set_print_fit_to_pages(1, 0);
    sheet.set_margins(0.4, 0.4, 0.5, 0.5, 0.3, 0.3);
    sheet.set_print_center_horizontally(true);
}

pub(crate) fn title() -> Format {
    Format::new()
        .set_bold()
        .set_font_size(16)
        .set_align(FormatAlign::Center)
        .set_align(FormatAlign::VerticalCenter)
}

pub(crate) fn subtitle() -> Format {
    Format::new().set_font_size(12).set_align(FormatAlign::Center).set_align(FormatAlign::VerticalCenter)
}

pub(crate) fn head() -> Format {
    body().set_bold().set_background_color(Color::RGB(0xE8_EEF7))
}

pub(crate) fn body() -> Format {
    Format::new()
        .set_text_wrap()
        .set_align(FormatAlign::Center)
        .set_align(FormatAlign::VerticalCenter)
        .set_border(FormatBorder::Thin)
        .set_border_color(Color::RGB(0x9A_A5B1))
}

pub(crate) fn pause() -> Format {
    body().set_font_color(Color::RGB(0x5B_6570)).set_background_color(Color::RGB(0xF4_F5F7))
}

pub(crate) fn example() -> Format {
    Format::new().set_italic().set_font_color(Color::RGB(0x6B_7480))
}

/// A text that is kept a text: room 007 stays 007.
pub(crate) fn as_text() -> Format {
    Format::new().set_num_format("@")
}

/// The hidden sheet: the key in A1, then a column for each list of names.
pub(crate) fn key_sheet(book: &mut Workbook, key: &str, lists: &[Vec<String>]) -> Result<Lists, SheetError> {
    let sheet = book.add_worksheet().set_name(KEY_SHEET).map_err(failed)?;
    sheet.set_very_hidden(true);
    sheet.write_string(0, 0, key).map_err(failed)?;
    let mut ranges = Vec::new();
    for (index, list) in lists.iter().enumerate() {
        let col = index as u16 + 1;
        for (row, name) in list.iter().take(50_000).enumerate() {
            sheet.write_string(row as u32, col, name).map_err(failed)?;
        }
        let letters = crate::place::column_letters(u32::from(col) + 1);
        let range = format!("={KEY_SHEET}!${letters}$1:${letters}${}", list.len().clamp(1, 50_000));
        ranges.push((!list.is_empty()).then_some(range));
    }
    Ok(Lists(ranges))
}

/// Where the lists of names stand.
pub(crate) struct Lists(Vec<Option<String>>);

impl Lists {
    /// A drop-down over cells; what is typed instead is allowed, for new names are made by importing them.
    pub(crate) fn drop_down(
        &self,
        sheet: &mut Worksheet,
        list: usize,
        cells: (u32, u16, u32, u16),
        strict: bool,
    ) -> Result<(), SheetError> {
        let Some(Some(range)) = self.0.get(list) else { return Ok(()) };
        let style =
            if strict { DataValidationErrorStyle::Stop } else { DataValidationErrorStyle::Information };
        let rule = DataValidation::new()
            .allow_list_formula(Formula::new(range))
            .set_error_style(style)
            .show_error_message(strict);
        sheet.add_data_validation(cells.0, cells.1, cells.2, cells.3, &rule).map_err(failed)?;
        Ok(())
    }
}

/// Names for sheets: without the characters Excel forbids, none twice.
#[derive(Default)]
pub(crate) struct SheetNames(BTreeSet<String>);

impl SheetNames {
    pub(crate) fn next(&mut self, name: &str) -> String {
        let clean: String =
            name.chars().map(|c| if "[]:*?/\\'".contains(c) || c.is_control() { ' ' } else { c }).collect();
        let clean = match clean.trim() {
            "" => "-",
            taken if taken.eq_ignore_ascii_case("history") || taken == KEY_SHEET => "-",
            fine => fine,
        };
        for n in 1.. {
            let tail = if n == 1 { String::new() } else { format!(" {n}") };
            let mut units = tail.len();
            let head: String = clean
                .chars()
                .take_while(|c| {
                    units += c.len_utf16();
                    units <= SHEET_NAME_MAX
                })
                .collect();
            let whole = format!("{}{tail}", head.trim_end());
            if self.0.insert(whole.to_lowercase()) {
                return whole;
            }
        }
        clean.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sheet_names_are_what_excel_allows() {
        let mut names = SheetNames::default();
        assert_eq!(names.next("高一[1]班:A/B"), "高一 1 班 A B");
        assert_eq!(names.next("a"), "a");
        assert_eq!(names.next("A"), "A 2");
        assert_eq!(names.next(""), "-");
        let long = names.next(&"班".repeat(40));
        let second = names.next(&"班".repeat(41));
        assert_eq!((long.chars().count(), second.chars().count()), (31, 31));
        assert_ne!(long, second);
    }
}

//! Empty forms with drop-downs. Their examples are never imported: rows that begin with 示例, a sheet called so.

use super::grid::owner_line;
use super::{By, Form, KEY_LINE, Texts, list};
use crate::paper::{self, FORM_ROWS, Lists, SheetNames, failed};
use crate::timetable::{Names, list::EXAMPLE};
use crate::{Language, SheetError};
use rust_xlsxwriter::{Workbook, Worksheet};

/// Most sheets of a grid form; beyond it the list form is the better one.
const SHEETS_MAX: usize = 150;
/// Periods of a form for a school without bells.
const PERIODS: u8 = 8;

/// An empty form with drop-downs of the school's names. Its examples are never imported.
pub fn template(names: &Names, form: Form, language: Language) -> Result<Vec<u8>, SheetError> {
    let texts = Texts::new(names, language);
    let mut book = Workbook::new();
    let days: Vec<String> = texts.days(&[]).into_iter().map(|d| texts.day(d)).collect();
    let lists = [
        names.classes.iter().map(|c| names.class_label(c)).collect(),
        (1..=names.days.max(1)).map(|d| texts.day(d)).collect(),
        periods(&texts)
            .into_iter()
            .filter(|(pause, _)| !pause)
            .map(|(_, text)| text.split('\n').next().unwrap_or_default().to_owned())
            .collect(),
        names.subjects.iter().map(|(_, name)| name.clone()).collect(),
        names.teachers.iter().map(|(_, name)| name.clone()).collect(),
        names.rooms.iter().map(|(_, name)| name.clone()).collect(),
        vec![language.pick("是", "yes").to_owned(), language.pick("否", "no").to_owned()],
    ];
    // The hidden sheet is made first and moved nowhere: a workbook may begin with one that is not shown.
    let found = paper::key_sheet(&mut book, KEY_LINE, &lists)?;
    match form {
        Form::List => list_form(&mut book, &found, &lists, language)?,
        Form::Grid => grid_form(&mut book, &found, names, &texts, &days)?,
    }
    book.save_to_buffer().map_err(failed)
}

/// Whether a row is a break, and its text.
fn periods(texts: &Texts<'_>) -> Vec<(bool, String)> {
    let rows = texts.rows();
    if rows.iter().any(|(no, _)| no.is_some()) {
        return rows.into_iter().map(|(no, text)| (no.is_none(), text)).collect();
    }
    let label = |n| match texts.language {
        Language::Chinese => format!("第{n}节"),
        Language::English => format!("Period {n}"),
    };
    (1..=PERIODS).map(|n| (false, label(n))).collect()
}

fn list_form(
    book: &mut Workbook,
    lists: &Lists,
    names: &[Vec<String>],
    language: Language,
) -> Result<(), SheetError> {
    let sheet = book.add_worksheet().set_name(language.pick("课表", "Timetable")).map_err(failed)?;
    paper::page(sheet);
    sheet.set_active(true);
    list::header(sheet, 0, language)?;
    let first = |list: usize, zh: &str, en: &str| {
        names.get(list).and_then(|l| l.first()).cloned().unwrap_or_else(|| language.pick(zh, en).to_owned())
    };
    let mark = language.pick(EXAMPLE[0], EXAMPLE[1]);
    let class = first(0, "高一1班", "Class 1");
    let (day, period) = (first(1, "星期一", "Monday"), first(2, "第1节", "Period 1"));
    let (subject, teacher, room) =
        (first(3, "数学", "Maths"), first(4, "王芳", "Smith"), first(5, "301", "301"));
    let (weeks, odd) = (language.pick("1-8,10周", "weeks 1-8,10"), language.pick("单周", "odd weeks"));
    let mark = format!("{mark}：{class}");
    let examples = [
        [mark.as_str(), &day, &period, "", &subject, &teacher, &room, "", "", ""],
        [&mark, &day, &period, "2", &subject, &teacher, "", odd, "", language.pick("是", "yes")],
        [&mark, &day, &period, "", &subject, "", "", weeks, &class, language.pick("否", "no")],
    ];
    for (row, example) in examples.iter().enumerate() {
        for (col, text) in example.iter().enumerate() {
            sheet
                .write_string_with_format(row as u32 + 1, col as u16, *text, &paper::example())
                .map_err(failed)?;
        }
    }
    let begin = examples.len() as u32 + 1;
    for col in 0..list::COLUMNS.len() as u16 {
        sheet.set_column_format(col, &paper::as_text()).map_err(failed)?;
    }
    for (list, col, strict) in [
        (0, 0, false),
        (1, 1, true),
        (2, 2, true),
        (3, 4, false),
        (4, 5, false),
        (5, 6, false),
        (0, 8, false),
        (6, 9, true),
    ] {
        lists.drop_down(sheet, list, (begin, col, FORM_ROWS, col), strict)?;
    }
    Ok(())
}

fn grid_form(
    book: &mut Workbook,
    lists: &Lists,
    names: &Names,
    texts: &Texts<'_>,
    days: &[String],
) -> Result<(), SheetError> {
    let language = texts.language;
    let mut sheets = SheetNames::default();
    let labels: Vec<String> = names.classes.iter().take(SHEETS_MAX).map(|c| names.class_label(c)).collect();
    let labels =
        if labels.is_empty() { vec![language.pick("高一1班", "Class 1").to_owned()] } else { labels };
    for (index, label) in labels.iter().enumerate() {
        let sheet = book.add_worksheet().set_name(sheets.next(label)).map_err(failed)?;
        if index == 0 {
            sheet.set_active(true);
        }
        empty_grid(sheet, texts, days, label)?;
        let bottom = 2 + periods(texts).len() as u32;
        lists.drop_down(sheet, 3, (3, 1, bottom, days.len() as u16), false)?;
    }
    let example =
        book.add_worksheet().set_name(sheets.next(language.pick(EXAMPLE[0], EXAMPLE[1]))).map_err(failed)?;
    empty_grid(
        example,
        texts,
        days,
        language.pick("示例（本页不导入）", "Example (this sheet is not imported)"),
    )?;
    let cells = [
        language.pick("数学\n王芳\n@301", "Maths\nSmith\n@301"),
        language.pick(
            "音乐\n张三\n[单周]\n---\n美术\n李四\n[双周]",
            "Music\n[odd weeks]\n---\nArt\n[even weeks]",
        ),
        language.pick("数学\n王芳\n[1-8,10周]", "Maths\nSmith\n[weeks 1-8,10]"),
        language.pick("体育\n李强\n合班:高一2班", "PE\nSmith\nwith:Class 2"),
        language.pick("物理\n赵军\n连堂:2", "Physics\nperiods:2"),
    ];
    let first = periods(texts).iter().position(|(pause, _)| !pause).unwrap_or(0) as u32;
    for (col, text) in cells.iter().enumerate().take(days.len()) {
        example.write_string_with_format(3 + first, col as u16 + 1, *text, &paper::body()).map_err(failed)?;
    }
    example.set_row_height(3 + first, 120).map_err(failed)?;
    Ok(())
}

fn empty_grid(
    sheet: &mut Worksheet,
    texts: &Texts<'_>,
    days: &[String],
    label: &str,
) -> Result<(), SheetError> {
    paper::page(sheet);
    let last = days.len() as u16;
    let language = texts.language;
    sheet
        .merge_range(0, 0, 0, last, language.pick("课程表", "Timetable"), &paper::title())
        .map_err(failed)?;
    sheet
        .merge_range(1, 0, 1, last, &owner_line(By::Class, label, language), &paper::subtitle())
        .map_err(failed)?;
    sheet.write_string_with_format(2, 0, language.pick("节次", "Period"), &paper::head()).map_err(failed)?;
    sheet.set_column_width(0, 13).map_err(failed)?;
    for (index, day) in days.iter().enumerate() {
        sheet.set_column_width(index as u16 + 1, 17).map_err(failed)?;
        sheet.write_string_with_format(2, index as u16 + 1, day, &paper::head()).map_err(failed)?;
    }
    for (index, (pause, text)) in periods(texts).iter().enumerate() {
        let row = 3 + index as u32;
        if *pause {
            sheet.merge_range(row, 0, row, last, text, &paper::pause()).map_err(failed)?;
            continue;
        }
        sheet.write_string_with_format(row, 0, text, &paper::head()).map_err(failed)?;
        sheet.set_row_height(row, 49).map_err(failed)?;
        for col in 1..=last {
            sheet.write_blank(row, col, &paper::body()).map_err(failed)?;
        }
    }
    sheet.set_freeze_panes(3, 1).map_err(failed)?;
    Ok(())
}

//! Tables in: header, rows, what is wrong with them.

use super::columns::{Column, columns, title};
use super::{Kind, Row, Rows};
use crate::plain::{key, plain, without_zero_fraction};
use crate::problem::seen;
use crate::timetable::{View, split_grade};
use crate::{At, Code, Language, Problem, Value, Workbook};
use model::fault::{Fault, Reason};
use model::school::{self, TITLES};
use model::{ClassId, GradeId, RoomId, SchoolId, StudentId, SubjectId, TeacherId};
use std::collections::BTreeMap;

/// Rows in which the header is looked for.
const HEADER_WITHIN: u32 = 30;
/// Rows that are examples begin so.
const EXAMPLE: [&str; 2] = ["示例：", "Example: "];
/// Rows that begin so count the others.
const SUMS: [&str; 7] = ["合计", "总计", "小计", "共计", "总数", "total", "sum"];
/// Most problems of a file that are told one by one.
const PROBLEMS_MAX: usize = 500;

/// Reads every visible sheet that has the table's header.
pub fn read(kind: Kind, workbook: &Workbook) -> Rows {
    let mut table = Table { kind, ours: false, seen: BTreeMap::new(), out: Rows::default() };
    table.ours = workbook.key.as_deref().is_some_and(|k| k.starts_with(super::KEY_LINE));
    table.out.problems.extend(workbook.problems.iter().cloned());
    let mut found = false;
    for sheet in &workbook.sheets {
        found |= table.sheet(&View::new(sheet));
    }
    if !found {
        let words = |language: Language| {
            let needed = columns(kind).iter().filter(|c| c.needed).map(|c| language.pick(c.zh, c.en));
            needed.collect::<Vec<_>>().join(language.pick("、", ", "))
        };
        let (zh, en) = (title(kind, Language::Chinese), title(kind, Language::English));
        table.out.problems.push(Problem::lost(
            At::sheet(workbook.sheets.first().map_or("", |s| &s.name)),
            Code::NoTable,
            format!("没有找到{zh}表：需要一行表头，至少含「{}」。可下载模板填写。", words(Language::Chinese)),
            format!(
                "No table of {en} was found: it needs a header row with {}. A template can be downloaded.",
                words(Language::English)
            ),
        ));
    }
    let over = table.out.problems.len().saturating_sub(PROBLEMS_MAX);
    if over > 0 {
        table.out.problems.truncate(PROBLEMS_MAX);
        table.out.problems.push(Problem::lost(
            At::sheet(&workbook.file_name),
            Code::TooMany,
            format!("另有 {over} 处问题未逐条列出。请先处理上面的问题，再重新导入。"),
            format!("{over} more problems are not listed. Settle those above first, then import again."),
        ));
    }
    table.out
}

struct Table {
    kind: Kind,
    ours: bool,
    /// What has been read, by what makes it the same thing.
    seen: BTreeMap<String, At>,
    out: Rows,
}

/// A row's texts by column, and where each stands.
struct Texts<'a> {
    view: &'a View<'a>,
    row: u32,
    columns: &'a [Option<u32>],
    ours: bool,
}

impl Texts<'_> {
    fn text(&self, column: usize) -> String {
        let Some(Some(col)) = self.columns.get(column) else { return String::new() };
        let (row, col) = self.view.origin(self.row, *col);
        match (self.ours, self.view.sheet.value(row, col)) {
            (true, Some(Value::Text(text))) => text.trim().to_owned(),
            // 301.0 is what spreadsheets make of room 301.
            _ => without_zero_fraction(&self.view.text(row, col).replace('\n', " ")).to_owned(),
        }
    }

    fn at(&self, column: usize) -> At {
        self.view.sheet.at(self.row, self.columns.get(column).copied().flatten().unwrap_or(0))
    }
}

impl Table {
    /// Whether the sheet has the table.
    fn sheet(&mut self, view: &View<'_>) -> bool {
        let all = columns(self.kind);
        let head = (1..=view.rows.min(HEADER_WITHIN)).find_map(|row| {
            let places = places(view, row, all);
            let whole = all.iter().zip(&places).all(|(column, place)| !column.needed || place.is_some());
            whole.then_some((row, places))
        });
        let Some((head, places)) = head else { return false };
        for col in 1..=view.cols {
            let text = view.text(head, col);
            if !text.is_empty() && !places.contains(&Some(col)) && view.origin(head, col) == (head, col) {
                self.out.problems.push(Problem::note(
                    view.at((head, col)),
                    Code::Aside,
                    format!("「{}」列不属于这张表，未导入。", seen(text)),
                    format!("Column “{}” does not belong to this table and was not imported.", seen(text)),
                ));
            }
        }
        for row in head + 1..=view.rows {
            let texts = Texts { view, row, columns: &places, ours: self.ours };
            let first = (1..=view.cols).map(|col| view.text(row, col)).find(|t| !t.is_empty());
            let example = |first: &str| EXAMPLE.iter().any(|mark| first.starts_with(plain(mark).trim_end()));
            if first.is_some_and(|first| SUMS.contains(&key(first).trim_end_matches(':'))) && !self.ours {
                self.out.problems.push(Problem::note(
                    view.sheet.at(row, 0),
                    Code::Aside,
                    "这一行是合计，未导入。",
                    "This row is a sum and was not imported.",
                ));
            } else if first.is_some_and(|first| !example(first)) {
                self.row(&texts, all);
            }
        }
        true
    }

    fn row(&mut self, texts: &Texts<'_>, all: &[Column]) {
        for (index, place) in texts.columns.iter().enumerate() {
            let value = place.and_then(|col| texts.view.value(texts.row, col));
            if let Some(Value::Error(_) | Value::NoResult) = value {
                self.lost(
                    texts.at(index),
                    Code::ErrorValue,
                    "公式有错误或没有结果，这一行未导入。请改成文字后重新导入。".to_owned(),
                    "A formula has an error or no result; the row was not imported. Type the text."
                        .to_owned(),
                );
                return;
            }
        }
        let (row, bad) = parse(self.kind, texts);
        let faults = faults(&row);
        let wrong = !faults.is_empty() || !bad.is_empty();
        for (column, zh, en) in bad {
            self.lost(texts.at(column), Code::BadValue, zh, en);
        }
        for fault in faults {
            let column = column_of(self.kind, fault.field);
            let (zh, en) = sentence(&fault, &all[column]);
            let code = if fault.reason == Reason::Required { Code::Missing } else { Code::BadValue };
            self.lost(texts.at(column), code, zh, en);
        }
        if wrong {
            return;
        }
        let at = texts.view.sheet.at(texts.row, texts.at(0).col.max(1));
        match self.seen.get(&identity(&row)) {
            Some(first) => {
                let first = first.to_string();
                self.lost(
                    at,
                    Code::Duplicate,
                    format!("与 {first} 重复，只导入前一行。如确是两个，请让名称（学号）不同。"),
                    format!("The same as {first}; only the earlier row is imported. If they are two, give them different names (numbers)."),
                );
            }
            None => {
                self.seen.insert(identity(&row), at.clone());
                self.out.rows.push((row, at));
            }
        }
    }

    fn lost(&mut self, at: At, code: Code, zh: String, en: String) {
        self.out.problems.push(Problem::lost(at, code, zh, en));
    }
}

/// In which column each column of the table stands.
fn places(view: &View<'_>, row: u32, all: &[Column]) -> Vec<Option<u32>> {
    let words: Vec<(u32, String)> = (1..=view.cols)
        .map(|col| (col, key(view.text(row, col))))
        .map(|(col, word)| (col, word.trim_matches('*').split('(').next().unwrap_or_default().to_owned()))
        .collect();
    let find = |fits: &dyn Fn(&str) -> bool| words.iter().find(|(_, word)| fits(word)).map(|(col, _)| *col);
    let exact: Vec<Option<u32>> =
        all.iter().map(|c| find(&|word| word == c.zh || word == key(c.en))).collect();
    all.iter()
        .zip(&exact)
        .map(|(column, place)| {
            place.or_else(|| {
                find(&|word| column.also.contains(&word)).filter(|col| !exact.contains(&Some(*col)))
            })
        })
        .collect()
}

type Bad = Vec<(usize, String, String)>;

fn parse(kind: Kind, texts: &Texts<'_>) -> (Row, Bad) {
    let mut bad = Bad::new();
    let text = |column: usize| texts.text(column);
    let row = match kind {
        Kind::Schools => Row::School { name: text(0), address: text(1), phone: text(2) },
        Kind::Grades => {
            let (stage, name) = (text(0), text(1));
            let stage = if stage.is_empty() { crate::timetable::stage_of(&name).to_owned() } else { stage };
            Row::Grade { stage, name }
        }
        Kind::Classes => {
            let (grade, name) = match (text(1), text(2)) {
                // 高一(3)班 in one column.
                (grade, name) if grade.is_empty() => split_grade(&name).unwrap_or((grade, name)),
                both => both,
            };
            Row::Class { stage: text(0), grade, name, room: text(3), record: yes_no(4, &text(4), &mut bad) }
        }
        Kind::Rooms => Row::Room { name: text(0) },
        Kind::Subjects => Row::Subject { name: text(0) },
        Kind::Teachers => Row::Teacher {
            name: text(0),
            sex: sex(1, &text(1), &mut bad),
            title: job_title(2, &text(2), &mut bad),
            about: text(3),
        },
        Kind::Students => {
            Row::Student { class: text(0), number: text(1), name: text(2), sex: sex(3, &text(3), &mut bad) }
        }
    };
    (row, bad)
}

fn sex(column: usize, text: &str, bad: &mut Bad) -> Option<u8> {
    match key(text).as_str() {
        "" => None,
        "男" | "男生" | "male" | "m" | "0" | "男性" => Some(0),
        "女" | "女生" | "female" | "f" | "1" | "女性" => Some(1),
        _ => {
            let text = seen(text);
            bad.push((
                column,
                format!("性别「{text}」应为男或女，这一行未导入。"),
                format!("Sex “{text}” must be male or female; the row was not imported."),
            ));
            None
        }
    }
}

fn job_title(column: usize, text: &str, bad: &mut Bad) -> Option<u8> {
    let bare = key(text);
    let bare = bare.trim_end_matches("教师");
    if bare.is_empty() {
        return None;
    }
    let known = TITLES.iter().position(|(zh, en)| zh.trim_end_matches("教师") == bare || key(en) == bare);
    let known = known.or(match bare {
        "特级" | "正高" => Some(0),
        "副高" | "中学高级" | "小学高级" => Some(1),
        "中级" | "中学一级" => Some(2),
        "初级" => Some(3),
        _ => None,
    });
    if known.is_none() {
        let all =
            |language: Language| TITLES.map(|(zh, en)| language.pick(zh, en)).join(language.pick("、", ", "));
        let text = seen(text);
        bad.push((
            column,
            format!("职称「{text}」不在列表中，这一行未导入。请填写：{}，或留空。", all(Language::Chinese)),
            format!(
                "Title “{text}” is not known; the row was not imported. Write one of {}, or nothing.",
                all(Language::English)
            ),
        ));
    }
    known.map(|n| n as u8)
}

fn yes_no(column: usize, text: &str, bad: &mut Bad) -> Option<bool> {
    match key(text).as_str() {
        "" => None,
        "是" | "录" | "录课" | "yes" | "y" | "true" | "1" | "✓" | "√" => Some(true),
        "否" | "不录" | "不录课" | "no" | "n" | "false" | "0" | "×" | "x" => Some(false),
        _ => {
            let text = seen(text);
            bad.push((
                column,
                format!("「{text}」应为是或否，这一行未导入。"),
                format!("“{text}” must be yes or no; the row was not imported."),
            ));
            None
        }
    }
}

/// What the model's own checks say.
fn faults(row: &Row) -> Vec<Fault> {
    let name = |name: &str| name.to_owned();
    match row {
        Row::School { name: n, address, phone } => {
            school::School { id: SchoolId(0), name: name(n), address: name(address), phone: name(phone) }
                .check()
        }
        Row::Grade { stage, name: n } => {
            school::Grade { id: GradeId(0), stage: name(stage), name: name(n) }.check()
        }
        Row::Class { name: n, grade, .. } => {
            let class = school::Class {
                id: ClassId(0),
                school_id: SchoolId(0),
                grade_id: GradeId(0),
                name: name(n),
                room_id: None,
                record: true,
            };
            let no_grade = grade.is_empty().then_some(Fault::new("grade", Reason::Required));
            class.check().into_iter().chain(no_grade).collect()
        }
        Row::Room { name: n } => {
            school::Room { id: RoomId(0), school_id: SchoolId(0), name: name(n) }.check()
        }
        Row::Subject { name: n } => school::Subject { id: SubjectId(0), name: name(n) }.check(),
        Row::Teacher { name: n, sex, title, about } => school::Teacher {
            id: TeacherId(0),
            name: name(n),
            sex: sex.unwrap_or(0),
            title: title.unwrap_or(0),
            about: name(about),
        }
        .check(),
        Row::Student { class, number, name: n, sex } => {
            let student = school::Student {
                id: StudentId(0),
                class_id: ClassId(0),
                number: name(number),
                name: name(n),
                sex: sex.unwrap_or(0),
            };
            let no_class = class.is_empty().then_some(Fault::new("class", Reason::Required));
            student.check().into_iter().chain(no_class).collect()
        }
    }
}

fn column_of(kind: Kind, field: &str) -> usize {
    match (kind, field) {
        (Kind::Schools, "address") | (Kind::Teachers, "sex") | (Kind::Classes, "grade") => 1,
        (Kind::Schools, "phone") | (Kind::Teachers, "title") => 2,
        (Kind::Grades, "name") | (Kind::Students, "number") => 1,
        (Kind::Classes | Kind::Students, "name") => 2,
        (Kind::Teachers, "about") | (Kind::Students, "sex") => 3,
        _ => 0,
    }
}

fn sentence(fault: &Fault, column: &Column) -> (String, String) {
    let (zh, en) = (column.zh, column.en);
    match fault.reason {
        Reason::Required => (
            format!("缺少「{zh}」，这一行未导入。请补上。"),
            format!("“{en}” is missing; the row was not imported. Fill it in."),
        ),
        Reason::TooLong { max } => (
            format!("「{zh}」超过 {max} 个字，这一行未导入。请缩短。"),
            format!("“{en}” has more than {max} characters; the row was not imported. Shorten it."),
        ),
        _ => (
            format!("「{zh}」含有不能使用的字符，这一行未导入。请重新输入。"),
            format!("“{en}” holds characters that cannot be used; the row was not imported. Type it again."),
        ),
    }
}

/// What makes two rows the same thing.
fn identity(row: &Row) -> String {
    match row {
        Row::School { name, .. } | Row::Room { name } | Row::Subject { name } | Row::Teacher { name, .. } => {
            key(name)
        }
        Row::Grade { stage, name } => format!("{}|{}", key(stage), key(name)),
        Row::Class { stage, grade, name, .. } => format!("{}|{}|{}", key(stage), key(grade), key(name)),
        Row::Student { number, .. } => key(number),
    }
}

//! Long lists: a header row, then a row a lesson.

use super::cell::{self, BadWeeks};
use super::class_name::{is_class, take_classes};
use super::found::{Entry, Header, Layout, SheetFound};
use super::grid::{bad_weeks, no_subject};
use super::view::View;
use super::weeks;
use super::words::{self, PeriodWord};
use crate::plain::{key, without_zero_fraction};
use crate::problem::seen;
use crate::{At, Code, Problem, Value};
use model::calendar::Weeks;
use std::collections::BTreeMap;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    Class,
    Grade,
    Day,
    Period,
    Span,
    Subject,
    Teacher,
    Room,
    Weeks,
    With,
    Record,
}

/// Header words, plain and in lower case without blanks.
const WORDS: [(Column, &[&str]); 11] = [
    (
        Column::Class,
        &[
            "班级",
            "班",
            "班别",
            "班级名称",
            "教学班",
            "教学班级",
            "行政班",
            "上课班级",
            "所在班级",
            "class",
            "classname",
            "classes",
            "form",
            "section",
        ],
    ),
    (Column::Grade, &["年级", "年级名称", "grade"]),
    (
        Column::Day,
        &["星期", "周几", "星期几", "上课星期", "日期", "上课日期", "day", "weekday", "dayofweek", "date"],
    ),
    (
        Column::Period,
        &[
            "节次",
            "节",
            "第几节",
            "上课节次",
            "节数",
            "时间段",
            "节次号",
            "课节",
            "period",
            "lesson",
            "periods",
            "periodno",
        ],
    ),
    (Column::Span, &["连堂", "连上节数", "span", "length"]),
    (
        Column::Subject,
        &[
            "科目",
            "课程",
            "课程名称",
            "学科",
            "课程名",
            "科目名称",
            "课程科目",
            "任教科目",
            "subject",
            "course",
            "coursename",
            "subjectname",
        ],
    ),
    (
        Column::Teacher,
        &[
            "教师",
            "老师",
            "任课教师",
            "授课教师",
            "任课老师",
            "教师姓名",
            "授课老师",
            "上课教师",
            "上课老师",
            "主讲教师",
            "教员",
            "teacher",
            "teachername",
            "instructor",
            "lecturer",
            "staff",
        ],
    ),
    (
        Column::Room,
        &[
            "教室",
            "地点",
            "上课地点",
            "场地",
            "教室名称",
            "上课教室",
            "场所",
            "room",
            "classroom",
            "location",
            "venue",
            "roomno",
        ],
    ),
    (Column::Weeks, &["周次", "周", "上课周次", "单双周", "起止周", "上课周", "周数", "weeks", "week"]),
    (Column::With, &["合班", "合班班级", "with"]),
    (Column::Record, &["录课", "是否录课", "录制", "record"]),
];

/// Marks of example rows in our templates; such rows are never imported.
pub(crate) const EXAMPLE: [&str; 2] = ["示例", "Example"];

/// Rows in which the header is looked for.
const HEADER_WITHIN: u32 = 30;

/// The list of a sheet; `None` when no header row names subject, day and period.
pub(super) fn recognise(view: &View<'_>, ours: bool) -> Option<SheetFound> {
    let (head, columns, beside) = (1..=view.rows.min(HEADER_WITHIN)).find_map(|row| {
        let (columns, beside) = columns(view, row);
        let whole = [Column::Day, Column::Period, Column::Subject].iter().all(|c| columns.contains_key(c));
        whole.then_some((row, columns, beside))
    })?;
    let first = columns.values().min().copied().unwrap_or(1);
    let mut out = SheetFound {
        sheet: view.sheet.name.clone(),
        layout: Layout::LongList,
        header: Some(Header { row: head, col: first }),
        entries: Vec::new(),
        problems: Vec::new(),
    };
    for (col, text) in beside {
        out.problems.push(Problem::note(
            view.at((head, col)),
            Code::Aside,
            format!("「{}」列不用于课表，未导入。", seen(&text)),
            format!("Column “{}” is not part of a timetable and was not imported.", seen(&text)),
        ));
    }
    let mut list = List { view, columns, ours, problems: Vec::new(), examples: 0 };
    for row in head + 1..=view.rows {
        if let Some(entry) = list.row(row) {
            out.entries.push(entry);
        }
    }
    if list.examples > 0 {
        out.problems.push(Problem::note(
            At::sheet(&view.sheet.name),
            Code::Aside,
            format!("{} 行示例未导入。", list.examples),
            format!("{} example rows were not imported.", list.examples),
        ));
    }
    out.problems.extend(list.dates(head));
    out.problems.append(&mut list.problems);
    Some(out)
}

type Columns = BTreeMap<Column, u32>;

fn columns(view: &View<'_>, row: u32) -> (Columns, Vec<(u32, String)>) {
    let mut columns = Columns::new();
    let mut beside = Vec::new();
    for col in 1..=view.cols {
        let text = view.text(row, col);
        let word = key(text);
        let word = word.trim_matches(|c: char| "*:()".contains(c)).split('(').next().unwrap_or_default();
        let known = WORDS.iter().find(|(_, words)| words.contains(&word)).map(|(column, _)| *column);
        match known {
            Some(column) if !columns.contains_key(&column) => {
                columns.insert(column, col);
            }
            _ if text.is_empty() => {}
            _ => beside.push((col, text.to_owned())),
        }
    }
    (columns, beside)
}

struct List<'a> {
    view: &'a View<'a>,
    columns: Columns,
    ours: bool,
    problems: Vec<Problem>,
    examples: u32,
}

impl List<'_> {
    fn text(&self, row: u32, column: Column) -> String {
        let Some(col) = self.columns.get(&column) else { return String::new() };
        let (top, left) = self.view.origin(row, *col);
        match (self.ours, self.view.sheet.value(top, left)) {
            // Names of our own files come back exactly.
            (true, Some(Value::Text(text))) => text.trim().to_owned(),
            _ => without_zero_fraction(self.view.text(row, *col)).to_owned(),
        }
    }

    fn at(&self, row: u32, column: Column) -> At {
        self.view.sheet.at(row, self.columns.get(&column).copied().unwrap_or(0))
    }

    /// A row; one that lacks something is a problem, an empty one nothing.
    fn row(&mut self, row: u32) -> Option<Entry> {
        let filled: Vec<u32> =
            (1..=self.view.cols).filter(|col| !self.view.text(row, *col).is_empty()).collect();
        let first = filled.first()?;
        if EXAMPLE
            .iter()
            .any(|mark| self.view.text(row, *first).trim_start_matches(['(', '[']).starts_with(mark))
        {
            self.examples += 1;
            return None;
        }
        if let Some(Value::Error(_) | Value::NoResult) =
            self.columns.values().find_map(|col| match self.view.value(row, *col) {
                bad @ Some(Value::Error(_) | Value::NoResult) => bad,
                _ => None,
            })
        {
            self.problems.push(Problem::lost(
                self.view.sheet.at(row, 0),
                Code::ErrorValue,
                "这一行有公式错误或公式没有结果，未导入。请改成文字后重新导入。",
                "A formula of this row has an error or no result; the row was not imported. Type the text.",
            ));
            return None;
        }
        let subject = self.text(row, Column::Subject);
        let (day, period) = (self.text(row, Column::Day), self.text(row, Column::Period));
        if subject.is_empty() || (day.is_empty() && period.is_empty()) {
            self.incomplete(row, &filled, &subject);
            return None;
        }
        let day = self.day(row, &day)?;
        let (period, span) = self.period(row, &period)?;
        let (weeks, mut classes) = (self.weeks(row)?, self.classes(row));
        if classes.is_empty() {
            self.problems.push(Problem::lost(
                self.at(row, Column::Class),
                Code::NoClass,
                "没有写班级，这一行未导入。请补上班级。",
                "The row names no class and was not imported. Add one.",
            ));
            return None;
        }
        let mut entry = Entry {
            at: self.at(row, Column::Subject),
            class: classes.remove(0),
            with: classes,
            day,
            period,
            span,
            weeks,
            subject: subject.clone(),
            teacher: self.text(row, Column::Teacher),
            room: self.text(row, Column::Room),
            record: record(&self.text(row, Column::Record)),
            also: Vec::new(),
            raw: filled.iter().map(|col| self.view.text(row, *col)).collect::<Vec<_>>().join(" | "),
        };
        if !self.ours && entry.teacher.is_empty() && entry.room.is_empty() {
            self.split_subject(&mut entry)?;
        }
        Some(entry)
    }

    /// A subject column that holds 数学(王芳) or 数学[1-8周].
    fn split_subject(&mut self, entry: &mut Entry) -> Option<()> {
        match cell::read(&entry.subject, false) {
            Ok(mut parts) if parts.len() == 1 => {
                let part = parts.remove(0);
                if entry.weeks == Weeks::All {
                    entry.weeks = part.weeks;
                }
                (entry.subject, entry.teacher, entry.room) = (part.subject, part.teacher, part.room);
                entry.also = part.also;
                Some(())
            }
            Ok(_) => {
                self.problems.push(no_subject(entry.at.clone(), &entry.subject));
                None
            }
            Err(BadWeeks(bad)) => {
                self.problems.push(bad_weeks(entry.at.clone(), &bad));
                None
            }
        }
    }

    /// Footers are told of, rows of which half is there are lost.
    fn incomplete(&mut self, row: u32, filled: &[u32], subject: &str) {
        let text: Vec<&str> = filled.iter().map(|col| self.view.text(row, *col)).collect();
        let seen_text = seen(&text.join(" "));
        let at = self.view.sheet.at(row, filled[0]);
        let sum = ["合计", "总计", "小计", "共计", "total"].contains(&key(text[0]).trim_end_matches(':'));
        self.problems.push(match sum || (filled.len() < 3 && subject.is_empty()) {
            true => Problem::note(
                at,
                Code::Aside,
                format!("「{seen_text}」不是课程，未导入。"),
                format!("“{seen_text}” is no lesson and was not imported."),
            ),
            false => Problem::lost(
                at,
                Code::Missing,
                format!("这一行缺少科目、星期或节次，未导入：「{seen_text}」。请补全。"),
                format!(
                    "The row lacks subject, day or period and was not imported: “{seen_text}”. Complete it."
                ),
            ),
        });
    }

    fn day(&mut self, row: u32, text: &str) -> Option<u8> {
        let col = self.columns.get(&Column::Day).copied().unwrap_or(0);
        let bare = text.parse::<u8>().ok().filter(|d| (1..=30).contains(d));
        let day = self.view.day(row, col).map(|w| w.day).or(bare);
        if text.is_empty() {
            self.problems.push(Problem::lost(
                self.at(row, Column::Day),
                Code::BadDay,
                "没有写星期，这一行未导入。请在每一行都写上星期，或把同一天的单元格合并。",
                "The row names no weekday and was not imported. Write it in every row, or merge the cells of a day.",
            ));
            return None;
        }
        if day.is_none() {
            self.problems.push(Problem::lost(
                self.at(row, Column::Day),
                Code::BadDay,
                format!("「{}」不是星期，这一行未导入。请写成「星期一」或 1–7。", seen(text)),
                format!("“{}” is no weekday; the row was not imported. Write Monday or 1–7.", seen(text)),
            ));
        }
        day
    }

    /// Dates instead of weekdays, and no column of weeks: every lesson is taken for a weekly one, which must be said.
    fn dates(&self, head: u32) -> Option<Problem> {
        let col = self.columns.get(&Column::Day).copied()?;
        let dated = (head + 1..=self.view.rows).any(|row| {
            let number = matches!(self.view.value(row, col), Some(Value::Date(_)));
            number || self.view.text(row, col).bytes().filter(u8::is_ascii_digit).count() >= 5
        });
        (dated && !self.columns.contains_key(&Column::Weeks)).then(|| {
            Problem::note(
                self.view.at((head, col)),
                Code::BadDay,
                "这一列是日期：按星期几导入，当作每周都上。如果只在个别周上课，请加一列「周次」。",
                "This column holds dates: each was taken for its weekday, every week. If a lesson is held in some weeks only, add a column “Weeks”.",
            )
        })
    }

    fn period(&mut self, row: u32, text: &str) -> Option<(super::PeriodRef, u8)> {
        let word = words::period(text).or_else(|| two_numbers(text));
        let Some(word) = word.filter(|w| !w.pause) else {
            self.problems.push(Problem::lost(
                self.at(row, Column::Period),
                Code::BadPeriod,
                format!("「{}」不是节次，这一行未导入。请写成「第1节」「1-2」或作息表里的名称。", seen(text)),
                format!(
                    "“{}” is no period; the row was not imported. Write 1, 1-2 or a name of the bell table.",
                    seen(text)
                ),
            ));
            return None;
        };
        let span = self.text(row, Column::Span).parse().ok().filter(|n| (1..=4).contains(n));
        Some((word.period, span.unwrap_or(word.span)))
    }

    fn weeks(&mut self, row: u32) -> Option<Weeks> {
        let text = self.text(row, Column::Weeks);
        let lone = text.parse::<u16>().is_ok().then(|| format!("{text}周"));
        let weeks = match text.is_empty() {
            true => Some(Weeks::All),
            false => weeks::parse(lone.as_deref().unwrap_or(&text), true),
        };
        if weeks.is_none() {
            self.problems.push(bad_weeks(self.at(row, Column::Weeks), &text));
        }
        weeks
    }

    fn classes(&self, row: u32) -> Vec<String> {
        let (grade, class) = (self.text(row, Column::Grade), self.text(row, Column::Class));
        let mut classes = match class.is_empty() {
            true if !self.columns.contains_key(&Column::Class) => vec![self.view.sheet.name.clone()],
            true => return Vec::new(),
            // 高一1班,2班: only what looks like a list is taken apart.
            false => match take_classes(&class) {
                (many, rest) if many.len() > 1 && rest.is_empty() && !self.ours => many,
                _ => vec![class],
            },
        };
        if !grade.is_empty() {
            for class in &mut classes {
                let bare = super::class_name::class_key(class).grade.is_empty();
                if bare && (is_class(class) || class.bytes().all(|b| b.is_ascii_digit())) {
                    let end = if class.ends_with('班') { "" } else { "班" };
                    *class = format!("{grade}{class}{end}");
                }
            }
        }
        let with = self.text(row, Column::With);
        classes.extend(
            with.split(['\n', ';', '；']).map(str::trim).filter(|c| !c.is_empty()).map(str::to_owned),
        );
        classes
    }
}

/// `1-2`, `1,2` in a column that is said to hold periods.
fn two_numbers(text: &str) -> Option<PeriodWord> {
    words::period(&format!("第{text}节"))
}

fn record(text: &str) -> Option<bool> {
    match key(text).as_str() {
        "是" | "录" | "录课" | "yes" | "y" | "true" | "1" => Some(true),
        "否" | "不录" | "不录课" | "no" | "n" | "false" | "0" => Some(false),
        _ => None,
    }
}

//! Grids into entries: what stands where a day, a period and a class meet.

use super::cell::{self, Part, looks_like_room};
use super::class_name::take_classes;
use super::found::{Entry, Header, Layout, PeriodRef, SheetFound};
use super::layout::{Block, Lane, blocks, with_grade};
use super::owner::{Owner, Said, owner, said};
use super::view::View;
use super::{LayoutChoice, strict, weeks, words};
use crate::problem::seen;
use crate::{At, Code, Problem, Value};
use model::calendar::Weeks;
use std::collections::{BTreeMap, BTreeSet};

/// 连堂: most periods of one lesson (`Cell::span`).
const SPAN_MAX: usize = 4;
/// Most problems of a sheet that are told one by one.
const PROBLEMS_MAX: usize = 300;

/// The grids of a sheet; `None` when there is none. `ours`: the file carries this product's key. `choice`: whose grids
/// they are, where a person has said so.
pub(super) fn recognise(view: &View<'_>, ours: bool, choice: Option<LayoutChoice>) -> Option<SheetFound> {
    let blocks = blocks(view);
    let first = blocks.first()?;
    let mut out = SheetFound {
        sheet: view.sheet.name.clone(),
        layout: Layout::SchoolGrid,
        header: Some(Header { row: first.header.0, col: first.header.1 }),
        entries: Vec::new(),
        problems: Vec::new(),
    };
    let mut told: BTreeSet<(u32, u32)> = BTreeSet::new();
    let several = blocks.len() > 1;
    for (index, block) in blocks.iter().enumerate() {
        told.extend(&block.labels);
        let mut grid = Grid::new(view, block, ours, choice);
        told.extend(grid.titles().filter(|(row, col)| is_title(view.text(*row, *col))));
        let whose = (!block.has_owners()).then(|| grid.whose(several.then_some(index)));
        if let Some(whose) = &whose
            && (index == 0 || !several)
        {
            out.layout = match whose.clone() {
                Owner::Class(class) => Layout::ClassGrid { class },
                Owner::Teacher(teacher) => Layout::TeacherGrid { teacher },
                Owner::Room(room) => Layout::RoomGrid { room },
            };
        }
        grid.collect(whose.as_ref());
        told.extend(&grid.seen);
        out.entries.append(&mut grid.entries);
        out.problems.append(&mut grid.problems);
    }
    aside(view, &told, &blocks, &mut out.problems);
    out.entries
        .sort_by(|a, b| (a.at.row, a.at.col, a.day, &a.period).cmp(&(b.at.row, b.at.col, b.day, &b.period)));
    out.problems.sort();
    limit(&mut out.problems, &view.sheet.name);
    Some(out)
}

/// Everything that was neither label nor lesson.
fn aside(view: &View<'_>, told: &BTreeSet<(u32, u32)>, blocks: &[Block], problems: &mut Vec<Problem>) {
    // A row of sums or a footer is told of once.
    let mut beside: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for at in view.filled().filter(|at| !told.contains(at)) {
        let text = view.text(at.0, at.1);
        problems.extend(bad_value(view, at));
        if text.is_empty()
            || matches!(view.value(at.0, at.1), Some(Value::Error(_)))
            || words::is_decor(text)
            || words::day(text).is_some()
            || super::layout::is_half(text)
        {
            continue;
        }
        if blocks.iter().any(|block| block.may_miss(at, text)) {
            problems.push(Problem::lost(
                view.at(at),
                Code::BadPeriod,
                format!("「{}」这一行看不出节次，未导入。如果是课程，请在行首写上节次，例如「第1节」。", seen(text)),
                format!("The row of “{}” names no period; it was not imported. If it is a lesson, write its period at the row's head.", seen(text)),
            ));
            continue;
        }
        beside.entry(at.0).or_default().push(at.1);
    }
    for (row, cols) in beside {
        let text: Vec<&str> = cols.iter().map(|col| view.text(row, *col)).collect();
        let text = seen(&text.join(" "));
        let to = match cols[..] {
            [first, .., last] => format!("{}-{}", view.at((row, first)).cell(), view.at((row, last)).cell()),
            _ => String::new(),
        };
        let (zh, en) = if to.is_empty() {
            (String::new(), String::new())
        } else {
            (format!("（{to}）"), format!(" ({to})"))
        };
        problems.push(Problem::note(
            view.at((row, cols[0])),
            Code::Aside,
            format!("「{text}」{zh}不在课表格内，未作为课程导入。"),
            format!("“{text}”{en} stands outside the grid and was not taken for a lesson."),
        ));
    }
}

fn limit(problems: &mut Vec<Problem>, sheet: &str) {
    let over = problems.len().saturating_sub(PROBLEMS_MAX);
    if over > 0 {
        problems.truncate(PROBLEMS_MAX);
        problems.push(Problem::lost(
            At::sheet(sheet),
            Code::TooMany,
            format!("另有 {over} 处问题未逐条列出。请先处理上面的问题，再重新导入。"),
            format!("{over} more problems are not listed. Settle those above first, then import again."),
        ));
    }
}

/// Where a lesson lies.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    owner: Option<(String, (u32, u32))>,
    /// Of a teacher's row: the subject.
    subject: Option<String>,
    day: u8,
    weeks: Weeks,
    period: (usize, PeriodRef),
}

/// A text at its place, before it is read.
struct Piece {
    origin: (u32, u32),
    span: u8,
    with: Vec<String>,
    text: String,
}

struct Grid<'a> {
    view: &'a View<'a>,
    block: &'a Block,
    ours: bool,
    choice: Option<LayoutChoice>,
    said: Said,
    seen: BTreeSet<(u32, u32)>,
    entries: Vec<Entry>,
    problems: Vec<Problem>,
}

impl<'a> Grid<'a> {
    fn new(view: &'a View<'a>, block: &'a Block, ours: bool, choice: Option<LayoutChoice>) -> Self {
        let (entries, problems) = (Vec::new(), Vec::new());
        let seen = BTreeSet::new();
        let mut grid = Self { view, block, ours, choice, said: Said::default(), seen, entries, problems };
        let titles: Vec<&str> = grid.titles().rev().map(|(row, col)| view.text(row, col)).collect();
        grid.said = if ours { Said::default() } else { said(&titles, &view.sheet.name) };
        grid
    }

    /// Half or more of the cells name a class, unless a person has said whose grid it is.
    fn names_classes(&self) -> bool {
        if let Some(choice) = self.choice {
            return choice != LayoutChoice::Class;
        }
        let texts: BTreeSet<&str> = self
            .origins()
            .keys()
            .map(|at| self.view.text(at.0, at.1))
            .filter(|t| !words::is_decor(t))
            .collect();
        let naming = texts.iter().filter(|t| !take_classes(t).0.is_empty() || t.contains("班级:")).count();
        naming * 2 > texts.len() || (naming > 0 && naming * 2 == texts.len())
    }

    /// What stands above the grid, from the top.
    fn titles(&self) -> impl DoubleEndedIterator<Item = (u32, u32)> + use<> {
        let ((top, bottom), (left, right)) = (self.block.title_rows, self.block.title_cols);
        let cells: BTreeSet<(u32, u32)> = (top..=bottom)
            .flat_map(|row| (left..=right).map(move |col| (row, col)))
            .map(|(row, col)| self.view.origin(row, col))
            .filter(|(row, col)| !self.view.text(*row, *col).is_empty())
            .collect();
        cells.into_iter()
    }

    /// `index`: which of several grids of the sheet it is.
    fn whose(&self, index: Option<usize>) -> Owner {
        // The title nearest to the grid counts first.
        let corner = self.view.text(self.block.header.0, self.block.header.1);
        let titles: Vec<&str> =
            self.titles().rev().map(|(row, col)| self.view.text(row, col)).chain([corner]).collect();
        match (index, owner(&titles, &self.view.sheet.name, self.names_classes())) {
            (Some(n), Owner::Class(name)) if n > 0 && name == self.view.sheet.name => {
                Owner::Class(format!("{name} ({})", n + 1))
            }
            (_, Owner::Teacher(name)) if self.choice == Some(LayoutChoice::Room) => Owner::Room(name),
            (_, Owner::Room(name)) if self.choice == Some(LayoutChoice::Teacher) => Owner::Teacher(name),
            (_, found) => found,
        }
    }

    /// Every text of the body with the cells it covers.
    fn origins(&self) -> BTreeMap<(u32, u32), Vec<(u32, u32)>> {
        let mut origins: BTreeMap<(u32, u32), Vec<(u32, u32)>> = BTreeMap::new();
        for row in self.block.rows.keys() {
            for col in self.block.cols.keys() {
                let origin = self.view.origin(*row, *col);
                let label = self.block.labels.contains(&origin);
                if !label && self.view.sheet.value(origin.0, origin.1).is_some() {
                    origins.entry(origin).or_default().push((*row, *col));
                }
            }
        }
        origins
    }

    fn collect(&mut self, whose: Option<&Owner>) {
        let mut places: BTreeMap<Place, Vec<Piece>> = BTreeMap::new();
        for (origin, cells) in self.origins() {
            self.seen.insert(origin);
            if let Some(problem) = bad_value(self.view, origin) {
                self.problems.push(problem);
                continue;
            }
            if words::is_decor(self.view.text(origin.0, origin.1)) {
                continue;
            }
            self.spread(origin, &cells, &mut places);
        }
        let of_classes = whose.map_or_else(|| self.names_classes(), |w| !matches!(w, Owner::Class(_)));
        for (place, pieces) in places {
            self.read(&place, &pieces, whose, of_classes);
        }
    }

    /// Gives a text to every place it covers: over periods 连堂, over classes 合班, over days one lesson a day.
    fn spread(&mut self, origin: (u32, u32), cells: &[(u32, u32)], places: &mut BTreeMap<Place, Vec<Piece>>) {
        let text = self.view.text(origin.0, origin.1).to_owned();
        type Covered = (BTreeMap<usize, (PeriodRef, u8)>, BTreeSet<(String, (u32, u32))>);
        let mut covered: BTreeMap<(u8, Weeks), Covered> = BTreeMap::new();
        let (mut paused, mut subject) = (false, None);
        for (row, col) in cells {
            let (row, col) = (&self.block.rows[row], &self.block.cols[col]);
            if row.pause || col.pause {
                paused = true;
                continue;
            }
            let Some((day, (place, period, span))) = day_and_period(row, col) else { continue };
            subject = row.subject.clone().or(subject);
            // Weeks that never meet (单周 of the title, 双周 of the column) are told of when the cell is read.
            let all = weeks::both(&row.weeks, &col.weeks).unwrap_or_default();
            let all = weeks::both(&all, &self.said.weeks).unwrap_or(all);
            let (periods, owners) = covered.entry((day, all)).or_default();
            periods.insert(place, (period, span));
            owners.extend(row.owner.clone().or_else(|| col.owner.clone()));
        }
        if covered.is_empty() && paused {
            self.problems.push(Problem::lost(
                self.view.at(origin),
                Code::InBreak,
                format!(
                    "「{}」写在休息时段（午休、课间等）里，未导入。如果是课程，请移到对应的节次。",
                    seen(&text)
                ),
                format!(
                    "“{}” stands in a break and was not imported. If it is a lesson, move it to its period.",
                    seen(&text)
                ),
            ));
        }
        for ((day, weeks), (periods, owners)) in covered {
            let periods: Vec<(usize, (PeriodRef, u8))> = periods.into_iter().collect();
            for run in runs(&periods) {
                let (first, (period, own)) = &run[0];
                let mut owners = owners.iter().cloned();
                let place = Place {
                    owner: owners.next(),
                    subject: subject.clone(),
                    day,
                    weeks: weeks.clone(),
                    period: (*first, period.clone()),
                };
                let span = run.len().max(usize::from(*own)) as u8;
                let raw = match (self.ours, self.view.value(origin.0, origin.1)) {
                    (true, Some(Value::Text(raw))) => raw.clone(),
                    _ => text.clone(),
                };
                places.entry(place).or_default().push(Piece {
                    origin,
                    span,
                    with: owners.map(|(name, _)| name).collect(),
                    text: raw,
                });
            }
        }
    }

    fn read(&mut self, place: &Place, pieces: &[Piece], whose: Option<&Owner>, of_classes: bool) {
        let text = pieces.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join("\n");
        let at = self.view.at(pieces[0].origin);
        let parts = match self.ours {
            true => strict::read(&text, of_classes),
            false => cell::read(&text, of_classes),
        };
        let parts = match parts {
            Ok(parts) => parts,
            Err(cell::BadWeeks(bad)) => {
                self.problems.push(bad_weeks(at, &bad));
                return;
            }
        };
        for part in parts {
            let span = pieces.iter().map(|p| p.span).max().unwrap_or(1);
            let Some(weeks) = weeks::both(&part.weeks, &place.weeks) else {
                self.problems.push(bad_weeks(at.clone(), &text));
                continue;
            };
            let shown = Entry {
                at: at.clone(),
                class: String::new(),
                with: Vec::new(),
                day: place.day,
                period: place.period.1.clone(),
                span: part.span.unwrap_or(span),
                weeks,
                subject: part.subject.clone(),
                teacher: part.teacher.clone(),
                room: part.room.clone(),
                record: part.record,
                also: part.also.clone(),
                raw: text.clone(),
            };
            let with = pieces.iter().flat_map(|p| p.with.clone()).collect();
            if let Some(entry) = self.owned(shown, part, place, with, whose, of_classes) {
                self.entries.push(entry);
            }
        }
    }

    /// Whose lesson it is: by header, title or the cell itself.
    fn owned(
        &mut self,
        mut entry: Entry,
        part: Part,
        place: &Place,
        with: Vec<String>,
        whose: Option<&Owner>,
        of_classes: bool,
    ) -> Option<Entry> {
        let mut classes = part.classes;
        if entry.subject.is_empty() && of_classes {
            let subject = place.subject.as_ref().or(self.said.subject.as_ref());
            entry.subject = subject.cloned().unwrap_or_default();
        }
        let hint = place.subject.as_ref().or(self.said.subject.as_ref());
        // 高一1班 301 in the grid of a teacher whose subject the title says.
        if let Some(subject) =
            hint.filter(|_| of_classes && entry.room.is_empty() && looks_like_room(&entry.subject))
        {
            entry.room = std::mem::replace(&mut entry.subject, subject.clone());
        }
        match (whose, place.owner.as_ref().map(|(name, _)| name.clone())) {
            (Some(Owner::Class(class)), _) => classes.insert(0, class.clone()),
            (Some(Owner::Teacher(teacher)), _) => {
                // What would be the teacher in a class's grid is more likely a room in a teacher's own.
                if entry.room.is_empty() {
                    entry.room = std::mem::take(&mut entry.teacher);
                }
                entry.teacher = teacher.clone();
            }
            (Some(Owner::Room(room)), _) => entry.room = room.clone(),
            (None, Some(header)) if of_classes => entry.teacher = header,
            (None, Some(header)) => {
                let grade = self.said.grade.as_deref();
                classes.insert(0, with_grade(&header, grade));
                classes.extend(with.iter().map(|name| with_grade(name, grade)));
            }
            (None, None) => {}
        }
        if !part.extra.is_empty() {
            let extra = seen(&part.extra.join(" "));
            self.problems.push(Problem::lost(
                entry.at.clone(),
                Code::BadValue,
                format!("「{extra}」放不进科目、教师、教室，未导入这几个字。一格只写一位教师，其余请删去。"),
                format!("“{extra}” is neither subject, teacher nor room and was left out. Write one teacher a cell."),
            ));
        }
        if classes.is_empty() {
            self.problems.push(Problem::lost(
                entry.at,
                Code::NoClass,
                format!("「{}」没有写班级，未导入。请补上班级，例如「高一3班 数学」。", seen(&entry.raw)),
                format!(
                    "“{}” names no class and was not imported. Add one, e.g. “高一3班 数学”.",
                    seen(&entry.raw)
                ),
            ));
            return None;
        }
        if entry.subject.is_empty() {
            self.problems.push(no_subject(entry.at, &entry.raw));
            return None;
        }
        entry.class = classes.remove(0);
        entry.with = classes.into_iter().filter(|c| *c != entry.class).collect();
        Some(entry)
    }
}

/// A formula without a result, or one that shows an error.
fn bad_value(view: &View<'_>, origin: (u32, u32)) -> Option<Problem> {
    let at = view.at(origin);
    match view.sheet.value(origin.0, origin.1) {
        Some(Value::Error(error)) => Some(Problem::lost(
            at,
            Code::ErrorValue,
            format!("单元格显示错误 {error}，公式引用可能已失效。请改成文字后重新导入。"),
            format!("The cell shows {error}; its formula refers to nothing. Type the text and import again."),
        )),
        Some(Value::NoResult) => Some(Problem::lost(
            at,
            Code::NoResult,
            "公式没有保存计算结果。请用 Excel 或 WPS 打开文件并保存一次，再重新导入。",
            "The formula's result is not in the file. Open it in Excel or WPS, save it once and import again.",
        )),
        _ => None,
    }
}

/// Titles are no news: names of schools, terms, 课程表.
fn is_title(text: &str) -> bool {
    let words = [
        "课表",
        "课程表",
        "总表",
        "学年",
        "学期",
        "学校",
        "中学",
        "小学",
        "timetable",
        "班级:",
        "教师:",
        "教室:",
        "班课",
    ];
    words.iter().any(|w| text.to_lowercase().contains(w)) || super::class_name::is_class(text)
}

fn day_and_period(row: &Lane, col: &Lane) -> Option<(u8, (usize, PeriodRef, u8))> {
    Some((row.day.or(col.day)?, row.period.clone().or_else(|| col.period.clone())?))
}

/// Neighbouring periods, at most [`SPAN_MAX`] together.
fn runs(periods: &[(usize, (PeriodRef, u8))]) -> Vec<&[(usize, (PeriodRef, u8))]> {
    periods.chunks(SPAN_MAX).collect()
}

pub(super) fn bad_weeks(at: At, text: &str) -> Problem {
    Problem::lost(
        at,
        Code::BadWeeks,
        format!("「{}」里的周次无法识别，这一格未导入。请写成「单周」「双周」或「1-8,10周」。", seen(text)),
        format!(
            "The weeks in “{}” are not understood; this cell was not imported. Write 单周, 双周 or 1-8,10周.",
            seen(text)
        ),
    )
}

pub(super) fn no_subject(at: At, text: &str) -> Problem {
    Problem::lost(
        at,
        Code::NoSubject,
        format!("「{}」里看不出科目，未导入。请写成「科目 教师 教室」，例如「数学 王芳 301」。", seen(text)),
        format!(
            "No subject can be told from “{}”; it was not imported. Write subject, teacher, room.",
            seen(text)
        ),
    )
}

//! Where on a sheet the grids lie: which rows and columns are which day, period and class.

use super::PeriodRef;
use super::class_name::{class_key, is_class};
use super::view::View;
use super::weeks;
use super::words::{DayWord, Half, PeriodWord, take_half};
use crate::plain::key;
use model::calendar::Weeks;
use std::collections::{BTreeMap, BTreeSet};

/// A row or column of a grid.
#[derive(Debug, Clone, Default)]
pub(super) struct Lane {
    pub(super) day: Option<u8>,
    pub(super) weeks: Weeks,
    /// Its place among the periods of its axis, and the period.
    pub(super) period: Option<(usize, PeriodRef, u8)>,
    pub(super) pause: bool,
    /// The class (or teacher) of a 总课表, and the cell that names it: two columns of one name stay two.
    pub(super) owner: Option<(String, (u32, u32))>,
    /// Of a teacher's row: what stands in its 学科 column.
    pub(super) subject: Option<String>,
}

/// One grid.
#[derive(Debug, Clone, Default)]
pub(super) struct Block {
    pub(super) rows: BTreeMap<u32, Lane>,
    pub(super) cols: BTreeMap<u32, Lane>,
    /// First row of its header, first column of its labels.
    pub(super) header: (u32, u32),
    /// Rows in which its title may stand, and columns.
    pub(super) title_rows: (u32, u32),
    pub(super) title_cols: (u32, u32),
    /// Cells that belong to its headers.
    pub(super) labels: BTreeSet<(u32, u32)>,
}

impl Block {
    /// Whether a text in a column of lessons, in a row that has no period, may be a lesson: between the rows of the grid or
    /// right below them, and neither a sum nor a footer.
    pub(super) fn may_miss(&self, at: (u32, u32), text: &str) -> bool {
        let days = self.cols.values().any(|lane| lane.day.is_some());
        let (first, last) = (self.rows.keys().next(), self.rows.keys().last());
        let inside = first.is_some_and(|r| at.0 > *r) && last.is_some_and(|r| at.0 <= *r + 1);
        let short = text.chars().count() <= 20 && !text.contains([':', '注']) && text.parse::<f64>().is_err();
        days && inside && short && self.cols.contains_key(&at.1) && !self.rows.contains_key(&at.0)
    }

    /// Whether classes stand in a header, not in the title.
    pub(super) fn has_owners(&self) -> bool {
        self.rows.values().chain(self.cols.values()).any(|lane| lane.owner.is_some())
    }
}

/// Every grid of a sheet.
pub(super) fn blocks(view: &View<'_>) -> Vec<Block> {
    let rows: Vec<u32> = (1..=view.rows).filter(|row| days_in_row(view, *row)).collect();
    if !rows.is_empty() {
        return super::layout_across::blocks(view, &rows);
    }
    super::layout_down::block(view).or_else(|| super::layout_slots::block(view)).into_iter().collect()
}

/// At least two different weekdays, or 一 二 三 四 五.
fn days_in_row(view: &View<'_>, row: u32) -> bool {
    enough_days((1..=view.cols).filter_map(|col| view.day(row, col)))
}

pub(super) fn enough_days(words: impl Iterator<Item = DayWord>) -> bool {
    let words: Vec<DayWord> = words.collect();
    let strong: BTreeSet<u8> = words.iter().filter(|w| !w.weak).map(|w| w.day).collect();
    let weak: BTreeSet<u8> = words.iter().filter(|w| w.weak).map(|w| w.day).collect();
    strong.len() >= 2 || (1..=5).all(|d| weak.contains(&d))
}

/// What the label columns (or rows) of a grid hold.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Roles {
    pub(super) period: Option<u32>,
    pub(super) time: Option<u32>,
    pub(super) half: Option<u32>,
    pub(super) owner: Option<u32>,
    /// 单周 / 双周 beside the rows.
    pub(super) weeks: Option<u32>,
}

/// Looks at label columns `cols` beside the body rows `rows`; `corner` is the header's row.
pub(super) fn roles(view: &View<'_>, cols: &[u32], rows: (u32, u32), corner: u32) -> Roles {
    let mut roles = Roles::default();
    let mut best = (0, 0, 0);
    for col in cols {
        let cells: BTreeSet<(u32, u32)> = (rows.0..=rows.1).map(|row| view.origin(row, *col)).collect();
        let texts: Vec<&str> =
            cells.iter().map(|(row, col)| view.text(*row, *col)).filter(|t| !t.is_empty()).collect();
        let periods: Vec<PeriodWord> = texts.iter().filter_map(|t| super::words::period(t)).collect();
        let labels = periods.iter().filter(|p| !is_time_only(p)).count();
        let times = periods.len() - labels;
        if !texts.is_empty() && texts.iter().all(|t| weeks::parse(t, false).is_some()) {
            roles.weeks = Some(*col);
        }
        let halves = texts.iter().filter(|t| is_half(t)).count();
        let classes = texts.iter().filter(|t| is_class(t)).count();
        let head = key(view.text(corner, *col));
        let said =
            ["班级", "班", "教师", "姓名", "老师", "教师姓名", "class", "teacher"].contains(&head.as_str());
        if labels > best.0 && labels * 2 >= texts.len() && !said {
            (best.0, roles.period) = (labels, Some(*col));
        }
        if times > best.1 && times > labels {
            (best.1, roles.time) = (times, Some(*col));
        }
        if halves > 0 && halves * 2 >= texts.len() {
            roles.half = Some(*col);
        }
        let weight = classes + if said { 1000 } else { 0 };
        if weight > best.2 && (classes * 2 >= texts.len() || said) {
            (best.2, roles.owner) = (weight, Some(*col));
        }
    }
    if roles.period.is_none() {
        roles.period = roles.time.take();
    }
    if roles.owner == roles.period {
        roles.owner = None;
    }
    roles
}

fn is_time_only(word: &PeriodWord) -> bool {
    word.period.number.is_none() && word.period.label.starts_with(|c: char| c.is_ascii_digit()) && !word.pause
}

pub(super) fn is_half(text: &str) -> bool {
    let bare = key(text);
    let (half, rest) = take_half(&bare);
    half.is_some() && rest.is_empty()
}

/// Numbers periods along an axis: where they begin again at 1 in the afternoon they go on counting, in the evening they
/// become 晚自习1, 2 …
#[derive(Debug, Default)]
pub(super) struct Counter {
    origin: Option<(u32, u32)>,
    place: usize,
    base: u8,
    last: u8,
    last_half: Option<Half>,
}

impl Counter {
    /// The next lane of the axis; `label` is where its period stands, `half` what stands beside it.
    pub(super) fn lane(&mut self, label: (u32, u32), word: PeriodWord, half: Option<Half>) -> Lane {
        // 晚上 | 1 above an empty cell | 2: the part of the day goes on while the numbers rise.
        let rising = word.period.number.is_some_and(|n| n > self.last);
        let half = word.half.or(half).or(self.last_half.filter(|_| rising));
        if self.origin != Some(label) {
            self.origin = Some(label);
            self.place += 1;
            if let Some(number) = word.period.number {
                // A new part of the day that begins at 1, or numbers that fall back to 1.
                if number <= self.last && number == 1 && (half.is_none() || half != self.last_half) {
                    self.base = self.base.saturating_add(self.last);
                }
                self.last = number + word.span - 1;
                self.last_half = half;
            }
        }
        let mut period = word.period;
        if let Some(number) = period.number {
            match half {
                Some(Half::Evening) if self.base > 0 => {
                    period.number = None;
                    period.label = format!("晚自习{number}");
                }
                _ => period.number = Some(number.saturating_add(self.base)),
            }
        }
        Lane { period: Some((self.place, period, word.span)), pause: word.pause, ..Lane::default() }
    }

    /// A row that a school calls by a name of its own (社团活动): the bell table may have it.
    pub(super) fn named(&mut self, at: (u32, u32), label: &str) -> Lane {
        if self.origin != Some(at) {
            self.origin = Some(at);
            self.place += 1;
        }
        let period = PeriodRef { label: label.to_owned(), ..PeriodRef::default() };
        Lane { period: Some((self.place, period, 1)), ..Lane::default() }
    }

    /// Another day or class begins: counting begins anew, places go on.
    pub(super) fn restart(&mut self) {
        (self.base, self.last, self.last_half, self.origin) = (0, 0, None, None);
    }
}

/// `上午` before or above a cell.
pub(super) fn half_of(text: &str) -> Option<Half> {
    let bare = key(text);
    take_half(&bare).0
}

/// `高一`, `七年级`, `2026级`, and nothing else.
pub(super) fn is_grade(text: &str) -> bool {
    let parts = class_key(&format!("{text}1班"));
    text.chars().count() <= 10 && !parts.grade.is_empty() && parts.rest == "1"
}

/// The name of a class with the grade that stands over or beside it: 七年级 over 1班 is 七年级1班.
pub(super) fn with_grade(name: &str, grade: Option<&str>) -> String {
    let number = name.len() <= 2 && name.bytes().all(|b| b.is_ascii_digit());
    match grade {
        Some(grade) if number || (is_class(name) && class_key(name).grade.is_empty()) => {
            format!("{grade}{name}{}", if number { "班" } else { "" })
        }
        _ => name.to_owned(),
    }
}

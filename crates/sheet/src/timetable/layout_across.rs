//! Grids whose days stand in a row: 班级课表, and 总课表 with a second header row of periods.

use super::class_name::is_class;
use super::layout::{Block, Counter, Lane, Roles, half_of, is_grade, roles, with_grade};
use super::view::View;
use super::weeks;
use super::words::{self, DayWord};
use crate::Value;
use crate::plain::key;
use model::calendar::Weeks;
use std::collections::{BTreeMap, BTreeSet};

/// A weekday of a header row.
#[derive(Debug, Clone)]
struct Head {
    col: u32,
    last: u32,
    word: DayWord,
}

/// The grids under these header rows.
pub(super) fn blocks(view: &View<'_>, rows: &[u32]) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut above = 1;
    for (index, row) in rows.iter().enumerate() {
        let row = *row;
        // A header merged over two rows is one header.
        if index > 0 && row > 1 && heads(view, row).iter().all(|h| view.origin(row, h.col).0 < row) {
            continue;
        }
        let end = rows
            .iter()
            .find(|next| **next > row && !continues(view, row, **next))
            .map_or(view.rows, |n| n - 1);
        let mut left = 1;
        let mut last_row = None;
        for heads in segments(view, row) {
            if let Some(block) = block(view, row, end, left, &heads, above) {
                last_row = last_row.max(block.rows.keys().last().copied()).max(Some(row));
                left = heads.last().map_or(left, |h| h.last + 1);
                blocks.push(block);
            }
        }
        // A row of dates over the weekdays is no grid: the title above both counts.
        above = last_row.map_or(above, |last| last + 1);
    }
    blocks
}

fn continues(view: &View<'_>, row: u32, next: u32) -> bool {
    heads(view, next).iter().all(|h| view.origin(next, h.col).0 <= row)
}

fn heads(view: &View<'_>, row: u32) -> Vec<Head> {
    let mut heads: Vec<Head> = Vec::new();
    let strong = (1..=view.cols).filter_map(|c| view.day(row, c)).filter(|w| !w.weak).count() >= 2;
    for col in 1..=view.cols {
        let Some(word) = view.day(row, col).filter(|w| !strong || !w.weak) else { continue };
        match heads.last_mut() {
            Some(last) if view.origin(row, last.col) == view.origin(row, col) => last.last = col,
            _ => heads.push(Head { col, last: col, word }),
        }
    }
    heads
}

/// Side by side: the days begin again. Not where a row of periods follows, nor where the weeks differ (Mon Wk1 … Mon Wk2).
fn segments(view: &View<'_>, row: u32) -> Vec<Vec<Head>> {
    let heads = heads(view, row);
    if period_row(view, row, &heads).is_some() {
        return vec![heads];
    }
    let mut segments: Vec<Vec<Head>> = Vec::new();
    for head in heads {
        let goes_on = segments.last().and_then(|s| s.last()).is_some_and(|before| {
            head.word.day > before.word.day
                || head.word.week > before.word.week
                || head.word.day == before.word.day
        });
        match segments.last_mut() {
            Some(segment) if goes_on => segment.push(head),
            _ => segments.push(vec![head]),
        }
    }
    segments
}

/// The row of periods under the days of a 总课表.
fn period_row(view: &View<'_>, row: u32, heads: &[Head]) -> Option<u32> {
    let (first, last) = (heads.first()?.col, view.cols);
    (row + 1..=(row + 2).min(view.rows)).find(|below| {
        let cells: Vec<u32> = (first..=last)
            .filter(|col| view.origin(*below, *col).0 == *below && !view.text(*below, *col).is_empty())
            .collect();
        let periods: BTreeSet<String> =
            cells.iter().filter_map(|col| view.period(*below, *col)).map(|p| p.period.label).collect();
        let words = cells.iter().filter(|col| view.period(*below, **col).is_some()).count();
        periods.len() >= 2 && words * 2 > cells.len()
    })
}

fn block(view: &View<'_>, row: u32, end: u32, left: u32, heads: &[Head], above: u32) -> Option<Block> {
    let first = heads.first()?.col;
    let sub = period_row(view, row, heads);
    let mut block = Block {
        header: (row, left.min(first)),
        title_rows: (above, row.saturating_sub(1)),
        title_cols: (left, heads.last()?.last),
        ..Block::default()
    };
    let mut begin = sub.unwrap_or(row) + 1;
    match sub {
        Some(sub) => columns_of_periods(view, row, sub, heads, &mut block),
        None => columns_of_days(view, row, heads, &mut block),
    }
    while begin <= end && is_header_row(view, begin, &block) {
        weeks_of_columns(view, begin, &mut block);
        begin += 1;
    }
    for head_row in row..begin {
        block.labels.extend((left..=view.cols).map(|col| view.origin(head_row, col)));
    }
    let before: Vec<u32> = (left..first).collect();
    let found = roles(view, &before, (begin, end), row);
    match sub {
        Some(_) => rows_of_owners(view, found, (begin, end), first, &mut block),
        None => rows_of_periods(view, found, (begin, end), &before, &mut block),
    }
    (!block.rows.is_empty()).then_some(block)
}

/// The set of weeks of `Wk n` columns: of two 单双周, of more every n-th.
fn weeks_of(heads: &[Head], head: &Head) -> Weeks {
    let greatest = heads.iter().filter_map(|h| h.word.week).max().unwrap_or(0);
    let several = heads.iter().filter_map(|h| h.word.week).collect::<BTreeSet<_>>().len() > 1;
    match head.word.week {
        Some(1) if several && greatest == 2 => Weeks::Odd,
        Some(2) if several && greatest == 2 => Weeks::Even,
        Some(from) if several && (3..=12).contains(&greatest) && from >= 1 => {
            Weeks::Mod { every: greatest, from }
        }
        _ => Weeks::All,
    }
}

/// A row of 单周 / 双周 under the days.
fn weeks_of_columns(view: &View<'_>, row: u32, block: &mut Block) {
    for (col, lane) in &mut block.cols {
        if let Some(weeks) = weeks::parse(view.text(row, *col), false) {
            lane.weeks = weeks;
        }
    }
}

/// What stands under a day whose column holds only a part of the lesson.
const PARTS: [&str; 12] = [
    "课程",
    "科目",
    "教师",
    "老师",
    "任课教师",
    "任课老师",
    "教室",
    "地点",
    "班级",
    "subject",
    "teacher",
    "room",
];

fn is_part(text: &str) -> bool {
    PARTS.contains(&key(text).as_str()) || (!text.is_empty() && weeks::parse(text, false).is_some())
}

fn columns_of_days(view: &View<'_>, row: u32, heads: &[Head], block: &mut Block) {
    for (n, head) in heads.iter().enumerate() {
        // 科目 | 教师 under a day that is written once but not merged.
        let next = heads.get(n + 1).map_or(view.cols + 1, |h| h.col);
        let beside = |col: &u32| view.text(row, *col).is_empty() && is_part(view.text(row + 1, *col));
        let last = (head.last + 1..next).take_while(beside).last().unwrap_or(head.last);
        let head = Head { last, ..head.clone() };
        let lane = Lane { day: Some(head.word.day), weeks: weeks_of(heads, &head), ..Lane::default() };
        block.cols.extend((head.col..=head.last).map(|col| (col, lane.clone())));
    }
}

fn columns_of_periods(view: &View<'_>, row: u32, sub: u32, heads: &[Head], block: &mut Block) {
    let mut counter = Counter::default();
    let mut day = None;
    for col in heads[0].col..=view.cols {
        if let Some(head) = heads.iter().rev().find(|h| h.col <= col)
            && day != Some(head.col)
        {
            day = Some(head.col);
            counter.restart();
        }
        // A column beside the days with a text of its own in the day row is none of theirs.
        let other = !view.text(row, col).is_empty() && view.day(row, col).is_none();
        let (Some(head), Some(word), false) =
            (heads.iter().rev().find(|h| h.col <= col), view.period(sub, col), other)
        else {
            continue;
        };
        let half = (row + 1..sub).find_map(|r| half_of(view.text(r, col)));
        let lane = counter.lane(view.origin(sub, col), word, half);
        block.cols.insert(col, Lane { day: Some(head.word.day), weeks: weeks_of(heads, head), ..lane });
    }
}

/// A row under the days that holds dates, or 课程 / 教师 / 教室, and no lesson.
fn is_header_row(view: &View<'_>, row: u32, block: &Block) -> bool {
    let mut some = false;
    for col in block.cols.keys() {
        let text = view.text(row, *col);
        if text.is_empty() {
            continue;
        }
        let date = matches!(view.value(row, *col), Some(Value::Date(_)))
            || (text.chars().any(|c| "月/-.".contains(c))
                && text.chars().all(|c| c.is_ascii_digit() || "年月日号/-.()".contains(c)));
        if !date && !is_part(text) && view.origin(row, *col).0 == row {
            return false;
        }
        some = true;
    }
    some
}

pub(super) fn rows_of_owners(
    view: &View<'_>,
    found: Roles,
    (begin, end): (u32, u32),
    first: u32,
    block: &mut Block,
) {
    let owner = found.owner.or_else(|| {
        (1..first).find(|col| {
            (begin..=end).any(|row| !view.text(row, *col).is_empty() && view.period(row, *col).is_none())
        })
    });
    let Some(owner) = owner else { return };
    let others = || (1..first).filter(|col| *col != owner);
    let says = |words: &[&str]| {
        others()
            .find(|c| (block.header.0..begin).any(|row| words.contains(&key(view.text(row, *c)).as_str())))
    };
    let subject = says(&["学科", "科目", "任教科目", "任教学科", "课程", "subject"]);
    let mut grade = None;
    for row in begin..=end {
        let text = view.text(row, owner);
        let footer = text.contains(':') || text.starts_with('注') || text.chars().count() > 20;
        // A line merged over the whole width is a footer, too.
        if text.is_empty() || footer || view.origin(row, owner) == view.origin(row, first) {
            continue;
        }
        grade = others().map(|col| view.text(row, col)).find(|t| is_grade(t)).or(grade);
        let subject = subject.map(|col| view.text(row, col).to_owned()).filter(|t| !t.is_empty());
        let owner = Some((with_grade(text, grade), view.origin(row, owner)));
        block.labels.extend((1..first).map(|col| view.origin(row, col)));
        block.rows.insert(row, Lane { owner, subject, ..Lane::default() });
    }
}

fn rows_of_periods(
    view: &View<'_>,
    found: Roles,
    (begin, end): (u32, u32),
    before: &[u32],
    block: &mut Block,
) {
    let Some(column) = found.period else { return };
    let beside: Vec<u32> = before.iter().copied().filter(|col| Some(*col) != found.weeks).collect();
    let mut counter = Counter::default();
    let mut owner: Option<(String, (u32, u32))> = None;
    let mut lanes: BTreeMap<u32, Lane> = BTreeMap::new();
    let mut below = 0;
    let mut usual = 0;
    for row in begin..=end {
        if let Some(name) = found.owner.map(|col| view.text(row, col)).filter(|t| is_class(t))
            && owner.as_ref().is_none_or(|(before, _)| before != name)
        {
            owner = Some((name.to_owned(), view.origin(row, found.owner.unwrap_or(column))));
            counter.restart();
        }
        let lane = match view.period(row, column) {
            Some(mut word) => {
                if let Some(time) = found.time.and_then(|col| view.period(row, col)) {
                    word.period.start_s = word.period.start_s.or(time.period.start_s);
                    word.period.end_s = word.period.end_s.or(time.period.end_s);
                }
                let half = found.half.and_then(|col| half_of(view.text(row, col)));
                (usual, below) = (below.max(usual), 0);
                Some(counter.lane(view.origin(row, column), word, half))
            }
            // Subject and teacher in two rows, the period only beside the first.
            None if view.text(row, column).is_empty()
                && goes_on(view, row, end, &beside, column, block, below < usual) =>
            {
                below += 1;
                lanes.get(&(row - 1)).cloned()
            }
            None if has_own_name(view, row, column, block) => {
                Some(counter.named(view.origin(row, column), view.text(row, column)))
            }
            None => None,
        };
        let weeks = found.weeks.and_then(|col| weeks::parse(view.text(row, col), false));
        if let Some(mut lane) = lane {
            lane.weeks = weeks.unwrap_or_default();
            block.labels.extend(before.iter().map(|col| view.origin(row, *col)));
            lanes.insert(row, Lane { owner: owner.clone(), ..lane });
        }
    }
    block.rows = lanes;
}

/// Words before the cells of a row that is no lesson: sums, signatures, who teaches.
const FOOTERS: [&str; 17] = [
    "合计",
    "总计",
    "小计",
    "课时",
    "统计",
    "签名",
    "签字",
    "制表",
    "审核",
    "校长",
    "班主任",
    "教师",
    "老师",
    "电话",
    "人数",
    "备注",
    "说明",
];

/// A row with lessons beside a name that is no period we know, e.g. 社团活动. The bell table may have it; if not, every
/// lesson of the row is told of.
fn has_own_name(view: &View<'_>, row: u32, column: u32, block: &Block) -> bool {
    let label = view.text(row, column);
    let named = !label.is_empty()
        && label.chars().count() <= 12
        && !label.contains(':')
        && !label.starts_with('注')
        && !FOOTERS.iter().any(|word| label.contains(word))
        && !is_class(label)
        && !super::layout::is_half(label);
    let lessons: BTreeSet<(u32, u32)> = block
        .cols
        .keys()
        .filter(|col| !view.text(row, **col).is_empty() && !words::is_decor(view.text(row, **col)))
        .map(|col| view.origin(row, *col))
        .collect();
    let number = |(r, c): &(u32, u32)| view.text(*r, *c).parse::<f64>().is_ok();
    let wide = lessons.iter().any(|origin| origin.1 <= column || origin.0 < row);
    named && !wide && lessons.iter().any(|origin| !number(origin))
}

/// Whether a row without a period belongs to the one above it: it has lessons, no labels, and either a period follows or
/// the periods before had as many rows.
fn goes_on(
    view: &View<'_>,
    row: u32,
    end: u32,
    before: &[u32],
    column: u32,
    block: &Block,
    usual: bool,
) -> bool {
    let labels = before.iter().any(|col| {
        let text = view.text(row, *col);
        !text.is_empty() && view.origin(row, *col).0 == row && words::period(text).is_none()
    });
    let mut filled = block.cols.keys().filter(|col| !view.text(row, **col).is_empty());
    let lessons = filled.clone().next().is_some() && !filled.all(|col| words::is_decor(view.text(row, *col)));
    let origins: BTreeSet<(u32, u32)> =
        block.cols.keys().filter(|c| !view.text(row, **c).is_empty()).map(|c| view.origin(row, *c)).collect();
    let wide = origins.len() == 1 && block.cols.len() > 1 && {
        let only = origins.first().copied().unwrap_or_default();
        block.cols.keys().filter(|c| view.origin(row, **c) == only).count() > 1
    };
    let follows = (row + 1..=end).any(|r| view.period(r, column).is_some());
    lessons && !labels && !wide && (follows || usual)
}

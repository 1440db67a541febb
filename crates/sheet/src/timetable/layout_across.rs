//! Grids whose days stand in a row: 班级课表, and 总课表 with a second header row of periods.

use super::class_name::is_class;
use super::layout::{Block, Counter, Lane, Roles, half_of, roles};
use super::view::View;
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
        let mut last_row = row;
        for heads in segments(view, row) {
            if let Some(block) = block(view, row, end, left, &heads, above) {
                last_row = last_row.max(block.rows.keys().last().copied().unwrap_or(row));
                left = heads.last().map_or(left, |h| h.last + 1);
                blocks.push(block);
            }
        }
        above = last_row + 1;
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
        None => columns_of_days(heads, &mut block),
    }
    while begin <= end && is_header_row(view, begin, &block) {
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

fn columns_of_days(heads: &[Head], block: &mut Block) {
    for head in heads {
        let lane = Lane { day: Some(head.word.day), weeks: weeks_of(heads, head), ..Lane::default() };
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
    let words =
        ["课程", "科目", "教师", "老师", "任课教师", "教室", "地点", "班级", "subject", "teacher", "room"];
    let mut some = false;
    for col in block.cols.keys() {
        let text = view.text(row, *col);
        if text.is_empty() {
            continue;
        }
        let date = matches!(view.value(row, *col), Some(Value::Date(_)))
            || (text.chars().any(|c| "月/-.".contains(c))
                && text.chars().all(|c| c.is_ascii_digit() || "年月日号/-.()".contains(c)));
        if !date && !words.contains(&key(text).as_str()) && view.origin(row, *col).0 == row {
            return false;
        }
        some = true;
    }
    some
}

fn rows_of_owners(view: &View<'_>, found: Roles, (begin, end): (u32, u32), first: u32, block: &mut Block) {
    let owner = found.owner.or_else(|| {
        (1..first).find(|col| {
            (begin..=end).any(|row| !view.text(row, *col).is_empty() && view.period(row, *col).is_none())
        })
    });
    let Some(owner) = owner else { return };
    for row in begin..=end {
        let text = view.text(row, owner);
        let footer = text.contains(':') || text.starts_with('注') || text.chars().count() > 20;
        // A line merged over the whole width is a footer, too.
        if text.is_empty() || footer || view.origin(row, owner) == view.origin(row, first) {
            continue;
        }
        let text = text.to_owned();
        block.labels.extend((1..first).map(|col| view.origin(row, col)));
        block.rows.insert(row, Lane { owner: Some(text), ..Lane::default() });
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
    let mut counter = Counter::default();
    let mut owner: Option<String> = None;
    let mut lanes: BTreeMap<u32, Lane> = BTreeMap::new();
    let mut below = 0;
    let mut usual = 0;
    for row in begin..=end {
        if let Some(name) = found.owner.map(|col| view.text(row, col)).filter(|t| is_class(t))
            && owner.as_deref() != Some(name)
        {
            owner = Some(name.to_owned());
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
                && goes_on(view, row, end, before, column, block, below < usual) =>
            {
                below += 1;
                lanes.get(&(row - 1)).cloned()
            }
            None => None,
        };
        if let Some(lane) = lane {
            block.labels.extend(before.iter().map(|col| view.origin(row, *col)));
            lanes.insert(row, Lane { owner: owner.clone(), ..lane });
        }
    }
    block.rows = lanes;
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

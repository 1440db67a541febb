//! Grids whose days stand in a column (总课表 turned round, days as rows), and grids of one day named in the title.

use super::class_name::is_class;
use super::layout::{Block, Counter, Lane, enough_days, half_of, is_grade, roles, with_grade};
use super::view::View;
use super::words::{self, PeriodWord};
use std::collections::BTreeSet;

pub(super) fn block(view: &View<'_>) -> Option<Block> {
    // Days are labels: they stand among the first columns.
    let day = (1..=view.cols.min(6)).find(|col| {
        let origins: BTreeSet<(u32, u32)> = (1..=view.rows).map(|row| view.origin(row, *col)).collect();
        enough_days(origins.iter().filter_map(|(row, col)| view.day(*row, *col)))
    });
    match day {
        Some(column) => days_down(view, column),
        None => one_day(view),
    }
}

fn days_down(view: &View<'_>, column: u32) -> Option<Block> {
    let begin = (1..=view.rows).find(|row| view.day(*row, column).is_some())?;
    let labels: Vec<u32> = (1..=(column + 3).min(view.cols)).filter(|col| *col != column).collect();
    let found = roles(view, &labels, (begin, view.rows), begin.saturating_sub(1));
    let period =
        found.period.filter(|p| *p < column || (column + 1..*p).all(|col| is_label(view, col, begin)));
    let first = column.max(period.unwrap_or(0)).max(found.time.unwrap_or(0)).max(found.half.unwrap_or(0)) + 1;
    let mut block =
        Block { header: (begin.saturating_sub(1).max(1), 1), title_cols: (1, view.cols), ..Block::default() };
    let head = columns(view, begin, first, period.is_none(), &mut block)?;
    block.header.0 = head;
    block.title_rows = (1, head.saturating_sub(1));
    for row in head..begin {
        block.labels.extend((1..=view.cols).map(|col| view.origin(row, col)));
    }
    let mut counter = Counter::default();
    let mut day = None;
    for row in begin..=view.rows {
        if let Some(word) = view.day(row, column) {
            if day != Some(word.day) {
                counter.restart();
            }
            day = Some(word.day);
        } else if !view.text(row, column).is_empty() {
            // A footer.
            day = None;
        }
        let lane = match period {
            Some(col) => view.period(row, col).map(|word| {
                let half = found.half.and_then(|col| half_of(view.text(row, col)));
                counter.lane(view.origin(row, col), with_time(view, found.time, row, word), half)
            }),
            None => Some(Lane::default()),
        };
        if let (Some(day), Some(lane)) = (day, lane) {
            block.labels.extend((1..first).map(|col| view.origin(row, col)));
            block.rows.insert(row, Lane { day: Some(day), ..lane });
        }
    }
    (!block.rows.is_empty()).then_some(block)
}

/// A column between days and periods: 上午 / 下午 or times.
fn is_label(view: &View<'_>, col: u32, begin: u32) -> bool {
    (begin..=view.rows).all(|row| {
        let text = view.text(row, col);
        text.is_empty() || words::is_decor(text) || words::period(text).is_some()
    })
}

fn with_time(view: &View<'_>, time: Option<u32>, row: u32, mut word: PeriodWord) -> PeriodWord {
    if let Some(time) = time.and_then(|col| view.period(row, col)) {
        word.period.start_s = word.period.start_s.or(time.period.start_s);
        word.period.end_s = word.period.end_s.or(time.period.end_s);
    }
    word
}

/// The header above: classes, or periods when the rows carry none. Gives the header's row.
pub(super) fn columns(
    view: &View<'_>,
    begin: u32,
    first: u32,
    of_periods: bool,
    block: &mut Block,
) -> Option<u32> {
    for row in (1..begin).rev().take(3) {
        let cells: Vec<u32> = (first..=view.cols).filter(|col| !view.text(row, *col).is_empty()).collect();
        let origins: BTreeSet<(u32, u32)> = cells.iter().map(|col| view.origin(row, *col)).collect();
        if origins.len() < 2 && !(cells.len() == 1 && is_class(view.text(row, cells[0]))) {
            continue;
        }
        let mut counter = Counter::default();
        for col in cells {
            let lane = match of_periods {
                true => view.period(row, col).map(|word| {
                    let half = (1..row).rev().take(2).find_map(|r| half_of(view.text(r, col)));
                    counter.lane(view.origin(row, col), word, half)
                }),
                false => {
                    let grade = grade_above(view, row, first, col);
                    block.labels.extend(grade);
                    let name = with_grade(view.text(row, col), grade.map(|(r, c)| view.text(r, c)));
                    Some(Lane { owner: Some((name, view.origin(row, col))), ..Lane::default() })
                }
            };
            if let Some(lane) = lane {
                block.cols.insert(col, lane);
            }
        }
        if !block.cols.is_empty() {
            return Some(row);
        }
    }
    None
}

/// Where the grade of this column stands: over it, or over the first of its classes.
fn grade_above(view: &View<'_>, row: u32, first: u32, col: u32) -> Option<(u32, u32)> {
    (1..row).rev().take(2).find_map(|above| {
        let nearest = (first..=col).rev().find(|c| !view.text(above, *c).is_empty())?;
        is_grade(view.text(above, nearest)).then(|| view.origin(above, nearest))
    })
}

/// Classes × periods of one day; the day stands in the title or is the sheet's name.
fn one_day(view: &View<'_>) -> Option<Block> {
    let head = (1..=view.rows).find(|row| {
        let origins: BTreeSet<(u32, u32)> = (1..=view.cols).map(|col| view.origin(*row, col)).collect();
        let periods: BTreeSet<String> =
            origins.iter().filter_map(|(r, c)| view.period(*r, *c)).map(|p| p.period.label).collect();
        periods.len() >= 3
    })?;
    let titles = (1..head).flat_map(|row| (1..=view.cols).map(move |col| view.text(row, col)));
    let day = titles
        .flat_map(|title| title.split([' ', '\n', '(', ')', ':']))
        .chain([view.sheet.name.as_str()])
        .find_map(|word| words::day(word).filter(|w| !w.weak))?;
    let first = (1..=view.cols).find(|col| view.period(head, *col).is_some())?;
    let labels: Vec<u32> = (1..first).collect();
    let owner = roles(view, &labels, (head + 1, view.rows), head).owner?;
    let mut block = Block {
        header: (head, 1),
        title_rows: (1, head.saturating_sub(1)),
        title_cols: (1, view.cols),
        ..Block::default()
    };
    let mut counter = Counter::default();
    for col in first..=view.cols {
        if let Some(word) = view.period(head, col) {
            let lane = counter.lane(view.origin(head, col), word, None);
            block.cols.insert(col, Lane { day: Some(day.day), ..lane });
        }
    }
    block.labels.extend((1..=view.cols).map(|col| view.origin(head, col)));
    let mut grade = None;
    for row in head + 1..=view.rows {
        grade = labels.iter().map(|col| view.text(row, *col)).find(|t| is_grade(t)).or(grade);
        let text = view.text(row, owner);
        if is_class(text) || with_grade(text, grade) != text {
            block.labels.extend(labels.iter().map(|col| view.origin(row, *col)));
            block.rows.insert(
                row,
                Lane { owner: Some((with_grade(text, grade), view.origin(row, owner))), ..Lane::default() },
            );
        }
    }
    (!block.rows.is_empty()).then_some(block)
}

//! Grids whose headers name day and period in one cell: 周一第1节 | 周一第2节 …, classes beside them or above.

use super::layout::{Block, Counter, Lane, roles};
use super::layout_across::rows_of_owners;
use super::layout_down::columns;
use super::view::View;
use super::words;

/// Fewer such cells are a text that happens to name a lesson.
const SLOTS_MIN: usize = 4;

pub(super) fn block(view: &View<'_>) -> Option<Block> {
    across(view).or_else(|| down(view))
}

fn across(view: &View<'_>) -> Option<Block> {
    let slots = |row: u32| (1..=view.cols).filter(move |col| words::slot(view.text(row, *col)).is_some());
    let head = (1..=view.rows).find(|row| slots(*row).count() >= SLOTS_MIN)?;
    let first = slots(head).next()?;
    let mut block = Block {
        header: (head, 1),
        title_rows: (1, head.saturating_sub(1)),
        title_cols: (1, view.cols),
        labels: (1..=view.cols).map(|col| view.origin(head, col)).collect(),
        ..Block::default()
    };
    let mut lanes = Lanes::default();
    block.cols = (first..=view.cols).filter_map(|col| Some((col, lanes.next(view, head, col)?))).collect();
    let before: Vec<u32> = (1..first).collect();
    let found = roles(view, &before, (head + 1, view.rows), head);
    rows_of_owners(view, found, (head + 1, view.rows), first, &mut block);
    (!block.rows.is_empty()).then_some(block)
}

fn down(view: &View<'_>) -> Option<Block> {
    let slots = |col: u32| (1..=view.rows).filter(move |row| words::slot(view.text(*row, col)).is_some());
    let column = (1..=view.cols.min(6)).find(|col| slots(*col).count() >= SLOTS_MIN)?;
    let begin = slots(column).next()?;
    let mut block = Block { title_cols: (1, view.cols), ..Block::default() };
    let head = columns(view, begin, column + 1, false, &mut block)?;
    (block.header, block.title_rows) = ((head, 1), (1, head.saturating_sub(1)));
    block.labels.extend((1..=view.cols).map(|col| view.origin(head, col)));
    let mut lanes = Lanes::default();
    for row in begin..=view.rows {
        if let Some(lane) = lanes.next(view, row, column) {
            block.labels.extend((1..=column).map(|col| view.origin(row, col)));
            block.rows.insert(row, lane);
        }
    }
    Some(block)
}

/// Counts the periods of each day anew.
#[derive(Default)]
struct Lanes {
    counter: Counter,
    day: Option<u8>,
}

impl Lanes {
    fn next(&mut self, view: &View<'_>, row: u32, col: u32) -> Option<Lane> {
        let (day, period) = words::slot(view.text(row, col))?;
        if self.day != Some(day.day) {
            self.counter.restart();
            self.day = Some(day.day);
        }
        Some(Lane { day: Some(day.day), ..self.counter.lane(view.origin(row, col), period, None) })
    }
}

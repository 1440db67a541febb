//! A sheet as a person sees it: merged cells show their text everywhere.

use super::words::{self, DayWord, PeriodWord};
use crate::plain::plain;
use crate::{At, Sheet, Value};
use std::collections::{BTreeMap, HashMap};

/// Most cells that merged areas cover together; beyond it further areas are taken for unmerged.
const COVERED_MAX: usize = 400_000;
/// Serial numbers of 2000-01-01 and 2099-12-31: a whole number between them in a header is a date.
const SERIALS: std::ops::RangeInclusive<f64> = 36_526.0..=73_050.0;

pub(crate) struct View<'a> {
    pub(crate) sheet: &'a Sheet,
    pub(crate) rows: u32,
    pub(crate) cols: u32,
    texts: BTreeMap<(u32, u32), String>,
    owners: HashMap<(u32, u32), (u32, u32)>,
}

impl<'a> View<'a> {
    pub(crate) fn new(sheet: &'a Sheet) -> Self {
        let texts: BTreeMap<(u32, u32), String> = sheet
            .cells
            .iter()
            .map(|(at, value)| (*at, plain(&value.text())))
            .filter(|(_, text)| !text.is_empty())
            .collect();
        let mut view = Self { sheet, rows: sheet.rows, cols: sheet.cols, texts, owners: HashMap::new() };
        for area in &sheet.merges {
            let origin = (area.top, area.left);
            if !sheet.cells.contains_key(&origin) {
                continue;
            }
            let cells = (area.bottom - area.top + 1) as usize * (area.right - area.left + 1) as usize;
            if view.owners.len() + cells > COVERED_MAX {
                continue;
            }
            for row in area.top..=area.bottom {
                view.owners.extend((area.left..=area.right).map(|col| ((row, col), origin)));
            }
            view.rows = view.rows.max(area.bottom);
            view.cols = view.cols.max(area.right);
        }
        view
    }

    /// The cell whose text is shown here.
    pub(crate) fn origin(&self, row: u32, col: u32) -> (u32, u32) {
        self.owners.get(&(row, col)).copied().unwrap_or((row, col))
    }

    /// What is shown here, plain.
    pub(crate) fn text(&self, row: u32, col: u32) -> &str {
        self.texts.get(&self.origin(row, col)).map_or("", String::as_str)
    }

    /// What is stored here; nothing where another cell covers this one.
    pub(crate) fn value(&self, row: u32, col: u32) -> Option<&'a Value> {
        let own = self.origin(row, col) == (row, col);
        own.then(|| self.sheet.value(row, col)).flatten()
    }

    /// Cells with something in them that is shown.
    pub(super) fn filled(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.sheet.cells.keys().copied().filter(|(row, col)| self.origin(*row, *col) == (*row, *col))
    }

    pub(crate) fn at(&self, (row, col): (u32, u32)) -> At {
        self.sheet.at(row, col)
    }

    /// The weekday shown here; a serial number counts as its date.
    pub(super) fn day(&self, row: u32, col: u32) -> Option<DayWord> {
        let (row, col) = self.origin(row, col);
        if let Some(Value::Number(number)) = self.sheet.value(row, col)
            && number.fract() == 0.0
            && SERIALS.contains(number)
        {
            // 2000-01-01 was a Saturday.
            let day = ((*number as i64 - 36_526) + 5).rem_euclid(7) as u8 + 1;
            return Some(DayWord { day, week: None, weak: false });
        }
        words::day(self.text(row, col))
    }

    /// The period shown here.
    pub(super) fn period(&self, row: u32, col: u32) -> Option<PeriodWord> {
        words::period(self.text(row, col))
    }
}

//! Which period of the bell tables a file means, and which periods a lesson of several takes.

use super::PeriodRef;
use crate::plain::{key, numeral};
use model::calendar::{BellTable, PeriodKind};
use std::collections::BTreeMap;

/// The school's bell tables; the first one decides.
pub(super) struct Bells<'a> {
    tables: &'a [BellTable],
    by_label: BTreeMap<String, u8>,
}

/// A row of the day.
pub(super) struct BellRow {
    pub(super) no: u8,
    pub(super) label: String,
    pub(super) kind: PeriodKind,
    /// Seconds after midnight, where the first table has the period.
    pub(super) time: Option<(u32, u32)>,
}

/// Seconds by which a file's time may differ from the bell's start.
const LATE_S: u32 = 5 * 60;

impl<'a> Bells<'a> {
    pub(super) fn new(tables: &'a [BellTable]) -> Self {
        let mut by_label = BTreeMap::new();
        for period in tables.iter().flat_map(|t| &t.periods).filter(|p| p.kind != PeriodKind::Break) {
            by_label.entry(label_key(&period.label)).or_insert(period.no);
        }
        Self { tables, by_label }
    }

    /// By label as it stands, else n of 第n节 as the n-th lesson period, else by when it begins.
    pub(super) fn number(&self, period: &PeriodRef) -> Option<u8> {
        if let Some((_, no)) = period.label.rsplit_once('#') {
            let no = no.trim().parse().ok()?;
            return self.tables.iter().any(|t| t.periods.iter().any(|p| p.no == no)).then_some(no);
        }
        // A label in the afternoon may say 第1节 for the fifth: its number has been counted on.
        let as_said = period.number.is_none_or(|n| label_number(&period.label).is_none_or(|said| said == n));
        if as_said && let Some(no) = self.by_label.get(&label_key(&period.label)) {
            return Some(*no);
        }
        if let Some(number) = period.number {
            return self.tables.iter().find_map(|t| nth_lesson(t, number));
        }
        self.alike(&period.label).or_else(|| {
            let start = period.start_s?;
            self.tables.iter().find_map(|t| at_time(t, start, period.end_s))
        })
    }

    /// 早自习 for 早读, 晚自习1 for 第1节晚自习: the same kind and the same number.
    fn alike(&self, label: &str) -> Option<u8> {
        let bare = key(label);
        let number = label_number(label).unwrap_or(1);
        let kind = if bare.contains('早') || bare.contains('晨') || bare.contains("morning") {
            Some((PeriodKind::Reading, 1))
        } else if bare.contains('晚') || bare.contains("evening") {
            Some((PeriodKind::SelfStudy, number))
        } else {
            None
        };
        let (kind, number) = kind?;
        let table = self.tables.first()?;
        let of_kind = table.periods.iter().filter(|p| p.kind == kind);
        of_kind
            .filter(|p| kind != PeriodKind::SelfStudy || p.start_s >= 17 * 3600)
            .nth(usize::from(number).checked_sub(1)?)
            .map(|p| p.no)
    }

    /// What the first table that has it calls a period.
    pub(super) fn label(&self, no: u8) -> String {
        let found = self.tables.iter().find_map(|t| t.periods.iter().find(|p| p.no == no));
        found.map_or_else(|| format!("#{no}"), |p| p.label.clone())
    }

    /// The periods a lesson takes: its own and the next ones that are no breaks.
    pub(super) fn taken(&self, no: u8, span: u8) -> Vec<u8> {
        let table = self.tables.iter().find(|t| t.periods.iter().any(|p| p.no == no));
        let Some(table) = table else { return vec![no] };
        table
            .periods
            .iter()
            .skip_while(|p| p.no != no)
            .filter(|p| p.kind != PeriodKind::Break || p.no == no)
            .take(usize::from(span.max(1)))
            .map(|p| p.no)
            .collect()
    }

    /// Periods with cells and breaks between them, in order of the first table; then those only other tables have.
    pub(super) fn rows(&self) -> Vec<BellRow> {
        let mut rows: Vec<BellRow> = Vec::new();
        for (index, table) in self.tables.iter().enumerate() {
            for period in &table.periods {
                if !rows.iter().any(|r| r.no == period.no) {
                    let time = (index == 0).then_some((period.start_s, period.end_s));
                    rows.push(BellRow {
                        no: period.no,
                        label: period.label.clone(),
                        kind: period.kind,
                        time,
                    });
                }
            }
        }
        rows
    }
}

/// 第三节, 第3节 and `3` are one label.
fn label_key(label: &str) -> String {
    let bare = key(label);
    match label_number(label) {
        Some(number) => {
            let stem: String = bare
                .chars()
                .filter(|c| !c.is_ascii_digit() && !"第节一二三四五六七八九十".contains(*c))
                .collect();
            format!("{stem}{number}")
        }
        None => bare,
    }
}

fn label_number(label: &str) -> Option<u8> {
    let bare = key(label);
    let is_numeral = |c: char| c.is_ascii_digit() || "一二三四五六七八九十".contains(c);
    let begin = bare.find(is_numeral)?;
    let tail = &bare[begin..];
    numeral(&tail[..tail.find(|c| !is_numeral(c)).unwrap_or(tail.len())])
}

fn nth_lesson(table: &BellTable, number: u8) -> Option<u8> {
    let lessons = table.periods.iter().filter(|p| p.kind == PeriodKind::Lesson);
    lessons.map(|p| p.no).nth(usize::from(number).checked_sub(1)?)
}

/// The period that begins within [`LATE_S`] of a time, or holds the middle of the lesson.
fn at_time(table: &BellTable, start_s: u32, end_s: Option<u32>) -> Option<u8> {
    let periods = || table.periods.iter().filter(|p| p.kind != PeriodKind::Break);
    let near = periods()
        .filter(|p| p.start_s.abs_diff(start_s) <= LATE_S)
        .min_by_key(|p| p.start_s.abs_diff(start_s));
    let middle = end_s.map_or(start_s + 20 * 60, |end| start_s.midpoint(end));
    near.or_else(|| periods().find(|p| p.start_s <= middle && middle < p.end_s)).map(|p| p.no)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::timetable::words::period;
    use model::calendar::Period;

    fn table() -> BellTable {
        let period = |no, label: &str, kind, start_s: u32| Period {
            no,
            label: label.to_owned(),
            kind,
            start_s: start_s * 60,
            end_s: start_s * 60 + 2_700,
        };
        BellTable {
            id: 1,
            name: "冬".to_owned(),
            periods: vec![
                period(1, "早读", PeriodKind::Reading, 450),
                period(2, "第一节", PeriodKind::Lesson, 500),
                period(3, "第二节", PeriodKind::Lesson, 560),
                period(4, "大课间", PeriodKind::Break, 610),
                period(5, "第三节", PeriodKind::Lesson, 660),
                period(6, "晚自习一", PeriodKind::SelfStudy, 1140),
                period(7, "晚自习二", PeriodKind::SelfStudy, 1190),
            ],
        }
    }

    #[test]
    fn labels_numbers_and_times_find_their_period() {
        let tables = [table()];
        let bells = Bells::new(&tables);
        for (text, no) in [
            ("第1节", Some(2)),
            ("第三节", Some(5)),
            ("3", Some(5)),
            ("早读", Some(1)),
            ("早自习", Some(1)),
            ("晚自习2", Some(7)),
            ("第2节晚自习", Some(7)),
            ("9:22-10:05", Some(3)),
            ("第4节", None),
            ("课后服务", None),
            ("自习 #6", Some(6)),
            ("x #99", None),
        ] {
            let word = period(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(bells.number(&word.period), no, "{text}");
        }
        assert_eq!(bells.taken(3, 2), [3, 5]);
        assert_eq!(bells.taken(7, 4), [7]);
    }
}

//! An example calendar to begin with: a school year of two terms, eight periods of 40 minutes.

use crate::lang::Lang;
use jiff::civil::{Date, Weekday, date};
use model::calendar::{BellTable, Calendar, Period, PeriodKind, Term};

/// Label (中文, English), kind, start and end as `HHMM`, number. 大课间 and 午休 carry no cells.
type Row = (&'static str, &'static str, PeriodKind, u32, u32, u8);

const DAY: [Row; 11] = [
    ("第1节", "Period 1", PeriodKind::Lesson, 800, 840, 1),
    ("第2节", "Period 2", PeriodKind::Lesson, 850, 930, 2),
    ("大课间", "Long break", PeriodKind::Break, 930, 1000, 31),
    ("第3节", "Period 3", PeriodKind::Lesson, 1000, 1040, 3),
    ("第4节", "Period 4", PeriodKind::Lesson, 1050, 1130, 4),
    ("午休", "Noon", PeriodKind::Break, 1130, 1400, 32),
    ("第5节", "Period 5", PeriodKind::Lesson, 1400, 1440, 5),
    ("第6节", "Period 6", PeriodKind::Lesson, 1450, 1530, 6),
    ("课间操", "Exercise", PeriodKind::Break, 1530, 1550, 33),
    ("第7节", "Period 7", PeriodKind::Lesson, 1550, 1630, 7),
    ("第8节", "Period 8", PeriodKind::Lesson, 1640, 1720, 8),
];

/// The school year that `today` is in (from July on the coming one), with the usual dates of a Chinese school.
pub fn calendar(l: Lang, today: Date) -> Calendar {
    let first = if today.month() >= 7 { today.year() } else { today.year() - 1 };
    let year = format!("{first}-{}", first + 1);
    let term = |name: &str, start: Date, end: Date| Term {
        year: year.clone(),
        name: name.to_owned(),
        start,
        end,
        weeks: Vec::new(),
        rotation: None,
    };
    let autumn = date(first, 9, 1);
    let spring = monday_from(date(first + 1, 2, 24));
    Calendar {
        terms: vec![
            term(l.t("第一学期", "First term"), autumn, date(first + 1, 1, 22)),
            term(l.t("第二学期", "Second term"), spring, date(first + 1, 7, 3)),
        ],
        days: Vec::new(),
        bell_tables: vec![BellTable {
            id: 1,
            name: l.t("平时作息", "Usual bells").to_owned(),
            periods: DAY.map(|row| period(l, row)).to_vec(),
        }],
        bell_rules: Vec::new(),
    }
}

/// The first Monday not before a date.
fn monday_from(from: Date) -> Date {
    let away = |d: &Date| d.weekday() == Weekday::Monday;
    from.series(jiff::Span::new().days(1)).take(7).find(away).unwrap_or(from)
}

fn period(l: Lang, (zh, en, kind, start, end, no): Row) -> Period {
    let seconds = |hhmm: u32| hhmm / 100 * 3600 + hhmm % 100 * 60;
    Period { no, label: l.t(zh, en).to_owned(), kind, start_s: seconds(start), end_s: seconds(end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_breaks_no_rule_in_any_year_and_has_today_in_mind() {
        for year in 2024..2040 {
            for (month, day) in [(1, 5), (6, 30), (7, 1), (9, 1), (12, 31)] {
                let example = calendar(Lang::Zh, date(year, month, day));
                assert_eq!(example.check(), [], "{year}-{month}-{day}");
                assert!(calendar(Lang::En, date(year, month, day)).check().is_empty());
            }
        }
        let example = calendar(Lang::Zh, date(2026, 11, 20));
        assert_eq!(example.term(date(2026, 11, 20)).unwrap().week(date(2026, 11, 20)), 12);
        assert_eq!(example.bell_tables[0].periods.iter().filter(|p| p.kind == PeriodKind::Lesson).count(), 8);
        assert_eq!(example.terms[1].start.weekday(), Weekday::Monday);
    }
}

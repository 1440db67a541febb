//! Files that name times instead of periods: the bell table says which period that is.

use super::PeriodRef;
use super::bells::Bells;
use model::calendar::{BellTable, PeriodKind};

/// The period of a lesson from `start_s` to `end_s` and how many it takes. Without bells the time alone.
pub(super) fn timed_period(start_s: u32, end_s: u32, bells: Option<&BellTable>) -> (PeriodRef, u8) {
    let label = format!("{}-{}", clock(start_s), clock(end_s));
    let timed = PeriodRef { label, number: None, start_s: Some(start_s), end_s: Some(end_s) };
    let Some(table) = bells else { return (timed, 1) };
    let known = Bells::new(std::slice::from_ref(table));
    let Some(no) = known.number(&timed) else { return (timed, 1) };
    let lessons = table.periods.iter().filter(|p| p.kind != PeriodKind::Break);
    // A period belongs to the lesson when half of it does.
    let span = lessons
        .skip_while(|p| p.no != no)
        .take_while(|p| p.no == no || p.start_s.midpoint(p.end_s) < end_s)
        .take(4)
        .count()
        .max(1) as u8;
    (PeriodRef { label: format!("{} #{no}", known.label(no)), ..timed }, span)
}

fn clock(seconds: u32) -> String {
    format!("{}:{:02}", seconds / 3600, seconds / 60 % 60)
}

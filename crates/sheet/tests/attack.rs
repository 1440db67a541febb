//! Files that are small enough to be taken and made to keep a core busy.
#![allow(missing_docs, clippy::unwrap_used, reason = "in a test a panic is the report")]

use jiff::ToSpan;
use jiff::civil::date;
use jiff::tz::TimeZone;

/// A line a date, in years that no date of the other list has.
fn lines(name: &str, year: i16, count: i64) -> String {
    let day =
        |n: i64| date(year, 1, 1).checked_add((n % 300_000).days()).unwrap().strftime("%Y%m%d").to_string();
    (0..count).map(|n| format!("{name}:{}\r\n", day(n))).collect()
}

#[test]
fn an_event_of_half_a_million_exceptions_is_read_soon() {
    let text = format!(
        "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:语文\r\nDTSTART:20260901T080000\r\nDTEND:20260901T084500\r\n{}{}END:VEVENT\r\nEND:VCALENDAR\r\n",
        lines("RDATE", 2026, 250_000),
        lines("EXDATE", 1026, 250_000)
    );
    let found = sheet::timetable::read("课表.ics", text.as_bytes(), None, &TimeZone::UTC).unwrap();
    assert!(found.entries().count() <= 7, "one lesson of each weekday at most");
}

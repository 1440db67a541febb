//! iCalendar (RFC 5545): feeds out, timetables in.

mod repeat;
mod text;

pub(crate) use repeat::{Dates, dates};
pub(crate) use text::{Component, components};

use jiff::Timestamp;
use text::{escaped, folded};

/// One dated lesson of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// The same for ever, e.g. the lesson's id and the site's host.
    pub uid: String,
    /// Counts up with every change of the lesson.
    pub sequence: u32,
    /// When it was last changed, Unix ms.
    pub changed_at_ms: i64,
    /// Unix ms, inclusive.
    pub start_at_ms: i64,
    /// Unix ms, exclusive.
    pub end_at_ms: i64,
    /// 科目, for teachers with the class.
    pub summary: String,
    /// 教室.
    pub location: String,
    /// Teacher and whatever else.
    pub description: String,
    /// It is not held.
    pub cancelled: bool,
}

/// A calendar of these events. `zone` is an IANA name, told to calendars that show it; times are in UTC.
///
/// The same events give the same bytes, so that a reader's cache and an ETag work: DTSTAMP is when the event was last
/// changed (RFC 5545 §3.8.7.2 for calendars without METHOD).
pub fn write(events: &[Event], name: &str, zone: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut line = |text: String| folded(&text, &mut out);
    line("BEGIN:VCALENDAR".to_owned());
    line("VERSION:2.0".to_owned());
    line("PRODID:-//Yunlubo//Timetable//ZH".to_owned());
    line("CALSCALE:GREGORIAN".to_owned());
    // RFC 7986 §5.1 and §5.7; X-WR-* is what calendars of before it read.
    line(format!("NAME:{}", escaped(name)));
    line(format!("X-WR-CALNAME:{}", escaped(name)));
    line(format!("X-WR-TIMEZONE:{}", escaped(zone)));
    line("REFRESH-INTERVAL;VALUE=DURATION:PT1H".to_owned());
    line("X-PUBLISHED-TTL:PT1H".to_owned());
    for event in events {
        line("BEGIN:VEVENT".to_owned());
        line(format!("UID:{}", escaped(&event.uid)));
        line(format!("DTSTAMP:{}", utc(event.changed_at_ms)));
        line(format!("SEQUENCE:{}", event.sequence));
        line(format!("DTSTART:{}", utc(event.start_at_ms)));
        line(format!("DTEND:{}", utc(event.end_at_ms)));
        line(format!("SUMMARY:{}", escaped(&event.summary)));
        for (property, text) in [("LOCATION", &event.location), ("DESCRIPTION", &event.description)] {
            if !text.is_empty() {
                line(format!("{property}:{}", escaped(text)));
            }
        }
        line(format!("STATUS:{}", if event.cancelled { "CANCELLED" } else { "CONFIRMED" }));
        line("END:VEVENT".to_owned());
    }
    line("END:VCALENDAR".to_owned());
    out
}

/// RFC 5545 §3.3.5, form 2. Instants no calendar can hold become the epoch.
fn utc(at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime("%Y%m%dT%H%M%SZ").to_string()
}

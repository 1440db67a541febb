//! iCalendar (RFC 5545): feeds out, timetables in.

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
pub fn write(events: &[Event], name: &str, zone: &str) -> Vec<u8> {
    let _ = (events, name, zone);
    Vec::new()
}

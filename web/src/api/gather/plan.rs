//! What the channels of a gatherer record in the coming weeks: the school's book, expanded (docs/timetable.md §6).

use crate::error::WebError;
use crate::state::AppState;
use db::GathererState;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use model::calendar::Span;
use model::timetable::occurrences;
use relay_proto::site::{PLAN_DAYS_AHEAD, PLAN_DAYS_BACK};

/// The dates a desired state covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// First local date.
    pub from: Date,
    /// Last local date.
    pub last: Date,
}

impl Window {
    /// Around the local date of `now_ms`.
    pub fn at(zone: &TimeZone, now_ms: i64) -> Result<Self, WebError> {
        let wrong = |e: jiff::Error| WebError::Internal(format!("the clock shows {now_ms} ms: {e}"));
        let today = Timestamp::from_millisecond(now_ms).map_err(wrong)?.to_zoned(zone.clone()).date();
        Ok(Self {
            from: today.checked_sub(i64::from(PLAN_DAYS_BACK).days()).map_err(wrong)?,
            last: today.checked_add(i64::from(PLAN_DAYS_AHEAD).days()).map_err(wrong)?,
        })
    }
}

/// What this gatherer's channels record in `window`, ascending by channel and start.
pub(super) async fn spans(
    _state: &AppState,
    found: &GathererState,
    zone: &TimeZone,
    window: Window,
) -> Result<Vec<Span>, WebError> {
    let dates = window.from.series(1.day()).take_while(|date| *date <= window.last);
    let mut spans: Vec<Span> = Vec::new();
    for date in dates {
        for channel in &found.channels {
            spans.extend(occurrences(&found.ranges, channel.id, zone, date).into_iter().map(|o| Span {
                key: o.lesson_key,
                channel_id: channel.id,
                start_at_ms: o.start_at_ms,
                end_at_ms: o.end_at_ms,
                subject_id: o.range.subject_id,
                teacher_id: o.range.teacher_id,
                range_id: o.range.id,
            }));
        }
    }
    spans.sort_by_key(|span| (span.channel_id, span.start_at_ms));
    Ok(spans)
}

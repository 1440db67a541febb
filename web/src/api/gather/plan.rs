//! What the channels of a gatherer record in the coming weeks: the school's book, expanded (docs/timetable.md §6).

use crate::error::WebError;
use crate::state::AppState;
use db::GathererState;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use model::calendar::{LessonKey, Span};
use model::slice::SliceFacts;
use model::{ChannelId, GathererId, RangeId, TeacherId};
use relay_proto::site::{PLAN_DAYS_AHEAD, PLAN_DAYS_BACK};
use std::collections::BTreeSet;

/// The dates a desired state covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    /// First local date.
    pub from: Date,
    /// Last local date.
    pub last: Date,
}

impl Window {
    /// How many dates it has.
    const DAYS: u16 = PLAN_DAYS_BACK + 1 + PLAN_DAYS_AHEAD;

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
    state: &AppState,
    found: &GathererState,
    window: Window,
) -> Result<Vec<Span>, WebError> {
    let book = state.db.book(found.settings.school_id, window.from, window.last).await?;
    let mine: BTreeSet<ChannelId> = found.channels.iter().map(|channel| channel.id).collect();
    // A big school takes a while: away from the threads that answer requests.
    let expanded = tokio::task::spawn_blocking(move || {
        let mut spans = book.spans(window.from, Window::DAYS);
        spans.retain(|span| mine.contains(&span.channel_id));
        spans
    });
    expanded.await.map_err(|e| WebError::Internal(format!("expanding a timetable: {e}")))
}

/// A slice has just made its lesson known to the site. Was the plan changed while it was being recorded, or on its way, the
/// newest subject and teacher count; what other days held is left as it was recorded.
pub(super) async fn title(state: &AppState, id: GathererId, facts: &SliceFacts) -> Result<(), WebError> {
    let lesson = match facts.lesson_key.parse() {
        Ok(LessonKey::Lesson { id, .. }) => id,
        Ok(LessonKey::Range { range, date }) => return range_title(state, range, date, facts).await,
        Err(_) => return Ok(()),
    };
    let book =
        state.db.book(state.db.gatherer(id).await?.settings.school_id, lesson.date, lesson.date).await?;
    let now = Timestamp::from_millisecond(state.now_ms()).unwrap_or_default();
    if now.to_zoned(book.zone.clone()).date() != lesson.date {
        return Ok(());
    }
    let held = book.expand(lesson.date).lessons.into_iter().find(|held| held.id == lesson);
    let Some(held) = held else { return Ok(()) };
    let teacher = held.teacher.unwrap_or(TeacherId(0));
    if (held.subject, teacher) != (facts.subject_id, facts.teacher_id) {
        state.db.retitle_lesson(&facts.lesson_key, held.subject, teacher).await?;
    }
    Ok(())
}

/// The same of a weekly range.
async fn range_title(
    state: &AppState,
    range: RangeId,
    date: Date,
    facts: &SliceFacts,
) -> Result<(), WebError> {
    let now = Timestamp::from_millisecond(state.now_ms()).unwrap_or_default();
    if now.to_zoned(state.db.settings().await?.zone()?).date() != date {
        return Ok(());
    }
    let ranges = state.db.ranges(facts.channel_id).await?;
    let Some(held) = ranges.into_iter().find(|held| held.id == range) else { return Ok(()) };
    if (held.subject_id, held.teacher_id) != (facts.subject_id, facts.teacher_id) {
        state.db.retitle_lesson(&facts.lesson_key, held.subject_id, held.teacher_id).await?;
    }
    Ok(())
}

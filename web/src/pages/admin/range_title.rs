//! A weekly range that is being recorded while somebody gives it another subject or teacher: what is on the site of today
//! gets the new ones, as lessons of the timetable do (docs/timetable.md §6).

use super::today::read::today;
use crate::error::WebError;
use crate::state::AppState;
use jiff::Timestamp;
use model::calendar::LessonKey;
use model::timetable::WeeklyRange;

/// Retitles what today's ranges have recorded so far. One that is over today keeps its title: the past is not rewritten.
pub async fn retitle(
    state: &AppState,
    before: &[WeeklyRange],
    after: &[WeeklyRange],
) -> Result<(), WebError> {
    let zone = state.db.settings().await?.zone()?;
    let now_ms = state.now_ms();
    let date = today(now_ms, &zone);
    let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(zone).time();
    let now_s = i64::from(now.hour()) * 3600 + i64::from(now.minute()) * 60 + i64::from(now.second());
    // The manual's 0 is Sunday.
    let weekday = date.weekday().to_sunday_zero_offset().unsigned_abs();
    let ours = after.iter().filter(|range| range.weekday == weekday && i64::from(range.end_s) > now_s);
    for range in ours {
        let differs = |old: &WeeklyRange| {
            old.id == range.id && (old.subject_id, old.teacher_id) != (range.subject_id, range.teacher_id)
        };
        if before.iter().any(differs) {
            let key = LessonKey::Range { range: range.id, date }.to_string();
            state.db.retitle_lesson(&key, range.subject_id, range.teacher_id).await?;
        }
    }
    Ok(())
}

//! Reading what the board is drawn from.

use super::board::{Board, Facts, Material, board};
use crate::error::WebError;
use crate::state::AppState;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::SchoolId;

/// The date of now in a zone.
pub fn today(now_ms: i64, zone: &TimeZone) -> Date {
    let now = Timestamp::from_millisecond(now_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    now.to_zoned(zone.clone()).date()
}

/// The plan of a date.
pub async fn material(state: &AppState, school: SchoolId, date: Date) -> Result<Material, WebError> {
    // First the versions: a plan that changes meanwhile makes them differ at the next look.
    let versions = state.db.state_versions().await?.into_iter().collect();
    let (directory, book) = (state.db.directory(school).await?, state.db.book(school, date, date).await?);
    let (day, spans) = (book.expand(date), book.spans(date, 1));
    Ok(Material { directory, book, day, spans, versions })
}

/// What is known now.
pub async fn facts(state: &AppState, school: SchoolId, m: &Material) -> Result<Facts, WebError> {
    let views = m.directory.gatherers.iter();
    let views = views.filter_map(|(id, _)| Some((*id, state.relay.gatherer(*id)?))).collect();
    // The whole date: what is not planned any more may have been recorded before. The overlap kept between slices lets a
    // recording begin before its bell.
    let first = |date: Date| date.to_zoned(m.book.zone.clone()).map(|z| z.timestamp().as_millisecond());
    let recorded = match (first(m.day.date), m.day.date.tomorrow().and_then(first)) {
        (Ok(from_ms), Ok(to_ms)) => {
            let rows = state.db.lessons_between(school, from_ms - EARLY_MS, to_ms).await?;
            rows.into_iter().map(|row| (row.lesson_key, row.duration_ms)).collect()
        }
        _ => Default::default(),
    };
    Ok(Facts { now_ms: state.now_ms(), views, recorded })
}

/// A recording may begin so much before its bell, ms: the gatherer's clock may be off a little.
const EARLY_MS: i64 = 60_000;

/// Both, drawn.
pub async fn drawn(
    state: &AppState,
    school: SchoolId,
    date: Date,
) -> Result<(Material, Facts, Board), WebError> {
    let material = material(state, school, date).await?;
    let facts = facts(state, school, &material).await?;
    let board = board(&material, &facts);
    Ok((material, facts, board))
}

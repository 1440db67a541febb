//! VOD: one lesson, its slices as one list that plays through, others of the subject beside it (R-WEB-04, R-WEB-05).

use super::card::{LessonCard, Titles, cards, show_length, show_size, show_time};
use crate::error::WebError;
use crate::lang::Lang;
use crate::media;
use crate::page::{Page, Shell, encode};
use crate::session::Visitor;
use crate::state::AppState;
use askama::Template;
use axum::Json;
use axum::extract::{Path, State};
use model::SchoolId;
use model::calendar::LessonKey;
use model::slice::SliceEnd;
use serde::Serialize;

/// Lessons in the list at the right, the current one among them.
const RELATED: i64 = 11;
/// Silence between two slices that is called a gap, ms.
const GAP_MS: i64 = 2_000;

struct Part {
    number: usize,
    start: String,
    length: String,
    size: String,
    codec: String,
    download: String,
    recovered: bool,
    /// Missing before it, when any: `0:35`.
    gap_before: Option<String>,
}

/// The VOD page.
#[derive(Template)]
#[template(path = "front/lesson.html")]
pub struct LessonPage {
    l: Lang,
    shell: Shell,
    lesson: LessonCard,
    related: Vec<LessonCard>,
    parts: Vec<Part>,
    codec: String,
    /// For admins: the rules by which it was recorded.
    why: String,
}

/// `GET /lesson/{key}`
pub async fn lesson(
    State(state): State<AppState>,
    visitor: Visitor,
    shell: Shell,
    Path(key): Path<String>,
) -> Result<Page<LessonPage>, WebError> {
    let found = state.db.related_lessons(&key, RELATED).await?;
    if state.clicks.counts(&visitor.key, &format!("lesson {key}"), state.now_ms()) {
        state.db.lesson_clicked(&key).await?;
    }
    let titles = Titles::read(&state, &found.lessons).await?;
    let mut all = cards(&state, &visitor, &titles, &found.lessons).into_iter();
    let lesson = all.next().ok_or(WebError::NotFound)?;
    let related: Vec<LessonCard> = all.collect();
    let (parts, codec) = parts(&state, &visitor, &lesson).await?;
    let school = found.lessons.first().map_or(SchoolId(0), |row| row.school_id);
    let why = if shell.is_admin() { why(&lesson.key, school) } else { String::new() };
    Ok(Page(LessonPage { l: shell.l, shell, lesson, related, parts, codec, why }))
}

/// The page that tells why it was recorded; empty for what is no lesson of the timetable.
fn why(key: &str, school: SchoolId) -> String {
    match key.parse::<LessonKey>() {
        Ok(LessonKey::Lesson { id, .. }) => format!("/admin/why?school={school}&lesson={id}"),
        _ => String::new(),
    }
}

async fn parts(
    state: &AppState,
    visitor: &Visitor,
    lesson: &LessonCard,
) -> Result<(Vec<Part>, String), WebError> {
    let slices = state.db.slices_of_lesson(&lesson.key).await?;
    let zone = visitor.zone();
    let mut parts = Vec::with_capacity(slices.len());
    let mut end_ms = None;
    for (i, slice) in slices.iter().enumerate() {
        let facts = &slice.facts;
        let missing_ms = end_ms.map_or(0, |end: i64| facts.started_at_ms - end);
        end_ms = Some(facts.started_at_ms + facts.duration_ms);
        parts.push(Part {
            number: i + 1,
            start: show_time(&zone, facts.started_at_ms, "%H:%M:%S"),
            length: show_length(facts.duration_ms),
            size: show_size(facts.size_bytes),
            codec: codec(&facts.video_codec, &facts.audio_codec, facts.width, facts.height),
            download: format!(
                "{}&name={}",
                media::file(state, visitor, &slice.object_id),
                encode(&name(lesson, i + 1))
            ),
            recovered: facts.end == SliceEnd::Recovered,
            gap_before: (missing_ms > GAP_MS).then(|| show_length(missing_ms)),
        });
    }
    let codec = slices.first().map(|s| s.facts.video_codec.clone()).unwrap_or_default();
    Ok((parts, codec))
}

/// What a downloaded part is called.
fn name(lesson: &LessonCard, number: usize) -> String {
    let LessonCard { subject, class, teacher, when, .. } = lesson;
    format!("{subject} {class} {teacher} {} {number}", when.replace(':', "-"))
}

fn codec(video: &str, audio: &str, width: u16, height: u16) -> String {
    let sound = if audio.is_empty() { String::new() } else { format!(" + {audio}") };
    format!("{video} {width}×{height}{sound}")
}

/// One file for the player.
#[derive(Debug, Serialize)]
pub struct File {
    url: String,
    /// Media, ms.
    duration_ms: i64,
    /// Media at the start that the file before holds too: the player skips it.
    overlap_ms: i64,
    started_at_ms: i64,
    video_codec: String,
}

/// `GET /lesson/{key}/files`: fresh signed addresses of a lesson's files, in order.
pub async fn files(
    State(state): State<AppState>,
    visitor: Visitor,
    Path(key): Path<String>,
) -> Result<Json<Vec<File>>, WebError> {
    let slices = state.db.slices_of_lesson(&key).await?;
    if slices.is_empty() {
        return Err(WebError::NotFound);
    }
    let file = |slice: db::SliceRow| File {
        url: media::file(&state, &visitor, &slice.object_id),
        duration_ms: slice.facts.duration_ms,
        overlap_ms: slice.facts.overlap_ms,
        started_at_ms: slice.facts.started_at_ms,
        video_codec: slice.facts.video_codec,
    };
    Ok(Json(slices.into_iter().map(file).collect()))
}

//! `GET /api/admin/why`: the same questions and answers as the page 为什么录 / 不录, for programs.
//!
//! `?school=&lesson=c12-20261120-p3-0`, `?school=&class=12&date=2026-11-20&period=3` or `?school=&channel=7&at=<Unix ms>`.

use crate::error::WebError;
use crate::extract::Fields;
use crate::pages::admin::today::school::Chosen;
use crate::pages::admin::why::find::{Asked, Verdict, find};
use crate::session::Visitor;
use crate::state::AppState;
use axum::extract::{Query, State};
use axum::routing::get;
use axum::{Json, Router};
use model::calendar::{LessonId, Step};
use serde::Serialize;

/// `/api/admin/why`
pub fn router() -> Router<AppState> {
    Router::new().route("/api/admin/why", get(why))
}

/// What is answered of one lesson, or of none.
#[derive(Debug, Serialize)]
struct Answer {
    lesson: Option<LessonId>,
    verdict: Verdict,
    heading_zh: String,
    heading_en: String,
    /// Every rule in order, the date's first.
    rules: Vec<Step>,
    /// A sentence for each rule, and for what no rule says.
    words: Vec<Words>,
}

#[derive(Debug, Serialize)]
struct Words {
    zh: String,
    en: String,
    /// It settles whether the lesson is held or recorded.
    decides: bool,
}

async fn why(
    State(state): State<AppState>,
    visitor: Visitor,
    Query(pairs): Query<Vec<(String, String)>>,
) -> Result<Json<Vec<Answer>>, WebError> {
    let fields = Fields::new(pairs);
    let asked = Asked::of(&fields, fields.text("at"), state.now_ms(), &visitor.zone());
    if !asked.is_something() {
        return Err(WebError::BadRequest);
    }
    let chosen = Chosen::named(&state, fields.text("school")).await?.ok_or(WebError::NotFound)?;
    let found = find(&state, chosen.id(), &asked).await?;
    let answers = found.answers.into_iter().map(|answer| {
        let words = answer.day.into_iter().chain(answer.steps);
        Answer {
            lesson: answer.lesson,
            verdict: answer.verdict,
            heading_zh: answer.heading.zh,
            heading_en: answer.heading.en,
            rules: answer.rules,
            words: words.map(|(text, decides)| Words { zh: text.zh, en: text.en, decides }).collect(),
        }
    });
    Ok(Json(answers.collect()))
}

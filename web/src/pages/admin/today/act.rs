//! The buttons of a lesson: longer, not recorded, recorded after all. Each is a change like any other (调课), so it is in
//! the list, has a trace and can be revoked.

use super::panel::date_of;
use super::read;
use super::school::Chosen;
use crate::error::WebError;
use crate::extract::Fields;
use crate::pages::admin::changes::keep;
use crate::pages::admin::desk::{Desk, done};
use crate::state::AppState;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use model::calendar::{Lesson, Op};
use model::timetable::DAY_S;

/// How long a lesson can be made, local seconds: to the next one of its classes or in its room.
pub fn room_until(lessons: &[Lesson], lesson: &Lesson) -> u32 {
    let meets = |other: &&Lesson| {
        other.start_s >= lesson.end_s
            && (other.classes.iter().any(|id| lesson.classes.contains(id))
                || (other.room.is_some() && other.room == lesson.room))
    };
    lessons.iter().filter(meets).map(|other| other.start_s).min().unwrap_or(DAY_S)
}

/// `POST /admin/today/act`: `lesson`, `do`, and the end that the page showed, so that a second click is no second change.
pub async fn act(State(state): State<AppState>, desk: Desk, fields: Fields) -> Result<Response, WebError> {
    let id = fields.text("lesson");
    let date = date_of(id).ok_or(WebError::NotFound)?;
    let chosen = Chosen::named(&state, fields.text("school")).await?.ok_or(WebError::NotFound)?;
    let book = state.db.book(chosen.id(), date, date).await?;
    let lessons = book.expand(date).lessons;
    let lesson = lessons.iter().find(|lesson| lesson.id.to_string() == id).ok_or(WebError::NotFound)?;
    if state.now_ms() >= lesson.end_at_ms {
        return Err(WebError::refused(
            StatusCode::CONFLICT,
            "over",
            "这节课已经结束，改不了了。",
            "This lesson is over and cannot be changed any more.",
        ));
    }
    let longer = |minutes: u32| {
        let seen = fields.text("end_s").parse::<u32>().unwrap_or(lesson.end_s);
        Op::Retime {
            lesson: lesson.id,
            start_s: lesson.start_s,
            end_s: seen.saturating_add(minutes * 60).clamp(lesson.end_s, room_until(&lessons, lesson)),
        }
    };
    let op = match fields.text("do") {
        "extend5" => longer(5),
        "extend10" => longer(10),
        "off" => Op::Record { lesson: lesson.id, on: false },
        "on" => Op::Record { lesson: lesson.id, on: true },
        _ => return Err(WebError::BadRequest),
    };
    let same = match &op {
        Op::Retime { end_s, .. } => *end_s == lesson.end_s,
        Op::Record { on, .. } => *on == lesson.record,
        _ => false,
    };
    if !same {
        keep(&state, &desk.visitor, chosen.id(), &op, desk.t("今日课程", "Board of the day")).await?;
    }
    let today = read::today(state.now_ms(), &desk.zone);
    let mut back = format!("{}?school={}", super::PATH, chosen.id());
    if date != today {
        back.push_str(&format!("&date={date}"));
    }
    Ok(done(&back, "saved"))
}

//! 预览某天: what a date becomes by the calendar on the page, saved or not: every rule in order, and its lessons.

use super::{answer, school_of};
use crate::error::WebError;
use crate::pages::admin::desk::Desk;
use crate::pages::admin::painter::posted::Posted;
use crate::pages::admin::timetable::short_time;
use crate::pages::admin::trace_words::{Names, date, lesson as lesson_words, or_number, words_in};
use crate::state::AppState;
use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use db::Directory;
use jiff::civil::Date;
use model::calendar::{Book, Calendar, Lesson};
use serde::{Deserialize, Serialize};

/// Lessons and absent lessons listed; a school of 60 classes has 480 a day.
const LESSONS_MAX: usize = 1000;

/// A date of a calendar as the script has it.
#[derive(Debug, Deserialize)]
pub struct Asked {
    calendar: Calendar,
    date: Date,
}

/// A date explained.
#[derive(Debug, Serialize)]
struct Explained {
    date: Date,
    title: String,
    week: Option<u16>,
    no_record: bool,
    steps: Vec<String>,
    lessons: Vec<LessonLine>,
    absent: Vec<AbsentLine>,
    /// How many there are; more than listed on a very large day.
    held: usize,
    recorded: usize,
}

#[derive(Debug, Serialize)]
struct LessonLine {
    /// Its id, for the page 为什么录 / 不录.
    id: String,
    times: String,
    label: String,
    class: String,
    subject: String,
    teacher: String,
    room: String,
    /// Whether some channel records it.
    recorded: bool,
    steps: Vec<String>,
}

#[derive(Debug, Serialize)]
struct AbsentLine {
    name: String,
    subject: String,
    steps: Vec<String>,
}

/// `POST /admin/calendar/explain?school=`
pub async fn explain(
    State(state): State<AppState>,
    desk: Desk,
    Posted(asked): Posted<Asked>,
) -> Result<Response, WebError> {
    let school = school_of(&state, &desk).await?;
    if let Some(refused) = answer::faults(&state, desk.l, &asked.calendar).await? {
        return Ok(refused);
    }
    let book = state.db.book(school, asked.date, asked.date).await?;
    let book = Book { calendar: asked.calendar, ..book };
    let names = state.db.directory(school).await?;
    Ok(Json(explained(&desk, asked.date, &book, &names)).into_response())
}

fn explained(desk: &Desk, at: Date, book: &Book, names: &Directory) -> Explained {
    let l = desk.l;
    let day = book.expand(at);
    let lessons = day.lessons.iter().take(LESSONS_MAX).map(|lesson| line(desk, lesson, book, names));
    let absent = day.absent.iter().take(LESSONS_MAX).map(|a| AbsentLine {
        name: l.of(&lesson_words(names, Some(book), a.id)).to_owned(),
        subject: or_number(names.subject(a.subject), a.subject.0),
        steps: words_in(l, &a.trace, names, book),
    });
    Explained {
        date: at,
        title: l.of(&date(at)).to_owned(),
        week: day.week,
        no_record: day.no_record,
        steps: words_in(l, &day.steps, names, book),
        held: day.lessons.len(),
        recorded: day.lessons.iter().filter(|l| !l.channels.is_empty()).count(),
        lessons: lessons.collect(),
        absent: absent.collect(),
    }
}

fn line(desk: &Desk, lesson: &Lesson, book: &Book, names: &Directory) -> LessonLine {
    let classes: Vec<String> = lesson.classes.iter().map(|c| or_number(names.class(*c), c.0)).collect();
    LessonLine {
        id: lesson.id.to_string(),
        times: format!("{}–{}", short_time(lesson.start_s), short_time(lesson.end_s)),
        label: lesson.label.clone(),
        class: classes.join("、"),
        subject: or_number(names.subject(lesson.subject), lesson.subject.0),
        teacher: lesson.teacher.map(|t| or_number(names.teacher(t), t.0)).unwrap_or_default(),
        room: lesson.room.map(|r| or_number(names.room(r), r.0)).unwrap_or_default(),
        recorded: !lesson.channels.is_empty(),
        steps: words_in(desk.l, &lesson.trace, names, book),
    }
}

//! 为什么录 / 为什么不录: the trace of a lesson, of a slot of the timetable, or of a channel at a moment. The same as JSON in
//! [`crate::api::why`].

pub mod find;

use crate::error::WebError;
use crate::page::Page;
use crate::pages::admin::changes::list_classes;
use crate::pages::admin::desk::{Desk, Link};
use crate::pages::admin::form::Choice;
use crate::pages::admin::today::school::{Chosen, no_school};
use crate::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use find::{Answer, Asked, Verdict, find};

/// Its address.
pub const PATH: &str = "/admin/why";

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new().route(PATH, get(show))
}

struct StepView {
    text: String,
    decides: bool,
}

struct AnswerView {
    heading: String,
    tone: &'static str,
    verdict: String,
    day: Vec<StepView>,
    steps: Vec<StepView>,
    links: Vec<Link>,
}

#[derive(Template)]
#[template(path = "admin/why.html")]
struct WhyPage {
    s: Desk,
    school: String,
    choices: Vec<Choice>,
    classes: Vec<Choice>,
    class: String,
    date: String,
    period: String,
    periods: Vec<Choice>,
    answers: Vec<AnswerView>,
    asked: bool,
}

/// `GET /admin/why?school=&lesson=` · `?class=&date=&period=` · `?channel=&at=`
async fn show(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let desk = desk.titled("为什么录 / 不录", "Why (not) recorded").lead(
        "一节课从校历、作息、课表、调课到摄像头，每一条规则怎样决定它。",
        "Every rule that decided about a lesson: calendar, bells, timetable, changes, cameras.",
    );
    let Some(chosen) = Chosen::of(&state, &desk).await? else { return Ok(no_school(desk)) };
    let asked = Asked::of(&desk.query, desk.query.text("at"), state.now_ms(), &desk.zone);
    let found = find(&state, chosen.id(), &asked).await?;
    let (l, school) = (desk.l, chosen.id().to_string());
    let mut classes = list_classes(l, &found.directory);
    if let Some(first) = classes.first_mut() {
        first.label = l.t("请选择", "Choose").to_owned();
    }
    let id = asked.lesson;
    let class = asked.class.or(id.map(|x| x.class));
    let period = asked.period.or(id.map(|x| x.period));
    Ok(Page(WhyPage {
        choices: if chosen.is_open() { chosen.choices.clone() } else { Vec::new() },
        classes,
        class: class.map(|id| id.to_string()).unwrap_or_default(),
        date: asked.date.to_string(),
        period: period.map(|no| no.to_string()).unwrap_or_default(),
        periods: find::periods(&found.book),
        answers: found.answers.iter().map(|answer| view(&desk, answer, &school)).collect(),
        asked: asked.is_something(),
        school,
        s: desk,
    })
    .into_response())
}

fn view(desk: &Desk, answer: &Answer, school: &str) -> AnswerView {
    let l = desk.l;
    let (tone, verdict) = match answer.verdict {
        Verdict::Recorded => ("ok", l.t("要录", "To be recorded")),
        Verdict::NotRecorded => ("idle", l.t("不录", "Not recorded")),
        Verdict::NoCamera => ("warn", l.t("要录，但没有摄像头", "Wanted, but there is no camera")),
        Verdict::NotHeld => ("idle", l.t("不上课，所以不录", "Not held, so not recorded")),
        Verdict::Nothing => ("idle", l.t("这时没有课，也没有时间段", "Nothing is planned then")),
        Verdict::Range => ("ok", l.t("要录（录像表的时间段）", "To be recorded (weekly range)")),
    };
    let steps = |texts: &[(crate::lang::Text, bool)]| -> Vec<StepView> {
        texts
            .iter()
            .map(|(text, decides)| StepView { text: l.of(text).to_owned(), decides: *decides })
            .collect()
    };
    let mut links = Vec::new();
    if let Some(id) = answer.lesson {
        if answer.verdict != Verdict::NotHeld {
            let href = format!("/admin/today/lesson/{id}?school={school}");
            links.push(Link::new(href, l.t("录得怎么样", "What became of it")));
            let href = format!("/admin/changes/new?school={school}&lesson={id}");
            links.push(Link::new(href, l.t("调课、录或不录…", "Change this lesson…")));
        }
        let href = format!("/admin/today?school={school}&date={}", id.date);
        links.push(Link::new(href, l.t("这一天的课程", "That day")));
    }
    AnswerView {
        heading: l.of(&answer.heading).to_owned(),
        tone,
        verdict: verdict.to_owned(),
        day: steps(&answer.day),
        steps: steps(&answer.steps),
        links,
    }
}

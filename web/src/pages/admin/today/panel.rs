//! One lesson of the board: what has become of it on every channel, why, and what can be done now. A page of its own; the
//! board's script shows its inside beside the board.

use super::act::room_until;
use super::board::{Item, Kind, Material, OnChannel};
use super::read;
use super::school::{Chosen, no_school};
use super::trouble::fix;
use crate::error::WebError;
use crate::lang::Lang;
use crate::page::Page;
use crate::pages::admin::desk::{Desk, Link};
use crate::pages::admin::timetable::short_time;
use crate::pages::admin::trace_words::words_in;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use model::calendar::{Lesson, LessonId, LessonKey};

/// One channel of the lesson.
struct ChannelView {
    name: String,
    tone: &'static str,
    word: String,
    cause: String,
    links: Vec<Link>,
}

/// A button that changes the plan.
struct Button {
    name: &'static str,
    text: String,
    class: &'static str,
}

#[derive(Template)]
#[template(path = "admin/today_lesson.html")]
struct LessonPage {
    s: Desk,
    part: bool,
    id: String,
    school: String,
    heading: String,
    facts: Vec<(&'static str, String)>,
    tone: &'static str,
    word: String,
    cause: String,
    fix: Option<Link>,
    channels: Vec<ChannelView>,
    steps: Vec<String>,
    links: Vec<Link>,
    buttons: Vec<Button>,
    limit: String,
    end_s: u32,
}

/// What the longer of the two buttons asks for, s.
const LONGER_MAX_S: u32 = 600;

/// The date in an item's name.
pub fn date_of(id: &str) -> Option<Date> {
    if let Ok(lesson) = id.parse::<LessonId>() {
        return Some(lesson.date);
    }
    match id.parse::<LessonKey>() {
        Ok(LessonKey::Range { date, .. }) => Some(date),
        _ => None,
    }
}

/// `GET /admin/today/lesson/{id}?school=&part=1`
pub async fn show(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<String>,
) -> Result<Response, WebError> {
    let date = date_of(&id).ok_or(WebError::NotFound)?;
    let Some(chosen) = Chosen::of(&state, &desk).await? else { return Ok(no_school(desk)) };
    let (m, facts, board) = read::drawn(&state, chosen.id(), date).await?;
    let item = board.items.iter().find(|item| item.id == id).ok_or(WebError::NotFound)?;
    let lesson = m.day.lessons.iter().find(|lesson| lesson.id.to_string() == id);
    let (l, school) = (desk.l, chosen.id().to_string());
    let back = format!("{}?school={school}&date={date}", super::PATH);
    let today = read::today(state.now_ms(), &desk.zone);
    let heading = [&item.subject, &item.class].map(String::as_str).join(" · ");
    let mut desk = desk.back_to(back, l.t("今日课程", "Today"));
    desk.title.clone_from(&heading);
    Ok(Page(LessonPage {
        part: desk.query.flag("part"),
        facts: told(l, item, date, today),
        tone: item.state.tone.class(),
        word: l.of(&item.state.word).to_owned(),
        cause: l.of(&item.state.cause).to_owned(),
        fix: fix(l, item),
        channels: item.channels.iter().map(|on| channel(l, on)).collect(),
        steps: steps(l, &m, item),
        links: links(l, item, &school),
        buttons: lesson
            .map(|x| buttons(l, x, room_until(&m.day.lessons, x), facts.now_ms))
            .unwrap_or_default(),
        limit: lesson.map(|x| limit(l, x, room_until(&m.day.lessons, x), facts.now_ms)).unwrap_or_default(),
        end_s: lesson.map_or(0, |lesson| lesson.end_s),
        id,
        school,
        heading,
        s: desk,
    })
    .into_response())
}

fn told(l: Lang, item: &Item, date: Date, today: Date) -> Vec<(&'static str, String)> {
    let when = [super::day_name(l, date, today), item.label.clone(), item.times.clone()];
    let when: Vec<String> = when.into_iter().filter(|t| !t.is_empty()).collect();
    let kind = if item.kind == Kind::Range { l.t("通道", "Channel") } else { l.t("班级", "Class") };
    let mut facts = vec![
        (l.t("时间", "Time"), when.join(" ")),
        (kind, item.class.clone()),
        (l.t("教师", "Teacher"), item.teacher.clone()),
        (l.t("教室", "Room"), item.room_name.clone()),
    ];
    facts.retain(|(_, text)| !text.is_empty());
    facts
}

fn channel(l: Lang, on: &OnChannel) -> ChannelView {
    let mut links = vec![Link::new(format!("/watch/{}", on.id), l.t("看直播", "Watch live"))];
    if on.is_here {
        links.insert(0, Link::new(format!("/lesson/{}", on.key), l.t("看录像", "Play recording")));
    }
    ChannelView {
        name: on.name.clone(),
        tone: on.state.tone.class(),
        word: l.of(&on.state.word).to_owned(),
        cause: l.of(&on.state.cause).to_owned(),
        links,
    }
}

fn steps(l: Lang, m: &Material, item: &Item) -> Vec<String> {
    let held = m.day.lessons.iter().find(|x| x.id.to_string() == item.id).map(|x| &x.trace);
    let trace = held.or_else(|| m.day.absent.iter().rfind(|x| x.id.to_string() == item.id).map(|x| &x.trace));
    match trace {
        Some(trace) => words_in(l, trace, &m.directory, &m.book),
        None => vec![
            l.t(
                "通道的录像表里每周的时间段，节假日也录，整校停录的日子除外",
                "A weekly range of the channel; it runs on holidays too, but not on days without any recording",
            )
            .to_owned(),
        ],
    }
}

fn links(l: Lang, item: &Item, school: &str) -> Vec<Link> {
    match item.kind {
        Kind::Range => item
            .channels
            .iter()
            .map(|on| {
                let href = format!("/admin/channels/{}/timetable", on.id);
                Link::new(href, l.t("改录像表", "Change the weekly ranges"))
            })
            .collect(),
        Kind::Lesson | Kind::Dropped => {
            let mut links = Vec::new();
            if item.kind == Kind::Lesson {
                let href = format!("/admin/changes/new?school={school}&lesson={}", item.id);
                links.push(Link::new(href, l.t("调课、代课…", "Substitute, move…")));
            }
            let href = format!("/admin/why?school={school}&lesson={}", item.id);
            links.push(Link::new(href, l.t("为什么录 / 不录", "Why (not) recorded")));
            links
        }
    }
}

/// Why it cannot be made much longer; empty when it can.
fn limit(l: Lang, lesson: &Lesson, until_s: u32, now_ms: i64) -> String {
    let at = short_time(until_s);
    match until_s.saturating_sub(lesson.end_s) {
        _ if now_ms >= lesson.end_at_ms => String::new(),
        0 => l
            .t("下一节紧接着开始，不能延长。", "The next lesson follows at once: it cannot be made longer.")
            .to_owned(),
        s if s < LONGER_MAX_S && l == Lang::Zh => format!("下一节 {at} 开始，最多延长到那时。"),
        s if s < LONGER_MAX_S => format!("The next lesson begins at {at}: no longer than that."),
        _ => String::new(),
    }
}

/// What can be done with a lesson now; nothing with one that is over.
fn buttons(l: Lang, lesson: &Lesson, until_s: u32, now_ms: i64) -> Vec<Button> {
    let button = |name, zh: &str, en: &str, class| Button { name, text: l.t(zh, en).to_owned(), class };
    if now_ms >= lesson.end_at_ms {
        return Vec::new();
    }
    let running = now_ms >= lesson.start_at_ms;
    let mut buttons = Vec::new();
    if until_s > lesson.end_s {
        buttons.push(button("extend5", "延长 5 分钟", "5 minutes longer", ""));
        buttons.push(button("extend10", "延长 10 分钟", "10 minutes longer", ""));
    }
    buttons.push(match (lesson.record, running) {
        (true, true) => button("off", "停止录制", "Stop recording", "danger"),
        (true, false) => button("off", "不录这节", "Do not record it", "danger"),
        (false, _) => button("on", "录这节", "Record it", "main"),
    });
    buttons
}

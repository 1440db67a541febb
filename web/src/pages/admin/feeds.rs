//! 日历订阅: addresses by which calendar programs read the lessons of a class, a teacher or a room. An address is shown
//! once; it can be revoked, never seen again.

use super::desk::{Desk, done};
use super::form::Choice;
use super::join::address;
use super::show::when;
use super::table::ConfirmPage;
use super::today::school::{Chosen, no_school};
use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::Lang;
use crate::page::Page;
use crate::session;
use crate::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use db::{DbError, Directory, FeedKind, FeedRow};

const PATH: &str = "/admin/feeds";

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new().route(PATH, get(show).post(make)).route("/admin/feeds/{id}/revoke", post(revoke))
}

struct FeedView {
    id: i64,
    kind: &'static str,
    label: String,
    made: String,
    read: String,
}

/// A menu of those who can have a feed.
struct Maker {
    kind: &'static str,
    label: &'static str,
    choices: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "admin/feeds.html")]
struct FeedsPage {
    s: Desk,
    school: String,
    choices: Vec<Choice>,
    makers: Vec<Maker>,
    feeds: Vec<FeedView>,
}

#[derive(Template)]
#[template(path = "admin/feed_made.html")]
struct MadePage {
    s: Desk,
    label: String,
    address: String,
    subscribe: String,
}

async fn show(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let desk = titled(desk);
    let Some(chosen) = Chosen::of(&state, &desk).await? else { return Ok(no_school(desk)) };
    Ok(Page(page(&state, desk, &chosen).await?).into_response())
}

fn titled(desk: Desk) -> Desk {
    desk.titled("日历订阅", "Calendar feeds").lead(
        "把一个班、一位教师或一间教室的课放进手机和电脑的日历，停课、调课自动更新。知道地址的人都能看，请只发给该看的人。",
        "Lessons of a class, a teacher or a room in the calendar of a phone or computer, changes included. Whoever knows the address may read it.",
    )
}

async fn page(state: &AppState, desk: Desk, chosen: &Chosen) -> Result<FeedsPage, WebError> {
    let l = desk.l;
    let directory = state.db.directory(chosen.id()).await?;
    let feeds = state.db.feeds(chosen.id()).await?;
    Ok(FeedsPage {
        school: chosen.id().to_string(),
        choices: if chosen.is_open() { chosen.choices.clone() } else { Vec::new() },
        makers: makers(l, &directory),
        feeds: feeds.iter().map(|row| view(&desk, row)).collect(),
        s: desk,
    })
}

fn kind_name(l: Lang, kind: FeedKind) -> &'static str {
    match kind {
        FeedKind::Class => l.t("班级", "Class"),
        FeedKind::Teacher => l.t("教师", "Teacher"),
        FeedKind::Room => l.t("教室", "Room"),
    }
}

fn makers(l: Lang, directory: &Directory) -> Vec<Maker> {
    let maker = |kind: FeedKind, choices: Vec<Choice>| Maker {
        kind: kind.as_str(),
        label: kind_name(l, kind),
        choices,
    };
    let classes = directory.classes.iter();
    let classes = classes.map(|c| Choice::new(c.id, format!("{}{} {}", c.stage, c.grade_name, c.name)));
    let teachers = directory.teachers.iter().map(|t| Choice::new(t.id, &t.name));
    let rooms = directory.rooms.iter().map(|r| Choice::new(r.id, &r.name));
    vec![
        maker(FeedKind::Class, classes.collect()),
        maker(FeedKind::Teacher, teachers.collect()),
        maker(FeedKind::Room, rooms.collect()),
    ]
}

fn view(desk: &Desk, row: &FeedRow) -> FeedView {
    let l = desk.l;
    FeedView {
        id: row.id,
        kind: kind_name(l, row.kind),
        label: row.label.clone(),
        made: format!("{} {}", row.made_by, when(&desk.zone, row.made_at_ms)).trim().to_owned(),
        read: match row.read_at_ms {
            Some(at_ms) => when(&desk.zone, at_ms),
            None => l.t("还没有读过", "never").to_owned(),
        },
    }
}

async fn make(
    State(state): State<AppState>,
    desk: Desk,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, WebError> {
    let by = desk.visitor.user.as_ref().ok_or(WebError::LoginNeeded)?.id;
    let chosen = Chosen::named(&state, fields.text("school")).await?.ok_or(WebError::NotFound)?;
    let kind = FeedKind::parse(fields.text("kind")).ok_or(WebError::BadRequest)?;
    let back = format!("{PATH}?school={}", chosen.id());
    let desk = desk.seen_at(&back);
    let Ok(target) = fields.number("target") else {
        let text = desk
            .t("请先选择要订阅的班级、教师或教室。", "Choose a class, a teacher or a room first.")
            .to_owned();
        let desk = titled(desk).flash("bad", text);
        let page = Page(page(&state, desk, &chosen).await?);
        return Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
    };
    let token = session::new_secret()?;
    let hash = session::hash(&token);
    let id = match state.db.add_feed(chosen.id(), kind, target, &hash, by, state.now_ms()).await {
        Ok(id) => id,
        Err(DbError::Fault(fault)) => {
            let text = desk.l.fault(&fault);
            let page = Page(page(&state, titled(desk).flash("bad", text), &chosen).await?);
            return Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, page).into_response());
        }
        Err(other) => return Err(other.into()),
    };
    let row = state.db.feeds(chosen.id()).await?.into_iter().find(|row| row.id == id);
    let address = format!("{}/feed/{token}.ics", address(&state, &headers));
    let subscribe = match address.split_once("://") {
        Some((_, rest)) => format!("webcal://{rest}"),
        None => String::new(),
    };
    let label = row.map(|row| format!("{} {}", kind_name(desk.l, row.kind), row.label)).unwrap_or_default();
    let many = desk.t("日历订阅", "Calendar feeds").to_owned();
    let desk = desk.titled("订阅地址", "Address of the feed").back_to(back, many);
    Ok(Page(MadePage { label, address, subscribe, s: desk }).into_response())
}

/// Asks first: calendars that read it lose it.
async fn revoke(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    let chosen = Chosen::named(&state, fields.text("school")).await?.ok_or(WebError::NotFound)?;
    let back = format!("{PATH}?school={}", chosen.id());
    let rows = state.db.feeds(chosen.id()).await?;
    let row = rows.into_iter().find(|row| row.id == id).ok_or(WebError::NotFound)?;
    if fields.flag("sure") {
        state.db.revoke_feed(id).await?;
        return Ok(done(&back, "deleted"));
    }
    let l = desk.l;
    let many = l.t("日历订阅", "Calendar feeds");
    Ok(Page(ConfirmPage {
        action: format!("{PATH}/{id}/revoke"),
        hidden: vec![("school".to_owned(), chosen.id().to_string())],
        question: l
            .t("撤销后，用这个地址的日历不再更新：", "Calendars with this address get nothing any more:")
            .to_owned(),
        things: vec![format!("{} {}", kind_name(l, row.kind), row.label)],
        warning: String::new(),
        typed: None,
        must_type: String::new(),
        submit: l.t("撤销", "Revoke").to_owned(),
        cancel: back.clone(),
        s: desk.titled("撤销订阅", "Revoke a feed").back_to(&back, many).seen_at(&back),
    })
    .into_response())
}

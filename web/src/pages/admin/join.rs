//! 添加采集端: a join code, shown once, with the command to run on the gatherer's machine.

use super::desk::{Desk, Link};
use super::form::{Choice, Field, FormView, Section, answer, as_fault, first_of_each, take, values};
use super::show::when;
use crate::error::WebError;
use crate::extract::Fields;
use crate::join_code::{self, LIFE_MS};
use crate::lang::Lang;
use crate::page::Page;
use crate::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::HOST;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use model::SchoolId;
use model::fault::{Fault, check_name};
use model::gatherer::NAME_MAX;

const PATH: &str = "/admin/gatherers/join";

/// Its route.
pub fn router() -> Router<AppState> {
    Router::new().route(PATH, get(ask).post(make))
}

#[derive(Template)]
#[template(path = "admin/join_code.html")]
struct CodePage {
    s: Desk,
    code: String,
    command: String,
    until: String,
    name: String,
    again: Link,
}

fn framed(desk: Desk) -> Desk {
    let many = desk.t("采集管理", "Gatherers").to_owned();
    desk.titled("添加采集端", "Add a gatherer").back_to("/admin/gatherers", many)
}

async fn form(state: &AppState, l: Lang, with: &Fields, faults: &[Fault]) -> Result<FormView, WebError> {
    let schools = state.db.all_schools().await?.iter().map(|s| Choice::new(s.id, &s.name)).collect();
    let fields = vec![
        Field::text("name", l.t("标题名称", "Name"))
            .required()
            .placeholder(l.t("例如：三楼机房采集端", "e.g. Third floor"))
            .hint(l.t("最多 80 个字，以后可以修改", "At most 80 characters, can be changed later")),
        Field::select("school_id", l.t("所在学校", "School"), schools).required(),
    ];
    let note = l.t(
        "生成一个 15 分钟内有效、只能用一次的加入码，然后在采集端电脑上运行给出的命令。",
        "Makes a code that works once within 15 minutes; then run the command shown on the gatherer's machine.",
    );
    let mut form = FormView::new(l, PATH, "/admin/gatherers", vec![Section::titled("", note, fields)]);
    form.submit = l.t("生成加入码", "Make a join code").to_owned();
    Ok(form.filled(l, with, faults))
}

async fn ask(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let mut desk = framed(desk);
    if state.db.all_schools().await?.is_empty() {
        let text = desk.t(
            "还没有学校：请先在 教学管理 → 学校 中添加一所，再添加采集端。",
            "There is no school yet: add one under Teaching → Schools first.",
        );
        let text = text.to_owned();
        desk = desk.flash("warn", text);
    }
    let usual = values([("name", desk.t("采集端", "Gatherer").to_owned())]);
    let form = form(&state, desk.l, &usual, &[]).await?;
    Ok(answer(desk, form, &[]))
}

async fn make(
    State(state): State<AppState>,
    desk: Desk,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, WebError> {
    let mut faults = Vec::new();
    let name = take(&mut faults, check_name("name", fields.text("name"), NAME_MAX), String::new());
    let school = SchoolId(take(&mut faults, fields.number("school_id"), 0));
    let now_ms = state.now_ms();
    if faults.is_empty() {
        let code = join_code::make()?;
        let hash =
            join_code::hash(&code).ok_or_else(|| WebError::Internal("a fresh code is none".to_owned()))?;
        let expires_at_ms = now_ms + LIFE_MS;
        match state.db.add_join_code(&hash, school, &name, now_ms, expires_at_ms).await {
            Ok(()) => {
                let command =
                    format!("yunlubo-gather enroll --site {} --code {code}", address(&state, &headers));
                let until = when(&desk.zone, expires_at_ms);
                let again = Link::new(PATH, desk.t("再生成一个", "Make another"));
                let desk = framed(desk);
                return Ok(Page(CodePage { s: desk, code, command, until, name, again }).into_response());
            }
            Err(error) => faults.push(as_fault(error, "name")?),
        }
    }
    let faults = first_of_each(faults);
    let form = form(&state, desk.l, &fields, &faults).await?;
    Ok(answer(framed(desk), form, &faults))
}

/// The address by which the admin reaches the site; the gatherer will most likely reach it by the same. Only characters
/// of a host and port are taken over from the request: the command will be pasted into a shell.
pub fn address(state: &AppState, headers: &HeaderMap) -> String {
    if !state.site.public_url.is_empty() {
        return state.site.public_url.trim_end_matches('/').to_owned();
    }
    let host = headers.get(HOST).and_then(|v| v.to_str().ok()).unwrap_or("");
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    if host.is_empty() || !host.chars().all(safe) {
        return "http://<服务器地址>".to_owned();
    }
    format!("http://{host}")
}

//! The frame of the grid, and what to do first when there is nothing to draw yet.

use crate::error::WebError;
use crate::page::Page;
use crate::pages::admin::around::Around;
use crate::pages::admin::desk::{Desk, Link};
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use model::school::School;
use model::{SchoolId, UserId};

#[derive(Template)]
#[template(path = "admin/grid.html")]
struct GridPage {
    s: Desk,
    /// Drawn only when there are several.
    schools: Vec<School>,
    school: SchoolId,
    user: UserId,
    /// What has to be there first: the sentence and where to go.
    first: Vec<(String, Link)>,
    versions: i64,
}

/// What the grid cannot be without, in the order in which it is made.
async fn missing(state: &AppState, desk: &Desk, around: &Around) -> Result<Vec<(String, Link)>, WebError> {
    let (Some(school), Some(directory)) = (around.school, &around.directory) else { return Ok(Vec::new()) };
    let calendar = state.db.calendar(school).await?.calendar;
    let mut first = Vec::new();
    let mut need = |missing: bool, text: (&str, &str), href: String, go: (&str, &str)| {
        if missing {
            first.push((desk.t(text.0, text.1).to_owned(), Link::new(href, desk.t(go.0, go.1))));
        }
    };
    need(
        directory.subjects.is_empty(),
        ("还没有科目。", "There is no subject yet."),
        "/admin/subjects/new".to_owned(),
        ("添加科目", "Add a subject"),
    );
    need(
        directory.classes.is_empty(),
        (
            "这所学校还没有班级。可以逐个添加，也可以从表格导入。",
            "This school has no class yet: add them, or import a table.",
        ),
        around.at("/admin/classes/new"),
        ("添加班级", "Add a class"),
    );
    need(
        calendar.bell_tables.is_empty(),
        (
            "校历里还没有作息表：课表的行就是作息表的节次。",
            "The calendar has no bell table yet: its periods are the rows of the timetable.",
        ),
        around.at("/admin/calendar"),
        ("到校历设置作息", "Set the bells"),
    );
    need(
        calendar.terms.is_empty(),
        (
            "校历里还没有学期：没有学期的日子不上课。",
            "The calendar has no term yet: without one there are no lessons.",
        ),
        around.at("/admin/calendar"),
        ("到校历添加学期", "Add a term"),
    );
    Ok(first)
}

/// `GET /admin/timetable`
pub async fn page(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let desk = desk.titled("课表", "Timetable");
    let around = Around::of_school(&state, &desk).await?;
    let Some(school) = around.school else { return Ok(around.no_school(desk)) };
    let first = missing(&state, &desk, &around).await?;
    let versions = state.db.timetable_versions(school).await?.first().map_or(0, |v| v.no);
    let user = desk.visitor.user.as_ref().map(|u| u.id).ok_or(WebError::LoginNeeded)?;
    let schools = if around.schools.len() > 1 { around.schools.clone() } else { Vec::new() };
    let mut desk = desk;
    let gatherers = around.directory.iter().flat_map(|d| &d.gatherers);
    let off_line: Vec<&str> = gatherers
        .filter(|(id, _)| !state.relay.gatherer(*id).is_some_and(|g| g.online))
        .map(|(_, name)| name.as_str())
        .collect();
    if !off_line.is_empty() && first.is_empty() {
        let names = off_line.join(desk.t("、", ", "));
        let zh = format!("采集端离线：{names}。照常可以排课和发布，它重新上线后会自动收到。");
        let en = format!(
            "Off line: {names}. You can edit and publish all the same; it gets the timetable when it is back."
        );
        let text = desk.t(&zh, &en).to_owned();
        desk = desk.flash("warn", text);
    }
    Ok(Page(GridPage { s: desk, schools, school, user, first, versions }).into_response())
}

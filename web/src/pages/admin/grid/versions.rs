//! 版本: every timetable that was published, what it changed, and the way back.

use super::proposal::{Ground, today};
use super::words::Words;
use crate::error::WebError;
use crate::lang::Lang;
use crate::page::Page;
use crate::pages::admin::around::Around;
use crate::pages::admin::desk::Desk;
use crate::pages::admin::grid::wire::Failure;
use crate::pages::admin::show::when;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use db::VersionRow;
use model::SchoolId;
use model::calendar::merge::diff;

/// Most lines of one comparison.
const LINES_MAX: usize = 2_000;

/// A published version as the page lists it.
struct Version {
    no: i64,
    from: String,
    at: String,
    by: String,
    source: String,
    note: String,
    cells: i64,
    /// The newest one cannot be gone back to.
    newest: bool,
    /// It is what is taught by today.
    in_force: bool,
}

/// The version in force today: the latest first date that has come, of equals the latest published.
fn in_force(state: &AppState, desk: &Desk, versions: &[VersionRow]) -> i64 {
    let today = today(state, &desk.visitor);
    let begun = versions.iter().filter(|v| v.from <= today);
    begun.max_by_key(|v| (v.from, v.no)).map_or(0, |v| v.no)
}

#[derive(Template)]
#[template(path = "admin/grid_versions.html")]
struct VersionsPage {
    s: Desk,
    school: SchoolId,
    newest: i64,
    rows: Vec<Version>,
    drafts: Vec<String>,
}

/// Where a version came from, in words.
fn source(l: Lang, source: &str) -> String {
    match (source, source.strip_prefix("rollback ")) {
        ("grid", _) => l.t("网页编辑", "Editor").to_owned(),
        (_, Some(no)) => format!("{} {no}", l.t("回滚到第", "Back to version")) + l.t(" 版", ""),
        (other, _) => other.to_owned(),
    }
}

fn row(desk: &Desk, version: &VersionRow, newest: i64, in_force: i64) -> Version {
    Version {
        no: version.no,
        from: version.from.to_string(),
        at: when(&desk.zone, version.published_at_ms),
        by: version.published_by.clone(),
        source: source(desk.l, &version.source),
        note: version.note.clone(),
        cells: version.cells,
        newest: version.no == newest,
        in_force: version.no == in_force,
    }
}

/// `GET /admin/timetable/versions`
pub async fn list(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let around = Around::of_school(&state, &desk).await?;
    let desk = desk.titled("课表版本", "Versions of the timetable").lead(
        "每次发布都是新的一版，旧的永远保留。回滚就是把旧版的内容再发布一次。",
        "Every publication is a version of its own and stays. Going back publishes an old one again.",
    );
    let name = desk.t("课表", "Timetable").to_owned();
    let desk = desk.back_to(around.at("/admin/timetable"), name);
    let Some(school) = around.school else { return Ok(around.no_school(desk)) };
    let versions = state.db.timetable_versions(school).await?;
    let newest = versions.first().map_or(0, |v| v.no);
    let draft = |(name, base, at): (String, i64, i64)| match desk.l {
        Lang::Zh => format!("{name}：基于第 {base} 版，{} 保存", when(&desk.zone, at)),
        Lang::En => format!("{name}: from version {base}, saved {}", when(&desk.zone, at)),
    };
    let drafts = state.db.drafts(school).await?.into_iter().map(draft).collect();
    let running = in_force(&state, &desk, &versions);
    let rows = versions.iter().map(|version| row(&desk, version, newest, running)).collect();
    Ok(Page(VersionsPage { s: desk, school, newest, rows, drafts }).into_response())
}

/// Changes of one class.
struct ClassLines {
    name: String,
    lines: Vec<(&'static str, String)>,
}

#[derive(Template)]
#[template(path = "admin/grid_version.html")]
struct VersionPage {
    s: Desk,
    school: SchoolId,
    newest: i64,
    version: Version,
    sum: String,
    classes: Vec<ClassLines>,
    more: usize,
}

/// `GET /admin/timetable/versions/{no}`: what it changed against the one before.
pub async fn show(
    State(state): State<AppState>,
    desk: Desk,
    Path(no): Path<i64>,
) -> Result<Response, Failure> {
    let around = Around::of_school(&state, &desk).await?;
    let school = around.school.ok_or(WebError::NotFound)?;
    let ground = Ground::read(&state, school).await?;
    let newest = ground.newest_no();
    let found = ground.versions.iter().find(|v| v.no == no).ok_or(WebError::NotFound)?;
    let changes = diff(&ground.cells(&state, no - 1).await?, &ground.cells(&state, no).await?);
    let words = Words::new(desk.l, &ground.directory, &ground.calendar);
    let mut classes: Vec<ClassLines> = Vec::new();
    let mut counts = (0, 0, 0);
    for (n, change) in changes.iter().enumerate() {
        let (before, after) = (words.cells(&change.before), words.cells(&change.after));
        let place = words.place(change.slot);
        let line = match (change.before.is_empty(), change.after.is_empty()) {
            (true, _) => (&mut counts.0, "added", format!("{place} {after}")),
            (_, true) => (&mut counts.2, "removed", format!("{place} {before}")),
            _ => (&mut counts.1, "changed", format!("{place} {before} → {after}")),
        };
        *line.0 += 1;
        if n >= LINES_MAX {
            continue;
        }
        let name = words.class(change.slot.class);
        match classes.last_mut().filter(|last| last.name == name) {
            Some(last) => last.lines.push((line.1, line.2)),
            None => classes.push(ClassLines { name, lines: vec![(line.1, line.2)] }),
        }
    }
    let (added, changed, removed) = counts;
    let sum = match desk.l {
        Lang::Zh => format!("新增 {added}　修改 {changed}　取消 {removed}"),
        Lang::En => format!("{added} added, {changed} changed, {removed} cancelled"),
    };
    let version = row(&desk, found, newest, in_force(&state, &desk, &ground.versions));
    let (zh, en) = (format!("课表第 {no} 版"), format!("Version {no} of the timetable"));
    let back = desk.t("课表版本", "Versions").to_owned();
    let desk = desk.titled(&zh, &en).back_to(around.at("/admin/timetable/versions"), back);
    let more = changes.len().saturating_sub(LINES_MAX);
    Ok(Page(VersionPage { s: desk, school, newest, version, sum, classes, more }).into_response())
}

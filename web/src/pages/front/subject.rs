//! All lessons of a subject, and the search: 12 a page (R-WEB-02, R-WEB-10).

use super::card::{LessonCard, Pager, Titles, cards};
use crate::error::WebError;
use crate::lang::Lang;
use crate::page::{Page, Shell, encode};
use crate::session::Visitor;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, Query, State};
use db::{LessonFilter, Page as Rows};
use model::SubjectId;
use serde::Deserialize;

/// Lessons of a page.
const PER_PAGE: i64 = 12;
/// Longest text that is searched for, characters.
const TEXT_MAX: usize = 60;

/// What the address asks for.
#[derive(Debug, Default, Deserialize)]
pub struct Asked {
    #[serde(default)]
    page: String,
    #[serde(default)]
    q: String,
}

/// A page of lessons.
#[derive(Template)]
#[template(path = "front/subject.html")]
pub struct List {
    l: Lang,
    shell: Shell,
    title: String,
    /// Where the search form leads.
    action: String,
    q: String,
    total: i64,
    lessons: Vec<LessonCard>,
    pager: Pager,
}

/// `GET /subject/{id}?page=&q=`
pub async fn subject(
    State(state): State<AppState>,
    visitor: Visitor,
    shell: Shell,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Result<Page<List>, WebError> {
    let subject = state.db.subject(SubjectId(id)).await?;
    let filter = LessonFilter { subject_id: Some(subject.id), ..LessonFilter::default() };
    list(state, visitor, shell, asked, filter, subject.name, format!("/subject/{id}")).await
}

/// `GET /search?q=&page=`: in subject, teacher, grade, class and school.
pub async fn search(
    State(state): State<AppState>,
    visitor: Visitor,
    shell: Shell,
    Query(asked): Query<Asked>,
) -> Result<Page<List>, WebError> {
    let title = shell.l.t("搜索录像", "Search recordings").to_owned();
    list(state, visitor, shell, asked, LessonFilter::default(), title, "/search".to_owned()).await
}

async fn list(
    state: AppState,
    visitor: Visitor,
    shell: Shell,
    asked: Asked,
    filter: LessonFilter,
    title: String,
    action: String,
) -> Result<Page<List>, WebError> {
    let q: String = asked.q.trim().chars().take(TEXT_MAX).collect();
    let number = asked.page.parse().unwrap_or(1).max(1);
    let filter = LessonFilter { text: q.clone(), ..filter };
    let found = state.db.list_lessons(&filter, Rows::number(number, PER_PAGE)).await?;
    let titles = Titles::read(&state, &found.rows).await?;
    let base =
        if q.is_empty() { format!("{action}?page=") } else { format!("{action}?q={}&page=", encode(&q)) };
    let pager = Pager { page: number, pages: found.pages(PER_PAGE), base };
    let lessons = cards(&state, &visitor, &titles, &found.rows);
    Ok(Page(List { l: shell.l, shell, title, action, q, total: found.total, lessons, pager }))
}

//! 首页: the newest lessons of each subject, with 最近更新 and 点击排行 beside them (R-WEB-02).

use super::card::{LessonCard, Titles, cards};
use crate::error::WebError;
use crate::lang::Lang;
use crate::page::{Page, Shell};
use crate::session::Visitor;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use db::{LessonFilter, LessonRow, Page as Rows};

/// Newest lessons shown of each subject.
const PER_SUBJECT: i64 = 8;
/// Lines of the two columns.
const COLUMN: i64 = 10;

struct Section {
    id: i64,
    name: String,
    total: i64,
    lessons: Vec<LessonCard>,
}

/// 首页.
#[derive(Template)]
#[template(path = "front/home.html")]
pub struct Home {
    l: Lang,
    shell: Shell,
    sections: Vec<Section>,
    newest: Vec<LessonCard>,
    most_clicked: Vec<LessonCard>,
}

/// `GET /`
pub async fn home(
    State(state): State<AppState>,
    visitor: Visitor,
    shell: Shell,
) -> Result<Page<Home>, WebError> {
    let mut found = Vec::new();
    for counted in state.db.subject_counts().await?.into_iter().filter(|c| c.lessons > 0) {
        let filter = LessonFilter { subject_id: Some(counted.subject.id), ..LessonFilter::default() };
        found.push((counted, state.db.list_lessons(&filter, Rows::first(PER_SUBJECT)).await?.rows));
    }
    let newest = state.db.newest_lessons(COLUMN).await?;
    let most_clicked = state.db.most_clicked_lessons(COLUMN).await?;
    let of_subjects = found.iter().flat_map(|(_, rows)| rows);
    let titles = Titles::read(&state, of_subjects.chain(&newest).chain(&most_clicked)).await?;
    let cards = |rows: &[LessonRow]| cards(&state, &visitor, &titles, rows);
    let sections = found.iter().map(|(counted, rows)| Section {
        id: counted.subject.id.0,
        name: counted.subject.name.clone(),
        total: counted.lessons,
        lessons: cards(rows),
    });
    let sections = sections.collect();
    let (newest, most_clicked) = (cards(&newest), cards(&most_clicked));
    Ok(Page(Home { l: shell.l, shell, sections, newest, most_clicked }))
}

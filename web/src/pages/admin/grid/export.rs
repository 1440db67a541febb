//! The published timetable as an xlsx file in the layout of the page.

use super::print::{Lane, lanes};
use super::proposal::Ground;
use super::wire::Failure;
use crate::error::WebError;
use crate::lang::Lang;
use crate::page::encode;
use crate::pages::admin::around::Around;
use crate::pages::admin::desk::Desk;
use crate::state::AppState;
use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use sheet::Language;
use sheet::timetable::{By, ClassName, Export, GradeName, Names, write_grid};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

fn names(ground: &Ground) -> Names {
    let d = &ground.directory;
    let grade =
        |g: &model::school::Grade| GradeName { id: g.id, stage: g.stage.clone(), name: g.name.clone() };
    let class = |c: &db::ClassRow| ClassName { id: c.id, grade: c.grade_id, name: c.name.clone() };
    Names {
        grades: d.grades.iter().map(grade).collect(),
        classes: d.classes.iter().map(class).collect(),
        subjects: d.subjects.iter().map(|s| (s.id, s.name.clone())).collect(),
        teachers: d.teachers.iter().map(|t| (t.id, t.name.clone())).collect(),
        rooms: d.rooms.iter().map(|r| (r.id, r.name.clone())).collect(),
        aliases: Vec::new(),
        bells: ground.calendar.bell_tables.clone(),
        days: ground.calendar.columns(),
    }
}

/// `GET /admin/timetable/export?view=class&id=3`
pub async fn xlsx(State(state): State<AppState>, desk: Desk) -> Result<Response, Failure> {
    let around = Around::of_school(&state, &desk).await?;
    let school = around.school.ok_or(WebError::NotFound)?;
    let ground = Ground::read(&state, school).await?;
    let newest = ground.newest_no();
    let timetable = ground.cells(&state, newest).await?;
    let (by, only) = match lanes(&desk, &ground)?.as_slice() {
        [Lane::Teacher(id)] => (By::Teacher, Some(id.0)),
        [Lane::Room(id)] => (By::Room, Some(id.0)),
        [Lane::Class(id)] if desk.query.text("view") == "class" => (By::Class, Some(id.0)),
        _ => (By::Class, None),
    };
    let names = names(&ground);
    let export = Export {
        names: &names,
        timetable: &timetable,
        by,
        only,
        title: &ground.directory.school.name,
        language: if desk.l == Lang::En { Language::English } else { Language::Chinese },
    };
    let bytes = write_grid(&export)
        .map_err(|error| WebError::Internal(format!("writing a timetable as xlsx: {error}")))?;
    let name = format!("{}-{}-{newest}.xlsx", ground.directory.school.name, desk.t("课表", "timetable"));
    // RFC 6266 §4.3: the plain name for old programs, the real one beside it.
    let disposition = format!("attachment; filename=\"timetable.xlsx\"; filename*=UTF-8''{}", encode(&name));
    Ok(([(CONTENT_TYPE, XLSX.to_owned()), (CONTENT_DISPOSITION, disposition)], bytes).into_response())
}

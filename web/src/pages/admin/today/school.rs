//! Whose day it is: every page of the timetable takes `?school=`, the first school without it.

use crate::error::WebError;
use crate::page::Page;
use crate::pages::admin::desk::Desk;
use crate::pages::admin::form::Choice;
use crate::state::AppState;
use askama::Template;
use axum::response::{IntoResponse, Response};
use model::SchoolId;
use model::school::School;

/// The school of a page among all of them.
#[derive(Debug, Clone)]
pub struct Chosen {
    /// The one.
    pub school: School,
    /// All, for the picker; it is drawn for more than one.
    pub choices: Vec<Choice>,
}

impl Chosen {
    /// Its id.
    pub fn id(&self) -> SchoolId {
        self.school.id
    }

    /// Whether there is something to choose.
    pub fn is_open(&self) -> bool {
        self.choices.len() > 1
    }

    /// The school of `?school=`, the first one without it; `None` on a site without one.
    pub async fn of(state: &AppState, desk: &Desk) -> Result<Option<Self>, WebError> {
        Self::named(state, desk.query.text("school")).await
    }

    /// The school of this id, the first one without an id; an unknown one is not found.
    pub async fn named(state: &AppState, id: &str) -> Result<Option<Self>, WebError> {
        let all = state.db.all_schools().await?;
        let choices = all.iter().map(|s| Choice::new(s.id, &s.name)).collect();
        let wanted = match id {
            "" => all.into_iter().next(),
            // One that has gone meanwhile must not become another one.
            id => Some(all.into_iter().find(|s| s.id.to_string() == id).ok_or(WebError::NotFound)?),
        };
        Ok(wanted.map(|school| Self { school, choices }))
    }
}

#[derive(Template)]
#[template(path = "admin/no_school.html")]
struct NoSchoolPage {
    s: Desk,
}

/// The page of a site that has no school yet.
pub fn no_school(desk: Desk) -> Response {
    Page(NoSchoolPage { s: desk }).into_response()
}

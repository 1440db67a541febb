//! What a page of one school has around it: the school that was asked for, the picker, and the names in that school.

use super::desk::{Desk, Link, query_string};
use super::form::Choice;
use super::table::{ListPage, Search, Table};
use crate::error::WebError;
use crate::page::Page;
use crate::state::AppState;
use axum::response::{IntoResponse, Response};
use db::Directory;
use model::school::School;
use model::{ClassId, SchoolId};

/// The school of a page and its names. Empty for nouns of the whole site.
#[derive(Debug, Clone, Default)]
pub struct Around {
    /// Every school of the site.
    pub schools: Vec<School>,
    /// The one that was asked for by `?school=`, else the first; `None` when there is none yet.
    pub school: Option<SchoolId>,
    /// Names in that school.
    pub directory: Option<Directory>,
    /// `school` as a text for queries; empty when there is one school only.
    asked: String,
}

/// What a list was asked for.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    /// Part of a name; empty = all.
    pub text: String,
    /// Only this class.
    pub class: Option<ClassId>,
    /// Only this school.
    pub school: Option<SchoolId>,
}

impl Asked {
    /// Reads `q`, `class` and the school.
    pub fn of(desk: &Desk, around: &Around) -> Self {
        Self {
            text: desk.query.text("q").to_owned(),
            class: desk.query.number("class").ok().map(ClassId),
            school: around.school,
        }
    }
}

impl Around {
    /// The school of `?school=`; an unknown one is not found.
    pub async fn of_school(state: &AppState, desk: &Desk) -> Result<Self, WebError> {
        let schools = state.db.all_schools().await?;
        let school = match desk.query.text("school") {
            "" => schools.first().map(|s| s.id),
            text => {
                let known = schools.iter().find(|s| s.id.to_string() == text);
                Some(known.ok_or(WebError::NotFound)?.id)
            }
        };
        Self { schools, ..Self::default() }.with(state, school).await
    }

    /// The same in another school: that of the row which is being changed.
    pub async fn moved_to(self, state: &AppState, school: Option<SchoolId>) -> Result<Self, WebError> {
        if school.is_none() || school == self.school {
            return Ok(self);
        }
        self.with(state, school).await
    }

    async fn with(mut self, state: &AppState, school: Option<SchoolId>) -> Result<Self, WebError> {
        self.asked = match school {
            Some(id) if self.schools.len() > 1 => id.to_string(),
            _ => String::new(),
        };
        self.directory = match school {
            Some(id) => Some(state.db.directory(id).await?),
            None => None,
        };
        self.school = school;
        Ok(self)
    }

    /// Value of `school` in addresses; empty when there is only one.
    pub fn asked_school(&self) -> &str {
        &self.asked
    }

    /// `path` with the school in its query.
    pub fn at(&self, path: &str) -> String {
        let query = query_string(&[("school", &self.asked)]);
        match path.contains('?') {
            true => format!("{path}{}", query.replacen('?', "&", 1)),
            false => format!("{path}{query}"),
        }
    }

    /// Name of the school.
    pub fn school_name(&self) -> &str {
        self.schools.iter().find(|s| Some(s.id) == self.school).map_or("", |s| &s.name)
    }

    /// The menu of schools; `None` with one school.
    pub fn picker(&self, desk: &Desk) -> Option<Search> {
        (self.schools.len() > 1).then(|| Search {
            label: desk.t("学校", "School").to_owned(),
            name: "school",
            value: self.asked.clone(),
            kind: "",
            choices: self.schools.iter().map(|s| Choice::new(s.id, &s.name)).collect(),
            grow: false,
        })
    }

    /// The page of a site without a school: says what to do.
    pub fn no_school(&self, desk: Desk) -> Response {
        let mut table = Table::new(&desk, "", &[], &[], 0);
        table.select = false;
        table.empty = desk
            .t(
                "还没有学校。请先添加学校，再回到这里。",
                "There is no school yet. Add one first, then come back.",
            )
            .to_owned();
        let add = Link::new("/admin/schools/new", desk.t("添加学校", "Add a school"));
        table.empty_link = Some(add);
        Page(ListPage::new(desk, Vec::new(), Vec::new(), table)).into_response()
    }
}

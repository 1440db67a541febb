//! An import under way: the file as it was read, what was chosen so far, and the names it is matched with.

use crate::error::WebError;
use crate::extract::Fields;
use crate::pages::admin::desk::Desk;
use crate::state::AppState;
use axum::http::StatusCode;
use db::{AliasNoun, DbError, Directory, ImportJob};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use model::calendar::Calendar;
use model::{SchoolId, UserId};
use serde::{Deserialize, Serialize};
use sheet::Workbook;
use sheet::timetable::{
    Alias, Choice, Choices, ClassName, Draft, Found, GradeName, Layout, LayoutChoice, Names, Noun,
};
use std::collections::{BTreeMap, BTreeSet};

/// What a timetable's job is called in the database.
pub const TIMETABLE: &str = "timetable";

/// What the user chose so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Chosen {
    /// Sheets that are not to be imported.
    pub skip: BTreeSet<String>,
    /// Sheet → whose its grids are, where the user says so.
    pub layouts: BTreeMap<String, LayoutChoice>,
    /// Sheet → the class it belongs to.
    pub class_of: BTreeMap<String, i64>,
    /// What to do with unknown names.
    pub names: Choices,
    /// Unknown class → the grade it is made in.
    pub grades: BTreeMap<String, i64>,
    /// Classes of the file whose timetable is not to be replaced: ids, stand-ins too.
    pub keep: BTreeSet<i64>,
}

/// An import under way.
pub struct Job {
    /// Its row.
    pub row: ImportJob,
    /// Its school.
    pub school: SchoolId,
    /// What was chosen.
    pub chosen: Chosen,
    /// The file as it was read, by the chosen layouts.
    pub found: Found,
    /// Its tables, if they were kept: the layouts of its sheets can be chosen.
    pub workbook: Option<Workbook>,
}

/// What is kept of a file.
#[derive(Serialize, Deserialize)]
pub struct Document {
    /// As it was read.
    #[serde(flatten)]
    pub found: Found,
    /// Its tables; absent for calendars and for files of too much.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workbook: Option<serde_json::Value>,
}

/// Tables above this are not kept; a document may have 8 MiB, and 60 classes have 0.4 MiB.
const WORKBOOK_MAX_BYTES: usize = 3 * 1024 * 1024;

/// What is kept of a file, as JSON.
pub fn kept(found: Found, workbook: Option<&Workbook>) -> Result<String, WebError> {
    let small = workbook.map(json).transpose()?.filter(|text| text.len() <= WORKBOOK_MAX_BYTES);
    let workbook = small.and_then(|text| serde_json::from_str(&text).ok());
    json(&Document { found, workbook })
}

/// What the names of a file are matched with.
pub struct Known {
    /// Everything with a name.
    pub directory: Directory,
    /// 校历.
    pub calendar: Calendar,
    /// The same for the reader of files.
    pub names: Names,
}

/// Whoever asks; pages below `/admin` are for people who are logged in.
pub fn user_of(desk: &Desk) -> Result<UserId, WebError> {
    desk.visitor.user.as_ref().map(|u| u.id).ok_or(WebError::LoginNeeded)
}

/// An import that is not there any more says so, and what to do.
pub fn gone(error: DbError) -> WebError {
    match error {
        DbError::NotFound { .. } => WebError::refused(
            StatusCode::GONE,
            "import_gone",
            "这次导入已经过期（24 小时没有操作）或已被放弃，什么都没有改变。请在“导入导出”页重新上传文件。",
            "This import has expired (nobody touched it for 24 hours) or was given up; nothing was changed. Upload the file again under Import and export.",
        ),
        other => other.into(),
    }
}

/// A stored document that this version cannot read: it was made by another one.
fn unreadable(error: serde_json::Error) -> WebError {
    tracing::warn!(%error, "A stored import cannot be read: {error}");
    gone(DbError::NotFound { noun: db::Noun::Import, id: String::new() })
}

/// The row of an import of this kind.
pub async fn row(state: &AppState, desk: &Desk, id: i64, what: &str) -> Result<ImportJob, WebError> {
    let row = state.db.import_job(id, user_of(desk)?, state.now_ms()).await.map_err(gone)?;
    if row.what == what { Ok(row) } else { Err(WebError::NotFound) }
}

/// A stored document.
pub async fn document<T: for<'de> Deserialize<'de>>(
    state: &AppState,
    row: &ImportJob,
) -> Result<T, WebError> {
    let text = state.db.import_document(row.id, row.user_id).await.map_err(gone)?;
    serde_json::from_str(&text).map_err(unreadable)
}

impl Job {
    /// The import with this id, if it is this user's and is about a timetable.
    pub async fn load(state: &AppState, desk: &Desk, id: i64) -> Result<Self, WebError> {
        let row = row(state, desk, id, TIMETABLE).await?;
        let school = row.school_id.ok_or(WebError::NotFound)?;
        let chosen = serde_json::from_str(&row.choices).map_err(unreadable)?;
        let document: Document = document(state, &row).await?;
        let workbook = document.workbook.and_then(|w| serde_json::from_value(w).ok());
        let mut job = Self { row, school, chosen, found: document.found, workbook };
        job.recognise();
        Ok(job)
    }

    /// Reads the tables again by the layouts that were chosen.
    fn recognise(&mut self) {
        if let Some(workbook) = self.workbook.as_ref().filter(|_| !self.chosen.layouts.is_empty()) {
            self.found = sheet::timetable::recognise_as(workbook, &self.chosen.layouts);
        }
    }

    /// Takes the layouts of the first step; whether one has changed, so that the sheets have been read again.
    pub fn choose_layouts(&mut self, fields: &Fields) -> bool {
        let mut layouts = BTreeMap::new();
        for (n, sheet) in self.found.sheets.iter().enumerate() {
            let choice = match fields.text(&format!("kind-{n}")) {
                "class" => LayoutChoice::Class,
                "teacher" => LayoutChoice::Teacher,
                "room" => LayoutChoice::Room,
                _ => continue,
            };
            layouts.insert(sheet.sheet.clone(), choice);
        }
        let Some(workbook) = self.workbook.as_ref().filter(|_| layouts != self.chosen.layouts) else {
            return false;
        };
        self.found = sheet::timetable::recognise_as(workbook, &layouts);
        self.chosen.layouts = layouts;
        true
    }

    /// Keeps what was chosen.
    pub async fn save(&self, state: &AppState) -> Result<(), WebError> {
        let text = json(&self.chosen)?;
        state.db.choose_import(self.row.id, self.row.user_id, &text, state.now_ms()).await.map_err(gone)
    }

    /// Address of a step: empty for the first.
    pub fn at(&self, step: &str) -> String {
        match step {
            "" => format!("/admin/import/{}", self.row.id),
            step => format!("/admin/import/{}/{step}", self.row.id),
        }
    }

    /// Reads the first step: sheets to leave out, classes of sheets.
    pub fn choose_sheets(&mut self, fields: &Fields, known: &Known) {
        self.chosen.skip.clear();
        self.chosen.class_of.clear();
        for (n, sheet) in self.found.sheets.iter().enumerate() {
            if fields.all("skip").any(|v| v == n.to_string()) {
                self.chosen.skip.insert(sheet.sheet.clone());
            }
            let class = fields.text(&format!("class-{n}")).parse().ok();
            let class = class.filter(|id| known.directory.classes.iter().any(|c| c.id.0 == *id));
            if let Some(id) = class {
                self.chosen.class_of.insert(sheet.sheet.clone(), id);
            }
        }
    }

    /// The file as the user wants it read: without the sheets left out, each sheet under its class.
    pub fn wanted(&self, known: &Known) -> (Found, Choices) {
        let mut found = self.found.clone();
        let mut choices = self.chosen.names.clone();
        for sheet in &mut found.sheets {
            if self.chosen.skip.contains(&sheet.sheet) {
                sheet.entries.clear();
                sheet.problems.clear();
                continue;
            }
            let Some(id) = self.chosen.class_of.get(&sheet.sheet) else { continue };
            let Some(class) = known.directory.classes.iter().find(|c| c.id.0 == *id) else { continue };
            let name = format!("{}{}{}", class.stage, class.grade_name, class.name);
            let own = match &sheet.layout {
                Layout::ClassGrid { class } => class.clone(),
                _ => String::new(),
            };
            for entry in sheet.entries.iter_mut().filter(|e| e.class == own || e.class.is_empty()) {
                entry.class = name.clone();
            }
            sheet.layout = match &sheet.layout {
                Layout::ClassGrid { .. } => Layout::ClassGrid { class: name.clone() },
                other => other.clone(),
            };
            choices.0.push(sheet::timetable::Chosen {
                noun: Noun::Class,
                text: name,
                choice: Choice::Use(*id),
            });
        }
        (found, choices)
    }

    /// What follows for the timetable.
    pub fn draft(&self, known: &Known) -> Draft {
        let (found, choices) = self.wanted(known);
        let mut draft = sheet::timetable::resolve(&found, &known.names, &choices);
        for made in draft.create.iter_mut().filter(|c| c.noun == Noun::Class) {
            let grade = self.chosen.grades.get(&made.text).copied().map(model::GradeId);
            made.grade = grade.or(made.grade);
        }
        draft
    }
}

/// A value as JSON.
pub fn json<T: Serialize>(value: &T) -> Result<String, WebError> {
    serde_json::to_string(value).map_err(|e| WebError::Internal(format!("writing an import: {e}")))
}

/// Today, where the school is.
pub fn today(state: &AppState, zone: &TimeZone) -> Date {
    let now = jiff::Timestamp::from_millisecond(state.now_ms()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    now.to_zoned(zone.clone()).date()
}

impl Known {
    /// Reads the names of a school.
    pub async fn read(state: &AppState, school: SchoolId, today: Date) -> Result<Self, WebError> {
        let directory = state.db.directory(school).await?;
        let calendar = state.db.calendar(school).await?.calendar;
        let aliases = state.db.aliases(school).await?.into_iter().map(alias).collect();
        let names = names(&directory, &calendar, aliases, today);
        Ok(Self { directory, calendar, names })
    }
}

fn alias(alias: db::Alias) -> Alias {
    let noun = match alias.noun {
        AliasNoun::Grade => Noun::Grade,
        AliasNoun::Class => Noun::Class,
        AliasNoun::Subject => Noun::Subject,
        AliasNoun::Teacher => Noun::Teacher,
        AliasNoun::Room => Noun::Room,
    };
    Alias { noun, text: alias.text, target: alias.target }
}

/// The noun as the database keeps it.
pub fn alias_noun(noun: Noun) -> AliasNoun {
    match noun {
        Noun::Grade => AliasNoun::Grade,
        Noun::Class => AliasNoun::Class,
        Noun::Subject => AliasNoun::Subject,
        Noun::Teacher => AliasNoun::Teacher,
        Noun::Room => AliasNoun::Room,
    }
}

fn names(directory: &Directory, calendar: &Calendar, aliases: Vec<Alias>, today: Date) -> Names {
    let grades = directory.grades.iter();
    let classes = directory.classes.iter();
    // The term that runs, else the next one, else the last: its rotation decides how many columns there are.
    let term = calendar.terms.iter().find(|t| t.end >= today).or(calendar.terms.last());
    Names {
        grades: grades
            .map(|g| GradeName { id: g.id, stage: g.stage.clone(), name: g.name.clone() })
            .collect(),
        classes: classes.map(|c| ClassName { id: c.id, grade: c.grade_id, name: c.name.clone() }).collect(),
        subjects: directory.subjects.iter().map(|s| (s.id, s.name.clone())).collect(),
        teachers: directory.teachers.iter().map(|t| (t.id, t.name.clone())).collect(),
        rooms: directory.rooms.iter().map(|r| (r.id, r.name.clone())).collect(),
        aliases,
        bells: calendar.bell_tables.clone(),
        days: term.and_then(|t| t.rotation.as_ref()).map_or(7, |r| r.work_days),
    }
}

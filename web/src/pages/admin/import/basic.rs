//! Basic data in and out of files: the same three buttons for seven tables. An import is shown row by row before anything
//! is written; it adds and changes, and never removes.

mod compare;
pub mod review;
pub mod stock;

use super::job::{json, user_of};
use super::upload::Upload;
use super::{apart, file_of, fingerprint, keep, sheet_refusal};
use crate::error::WebError;
use crate::page::Page;
use crate::pages::admin::around::Around;
use crate::pages::admin::basics::Pair;
use crate::pages::admin::desk::{Desk, Link};
use crate::pages::admin::form::Choice;
use crate::state::AppState;
use askama::Template;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use db::NewImport;
use serde::{Deserialize, Serialize};
use sheet::basic::{Kind, Row};
use sheet::{At, Problem};

/// What a file of basic data held: the document of its job.
#[derive(Debug, Serialize, Deserialize)]
pub struct Held {
    /// Good rows with where they stand.
    pub rows: Vec<(Row, At)>,
    /// Everything else.
    pub problems: Vec<Problem>,
}

/// One of the seven tables.
pub struct Line {
    /// For the reader of files.
    pub kind: Kind,
    /// In addresses and in the database.
    pub code: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// Its list.
    pub path: &'static str,
    /// Whether it belongs to a school.
    pub of_school: bool,
    /// Where it is imported.
    pub import: String,
    /// Excel.
    pub xlsx: String,
    /// CSV.
    pub csv: String,
    /// The empty form.
    pub template: String,
}

/// A table: for the reader, in addresses, its list, its name in both languages, whether it belongs to a school.
type Kinds = (Kind, &'static str, &'static str, Pair, bool);

const KINDS: [Kinds; 7] = [
    (Kind::Schools, "schools", "/admin/schools", ("学校", "Schools"), false),
    (Kind::Grades, "grades", "/admin/grades", ("年级", "Grades"), false),
    (Kind::Rooms, "rooms", "/admin/rooms", ("教室", "Rooms"), true),
    (Kind::Classes, "classes", "/admin/classes", ("班级", "Classes"), true),
    (Kind::Subjects, "subjects", "/admin/subjects", ("科目", "Subjects"), false),
    (Kind::Teachers, "teachers", "/admin/teachers", ("教师", "Teachers"), false),
    (Kind::Students, "students", "/admin/students", ("学生", "Students"), true),
];

/// The seven tables in the order in which they need each other.
pub fn lines(desk: &Desk, around: &Around) -> Vec<Line> {
    let line = |&(kind, code, path, (zh, en), of_school): &Kinds| {
        let at = |address: String| if of_school { around.at(&address) } else { address };
        let export = |what: &str| at(format!("/admin/import/basic/export?what={code}&as={what}"));
        Line {
            kind,
            code,
            name: desk.l.t(zh, en),
            path,
            of_school,
            import: at(format!("/admin/import/basic?what={code}")),
            xlsx: export("xlsx"),
            csv: export("csv"),
            template: export("template"),
        }
    };
    KINDS.iter().map(line).collect()
}

/// The table of this name.
pub fn kind_of(desk: &Desk, code: &str) -> Option<Line> {
    lines(desk, &Around::default()).into_iter().find(|line| line.code == code)
}

/// Buttons at the head of a list: import, export.
pub fn tools(desk: &Desk, path: &str, around: &Around) -> Vec<Link> {
    let Some(line) = lines(desk, around).into_iter().find(|line| line.path == path) else {
        return Vec::new();
    };
    vec![
        Link::new(line.import, desk.t("导入", "Import")),
        Link::new(line.xlsx, desk.t("导出 Excel", "Export Excel")),
        Link::new(line.csv, desk.t("导出 CSV", "Export CSV")),
    ]
}

#[derive(Template)]
#[template(path = "admin/import_basic.html")]
struct UploadPage {
    s: Desk,
    schools: Vec<Choice>,
    school: String,
    line: Line,
    keys: &'static str,
    action: String,
    error: Option<String>,
    max_bytes: usize,
}

/// By what a row of the file is found in the table.
fn keys(desk: &Desk, kind: Kind) -> &'static str {
    match kind {
        Kind::Schools | Kind::Rooms | Kind::Subjects => desk.l.t("按名称对应。", "Rows are matched by name."),
        Kind::Grades => desk.l.t("按类型和名称对应。", "Rows are matched by stage and name."),
        Kind::Classes => desk.l.t(
            "按年级和名称对应；年级和教室要先有。",
            "Rows are matched by grade and name; grades and rooms must exist first.",
        ),
        Kind::Teachers => desk.l.t(
            "按姓名对应；有同名教师时会提示，不会猜。",
            "Rows are matched by name; teachers who share a name are reported, never guessed.",
        ),
        Kind::Students => {
            desk.l.t("按学号对应；班级要先有。", "Rows are matched by number; classes must exist first.")
        }
    }
}

async fn asked(state: &AppState, desk: &Desk) -> Result<(Line, Around), WebError> {
    let around = Around::of_school(state, desk).await?;
    let found = lines(desk, &around).into_iter().find(|line| line.code == desk.query.text("what"));
    Ok((found.ok_or(WebError::NotFound)?, around))
}

fn page(desk: Desk, line: Line, around: &Around, error: Option<String>) -> UploadPage {
    let many = around.schools.len() > 1 && line.of_school;
    let title = format!("{}{}", desk.t("导入", "Import: "), line.name);
    let back = if line.of_school { around.at(line.path) } else { line.path.to_owned() };
    let keys = keys(&desk, line.kind);
    let mut desk = desk.back_to(back, line.name).lead(
        "先显示每一行会怎样，确认后才写入。只新增和修改，从不删除。",
        "Every row is shown first; nothing is written before you agree. Rows are added and changed, never removed.",
    );
    desk.title = title;
    UploadPage {
        schools: match many {
            true => around.schools.iter().map(|s| Choice::new(s.id, &s.name)).collect(),
            false => Vec::new(),
        },
        school: around.school.map(|id| id.to_string()).unwrap_or_default(),
        action: line.import.clone(),
        keys,
        line,
        error,
        max_bytes: super::upload::FILE_MAX_BYTES,
        s: desk,
    }
}

/// `GET /admin/import/basic?what=`.
pub async fn show_upload(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let (line, around) = asked(&state, &desk).await?;
    if line.of_school && around.school.is_none() {
        return Ok(around.no_school(desk.titled("导入", "Import")));
    }
    Ok(Page(page(desk, line, &around, None)).into_response())
}

/// `POST /admin/import/basic?what=`.
pub async fn take(State(state): State<AppState>, desk: Desk, upload: Upload) -> Result<Response, WebError> {
    let (line, around) = asked(&state, &desk).await?;
    if line.of_school && around.school.is_none() {
        return Err(WebError::NotFound);
    }
    let school = around.school.filter(|_| line.of_school);
    let text = match read(&state, &desk, &line, school, upload).await? {
        Ok(job) => return Ok(Redirect::to(&format!("/admin/import/basic/{job}")).into_response()),
        Err(text) => text,
    };
    let desk = desk.seen_at(&line.import);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page(desk, line, &around, Some(text)))).into_response())
}

async fn read(
    state: &AppState,
    desk: &Desk,
    line: &Line,
    school_id: Option<model::SchoolId>,
    upload: Upload,
) -> Result<Result<i64, String>, WebError> {
    let (file_name, bytes) = match file_of(upload) {
        Ok(file) => file,
        Err(why) => return Ok(Err(desk.l.of(&why).to_owned())),
    };
    let sha256 = fingerprint(&bytes);
    let (kind, name) = (line.kind, file_name.clone());
    let read =
        apart(move || sheet::Workbook::read(&name, &bytes).map(|book| sheet::basic::read(kind, &book)));
    let rows = match read.await? {
        Ok(rows) => rows,
        Err(error) => return Ok(Err(sheet_refusal(desk, &error))),
    };
    if rows.rows.is_empty() {
        let seen = rows.problems.iter().take(3).map(|p| format!("{}: {}", p.at, desk.t(&p.zh, &p.en)));
        let seen = seen.collect::<Vec<_>>().join("；");
        let text = desk.t(
            "没有认出任何一行。第一行应是列名，请下载模板对照。",
            "No row was recognised. The first line should name the columns: compare with the template.",
        );
        return Ok(Err(format!("{text}{seen}")));
    }
    let held = Held { rows: rows.rows, problems: rows.problems };
    let new = NewImport {
        school_id,
        user_id: user_of(desk)?,
        what: line.code.to_owned(),
        file_name,
        sha256,
        document: json(&held)?,
        choices: "{}".to_owned(),
    };
    keep(state, desk, &new).await
}

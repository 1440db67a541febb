//! 导入导出: timetables and basic data in and out of files. An import is a job of four steps; each step is a page that works
//! without scripts, and nothing is written before the last one.

pub mod basic;
mod export;
mod job;
mod names;
mod plan;
mod publish;
mod review;
mod sheets;
mod steps;
mod upload;
mod words;

use super::around::Around;
use super::desk::{Desk, Link};
use super::form::Choice;
use super::show;
use crate::error::WebError;
use crate::lang::{Lang, Text, refusal};
use crate::page::Page;
use crate::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use db::NewImport;
use job::{Chosen, TIMETABLE, json, kept, user_of};
use model::SchoolId;
use sha2::{Digest, Sha256};
use sheet::SheetError;
use sheet::timetable::Found;
use std::collections::BTreeSet;
use upload::{UPLOAD_MAX_BYTES, Upload};

/// Its path.
pub const PATH: &str = "/admin/import";

/// Its routes.
pub fn router() -> Router<AppState> {
    let uploads = Router::new()
        .route(PATH, get(show_upload).post(take))
        .route("/admin/import/basic", get(basic::show_upload).post(basic::take))
        .layer(DefaultBodyLimit::max(UPLOAD_MAX_BYTES));
    Router::new()
        .merge(uploads)
        .route("/admin/import/export", get(export::timetable))
        .route("/admin/import/basic/export", get(export::basic))
        .route("/admin/import/basic/{job}", get(basic::review::show).post(basic::review::apply))
        .route("/admin/import/{job}", get(sheets::show).post(sheets::choose))
        .route("/admin/import/{job}/drop", post(sheets::give_up))
        .route("/admin/import/{job}/names", get(names::show).post(names::choose))
        .route("/admin/import/{job}/review", get(review::show))
        .route("/admin/import/{job}/classes", post(review::choose))
        .route("/admin/import/{job}/publish", post(publish::publish))
        .route("/admin/import/{job}/done", get(publish::done))
        .route("/admin/import/{job}/rollback", post(publish::roll_back))
}

/// An import of this user that is not forgotten.
struct Waiting {
    href: String,
    file: String,
    when: String,
    state: String,
    tone: &'static str,
}

#[derive(Template)]
#[template(path = "admin/import.html")]
struct UploadPage {
    s: Desk,
    schools: Vec<Choice>,
    school: String,
    action: String,
    error: Option<String>,
    waiting: Vec<Waiting>,
    exports: Vec<(Link, &'static str)>,
    templates: Vec<Link>,
    classes: Vec<Choice>,
    basic: Vec<basic::Line>,
    max_bytes: usize,
}

async fn show_upload(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let around = Around::of_school(&state, &desk).await?;
    let Some(school) = around.school else {
        return Ok(around.no_school(desk.titled("导入导出", "Import and export")));
    };
    let desk = match desk.query.text("done") {
        "dropped" => {
            let text = desk.t("已放弃，什么都没有改变。", "Given up; nothing was changed.").to_owned();
            desk.flash("ok", text)
        }
        _ => desk,
    };
    Ok(Page(page(&state, desk, &around, school, None).await?).into_response())
}

async fn page(
    state: &AppState,
    desk: Desk,
    around: &Around,
    school: SchoolId,
    error: Option<String>,
) -> Result<UploadPage, WebError> {
    let l = desk.l;
    let jobs = state.db.imports(user_of(&desk)?, state.now_ms()).await?;
    let of_school = jobs.into_iter().filter(|j| j.what == TIMETABLE && j.school_id == Some(school));
    let waiting = of_school.map(|job| {
        let (tone, text) = match job.result {
            Some(no) if l == Lang::Zh => ("ok", format!("已发布为第 {no} 版")),
            Some(no) => ("ok", format!("published as version {no}")),
            None => ("info", l.t("未发布", "not published").to_owned()),
        };
        let step = if job.result.is_some() { "/done" } else { "" };
        Waiting {
            href: format!("{PATH}/{}{step}", job.id),
            when: show::when(&desk.zone, job.touched_at_ms),
            file: job.file_name,
            state: text,
            tone,
        }
    });
    let export = |what: &str| format!("{PATH}/export?school={school}&as={what}");
    let exports = [
        ("class", "班级课表 (Excel)", "By class (Excel)", "每班一张工作表", "A sheet a class"),
        ("teacher", "教师课表 (Excel)", "By teacher (Excel)", "每位教师一张", "A sheet a teacher"),
        ("room", "教室课表 (Excel)", "By room (Excel)", "每个教室一张", "A sheet a room"),
        ("list", "逐课列表 (Excel)", "List (Excel)", "一行一节课", "A row a lesson"),
        ("csv", "逐课列表 (CSV)", "List (CSV)", "一行一节课", "A row a lesson"),
    ];
    let exports = exports.map(|(what, zh, en, note_zh, note_en)| {
        (Link::new(export(what), l.t(zh, en)), l.t(note_zh, note_en))
    });
    let directory = around.directory.iter();
    let classes =
        directory.flat_map(|d| &d.classes).map(|c| Choice::new(c.id, words::class_name(c))).collect();
    Ok(UploadPage {
        schools: match around.schools.len() {
            1 => Vec::new(),
            _ => around.schools.iter().map(|s| Choice::new(s.id, &s.name)).collect(),
        },
        school: school.to_string(),
        action: format!("{PATH}?school={school}"),
        error,
        waiting: waiting.collect(),
        exports: exports.into(),
        templates: vec![
            Link::new(export("template-grid"), l.t("课表模板（网格）", "Template (grid)")),
            Link::new(export("template-list"), l.t("课表模板（列表）", "Template (list)")),
        ],
        classes,
        basic: basic::lines(&desk, around),
        max_bytes: upload::FILE_MAX_BYTES,
        s: desk.titled("导入导出", "Import and export").seen_at(&around.at(PATH)).lead(
            "上传后先核对再发布：发布总是产生新版本，没有提到的班级不受影响，可以一键回滚。",
            "What you upload is reviewed before it is published; publishing always makes a new version, other classes stay, and one click takes it back.",
        ),
    })
}

/// Why a file was refused, in the visitor's language.
fn sheet_refusal(desk: &Desk, error: &SheetError) -> String {
    if let SheetError::Damaged(said) | SheetError::Write(said) = error {
        tracing::info!(said = %said, "A file could not be read: {error}");
    }
    desk.l.t(&error.zh(), &error.en()).to_owned()
}

fn nothing_chosen() -> Text {
    Text::new(
        "没有收到文件：请选择文件，或把课表粘贴到下面的框里。",
        "No file arrived: choose one, or paste the timetable into the box below.",
    )
}

/// The file of an upload, or why there is none.
fn file_of(upload: Upload) -> Result<(String, Vec<u8>), Text> {
    match (upload.refused, upload.file) {
        (Some(why), _) => Err(why),
        (None, Some((name, bytes))) if !bytes.is_empty() => Ok((name, bytes)),
        (None, Some(_)) => {
            Err(Text::new("文件是空的，请选择有内容的文件。", "The file is empty: choose one with content."))
        }
        (None, None) => Err(nothing_chosen()),
    }
}

/// SHA-256, 64 hex digits.
fn fingerprint(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|b| format!("{b:02x}")).collect()
}

/// Reads a file away from the threads that answer requests.
async fn apart<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, WebError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|e| WebError::Internal(format!("reading an uploaded file: {e}")))
}

/// `POST /admin/import`: reads the file, keeps what it holds and shows it.
async fn take(State(state): State<AppState>, desk: Desk, upload: Upload) -> Result<Response, WebError> {
    let around = Around::of_school(&state, &desk).await?;
    let Some(school) = around.school else { return Err(WebError::NotFound) };
    let text = match read_timetable(&state, &desk, school, upload).await? {
        Ok(job) => return Ok(Redirect::to(&format!("{PATH}/{job}")).into_response()),
        Err(text) => text,
    };
    let desk = desk.seen_at(&around.at(PATH));
    let page = page(&state, desk, &around, school, Some(text)).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
}

async fn read_timetable(
    state: &AppState,
    desk: &Desk,
    school: SchoolId,
    upload: Upload,
) -> Result<Result<i64, String>, WebError> {
    let (name, bytes) = match file_of(upload) {
        Ok(file) => file,
        Err(why) => return Ok(Err(desk.l.of(&why).to_owned())),
    };
    let sha256 = fingerprint(&bytes);
    let bells = state.db.calendar(school).await?.calendar.bell_tables.into_iter().next();
    let (zone, file_name) = (desk.zone.clone(), name.clone());
    let read = apart(move || sheet::timetable::read_both(&file_name, &bytes, bells.as_ref(), &zone)).await?;
    let (found, workbook) = match read {
        Ok(both) => both,
        Err(error) => return Ok(Err(sheet_refusal(desk, &error))),
    };
    if found.entries().next().is_none() {
        return Ok(Err(nothing_found(desk, &found)));
    }
    if has_too_many_names(&found) {
        let text = desk.t(
            "文件里不同的名称太多（班级超过 600 个，或科目、教师、教室共超过 3000 个），多半是列没有对上。请对照模板检查，或分成几个文件（例如每个年级一个）再导入。",
            "The file has too many different names (more than 600 classes, or 3,000 subjects, teachers and rooms): its columns may be mixed up. Compare it with the template, or split it, for example by grade.",
        );
        return Ok(Err(text.to_owned()));
    }
    let new = NewImport {
        school_id: Some(school),
        user_id: user_of(desk)?,
        what: TIMETABLE.to_owned(),
        file_name: name,
        sha256,
        document: apart(move || kept(found, workbook.as_ref())).await??,
        choices: json(&Chosen::default())?,
    };
    keep(state, desk, &new).await
}

/// Different classes of one file: twice the largest school. Each is compared with every other one and with every known one.
const CLASSES_MAX: usize = 600;
/// Different subjects, teachers and rooms of one file; the largest school has some 1,500.
const NAMES_MAX: usize = 3_000;

fn has_too_many_names(found: &Found) -> bool {
    let (mut classes, mut others) = (BTreeSet::new(), BTreeSet::new());
    for entry in found.entries() {
        classes.extend(std::iter::once(&entry.class).chain(&entry.with));
        others.extend([(0, &entry.subject), (1, &entry.teacher), (2, &entry.room)]);
        if classes.len() > CLASSES_MAX || others.len() > NAMES_MAX {
            return true;
        }
    }
    false
}

/// Keeps an import; a file that holds too much is told so.
async fn keep(state: &AppState, desk: &Desk, new: &NewImport) -> Result<Result<i64, String>, WebError> {
    match state.db.add_import(new, state.now_ms()).await {
        Ok(id) => Ok(Ok(id)),
        Err(db::DbError::Fault(fault)) if fault.field == "document" => Ok(Err(desk
            .t(
                "文件里的内容太多。请分成几个文件（例如每个年级一个）再导入。",
                "The file holds too much: split it, for example by grade, and import the parts.",
            )
            .to_owned())),
        Err(other) => match refusal(&other) {
            Some(text) => Ok(Err(desk.l.of(&text).to_owned())),
            None => Err(other.into()),
        },
    }
}

/// No lesson at all: what was seen on which sheet, and what a timetable looks like.
fn nothing_found(desk: &Desk, found: &Found) -> String {
    let seen =
        found.sheets.iter().take(5).map(|s| format!("{}（{}）", s.sheet, words::layout(desk.l, &s.layout)));
    let mut seen: Vec<String> = seen.collect();
    // Of a sheet without a table its line above says so.
    let problems = found.all_problems().filter(|p| p.code != sheet::Code::NoTable).take(3);
    seen.extend(problems.map(|p| format!("{}: {}", p.at, desk.t(&p.zh, &p.en))));
    let seen = seen.join("；");
    match desk.l {
        Lang::Zh => format!(
            "没有认出任何课。课表需要有星期（周一…）和节次（第1节…），或一行一节课的列表；可下载模板对照。{seen}"
        ),
        Lang::En => format!(
            "No lesson was recognised. A timetable needs weekdays (Mon…) and periods (1…), or a list of a row a lesson; compare with the template. {seen}"
        ),
    }
}

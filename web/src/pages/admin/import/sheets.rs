//! First step of an import: what was recognised on every sheet, which sheets to leave out, whose timetable a sheet is.

use super::job::{Job, Known, today};
use super::steps::{Step, steps};
use super::words::{Labels, class_name, layout};
use crate::error::WebError;
use crate::extract::Fields;
use crate::page::Page;
use crate::pages::admin::desk::Desk;
use crate::pages::admin::form::Choice;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use sheet::timetable::{Entry, Layout, LayoutChoice, SheetFound};
use sheet::{Problem, Weight};
use std::collections::BTreeMap;

/// Problems shown of one sheet; the review step lists them all.
const PROBLEMS_SHOWN: usize = 8;
/// Rows of a preview: 早读 to 晚自习.
const PREVIEW_ROWS: usize = 12;

/// One problem as a page shows it.
pub struct ProblemView {
    /// Sheet and cell.
    pub place: String,
    /// `bad` or `info`.
    pub tone: &'static str,
    /// What was seen and what to do.
    pub text: String,
}

impl ProblemView {
    /// In the visitor's language.
    pub fn of(desk: &Desk, problem: &Problem) -> Self {
        Self {
            place: problem.at.to_string(),
            tone: if problem.weight == Weight::Lost { "warn" } else { "info" },
            text: desk.t(&problem.zh, &problem.en).to_owned(),
        }
    }
}

/// What was understood, as a grid.
struct Preview {
    days: Vec<String>,
    rows: Vec<(String, Vec<String>)>,
}

struct SheetView {
    number: usize,
    name: String,
    layout: String,
    header: String,
    entries: usize,
    read: bool,
    skipped: bool,
    kinds: Option<Vec<Choice>>,
    kind: &'static str,
    classes: Option<Vec<Choice>>,
    class: String,
    preview: Option<Preview>,
    problems: Vec<ProblemView>,
    more: usize,
}

#[derive(Template)]
#[template(path = "admin/import_sheets.html")]
struct SheetsPage {
    s: Desk,
    steps: Vec<Step>,
    action: String,
    drop: String,
    file: String,
    lessons: String,
    sheets: Vec<SheetView>,
    problems: Vec<ProblemView>,
    no_bells: bool,
}

fn cell_text(entry: &Entry) -> String {
    let parts = [&entry.subject, &entry.teacher, &entry.room];
    parts.into_iter().filter(|p| !p.is_empty()).cloned().collect::<Vec<_>>().join(" ")
}

/// The place of every period on the sheet, downwards or across; of a list by number.
fn places<'a>(entries: &[&'a Entry]) -> BTreeMap<(Option<u8>, &'a str), usize> {
    let mut periods: BTreeMap<(Option<u8>, &str), Vec<&Entry>> = BTreeMap::new();
    for entry in entries {
        periods.entry((entry.period.number, entry.period.label.as_str())).or_default().push(entry);
    }
    let one = |of: fn(&Entry) -> u32| periods.values().all(|all| all.iter().all(|e| of(e) == of(all[0])));
    let (down, across) = (one(|e| e.at.row), one(|e| e.at.col));
    let mut order: Vec<_> = periods.into_iter().collect();
    order.sort_by_key(|((number, _), all)| match (down, across) {
        (true, _) => (all[0].at.row, None),
        (_, true) => (all[0].at.col, *number),
        _ => (0, *number),
    });
    order.into_iter().enumerate().map(|(place, (period, _))| (period, place)).collect()
}

/// The first class (teacher, room) of the sheet as days × periods.
fn preview(labels: &Labels, sheet: &SheetFound) -> Option<Preview> {
    let first = sheet.entries.first()?;
    let one: Vec<&Entry> = match &sheet.layout {
        Layout::TeacherGrid { .. } | Layout::RoomGrid { .. } => sheet.entries.iter().collect(),
        _ => sheet.entries.iter().filter(|e| e.class == first.class).collect(),
    };
    let mut days: Vec<u8> = one.iter().map(|e| e.day).collect();
    days.sort_unstable();
    days.dedup();
    let order = places(&one);
    let mut rows: BTreeMap<(usize, String), BTreeMap<u8, String>> = BTreeMap::new();
    for entry in &one {
        let key = (entry.period.number, entry.period.label.as_str());
        let place = order.get(&key).copied().unwrap_or(order.len());
        let row = rows.entry((place, entry.period.label.clone())).or_default();
        let cell = row.entry(entry.day).or_default();
        if !cell.is_empty() {
            cell.push_str(" ／ ");
        }
        cell.push_str(&cell_text(entry));
    }
    Some(Preview {
        days: days.iter().map(|d| labels.day(*d)).collect(),
        rows: rows
            .into_iter()
            .take(PREVIEW_ROWS)
            .map(|((_, label), cells)| {
                (label, days.iter().map(|d| cells.get(d).cloned().unwrap_or_default()).collect())
            })
            .collect(),
    })
}

/// Whose the grids of a sheet may be.
fn kinds(desk: &Desk) -> Vec<Choice> {
    vec![
        Choice::new("", desk.t("自动判断", "As told by the file")),
        Choice::new("class", desk.t("班级课表", "Classes")),
        Choice::new("teacher", desk.t("教师课表", "Teachers")),
        Choice::new("room", desk.t("教室课表", "Rooms")),
    ]
}

fn kind_value(choice: &LayoutChoice) -> &'static str {
    match choice {
        LayoutChoice::Class => "class",
        LayoutChoice::Teacher => "teacher",
        LayoutChoice::Room => "room",
    }
}

fn sheet_view(
    desk: &Desk,
    job: &Job,
    known: &Known,
    labels: &Labels,
    number: usize,
    sheet: &SheetFound,
) -> SheetView {
    let read = !matches!(sheet.layout, Layout::Skipped { .. });
    let nameless = sheet.entries.iter().any(|e| e.class.is_empty());
    let choosable = matches!(sheet.layout, Layout::ClassGrid { .. }) || nameless;
    let classes = choosable.then(|| {
        let own = match &sheet.layout {
            Layout::ClassGrid { class } if !class.is_empty() => {
                format!("{}{class}", desk.t("按文件：", "As in the file: "))
            }
            _ => desk.t("请选择班级", "Choose a class").to_owned(),
        };
        let mut choices = vec![Choice::new("", own)];
        choices.extend(known.directory.classes.iter().map(|c| Choice::new(c.id, class_name(c))));
        choices
    });
    let grid = matches!(
        sheet.layout,
        Layout::ClassGrid { .. } | Layout::SchoolGrid | Layout::TeacherGrid { .. } | Layout::RoomGrid { .. }
    );
    let chosen = job.chosen.layouts.get(&sheet.sheet);
    let problems: Vec<ProblemView> =
        sheet.problems.iter().take(PROBLEMS_SHOWN).map(|p| ProblemView::of(desk, p)).collect();
    SheetView {
        number,
        name: sheet.sheet.clone(),
        layout: layout(desk.l, &sheet.layout),
        header: sheet.header.map_or(String::new(), |h| sheet::At::new("", h.row, h.col).cell()),
        entries: sheet.entries.len(),
        read,
        skipped: job.chosen.skip.contains(&sheet.sheet),
        kinds: (grid && job.workbook.is_some()).then(|| kinds(desk)),
        kind: chosen.map_or("", kind_value),
        classes: classes.filter(|_| read),
        class: job.chosen.class_of.get(&sheet.sheet).map(i64::to_string).unwrap_or_default(),
        preview: preview(labels, sheet),
        more: sheet.problems.len() - problems.len(),
        problems,
    }
}

/// `GET /admin/import/{job}`.
pub async fn show(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
) -> Result<Response, WebError> {
    let job = Job::load(&state, &desk, id).await?;
    let known = Known::read(&state, job.school, today(&state, &desk.zone)).await?;
    let desk = match desk.query.text("read") {
        "again" => {
            let text = desk.t(
                "已按您的选择重新识别，请再核对一次。",
                "Read again as you chose: please check once more.",
            );
            let text = text.to_owned();
            desk.flash("ok", text)
        }
        _ => desk,
    };
    Ok(Page(page(desk, &job, &known)).into_response())
}

fn page(desk: Desk, job: &Job, known: &Known) -> SheetsPage {
    let labels = Labels::new(desk.l, known, &[]);
    let sheets = job.found.sheets.iter().enumerate();
    let sheets = sheets.map(|(n, sheet)| sheet_view(&desk, job, known, &labels, n, sheet)).collect();
    let lessons = job.found.entries().count();
    let desk = super::steps::framed(desk, job, ("识别结果", "What was recognised")).lead(
        "请核对每张工作表是什么；不要的勾选“不导入”。这一步还没有改变任何课表。",
        "Check what each sheet is; tick those to leave out. No timetable has been changed yet.",
    );
    SheetsPage {
        steps: steps(&desk, job, 0),
        action: job.at(""),
        drop: job.at("drop"),
        file: job.row.file_name.clone(),
        lessons: match desk.l {
            crate::lang::Lang::Zh => format!("{} 张工作表，{lessons} 节课", job.found.sheets.len()),
            crate::lang::Lang::En => format!("{} sheet(s), {lessons} lesson(s)", job.found.sheets.len()),
        },
        sheets,
        problems: job.found.problems.iter().map(|p| ProblemView::of(&desk, p)).collect(),
        no_bells: known.calendar.bell_tables.is_empty(),
        s: desk,
    }
}

/// `POST /admin/import/{job}`: keeps the choices and goes on to the names.
pub async fn choose(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    let mut job = Job::load(&state, &desk, id).await?;
    let known = Known::read(&state, job.school, today(&state, &desk.zone)).await?;
    let again = job.choose_layouts(&fields);
    if again && super::has_too_many_names(&job.found) {
        let job = Job::load(&state, &desk, id).await?;
        let text = desk.t(
            "照这样理解，名称会太多，多半不对；没有改变。",
            "Understood so the file would have too many names, so it is probably not; nothing was changed.",
        );
        let text = text.to_owned();
        let desk = desk.seen_at(&job.at("")).flash("bad", text);
        return Ok(
            (axum::http::StatusCode::UNPROCESSABLE_ENTITY, Page(page(desk, &job, &known))).into_response()
        );
    }
    job.choose_sheets(&fields, &known);
    if again {
        job.save(&state).await?;
        return Ok(Redirect::to(&format!("{}?read=again", job.at(""))).into_response());
    }
    job.save(&state).await?;
    let (wanted, _) = job.wanted(&known);
    let nameless = wanted.sheets.iter().find(|s| s.entries.iter().any(|e| e.class.is_empty()));
    let text = match (wanted.entries().next(), nameless) {
        (None, _) => desk
            .t(
                "没有可以导入的课：请至少保留一张有课的工作表。",
                "There is nothing to import: keep at least one sheet with lessons.",
            )
            .to_owned(),
        (_, Some(sheet)) => match desk.l {
            crate::lang::Lang::Zh => {
                format!("工作表“{}”没有写班级：请选择它是哪个班的，或勾选“不导入”。", sheet.sheet)
            }
            crate::lang::Lang::En => {
                format!("The sheet “{}” names no class: choose one, or leave the sheet out.", sheet.sheet)
            }
        },
        _ => return Ok(Redirect::to(&job.at("names")).into_response()),
    };
    let desk = desk.seen_at(&job.at("")).flash("bad", text);
    Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, Page(page(desk, &job, &known))).into_response())
}

/// `POST /admin/import/{job}/drop`: gives the import up.
pub async fn give_up(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    _: Fields,
) -> Result<Response, WebError> {
    state.db.drop_import(id, super::job::user_of(&desk)?).await?;
    Ok(Redirect::to("/admin/import?done=dropped").into_response())
}

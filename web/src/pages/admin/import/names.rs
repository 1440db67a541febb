//! Second step of an import: names that the school does not know. Each is made, matched with one that there is, or left
//! out; what is matched is remembered for the next import.

use super::job::{Job, Known, today};
use super::steps::{Step, framed, steps};
use super::words::{class_name, noun};
use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::Lang;
use crate::page::Page;
use crate::pages::admin::desk::Desk;
use crate::pages::admin::form;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use model::fault::check_name;
use sheet::timetable::{Choice, Choices, Chosen, Noun, Unknown};
use std::collections::BTreeMap;

/// Names on one page: more would not fit into one form; the rest follows on the next.
const NAMES_PER_PAGE: usize = 150;

/// One unknown name.
struct NameView {
    number: usize,
    key: String,
    text: String,
    seen: String,
    choices: Vec<form::Choice>,
    chosen: String,
    list: String,
    grades: bool,
    grade: String,
    error: Option<String>,
}

/// The names of one noun.
struct Group {
    name: &'static str,
    note: &'static str,
    names: Vec<NameView>,
}

#[derive(Template)]
#[template(path = "admin/import_names.html")]
struct NamesPage {
    s: Desk,
    steps: Vec<Step>,
    action: String,
    back: String,
    groups: Vec<Group>,
    grades: Vec<form::Choice>,
    lists: Vec<(String, Vec<String>)>,
    waiting: usize,
}

/// What a posted form says of one name.
enum Said {
    Nothing,
    Do(Choice),
    Wrong(String),
}

/// `GET /admin/import/{job}/names`.
pub async fn show(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
) -> Result<Response, WebError> {
    let job = Job::load(&state, &desk, id).await?;
    let known = Known::read(&state, job.school, today(&state, &desk.zone)).await?;
    let unknown = job.draft(&known).unknown;
    if unknown.is_empty() {
        return Ok(Redirect::to(&job.at("review")).into_response());
    }
    Ok(Page(page(desk, &job, &known, &unknown, &Fields::default(), &BTreeMap::new())).into_response())
}

/// The noun's short name in form fields.
fn code(noun: Noun) -> &'static str {
    match noun {
        Noun::Grade => "grade",
        Noun::Class => "class",
        Noun::Subject => "subject",
        Noun::Teacher => "teacher",
        Noun::Room => "room",
    }
}

fn key(unknown: &Unknown) -> String {
    format!("{}:{}", code(unknown.noun), unknown.text)
}

/// Every name of a noun that can be chosen, with its id.
fn existing(known: &Known, noun: Noun) -> Vec<(i64, String)> {
    let d = &known.directory;
    match noun {
        Noun::Class => d.classes.iter().map(|c| (c.id.0, class_name(c))).collect(),
        Noun::Subject => d.subjects.iter().map(|s| (s.id.0, s.name.clone())).collect(),
        Noun::Teacher => d.teachers.iter().map(|t| (t.id.0, t.name.clone())).collect(),
        Noun::Room => d.rooms.iter().map(|r| (r.id.0, r.name.clone())).collect(),
        Noun::Grade => d.grades.iter().map(|g| (g.id.0, format!("{}{}", g.stage, g.name))).collect(),
    }
}

/// The grades that the reader would give to unknown classes if they were made.
fn guessed_grades(job: &Job, known: &Known, unknown: &[Unknown]) -> BTreeMap<String, i64> {
    let (found, mut choices) = job.wanted(known);
    for class in unknown.iter().filter(|u| u.noun == Noun::Class) {
        choices.0.push(Chosen { noun: Noun::Class, text: class.text.clone(), choice: Choice::Create });
    }
    let made = sheet::timetable::resolve(&found, &known.names, &choices).create;
    made.into_iter().filter_map(|c| Some((c.text, c.grade?.0))).collect()
}

fn choices_of(desk: &Desk, unknown: &Unknown) -> Vec<form::Choice> {
    let mut choices = vec![form::Choice::new("", desk.t("请选择…", "Choose…"))];
    for (id, name) in &unknown.guesses {
        choices
            .push(form::Choice::new(format!("use:{id}"), format!("{}{name}", desk.t("就是：", "It is: "))));
    }
    if unknown.noun != Noun::Grade {
        choices.push(form::Choice::new("create", desk.t("新建", "Make it")));
    }
    let skip = match unknown.noun {
        Noun::Teacher | Noun::Room => desk.t("留空", "Leave it empty"),
        _ => desk.t("不导入这些课", "Leave its lessons out"),
    };
    choices.push(form::Choice::new("skip", skip));
    choices
}

fn page(
    desk: Desk,
    job: &Job,
    known: &Known,
    unknown: &[Unknown],
    fields: &Fields,
    errors: &BTreeMap<String, String>,
) -> NamesPage {
    let l = desk.l;
    let guessed = guessed_grades(job, known, unknown);
    let shown = &unknown[..unknown.len().min(NAMES_PER_PAGE)];
    let mut groups: Vec<Group> = Vec::new();
    for kind in [Noun::Grade, Noun::Class, Noun::Subject, Noun::Teacher, Noun::Room] {
        let of_kind = shown.iter().enumerate().filter(|(_, u)| u.noun == kind);
        let names: Vec<NameView> =
            of_kind.map(|(n, u)| name_view(&desk, n, u, &guessed, fields, errors)).collect();
        if names.is_empty() {
            continue;
        }
        let note = match kind {
            Noun::Class => l.t("新建的班级要选年级", "A new class needs its grade"),
            Noun::Teacher => l.t("同名的教师请在“已有名称”中选", "Choose among teachers of one name"),
            _ => "",
        };
        groups.push(Group { name: noun(l, kind), note, names });
    }
    let nouns: Vec<Noun> = [Noun::Grade, Noun::Class, Noun::Subject, Noun::Teacher, Noun::Room]
        .into_iter()
        .filter(|kind| shown.iter().any(|u| u.noun == *kind))
        .collect();
    let lists = nouns
        .iter()
        .map(|kind| {
            (
                format!("list-{}", code(*kind)),
                existing(known, *kind).into_iter().map(|(_, name)| name).collect(),
            )
        })
        .collect();
    let desk = framed(desk, job, ("认不出的名称", "Unknown names")).lead(
        "文件里的这些名称本校没有。选好后会记住，下次导入不再问。",
        "The school does not have these names. What you choose is remembered for the next import.",
    );
    NamesPage {
        steps: steps(&desk, job, 1),
        action: job.at("names"),
        back: job.at(""),
        groups,
        grades: known
            .directory
            .grades
            .iter()
            .map(|g| form::Choice::new(g.id, format!("{} {}", g.stage, g.name)))
            .collect(),
        lists,
        waiting: unknown.len() - shown.len(),
        s: desk,
    }
}

fn name_view(
    desk: &Desk,
    number: usize,
    unknown: &Unknown,
    guessed: &BTreeMap<String, i64>,
    fields: &Fields,
    errors: &BTreeMap<String, String>,
) -> NameView {
    let key = key(unknown);
    // Nothing that resembles it: making it is the only sensible thing. Else a person decides.
    let usual = if unknown.guesses.is_empty() { "create" } else { "" };
    let posted = fields.text(&format!("c-{number}"));
    let seen = match desk.l {
        Lang::Zh => format!("{} 节课，最先在 {}", unknown.count, unknown.first),
        Lang::En => format!("{} lesson(s), first at {}", unknown.count, unknown.first),
    };
    let grade = match fields.text(&format!("g-{number}")) {
        "" => guessed.get(&unknown.text).map(i64::to_string).unwrap_or_default(),
        posted => posted.to_owned(),
    };
    NameView {
        number,
        text: unknown.text.clone(),
        seen,
        choices: choices_of(desk, unknown),
        chosen: if fields.text(&format!("k-{number}")) == key { posted } else { usual }.to_owned(),
        list: format!("list-{}", code(unknown.noun)),
        grades: unknown.noun == Noun::Class,
        grade,
        error: errors.get(&key).cloned(),
        key,
    }
}

/// What the form says of the name in row `n`. A typed name wins over the menu.
fn said(desk: &Desk, known: &Known, unknown: &Unknown, fields: &Fields, n: usize, rest: &str) -> Said {
    let typed = fields.text(&format!("o-{n}"));
    if !typed.is_empty() {
        let mut found = existing(known, unknown.noun).into_iter().filter(|(_, name)| name == typed);
        return match (found.next(), found.next()) {
            (Some((id, _)), None) => Said::Do(Choice::Use(id)),
            (Some(_), Some(_)) => Said::Wrong(
                desk.t(
                    "有几个同名的，请从左边的菜单里选，或先改名以便区分。",
                    "Several have this name: use the menu, or rename one first.",
                )
                .to_owned(),
            ),
            (None, _) => Said::Wrong(
                desk.t("没有这个名称，请从列表中选。", "There is no such name: choose from the list.")
                    .to_owned(),
            ),
        };
    }
    let chosen = match fields.text(&format!("c-{n}")) {
        "" => rest,
        chosen => chosen,
    };
    let choice = match chosen {
        "create" if unknown.noun != Noun::Grade => Choice::Create,
        "skip" => Choice::Skip,
        other => match other.strip_prefix("use:").and_then(|id| id.parse().ok()) {
            Some(id) if existing(known, unknown.noun).iter().any(|(known, _)| *known == id) => {
                Choice::Use(id)
            }
            _ => return Said::Nothing,
        },
    };
    Said::Do(choice)
}

/// Longest name of each noun, as `model::school` has it.
fn longest(noun: Noun) -> u32 {
    match noun {
        Noun::Subject | Noun::Grade => 20,
        Noun::Teacher => 30,
        Noun::Class | Noun::Room => 60,
    }
}

/// `POST /admin/import/{job}/names`.
pub async fn choose(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    let mut job = Job::load(&state, &desk, id).await?;
    let known = Known::read(&state, job.school, today(&state, &desk.zone)).await?;
    let unknown = job.draft(&known).unknown;
    let guessed = guessed_grades(&job, &known, &unknown);
    let rest = fields.text("rest").to_owned();
    let mut errors = BTreeMap::new();
    let rows: BTreeMap<String, usize> =
        (0..NAMES_PER_PAGE).map(|n| (fields.text(&format!("k-{n}")).to_owned(), n)).collect();
    for name in &unknown {
        let key = key(name);
        let Some(n) = rows.get(&key) else {
            // On a later page: what resembles nothing is made along, anything else is still shown.
            let grade = guessed.get(&name.text).copied();
            let plain = rest == "create" && name.guesses.is_empty() && name.noun != Noun::Grade;
            if plain && refused(&desk, &known, name, Choice::Create, grade).is_none() {
                job.keep(name, Choice::Create, grade);
            }
            continue;
        };
        match said(&desk, &known, name, &fields, *n, &rest) {
            Said::Do(choice) => {
                let grade = fields.text(&format!("g-{n}")).parse().ok();
                let grade = grade.or_else(|| guessed.get(&name.text).copied());
                match refused(&desk, &known, name, choice, grade) {
                    Some(text) => drop(errors.insert(key, text)),
                    None => job.keep(name, choice, grade),
                }
            }
            Said::Wrong(text) => drop(errors.insert(key, text)),
            Said::Nothing => {
                let text = desk.t("请选择怎么处理。", "Choose what to do.");
                errors.insert(key, text.to_owned());
            }
        }
    }
    job.save(&state).await?;
    let left = job.draft(&known).unknown;
    if left.is_empty() {
        return Ok(Redirect::to(&job.at("review")).into_response());
    }
    let desk = desk.seen_at(&job.at("names"));
    if errors.is_empty() {
        // The next page of names.
        return Ok(Page(page(desk, &job, &known, &left, &Fields::default(), &errors)).into_response());
    }
    let text = match desk.l {
        Lang::Zh => format!("还有 {} 个名称没有处理好，已选的都记下了。", errors.len()),
        Lang::En => format!("{} name(s) still need a choice; the others are kept.", errors.len()),
    };
    let desk = desk.flash("bad", text);
    let page = page(desk, &job, &known, &left, &Fields::default(), &errors);
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
}

/// Why a choice cannot be carried out.
fn refused(desk: &Desk, known: &Known, name: &Unknown, choice: Choice, grade: Option<i64>) -> Option<String> {
    if choice != Choice::Create {
        return None;
    }
    if name.noun == Noun::Class && !known.directory.grades.iter().any(|g| Some(g.id.0) == grade) {
        let text = desk.t("请给新班级选择年级。", "Choose the grade of the new class.");
        return Some(text.to_owned());
    }
    check_name("name", &name.text, longest(name.noun)).err().map(|fault| desk.l.fault(&fault))
}

impl Job {
    /// Keeps a choice; an older one of the same name goes.
    fn keep(&mut self, name: &Unknown, choice: Choice, grade: Option<i64>) {
        let Choices(kept) = &mut self.chosen.names;
        kept.retain(|c| (c.noun, &c.text) != (name.noun, &name.text));
        kept.push(Chosen { noun: name.noun, text: name.text.clone(), choice });
        if let (Noun::Class, Choice::Create, Some(grade)) = (name.noun, choice, grade) {
            self.chosen.grades.insert(name.text.clone(), grade);
        }
    }
}

//! Last step of an import: one transaction makes the names and publishes a new version; one click takes it back.

use super::job::{Job, alias_noun, today};
use super::plan::plan;
use super::review::{Form, Review, again, conflicts, newest, slot_key};
use super::steps::{Step, framed, steps};
use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::{Lang, refusal};
use crate::page::Page;
use crate::pages::admin::desk::Desk;
use crate::pages::admin::told::tell_school;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use db::{Alias, DbError, ImportName, NewImported, NewVersion};
use jiff::ToSpan;
use jiff::civil::Date;
use model::ClassId;
use model::calendar::Timetable;
use model::calendar::conflict::Wanted;
use model::calendar::merge::{Choice, Clash, Merged, diff, merge, take};
use sheet::timetable::{Choice as NameChoice, Noun};
use std::collections::{BTreeMap, BTreeSet};

/// Tries when others publish at the same moment; each try merges with what they have published.
const TRIES: usize = 3;
/// A first date further ahead is a slip of the year. No version may begin before another one's first date, so it would keep
/// everybody from publishing until then.
const AHEAD_DAYS_MAX: i64 = 400;
/// Longest spelling that is remembered, characters (the database's limit).
const SPELLING_MAX: usize = 120;

/// What was posted.
struct Asked {
    from: Date,
    note: String,
    teachers: bool,
    seen_no: i64,
    chosen: BTreeMap<String, Choice>,
}

impl Asked {
    fn form(&self, error: Option<String>) -> Form {
        Form {
            from: self.from.to_string(),
            note: self.note.clone(),
            teachers: self.teachers,
            seen_no: self.seen_no,
            error,
        }
    }
}

fn read(fields: &Fields, review: &Review, today: Date) -> (Asked, bool) {
    let from: Option<Date> = fields.text("from").parse().ok();
    let last = today.checked_add(AHEAD_DAYS_MAX.days()).unwrap_or(today);
    // Before a version that is to come it would be overtaken on that one's first date, and be gone.
    let from = from.filter(|from| (review.usual_from(today)..=last).contains(from));
    let chosen = (0..)
        .map(|n| (fields.text(&format!("k-{n}")).to_owned(), fields.text(&format!("c-{n}")).to_owned()))
        .take_while(|(key, _)| !key.is_empty())
        .filter_map(|(key, choice)| match choice.as_str() {
            "mine" => Some((key, Choice::Mine)),
            "theirs" => Some((key, Choice::Theirs)),
            _ => None,
        });
    let asked = Asked {
        from: from.unwrap_or_else(|| review.usual_from(today)),
        note: fields.text("note").to_owned(),
        teachers: fields.flag("teachers"),
        seen_no: fields.number("seen_no").unwrap_or(review.newest_no),
        chosen: chosen.collect(),
    };
    (asked, from.is_some())
}

/// What the visitor agreed to, together with what others have published since they looked.
async fn merged(state: &AppState, review: &Review, asked: &Asked) -> Result<Merged, WebError> {
    if asked.seen_no == review.newest_no {
        return Ok(Merged { timetable: review.plan.after.clone(), clashes: Vec::new() });
    }
    let school = review.job.school;
    let base = match asked.seen_no {
        0 => Timetable::default(),
        no => state.db.timetable(school, no).await?,
    };
    let (_, theirs) = newest(state, school).await?;
    let own_room = |class: ClassId| review.known.directory.classes.iter().find(|c| c.id == class)?.room_id;
    let mine = plan(&base, &review.draft.cells, &review.job.chosen.keep, &own_room).after;
    let merged = merge(&base, &theirs, &mine);
    let chosen = merged.clashes.iter().filter_map(|c| Some((c.slot, *asked.chosen.get(&slot_key(c.slot))?)));
    Ok(take(&merged, &chosen.collect()))
}

/// Why it is not published; `None` = go on.
fn objection(desk: &Desk, review: &Review, asked: &Asked, after: &Timetable) -> Option<String> {
    let found = conflicts(after, &review.known, &review.draft, &review.published);
    let refused = found.iter().filter(|c| matches!(c.wanted, Wanted::Class | Wanted::Room)).count();
    let teachers = found.iter().filter(|c| c.wanted == Wanted::Teacher).count();
    match desk.l {
        Lang::Zh if refused > 0 => Some(format!(
            "没有发布：有 {refused} 处班级或教室冲突。请在文件里改正后重新上传，或去掉冲突的班级。"
        )),
        Lang::En if refused > 0 => Some(format!(
            "Not published: {refused} conflict(s) of classes or rooms. Correct the file and upload it again, or leave those classes out."
        )),
        Lang::Zh if teachers > 0 && !asked.teachers => {
            Some(format!("没有发布：有 {teachers} 处教师冲突。确认无误后请勾选“仍然发布”。"))
        }
        Lang::En if teachers > 0 && !asked.teachers => Some(format!(
            "Not published: {teachers} teacher(s) in two places. If that is right, tick “publish all the same”."
        )),
        _ => None,
    }
}

/// What is to be made, as far as some cell needs it.
fn names(review: &Review, after: &Timetable) -> Vec<(i64, ImportName)> {
    let mut used = BTreeSet::new();
    for cell in &after.cells {
        used.extend([(Noun::Class, cell.class.0), (Noun::Subject, cell.subject.0)]);
        used.extend(cell.with.iter().map(|id| (Noun::Class, id.0)));
        used.extend(cell.teacher.map(|id| (Noun::Teacher, id.0)));
        used.extend(cell.room.map(|id| (Noun::Room, id.0)));
    }
    let made = review.draft.create.iter().filter(|c| used.contains(&(c.noun, c.stand_in)));
    made.filter_map(|c| {
        let name = c.name.clone();
        let name = match c.noun {
            Noun::Class => ImportName::Class { grade_id: c.grade?, name },
            Noun::Subject => ImportName::Subject(name),
            Noun::Teacher => ImportName::Teacher(name),
            Noun::Room => ImportName::Room(name),
            Noun::Grade => return None,
        };
        Some((c.stand_in, name))
    })
    .collect()
}

/// What the user has decided once is not asked again.
fn aliases(review: &Review, made: &[(i64, ImportName)]) -> Vec<Alias> {
    let mut aliases = Vec::new();
    for chosen in &review.job.chosen.names.0 {
        let target = match chosen.choice {
            NameChoice::Use(id) => id,
            NameChoice::Skip => continue,
            NameChoice::Create => {
                let same = review.draft.create.iter();
                let mut same =
                    same.filter(|c| c.noun == chosen.noun && c.text == chosen.text && c.name != c.text);
                match same.next().filter(|c| made.iter().any(|(id, _)| *id == c.stand_in)) {
                    Some(c) => c.stand_in,
                    None => continue,
                }
            }
        };
        let text = chosen.text.trim().to_owned();
        if !text.is_empty() && text.chars().count() <= SPELLING_MAX {
            aliases.push(Alias { noun: alias_noun(chosen.noun), text, target });
        }
    }
    aliases
}

/// `POST /admin/import/{job}/publish`.
pub async fn publish(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    let today = today(&state, &desk.zone);
    for _ in 0..TRIES {
        let review = match Review::load(&state, &desk, id).await? {
            Ok(review) => review,
            Err(elsewhere) => return Ok(Redirect::to(&elsewhere).into_response()),
        };
        if review.job.row.result.is_some() {
            return Ok(Redirect::to(&review.job.at("done")).into_response());
        }
        let (asked, dated) = read(&fields, &review, today);
        let stay = |desk: Desk, status, clashes: &[Clash], error| {
            Ok(again(desk, &review, asked.form(error), clashes, today, status))
        };
        if !dated {
            let first = review.usual_from(today);
            let text = match desk.l {
                Lang::Zh => format!("请选择今天或以后的日期：最早 {first}，最晚 {AHEAD_DAYS_MAX} 天后。"),
                Lang::En => format!(
                    "Choose today or a later date: from {first} on, at most {AHEAD_DAYS_MAX} days ahead."
                ),
            };
            return stay(desk, StatusCode::UNPROCESSABLE_ENTITY, &[], Some(text));
        }
        let merged = merged(&state, &review, &asked).await?;
        // The other half of a double click may have published while this one was reading: what clashes then is its own.
        if Job::load(&state, &desk, id).await?.row.result.is_some() {
            return Ok(Redirect::to(&review.job.at("done")).into_response());
        }
        if !merged.clashes.is_empty() {
            let text = clashing(&desk, review.newest_no, merged.clashes.len());
            return stay(desk.flash("bad", text), StatusCode::CONFLICT, &merged.clashes, None);
        }
        if let Some(text) = objection(&desk, &review, &asked, &merged.timetable) {
            return stay(desk.flash("bad", text), StatusCode::UNPROCESSABLE_ENTITY, &[], None);
        }
        if review.plan.is_idle() {
            // A second click finds what the first one has just published.
            return match Job::load(&state, &desk, id).await?.row.result {
                Some(_) => Ok(Redirect::to(&review.job.at("done")).into_response()),
                None => stay(desk, StatusCode::OK, &[], None),
            };
        }
        match send(&state, &desk, &review, &asked, merged.timetable).await {
            Ok(_) => {
                tell_school(&state, review.job.school).await?;
                return Ok(Redirect::to(&review.job.at("done")).into_response());
            }
            // Somebody published or made one of the names at this moment: look again.
            Err(DbError::Outdated { .. } | DbError::Taken { .. }) => {}
            Err(error) => {
                let Some(text) = refusal(&error) else { return Err(error.into()) };
                let text = desk.l.of(&text).to_owned();
                return stay(desk.flash("bad", text), StatusCode::UNPROCESSABLE_ENTITY, &[], None);
            }
        }
    }
    Err(WebError::refused(
        StatusCode::CONFLICT,
        "busy",
        "别人正在发布课表，这次没有发布。请返回核对页再试一次。",
        "Others are publishing right now, so nothing was published: go back to the review and try again.",
    ))
}

fn clashing(desk: &Desk, newest_no: i64, count: usize) -> String {
    match desk.l {
        Lang::Zh => format!(
            "没有发布：您核对期间，别人发布了第 {newest_no} 版，其中 {count} 处与文件不同。请逐处选择留哪一个，再发布。"
        ),
        Lang::En => format!(
            "Not published: somebody published version {newest_no} while you were looking, and {count} slot(s) differ from the file. Choose for each, then publish."
        ),
    }
}

async fn send(
    state: &AppState,
    desk: &Desk,
    review: &Review,
    asked: &Asked,
    timetable: Timetable,
) -> Result<i64, DbError> {
    let row = &review.job.row;
    let names = names(review, &timetable);
    let aliases = aliases(review, &names);
    let usual = format!("{}{}", desk.t("导入 ", "Imported "), row.file_name);
    let note = if asked.note.is_empty() { usual } else { asked.note.clone() };
    let version = NewVersion {
        newest_no: review.newest_no,
        from: asked.from,
        source: format!("{} sha256:{}", row.file_name, &row.sha256[..16.min(row.sha256.len())]),
        note,
        timetable,
    };
    let new = NewImported { version, names, aliases };
    state.db.publish_import(row.id, review.job.school, &new, row.user_id, state.now_ms()).await
}

#[derive(Template)]
#[template(path = "admin/import_done.html")]
struct DonePage {
    s: Desk,
    steps: Vec<Step>,
    said: String,
    facts: Vec<(&'static str, String)>,
    counts: [usize; 3],
    can_roll_back: bool,
    rollback: String,
    rollback_note: String,
    timetable: String,
    again: String,
}

/// Cells of the version before `no`; empty for the first.
async fn former(state: &AppState, school: model::SchoolId, no: i64) -> Result<Timetable, WebError> {
    match no {
        ..=1 => Ok(Timetable::default()),
        no => Ok(state.db.timetable(school, no - 1).await?),
    }
}

/// `GET /admin/import/{job}/done`.
pub async fn done(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
) -> Result<Response, WebError> {
    let job = Job::load(&state, &desk, id).await?;
    let Some(no) = job.row.result else { return Ok(Redirect::to(&job.at("review")).into_response()) };
    Ok(Page(done_page(&state, desk, &job, no).await?).into_response())
}

async fn done_page(state: &AppState, desk: Desk, job: &Job, no: i64) -> Result<DonePage, WebError> {
    let l = desk.l;
    let versions = state.db.timetable_versions(job.school).await?;
    let newest_no = versions.first().map_or(0, |v| v.no);
    let version = versions.into_iter().find(|v| v.no == no).ok_or(WebError::NotFound)?;
    let changes = diff(&former(state, job.school, no).await?, &state.db.timetable(job.school, no).await?);
    let new = changes.iter().filter(|c| c.before.is_empty()).count();
    let removed = changes.iter().filter(|c| c.after.is_empty()).count();
    let rolled_back = desk.query.text("rolled").parse::<i64>().ok().filter(|n| *n > no);
    let said = match (rolled_back, l) {
        (Some(n), Lang::Zh) => format!("已回滚：第 {n} 版与导入前的课表完全相同。"),
        (Some(n), Lang::En) => {
            format!("Rolled back: version {n} is exactly the timetable before the import.")
        }
        (None, Lang::Zh) => format!("已发布为第 {no} 版课表，从 {} 起生效。", version.from),
        (None, Lang::En) => format!("Published as version {no}, in force from {}.", version.from),
    };
    let note = match l {
        Lang::Zh => format!(
            "需要撤销时：“回滚到导入前”把第 {} 版的课表原样发布成新版本；已新建的科目、教师、教室、班级保留。",
            no - 1
        ),
        Lang::En => format!(
            "To undo: “Roll back” publishes exactly what version {} had as a new one; subjects, teachers, rooms and classes that were made stay.",
            no - 1
        ),
    };
    let first = l.t(
        "需要撤销时：“回滚到导入前”发布一份空的课表作为新版本；已新建的科目、教师、教室、班级保留。",
        "To undo: “Roll back” publishes an empty timetable as a new version; subjects, teachers, rooms and classes that were made stay.",
    );
    let later = match l {
        Lang::Zh => format!("之后已发布到第 {newest_no} 版；要回到更早的课表，请在“课表”的版本列表里操作。"),
        Lang::En => format!(
            "Version {newest_no} is the newest now; go back to an older one in the timetable's list of versions."
        ),
    };
    let can = newest_no == no;
    Ok(DonePage {
        steps: steps(&desk, job, 3),
        said,
        facts: vec![
            (l.t("文件", "File"), job.row.file_name.clone()),
            ("SHA-256", job.row.sha256.clone()),
            (l.t("备注", "Note"), version.note),
            (l.t("课数", "Cells"), version.cells.to_string()),
        ],
        counts: [new, changes.len() - new - removed, removed],
        can_roll_back: can,
        rollback: job.at("rollback"),
        rollback_note: if !can {
            later
        } else if no > 1 {
            note
        } else {
            first.to_owned()
        },
        timetable: format!("/admin/timetable?school={}", job.school),
        again: format!("/admin/import?school={}", job.school),
        s: framed(desk, job, ("已导入", "Imported")),
    })
}

/// `POST /admin/import/{job}/rollback`: what was in force before becomes the newest version.
pub async fn roll_back(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    _: Fields,
) -> Result<Response, WebError> {
    let job = Job::load(&state, &desk, id).await?;
    let no = job.row.result.ok_or(WebError::NotFound)?;
    let versions = state.db.timetable_versions(job.school).await?;
    let version = versions.iter().find(|v| v.no == no).ok_or(WebError::NotFound)?;
    let timetable = former(&state, job.school, no).await?;
    let source = match desk.l {
        Lang::Zh => format!("回滚第 {no} 版"),
        Lang::En => format!("Rolls version {no} back"),
    };
    let new = NewVersion {
        newest_no: no,
        from: version.from.max(today(&state, &desk.zone)),
        note: format!("{source}: {}", job.row.file_name),
        source,
        timetable: timetable.clone(),
    };
    match state.db.publish_timetable(job.school, &new, job.row.user_id, state.now_ms()).await {
        Ok(new_no) => {
            tell_school(&state, job.school).await?;
            Ok(Redirect::to(&format!("{}?rolled={new_no}", job.at("done"))).into_response())
        }
        Err(DbError::Outdated { current }) => {
            let text = match desk.l {
                Lang::Zh => format!("没有回滚：之后已发布第 {current} 版，回滚会丢掉它的内容。"),
                Lang::En => {
                    format!("Not rolled back: version {current} was published since and would be lost.")
                }
            };
            let desk = desk.seen_at(&job.at("done")).flash("bad", text);
            Ok((StatusCode::CONFLICT, Page(done_page(&state, desk, &job, no).await?)).into_response())
        }
        Err(other) => Err(other.into()),
    }
}

//! What a file of basic data would do, row by row, and the button that does it.

use super::compare::{Compared, Fate, compare};
use super::stock::Stock;
use super::{Held, Line, kind_of};
use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::{Lang, refusal};
use crate::page::Page;
use crate::pages::admin::desk::{Desk, query_string};
use crate::pages::admin::import::job::{document, gone, user_of};
use crate::pages::admin::import::sheets::ProblemView;
use crate::pages::admin::told::tell_school;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use db::{DbError, ImportJob};
use sheet::{Problem, Weight};
use std::collections::BTreeSet;

/// Rows shown of each kind; more are counted. A page of 20 000 rows helps nobody.
const ROWS_SHOWN: usize = 500;

struct RowView {
    tone: &'static str,
    fate: &'static str,
    name: String,
    what: String,
    place: String,
}

#[derive(Template)]
#[template(path = "admin/import_basic_review.html")]
struct ReviewPage {
    s: Desk,
    file: String,
    action: String,
    back: String,
    again: String,
    counts: [usize; 4],
    bad: usize,
    writes: usize,
    rows: Vec<RowView>,
    more: usize,
    problems: Vec<ProblemView>,
    done: Option<i64>,
}

struct Loaded {
    job: ImportJob,
    line: Line,
    compared: Vec<Compared>,
    held: Held,
}

async fn load(state: &AppState, desk: &Desk, id: i64) -> Result<Loaded, WebError> {
    let job = state.db.import_job(id, user_of(desk)?, state.now_ms()).await.map_err(gone)?;
    let line = kind_of(desk, &job.what).ok_or(WebError::NotFound)?;
    let held: Held = document(state, &job).await?;
    let stock = Stock::read(state, line.kind, job.school_id).await?;
    let compared = compare(&stock, &held.rows);
    Ok(Loaded { job, line, compared, held })
}

fn row_view(desk: &Desk, row: &Compared) -> RowView {
    let (tone, fate, what) = match &row.fate {
        Fate::New => ("ok", desk.l.t("新增", "New"), String::new()),
        Fate::Same => ("idle", desk.l.t("相同", "Same"), String::new()),
        Fate::Problem(why) => ("bad", desk.l.t("问题", "Problem"), desk.l.of(why).to_owned()),
        Fate::Changed(fields) => {
            let dash = |text: &str| if text.is_empty() { "—".to_owned() } else { text.to_owned() };
            let one = |(field, old, new): &(crate::lang::Text, String, String)| {
                format!("{}: {} → {}", desk.l.of(field), dash(old), dash(new))
            };
            let what = fields.iter().map(one).collect::<Vec<_>>().join("；");
            ("info", desk.l.t("修改", "Changed"), what)
        }
    };
    RowView { tone, fate, name: row.name.clone(), what, place: row.at.to_string() }
}

fn order(fate: &Fate) -> usize {
    match fate {
        Fate::Problem(_) => 0,
        Fate::Changed(_) => 1,
        Fate::New => 2,
        Fate::Same => 3,
    }
}

fn page(desk: Desk, loaded: &Loaded) -> ReviewPage {
    let mut counts = [0; 4];
    for row in &loaded.compared {
        counts[order(&row.fate)] += 1;
    }
    // Rows that the reader could not take are no less left out than those that name what the school lacks.
    let lost = loaded.held.problems.iter().filter(|p| p.weight == Weight::Lost && p.at.row > 0);
    counts[0] += lost.map(|p| (&p.at.sheet, p.at.row)).collect::<BTreeSet<_>>().len();
    let mut problems: Vec<&Problem> = loaded.held.problems.iter().collect();
    problems.sort_by_key(|p| p.weight != Weight::Lost);
    // Once it is written, every row is the same as what there is: the result is what counts.
    let mut sorted: Vec<&Compared> = loaded.compared.iter().collect();
    sorted.sort_by_key(|row| order(&row.fate));
    let school = loaded.job.school_id.map(|id| id.to_string()).unwrap_or_default();
    let back = format!("{}{}", loaded.line.path, query_string(&[("school", &school)]));
    let title = format!("{}{} · {}", desk.t("导入", "Import: "), loaded.line.name, loaded.job.file_name);
    let mut desk = desk.back_to(&back, loaded.line.name);
    desk.title = title;
    ReviewPage {
        file: loaded.job.file_name.clone(),
        action: format!("/admin/import/basic/{}", loaded.job.id),
        again: format!(
            "/admin/import/basic{}",
            query_string(&[("what", loaded.line.code), ("school", &school)])
        ),
        back,
        bad: counts[0],
        writes: counts[1] + counts[2],
        counts,
        more: sorted.len().saturating_sub(ROWS_SHOWN),
        rows: sorted.iter().take(ROWS_SHOWN).map(|row| row_view(&desk, row)).collect(),
        problems: problems.into_iter().take(ROWS_SHOWN).map(|p| ProblemView::of(&desk, p)).collect(),
        done: loaded.job.result,
        s: desk,
    }
}

/// `GET /admin/import/basic/{job}`.
pub async fn show(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
) -> Result<Response, WebError> {
    let loaded = load(&state, &desk, id).await?;
    Ok(Page(page(desk, &loaded)).into_response())
}

/// `POST /admin/import/basic/{job}`: writes what the page has shown, all or none.
pub async fn apply(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    _: Fields,
) -> Result<Response, WebError> {
    let loaded = load(&state, &desk, id).await?;
    let here = format!("/admin/import/basic/{id}");
    if loaded.job.result.is_some() {
        return Ok(Redirect::to(&here).into_response());
    }
    let rows: Vec<_> = loaded.compared.iter().filter_map(|row| row.write.clone()).collect();
    let by = loaded.job.user_id;
    match state.db.apply_basic(id, &rows, by, state.now_ms()).await {
        Ok(_) => {
            if let Some(school) = loaded.job.school_id {
                tell_school(&state, school).await?;
            }
            Ok(Redirect::to(&here).into_response())
        }
        Err(error) => {
            let text = match (&error, desk.l) {
                (DbError::Taken { .. }, Lang::Zh) => {
                    "没有写入：有人刚添加了同名的记录。请看下面重新比较的结果，再确认一次。".to_owned()
                }
                (DbError::Taken { .. }, Lang::En) => {
                    "Nothing was written: somebody has just added a row of the same name. Look at the new comparison below and confirm again.".to_owned()
                }
                (other, l) => match refusal(other) {
                    Some(text) => l.of(&text).to_owned(),
                    None => return Err(error.into()),
                },
            };
            let loaded = load(&state, &desk, id).await?;
            let desk = desk.seen_at(&here).flash("bad", text);
            Ok((StatusCode::CONFLICT, Page(page(desk, &loaded))).into_response())
        }
    }
}

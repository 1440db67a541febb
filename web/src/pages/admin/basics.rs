//! 学校 科目 年级 教师 班级 教室 学生 work alike: list, add, change, delete what is ticked. One set of handlers, seven
//! nouns; three of them belong to a school and take `?school=`.

use super::around::{Around, Asked};
use super::desk::{Desk, Link, done};
use super::form::{Field, FormView, Section, answer, as_fault};
use super::import;
use super::table::{Act, Cell, ConfirmPage, ListPage, Row, Search, Table};
use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::{self, Lang};
use crate::page::Page;
use crate::state::AppState;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use db::{Db, DbError, Listed, PER_PAGE};
use model::SchoolId;
use model::fault::Fault;
use std::future::Future;

/// A pair of texts, Chinese and English.
pub type Pair = (&'static str, &'static str);

/// What the pages say of a noun.
pub struct Words {
    /// Title of its list, e.g. 学校.
    pub many: Pair,
    /// Sentence below the title.
    pub lead: Pair,
    /// Title of the form that adds one.
    pub add: Pair,
    /// Title of the form that changes one.
    pub change: Pair,
    /// Where it may be in use: said when a deletion is refused.
    pub used_in: Pair,
}

/// One of the seven nouns of 教学管理.
pub trait BasicData: Sized + Send + Sync + 'static {
    /// Path of its list.
    const PATH: &'static str;
    /// Its words.
    const WORDS: Words;
    /// Headings of its list, without the buttons.
    const COLUMNS: &'static [Pair];
    /// Whether it belongs to a school, which then stands in `?school=`.
    const OF_SCHOOL: bool = false;

    /// Its id.
    fn id(&self) -> i64;
    /// What it is called.
    fn name(&self) -> String;
    /// Its school, where it belongs to one.
    fn school(&self) -> Option<SchoolId> {
        None
    }
    /// Its cells.
    fn cells(&self, l: Lang, around: &Around) -> Vec<Cell>;
    /// What its form holds.
    fn values(&self) -> Fields;
    /// What the form of a new one holds.
    fn fresh(_: &Around) -> Fields {
        Fields::default()
    }
    /// The fields of its form.
    fn fields(l: Lang, around: &Around) -> Vec<Field>;
    /// Reads a form.
    fn read(id: i64, form: &Fields, around: &Around) -> (Self, Vec<Fault>);
    /// Menus of the search line besides the text and the school.
    fn filters(_: &Desk, _: &Around) -> Vec<Search> {
        Vec::new()
    }

    /// A page of them.
    fn list(db: &Db, asked: &Asked, page: db::Page) -> impl Future<Output = db::Result<Listed<Self>>> + Send;
    /// One of them.
    fn get(db: &Db, id: i64) -> impl Future<Output = db::Result<Self>> + Send;
    /// Adds one.
    fn add(&self, db: &Db) -> impl Future<Output = db::Result<()>> + Send;
    /// Saves one.
    fn save(&self, db: &Db) -> impl Future<Output = db::Result<()>> + Send;
    /// Removes one.
    fn delete(db: &Db, id: i64) -> impl Future<Output = db::Result<()>> + Send;
}

/// The routes of a noun.
pub fn router<T: BasicData>() -> Router<AppState> {
    Router::new()
        .route(T::PATH, get(list::<T>))
        .route(&format!("{}/new", T::PATH), get(new::<T>).post(add::<T>))
        .route(&format!("{}/{{id}}", T::PATH), get(edit::<T>).post(save::<T>))
        .route(&format!("{}/delete", T::PATH), post(delete::<T>))
}

async fn around<T: BasicData>(state: &AppState, desk: &Desk) -> Result<Around, WebError> {
    match T::OF_SCHOOL {
        true => Around::of_school(state, desk).await,
        false => Ok(Around::default()),
    }
}

async fn list<T: BasicData>(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let around = around::<T>(&state, &desk).await?;
    if T::OF_SCHOOL && around.school.is_none() {
        let words = T::WORDS;
        return Ok(around.no_school(desk.titled(words.many.0, words.many.1)));
    }
    Ok(Page(list_page::<T>(&state, desk, &around).await?).into_response())
}

async fn list_page<T: BasicData>(
    state: &AppState,
    desk: Desk,
    around: &Around,
) -> Result<ListPage, WebError> {
    let words = T::WORDS;
    let desk = desk.titled(words.many.0, words.many.1).lead(words.lead.0, words.lead.1);
    let asked = Asked::of(&desk, around);
    let found = T::list(&state.db, &asked, db::Page::number(desk.page(), PER_PAGE)).await?;
    let mut columns = T::COLUMNS.to_vec();
    columns.push(("操作", "Actions"));
    let class = asked.class.map(|id| id.to_string()).unwrap_or_default();
    let kept = [("q", asked.text.as_str()), ("class", class.as_str()), ("school", around.asked_school())];
    let mut table = Table::new(&desk, T::PATH, &columns, &kept, found.total);
    table.base = around.at(T::PATH);
    table.action = around.at(&format!("{}/delete", T::PATH));
    let change = desk.t("修改", "Change");
    table.rows = found
        .rows
        .iter()
        .map(|item| {
            let mut cells = item.cells(desk.l, around);
            let href = around.at(&format!("{}/{}", T::PATH, item.id()));
            cells.push(Cell::Do(vec![Act::link(href, change)]));
            Row { id: item.id().to_string(), name: item.name(), cells }
        })
        .collect();
    let add = Link::new(around.at(&format!("{}/new", T::PATH)), desk.t(words.add.0, words.add.1));
    let searching = !asked.text.is_empty() || asked.class.is_some();
    if !searching {
        table.empty = desk.t("还没有记录。", "Nothing here yet.").to_owned();
        table.empty_link = Some(add.clone());
    }
    let mut search = around.picker(&desk).into_iter().collect::<Vec<_>>();
    search.extend(T::filters(&desk, around));
    search.push(Search::text(&desk, "按名称查找", "Search by name"));
    let mut tools = vec![add];
    tools.extend(import::basic::tools(&desk, T::PATH, around));
    let mut page = ListPage::new(desk, tools, search, table);
    page.searching = searching;
    Ok(page)
}

fn form<T: BasicData>(l: Lang, around: &Around, path: &str, values: &Fields, faults: &[Fault]) -> FormView {
    let mut fields = T::fields(l, around);
    if T::OF_SCHOOL && around.schools.len() > 1 {
        fields.insert(0, Field::fixed("school", l.t("学校", "School"), around.school_name()));
    }
    FormView::new(l, around.at(path), around.at(T::PATH), vec![Section::plain(fields)])
        .filled(l, values, faults)
}

fn framed<T: BasicData>(desk: Desk, around: &Around, title: Pair) -> Desk {
    let many = desk.t(T::WORDS.many.0, T::WORDS.many.1).to_owned();
    desk.titled(title.0, title.1).back_to(around.at(T::PATH), many)
}

/// What was added or saved may change what gatherers record.
async fn told<T: BasicData>(state: &AppState, school: Option<SchoolId>) -> Result<(), WebError> {
    match school {
        Some(school) if T::OF_SCHOOL => super::told::tell_school(state, school).await,
        _ => Ok(()),
    }
}

async fn new<T: BasicData>(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let around = around::<T>(&state, &desk).await?;
    if T::OF_SCHOOL && around.school.is_none() {
        return Ok(around.no_school(framed::<T>(desk, &around, T::WORDS.add)));
    }
    let form = form::<T>(desk.l, &around, &format!("{}/new", T::PATH), &T::fresh(&around), &[]);
    Ok(answer(framed::<T>(desk, &around, T::WORDS.add), form, &[]))
}

async fn add<T: BasicData>(
    State(state): State<AppState>,
    desk: Desk,
    fields: Fields,
) -> Result<Response, WebError> {
    let around = around::<T>(&state, &desk).await?;
    let (item, mut faults) = T::read(0, &fields, &around);
    if faults.is_empty() {
        match item.add(&state.db).await {
            Ok(()) => {
                told::<T>(&state, around.school).await?;
                return Ok(done(&around.at(T::PATH), "added"));
            }
            Err(error) => faults.push(as_fault(error, "name")?),
        }
    }
    let form = form::<T>(desk.l, &around, &format!("{}/new", T::PATH), &fields, &faults);
    Ok(answer(framed::<T>(desk, &around, T::WORDS.add), form, &faults))
}

async fn edit<T: BasicData>(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
) -> Result<Response, WebError> {
    let item = T::get(&state.db, id).await?;
    let around = around::<T>(&state, &desk).await?.moved_to(&state, item.school()).await?;
    let form = form::<T>(desk.l, &around, &format!("{}/{id}", T::PATH), &item.values(), &[]);
    Ok(answer(framed::<T>(desk, &around, T::WORDS.change), form, &[]))
}

async fn save<T: BasicData>(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    let mut around = around::<T>(&state, &desk).await?;
    if T::OF_SCHOOL {
        around = around.moved_to(&state, T::get(&state.db, id).await?.school()).await?;
    }
    let (item, mut faults) = T::read(id, &fields, &around);
    if faults.is_empty() {
        match item.save(&state.db).await {
            Ok(()) => {
                told::<T>(&state, around.school).await?;
                return Ok(done(&around.at(T::PATH), "saved"));
            }
            Err(error) => faults.push(as_fault(error, "name")?),
        }
    }
    let form = form::<T>(desk.l, &around, &format!("{}/{id}", T::PATH), &fields, &faults);
    Ok(answer(framed::<T>(desk, &around, T::WORDS.change), form, &faults))
}

/// 删除选中: asks first, then removes each that nothing else needs and says why the others stayed.
async fn delete<T: BasicData>(
    State(state): State<AppState>,
    desk: Desk,
    fields: Fields,
) -> Result<Response, WebError> {
    let around = around::<T>(&state, &desk).await?;
    let list = around.at(T::PATH);
    let mut items = Vec::new();
    for id in fields.ids("id") {
        match T::get(&state.db, id).await {
            Ok(item) => items.push(item),
            Err(DbError::NotFound { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
    if items.is_empty() {
        let text = desk.t("请先勾选要删除的行。", "Tick the rows to remove first.").to_owned();
        let desk = desk.seen_at(&list).flash("bad", text);
        let page = list_page::<T>(&state, desk, &around).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response());
    }
    if !fields.flag("sure") {
        return Ok(Page(question::<T>(desk.seen_at(&list), &around, &items)).into_response());
    }
    let mut removed = 0;
    let mut desk = desk.seen_at(&list);
    for item in &items {
        match T::delete(&state.db, item.id()).await {
            Ok(()) => removed += 1,
            Err(error) => {
                let text = stays::<T>(desk.l, &item.name(), &error).ok_or_else(|| WebError::from(error))?;
                desk = desk.flash("bad", text);
            }
        }
    }
    if removed > 0 {
        told::<T>(&state, around.school).await?;
    }
    if desk.flashes.is_empty() {
        return Ok(done(&list, &format!("deleted&n={removed}")));
    }
    if removed > 0 {
        let text = match desk.l {
            Lang::Zh => format!("已删除 {removed} 条。"),
            Lang::En => format!("{removed} removed."),
        };
        desk = desk.flash("ok", text);
    }
    Ok((StatusCode::CONFLICT, Page(list_page::<T>(&state, desk, &around).await?)).into_response())
}

fn question<T: BasicData>(desk: Desk, around: &Around, items: &[T]) -> ConfirmPage {
    let desk = framed::<T>(desk, around, ("确认删除", "Confirm removal"));
    ConfirmPage {
        action: around.at(&format!("{}/delete", T::PATH)),
        hidden: items.iter().map(|i| ("id".to_owned(), i.id().to_string())).collect(),
        question: desk.t("将删除下列记录，删除后不能恢复：", "These will be removed for good:").to_owned(),
        things: items.iter().map(BasicData::name).collect(),
        warning: String::new(),
        typed: None,
        must_type: String::new(),
        submit: desk.t("删除", "Remove").to_owned(),
        cancel: around.at(T::PATH),
        s: desk,
    }
}

/// Why one was not removed; `None` when it is not the visitor's doing.
fn stays<T: BasicData>(l: Lang, name: &str, error: &DbError) -> Option<String> {
    let (zh, en) = T::WORDS.used_in;
    match error {
        DbError::InUse { count, .. } => Some(match l {
            Lang::Zh => format!("“{name}”没有删除：{zh}还有 {count} 处在用它，请先改用别的或删除那些记录。"),
            Lang::En => {
                format!("“{name}” stays: {count} entries in {en} use it. Change or remove those first.")
            }
        }),
        other => Some(format!("{name}: {}", l.of(&lang::refusal(other)?))),
    }
}

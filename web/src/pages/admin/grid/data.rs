//! `GET /admin/timetable/data`, `…/week`, `…/delivery`: what the page works with.

use super::proposal::{Ground, Other, others, today};
use super::week::{Week, monday};
use super::wire::Failure;
use super::words::rotates;
use crate::error::WebError;
use crate::lang::Lang;
use crate::pages::admin::channels::full_name;
use crate::pages::admin::show::when;
use crate::pages::admin::states::delivery as delivered;
use crate::pages::admin::trace_words::Names as _;
use crate::session::Visitor;
use crate::state::AppState;
use axum::Json;
use axum::extract::{Query, State};
use jiff::ToSpan;
use jiff::civil::Date;
use model::calendar::merge::merge;
use model::calendar::{BellTable, Calendar, Cell};
use model::{ChannelId, ClassId, GradeId, RoomId, SchoolId, SubjectId, TeacherId};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, HashMap};

/// What the page is made of.
#[derive(Debug, Serialize)]
pub struct Data {
    school: SchoolId,
    newest_no: i64,
    /// The version that `cells` are and that a draft was made from.
    base_no: i64,
    /// First date of the newest version.
    from: Option<Date>,
    cells: Vec<Cell>,
    draft: Option<DraftOut>,
    /// When the draft that the site holds was saved (Unix ms), also one that equals what is published; 0 = none.
    draft_ms: i64,
    /// What others published since the draft was begun, merged into it.
    merged: Vec<Other>,
    names: Names,
    rotation: bool,
    days: u8,
    bells: Bells,
    week: Week,
}

#[derive(Debug, Serialize)]
struct DraftOut {
    cells: Vec<Cell>,
    saved_at_ms: i64,
    /// The same, `2026-11-20 08:10`.
    at: String,
}

#[derive(Debug, Serialize)]
struct Names {
    classes: Vec<ClassOut>,
    rooms: Vec<Named<RoomId>>,
    subjects: Vec<Named<SubjectId>>,
    teachers: Vec<Named<TeacherId>>,
    channels: Vec<ChannelOut>,
    gatherers: Vec<GathererOut>,
}

#[derive(Debug, Serialize)]
struct Named<I> {
    id: I,
    name: String,
}

#[derive(Debug, Serialize)]
struct ClassOut {
    id: ClassId,
    label: String,
    grade: GradeId,
    room: Option<RoomId>,
    record: bool,
}

#[derive(Debug, Serialize)]
struct ChannelOut {
    id: ChannelId,
    name: String,
    room: Option<RoomId>,
}

/// A gatherer and whether it is there.
#[derive(Debug, Clone, Serialize)]
pub struct GathererOut {
    /// Its id.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// On line now.
    pub online: bool,
}

#[derive(Debug, Serialize)]
struct Bells {
    tables: Vec<BellTable>,
    /// By grade: index of the table that rings on each column.
    of: HashMap<i64, Vec<usize>>,
}

/// The school's gatherers as the relay sees them.
pub fn gatherers(state: &AppState, ground: &Ground) -> Vec<GathererOut> {
    let one = |(id, name): &(model::GathererId, String)| GathererOut {
        id: id.0,
        name: name.clone(),
        online: state.relay.gatherer(*id).is_some_and(|g| g.online),
    };
    ground.directory.gatherers.iter().map(one).collect()
}

fn names(state: &AppState, ground: &Ground) -> Names {
    let d = &ground.directory;
    let class = |c: &db::ClassRow| ClassOut {
        id: c.id,
        label: d.class(c.id).unwrap_or_default(),
        grade: c.grade_id,
        room: c.room_id,
        record: c.record,
    };
    let channel = |c: &db::ChannelRow| ChannelOut { id: c.channel.id, name: full_name(c), room: c.room_id };
    Names {
        classes: d.classes.iter().map(class).collect(),
        rooms: d.rooms.iter().map(|r| Named { id: r.id, name: r.name.clone() }).collect(),
        subjects: d.subjects.iter().map(|s| Named { id: s.id, name: s.name.clone() }).collect(),
        teachers: d.teachers.iter().map(|t| Named { id: t.id, name: t.name.clone() }).collect(),
        channels: d.channels.iter().map(channel).collect(),
        gatherers: gatherers(state, ground),
    }
}

fn bells(ground: &Ground) -> Bells {
    let calendar = &ground.calendar;
    let cycles = rotates(calendar);
    let index = |grade: GradeId, day: u8| {
        let table = calendar.usual_bells((!cycles).then_some(day), Some(grade))?;
        calendar.bell_tables.iter().position(|t| t.id == table.id)
    };
    let mut of = HashMap::new();
    for class in &ground.directory.classes {
        let grade = class.grade_id;
        of.entry(grade.0)
            .or_insert_with(|| (1..=calendar.columns()).map(|day| index(grade, day).unwrap_or(0)).collect());
    }
    Bells { tables: calendar.bell_tables.clone(), of }
}

/// Query of `data`.
#[derive(Debug, Deserialize)]
pub struct DataQuery {
    school: SchoolId,
    /// Only the cells of this version, for a page that works on an older one.
    base: Option<i64>,
}

/// What the draft is, made from which version, what was merged into it, and when the site's copy was saved (0 = none).
type Basis = (i64, Option<(Vec<Cell>, i64)>, Vec<Other>, i64);

/// The draft put on top of what is published now, where that goes without asking.
async fn basis(state: &AppState, visitor: &Visitor, ground: &Ground) -> Result<Basis, Failure> {
    let newest_no = ground.newest_no();
    let Some(user) = &visitor.user else { return Err(WebError::LoginNeeded.into()) };
    let Some(draft) = state.db.draft(ground.directory.school.id, user.id).await? else {
        return Ok((newest_no, None, Vec::new(), 0));
    };
    let newest = ground.cells(state, newest_no).await?;
    let saved_at_ms = draft.saved_at_ms;
    if draft.base_no == newest_no {
        let kept = (draft.timetable != newest).then_some((draft.timetable.cells, draft.saved_at_ms));
        return Ok((newest_no, kept, Vec::new(), saved_at_ms));
    }
    // Of a version that is not there (a database that was put back) nothing is known: every difference is asked.
    let base_no = if ground.versions.iter().any(|v| v.no == draft.base_no) { draft.base_no } else { 0 };
    let base = ground.cells(state, base_no).await?;
    let merged = merge(&base, &newest, &draft.timetable);
    if !merged.clashes.is_empty() {
        return Ok((base_no, Some((draft.timetable.cells, draft.saved_at_ms)), Vec::new(), saved_at_ms));
    }
    let told = others(state, visitor, ground, base_no).await?;
    let kept = (merged.timetable != newest).then_some((merged.timetable.cells, draft.saved_at_ms));
    Ok((newest_no, kept, told, saved_at_ms))
}

/// `GET …/data?school=1`
pub async fn data(
    State(state): State<AppState>,
    visitor: Visitor,
    Query(query): Query<DataQuery>,
) -> Result<Json<Data>, Failure> {
    let ground = Ground::read(&state, query.school).await?;
    let newest_no = ground.newest_no();
    let (base_no, draft, merged, draft_ms) = match query.base {
        Some(no) => (no, None, Vec::new(), 0),
        None => basis(&state, &visitor, &ground).await?,
    };
    let today = today(&state, &visitor);
    let week = shown_week(&state, visitor.lang, &ground.calendar, query.school, today, today).await?;
    Ok(Json(Data {
        school: query.school,
        newest_no,
        base_no,
        from: ground.versions.first().map(|v| v.from),
        cells: ground.cells(&state, base_no).await?.cells,
        draft: draft.map(|(cells, at)| DraftOut { cells, saved_at_ms: at, at: when(&visitor.zone(), at) }),
        draft_ms,
        merged,
        names: names(&state, &ground),
        rotation: rotates(&ground.calendar),
        days: ground.calendar.columns(),
        bells: bells(&ground),
        week,
    }))
}

async fn shown_week(
    state: &AppState,
    l: Lang,
    calendar: &Calendar,
    school: SchoolId,
    date: Date,
    today: Date,
) -> Result<Week, Failure> {
    let first = monday(date);
    let last = first.checked_add(6.days()).unwrap_or(first);
    let changes = state.db.changes(school, first, last).await?;
    Ok(Week::of(l, calendar, date, today, &changes))
}

/// Query of `week`.
#[derive(Debug, Deserialize)]
pub struct WeekQuery {
    school: SchoolId,
    /// Any date of it; empty = this week.
    #[serde(default)]
    date: String,
}

/// `GET …/week?school=1&date=2026-11-16`
pub async fn week(
    State(state): State<AppState>,
    visitor: Visitor,
    Query(query): Query<WeekQuery>,
) -> Result<Json<Week>, Failure> {
    let calendar = state.db.calendar(query.school).await?.calendar;
    let today = today(&state, &visitor);
    let date = match query.date.as_str() {
        "" => today,
        text => text.parse().map_err(|_| WebError::BadRequest)?,
    };
    Ok(Json(shown_week(&state, visitor.lang, &calendar, query.school, date, today).await?))
}

/// 已下发 n/m.
#[derive(Debug, Serialize)]
pub struct Delivery {
    total: usize,
    delivered: usize,
    rows: Vec<DeliveryRow>,
}

#[derive(Debug, Serialize)]
struct DeliveryRow {
    id: i64,
    name: String,
    delivered: bool,
    tone: &'static str,
    text: &'static str,
}

/// Query of `delivery`.
#[derive(Debug, Deserialize)]
pub struct DeliveryQuery {
    school: SchoolId,
}

/// `GET …/delivery?school=1`: which of the school's gatherers run the newest state, as they report it themselves.
pub async fn delivery(
    State(state): State<AppState>,
    visitor: Visitor,
    Query(query): Query<DeliveryQuery>,
) -> Result<Json<Delivery>, Failure> {
    let versions: BTreeMap<_, _> = state.db.state_versions().await?.into_iter().collect();
    let all = state.db.all_gatherers().await?;
    let of_school = all.iter().filter(|g| g.settings.school_id == query.school);
    let rows: Vec<DeliveryRow> = of_school
        .map(|gatherer| {
            let version = versions.get(&gatherer.id).copied().unwrap_or(0);
            let (tone, text) = delivered(visitor.lang, state.relay.gatherer(gatherer.id).as_ref(), version);
            let name = gatherer.settings.name.clone();
            DeliveryRow { id: gatherer.id.0, name, delivered: tone == "ok", tone, text }
        })
        .collect();
    let delivered = rows.iter().filter(|row| row.delivered).count();
    Ok(Json(Delivery { total: rows.len(), delivered, rows }))
}

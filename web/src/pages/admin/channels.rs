//! 直播管理: the channels, their true states, start, stop, reconnect, remove.

use super::desk::{Desk, Link, done};
use super::form::{Choice, Field};
use super::states::{StateText, of_channel};
use super::table::{Act, Cell, ConfirmPage, ListPage, Row, Search, Table};
use super::told::tell;
use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::{Lang, source_kind};
use crate::media;
use crate::page::Page;
use crate::state::AppState;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use db::{ChannelFilter, ChannelRow, DbError, PER_PAGE};
use model::channel::Source;
use model::{ChannelId, GathererId, GradeId};
use relay_proto::{Command, ErrorCode};

/// Path of the list.
pub const PATH: &str = "/admin/channels";
/// Channels whose states one poll may ask for: a page has ten rows.
const POLL_MAX: usize = 50;

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .route(PATH, get(list))
        .route("/admin/channels/states", get(states))
        .route("/admin/channels/{id}/start", post(start))
        .route("/admin/channels/{id}/stop", post(stop))
        .route("/admin/channels/{id}/reconnect", post(reconnect))
        .route("/admin/channels/{id}/remove", get(ask_remove).post(remove))
}

/// `小学一年级 三班`.
pub fn full_name(row: &ChannelRow) -> String {
    format!("{}{} {}", row.stage, row.grade_name, row.channel.class_name)
}

/// The true state of a channel.
pub fn state_of(state: &AppState, l: Lang, row: &ChannelRow) -> StateText {
    let view = state.relay.gatherer(row.channel.gatherer_id);
    let report = view.as_ref().and_then(|v| v.channel(row.channel.id));
    of_channel(l, row.channel.id.0, row.channel.enabled, view.as_ref(), report)
}

async fn list(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    Ok(Page(list_page(&state, desk).await?).into_response())
}

async fn list_page(state: &AppState, desk: Desk) -> Result<ListPage, WebError> {
    let desk = desk.titled("直播管理", "Channels").lead(
        "每个通道是一路摄像机流或一个 MP4 文件。状态由采集端报告，每 2 秒刷新。",
        "A channel is one camera stream or MP4 file. States are reported by the gatherer, renewed every 2 s.",
    );
    let filter = ChannelFilter {
        gatherer_id: desk.query.number("gatherer").ok().map(GathererId),
        grade_id: desk.query.number("grade").ok().map(GradeId),
        text: desk.query.text("q").to_owned(),
        ..ChannelFilter::default()
    };
    let found = state.db.list_channels(&filter, db::Page::number(desk.page(), PER_PAGE)).await?;
    const COLUMNS: [(&str, &str); 8] = [
        ("预览", "Preview"),
        ("状态", "State"),
        ("班级", "Class"),
        ("采集端", "Gatherer"),
        ("类型 / 数据源", "Type / source"),
        ("接收码率", "Receiving"),
        ("编码", "Media"),
        ("操作", "Actions"),
    ];
    let asked = ["q", "gatherer", "grade"].map(|k| (k, desk.query.text(k).to_owned()));
    let asked = [0, 1, 2].map(|i| (asked[i].0, asked[i].1.as_str()));
    let mut table = Table::new(&desk, PATH, &COLUMNS, &asked, found.total);
    table.select = false;
    table.poll = "/admin/channels/states".to_owned();
    for row in &found.rows {
        let picture = row.snapshot_object_id.as_deref();
        let picture = picture.map(|id| media::still(state, &desk.visitor, id)).unwrap_or_default();
        table.rows.push(line(&desk, row, state_of(state, desk.l, row), picture));
    }
    let add = Link::new("/admin/channels/new", desk.t("添加通道", "Add a channel"));
    let gatherers = state.db.all_gatherers().await?;
    if asked.iter().all(|(_, v)| v.is_empty()) {
        let (zh, en, link) = match gatherers.is_empty() {
            true => (
                "还没有采集端。先添加采集端，再添加通道。",
                "No gatherer yet: add one first, then its channels.",
                Link::new("/admin/gatherers/join", desk.t("添加采集端", "Add a gatherer")),
            ),
            false => ("还没有通道。", "No channel yet.", add.clone()),
        };
        table.empty = desk.t(zh, en).to_owned();
        table.empty_link = Some(link);
    }
    let grades = state.db.all_grades().await?;
    let search = vec![
        Search::text(&desk, "按班级、学校、采集端查找", "Search class, school, gatherer"),
        Search::menu(
            &desk,
            "gatherer",
            ("采集端", "Gatherer"),
            gatherers.iter().map(|g| Choice::new(g.id, &g.settings.name)).collect(),
        ),
        Search::menu(
            &desk,
            "grade",
            ("年级", "Grade"),
            grades.iter().map(|g| Choice::new(g.id, format!("{}{}", g.stage, g.name))).collect(),
        ),
    ];
    Ok(ListPage::new(desk, vec![add], search, table))
}

/// Where its picture comes from: an address, or a file's name first, for its folders are much the same in every row.
fn source(l: Lang, source: &Source) -> (String, String) {
    let kind = l.of(&source_kind(source)).to_owned();
    let shown = source.shown();
    match (source, shown.rfind(['/', '\\'])) {
        (Source::File { .. }, Some(at)) if at + 1 < shown.len() => {
            (shown[at + 1..].to_owned(), format!("{kind} · {}", &shown[..at]))
        }
        _ => (shown.to_owned(), kind),
    }
}

/// `小学一年级 · 教室 301`.
fn grade_and_room(l: Lang, row: &ChannelRow) -> String {
    let grade = format!("{}{}", row.stage, row.grade_name);
    match row.room_id {
        Some(_) => format!("{grade} · {} {}", l.t("教室", "room"), row.room_name),
        None => grade,
    }
}

fn line(desk: &Desk, row: &ChannelRow, state: StateText, picture: String) -> Row {
    let l = desk.l;
    let id = row.channel.id;
    let at = |verb: &str| format!("{PATH}/{id}/{verb}");
    let offers = |key: &str| state.buttons.contains(&key);
    let (source, below) = source(l, &row.channel.source);
    let fact = |key, text: String| Cell::Fact { key, text, sub: String::new() };
    let acts = vec![
        Act {
            class: "main", ..Act::post(at("start"), l.t("启动", "Start")).keyed("start", offers("start"))
        },
        Act::post(at("stop"), l.t("停止", "Stop")).keyed("stop", offers("stop")),
        Act::post(at("reconnect"), l.t("断开重连", "Reconnect")).keyed("reconnect", offers("reconnect")),
        Act::link(at("timetable"), l.t("录像表", "Timetable")),
        Act::link(format!("{PATH}/{id}"), l.t("修改", "Change")),
        Act { class: "danger", ..Act::link(at("remove"), l.t("删除", "Remove")) },
    ];
    Row {
        id: id.to_string(),
        name: full_name(row),
        cells: vec![
            Cell::Picture { src: picture, href: format!("/watch/{id}") },
            Cell::Badge { tone: state.tone, text: state.state, note: state.cause },
            Cell::Link {
                href: format!("{PATH}/{id}"),
                text: row.channel.class_name.clone(),
                sub: grade_and_room(l, row),
            },
            Cell::Link {
                href: format!("/admin/gatherers/{}", row.channel.gatherer_id),
                text: row.gatherer_name.clone(),
                sub: row.school_name.clone(),
            },
            Cell::Fact { key: "", text: source, sub: below },
            fact("rate", state.rate),
            fact("media", state.media),
            Cell::Do(acts),
        ],
    }
}

/// `GET /admin/channels/states?ids=1,2,3`: what the page asks every 2 s.
async fn states(State(state): State<AppState>, desk: Desk) -> Result<Json<Vec<StateText>>, WebError> {
    let ids = desk.query.text("ids").split(',').filter_map(|id| id.trim().parse::<i64>().ok()).take(POLL_MAX);
    let mut found = Vec::new();
    for id in ids {
        match state.db.channel(ChannelId(id)).await {
            Ok(row) => found.push(state_of(&state, desk.l, &row)),
            Err(DbError::NotFound { .. }) => {}
            Err(other) => return Err(other.into()),
        }
    }
    Ok(Json(found))
}

async fn start(
    state: State<AppState>,
    desk: Desk,
    id: Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    enable(state, desk, id, fields, true).await
}

async fn stop(
    state: State<AppState>,
    desk: Desk,
    id: Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    enable(state, desk, id, fields, false).await
}

async fn enable(
    State(state): State<AppState>,
    _: Desk,
    Path(id): Path<i64>,
    _: Fields,
    enabled: bool,
) -> Result<Response, WebError> {
    let id = ChannelId(id);
    let gatherer = state.db.channel(id).await?.channel.gatherer_id;
    state.db.enable_channel(id, enabled).await?;
    tell(&state, gatherer).await?;
    let online = state.relay.gatherer(gatherer).is_some_and(|g| g.online);
    Ok(done(PATH, if online { "sent" } else { "waiting" }))
}

/// 断开重连: needs no change of the desired state; the gatherer answers itself.
async fn reconnect(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    _: Fields,
) -> Result<Response, WebError> {
    let row = state.db.channel(ChannelId(id)).await?;
    let command = Command::Reconnect { channel_id: row.channel.id };
    let Err(error) = state.relay.command(row.channel.gatherer_id, command).await else {
        return Ok(done(PATH, "reconnecting"));
    };
    let l = desk.l;
    let text = match error.code {
        ErrorCode::Offline => l.t(
            "没有重连：采集端离线。请检查采集端电脑和网络。",
            "Not reconnected: the gatherer is off line. Check its machine and network.",
        ),
        ErrorCode::Timeout | ErrorCode::Busy => l.t(
            "没有重连：采集端没有及时应答，请稍后再试。",
            "Not reconnected: the gatherer did not answer in time. Try again shortly.",
        ),
        ErrorCode::NoChannel => l.t(
            "没有重连：采集端还没有收到这个通道，请等它显示“已下发”。",
            "Not reconnected: the gatherer has not received this channel yet.",
        ),
        _ => l.t(
            "没有重连：采集端拒绝了命令，请看它的日志。",
            "Not reconnected: the gatherer refused. See its log.",
        ),
    };
    let desk = desk.seen_at(PATH).flash("bad", text);
    Ok((StatusCode::CONFLICT, Page(list_page(&state, desk).await?)).into_response())
}

async fn ask_remove(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
) -> Result<Response, WebError> {
    let row = state.db.channel(ChannelId(id)).await?;
    Ok(Page(question(&state, desk, &row, false).await?).into_response())
}

async fn question(
    state: &AppState,
    desk: Desk,
    row: &ChannelRow,
    differs: bool,
) -> Result<ConfirmPage, WebError> {
    let l = desk.l;
    let ranges = state.db.ranges(row.channel.id).await?.len();
    let filter = db::LessonFilter { channel_id: Some(row.channel.id), ..db::LessonFilter::default() };
    let lessons = state.db.list_lessons(&filter, db::Page::first(1)).await?.total;
    let name = row.channel.class_name.clone();
    let mut typed =
        Field::text("typed", l.t("输入班级名称以确认", "Type the class to confirm")).autocomplete("off");
    typed.hint = name.clone();
    typed.error =
        differs.then(|| l.t("名称不一致，没有删除。", "The name differs: nothing was removed.").to_owned());
    let warning = match l {
        Lang::Zh => {
            format!("同时删除：录像表 {ranges} 个时间段、录像 {lessons} 节（文件和截图一起删除），不能恢复。")
        }
        Lang::En => format!(
            "Also removed for good: {ranges} timetable range(s), {lessons} recorded lesson(s) with files."
        ),
    };
    let many = l.t("直播管理", "Channels").to_owned();
    let id = row.channel.id;
    Ok(ConfirmPage {
        s: desk.titled("删除通道", "Remove a channel").back_to(PATH, many),
        action: format!("{PATH}/{id}/remove"),
        hidden: Vec::new(),
        question: l.t("将删除这个通道：", "This channel will be removed:").to_owned(),
        things: vec![format!("{} · {}", full_name(row), row.gatherer_name)],
        warning,
        typed: Some(typed),
        must_type: name,
        submit: l.t("删除", "Remove").to_owned(),
        cancel: PATH.to_owned(),
    })
}

async fn remove(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    let row = state.db.channel(ChannelId(id)).await?;
    if fields.text("typed") != row.channel.class_name.trim() {
        let page = question(&state, desk, &row, true).await?;
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response());
    }
    let objects = state.db.delete_channel(row.channel.id, state.now_ms()).await?;
    media::remove(&state, objects).await;
    tell(&state, row.channel.gatherer_id).await?;
    Ok(done(PATH, "deleted"))
}

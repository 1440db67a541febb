//! 采集管理: the gatherers, what they say of themselves, and their settings (R-GAT-08, §1.11 采集端).

use super::desk::{Desk, Link, done};
use super::form::{Choice, Field, FormView, Kind, Section, answer, as_fault, first_of_each, take, values};
use super::show::{ago, bytes, when};
use super::states::delivery;
use super::table::{Act, Cell, ConfirmPage, ListPage, Row, Search, Table};
use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::Lang;
use crate::page::Page;
use crate::state::AppState;
use axum::Router;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use db::{DbError, GathererFilter, GathererRow, PER_PAGE};
use model::fault::{Fault, Reason};
use model::gatherer::{Gatherer, GathererSettings};
use model::{GathererId, SchoolId};
use relay::GathererView;

/// Path of the list.
pub const PATH: &str = "/admin/gatherers";
/// A clock further off than this is shown as wrong (R-GAT-07).
pub const SKEW_MAX_MS: i64 = 2_000;
/// Less free disk than this is shown as low: about 10 h of one channel at 2 Mbit/s.
pub const DISK_LOW_BYTES: u64 = 10 << 30;

/// Its routes.
pub fn router() -> Router<AppState> {
    Router::new()
        .route(PATH, get(list))
        .route("/admin/gatherers/{id}", get(edit).post(save))
        .route("/admin/gatherers/{id}/remove", get(ask_remove).post(remove))
}

async fn list(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let desk = desk.titled("采集管理", "Gatherers").lead(
        "采集端装在学校里，负责拉流、推流和录像。状态来自它自己的报告。",
        "A gatherer stands in the school: it pulls cameras, pushes live and records. States are its own reports.",
    );
    let filter = GathererFilter {
        school_id: desk.query.number("school").ok().map(SchoolId),
        text: desk.query.text("q").to_owned(),
    };
    let found = state.db.list_gatherers(&filter, db::Page::number(desk.page(), PER_PAGE)).await?;
    let versions = state.db.state_versions().await?;
    const COLUMNS: [(&str, &str); 9] = [
        ("状态", "State"),
        ("名称", "Name"),
        ("学校", "School"),
        ("机器", "Machine"),
        ("网络", "Network"),
        ("时钟 / 磁盘", "Clock / disk"),
        ("待上传", "Waiting upload"),
        ("设置", "Settings"),
        ("操作", "Actions"),
    ];
    let (q, school) = (desk.query.text("q").to_owned(), desk.query.text("school").to_owned());
    let mut table = Table::new(&desk, PATH, &COLUMNS, &[("q", &q), ("school", &school)], found.total);
    table.select = false;
    table.rows = found
        .rows
        .iter()
        .map(|row| {
            let version = versions.iter().find(|(id, _)| *id == row.gatherer.id).map_or(0, |(_, v)| *v);
            let view = state.relay.gatherer(row.gatherer.id);
            line(&desk, row, view.as_ref(), version, state.now_ms())
        })
        .collect();
    let add = Link::new("/admin/gatherers/join", desk.t("添加采集端", "Add a gatherer"));
    if q.is_empty() && school.is_empty() {
        table.empty = desk
            .t(
                "还没有采集端。先生成一个加入码，再在采集端电脑上运行一条命令。",
                "No gatherer yet. Make a join code, then run one command on the gatherer's machine.",
            )
            .to_owned();
        table.empty_link = Some(add.clone());
    }
    let schools = state.db.all_schools().await?;
    let choices = schools.iter().map(|s| Choice::new(s.id, &s.name)).collect();
    let search = vec![
        Search::text(&desk, "按名称、机器名、IP 查找", "Search by name, host, IP"),
        Search::menu(&desk, "school", ("学校", "School"), choices),
    ];
    Ok(Page(ListPage::new(desk, vec![add], search, table)).into_response())
}

fn line(desk: &Desk, row: &GathererRow, view: Option<&GathererView>, version: i64, now_ms: i64) -> Row {
    let l = desk.l;
    let Gatherer { id, settings, machine, seen_at_ms, .. } = &row.gatherer;
    let online = view.is_some_and(|v| v.online);
    let seen = match seen_at_ms {
        _ if online => String::new(),
        Some(at) => format!("{} {}", l.t("最后在线", "Last seen"), ago(l, now_ms, *at)),
        None => l.t("从未上线", "Never seen").to_owned(),
    };
    let state = match online {
        true => Cell::Badge { tone: "ok", text: l.t("在线", "On line").to_owned(), note: seen },
        false => Cell::Badge { tone: "warn", text: l.t("离线", "Off line").to_owned(), note: seen },
    };
    let report = view.and_then(|v| v.report.as_ref());
    let (clock, disk) = match (view, report) {
        (Some(view), Some(report)) => (skew(l, view.clock_skew_ms), free(l, report.disk_free_bytes)),
        _ => (l.t("未报告", "Not reported").to_owned(), String::new()),
    };
    let waiting = report.map_or(String::new(), |r| match r.upload_waiting {
        0 => "0".to_owned(),
        n => format!("{n} · {}", bytes(r.upload_waiting_bytes)),
    });
    let error = report.map_or("", |r| r.upload_error.as_str()).to_owned();
    let (tone, text) = delivery(l, view, version);
    let channels = match l {
        Lang::Zh => format!("{} 个通道", row.channels),
        Lang::En => format!("{} channel(s)", row.channels),
    };
    let href = format!("{PATH}/{id}");
    let fact = |text: String, sub: String| Cell::Fact { key: "", text, sub };
    Row {
        id: id.to_string(),
        name: settings.name.clone(),
        cells: vec![
            state,
            Cell::Link { href: href.clone(), text: settings.name.clone(), sub: channels },
            Cell::Text(row.school_name.clone()),
            fact(machine.host_name.clone(), format!("{} {}", machine.os, machine.version)),
            fact(machine.ip.clone(), machine.mac.clone()),
            fact(clock, disk),
            fact(waiting, error),
            Cell::Badges(vec![(tone, text.to_owned())]),
            Cell::Do(vec![
                Act::link(href.clone(), l.t("设置", "Settings")),
                Act::link(format!("/admin/channels?gatherer={id}"), l.t("通道", "Channels")),
                Act { class: "danger", ..Act::link(format!("{href}/remove"), l.t("移除", "Remove")) },
            ]),
        ],
    }
}

/// `正常`, or how far off.
fn skew(l: Lang, ms: i64) -> String {
    if ms.abs() <= SKEW_MAX_MS {
        return l.t("时钟正常", "Clock right").to_owned();
    }
    let s = ms.abs() / 1000;
    match (l, ms > 0) {
        (Lang::Zh, true) => format!("⚠ 时钟快 {s} 秒，请校时"),
        (Lang::Zh, false) => format!("⚠ 时钟慢 {s} 秒，请校时"),
        (Lang::En, true) => format!("⚠ clock {s} s ahead: set it"),
        (Lang::En, false) => format!("⚠ clock {s} s behind: set it"),
    }
}

fn free(l: Lang, n: u64) -> String {
    let low = if n < DISK_LOW_BYTES { "⚠ " } else { "" };
    format!("{low}{} {}", l.t("剩余", "free"), bytes(n))
}

fn form_values(s: &GathererSettings) -> Fields {
    let flag = |on: bool| u8::from(on).to_string();
    values([
        ("name", s.name.clone()),
        ("school_id", s.school_id.to_string()),
        ("main_rate_kbps", s.main_rate_kbps.to_string()),
        ("sub_rate_kbps", s.sub_rate_kbps.to_string()),
        ("slice_min", s.slice_min.to_string()),
        ("overlap_keyframes", s.overlap_keyframes.to_string()),
        ("snapshot_min", s.snapshot_min.to_string()),
        ("reconnect_source", flag(s.reconnect_source)),
        ("reconnect_storage", flag(s.reconnect_storage)),
    ])
}

fn read(form: &Fields) -> (GathererSettings, Vec<Fault>) {
    let mut faults = Vec::new();
    let usual = GathererSettings::new("", SchoolId(0));
    let settings = GathererSettings {
        name: form.text("name").to_owned(),
        school_id: SchoolId(take(&mut faults, form.number("school_id"), 0)),
        main_rate_kbps: take(&mut faults, ranged(form, "main_rate_kbps", 1, 9999), usual.main_rate_kbps),
        sub_rate_kbps: take(&mut faults, ranged(form, "sub_rate_kbps", 1, 9999), usual.sub_rate_kbps),
        slice_min: take(&mut faults, ranged(form, "slice_min", 0, 30), usual.slice_min),
        overlap_keyframes: take(
            &mut faults,
            ranged(form, "overlap_keyframes", 0, 3),
            usual.overlap_keyframes,
        ),
        snapshot_min: take(&mut faults, ranged(form, "snapshot_min", 1, 10), usual.snapshot_min),
        reconnect_source: form.flag("reconnect_source"),
        reconnect_storage: form.flag("reconnect_storage"),
    };
    faults.extend(settings.check());
    (settings, first_of_each(faults))
}

/// A number of a field whose range does not hold negative ones: `-1` is out of range, not "no number".
fn ranged(form: &Fields, name: &'static str, min: i64, max: i64) -> Result<u32, Fault> {
    let n = model::fault::check_range(name, form.number(name)?, min, max)?;
    u32::try_from(n).map_err(|_| Fault::new(name, Reason::OutOfRange { min, max }))
}

async fn form(
    state: &AppState,
    l: Lang,
    id: i64,
    with: &Fields,
    faults: &[Fault],
) -> Result<FormView, WebError> {
    let schools = state.db.all_schools().await?.iter().map(|s| Choice::new(s.id, &s.name)).collect();
    let check = |zh: &str, en: &str| Kind::Check(l.t(zh, en).to_owned());
    let kbps = l.t("Kbps", "Kbps");
    let minutes = l.t("分钟", "min");
    let sections = vec![
        Section::plain(vec![
            Field::text("name", l.t("标题名称", "Name")).required().hint(l.t("最多 80 个字", "At most 80 characters")),
            Field::select("school_id", l.t("所在学校", "School"), schools),
        ]),
        Section::titled(
            l.t("录像", "Recording"),
            l.t("录像按录像表自动进行，网站或网络中断也不停。", "Recording follows the timetable, also while site or network are gone."),
            vec![
                Field::number("slice_min", l.t("录像切片", "Slice length"), (0, 30), minutes).hint(l.t(
                    "每隔这么久切成一个文件，方便断点续传和快速出片。0 = 整个时间段一个文件。",
                    "A file is closed after this long. 0 = one file for the whole range.",
                )),
                Field::number("overlap_keyframes", l.t("切片交错", "Slice overlap"), (0, 3), l.t("个关键帧", "keyframes"))
                    .hint(l.t(
                        "下一个切片开头重复这么多个关键帧，接缝处不丢画面。0 = 不交错。",
                        "The next slice repeats this many keyframes, so that no picture is lost at the seam. 0 = none.",
                    )),
                Field::number("snapshot_min", l.t("通道截图", "Snapshots"), (1, 10), minutes)
                    .hint(l.t("每隔这么久更新一次通道的截图。", "How often a channel's picture is renewed.")),
            ],
        ),
        Section::titled(
            l.t("网络摄像机码流", "Rates of network cameras"),
            l.t("只对能远程设置码流的网络摄像机有效。", "Only for network cameras whose rates can be set remotely."),
            vec![
                Field::number("main_rate_kbps", l.t("录像码流（主码流）", "Recording rate (main)"), (1, 9999), kbps),
                Field::number("sub_rate_kbps", l.t("直播码流（子码流）", "Live rate (sub)"), (1, 9999), kbps),
            ],
        ),
        Section::titled(
            l.t("自动重连", "Reconnecting"),
            "",
            vec![
                Field::new(
                    "reconnect_source",
                    l.t("网络摄像机", "Cameras"),
                    check("断开后自动重连，间隔逐渐加长到 30 秒", "Reconnect by itself, pausing up to 30 s"),
                ),
                Field::new(
                    "reconnect_storage",
                    l.t("存储服务器", "Storage"),
                    check("上传失败后自动重试，已录文件不会丢失", "Retry uploads by itself; recorded files are kept"),
                ),
            ],
        ),
    ];
    Ok(FormView::new(l, format!("{PATH}/{id}"), PATH, sections).filled(l, with, faults))
}

fn framed(desk: Desk, name: &str) -> Desk {
    let many = desk.t("采集管理", "Gatherers").to_owned();
    let mut desk = desk.titled("采集端设置", "Gatherer settings").back_to(PATH, many);
    desk.title = format!("{} · {name}", desk.title);
    desk
}

/// A line that says what the gatherer is and whether it runs these settings.
async fn told_line(state: &AppState, desk: Desk, gatherer: &Gatherer) -> Result<Desk, WebError> {
    let version = state.db.state_version(gatherer.id).await?;
    let (tone, text) = delivery(desk.l, state.relay.gatherer(gatherer.id).as_ref(), version);
    let m = &gatherer.machine;
    let enrolled = when(&desk.zone, gatherer.enrolled_at_ms);
    let facts = [&m.host_name, &m.ip, &m.mac, &m.os, &m.version];
    let facts: Vec<&str> = facts.into_iter().map(String::as_str).filter(|s| !s.is_empty()).collect();
    let (here, since) = (desk.t("设置", "Settings"), desk.t("加入于", "enrolled"));
    let line = format!("{here}: {text} · {} · {since} {enrolled}", facts.join(" · "));
    Ok(desk.flash(if tone == "ok" { "info" } else { "warn" }, line))
}

async fn edit(State(state): State<AppState>, desk: Desk, Path(id): Path<i64>) -> Result<Response, WebError> {
    let gatherer = state.db.gatherer(GathererId(id)).await?;
    let form = form(&state, desk.l, id, &form_values(&gatherer.settings), &[]).await?;
    let desk = told_line(&state, framed(desk, &gatherer.settings.name), &gatherer).await?;
    Ok(answer(desk, form, &[]))
}

async fn save(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    let (settings, mut faults) = read(&fields);
    if faults.is_empty() {
        match state.db.save_gatherer_settings(GathererId(id), &settings).await {
            Ok(version) => {
                state.relay.state_changed(GathererId(id), version);
                return Ok(done(&format!("{PATH}/{id}"), "saved"));
            }
            Err(error) => faults.push(as_fault(error, "name")?),
        }
    }
    let gatherer = state.db.gatherer(GathererId(id)).await?;
    let form = form(&state, desk.l, id, &fields, &faults).await?;
    Ok(answer(framed(desk, &gatherer.settings.name), form, &faults))
}

async fn ask_remove(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
) -> Result<Response, WebError> {
    let gatherer = state.db.gatherer(GathererId(id)).await?;
    Ok(Page(question(desk, &gatherer, None)).into_response())
}

fn question(desk: Desk, gatherer: &Gatherer, fault: Option<Fault>) -> ConfirmPage {
    let l = desk.l;
    let name = gatherer.settings.name.clone();
    let id = gatherer.id;
    let mut typed =
        Field::text("typed", l.t("输入名称以确认", "Type its name to confirm")).autocomplete("off");
    typed.hint = name.clone();
    typed.error =
        fault.map(|_| l.t("名称不一致，没有移除。", "The name differs: nothing was removed.").to_owned());
    let many = desk.t("采集管理", "Gatherers").to_owned();
    ConfirmPage {
        s: desk.titled("移除采集端", "Remove a gatherer").back_to(PATH, many),
        action: format!("{PATH}/{id}/remove"),
        hidden: Vec::new(),
        question: l
            .t(
                "移除后，它的密钥立即失效，不能再登录；要恢复必须重新加入。",
                "Its key stops working at once; to come back it must be enrolled anew.",
            )
            .to_owned(),
        things: vec![name.clone()],
        warning: l
            .t(
                "采集端上还有通道时不能移除，请先删除或转移它的通道。",
                "It cannot be removed while it has channels: remove or move those first.",
            )
            .to_owned(),
        typed: Some(typed),
        must_type: name,
        submit: l.t("移除", "Remove").to_owned(),
        cancel: PATH.to_owned(),
    }
}

async fn remove(
    State(state): State<AppState>,
    desk: Desk,
    Path(id): Path<i64>,
    fields: Fields,
) -> Result<Response, WebError> {
    let gatherer = state.db.gatherer(GathererId(id)).await?;
    if fields.text("typed") != gatherer.settings.name.trim() {
        let page = question(desk, &gatherer, Some(Fault::new("typed", Reason::Unknown)));
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response());
    }
    match state.db.delete_gatherer(gatherer.id, state.now_ms()).await {
        Ok(()) => {
            state.relay.remove_gatherer(gatherer.id);
            Ok(done(PATH, "deleted"))
        }
        Err(DbError::InUse { count, .. }) => {
            let text = match desk.l {
                Lang::Zh => format!("没有移除：直播管理中还有 {count} 个通道属于它，请先删除或转移。"),
                Lang::En => {
                    format!("Not removed: {count} channel(s) belong to it. Remove or move them first.")
                }
            };
            let page = question(desk.flash("bad", text), &gatherer, None);
            Ok((StatusCode::CONFLICT, Page(page)).into_response())
        }
        Err(other) => Err(other.into()),
    }
}

//! 组件设置: relay, storage, live servers and 中转客户端, each with its true state (R-REL-02/03, R-STO-01/02, R-LIV-13).

use super::desk::{Desk, done};
use super::form::{Field, FormView, Kind, Section, as_fault, first_of_each, take, values};
use super::probe::{self, Failure};
use super::show::bytes;
use super::told::tell_all;
use super::volumes;
use crate::error::WebError;
use crate::extract::Fields;
use crate::lang::Lang;
use crate::page::Page;
use crate::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use db::Settings;
use model::fault::{Fault, Reason, check_range, check_text};
use relay_proto::TerminalType;

const PATH: &str = "/admin/components";

/// Its route; `what` in the form says which part is meant.
pub fn router() -> Router<AppState> {
    Router::new().route(PATH, get(show).post(change))
}

/// A part's state line.
struct Health {
    tone: &'static str,
    word: &'static str,
    note: String,
}

struct Group {
    line: String,
    used_percent: u64,
    note: String,
}

struct LiveServer {
    line: String,
    note: String,
}

#[derive(Template)]
#[template(path = "admin/components.html")]
struct ComponentsPage {
    s: Desk,
    relay: Health,
    relay_form: FormView,
    storage: Health,
    storage_form: FormView,
    groups: Vec<Group>,
    servers: Vec<LiveServer>,
    clients: Vec<(String, String)>,
}

/// What was posted, to be drawn again.
struct Posted<'a> {
    what: &'a str,
    fields: &'a Fields,
    faults: Vec<Fault>,
}

async fn show(State(state): State<AppState>, desk: Desk, headers: HeaderMap) -> Result<Response, WebError> {
    Ok(Page(page(&state, desk, &headers, None).await?).into_response())
}

/// Host by which this very request came: what an empty address means.
fn own_host(headers: &HeaderMap) -> String {
    let host = headers.get(HOST).and_then(|v| v.to_str().ok()).unwrap_or("127.0.0.1");
    match host.rsplit_once(':') {
        Some((name, port)) if port.chars().all(|c| c.is_ascii_digit()) => {
            name.trim_matches(['[', ']']).to_owned()
        }
        _ => host.trim_matches(['[', ']']).to_owned(),
    }
}

/// Port by which this very request came.
fn own_port(headers: &HeaderMap) -> u16 {
    let host = headers.get(HOST).and_then(|v| v.to_str().ok()).unwrap_or("");
    host.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).unwrap_or(80)
}

/// A host that may be empty (then this site's own, where `own` is the part's real port) and a port.
struct Place {
    host: String,
    port: u16,
}

impl Place {
    /// `host` and `port` as set; an empty host stands for this process, whose part listens on `own` (0 = it is reached
    /// through the site's own port).
    fn of(host: &str, port: u16, own: u16, headers: &HeaderMap) -> Self {
        match (host.trim(), own) {
            ("", 0) => Self { host: own_host(headers), port: own_port(headers) },
            ("", own) => Self { host: own_host(headers), port: own },
            (host, _) => Self { host: host.to_owned(), port },
        }
    }

    fn relay(state: &AppState, s: &Settings, headers: &HeaderMap) -> Self {
        match s.relay_host.trim() {
            "" => Self::of(&state.site.relay_host, state.site.relay_port, state.site.relay_port, headers),
            host => Self::of(host, s.relay_port, 0, headers),
        }
    }

    fn storage(state: &AppState, s: &Settings, headers: &HeaderMap) -> Self {
        Self::of(&s.storage_host, s.storage_port, state.site.tracker_port, headers)
    }
}

async fn page(
    state: &AppState,
    desk: Desk,
    headers: &HeaderMap,
    posted: Option<Posted<'_>>,
) -> Result<ComponentsPage, WebError> {
    let settings = state.db.settings().await?;
    let l = desk.l;
    let of = |what: &str| posted.as_ref().filter(|p| p.what == what);
    let relay_at = Place::relay(state, &settings, headers);
    let storage_at = Place::storage(state, &settings, headers);
    let relay_form = relay_form(l, &settings, &relay_at, of("relay"));
    let storage_form = storage_form(l, &settings, &storage_at, of("storage"));
    let relay = match probe::relay(&relay_at.host, relay_at.port).await {
        Ok(_) => Health {
            tone: "ok",
            word: l.t("运行中", "Running"),
            note: format!("{}:{}", relay_at.host, relay_at.port),
        },
        Err(failure) => Health {
            tone: "warn",
            word: l.t("等待中", "Waiting"),
            note: format!("{}:{} · {}", relay_at.host, relay_at.port, explain(l, failure)),
        },
    };
    let volumes = volumes::all(state);
    let storage = match volumes.iter().any(|v| v.active) {
        true => Health { tone: "ok", word: l.t("运行中", "Running"), note: String::new() },
        false => Health {
            tone: "bad",
            word: l.t("等待中", "Waiting"),
            note: l
                .t(
                    "没有可写的存储卷：请检查数据目录所在的磁盘。",
                    "No volume can be written: check the disk of the data directory.",
                )
                .to_owned(),
        },
    };
    let port = if state.site.storage_port == 0 { own_port(headers) } else { state.site.storage_port };
    let groups = volumes.iter().map(|v| group(l, v, &own_host(headers), port, own_port(headers))).collect();
    Ok(ComponentsPage {
        s: desk.titled("组件设置", "Components").seen_at(PATH),
        relay,
        relay_form,
        storage,
        storage_form,
        groups,
        servers: live_servers(state, l),
        clients: clients(state, l),
    })
}

/// `group1 ACTIVE : ip : 23000 : 80 : 总共 50.27GB : 剩余 37.92GB` (R-STO-02).
fn group(l: Lang, v: &volumes::Volume, host: &str, port: u16, web: u16) -> Group {
    let used = v.total_bytes.saturating_sub(v.free_bytes);
    let used_percent = (used * 100).checked_div(v.total_bytes).unwrap_or(0);
    let state = if v.active { "ACTIVE" } else { "OFFLINE" };
    let (total, free) = (bytes(v.total_bytes), bytes(v.free_bytes));
    Group {
        line: format!(
            "{} {state} : {host} : {port} : {web} : {} {total} : {} {free}",
            v.name,
            l.t("总共", "total"),
            l.t("剩余", "free")
        ),
        used_percent,
        note: format!("{} {used_percent}%", l.t("已用", "used")),
    }
}

fn live_servers(state: &AppState, l: Lang) -> Vec<LiveServer> {
    let streams = state.live.streams();
    let publishing = streams.iter().filter(|s| s.publishing).count();
    let viewers: usize =
        streams.iter().map(|s| s.viewers_flv + s.viewers_ws + s.viewers_rtmp + s.viewers_hls).sum();
    let note = match l {
        Lang::Zh => format!("正在推流 {publishing} 路 · 观众 {viewers} 人"),
        Lang::En => format!("{publishing} stream(s) · {viewers} viewer(s)"),
    };
    let lives = state.relay.terminals().into_iter().filter(|t| t.terminal == TerminalType::Live);
    let name = l.t("服务器", "Server");
    lives
        .enumerate()
        .map(|(n, t)| LiveServer {
            line: format!("{name} {} ONLINE : {}:{}", n + 1, t.ip, t.port),
            note: if n == 0 { note.clone() } else { String::new() },
        })
        .collect()
}

/// `ACTIVE : type:ip:port` (R-REL-03).
fn clients(state: &AppState, l: Lang) -> Vec<(String, String)> {
    let terminals = state.relay.terminals().into_iter();
    terminals
        .map(|t| {
            let kind = match t.terminal {
                TerminalType::Site => l.t("网站终端", "site"),
                TerminalType::Gatherer => l.t("采集终端", "gatherer"),
                TerminalType::Live => l.t("直播终端", "live server"),
                TerminalType::Player => l.t("播放终端", "player"),
            };
            let line = format!("ACTIVE : {} {kind} : {} : {}", t.terminal.number(), t.ip, t.port);
            (line, t.name)
        })
        .collect()
}

fn explain(l: Lang, failure: Failure) -> String {
    match failure {
        Failure::NoSuchHost => {
            l.t("找不到这个主机：请检查地址的拼写或 DNS。", "No such host: check the spelling or DNS.")
        }
        Failure::Refused => l.t(
            "连不上：该端口没有程序在监听，或被防火墙拒绝。请核对端口。",
            "Refused: nothing listens on that port, or a firewall rejects it. Check the port.",
        ),
        Failure::Silent => l.t(
            "3 秒内没有应答：请检查地址、网络和防火墙。",
            "No answer within 3 s: check address, network and firewall.",
        ),
        Failure::Stranger => l.t(
            "该端口有程序应答，但不是云录播的组件。请核对端口。",
            "Something answers there, but it is not a part of Yunlubo. Check the port.",
        ),
    }
    .to_owned()
}

fn drawn(
    l: Lang,
    what: &'static str,
    fields: Vec<Field>,
    stored: Fields,
    posted: Option<&Posted<'_>>,
) -> FormView {
    let mut fields = fields;
    fields.push(Field::hidden("what", what));
    let form = FormView::new(l, PATH, "", vec![Section::plain(fields)]);
    let mut form = match posted {
        Some(p) => form.filled(l, p.fields, &p.faults),
        None => form.filled(l, &stored, &[]),
    };
    form.submit = l.t("立即保存", "Save now").to_owned();
    form.extra.push(("do", "test", l.t("连接测试", "Test connection").to_owned()));
    form
}

fn host_hint(l: Lang) -> &'static str {
    l.t(
        "主机名或 IP，最多 50 个字；留空 = 本站自己的地址和端口，要用别的端口请同时填写地址",
        "Host or IP, at most 50 characters; empty = this site's own with its own port. For another port give a host too",
    )
}

fn relay_form(l: Lang, s: &Settings, at: &Place, posted: Option<&Posted<'_>>) -> FormView {
    let fields = vec![
        Field::text("relay_host", l.t("中转地址", "Relay host")).hint(host_hint(l)),
        Field::number("relay_port", l.t("中转端口", "Relay port"), (1, 65_535), l.t("端口", "port")),
    ];
    let stored = values([("relay_host", s.relay_host.clone()), ("relay_port", at.port.to_string())]);
    drawn(l, "relay", fields, stored, posted)
}

fn storage_form(l: Lang, s: &Settings, at: &Place, posted: Option<&Posted<'_>>) -> FormView {
    let fields = vec![
        Field::text("storage_host", l.t("跟踪地址", "Tracker host")).hint(host_hint(l)),
        Field::number("storage_port", l.t("跟踪端口", "Tracker port"), (1, 65_535), l.t("端口", "port")),
        Field::text("storage_site", l.t("网站地址", "Web address")).placeholder("http://").hint(l.t(
            "读取录像的地址，http:// 开头，最多 120 个字；留空 = 本站",
            "Where recordings are read, http://, at most 120 characters; empty = this site",
        )),
        Field::number("storage_site_port", l.t("网站端口", "Web port"), (1, 65_535), l.t("端口", "port")),
    ];
    let stored = values([
        ("storage_host", s.storage_host.clone()),
        ("storage_port", at.port.to_string()),
        ("storage_site", s.storage_site.clone()),
        ("storage_site_port", s.storage_site_port.to_string()),
    ]);
    drawn(l, "storage", fields, stored, posted)
}

fn port(form: &Fields, name: &'static str) -> Result<u16, Fault> {
    let n = check_range(name, form.number(name)?, 1, 65_535)?;
    u16::try_from(n).map_err(|_| Fault::new(name, Reason::NotANumber))
}

/// `before` with what the posted form may change.
fn read(before: &Settings, what: &str, form: &Fields) -> (Settings, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut after = before.clone();
    let host = |name| check_text(name, form.text(name), 50);
    if what == "relay" {
        after.relay_host = take(&mut faults, host("relay_host"), String::new());
        after.relay_port = take(&mut faults, port(form, "relay_port"), before.relay_port);
    } else {
        after.storage_host = take(&mut faults, host("storage_host"), String::new());
        after.storage_port = take(&mut faults, port(form, "storage_port"), before.storage_port);
        after.storage_site = form.text("storage_site").to_owned();
        after.storage_site_port =
            take(&mut faults, port(form, "storage_site_port"), before.storage_site_port);
        faults.extend(after.check().into_iter().filter(|f| f.field == "storage_site"));
    }
    (after, first_of_each(faults))
}

async fn change(
    State(state): State<AppState>,
    desk: Desk,
    headers: HeaderMap,
    fields: Fields,
) -> Result<Response, WebError> {
    let what = if fields.text("what") == "relay" { "relay" } else { "storage" };
    let before = state.db.settings().await?;
    let (after, mut faults) = read(&before, what, &fields);
    let l = desk.l;
    if faults.is_empty() && fields.text("do") == "test" {
        let desk = test(desk, what, &after, &headers).await;
        let posted = Posted { what, fields: &fields, faults };
        return Ok(Page(page(&state, desk, &headers, Some(posted)).await?).into_response());
    }
    if let Some(fault) = port_without_host(&state, what, &after, &headers) {
        faults.push(fault);
    }
    if faults.is_empty() {
        match state.db.save_settings(&after).await {
            Ok(()) => {
                tell_all(&state).await?;
                return Ok(done(PATH, "saved"));
            }
            Err(error) => faults.push(as_fault(error, "relay_host")?),
        }
    }
    let desk = desk.flash("bad", l.t("没有保存：请修改标出的项。", "Not saved: correct the marked fields."));
    let page = page(&state, desk, &headers, Some(Posted { what, fields: &fields, faults })).await?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, Page(page)).into_response())
}

/// An empty host stands for this process with the port it really listens on; another port would change nothing.
fn port_without_host(state: &AppState, what: &str, after: &Settings, headers: &HeaderMap) -> Option<Fault> {
    let (field, host, port, own) = match what {
        "relay" => ("relay_host", &after.relay_host, after.relay_port, Place::relay(state, after, headers)),
        _ => ("storage_host", &after.storage_host, after.storage_port, Place::storage(state, after, headers)),
    };
    (host.trim().is_empty() && port != own.port).then(|| Fault::new(field, Reason::Required))
}

/// Connects to what was typed; nothing is saved.
async fn test(desk: Desk, what: &str, typed: &Settings, headers: &HeaderMap) -> Desk {
    let (host, port) = match what {
        "relay" => (typed.relay_host.trim(), typed.relay_port),
        _ => (typed.storage_host.trim(), typed.storage_port),
    };
    let host = if host.is_empty() { own_host(headers) } else { host.to_owned() };
    let found = match what {
        "relay" => probe::relay(&host, port).await,
        _ => probe::storage(&host, port).await,
    };
    let l = desk.l;
    match found {
        Ok(ms) => {
            let text = match l {
                Lang::Zh => format!("连接测试成功：{host}:{port}，{ms} 毫秒。尚未保存。"),
                Lang::En => format!("Test passed: {host}:{port}, {ms} ms. Not saved yet."),
            };
            desk.flash("ok", text)
        }
        Err(failure) => {
            let head = l.t("连接测试失败", "Test failed");
            let text = format!("{head} ({host}:{port}): {}", explain(l, failure));
            desk.flash("bad", text)
        }
    }
}

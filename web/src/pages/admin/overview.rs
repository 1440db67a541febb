//! 概览: what an admin looks at in the morning, and where to begin on a new site.

use super::channels::{full_name, state_of};
use super::desk::Desk;
use super::gatherers::DISK_LOW_BYTES;
use super::show::bytes;
use super::volumes;
use crate::error::WebError;
use crate::lang::Lang;
use crate::page::Page;
use crate::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use db::{ChannelFilter, ChannelRow, LessonFilter};
use jiff::Timestamp;
use jiff::civil::Date;
use relay_proto::ChannelPhase;
use std::collections::HashSet;

/// Its route.
pub fn router() -> Router<AppState> {
    Router::new().route("/admin", get(show))
}

struct Tile {
    href: String,
    figure: String,
    label: &'static str,
    note: String,
    tone: &'static str,
}

struct Step {
    done: bool,
    title: &'static str,
    text: &'static str,
    href: &'static str,
    go: &'static str,
}

#[derive(Template)]
#[template(path = "admin/overview.html")]
struct OverviewPage {
    s: Desk,
    tiles: Vec<Tile>,
    steps: Vec<Step>,
    begun: bool,
    troubles: Vec<Trouble>,
    more: usize,
}

/// Something that does not work now.
struct Trouble {
    tone: &'static str,
    state: String,
    name: String,
    cause: String,
    href: String,
}

/// Lines of 现在需要处理: the first ones are enough to begin with.
const TROUBLES_MAX: usize = 12;

/// What is counted of channels and gatherers.
#[derive(Default)]
struct Counts {
    channels: usize,
    running: usize,
    recording: usize,
    due: usize,
    has_plan: bool,
    gatherers: usize,
    off_line: usize,
    troubles: Vec<Trouble>,
}

async fn show(State(state): State<AppState>, desk: Desk) -> Result<Response, WebError> {
    let l = desk.l;
    let channels =
        state.db.list_channels(&ChannelFilter::default(), db::Page::first(db::Page::LIMIT_MAX)).await?;
    let now = Timestamp::from_millisecond(state.now_ms()).unwrap_or(Timestamp::UNIX_EPOCH);
    let today = now.to_zoned(desk.zone.clone()).date();
    let mut counts = count(&state, &desk, &channels.rows, today).await?;
    if let Some((open, href)) = super::calendar::unanswered_anywhere(&state, &desk.zone).await? {
        counts.troubles.insert(0, unanswered(l, open, href));
    }
    let since = today.to_zoned(desk.zone.clone()).map(|z| z.timestamp().as_millisecond()).ok();
    let filter = LessonFilter { from_ms: since, ..LessonFilter::default() };
    let uploaded = state.db.list_lessons(&filter, db::Page::first(1)).await?.total;
    let volumes = volumes::all(&state);
    let free: u64 = volumes.iter().map(|v| v.free_bytes).sum();
    let total: u64 = volumes.iter().map(|v| v.total_bytes).sum();
    let tiles = vec![
        Tile {
            href: "/admin/channels".to_owned(),
            figure: format!("{} / {}", counts.running, counts.channels),
            label: l.t("通道在线", "Channels running"),
            note: l.t("运行中 / 全部", "running / all").to_owned(),
            tone: if counts.running < counts.channels { "warn" } else { "" },
        },
        Tile {
            href: "/admin/gatherers".to_owned(),
            figure: counts.off_line.to_string(),
            label: l.t("采集端离线", "Gatherers off line"),
            note: of_all(l, counts.gatherers),
            tone: if counts.off_line > 0 { "bad" } else { "" },
        },
        Tile {
            href: "/admin/today".to_owned(),
            figure: counts.due.to_string(),
            label: l.t("今日课程", "Lessons today"),
            note: recording_note(l, counts.recording),
            tone: "",
        },
        Tile {
            href: format!("/admin/recordings?from={today}"),
            figure: uploaded.to_string(),
            label: l.t("今日已上传", "Uploaded today"),
            note: l.t("节课的录像", "recorded lessons").to_owned(),
            tone: "",
        },
        Tile {
            href: "/admin/components".to_owned(),
            figure: bytes(free),
            label: l.t("存储剩余", "Storage free"),
            note: format!("{} {}", l.t("总共", "of"), bytes(total)),
            tone: if total > 0 && free < DISK_LOW_BYTES { "bad" } else { "" },
        },
    ];
    let steps = steps(
        l,
        !state.db.all_schools().await?.is_empty(),
        !state.db.all_teachers().await?.is_empty(),
        &counts,
    );
    let begun = steps.iter().all(|s| s.done);
    let desk = desk.titled("概览", "Overview");
    let more = counts.troubles.len().saturating_sub(TROUBLES_MAX);
    counts.troubles.truncate(TROUBLES_MAX);
    Ok(Page(OverviewPage { s: desk, tiles, steps, begun, troubles: counts.troubles, more }).into_response())
}

/// Make-up days of which nobody has said whose lessons run: nothing would be recorded.
fn unanswered(l: Lang, open: usize, href: String) -> Trouble {
    let cause = match l {
        Lang::Zh => format!("有 {open} 个补课日没有说明补哪天的课，这些天不会上课也不会录像。请到校历回答。"),
        Lang::En => format!(
            "Nobody has said whose lessons {open} make-up day(s) run, so nothing is recorded then: answer in the calendar."
        ),
    };
    Trouble {
        tone: "warn",
        state: l.t("待确定", "Open").to_owned(),
        name: l.t("校历补课日", "Make-up days").to_owned(),
        cause,
        href,
    }
}

async fn count(state: &AppState, desk: &Desk, rows: &[ChannelRow], today: Date) -> Result<Counts, WebError> {
    let l = desk.l;
    let mut counts = Counts { channels: rows.len(), ..Counts::default() };
    for school in state.db.all_schools().await? {
        let book = state.db.book(school.id, today, today).await?;
        // A range that a lesson cuts in two is one.
        let spans = book.spans(today, 1);
        counts.due += spans.iter().map(|span| (span.channel_id, &span.key)).collect::<HashSet<_>>().len();
        counts.has_plan |= !state.db.timetable_versions(school.id).await?.is_empty();
    }
    for gatherer in state.db.all_gatherers().await? {
        counts.gatherers += 1;
        if !state.relay.gatherer(gatherer.id).is_some_and(|g| g.online) {
            counts.off_line += 1;
            counts.troubles.push(Trouble {
                tone: "bad",
                state: l.t("采集端离线", "Gatherer off line").to_owned(),
                name: gatherer.settings.name,
                cause: l.t("它的通道不能直播；录像按它已有的录像表继续。请检查电脑、程序和网络。", "Its channels cannot be watched; it records on by the timetable it has. Check machine, program and network.").to_owned(),
                href: format!("/admin/gatherers/{}", gatherer.id),
            });
        }
    }
    for row in rows {
        let id = row.channel.id;
        let ranges = state.db.ranges(id).await?;
        counts.has_plan |= !ranges.is_empty();
        let view = state.relay.gatherer(row.channel.gatherer_id).filter(|v| v.online);
        let truth = state_of(state, l, row);
        // What stands still because its gatherer is off line is said once, by the gatherer.
        if view.is_some() && matches!(truth.tone, "warn" | "bad") {
            counts.troubles.push(Trouble {
                tone: truth.tone,
                state: truth.state,
                name: full_name(row),
                cause: truth.cause,
                href: format!("/admin/channels/{id}"),
            });
        }
        let Some(report) = view.as_ref().and_then(|v| v.channel(id)) else { continue };
        counts.running += usize::from(row.channel.enabled && report.phase == ChannelPhase::Running);
        counts.recording += usize::from(report.recording);
    }
    Ok(counts)
}

fn of_all(l: Lang, n: usize) -> String {
    match l {
        Lang::Zh => format!("共 {n} 台"),
        Lang::En => format!("of {n}"),
    }
}

fn recording_note(l: Lang, n: usize) -> String {
    match l {
        Lang::Zh => format!("节，正在录像 {n} 路"),
        Lang::En => format!("due; {n} recording now"),
    }
}

fn steps(l: Lang, has_school: bool, has_teacher: bool, counts: &Counts) -> Vec<Step> {
    vec![
        Step {
            done: has_school,
            title: l.t("登记学校", "Name the school"),
            text: l.t(
                "填写学校名称；科目、年级已按常用值准备好。",
                "Give its name. Subjects and grades are ready.",
            ),
            href: "/admin/schools",
            go: l.t("学校", "Schools"),
        },
        Step {
            done: counts.gatherers > 0,
            title: l.t("添加采集端", "Add a gatherer"),
            text: l.t(
                "生成加入码，在靠近摄像机的电脑上运行一条命令。",
                "Make a join code, run one command on the machine beside the cameras.",
            ),
            href: "/admin/gatherers/join",
            go: l.t("生成加入码", "Join code"),
        },
        Step {
            done: counts.channels > 0,
            title: l.t("添加通道", "Add channels"),
            text: l.t(
                "填写摄像机的拉流地址，或采集端上的一个 MP4 文件。",
                "Enter a camera's address, or an MP4 file on the gatherer.",
            ),
            href: "/admin/channels/new",
            go: l.t("添加通道", "Add a channel"),
        },
        Step {
            done: has_teacher,
            title: l.t("添加教师", "Add teachers"),
            text: l.t("录像表里的每节课都要选任课教师。", "Every lesson of the timetable names its teacher."),
            href: "/admin/teachers/new",
            go: l.t("添加教师", "Add a teacher"),
        },
        Step {
            done: counts.has_plan,
            title: l.t("排好课表", "Set the timetable"),
            text: l.t(
                "导入或排好课表，设好校历；没有课表的房间用录像表的时间段。到点自动录像、自动上传。",
                "Import or make the timetable and the calendar; rooms outside it use weekly ranges. Lessons record and upload by themselves.",
            ),
            href: "/admin/timetable",
            go: l.t("课表", "Timetable"),
        },
    ]
}

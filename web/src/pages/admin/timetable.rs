//! 录像表: the week of a channel, drawn by time and listed by day (R-SCH-01…11).

use super::channels::{PATH as CHANNELS, full_name};
use super::desk::{Desk, Link};
use super::painter;
use super::show::{weekday, weekday_short};
use super::states::delivery;
use crate::error::WebError;
use crate::lang::Lang;
use crate::page::Page;
use crate::state::AppState;
use askama::Template;
use axum::Router;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use db::{ChannelRow, RangeRow, range_revision};
use model::ChannelId;
use model::timetable::{DAY_S, WeeklyRange, show_time_of_day};

/// Monday first, as a school week is read; 0 = Sunday on the wire (R-SCH-08).
const WEEK: [u8; 7] = [1, 2, 3, 4, 5, 6, 0];

/// Its routes; the changing ones are in [`super::timetable_edit`].
pub fn router() -> Router<AppState> {
    use super::timetable_edit as edit;
    Router::new()
        .route("/admin/channels/{id}/timetable", get(show))
        .route("/admin/channels/{id}/timetable/new", get(edit::new).post(edit::add))
        .route("/admin/channels/{id}/timetable/{range}", get(edit::edit).post(edit::save))
        .route("/admin/channels/{id}/timetable/copy", post(edit::copy))
        .route("/admin/channels/{id}/timetable/clear", post(edit::clear))
}

/// Address of a channel's 录像表.
pub fn path(id: ChannelId) -> String {
    format!("{CHANNELS}/{id}/timetable")
}

/// `08:00`, with seconds only where there are some.
pub fn short_time(seconds: u32) -> String {
    let text = show_time_of_day(seconds);
    text.strip_suffix(":00").map_or(text.clone(), str::to_owned)
}

/// One range in the drawing and in the list.
struct Bar {
    href: String,
    /// Left edge and width, percent of the day, as SVG takes them.
    x: String,
    width: String,
    times: String,
    subject: String,
    teacher: String,
}

struct Day {
    number: u8,
    name: &'static str,
    short: &'static str,
    bars: Vec<Bar>,
    add: String,
    others: Vec<(u8, &'static str)>,
}

struct Hour {
    x: String,
    text: String,
}

#[derive(Template)]
#[template(path = "admin/timetable.html")]
struct WeekPage {
    s: Desk,
    path: String,
    rev: String,
    channel: Link,
    told_tone: &'static str,
    told: &'static str,
    told_note: String,
    days: Vec<Day>,
    hours: Vec<Hour>,
    empty: bool,
    /// What the painter's script starts from, JSON.
    start: String,
}

async fn show(State(state): State<AppState>, desk: Desk, Path(id): Path<i64>) -> Result<Response, WebError> {
    Ok(page(&state, desk, ChannelId(id)).await?.into_response())
}

/// The page of a channel's week, as it is now.
pub async fn page(
    state: &AppState,
    desk: Desk,
    id: ChannelId,
) -> Result<impl IntoResponse + use<>, WebError> {
    let channel = state.db.channel(id).await?;
    let rows = state.db.range_rows(id).await?;
    let week: Vec<WeeklyRange> = rows.iter().map(|r| r.range.clone()).collect();
    let l = desk.l;
    let version = state.db.state_version(channel.channel.gatherer_id).await?;
    let view = state.relay.gatherer(channel.channel.gatherer_id);
    let (told_tone, told) = delivery(l, view.as_ref(), version);
    let start = painter::start(state, &desk, &channel, &rows).await?;
    let s = framed(desk, &channel).seen_at(&path(id)).lead(
        "每周重复。到时间自动录像，网站或网络中断也照常；相邻的两节课都录完整。",
        "Repeats weekly. Recording starts by itself, also while site or network are gone; neighbouring lessons are both complete.",
    );
    Ok(Page(WeekPage {
        start,
        path: path(id),
        rev: range_revision(&week),
        channel: Link::new(format!("{CHANNELS}/{id}"), full_name(&channel)),
        told_tone,
        told,
        told_note: told_note(l, told_tone, &channel),
        days: WEEK.iter().map(|day| one_day(l, id, *day, &rows)).collect(),
        hours: (0..=24).step_by(3).map(hour).collect(),
        empty: rows.is_empty(),
        s,
    }))
}

/// The sentence beside the badge of [`delivery`].
pub fn told_note(l: Lang, tone: &str, channel: &ChannelRow) -> String {
    let name = &channel.gatherer_name;
    match (l, tone) {
        (Lang::Zh, "ok") => format!("采集端“{name}”正在使用这张录像表。"),
        (Lang::En, "ok") => format!("Gatherer “{name}” runs this timetable."),
        (Lang::Zh, "info") => format!("采集端“{name}”在线，正在取新的录像表。"),
        (Lang::En, "info") => format!("Gatherer “{name}” is on line and fetching it."),
        (Lang::Zh, _) => {
            format!("采集端“{name}”离线：它仍按上次收到的录像表录像，重新登录后自动取得这一张。")
        }
        (Lang::En, _) => format!(
            "Gatherer “{name}” is off line: it goes on with the timetable it has, and fetches this one at its next login."
        ),
    }
}

/// Frame of all pages of a channel's timetable.
pub fn framed(desk: Desk, channel: &ChannelRow) -> Desk {
    let back = desk.t("直播管理", "Channels").to_owned();
    let mut desk = desk.titled("录像表", "Timetable").back_to(CHANNELS, back);
    desk.title = format!("{} · {}", desk.title, full_name(channel));
    desk
}

fn one_day(l: Lang, id: ChannelId, day: u8, rows: &[RangeRow]) -> Day {
    let bars: Vec<Bar> = rows.iter().filter(|r| r.range.weekday == day).map(|r| bar(id, r)).collect();
    let others = WEEK.iter().filter(|d| **d != day).map(|d| (*d, weekday_short(l, *d))).collect();
    Day {
        number: day,
        name: weekday(l, day),
        short: weekday_short(l, day),
        bars,
        add: format!("{}/new?day={day}", path(id)),
        others,
    }
}

fn bar(id: ChannelId, row: &RangeRow) -> Bar {
    let r = &row.range;
    Bar {
        href: format!("{}/{}", path(id), r.id),
        x: percent(r.start_s),
        width: percent(r.end_s.saturating_sub(r.start_s)),
        times: format!("{}–{}", short_time(r.start_s), short_time(r.end_s)),
        subject: row.subject_name.clone(),
        teacher: row.teacher_name.clone(),
    }
}

fn percent(seconds: u32) -> String {
    format!("{:.3}%", f64::from(seconds) * 100.0 / f64::from(DAY_S))
}

fn hour(hour: u32) -> Hour {
    Hour { x: percent(hour * 3600), text: hour.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_shown_only_where_there_are_some() {
        assert_eq!(short_time(28_800), "08:00");
        assert_eq!(short_time(28_801), "08:00:01");
        assert_eq!(short_time(86_400), "24:00");
        assert_eq!(percent(43_200), "50.000%");
    }
}

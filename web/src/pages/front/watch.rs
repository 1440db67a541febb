//! 直播: the list of channels (R-LIV-05) and the page that plays one (R-LIV-08).

use super::card::{Pager, show_day, show_time};
use crate::channel_state::ChannelState;
use crate::error::WebError;
use crate::lang::{Lang, source_kind};
use crate::media;
use crate::page::{Page, Shell};
use crate::pages::admin::today::read::today;
use crate::pages::admin::trace_words::Names;
use crate::session::Visitor;
use crate::state::AppState;
use askama::Template;
use axum::extract::{Path, Query, State};
use db::{ChannelFilter, ChannelRow, Page as Rows};
use jiff::ToSpan;
use model::ChannelId;
use model::calendar::{LessonKey, Span};
use serde::Deserialize;

/// Channels of a page (R-LIV-05).
const PER_PAGE: i64 = 16;
/// Most channels of one site: the licence of the manual.
const ALL: i64 = 500;
/// The next lesson is looked for so many days ahead: over a weekend and a week of weekly ranges.
const AHEAD_DAYS: i64 = 8;

/// One channel as a card.
struct ChannelCard {
    href: String,
    /// 小学 一年级 一班
    class: String,
    school: String,
    label: String,
    /// Class of the label: `ok`, `bad`, or nothing.
    tone: &'static str,
    still: Option<String>,
    /// When the still was taken.
    taken: String,
    clicks: i64,
}

/// The list of channels.
#[derive(Template)]
#[template(path = "front/watch_list.html")]
pub struct List {
    l: Lang,
    shell: Shell,
    total: usize,
    online: usize,
    channels: Vec<ChannelCard>,
    pager: Pager,
}

/// What the address carries.
#[derive(Debug, Deserialize)]
pub struct Asked {
    #[serde(default)]
    page: String,
}

/// 学校 - 年级 班级 - 类型.
pub fn title(row: &ChannelRow, l: Lang) -> String {
    format!("{} - {} - {}", row.school_name, class(row), l.of(&source_kind(&row.channel.source)))
}

fn class(row: &ChannelRow) -> String {
    format!("{} {} {}", row.stage, row.grade_name, row.channel.class_name)
}

fn state_of(state: &AppState, row: &ChannelRow) -> ChannelState {
    let view = state.relay.gatherer(row.channel.gatherer_id).unwrap_or_default();
    ChannelState::of(&row.channel, &view)
}

/// `GET /watch?page=`: running ones first, then the most watched.
pub async fn list(
    State(state): State<AppState>,
    visitor: Visitor,
    shell: Shell,
    Query(asked): Query<Asked>,
) -> Result<Page<List>, WebError> {
    let filter = ChannelFilter::default();
    let rows = state.db.list_channels(&filter, Rows::first(ALL)).await?.rows;
    let mut all: Vec<(ChannelRow, ChannelState)> = rows
        .into_iter()
        .map(|row| {
            let now = state_of(&state, &row);
            (row, now)
        })
        .collect();
    all.sort_by_key(|(row, now)| (!now.is_running(), std::cmp::Reverse(row.snapshot_at_ms), row.channel.id));
    let (total, online) = (all.len(), all.iter().filter(|(_, now)| now.is_running()).count());
    let pages = (total as i64 + PER_PAGE - 1) / PER_PAGE;
    let page = asked.page.parse().unwrap_or(1).clamp(1, pages.max(1));
    let zone = visitor.zone();
    let shown = all.iter().skip(((page - 1) * PER_PAGE) as usize).take(PER_PAGE as usize);
    let channels = shown
        .map(|(row, now)| ChannelCard {
            href: format!("/watch/{}", row.channel.id),
            class: class(row),
            school: row.school_name.clone(),
            label: shell.l.of(&now.label()).to_owned(),
            tone: if now.recording && now.is_running() {
                "bad"
            } else if now.is_running() {
                "ok"
            } else {
                ""
            },
            still: row.snapshot_object_id.as_deref().map(|id| media::still(&state, &visitor, id)),
            taken: row.snapshot_at_ms.map_or_else(String::new, |at| show_time(&zone, at, "%m-%d %H:%M")),
            clicks: row.clicks,
        })
        .collect();
    let pager = Pager { page, pages, base: "/watch?page=".to_owned() };
    Ok(Page(List { l: shell.l, shell, total, online, channels, pager }))
}

/// A lesson of the timetable, now or next.
struct Planned {
    subject: String,
    teacher: String,
    /// The class, of a lesson; a weekly range has none.
    class: String,
    when: String,
}

/// The page of one channel.
#[derive(Template)]
#[template(path = "front/watch.html")]
pub struct Watch {
    l: Lang,
    shell: Shell,
    title: String,
    id: ChannelId,
    clicks: i64,
    label: String,
    running: bool,
    sentence: String,
    poster: Option<String>,
    current: Option<Planned>,
    next: Option<Planned>,
    others: Vec<ChannelCard>,
}

/// `GET /watch/{id}`
pub async fn channel(
    State(state): State<AppState>,
    visitor: Visitor,
    shell: Shell,
    Path(id): Path<i64>,
) -> Result<Page<Watch>, WebError> {
    let row = state.db.channel(ChannelId(id)).await?;
    let now = state_of(&state, &row);
    let (current, next) = planned(&state, &visitor, &row).await?;
    let l = shell.l;
    // The player's call counts the click; the page shows the number with it.
    let counted = i64::from(!state.clicks.has(&visitor.key, &row.channel.id.stream(), state.now_ms()));
    Ok(Page(Watch {
        l,
        title: title(&row, l),
        id: row.channel.id,
        clicks: row.clicks + counted,
        label: l.of(&now.label()).to_owned(),
        running: now.is_running(),
        sentence: l.of(&now.sentence()).to_owned(),
        poster: row.snapshot_object_id.as_deref().map(|o| media::still(&state, &visitor, o)),
        current,
        next,
        others: others(&state, &visitor, &row, l).await?,
        shell,
    }))
}

/// The other channels of the same school that run now, for the column at the right.
async fn others(
    state: &AppState,
    visitor: &Visitor,
    row: &ChannelRow,
    l: Lang,
) -> Result<Vec<ChannelCard>, WebError> {
    let filter = ChannelFilter { school_id: Some(row.school_id), ..ChannelFilter::default() };
    let rows = state.db.list_channels(&filter, Rows::first(ALL)).await?.rows;
    let running = rows.iter().filter(|r| r.channel.id != row.channel.id).filter_map(|r| {
        let now = state_of(state, r);
        now.is_running().then(|| ChannelCard {
            href: format!("/watch/{}", r.channel.id),
            class: class(r),
            school: r.school_name.clone(),
            label: l.of(&now.label()).to_owned(),
            tone: if now.recording { "bad" } else { "ok" },
            still: r.snapshot_object_id.as_deref().map(|id| media::still(state, visitor, id)),
            taken: String::new(),
            clicks: r.clicks,
        })
    });
    Ok(running.take(8).collect())
}

/// What is recorded on a channel now, and next: lessons of its room and its weekly ranges alike.
async fn planned(
    state: &AppState,
    visitor: &Visitor,
    row: &ChannelRow,
) -> Result<(Option<Planned>, Option<Planned>), WebError> {
    let (zone, now_ms) = (visitor.zone(), state.now_ms());
    let today = today(now_ms, &zone);
    let until = today.checked_add(AHEAD_DAYS.days()).unwrap_or(today);
    let book = state.db.book(row.school_id, today, until).await?;
    let mut spans = book.spans(today, AHEAD_DAYS as u16 + 1);
    spans.retain(|span| span.channel_id == row.channel.id && span.end_at_ms > now_ms);
    let current = spans.iter().find(|span| span.start_at_ms <= now_ms);
    let next = spans.iter().filter(|span| span.start_at_ms > now_ms).min_by_key(|span| span.start_at_ms);
    if current.is_none() && next.is_none() {
        return Ok((None, None));
    }
    let directory = state.db.directory(row.school_id).await?;
    let shown = |span: &Span| {
        let day = show_day(visitor.lang, &zone, now_ms, span.start_at_ms);
        let start = show_time(&zone, span.start_at_ms, "%H:%M");
        let end = show_time(&zone, span.end_at_ms, "%H:%M");
        let class = match span.key.parse::<LessonKey>() {
            Ok(LessonKey::Lesson { id, .. }) => directory.class(id.class).unwrap_or_default(),
            _ => String::new(),
        };
        Planned {
            subject: directory.subject(span.subject_id).unwrap_or_default(),
            teacher: directory.teacher(span.teacher_id).unwrap_or_default(),
            class,
            when: format!("{day} {start}–{end}"),
        }
    };
    Ok((current.map(shown), next.map(shown)))
}

//! The board of a date: every lesson and weekly range with what has become of it. Pure: [`Material`] is what was planned,
//! [`Facts`] what is known now.

use super::state::{Count, Fix, Known, Obstacle, Plan, State, Tone, obstacle, state_of, together};
use super::trouble::{Trouble, troubles};
use crate::lang::Text;
use crate::pages::admin::channels::full_name;
use crate::pages::admin::timetable::short_time;
use crate::pages::admin::trace_words::{Names, or_number, texts};
use db::{ChannelRow, Directory};
use jiff::Timestamp;
use model::calendar::trace::{Changed, Step};
use model::calendar::{Book, Day, Lesson, LessonId, LessonKey, Span};
use model::{ChannelId, ClassId, GathererId, RoomId, SubjectId, TeacherId};
use relay::GathererView;
use std::collections::{BTreeMap, HashMap};

/// What is planned for a date; read again only when a plan has changed.
#[derive(Debug, Clone)]
pub struct Material {
    /// Names.
    pub directory: Directory,
    /// The book it was expanded from.
    pub book: Book,
    /// Lessons.
    pub day: Day,
    /// What every channel records.
    pub spans: Vec<Span>,
    /// What version of the desired state every gatherer should run.
    pub versions: HashMap<GathererId, i64>,
}

/// What is known at a moment.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Unix ms.
    pub now_ms: i64,
    /// Every gatherer the relay has heard of.
    pub views: HashMap<GathererId, GathererView>,
    /// Media on the site, ms, by lesson key.
    pub recorded: BTreeMap<String, i64>,
}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A lesson that is held.
    Lesson,
    /// A lesson that a change has taken away.
    Dropped,
    /// A weekly range of a channel.
    Range,
}

/// A lesson or range on the board.
#[derive(Debug, Clone)]
pub struct Item {
    /// Lesson id, or the key of a range.
    pub id: String,
    /// What it is.
    pub kind: Kind,
    /// `no` of its period; 0 for a range.
    pub period: u8,
    /// Label of its period, may be empty.
    pub label: String,
    /// 教室.
    pub room: Option<RoomId>,
    /// Its name; empty when unknown.
    pub room_name: String,
    /// 科目.
    pub subject: String,
    /// Class or classes; for a range the channel.
    pub class: String,
    /// 教师, may be empty.
    pub teacher: String,
    /// `08:00–08:45`; empty for a lesson that is not held.
    pub times: String,
    /// First moment, Unix ms.
    pub start_at_ms: i64,
    /// First moment after, Unix ms; of what is not held its start.
    pub end_at_ms: i64,
    /// A change made it what it is.
    pub changed: bool,
    /// All channels together.
    pub state: State,
    /// Channel by channel.
    pub channels: Vec<OnChannel>,
}

/// An item on one channel.
#[derive(Debug, Clone)]
pub struct OnChannel {
    /// Which.
    pub id: ChannelId,
    /// As 直播管理 calls it.
    pub name: String,
    /// Its gatherer.
    pub gatherer: GathererId,
    /// What its slices are filed under.
    pub key: String,
    /// Whether something of it is on the site.
    pub is_here: bool,
    /// What has become of it.
    pub state: State,
    /// What keeps the channel from recording at this moment.
    pub obstacle: Option<Obstacle>,
}

/// 应录 = 待录 + 在录 + 待传 + 已录 + 缺.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Counts {
    /// To be recorded on this date.
    pub due: usize,
    /// Later.
    pub later: usize,
    /// Being recorded.
    pub recording: usize,
    /// Ended, not here yet.
    pub coming: usize,
    /// On the site.
    pub recorded: usize,
    /// Not recorded although due.
    pub missing: usize,
}

/// 已下发 n/m.
#[derive(Debug, Clone, PartialEq, Eq, Default, Hash)]
pub struct Told {
    /// Gatherers that run the newest plan.
    pub have: usize,
    /// All of the school.
    pub all: usize,
    /// Names of those that lack it.
    pub lacking: Vec<String>,
}

/// A date with everything on it.
#[derive(Debug, Clone)]
pub struct Board {
    /// By start.
    pub items: Vec<Item>,
    /// Sums.
    pub counts: Counts,
    /// Delivery.
    pub told: Told,
    /// What to look at first.
    pub troubles: Vec<Trouble>,
}

/// Draws the board.
pub fn board(m: &Material, facts: &Facts) -> Board {
    let mut items: Vec<Item> = m.day.lessons.iter().map(|lesson| held(m, facts, lesson)).collect();
    items.extend(dropped(m, facts));
    items.extend(ranges(m, facts));
    items.sort_by(|a, b| (a.start_at_ms, &a.id).cmp(&(b.start_at_ms, &b.id)));
    let mut counts = Counts::default();
    for item in &items {
        counts.due += usize::from(item.state.count != Count::Exempt);
        match item.state.count {
            Count::Exempt => {}
            Count::Later => counts.later += 1,
            Count::Recording => counts.recording += 1,
            Count::Coming => counts.coming += 1,
            Count::Recorded => counts.recorded += 1,
            Count::Missing => counts.missing += 1,
        }
    }
    let troubles = troubles(&items, &m.directory, facts.now_ms);
    Board { items, counts, told: told(m, facts), troubles }
}

fn told(m: &Material, facts: &Facts) -> Told {
    let mut told = Told { all: m.directory.gatherers.len(), ..Told::default() };
    for (id, name) in &m.directory.gatherers {
        let report = facts.views.get(id).and_then(|v| v.report.as_ref());
        let wanted = m.versions.get(id).copied().unwrap_or(0);
        match report.is_some_and(|r| r.state_version >= wanted) {
            true => told.have += 1,
            false => told.lacking.push(name.clone()),
        }
    }
    told
}

fn held(m: &Material, facts: &Facts, lesson: &Lesson) -> Item {
    let plan = Plan {
        start_at_ms: lesson.start_at_ms,
        end_at_ms: lesson.end_at_ms,
        expected_ms: lesson.end_at_ms - lesson.start_at_ms,
    };
    let channels: Vec<OnChannel> = match lesson.record {
        true => lesson.channels.iter().filter_map(|id| on_channel(m, facts, lesson, *id)).collect(),
        false => kept(m, facts, lesson.id),
    };
    let state = if !lesson.record {
        let mut state = State::exempt();
        let why = lesson.trace.iter().rfind(|s| matches!(s, Step::Record { .. }));
        state.cause = why.map(|s| said(m, s)).unwrap_or(state.cause);
        state
    } else {
        together(channels.iter().map(|c| c.state.clone()).collect())
            .unwrap_or_else(|| State::unable(&plan, facts.now_ms, last(m, &lesson.trace)))
    };
    Item {
        id: lesson.id.to_string(),
        kind: Kind::Lesson,
        period: lesson.id.period,
        label: lesson.label.clone(),
        room: lesson.room,
        room_name: room_name(m, lesson.room),
        subject: subject_name(m, lesson.subject),
        class: class_names(m, &lesson.classes),
        teacher: lesson.teacher.map(|id| teacher_name(m, id)).unwrap_or_default(),
        times: times(lesson.start_s, lesson.end_s),
        start_at_ms: lesson.start_at_ms,
        end_at_ms: lesson.end_at_ms,
        changed: lesson.trace.iter().any(is_change),
        state,
        channels,
    }
}

fn is_change(step: &Step) -> bool {
    matches!(step, Step::Changed { what, .. } if !matches!(what, Changed::Idle { .. }))
}

/// What is on the site of a lesson that is not to be recorded any more.
fn kept(m: &Material, facts: &Facts, id: LessonId) -> Vec<OnChannel> {
    let begin = format!("{id}-v");
    // Keys with the same beginning stand together.
    let keys = facts.recorded.range(begin.clone()..).take_while(|(key, _)| key.starts_with(&begin));
    let on = keys.filter_map(|(key, recorded_ms)| {
        let Ok(LessonKey::Lesson { channel, .. }) = key.parse() else { return None };
        let row = m.directory.channels.iter().find(|c| c.channel.id == channel)?;
        Some(OnChannel {
            id: channel,
            name: full_name(row),
            gatherer: row.channel.gatherer_id,
            key: key.clone(),
            is_here: true,
            state: State::kept(*recorded_ms),
            obstacle: None,
        })
    });
    on.collect()
}

/// The spans of a key on a channel: what it really is to record of it.
fn plan_of(m: &Material, key: &str, channel: ChannelId) -> Option<Plan> {
    // Spans stand by channel and start (`Book::spans`): those of a channel are found without walking through a big school.
    let from = m.spans.partition_point(|s| s.channel_id < channel);
    let of_channel =
        || m.spans.get(from..).unwrap_or_default().iter().take_while(|s| s.channel_id == channel);
    let of_key = || of_channel().filter(|s| s.key == key);
    Some(Plan {
        start_at_ms: of_key().map(|s| s.start_at_ms).min()?,
        end_at_ms: of_key().map(|s| s.end_at_ms).max()?,
        expected_ms: of_key().map(|s| s.end_at_ms - s.start_at_ms).sum(),
    })
}

fn on_channel(m: &Material, facts: &Facts, lesson: &Lesson, channel: ChannelId) -> Option<OnChannel> {
    let key = |id: LessonId| LessonKey::Lesson { id, channel }.to_string();
    let own = key(lesson.id);
    let (key, plan) = match plan_of(m, &own, channel) {
        Some(plan) => (own, plan),
        // 合班, or another lesson has the channel: what is recorded is filed under that one.
        None => {
            let joined = lesson.trace.iter().rev().find_map(|step| match step {
                Step::Joined { channel: c, into } if *c == channel => Some(*into),
                _ => None,
            });
            let key = key(joined?);
            let plan = plan_of(m, &key, channel)?;
            (key, plan)
        }
    };
    Some(known(m, facts, m.directory.channels.iter().find(|c| c.channel.id == channel)?, key, &plan))
}

fn known(m: &Material, facts: &Facts, row: &ChannelRow, key: String, plan: &Plan) -> OnChannel {
    let gatherer = row.channel.gatherer_id;
    let known = Known {
        channel: row.channel.id,
        key: &key,
        enabled: row.channel.enabled,
        view: facts.views.get(&gatherer),
        version: m.versions.get(&gatherer).copied().unwrap_or(0),
        recorded_ms: facts.recorded.get(&key).copied(),
    };
    let (state, is_here) = (state_of(plan, &known, facts.now_ms), known.recorded_ms.is_some());
    let obstacle = obstacle(&known);
    OnChannel { id: row.channel.id, name: full_name(row), gatherer, key, is_here, state, obstacle }
}

/// 停课 and 调走: shown so that nobody looks for them.
fn dropped(m: &Material, facts: &Facts) -> Vec<Item> {
    let mut items = Vec::new();
    for absent in &m.day.absent {
        let word = absent.trace.iter().rev().find_map(|step| match step {
            Step::Changed { what: Changed::Cancelled, .. } => Some(Text::new("停课", "Cancelled")),
            Step::Changed { what: Changed::MovedTo { .. }, .. } => Some(Text::new("已调走", "Moved")),
            _ => None,
        });
        let Some(word) = word else { continue };
        let class = m.book.roster.classes.iter().find(|c| c.id == absent.id.class);
        let period = class.and_then(|c| {
            let (table, _) = m.book.calendar.bells(m.day.date, Some(c.grade_id))?;
            table.period(absent.id.period)
        });
        let room = class.and_then(|c| c.room_id);
        items.push(Item {
            id: absent.id.to_string(),
            kind: Kind::Dropped,
            period: absent.id.period,
            label: period.map(|p| p.label.clone()).unwrap_or_default(),
            room,
            room_name: room_name(m, room),
            subject: subject_name(m, absent.subject),
            class: class_names(m, &[absent.id.class]),
            teacher: String::new(),
            times: String::new(),
            start_at_ms: period.map_or(0, |p| at_ms(m, p.start_s)),
            end_at_ms: period.map_or(0, |p| at_ms(m, p.start_s)),
            changed: true,
            state: State {
                count: Count::Exempt,
                tone: Tone::Idle,
                word,
                cause: last(m, &absent.trace),
                fix: Fix::Nothing,
            },
            channels: kept(m, facts, absent.id),
        });
    }
    items
}

fn at_ms(m: &Material, s: u32) -> i64 {
    let midnight = m.day.date.to_zoned(m.book.zone.clone()).map(|z| z.timestamp().as_millisecond());
    midnight.unwrap_or(0) + i64::from(s) * 1000
}

/// Weekly ranges; one that a lesson cuts in two is one item.
fn ranges(m: &Material, facts: &Facts) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    for span in m.spans.iter().filter(|s| s.range_id.0 != 0) {
        if items.iter().any(|i| i.id == span.key) {
            continue;
        }
        let row = m.directory.channels.iter().find(|c| c.channel.id == span.channel_id);
        let (Some(row), Some(plan)) = (row, plan_of(m, &span.key, span.channel_id)) else { continue };
        let on = known(m, facts, row, span.key.clone(), &plan);
        items.push(Item {
            id: span.key.clone(),
            kind: Kind::Range,
            period: 0,
            label: String::new(),
            room: row.room_id,
            room_name: row.room_name.clone(),
            subject: subject_name(m, span.subject_id),
            class: full_name(row),
            teacher: teacher_name(m, span.teacher_id),
            times: format!("{}–{}", clock(m, plan.start_at_ms), clock_at_end(m, plan.end_at_ms)),
            start_at_ms: plan.start_at_ms,
            end_at_ms: plan.end_at_ms,
            changed: false,
            state: on.state.clone(),
            channels: vec![on],
        });
    }
    items
}

fn clock(m: &Material, at_ms: i64) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.to_zoned(m.book.zone.clone()).strftime("%H:%M").to_string()
}

/// As [`clock`], but the midnight that ends the date is 24:00.
fn clock_at_end(m: &Material, at_ms: i64) -> String {
    let at = clock(m, at_ms);
    if at == "00:00" { "24:00".to_owned() } else { at }
}

/// `08:00–08:45`.
pub fn times(start_s: u32, end_s: u32) -> String {
    format!("{}–{}", short_time(start_s), short_time(end_s))
}

fn said(m: &Material, step: &Step) -> Text {
    texts(std::slice::from_ref(step), &m.directory, Some(&m.book)).pop().unwrap_or(Text::new("", ""))
}

fn last(m: &Material, trace: &[Step]) -> Text {
    trace.last().map_or(Text::new("", ""), |step| said(m, step))
}

fn room_name(m: &Material, room: Option<RoomId>) -> String {
    room.map(|id| or_number(m.directory.room(id), id.0)).unwrap_or_default()
}

fn subject_name(m: &Material, id: SubjectId) -> String {
    or_number(m.directory.subject(id), id.0)
}

fn teacher_name(m: &Material, id: TeacherId) -> String {
    if id.0 == 0 { String::new() } else { or_number(m.directory.teacher(id), id.0) }
}

/// `一年级 一班`, of a 合班 all of them.
pub fn class_names(m: &Material, ids: &[ClassId]) -> String {
    let names: Vec<String> = ids.iter().map(|id| or_number(m.directory.class(*id), id.0)).collect();
    names.join("、")
}

//! What has become of a lesson on one channel, as the board shows it. Pure: a plan, what the gatherer says, what is on
//! the site, and the moment; nothing is asked from here.

mod obstacle;

pub use obstacle::{Obstacle, obstacle};

use crate::lang::Text;
use crate::pages::admin::show::duration;
use model::ChannelId;
use relay::GathererView;
use relay_proto::{ChannelPhase, ChannelReport, Report};

/// So long before its bell a lesson that cannot be recorded is called out, ms: time enough to walk to a room.
pub const SOON_MS: i64 = 10 * 60_000;
/// A recording begins at the bell, but the report of it takes its time, ms.
pub const BEGIN_MS: i64 = 15_000;
/// After the bell the last file is closed and uploaded, ms; P6 promises 5 s on a LAN, a slow line needs more.
pub const SETTLE_MS: i64 = 60_000;
/// Media that may be missing at both ends together before a recording is called partial, ms: a GOP and a reconnect.
pub const SLACK_MS: i64 = 10_000;
/// A clock further off than this records the wrong minutes, ms: more than a recording may lack.
pub const CLOCK_OFF_MS: i64 = SLACK_MS;
/// A gatherer that is off line longer than this after a lesson is not waited for any more, ms.
pub const HOPE_MS: i64 = 7 * 24 * 3_600_000;

/// Colour of a cell; every one has a sign of its own as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tone {
    /// Grey: not to be recorded, or later.
    Idle,
    /// Green, finished.
    Done,
    /// Green, running.
    Live,
    /// Blue: about to begin or to end.
    Soon,
    /// Amber: something is lacking.
    Warn,
    /// Red: not recorded although due.
    Bad,
}

impl Tone {
    /// Its class in the style sheet.
    pub fn class(self) -> &'static str {
        match self {
            Tone::Idle => "idle",
            Tone::Done => "done",
            Tone::Live => "live",
            Tone::Soon => "soon",
            Tone::Warn => "warn",
            Tone::Bad => "bad",
        }
    }
}

/// Which page helps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fix {
    /// Nothing is to be done.
    Nothing,
    /// Look at the gatherer.
    Gatherer,
    /// Look at the channel.
    Channel,
    /// Give the room a channel, or the class a room.
    Room,
}

/// What the board counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Count {
    /// Not to be recorded.
    Exempt,
    /// To be recorded later.
    Later,
    /// Being recorded.
    Recording,
    /// On the site, all of it or a part.
    Recorded,
    /// Ended, not here yet, not given up.
    Coming,
    /// Not recorded although due.
    Missing,
}

/// A lesson's state, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// Where it is counted.
    pub count: Count,
    /// Its colour.
    pub tone: Tone,
    /// One word for the cell.
    pub word: Text,
    /// Why, and what to do; both empty when all is well.
    pub cause: Text,
    /// Which page helps.
    pub fix: Fix,
}

impl State {
    fn new(count: Count, tone: Tone, zh: &str, en: &str) -> Self {
        Self { count, tone, word: Text::new(zh, en), cause: Text::new("", ""), fix: Fix::Nothing }
    }

    fn because(mut self, fix: Fix, cause: Text) -> Self {
        self.fix = fix;
        self.cause = cause;
        self
    }

    /// Not to be recorded; the trace says why.
    pub fn exempt() -> Self {
        Self::new(Count::Exempt, Tone::Idle, "不录", "Not recorded")
    }

    /// What was recorded of a lesson before it was taken off the plan.
    pub fn kept(recorded_ms: i64) -> Self {
        let got = duration(recorded_ms);
        Self::new(Count::Exempt, Tone::Done, "已录一段", "Kept").because(
            Fix::Nothing,
            Text::new(
                format!("改成不录之前已经录到 {got}，还在网站上。"),
                format!("{got} was recorded before; it is still on the site."),
            ),
        )
    }

    /// To be recorded, and no channel is there to do it.
    pub fn unable(plan: &Plan, now_ms: i64, cause: Text) -> Self {
        let state = match now_ms < plan.start_at_ms {
            true => Self::new(Count::Later, Tone::Warn, "录不了", "No camera"),
            false => Self::new(Count::Missing, Tone::Bad, "没有录", "Missing"),
        };
        state.because(Fix::Room, cause)
    }
}

/// When one channel is to record it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// First moment, Unix ms.
    pub start_at_ms: i64,
    /// First moment after, Unix ms.
    pub end_at_ms: i64,
    /// Media that is expected, ms: less than the time between when another lesson cuts it.
    pub expected_ms: i64,
}

/// What is known of the channel that is to record it.
#[derive(Debug, Clone, Copy)]
pub struct Known<'a> {
    /// Which channel.
    pub channel: ChannelId,
    /// What its slices are filed under.
    pub key: &'a str,
    /// Whether the admin has it running.
    pub enabled: bool,
    /// Its gatherer, as the relay knows it.
    pub view: Option<&'a GathererView>,
    /// Version of the desired state that the gatherer should run.
    pub version: i64,
    /// Media on the site, ms; `None` = nothing yet.
    pub recorded_ms: Option<i64>,
}

impl<'a> Known<'a> {
    fn online(&self) -> bool {
        self.view.is_some_and(|v| v.online)
    }

    /// What the gatherer says while it is there; what it said before it left is not believed.
    fn report(&self) -> Option<&'a Report> {
        self.view.filter(|v| v.online)?.report.as_ref()
    }

    fn channel(&self) -> Option<&'a ChannelReport> {
        self.report()?.channels.iter().find(|c| c.channel_id == self.channel)
    }

    fn records_it(&self) -> bool {
        // A gatherer that does not say which lesson it records is believed to record the one that is due.
        self.channel().is_some_and(|c| c.recording && c.lesson_key.as_deref().is_none_or(|k| k == self.key))
    }

    /// Files of it may still be on the gatherer.
    fn has_files(&self) -> bool {
        self.report().is_some_and(|r| r.upload_waiting > 0)
    }
}

/// The state of a lesson on one of its channels.
pub fn state_of(plan: &Plan, known: &Known<'_>, now_ms: i64) -> State {
    if now_ms < plan.start_at_ms {
        before(plan, known, now_ms)
    } else if now_ms < plan.end_at_ms {
        during(plan, known, now_ms)
    } else {
        after(plan, known, now_ms)
    }
}

fn before(plan: &Plan, known: &Known<'_>, now_ms: i64) -> State {
    if plan.start_at_ms - now_ms > SOON_MS {
        return State::new(Count::Later, Tone::Idle, "待录", "Planned");
    }
    match obstacle(known) {
        Some(o) => State::new(Count::Later, Tone::Warn, "未就绪", "Not ready").because(o.fix, o.cause),
        None => State::new(Count::Later, Tone::Soon, "即将开始", "Soon"),
    }
}

fn during(plan: &Plan, known: &Known<'_>, now_ms: i64) -> State {
    let channel = known.channel();
    let running = channel.is_some_and(|c| c.phase == ChannelPhase::Running);
    let obstacle = obstacle(known);
    if known.records_it() {
        return match obstacle {
            Some(o) if !running => {
                State::new(Count::Recording, Tone::Warn, "断续", "Interrupted").because(o.fix, o.cause)
            }
            Some(o) if known.clock_is_off() => {
                State::new(Count::Recording, Tone::Warn, "时钟不准", "Clock off").because(o.fix, o.cause)
            }
            _ => State::new(Count::Recording, Tone::Live, "录像中", "Recording"),
        };
    }
    let fresh = now_ms - plan.start_at_ms < BEGIN_MS;
    let connecting = channel.is_some_and(|c| c.phase == ChannelPhase::Connecting);
    if known.enabled && fresh && (running || connecting) {
        return State::new(Count::Recording, Tone::Soon, "正在开始", "Starting");
    }
    let bad = |zh, en| State::new(Count::Missing, Tone::Bad, zh, en);
    match obstacle {
        Some(o) if !known.online() => bad("离线", "Off line").because(o.fix, o.cause),
        Some(o) => bad("未录像", "Not recording").because(o.fix, o.cause),
        None => bad("未录像", "Not recording").because(
            Fix::Gatherer,
            Text::new(
                "摄像头有画面，采集端却没有录这节课。请看采集端的磁盘空间和日志，必要时重启采集程序。",
                "The camera has a picture, yet the gatherer does not record this lesson. Look at its disk and its log; restart its program if need be.",
            ),
        ),
    }
}

fn after(plan: &Plan, known: &Known<'_>, now_ms: i64) -> State {
    let fresh = now_ms - plan.end_at_ms < SETTLE_MS;
    if let Some(recorded_ms) = known.recorded_ms {
        if plan.expected_ms - recorded_ms <= SLACK_MS {
            return State::new(Count::Recorded, Tone::Done, "已录", "Recorded");
        }
        let (got, all) = (duration(recorded_ms), duration(plan.expected_ms));
        if known.has_files() || fresh {
            return State::new(Count::Recorded, Tone::Warn, "上传中", "Uploading").because(
                Fix::Nothing,
                Text::new(
                    format!("已到 {got}，共 {all}，其余还在上传。"),
                    format!("{got} of {all} is here, the rest is coming."),
                ),
            );
        }
        if !known.online() && now_ms - plan.end_at_ms < HOPE_MS {
            return State::new(Count::Recorded, Tone::Warn, "部分已到", "Partly here").because(
                Fix::Gatherer,
                Text::new(
                    format!("已到 {got}，共 {all}。采集端离线，其余等它恢复连接后自动上传；请检查电脑、程序和网络。"),
                    format!("{got} of {all} is here. The gatherer is off line and uploads the rest when it is back: check its machine, program and network."),
                ),
            );
        }
        return State::new(Count::Recorded, Tone::Warn, "部分", "Partly").because(
            Fix::Nothing,
            Text::new(
                format!("录到 {got}，应录 {all}。缺的那段在录像页面上标出。"),
                format!("{got} of {all} was recorded. The recording's page shows what is missing."),
            ),
        );
    }
    if known.records_it() || (fresh && known.online()) {
        return State::new(Count::Coming, Tone::Soon, "收尾中", "Closing");
    }
    waiting(plan, known, now_ms)
}

/// It has ended and nothing of it is on the site.
fn waiting(plan: &Plan, known: &Known<'_>, now_ms: i64) -> State {
    if known.has_files() {
        return State::new(Count::Coming, Tone::Warn, "等待上传", "Waits for upload").because(
            Fix::Gatherer,
            Text::new(
                "采集端还有文件没有传完，这节课可能在里面。传完后会自动出现。",
                "The gatherer has files left to upload; this lesson may be among them and appears by itself.",
            ),
        );
    }
    if !known.online() && now_ms - plan.end_at_ms < HOPE_MS {
        return State::new(Count::Coming, Tone::Warn, "等待上传", "Waits for upload").because(
            Fix::Gatherer,
            Text::new(
                "采集端离线。它离线时照常录像，恢复连接后自动上传；请检查电脑、程序和网络。",
                "The gatherer is off line. It records on by itself and uploads when it is back: check its machine, program and network.",
            ),
        );
    }
    State::new(Count::Missing, Tone::Bad, "缺", "Missing").because(
        Fix::Channel,
        Text::new(
            "这节课没有录像：上课时采集端没有录，或文件已删除。请看通道状态，避免下一节也缺。",
            "There is no recording: the gatherer did not record at the time, or the files were removed. Look at the channel so that the next lesson is not missed too.",
        ),
    )
}

/// One state for a lesson that several channels record: the worst, but red only when none of them has it.
pub fn together(states: Vec<State>) -> Option<State> {
    let has = |count| states.iter().any(|s| s.count == count);
    let good = [Count::Recording, Count::Recorded].into_iter().find(|count| has(*count));
    let mut worst = states.into_iter().reduce(|a, b| if b.tone > a.tone { b } else { a })?;
    if let (Tone::Bad, Some(count)) = (worst.tone, good) {
        worst.tone = Tone::Warn;
        worst.word = Text::new("缺机位", "A camera is missing");
        worst.count = count;
    }
    Some(worst)
}

#[cfg(test)]
mod tests;

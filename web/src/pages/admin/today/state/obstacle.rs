//! What keeps a channel from recording, of all that may: the one to look at first.

use super::{CLOCK_OFF_MS, Fix, Known};
use crate::channel_state;
use crate::lang::Text;
use crate::pages::admin::gatherers::DISK_LOW_BYTES;
use crate::pages::admin::show::duration;
use relay_proto::{ChannelCause, ChannelPhase, ChannelReport, Report};

/// Why a channel could not record now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// Which page helps.
    pub fix: Fix,
    /// Why, and what to do.
    pub cause: Text,
    /// It is seconds old as a rule and goes by itself: nobody is sent anywhere for it before the bell is near.
    pub passing: bool,
}

impl Obstacle {
    fn new(fix: Fix, zh: &str, en: &str) -> Self {
        Self { fix, cause: Text::new(zh, en), passing: false }
    }

    fn passing(self) -> Self {
        Self { passing: true, ..self }
    }
}

/// Why the channel could not record now; `None` when it could.
pub fn obstacle(known: &Known<'_>) -> Option<Obstacle> {
    if !known.enabled {
        return Some(Obstacle::new(
            Fix::Channel,
            "通道已被停止。请在 直播管理 里启动它。",
            "The channel was stopped: start it under Channels.",
        ));
    }
    let Some(report) = known.report() else {
        return Some(match known.online() {
            false => Obstacle::new(
                Fix::Gatherer,
                "采集端离线，看不到它是否在录；它按已下发的课表自己录像。请检查电脑、程序和网络。",
                "The gatherer is off line, so nobody sees whether it records; it goes on by the timetable it has. Check its machine, program and network.",
            ),
            true => Obstacle::new(
                Fix::Gatherer,
                "采集端刚刚上线，还没有报告。请等几秒。",
                "The gatherer has just come on line and has not reported yet: wait a few seconds.",
            )
            .passing(),
        });
    };
    // A camera that gives no picture hinders whatever the plan says; a plan on its way is the likelier cause of the rest.
    let camera = camera(known.channel(), report);
    if camera.as_ref().is_some_and(|o| !o.passing) {
        return camera;
    }
    if report.state_version < known.version {
        let behind = Obstacle::new(
            Fix::Gatherer,
            "最新课表还没有下发到采集端。一般几秒内完成；一直这样请看采集端日志。",
            "The newest timetable has not reached the gatherer. That takes seconds; look at its log if it stays like this.",
        );
        return Some(behind.passing());
    }
    camera.or_else(|| clock(known))
}

impl Known<'_> {
    /// The gatherer is there, and its clock shows another time.
    pub(super) fn clock_is_off(&self) -> bool {
        self.view.is_some_and(|v| v.online && v.report.is_some() && v.clock_skew_ms.abs() > CLOCK_OFF_MS)
    }
}

fn clock(known: &Known<'_>) -> Option<Obstacle> {
    let skew_ms = known.view.filter(|_| known.clock_is_off())?.clock_skew_ms;
    let off = duration(skew_ms.saturating_abs());
    let (zh, en) = if skew_ms > 0 { ("快", "ahead") } else { ("慢", "behind") };
    Some(Obstacle::new(
        Fix::Gatherer,
        &format!("采集端的时钟{zh}了 {off}，会录错时间。请在那台电脑上校准时间，或打开自动对时。"),
        &format!(
            "The gatherer's clock is {off} {en}, so the wrong minutes are recorded. Set the time of that machine, or let it set itself."
        ),
    ))
}

fn camera(channel: Option<&ChannelReport>, report: &Report) -> Option<Obstacle> {
    let Some(channel) = channel else {
        return Some(
            Obstacle::new(
                Fix::Gatherer,
                "采集端没有报告这个通道。请看采集端日志。",
                "The gatherer says nothing of this channel: look at its log.",
            )
            .passing(),
        );
    };
    let full = (1..DISK_LOW_BYTES).contains(&report.disk_free_bytes);
    match channel.phase {
        ChannelPhase::Running if full && !channel.recording => Some(Obstacle::new(
            Fix::Gatherer,
            "采集端的磁盘快满了。请清理磁盘。",
            "The gatherer's disk is almost full: free some space.",
        )),
        ChannelPhase::Running => None,
        ChannelPhase::Connecting | ChannelPhase::Stopped => Some(
            Obstacle::new(
                Fix::Channel,
                "正在连接摄像头，还没有画面。",
                "Connecting to the camera, no picture yet.",
            )
            .passing(),
        ),
        ChannelPhase::Waiting | ChannelPhase::Failed => {
            let why = channel.cause.map_or_else(|| Text::new("没有画面", "No picture"), channel_state::cause);
            // Trying again mends no password and no path.
            let by_itself = matches!(
                channel.cause,
                None | Some(ChannelCause::Unreachable | ChannelCause::NoFrames | ChannelCause::Lost)
            );
            let next = match channel.phase {
                ChannelPhase::Waiting if by_itself => {
                    ("采集端会自动重试。", "The gatherer tries again by itself.")
                }
                _ => ("请修改通道设置。", "Change the channel's settings."),
            };
            let (zh, en) = (format!("{}。{}", why.zh, next.0), format!("{}. {}", why.en, next.1));
            Some(Obstacle::new(Fix::Channel, &zh, &en))
        }
    }
}

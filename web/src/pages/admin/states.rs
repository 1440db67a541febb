//! The true state of a channel in words: what its gatherer last reported, why, and what to do next.

use crate::channel_state;
use crate::lang::Lang;
use relay::GathererView;
use relay_proto::{ChannelCause, ChannelPhase, ChannelReport};
use serde::Serialize;

/// A channel's state as its row shows it; also what the polling script gets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StateText {
    /// The channel or gatherer.
    pub id: i64,
    /// Colour: `ok`, `warn`, `bad`, `info` or `idle`.
    pub tone: &'static str,
    /// 运行中, 等待中, …
    pub state: String,
    /// Why, and the next step; empty when all is well.
    pub cause: String,
    /// 接收码率.
    pub rate: String,
    /// Codecs and picture size.
    pub media: String,
    /// Which of `start`, `stop` and `reconnect` are offered.
    pub buttons: Vec<&'static str>,
}

/// What is shown of a channel that is `enabled` or not, by what the relay knows of its gatherer.
pub fn of_channel(
    l: Lang,
    id: i64,
    enabled: bool,
    gatherer: Option<&GathererView>,
    report: Option<&ChannelReport>,
) -> StateText {
    let online = gatherer.is_some_and(|g| g.online);
    let (tone, state, cause) = words(l, enabled, online, report);
    let mut buttons = vec![if enabled { "stop" } else { "start" }];
    if enabled && online {
        buttons.push("reconnect");
    }
    let live = report.filter(|r| online && r.phase == ChannelPhase::Running);
    StateText {
        id,
        tone,
        state,
        cause,
        rate: live.map(|r| format!("{} Kbps", r.receive_kbps)).unwrap_or_default(),
        media: live.map(media).unwrap_or_default(),
        buttons,
    }
}

fn words(
    l: Lang,
    enabled: bool,
    online: bool,
    report: Option<&ChannelReport>,
) -> (&'static str, String, String) {
    let say = |tone, zh: &str, en: &str, cause: String| (tone, l.t(zh, en).to_owned(), cause);
    let none = String::new();
    if !online {
        let hint = l.t(
            "请检查采集端电脑是否开机、采集程序是否运行、网络是否通。",
            "Check that the gatherer's machine is on, its program runs and the network is up.",
        );
        let (zh, en) = if enabled {
            ("采集端离线", "Gatherer off line")
        } else {
            ("已停止（采集端离线）", "Stopped (off line)")
        };
        return say(if enabled { "warn" } else { "idle" }, zh, en, hint.to_owned());
    }
    let Some(report) = report else {
        return match enabled {
            true => say(
                "info",
                "正在下发",
                "Being sent",
                l.t("等待采集端接收设置。", "Waiting for the gatherer to take it.").to_owned(),
            ),
            false => say("idle", "已停止", "Stopped", none),
        };
    };
    let why = |zh, en| report.cause.map(|c| sentence(l, c, zh, en)).unwrap_or_default();
    match (enabled, report.phase) {
        (true, ChannelPhase::Stopped) => say("info", "正在启动", "Starting", none),
        (false, ChannelPhase::Stopped | ChannelPhase::Failed) => say("idle", "已停止", "Stopped", none),
        (false, _) => say("info", "正在停止", "Stopping", none),
        (true, ChannelPhase::Connecting) => {
            say("info", "正在连接", "Connecting", why("正在重试。", "Trying again."))
        }
        (true, ChannelPhase::Running) => {
            let recording = if report.recording { l.t("正在录像", "Recording now") } else { "" };
            say("ok", "运行中", "Running", recording.to_owned())
        }
        (true, ChannelPhase::Waiting) => {
            say("warn", "等待中", "Waiting", why("采集端会自动重试。", "The gatherer tries again by itself."))
        }
        (true, ChannelPhase::Failed) => {
            say("bad", "失败", "Failed", why("请修改通道设置。", "Change the channel's settings."))
        }
    }
}

/// Why it has no picture, and what happens next.
fn sentence(l: Lang, cause: ChannelCause, zh: &str, en: &str) -> String {
    let why = channel_state::cause(cause);
    match l {
        Lang::Zh => format!("{}。{zh}", why.zh),
        Lang::En => format!("{}. {en}", why.en),
    }
}

fn media(r: &ChannelReport) -> String {
    let mut parts: Vec<String> = Vec::new();
    parts.extend((!r.video_codec.is_empty()).then(|| r.video_codec.clone()));
    parts.extend((!r.audio_codec.is_empty()).then(|| r.audio_codec.clone()));
    parts.extend((r.width > 0).then(|| format!("{}×{}", r.width, r.height)));
    parts.join(" · ")
}

/// Whether the newest settings have reached the gatherer, as it says itself: compares its report with `version`.
pub fn delivery(l: Lang, gatherer: Option<&GathererView>, version: i64) -> (&'static str, &'static str) {
    let online = gatherer.is_some_and(|g| g.online);
    let has = gatherer.and_then(|g| g.report.as_ref()).is_some_and(|r| r.state_version >= version);
    match (online, has) {
        (_, true) => ("ok", l.t("已下发", "Delivered")),
        (true, false) => ("info", l.t("正在下发", "Being delivered")),
        (false, false) => ("warn", l.t("离线待下发", "Waits: off line")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use relay_proto::Report;

    fn view(online: bool, phase: Option<ChannelPhase>, cause: Option<ChannelCause>) -> GathererView {
        let channels = phase.map(|phase| ChannelReport {
            channel_id: model::ChannelId(1),
            phase,
            cause,
            detail: String::new(),
            recording: false,
            lesson_key: None,
            pushing: false,
            video_codec: "H.264".to_owned(),
            audio_codec: String::new(),
            width: 1920,
            height: 1080,
            receive_kbps: 900,
            send_kbps: 0,
        });
        let report =
            Report { state_version: 4, channels: channels.into_iter().collect(), ..Report::default() };
        GathererView { online, report: Some(report), ..GathererView::default() }
    }

    #[track_caller]
    fn check(enabled: bool, view: &GathererView, state: &str, tone: &str, buttons: &[&str]) {
        let found = of_channel(Lang::Zh, 1, enabled, Some(view), view.channel(model::ChannelId(1)));
        assert_eq!((found.state.as_str(), found.tone), (state, tone));
        assert_eq!(found.buttons, buttons);
    }

    #[test]
    fn the_page_says_what_the_gatherer_reported_and_not_what_was_wished() {
        use ChannelPhase::*;
        check(true, &view(true, Some(Running), None), "运行中", "ok", &["stop", "reconnect"]);
        check(true, &view(true, Some(Stopped), None), "正在启动", "info", &["stop", "reconnect"]);
        check(false, &view(true, Some(Running), None), "正在停止", "info", &["start"]);
        check(false, &view(true, Some(Stopped), None), "已停止", "idle", &["start"]);
        check(true, &view(true, None, None), "正在下发", "info", &["stop", "reconnect"]);
        check(true, &view(false, Some(Running), None), "采集端离线", "warn", &["stop"]);
        let waiting = view(true, Some(Waiting), Some(ChannelCause::WrongPassword));
        check(true, &waiting, "等待中", "warn", &["stop", "reconnect"]);
    }

    #[test]
    fn delivered_means_that_the_gatherer_said_so() {
        assert_eq!(delivery(Lang::Zh, Some(&view(true, None, None)), 4).1, "已下发");
        assert_eq!(delivery(Lang::Zh, Some(&view(true, None, None)), 5).1, "正在下发");
        assert_eq!(delivery(Lang::Zh, Some(&view(false, None, None)), 5).1, "离线待下发");
        assert_eq!(delivery(Lang::Zh, None, 1).1, "离线待下发");
    }
}

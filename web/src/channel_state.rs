//! What a channel is doing, in words for people: from what the admin wants and what its gatherer says.

use crate::lang::Text;
use model::channel::Channel;
use relay::GathererView;
use relay_proto::{ChannelCause, ChannelPhase, ChannelReport};

/// What a channel is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// 停止: the admin stopped it.
    Stopped,
    /// Its gatherer has no connection to the relay.
    GathererOffline,
    /// The gatherer does not know it yet, or is opening the source.
    Connecting,
    /// Packets arrive.
    Running,
    /// Lost; tried again after a pause.
    Waiting,
    /// Needs a change before it can work.
    Failed,
}

/// A channel's state with everything a page says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelState {
    /// The state.
    pub state: State,
    /// Why there is no picture.
    pub cause: Option<ChannelCause>,
    /// Being recorded now.
    pub recording: bool,
    /// `H.264`, `H.265` or empty when unknown.
    pub video_codec: String,
    /// `AAC`, `AAC (G.711)` or empty.
    pub audio_codec: String,
}

impl ChannelState {
    /// From the channel's row and the relay's view of its gatherer.
    pub fn of(channel: &Channel, view: &GathererView) -> Self {
        let report = view.channel(channel.id);
        let state = match report {
            _ if !channel.enabled => State::Stopped,
            _ if !view.online => State::GathererOffline,
            None => State::Connecting,
            Some(report) => phase(report),
        };
        let live = view.online && channel.enabled;
        Self {
            state,
            cause: report.filter(|_| live).and_then(|r| r.cause),
            recording: live && report.is_some_and(|r| r.recording),
            video_codec: report.map(|r| r.video_codec.clone()).unwrap_or_default(),
            audio_codec: report.map(|r| r.audio_codec.clone()).unwrap_or_default(),
        }
    }

    /// Whether it can be watched now.
    pub fn is_running(&self) -> bool {
        self.state == State::Running
    }

    /// Code in `/api/play`.
    pub fn code(&self) -> &'static str {
        match self.state {
            State::Stopped => "stopped",
            State::GathererOffline => "offline",
            State::Connecting => "connecting",
            State::Running => "running",
            State::Waiting => "waiting",
            State::Failed => "failed",
        }
    }

    /// The label of a card: 离线中, 直播中 or 录像中 (R-LIV-05).
    pub fn label(&self) -> Text {
        match (self.is_running(), self.recording) {
            (true, true) => Text::new("录像中", "Recording"),
            (true, false) => Text::new("直播中", "Live"),
            (false, _) => Text::new("离线中", "Off line"),
        }
    }

    /// One sentence: what is going on and what comes next.
    pub fn sentence(&self) -> Text {
        match self.state {
            State::Running => Text::new("通道正常。", "The channel is running."),
            State::Stopped => Text::new(
                "这个通道已被管理员停止。需要观看请联系管理员启动。",
                "An administrator stopped this channel. Ask them to start it.",
            ),
            State::GathererOffline => Text::new(
                "采集端没有连接到服务器，当前通道处于离线状态，无法播放。采集端恢复后会自动开始。",
                "The gatherer is not connected, so this channel is off line. It starts by itself when the gatherer is back.",
            ),
            State::Connecting => {
                Text::new("正在连接摄像头，请稍候…", "Connecting to the camera, a moment please…")
            }
            State::Waiting | State::Failed => {
                let again = match self.state {
                    State::Waiting => Text::new("采集端会自动重试。", "The gatherer tries again by itself."),
                    _ => Text::new("需要管理员修改通道设置。", "An administrator has to change the channel."),
                };
                let why = self.cause.map_or_else(|| Text::new("没有画面", "No picture"), cause);
                Text::new(format!("{}。{}", why.zh, again.zh), format!("{}. {}", why.en, again.en))
            }
        }
    }
}

fn phase(report: &ChannelReport) -> State {
    match report.phase {
        // The admin has started it; the gatherer's report is older than that.
        ChannelPhase::Stopped | ChannelPhase::Connecting => State::Connecting,
        ChannelPhase::Running => State::Running,
        ChannelPhase::Waiting => State::Waiting,
        ChannelPhase::Failed => State::Failed,
    }
}

/// Why a channel has no picture, without full stop.
pub fn cause(cause: ChannelCause) -> Text {
    let (zh, en) = match cause {
        ChannelCause::Unreachable => (
            "摄像头连不上：地址没有回应，请检查网络和地址",
            "The camera does not answer: check network and address",
        ),
        ChannelCause::WrongPassword => {
            ("摄像头连不上：用户名或密码错误", "The camera refused the user name or password")
        }
        ChannelCause::NoSuchStream => (
            "摄像头上没有这个码流，请检查拉流地址的路径",
            "The camera has no such stream: check the path of the address",
        ),
        ChannelCause::UnsupportedCodec => (
            "视频编码不是 H.264 或 H.265，请在摄像头上修改",
            "The video is neither H.264 nor H.265: change it on the camera",
        ),
        ChannelCause::FileMissing => ("采集端上没有这个 MP4 文件", "The gatherer has no such MP4 file"),
        ChannelCause::NotMp4 => ("这个文件不是可播放的 MP4", "The file is not a playable MP4"),
        ChannelCause::AddressRefused => (
            "拉流地址不被允许，只接受 rtsp:// 和 rtmp://",
            "The address is not allowed: only rtsp:// and rtmp://",
        ),
        ChannelCause::NoFrames => {
            ("已连上摄像头，但 10 秒没有收到画面", "Connected, but no picture has come for 10 s")
        }
        ChannelCause::Lost => ("与摄像头的连接中断了", "The connection to the camera broke off"),
    };
    Text::new(zh, en)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::channel::Source;
    use model::{ChannelId, GathererId, GradeId};
    use relay_proto::Report;

    fn channel(enabled: bool) -> Channel {
        Channel {
            id: ChannelId(7),
            gatherer_id: GathererId(1),
            grade_id: GradeId(1),
            class_name: "一班".into(),
            source: Source::File { path: "/a.mp4".into() },
            enabled,
        }
    }

    fn view(online: bool, phase: Option<&str>) -> GathererView {
        let channels = phase.map(|p| {
            let text =
                format!(r#"[{{"channel_id":7,"phase":"{p}","cause":"wrong_password","recording":true}}]"#);
            serde_json::from_str(&text).unwrap()
        });
        let report = Some(Report { channels: channels.unwrap_or_default(), ..Report::default() });
        GathererView { online, report, ..GathererView::default() }
    }

    #[track_caller]
    fn check(enabled: bool, online: bool, phase: Option<&str>, state: State, label: &str) {
        let found = ChannelState::of(&channel(enabled), &view(online, phase));
        assert_eq!(found.state, state);
        assert_eq!(found.label().zh, label);
    }

    #[test]
    fn what_the_gatherer_said_last_is_not_believed_when_it_is_gone() {
        check(true, true, Some("running"), State::Running, "录像中");
        check(true, false, Some("running"), State::GathererOffline, "离线中");
        check(false, true, Some("running"), State::Stopped, "离线中");
        check(true, true, Some("waiting"), State::Waiting, "离线中");
        check(true, true, Some("stopped"), State::Connecting, "离线中");
        check(true, true, None, State::Connecting, "离线中");
    }

    #[test]
    fn a_wrong_password_is_said_plainly() {
        let found = ChannelState::of(&channel(true), &view(true, Some("waiting")));
        assert!(found.sentence().zh.contains("用户名或密码错误"));
        assert!(found.sentence().en.contains("tries again"));
    }
}

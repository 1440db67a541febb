//! What a gatherer reports of itself, and what the relay answers.

use crate::MESSAGE_MAX_BYTES;
use model::ChannelId;
use serde::{Deserialize, Serialize};

/// A gatherer's report: at login, every 30 s, and at once when something in it changed.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Report {
    /// The gatherer's wall clock, Unix ms: the site shows a skew above 2 s (R-GAT-07).
    #[serde(default)]
    pub clock_ms: i64,
    /// Version of the desired state that it runs.
    #[serde(default)]
    pub state_version: i64,
    /// Every channel it holds.
    #[serde(default)]
    pub channels: Vec<ChannelReport>,
    /// Free bytes where slices are written.
    #[serde(default)]
    pub disk_free_bytes: u64,
    /// Files waiting for upload.
    #[serde(default)]
    pub upload_waiting: u32,
    /// Bytes waiting for upload.
    #[serde(default)]
    pub upload_waiting_bytes: u64,
    /// Last upload error, English, for the admin; empty when all is well.
    #[serde(default)]
    pub upload_error: String,
}

impl Report {
    /// The same, so short that it is one message: with very many channels first the details go, then the names of
    /// codecs. What records and what does not always stays.
    pub fn fitting(mut self) -> Self {
        // `{"kind":"report",…}` around it.
        const ENVELOPE_BYTES: usize = 32;
        let fits = |report: &Self| {
            serde_json::to_string(report).is_ok_and(|text| text.len() + ENVELOPE_BYTES <= MESSAGE_MAX_BYTES)
        };
        for step in [Self::without_details, Self::without_codecs] {
            if fits(&self) {
                break;
            }
            self.channels.iter_mut().for_each(step);
        }
        self
    }

    fn without_details(channel: &mut ChannelReport) {
        channel.detail.clear();
    }

    fn without_codecs(channel: &mut ChannelReport) {
        channel.video_codec.clear();
        channel.audio_codec.clear();
    }
}

/// One channel's true state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelReport {
    /// Which one.
    pub channel_id: ChannelId,
    /// Where its source stands.
    pub phase: ChannelPhase,
    /// Why it is not running; `None` while it runs or was stopped by the admin.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cause: Option<ChannelCause>,
    /// Detail in English for the admin's eyes, e.g. the camera's own words. Never a password.
    #[serde(default)]
    pub detail: String,
    /// Being recorded now.
    #[serde(default)]
    pub recording: bool,
    /// What is being recorded: the lesson's key (`model::calendar::LessonKey` as text), ≤ 80 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lesson_key: Option<String>,
    /// Being pushed to a live server now.
    #[serde(default)]
    pub pushing: bool,
    /// `H.264`, `H.265` or empty.
    #[serde(default)]
    pub video_codec: String,
    /// `AAC`, `AAC (G.711)` or empty.
    #[serde(default)]
    pub audio_codec: String,
    /// Picture width, pixels.
    #[serde(default)]
    pub width: u16,
    /// Picture height, pixels.
    #[serde(default)]
    pub height: u16,
    /// 接收码率, Kbit/s over the last seconds.
    #[serde(default)]
    pub receive_kbps: u32,
    /// 发送码率, Kbit/s over the last seconds.
    #[serde(default)]
    pub send_kbps: u32,
}

/// Where a channel's source stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelPhase {
    /// Stopped by the admin.
    Stopped,
    /// Opening the source.
    Connecting,
    /// Packets arrive.
    Running,
    /// Lost or refused; it will be tried again after a pause.
    Waiting,
    /// Will not be tried again until something is changed.
    Failed,
}

/// Why a channel has no picture. Each has a sentence in both languages on the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelCause {
    /// The address names no host that answers.
    Unreachable,
    /// The camera refused user or password.
    WrongPassword,
    /// The camera has no stream at that path.
    NoSuchStream,
    /// Neither H.264 nor H.265.
    UnsupportedCodec,
    /// The MP4 file is not on the gatherer.
    FileMissing,
    /// The file is not an MP4 that can be played.
    NotMp4,
    /// The address is not `rtsp://` or `rtmp://`, or leads to a forbidden place.
    AddressRefused,
    /// Connected, but no frame for 10 s.
    NoFrames,
    /// The source ended or broke off.
    Lost,
}

/// A push the live servers want now; the relay repeats it in answer to every report, so a lost command heals.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedPush {
    /// Which channel.
    pub channel_id: ChannelId,
    /// `rtmp://host:port/live/live<ID>?token=…`. A host of `-` stands for the host the gatherer reaches the site by.
    pub url: String,
    /// Counts up with every start of this channel; a publisher with a greater epoch replaces an older one.
    pub epoch: u64,
}

/// Without the query: it carries the token, which belongs in no log.
impl std::fmt::Debug for WantedPush {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let url = self.url.split('?').next().unwrap_or_default();
        f.debug_struct("WantedPush")
            .field("channel_id", &self.channel_id)
            .field("url", &url)
            .field("epoch", &self.epoch)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_256_channels_is_one_message() {
        let channel = |id: i64| ChannelReport {
            channel_id: ChannelId(id),
            phase: ChannelPhase::Running,
            cause: None,
            detail: "its sound is left out: the camera sends G.726, which nobody plays".into(),
            recording: true,
            lesson_key: Some(format!("c12345-20261120-p40-255-v{id}")),
            pushing: false,
            video_codec: "H.265".into(),
            audio_codec: "AAC (G.711)".into(),
            width: 3840,
            height: 2160,
            receive_kbps: 16_384,
            send_kbps: 16_384,
        };
        let long = Report { channels: (100_000..100_256).map(channel).collect(), ..Report::default() };
        let short = long.clone().fitting();
        assert!(crate::message::encode(&crate::ClientMessage::Report(long.clone())).is_err());
        assert!(crate::message::encode(&crate::ClientMessage::Report(short.clone())).is_ok());
        assert_eq!(short.channels[255].lesson_key, long.channels[255].lesson_key);
        let few = Report { channels: long.channels[..9].to_vec(), ..Report::default() };
        assert_eq!(few.clone().fitting(), few, "nothing is cut without need");
    }

    #[test]
    fn a_log_of_a_push_shows_no_token() {
        let push = WantedPush {
            channel_id: ChannelId(1),
            url: "rtmp://-:1935/live/live1?token=secret".into(),
            epoch: 2,
        };
        assert!(
            format!("{push:?}").contains("rtmp://-:1935/live/live1\"")
                && !format!("{push:?}").contains("secret")
        );
    }
}

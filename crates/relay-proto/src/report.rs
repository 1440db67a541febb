//! What a gatherer reports of itself, and what the relay answers.

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

/// One channel's true state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelReport {
    /// Which one.
    pub channel_id: ChannelId,
    /// Where its source stands.
    pub phase: ChannelPhase,
    /// Why it is not running; `None` while it runs or was stopped by the admin.
    #[serde(default)]
    pub cause: Option<ChannelCause>,
    /// Detail in English for the admin's eyes, e.g. the camera's own words. Never a password.
    #[serde(default)]
    pub detail: String,
    /// Being recorded now.
    #[serde(default)]
    pub recording: bool,
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

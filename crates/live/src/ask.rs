//! What the room asks through: rights and the relay. The server implements both; tests implement their own.

use futures_util::future::BoxFuture;

/// A viewer who may open a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlayPass {
    /// Who it is, the same for every connection of one page: an id, never a name.
    pub viewer: String,
    /// Until when the token opens new connections (wall clock, ms). While the viewer's lease lives the token goes on
    /// working, up to [`crate::Config::pass_max`].
    pub expires_at_ms: i64,
}

/// A publisher who may push a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishPass {
    /// Who it is: an id.
    pub publisher: String,
    /// Of two publishers of one stream the greater epoch wins; the same publisher may come again with the same.
    pub epoch: u64,
}

/// Rights. Called on network tasks: must answer from memory.
pub trait Gate: Send + Sync + 'static {
    /// May the holder of `token` watch `stream` now?
    ///
    /// # Errors
    /// Why not.
    fn admit_play(&self, stream: &str, token: &str, now_ms: i64) -> Result<PlayPass, Refused>;

    /// May a viewer that was let in go on? Asked every few seconds for each, so that a right taken away or a session
    /// ended closes the picture.
    fn still_admits(&self, stream: &str, viewer: &str, now_ms: i64) -> bool {
        let _ = (stream, viewer, now_ms);
        true
    }

    /// May the holder of `token` publish `stream` now?
    ///
    /// # Errors
    /// Why not.
    fn admit_publish(&self, stream: &str, token: &str, now_ms: i64) -> Result<PublishPass, Refused>;
}

/// Whoever can make a gatherer push.
pub trait Starter: Send + Sync + 'static {
    /// Asks for `stream`. `Ok` means the gatherer accepted; its push comes by itself.
    fn start(&self, stream: String) -> BoxFuture<'static, Result<(), StartError>>;
    /// Says that nobody watches `stream` any more.
    fn stop(&self, stream: String) -> BoxFuture<'static, ()>;
}

/// Why somebody may not watch or publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// No token at all.
    #[error("the address carries no token")]
    NoToken,
    /// Not one of ours, or changed on the way.
    #[error("the token is not valid")]
    BadToken,
    /// Older than it may be.
    #[error("the token has expired")]
    Expired,
    /// A good token for something else, or a right that was taken away.
    #[error("no right to this stream")]
    Forbidden,
    /// No such stream.
    #[error("there is no such stream")]
    NoStream,
    /// A publisher with a newer token is there.
    #[error("a newer publisher has this stream")]
    NewerPublisher,
    /// The server is full.
    #[error("too many connections")]
    Busy,
}

/// Why a stream did not start.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// The gatherer has no connection to the relay.
    #[error("the gatherer is off line")]
    Offline,
    /// It accepted, but no picture came in time; or the relay did not answer.
    #[error("the stream did not start in time")]
    Timeout,
    /// Nobody has such a channel.
    #[error("there is no such channel")]
    NoChannel,
    /// The gatherer cannot reach the source.
    #[error("the source is down: {cause}")]
    ChannelDown {
        /// What the gatherer said, in words for people.
        cause: String,
    },
    /// The gatherer refused.
    #[error("the gatherer refused to push")]
    Refused,
}

/// A reason as the outside sees it: stable code, both languages, HTTP status.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Reason {
    /// Stable, for programs.
    pub code: &'static str,
    /// For people.
    pub message_zh: String,
    /// For people.
    pub message_en: String,
    /// HTTP status.
    #[serde(skip)]
    pub status: u16,
}

fn reason(status: u16, code: &'static str, zh: impl Into<String>, en: impl Into<String>) -> Reason {
    Reason { code, message_zh: zh.into(), message_en: en.into(), status }
}

impl Refused {
    /// For the edge.
    pub fn reason(self) -> Reason {
        match self {
            Self::NoToken => reason(
                401,
                "no_token",
                "播放地址缺少令牌，请从网站页面打开。",
                "The address carries no token. Open the stream from its page.",
            ),
            Self::BadToken => reason(
                403,
                "bad_token",
                "播放地址无效，请刷新页面重试。",
                "The address is not valid. Reload the page.",
            ),
            Self::Expired => reason(
                403,
                "expired",
                "播放地址已过期，请刷新页面。",
                "The address has expired. Reload the page.",
            ),
            Self::Forbidden => reason(
                403,
                "forbidden",
                "您没有观看该通道的权限，请联系管理员。",
                "You have no right to this channel. Ask the administrator.",
            ),
            Self::NoStream => reason(
                404,
                "no_channel",
                "没有这个通道，可能已被删除。",
                "There is no such channel; it may have been deleted.",
            ),
            Self::NewerPublisher => {
                reason(409, "newer_publisher", "该通道已有新的推流。", "A newer publisher has this stream.")
            }
            Self::Busy => {
                reason(503, "busy", "服务器连接已满，请稍后再试。", "The server is full. Try again later.")
            }
        }
    }
}

impl StartError {
    /// For the edge.
    pub fn reason(&self) -> Reason {
        match self {
            Self::Offline => reason(
                503,
                "offline",
                "当前通道处于离线状态，无法播放！请检查采集端是否开机联网。",
                "The channel is off line. Check that its gatherer is switched on and connected.",
            ),
            Self::Timeout => reason(
                503,
                "timeout",
                "等待画面超时，请稍后重试。",
                "No picture arrived in time. Try again shortly.",
            ),
            Self::NoChannel => reason(
                404,
                "no_channel",
                "没有这个通道，可能已被删除。",
                "There is no such channel; it may have been deleted.",
            ),
            Self::ChannelDown { cause } => reason(
                503,
                "channel_down",
                format!("采集端无法取得画面：{cause}。请检查摄像机。"),
                format!("The gatherer gets no picture: {cause}. Check the camera."),
            ),
            Self::Refused => reason(
                503,
                "refused",
                "采集端拒绝推流，请查看采集端日志。",
                "The gatherer refused to push. See its log.",
            ),
        }
    }
}

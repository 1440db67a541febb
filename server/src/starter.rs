//! Makes a gatherer push when the live server has viewers and no picture ([`live::Starter`]).

use base::now_ms;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use live::StartError;
use model::grant::{Right, Signer};
use model::{ChannelId, GathererId};
use relay::relay_proto::{ChannelCause, Command, ErrorCode, RemoteError, WantedPush};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tracing::{info, warn};

/// How long a publish grant lasts: a gatherer that loses its push comes back with the same one. A lesson day fits in.
const PUBLISH_MS: i64 = 12 * 3_600_000;

/// Stream → channel → gatherer → relay.
#[derive(Debug, Clone)]
pub struct RelayStarter {
    db: db::Db,
    relay: relay::Handle,
    signer: Signer,
    rtmp_port: u16,
    epoch: Arc<AtomicU64>,
}

impl RelayStarter {
    /// A starter whose pushes go to `rtmp_port` of this machine.
    pub fn new(db: db::Db, relay: relay::Handle, signer: Signer, rtmp_port: u16) -> Self {
        Self { db, relay, signer, rtmp_port, epoch: Arc::default() }
    }

    /// A number above every one before, also above those of the process before this one: the wall clock, pushed
    /// forward when two starts fall into one millisecond.
    fn next_epoch(&self, now_ms: i64) -> u64 {
        let now = u64::try_from(now_ms).unwrap_or(0);
        let before =
            self.epoch.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(now.max(last + 1)));
        // The closure never answers `None`.
        now.max(before.unwrap_or_else(|last| last) + 1)
    }

    async fn push(self, stream: String) -> Result<(), StartError> {
        let (channel, gatherer) = self.find(&stream).await?;
        let host = self.db.settings().await.map(|s| s.public_host).unwrap_or_default();
        let epoch = self.next_epoch(now_ms());
        let url = push_url(&self.signer, &host, self.rtmp_port, gatherer, channel, epoch, now_ms());
        let push = WantedPush { channel_id: channel, url, epoch };
        self.relay.want(gatherer, push.clone());
        let asked = self.relay.command(gatherer, Command::PushStart(push)).await;
        let Err(error) = asked else {
            info!(channel.id = %channel, gatherer.id = %gatherer, epoch, "Gatherer `{gatherer}` pushes `{stream}`");
            return Ok(());
        };
        self.relay.unwant(gatherer, channel);
        info!(channel.id = %channel, gatherer.id = %gatherer, "Gatherer `{gatherer}` does not push `{stream}`: {error}");
        Err(start_error(error))
    }

    async fn halt(self, stream: String) {
        let Ok((channel, gatherer)) = self.find(&stream).await else { return };
        self.relay.unwant(gatherer, channel);
        let stop = Command::PushStop { channel_id: channel };
        match self.relay.command(gatherer, stop).await {
            Ok(()) => info!(channel.id = %channel, "Gatherer `{gatherer}` no longer pushes `{stream}`"),
            // The answer to its next report says the same.
            Err(e) => {
                info!(channel.id = %channel, "Gatherer `{gatherer}` was not told to stop `{stream}`: {e}")
            }
        }
    }

    async fn find(&self, stream: &str) -> Result<(ChannelId, GathererId), StartError> {
        let id = ChannelId::from_stream(stream).ok_or(StartError::NoChannel)?;
        match self.db.channel(id).await {
            Ok(row) => Ok((id, row.channel.gatherer_id)),
            Err(db::DbError::NotFound { .. }) => Err(StartError::NoChannel),
            Err(e) => {
                warn!(channel.id = %id, error = %e, "Channel `{id}` could not be looked up: {e}");
                Err(StartError::Timeout)
            }
        }
    }
}

impl live::Starter for RelayStarter {
    fn start(&self, stream: String) -> BoxFuture<'static, Result<(), StartError>> {
        self.clone().push(stream).boxed()
    }

    fn stop(&self, stream: String) -> BoxFuture<'static, ()> {
        self.clone().halt(stream).boxed()
    }
}

/// Where the gatherer pushes. Without a public host the host is `-`: the one by which it reaches the site.
fn push_url(
    signer: &Signer,
    host: &str,
    port: u16,
    gatherer: GathererId,
    channel: ChannelId,
    epoch: u64,
    now_ms: i64,
) -> String {
    let host = if host.is_empty() { "-" } else { host };
    let stream = channel.stream();
    let token = signer.sign(Right::Publish, &stream, &format!("{gatherer}.{epoch}"), now_ms + PUBLISH_MS);
    format!("rtmp://{host}:{port}/live/{stream}?token={token}")
}

fn start_error(error: RemoteError) -> StartError {
    match error.code {
        ErrorCode::Offline | ErrorCode::Replaced => StartError::Offline,
        ErrorCode::Timeout | ErrorCode::Busy | ErrorCode::Stopping => StartError::Timeout,
        ErrorCode::NoChannel => StartError::NoChannel,
        ErrorCode::ChannelDown => StartError::ChannelDown { cause: cause_text(error.cause).to_owned() },
        ErrorCode::BadMessage
        | ErrorCode::TooLarge
        | ErrorCode::HelloExpected
        | ErrorCode::Version
        | ErrorCode::Unauthorized
        | ErrorCode::Forbidden => StartError::Refused,
    }
}

/// A cause in both languages: the live server puts it into a sentence of each.
fn cause_text(cause: Option<ChannelCause>) -> &'static str {
    match cause {
        Some(ChannelCause::Unreachable) => "摄像机地址无应答 (the address does not answer)",
        Some(ChannelCause::WrongPassword) => "用户名或密码错误 (wrong user or password)",
        Some(ChannelCause::NoSuchStream) => "地址中没有这个流 (no stream at that path)",
        Some(ChannelCause::UnsupportedCodec) => "编码不是 H.264 或 H.265 (neither H.264 nor H.265)",
        Some(ChannelCause::FileMissing) => "文件不存在 (the file is missing)",
        Some(ChannelCause::NotMp4) => "文件不是可播放的 MP4 (the file is not a playable MP4)",
        Some(ChannelCause::AddressRefused) => "地址不被允许 (the address is not allowed)",
        Some(ChannelCause::NoFrames) => "10 秒内没有画面 (no frame for 10 s)",
        Some(ChannelCause::Lost) => "信号中断，正在重连 (signal lost, reconnecting)",
        None => "通道未在运行 (the channel is not running)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use live::Gate;

    #[test]
    fn the_push_address_is_bound_to_gatherer_channel_and_epoch() {
        let signer = Signer::new([3; 32]);
        let url = push_url(&signer, "", 1935, GathererId(4), ChannelId(7), 9, 1000);
        let token = url.strip_prefix("rtmp://-:1935/live/live7?token=").unwrap();
        let pass = crate::gate::LiveGate::new(signer.clone(), Default::default())
            .admit_publish("live7", token, 1000)
            .unwrap();
        assert_eq!((pass.publisher.as_str(), pass.epoch), ("4", 9));
        let url = push_url(&signer, "video.school.cn", 1, GathererId(4), ChannelId(7), 9, 1000);
        assert!(url.starts_with("rtmp://video.school.cn:1/live/live7?"));
    }

    #[test]
    fn every_refusal_of_the_relay_has_a_meaning_for_viewers() {
        let of = |code| start_error(RemoteError::new(code, "x"));
        assert_eq!(of(ErrorCode::Offline), StartError::Offline);
        assert_eq!(of(ErrorCode::Timeout), StartError::Timeout);
        assert_eq!(of(ErrorCode::NoChannel), StartError::NoChannel);
        let down = RemoteError {
            cause: Some(ChannelCause::WrongPassword),
            ..RemoteError::new(ErrorCode::ChannelDown, "")
        };
        assert!(matches!(start_error(down), StartError::ChannelDown { cause } if cause.contains("密码")));
    }
}

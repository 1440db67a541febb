//! What pages see of the relay.

use model::{ChannelId, GathererId};
use relay_proto::{ChannelReport, Report, TerminalType};
use std::net::IpAddr;

/// One row of 中转客户端 (R-REL-03): `ACTIVE : type:ip:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TerminalView {
    /// Type 1–4.
    pub terminal: TerminalType,
    /// Its name, ≤ 80 characters.
    pub name: String,
    /// Address the relay sees.
    pub ip: IpAddr,
    /// Port the relay sees; for parts of this process, the port they listen on.
    pub port: u16,
    /// When it logged in, Unix ms.
    pub since_ms: i64,
    /// When it was last heard of, Unix ms; parts of this process are heard of now.
    pub last_seen_ms: i64,
    /// Which gatherer, for type 2.
    pub gatherer_id: Option<GathererId>,
}

/// What the relay knows of one gatherer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct GathererView {
    /// Connected now.
    pub online: bool,
    /// Its last report, also after it left; `None` before the first.
    pub report: Option<Report>,
    /// When that report came, Unix ms.
    pub report_at_ms: i64,
    /// The gatherer's clock minus ours when it reported, ms (R-GAT-07 shows it above 2 s).
    pub clock_skew_ms: i64,
}

impl GathererView {
    /// The last report of one channel.
    pub fn channel(&self, id: ChannelId) -> Option<&ChannelReport> {
        self.report.as_ref()?.channels.iter().find(|c| c.channel_id == id)
    }
}

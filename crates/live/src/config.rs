//! What can be set.

use crate::on_demand::DemandTimes;
use crate::ring::RingLimits;
use std::time::Duration;

/// Settings of the live server. Every field has a default that fits one school.
#[derive(Debug, Clone)]
pub struct Config {
    /// Start deadline, linger and lease.
    pub times: DemandTimes,
    /// GOP cache and slow viewers.
    pub ring: RingLimits,
    /// RTMP: from connect to `publish` or `play`.
    pub handshake_timeout: Duration,
    /// RTMP: a publisher that sends nothing for so long is gone.
    pub publisher_idle: Duration,
    /// A viewer whose connection takes no byte for so long no longer counts and is ended.
    pub viewer_stuck: Duration,
    /// How long a token goes on working while its viewer's lease lives.
    pub pass_max: Duration,
    /// RTMP connections at once.
    pub rtmp_connections: usize,
    /// RTMP connections at once from one address; a school's NAT is one address.
    pub rtmp_connections_per_ip: usize,
    /// Streams known at once.
    pub streams: usize,
    /// Viewers of one stream at once, all kinds.
    pub viewers_per_stream: usize,
    /// The RTMP application name that publishers and players must use.
    pub rtmp_app: String,
    /// Target duration of an HLS segment; segments end at keyframes.
    pub hls_segment: Duration,
    /// HLS segments in the playlist.
    pub hls_window: usize,
    /// Origins, besides the request's own host, whose pages may open WS-FLV (`https://school.example`).
    pub ws_origins: Vec<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            times: DemandTimes::default(),
            ring: RingLimits::default(),
            handshake_timeout: Duration::from_secs(10),
            publisher_idle: Duration::from_secs(30),
            viewer_stuck: Duration::from_secs(30),
            pass_max: Duration::from_secs(12 * 3600),
            rtmp_connections: 2000,
            rtmp_connections_per_ip: 500,
            streams: 1024,
            viewers_per_stream: 10_000,
            rtmp_app: "live".into(),
            hls_segment: Duration::from_secs(2),
            hls_window: 6,
            ws_origins: Vec::new(),
        }
    }
}

//! What a gatherer and the site say over HTTP: enrolment, login, desired state, slices. See protocol.md §5.

use jiff::civil::Date;
use model::calendar::Span;
use model::channel::Channel;
use model::gatherer::{GathererSettings, Machine};
use model::slice::SliceFacts;
use model::{ChannelId, GathererId};
use serde::{Deserialize, Serialize};

/// The plan begins so many dates before today: the zone may be ahead of the gatherer's clock, and a lesson may run over
/// midnight.
pub const PLAN_DAYS_BACK: u16 = 1;
/// The plan reaches so many dates beyond today: what a gatherer records by itself when the server is gone.
pub const PLAN_DAYS_AHEAD: u16 = 21;
/// Largest desired state a gatherer reads, bytes: 256 channels of 8 lessons a day come to 7 MB.
pub const STATE_MAX_BYTES: usize = 16 << 20;

/// `POST /api/gather/enrol`: a new gatherer spends its join code.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolRequest {
    /// The code the admin made: 20 characters of Crockford base 32 (100 bits), hyphens and case ignored, one use, 15 min.
    pub join_code: String,
    /// Ed25519 public key, 32 bytes as base64url without padding. The private half never leaves the gatherer.
    pub public_key: String,
    /// What machine it is.
    pub machine: Machine,
}

/// The answer to an enrolment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EnrolReply {
    /// Its id from now on.
    pub gatherer_id: GathererId,
    /// The name it was given.
    pub name: String,
}

/// `GET /api/gather/challenge`: a nonce to sign.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// To be signed as it stands (its bytes in UTF-8); valid 60 s.
    pub challenge: String,
}

/// `POST /api/gather/login`: proves the key and says what machine it is now (R-GAT-08).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginRequest {
    /// Who.
    pub gatherer_id: GathererId,
    /// The challenge.
    pub challenge: String,
    /// Ed25519 signature over `yunlubo-login|<gatherer_id>|<challenge>`, base64url without padding.
    pub signature: String,
    /// What machine it is.
    pub machine: Machine,
}

/// The answer to a login.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginReply {
    /// For `Authorization: Bearer` on `/api/gather/*` and `/upload`, and for the relay's `hello`.
    pub grant: String,
    /// When it runs out, Unix ms by the site's clock (1 h after login); log in again before.
    pub expires_at_ms: i64,
    /// The site's wall clock, Unix ms.
    pub server_time_ms: i64,
}

/// `GET /api/gather/state`: everything the gatherer should be doing. It keeps the last one on disk and follows it
/// when the site is gone. Answered with [`state_tag`] as `ETag`; the same in `If-None-Match` gives 304.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DesiredState {
    /// Counts up with every change that matters to this gatherer.
    pub version: i64,
    /// Its settings.
    pub settings: GathererSettings,
    /// Its channels.
    pub channels: Vec<Channel>,
    /// What its channels record from [`PLAN_DAYS_BACK`] before to [`PLAN_DAYS_AHEAD`] after the site's today, ascending by
    /// channel and start; UTC, so that it needs neither server nor zone.
    pub lessons: Vec<Span>,
    /// The last local date that `lessons` covers.
    pub last_date: Date,
    /// IANA name of the school's zone, e.g. `Asia/Shanghai`; for names and logs.
    pub time_zone: String,
    /// 本站名称.
    pub site_name: String,
    /// Where the relay listens; empty host = the site's own host; port 0 = `/relay` on the site's own port.
    pub relay_host: String,
    /// See `relay_host`.
    pub relay_port: u16,
    /// Base URL of the storage; empty = the site's own address.
    pub storage_url: String,
}

/// `"<version>-<last date>"`, quotes included: another version or another local date makes the state new.
pub fn state_tag(version: i64, last_date: Date) -> String {
    format!("\"{version}-{:04}{:02}{:02}\"", last_date.year(), last_date.month(), last_date.day())
}

impl DesiredState {
    /// Its `ETag`.
    pub fn tag(&self) -> String {
        state_tag(self.version, self.last_date)
    }
}

/// `POST /api/gather/slices`: the file is in storage, here is what it is. Idempotent by `slice_id`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceNotice {
    /// What was recorded.
    pub facts: SliceFacts,
    /// Storage's receipt for the MP4; must match size and hash.
    pub receipt: String,
    /// Storage's receipt for the still; absent when no frame could be decoded.
    #[serde(default)]
    pub still_receipt: Option<String>,
}

/// The answer: the site holds it, local bytes may go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceAck {
    /// The slice.
    pub slice_id: String,
    /// Size the site holds, bytes.
    pub size_bytes: i64,
    /// Hash the site holds, hex.
    pub sha256: String,
}

/// `POST /api/gather/snapshots`: a new 通道截图 is in storage; the one before is deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotNotice {
    /// Which channel.
    pub channel_id: ChannelId,
    /// Storage's receipt for the JPEG.
    pub receipt: String,
    /// When the frame was received, Unix ms.
    pub taken_at_ms: i64,
}

/// Every refusal of `/api/gather/*`, with its HTTP status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteError {
    /// `bad_join_code` 403 · `join_code_expired` 403 · `join_code_used` 403 · `unauthorized` 401 ·
    /// `unknown_channel` 404 · `bad_receipt` 422 · `conflict` 409 · `bad_request` 400 · `internal` 500.
    pub code: String,
    /// Chinese sentence with the next step.
    pub message_zh: String,
    /// English sentence with the next step.
    pub message_en: String,
}

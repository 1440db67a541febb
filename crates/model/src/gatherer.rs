//! 采集端: the settings the site keeps for a gatherer (R §1.11).

use crate::fault::{Fault, check_name, check_range};
use crate::{GathererId, SchoolId};
use serde::{Deserialize, Serialize};

/// Longest 标题名称.
pub const NAME_MAX: u32 = 80;

/// What an admin sets for one gatherer. Changes reach a running gatherer at once (R-GAT-33).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GathererSettings {
    /// 标题名称, 1–80 characters.
    pub name: String,
    /// 所在学校.
    pub school_id: SchoolId,
    /// 录像码流 of an IPC's main stream, Kbit/s, 1–9999.
    pub main_rate_kbps: u32,
    /// 直播码流 of an IPC's sub stream, Kbit/s, 1–9999.
    pub sub_rate_kbps: u32,
    /// 录像切片, minutes, 0–30; 0 = one slice for the whole range.
    pub slice_min: u32,
    /// 切片交错, keyframes repeated at the start of the next slice, 0–3.
    pub overlap_keyframes: u32,
    /// 通道截图, minutes between snapshots, 1–10.
    pub snapshot_min: u32,
    /// 自动重连网络摄像机: retry a lost source with growing pauses. Off in the original, on here: see docs/recording.md.
    pub reconnect_source: bool,
    /// 自动重连存储服务器: retry a failed upload with growing pauses.
    pub reconnect_storage: bool,
}

impl GathererSettings {
    /// The defaults of a new gatherer (manual and database of the original).
    pub fn new(name: &str, school_id: SchoolId) -> Self {
        Self {
            name: name.to_owned(),
            school_id,
            main_rate_kbps: 1024,
            sub_rate_kbps: 512,
            slice_min: 0,
            overlap_keyframes: 0,
            snapshot_min: 2,
            reconnect_source: true,
            reconnect_storage: true,
        }
    }

    /// Every field that is out of its limits.
    pub fn check(&self) -> Vec<Fault> {
        [
            check_name("name", &self.name, NAME_MAX).err(),
            check_range("main_rate_kbps", self.main_rate_kbps.into(), 1, 9999).err(),
            check_range("sub_rate_kbps", self.sub_rate_kbps.into(), 1, 9999).err(),
            check_range("slice_min", self.slice_min.into(), 0, 30).err(),
            check_range("overlap_keyframes", self.overlap_keyframes.into(), 0, 3).err(),
            check_range("snapshot_min", self.snapshot_min.into(), 1, 10).err(),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}

/// What a gatherer says of its machine when it logs in (R-GAT-08). Labels only, never identity.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Machine {
    /// Host name.
    pub host_name: String,
    /// First non-loopback address, as the gatherer sees itself.
    pub ip: String,
    /// MAC address of that interface, `aa:bb:…`; may be empty.
    pub mac: String,
    /// Operating system and version.
    pub os: String,
    /// Version of the gatherer program.
    pub version: String,
}

/// One gatherer as the site knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gatherer {
    /// Its id.
    pub id: GathererId,
    /// What the admin set.
    pub settings: GathererSettings,
    /// What it last said of itself.
    pub machine: Machine,
    /// Its Ed25519 public key, 32 bytes as base64url: what it is known by.
    pub public_key: String,
    /// When it enrolled, Unix ms.
    pub enrolled_at_ms: i64,
    /// When it was last heard of, Unix ms.
    pub seen_at_ms: Option<i64>,
}

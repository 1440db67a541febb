//! `DIR/status.json`: what `yunlubo-gather status` shows, written every two seconds by the runner.

use crate::disk;
use crate::error::{GatherError, Result};
use crate::link::LinkStatus;
use model::{ChannelId, GathererId};
use relay_proto::{ChannelPhase, ChannelReport};
use serde::{Deserialize, Serialize};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// A status older than this is of a process that hangs or is gone.
const STALE_AFTER_MS: i64 = 10_000;

/// The file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StatusFile {
    /// When it was written, Unix ms.
    pub at_ms: i64,
    /// Process id of the runner.
    pub pid: u32,
    /// Version of the program.
    pub version: String,
    /// Base address of the site.
    pub site: String,
    /// Its id there.
    pub gatherer_id: GathererId,
    /// Its name there.
    pub name: String,
    /// Version of the desired state it runs; 0 before the first.
    pub state_version: i64,
    /// The link to the relay.
    pub link: LinkStatus,
    /// Why the desired state could not be fetched last, English; empty when all is well.
    pub site_error: String,
    /// Every channel, as reported to the relay.
    pub channels: Vec<ChannelStatusLine>,
    /// Files waiting for upload.
    pub upload_waiting: u32,
    /// Their bytes.
    pub upload_waiting_bytes: u64,
    /// Last upload error, English.
    pub upload_error: String,
    /// Slices that could not be finished; their bytes are in `lost+found` of the spool.
    pub damaged: u32,
    /// Spool directories.
    pub disks: Vec<DiskLine>,
}

/// One channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelStatusLine {
    /// As reported to the relay.
    #[serde(flatten)]
    pub report: ChannelReport,
    /// The slice being recorded; its lesson stands in the report.
    pub slice_id: Option<String>,
}

/// One spool directory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DiskLine {
    /// Where.
    pub dir: PathBuf,
    /// Free bytes there.
    pub free_bytes: u64,
}

impl StatusFile {
    /// Where it lies in a data directory.
    pub fn path(data: &Path) -> PathBuf {
        data.join("status.json")
    }

    /// Writes it in one step.
    pub fn save(&self, data: &Path) -> Result<()> {
        let text =
            serde_json::to_vec_pretty(self).unwrap_or_else(|_| unreachable!("plain structs are always JSON"));
        disk::write_whole(&Self::path(data), &text)
    }

    /// Reads it; `None` before the first run.
    pub fn load(data: &Path) -> Result<Option<Self>> {
        let path = Self::path(data);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(GatherError::Io { doing: "reading", path, source }),
        };
        serde_json::from_slice(&text).map(Some).map_err(|e| GatherError::Config { path, why: e.to_string() })
    }

    /// A table for people. `running`: a process holds the data directory.
    pub fn table(&self, running: bool, now_ms: i64) -> String {
        let mut out = String::new();
        // Writing to a String cannot fail.
        let _ = self.write_table(&mut out, running, now_ms);
        out
    }

    fn write_table(&self, out: &mut String, running: bool, now_ms: i64) -> std::fmt::Result {
        let state = match (running, now_ms - self.at_ms > STALE_AFTER_MS) {
            (true, false) => "运行中 running",
            (true, true) => "无响应 not responding",
            (false, _) => "未运行 not running",
        };
        writeln!(out, "采集端 gatherer   {} (#{})  {state}  v{}", self.name, self.gatherer_id, self.version)?;
        let link = match self.link.connected {
            true => format!("已连接 linked, 时钟差 clock skew {} ms", self.link.clock_skew_ms),
            false => format!("未连接 not linked: {}", self.link.error),
        };
        writeln!(out, "网站 site         {}", self.site)?;
        if !self.site_error.is_empty() {
            writeln!(out, "                  {}", self.site_error)?;
        }
        writeln!(out, "中转 relay        {}  {link}", self.link.url)?;
        writeln!(
            out,
            "上传 uploads      {} 个等待 waiting, {}  {}",
            self.upload_waiting,
            mib(self.upload_waiting_bytes),
            self.upload_error
        )?;
        for disk in &self.disks {
            writeln!(out, "磁盘 disk         {}  剩余 free {}", disk.dir.display(), mib(disk.free_bytes))?;
        }
        if self.damaged > 0 {
            writeln!(out, "损坏 damaged      {} (见 see spool/lost+found)", self.damaged)?;
        }
        writeln!(
            out,
            "\n通道 channel  状态 phase          录像 rec  推送 push  画面 picture             kbit/s"
        )?;
        for line in &self.channels {
            let report = &line.report;
            writeln!(
                out,
                "{:<13} {:<20} {:<9} {:<10} {:<24} {}",
                report.channel_id.stream(),
                phase(report.phase),
                report.lesson_key.as_deref().unwrap_or("-"),
                if report.pushing { "●" } else { "-" },
                format!("{} {}x{} {}", report.video_codec, report.width, report.height, report.audio_codec),
                report.receive_kbps,
            )?;
            if !report.detail.is_empty() {
                writeln!(out, "              {}", report.detail)?;
            }
        }
        Ok(())
    }
}

fn phase(phase: ChannelPhase) -> &'static str {
    match phase {
        ChannelPhase::Stopped => "已停止 stopped",
        ChannelPhase::Connecting => "连接中 connecting",
        ChannelPhase::Running => "运行中 running",
        ChannelPhase::Waiting => "等待重试 waiting",
        ChannelPhase::Failed => "失败 failed",
    }
}

fn mib(bytes: u64) -> String {
    format!("{:.1} MiB", bytes as f64 / f64::from(1 << 20))
}

/// A line from what is known of a channel.
pub fn line(
    report: ChannelReport,
    recordings: &std::collections::BTreeMap<ChannelId, crate::record::RecordingNow>,
) -> ChannelStatusLine {
    let slice_id = recordings.get(&report.channel_id).map(|now| now.slice_id.clone());
    ChannelStatusLine { slice_id, report }
}

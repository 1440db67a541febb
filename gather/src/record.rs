//! Recording: the recorder of a channel drives the pure [`slicer`] with the feed, the schedule and the clock, and its
//! actions go to the [`writer`].

pub mod align;
pub mod finish;
pub mod ledger;
pub mod schedule;
pub mod slicer;
mod still;
pub mod writer;

use crate::disk;
use crate::error::Result;
use crate::feed::{FeedItem, FeedReader};
use align::Aligner;
use base::{CancellationToken, Clock, Tasks};
use finish::Finisher;
use ledger::{Ledger, NewSlice};
use media::{Track, TrackKind};
use model::ChannelId;
use model::slice::SliceEnd;
use schedule::Schedule;
use slicer::{Action, Rules, SliceStart, Slicer};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tracing::warn;
use writer::{Failure, Op, OpenFile, Writer};

/// How often the slicer is told the time when nothing arrives (R-REC-01: the original looked each 500 ms).
const TICK: Duration = Duration::from_millis(250);
/// Head room beyond what the slicer asks for, s: a GOP may be long, and pre-roll and overlap come on top.
const LENGTH_SLACK_S: i64 = 120;

/// What all recorders share.
#[derive(Debug, Clone)]
pub struct Studio {
    /// The ledger.
    pub ledger: Ledger,
    /// Finishes closed slices.
    pub finisher: Finisher,
    /// Spool directories; the roomiest takes the next slice.
    pub spools: Arc<[PathBuf]>,
    /// The wall clock.
    pub clock: Clock,
}

/// What a recorder should be doing. Level-triggered: the newest counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// When, on this channel.
    pub schedule: Schedule,
    /// In which slices.
    pub rules: Rules,
    /// The channel is started (启动) at all.
    pub enabled: bool,
}

/// What is being recorded now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordingNow {
    /// The slice.
    pub slice_id: String,
    /// The lesson.
    pub lesson_key: String,
    /// Wall time of the slice's first frame, Unix ms.
    pub started_at_ms: i64,
}

/// The recorder of one channel.
#[derive(Debug)]
pub struct Recorder {
    plan: watch::Sender<Plan>,
    now: watch::Receiver<Option<RecordingNow>>,
    problem: watch::Receiver<String>,
    stop: watch::Sender<Option<SliceEnd>>,
    task: JoinHandle<()>,
}

impl Recorder {
    /// Starts recording `channel` from `reader` by `plan`.
    pub fn start(
        studio: &Studio,
        channel: ChannelId,
        reader: FeedReader,
        plan: Plan,
        tasks: &Tasks,
    ) -> Result<Self> {
        let writer =
            Writer::start(&format!("write-{channel}"), studio.ledger.clone(), studio.finisher.clone())?;
        let (plan, plan_rx) = watch::channel(plan);
        let (stop, stop_rx) = watch::channel(None);
        let (now_tx, now) = watch::channel(None);
        let (problem_tx, problem) = watch::channel(String::new());
        let first = plan_rx.borrow().clone();
        let task = Task {
            studio: studio.clone(),
            channel,
            aligner: Aligner::default(),
            slicer: Slicer::new(schedule_of(&first), first.rules),
            failed: writer.failed(),
            writer,
            plan: plan_rx,
            stop: stop_rx,
            now: now_tx,
            problem: problem_tx,
        };
        let token = tasks.token().clone();
        let task = tasks.spawn(format!("record {channel}"), task.run(reader, token));
        Ok(Self { plan, now, problem, stop, task })
    }

    /// A new schedule or new rules.
    pub fn set_plan(&self, plan: Plan) {
        self.plan.send_if_modified(|old| {
            let changed = *old != plan;
            *old = plan;
            changed
        });
    }

    /// What is being recorded; wakes on every change.
    pub fn now(&self) -> watch::Receiver<Option<RecordingNow>> {
        self.now.clone()
    }

    /// Why it could not write, English; empty when it can.
    pub fn problem(&self) -> String {
        self.problem.borrow().clone()
    }

    /// Closes what is open with `end` and waits until the writer has it.
    pub async fn stop(self, end: SliceEnd) {
        self.stop.send_replace(Some(end));
        // An error means that the task panicked or was aborted; `Tasks` has logged it.
        let _ = self.task.await;
    }
}

/// A stopped channel has nothing due.
fn schedule_of(plan: &Plan) -> Schedule {
    match plan.enabled {
        true => plan.schedule.clone(),
        false => Schedule::default(),
    }
}

struct Task {
    studio: Studio,
    channel: ChannelId,
    aligner: Aligner,
    slicer: Slicer,
    writer: Writer,
    failed: watch::Receiver<Failure>,
    problem: watch::Sender<String>,
    plan: watch::Receiver<Plan>,
    stop: watch::Receiver<Option<SliceEnd>>,
    now: watch::Sender<Option<RecordingNow>>,
}

impl Task {
    async fn run(mut self, mut reader: FeedReader, token: CancellationToken) {
        let mut tick = tokio::time::interval(TICK);
        let mut plans = true;
        let end = loop {
            // In this order: an order to stop or a new plan before media, media before the bell (see TICK_LAG_MS).
            tokio::select! {
                biased;
                changed = self.stop.changed() => {
                    break changed.ok().and_then(|()| *self.stop.borrow()).unwrap_or(SliceEnd::Shutdown);
                }
                () = token.cancelled() => break SliceEnd::Shutdown,
                changed = self.plan.changed(), if plans => match changed {
                    Ok(()) => self.replan(),
                    Err(_) => plans = false,
                },
                Ok(()) = self.failed.changed() => self.give_up(),
                item = reader.next() => {
                    if matches!(item, FeedItem::Closed) {
                        break SliceEnd::Cancelled;
                    }
                    self.take(item);
                }
                _ = tick.tick() => self.slicer.tick(self.studio.clock.now_ms()),
            }
            self.drain().await;
        };
        self.release_all();
        self.slicer.stop(end);
        self.drain().await;
        self.writer.end().await;
    }

    /// Hands on what waits for the other track: the stream ends or breaks here.
    fn release_all(&mut self) {
        while let Some((packet, received_at_ms)) = self.aligner.earliest() {
            self.slicer.packet(packet, received_at_ms);
        }
    }

    fn replan(&mut self) {
        let plan = self.plan.borrow_and_update().clone();
        self.slicer.set_rules(plan.rules);
        if !plan.enabled {
            self.release_all();
            self.slicer.stop(SliceEnd::Cancelled);
        }
        self.slicer.set_schedule(schedule_of(&plan));
        self.slicer.tick(self.studio.clock.now_ms());
    }

    fn take(&mut self, item: FeedItem) {
        match item {
            FeedItem::Tracks(tracks) => {
                self.release_all();
                self.aligner.expect(tracks.len() > 1);
                self.slicer.tracks(tracks);
            }
            FeedItem::Packet(fed) => {
                self.aligner.push(fed.packet.clone(), fed.received_at_ms);
                while let Some((packet, received_at_ms)) = self.aligner.poll() {
                    self.slicer.packet(packet, received_at_ms);
                }
            }
            FeedItem::Lost(_) => {
                self.release_all();
                self.slicer.lost();
            }
            FeedItem::Skipped { packets } => {
                let channel = self.channel;
                warn!(channel.id = %channel, packets, "The disk is too slow for channel {channel}: {packets} items missed");
                self.release_all();
                self.slicer.skipped();
            }
            FeedItem::Closed => {}
        }
    }

    /// The writer lost a slice: if it is the open one, pause and begin another.
    fn give_up(&mut self) {
        let failed = self.failed.borrow_and_update().clone();
        if self.now.borrow().as_ref().is_some_and(|now| now.slice_id == failed.slice_id) {
            self.problem.send_replace(failed.why);
            self.slicer.write_failed();
            self.now.send_replace(None);
        }
    }

    async fn drain(&mut self) {
        while let Some(action) = self.slicer.poll() {
            let op = match action {
                Action::Open(start) => self.open(*start),
                Action::Write(packet) => Op::Write(packet),
                Action::Retitle(subject, teacher) => Op::Retitle(subject, teacher),
                Action::Fragment => {
                    // It writes again; without one it would have failed by now.
                    self.problem.send_if_modified(|problem| !std::mem::take(problem).is_empty());
                    Op::Fragment
                }
                Action::Close(end) => {
                    self.now.send_replace(None);
                    Op::Close(end)
                }
            };
            self.writer.send(op).await;
        }
    }

    fn open(&self, start: SliceStart) -> Op {
        let SliceStart { span, tracks, started_at_ms, overlap_ms, room_ms } = start;
        let slice_id = ulid::Ulid::generate().to_string();
        self.now.send_replace(Some(RecordingNow {
            slice_id: slice_id.clone(),
            lesson_key: span.key.clone(),
            started_at_ms,
        }));
        let of = |kind| tracks.iter().find(|track| track.kind() == kind);
        let video = of(TrackKind::Video);
        let slice = NewSlice {
            slice_id,
            // There is at least one: `Config::spools` made it.
            dir: disk::roomiest(&self.studio.spools).cloned().unwrap_or_default(),
            channel_id: self.channel,
            lesson_key: span.key,
            lesson_at_ms: span.start_at_ms,
            range_id: span.range_id,
            subject_id: span.subject_id,
            teacher_id: span.teacher_id,
            started_at_ms,
            overlap_ms,
            video_codec: video.map(Track::codec_name).unwrap_or_default().to_owned(),
            audio_codec: of(TrackKind::Audio).map(Track::codec_name).unwrap_or_default().to_owned(),
            width: video.map_or(0, |track| track.width),
            height: video.map_or(0, |track| track.height),
        };
        let expected_s = (room_ms / 1000 + LENGTH_SLACK_S).clamp(0, i64::from(u32::MAX)) as u32;
        Op::Open(Box::new(OpenFile { slice, tracks, expected_s }))
    }
}

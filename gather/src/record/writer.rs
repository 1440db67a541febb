//! The thread that writes one channel's slices. The source never waits for it: packets queue up to a bound, and what is
//! beyond the bound waits in the channel's feed.

use crate::disk;
use crate::error::{GatherError, Result};
use crate::record::finish::Finisher;
use crate::record::ledger::{Ledger, NewSlice};
use media::format::mp4::{HybridWriter, WriteOp};
use media::{Packet, Track, TrackKind};
use model::slice::SliceEnd;
use model::{SubjectId, TeacherId};
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot, watch};
use tracing::{error, info};

/// Media that may wait for the disk, KiB: 16 MiB are half a minute at 4 Mbit/s. The feed holds twice as much.
const WAITING_MAX_KIB: u32 = 16 << 10;
/// No slice is begun with less room: its head alone may take 4 MiB, and the ledger needs some too.
const FREE_MIN_BYTES: u64 = 64 << 20;
/// A slice ends when so little room is left: without it neither the ledger nor the finished slice's row could be
/// written, and nothing would ever be uploaded and deleted again.
const FREE_LAST_BYTES: u64 = 24 << 20;
/// Operations that may wait.
const WAITING_MAX_OPS: usize = 4096;

/// What the thread is told.
#[derive(Debug)]
pub enum Op {
    /// Make a file.
    Open(Box<OpenFile>),
    /// Put a packet into it.
    Write(Packet),
    /// Make everything so far durable.
    Fragment,
    /// Its lesson has another subject or teacher now.
    Retitle(SubjectId, TeacherId),
    /// Finish the file.
    Close(SliceEnd),
}

/// A file to be made.
#[derive(Debug)]
pub struct OpenFile {
    /// Its row; the sequence is given by the ledger.
    pub slice: NewSlice,
    /// What goes into it.
    pub tracks: Arc<[Track]>,
    /// Seconds it will hold at most, for the reserved head.
    pub expected_s: u32,
}

/// A slice that could not be written any further. What was durable is recovered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Failure {
    /// Which slice.
    pub slice_id: String,
    /// Why, English.
    pub why: String,
}

/// The asking side. Dropping it ends the thread after what is queued; an open slice is then closed as `shutdown`.
#[derive(Debug)]
pub struct Writer {
    ops: mpsc::Sender<(Op, Option<OwnedSemaphorePermit>)>,
    room: Arc<Semaphore>,
    failed: watch::Receiver<Failure>,
    ended: oneshot::Receiver<()>,
}

impl Writer {
    /// Starts the thread. Must be called inside a runtime.
    pub fn start(name: &str, ledger: Ledger, finisher: Finisher) -> Result<Self> {
        let (ops, queue) = mpsc::channel(WAITING_MAX_OPS);
        let (failures, failed) = watch::channel(Failure::default());
        let (ends, ended) = oneshot::channel();
        let shell = Shell { ledger, finisher, runtime: Handle::current(), failures, current: None };
        std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                shell.run(queue);
                // Nobody may be waiting.
                let _ = ends.send(());
            })
            .map_err(|e| GatherError::System { doing: "starting a writer thread", why: e.to_string() })?;
        Ok(Self { ops, room: Arc::new(Semaphore::new(WAITING_MAX_KIB as usize)), failed, ended })
    }

    /// Queues an operation; waits while too much is queued.
    pub async fn send(&self, op: Op) {
        let permit = match &op {
            Op::Write(packet) => {
                let kib = (packet.data.len() as u32).div_ceil(1024).clamp(1, WAITING_MAX_KIB);
                // The semaphore is never closed.
                self.room.clone().acquire_many_owned(kib).await.ok()
            }
            _ => None,
        };
        // An error means that the thread is gone, which it has logged.
        let _ = self.ops.send((op, permit)).await;
    }

    /// Ends the thread after what is queued and waits for it: the finisher then has everything.
    pub async fn end(self) {
        drop(self.ops);
        // An error means that the thread panicked.
        let _ = self.ended.await;
    }

    /// The last slice that the thread had to give up; empty before the first.
    pub fn failed(&self) -> watch::Receiver<Failure> {
        self.failed.clone()
    }
}

struct Shell {
    ledger: Ledger,
    finisher: Finisher,
    runtime: Handle,
    failures: watch::Sender<Failure>,
    current: Option<Recording>,
}

/// An open slice on its way from the writer to the finisher.
#[derive(Debug)]
pub(crate) struct Recording {
    pub slice_id: String,
    pub path: PathBuf,
    pub file: File,
    pub media: HybridWriter,
    kinds: Vec<TrackKind>,
}

impl Shell {
    fn run(mut self, mut queue: mpsc::Receiver<(Op, Option<OwnedSemaphorePermit>)>) {
        let runtime = self.runtime.clone();
        // The finisher starts tasks.
        let _entered = runtime.enter();
        while let Some((op, _permit)) = queue.blocking_recv() {
            let slice_id = match &op {
                Op::Open(open) => Some(open.slice.slice_id.clone()),
                _ => self.current.as_ref().map(|current| current.slice_id.clone()),
            };
            // A panic costs this slice, not the channel: without this nobody would notice that the thread is gone.
            let applied = catch_unwind(AssertUnwindSafe(|| self.apply(op))).unwrap_or_else(|_| {
                Err(GatherError::System {
                    doing: "writing a slice",
                    why: "it panicked, see the line above".into(),
                })
            });
            let (Err(error), Some(slice_id)) = (applied, slice_id) else { continue };
            error!(slice.id = slice_id, %error, "Slice {slice_id} could not be written: {error}");
            self.current = None;
            self.finisher.recover(&slice_id, SliceEnd::Disk);
            self.failures.send_replace(Failure { slice_id, why: error.to_string() });
        }
        if let Some(current) = self.current.take() {
            self.finisher.finish(current, SliceEnd::Shutdown);
        }
    }

    fn apply(&mut self, op: Op) -> Result<()> {
        match op {
            Op::Open(open) => {
                if let Some(before) = self.current.take() {
                    self.finisher.finish(before, SliceEnd::Cancelled);
                }
                self.current = Some(self.open(*open)?);
            }
            Op::Write(packet) => {
                if let Some(current) = &mut self.current {
                    current.write(&packet)?;
                }
            }
            Op::Fragment => {
                if let Some(current) = &mut self.current
                    && let Some(bytes) = current.flush()?
                {
                    self.runtime.block_on(self.ledger.durable(&current.slice_id, bytes))?;
                    current.check_room()?;
                }
            }
            Op::Retitle(subject, teacher) => {
                if let Some(current) = &self.current {
                    self.runtime.block_on(self.ledger.retitled(&current.slice_id, subject, teacher))?;
                }
            }
            Op::Close(end) => {
                if let Some(current) = self.current.take() {
                    self.finisher.finish(current, end);
                }
            }
        }
        Ok(())
    }

    /// The row first, then the file: a file that no row knows is nobody's.
    fn open(&self, open: OpenFile) -> Result<Recording> {
        let slice_id = open.slice.slice_id.clone();
        let free_bytes = disk::free_bytes(&open.slice.dir);
        if open.slice.dir.exists() && free_bytes < FREE_MIN_BYTES {
            let why = format!("the disk of {} is full ({free_bytes} bytes free)", open.slice.dir.display());
            return Err(GatherError::Slice { slice_id, why });
        }
        let sequence = self.runtime.block_on(self.ledger.begin(&open.slice))?;
        let path = open.slice.dir.join(format!("{slice_id}.mp4"));
        let media = HybridWriter::new(&open.tracks, open.expected_s).map_err(|source| {
            GatherError::Media { slice_id: slice_id.clone(), doing: "preparing", source }
        })?;
        let make = || -> io::Result<File> {
            let file = File::options().read(true).write(true).create_new(true).open(&path)?;
            apply_ops(&file, &media.start())?;
            file.sync_data()?;
            disk::sync_parent(&path)?;
            Ok(file)
        };
        let file = make().map_err(|source| {
            // Nothing is in it yet, and on a full disk it would be in the way.
            let _ = std::fs::remove_file(&path);
            GatherError::Io { doing: "making", path: path.clone(), source }
        })?;
        let (channel, lesson) = (open.slice.channel_id, &open.slice.lesson_key);
        info!(channel.id = %channel, slice.id = slice_id, "Recording slice {sequence} of lesson {lesson}");
        Ok(Recording { slice_id, path, file, media, kinds: open.tracks.iter().map(Track::kind).collect() })
    }
}

impl Recording {
    fn write(&mut self, packet: &Packet) -> Result<()> {
        if !self.kinds.contains(&packet.kind) {
            return Ok(());
        }
        let slice_id = || self.slice_id.clone();
        let failed = |source| GatherError::Media { slice_id: slice_id(), doing: "taking a packet", source };
        self.media.push(packet).map_err(failed)
    }

    /// Refuses to go on when the disk is nearly full. Everything written so far is durable.
    fn check_room(&self) -> Result<()> {
        let free_bytes = disk::free_bytes(&self.path);
        if free_bytes >= FREE_LAST_BYTES {
            return Ok(());
        }
        let why = format!("the disk of {} is full ({free_bytes} bytes free)", self.path.display());
        Err(GatherError::Slice { slice_id: self.slice_id.clone(), why })
    }

    /// Writes the pending fragment and waits for the disk; the bytes that are then safe.
    fn flush(&mut self) -> Result<Option<u64>> {
        let slice_id = self.slice_id.clone();
        let failed = |source| GatherError::Media { slice_id, doing: "making a fragment", source };
        let Some(ops) = self.media.flush_fragment().map_err(failed)? else { return Ok(None) };
        apply_ops(&self.file, &ops)
            .and_then(|()| self.file.sync_data())
            .map_err(GatherError::io("writing", &self.path))?;
        Ok(Some(self.media.size_bytes()))
    }
}

/// Writes in the order given.
pub(crate) fn apply_ops(file: &File, ops: &[WriteOp]) -> io::Result<()> {
    ops.iter().try_for_each(|op| file.write_all_at(&op.bytes, op.offset))
}

/// Writes the operations of a finished file: the last one is the switch and needs the disk before and after it.
pub(crate) fn apply_final(file: &File, path: &Path, ops: &[WriteOp]) -> Result<()> {
    let Some((switch, before)) = ops.split_last() else { return Ok(()) };
    let write = || -> io::Result<()> {
        apply_ops(file, before)?;
        file.sync_data()?;
        apply_ops(file, std::slice::from_ref(switch))?;
        file.sync_data()
    };
    write().map_err(GatherError::io("finishing", path))
}

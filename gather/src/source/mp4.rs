//! 文件模式: an MP4 file in a loop, in real time, with times that go on from round to round (R-GAT-32).

use super::SourceEnd;
use crate::address::AddressRules;
use crate::channel::Intake;
use media::format::mp4::{Mp4Reader, Sample};
use media::{MediaTime, Packet, TrackKind};
use relay_proto::ChannelCause;
use std::fs::File;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Packets read at once: about half a second, so that the disk is asked twice a second and not for each packet.
const BATCH: usize = 32;
/// Bytes of a batch beyond which it ends early.
const BATCH_BYTES: u64 = 8 << 20;
/// A schedule missed by more is given up (the machine slept): time goes on from here.
const LATE: Duration = Duration::from_secs(2);
/// A file shorter than this would loop so fast that it is no source.
const SHORTEST_MS: i64 = 200;

type Reader = Mp4Reader<File>;

pub(super) async fn run(path: &str, rules: &AddressRules, intake: &mut Intake) -> SourceEnd {
    let (path, rules) = (path.to_owned(), rules.clone());
    let reader = match blocking(move || open(&path, &rules)).await {
        Ok(reader) => Arc::new(reader),
        Err(end) => return end,
    };
    if !reader.unsupported().is_empty() {
        intake.note(format!("left out of the file: {}", reader.unsupported().join(", ")));
    }
    intake.tracks(reader.tracks().to_vec(), "AAC");
    let mut line = match Loop::new(reader.samples(), reader.duration()) {
        Some(line) => line,
        None => {
            return SourceEnd::new(ChannelCause::NotMp4, "the file has no keyframe or is shorter than 0.2 s");
        }
    };
    let mut zero = Instant::now();
    loop {
        let batch = line.next_batch(reader.samples());
        let (file, range) = (reader.clone(), batch.clone());
        let packets = match blocking(move || read(&file, &range)).await {
            Ok(packets) => packets,
            Err(end) => return end,
        };
        for (packet, due) in packets.into_iter().zip(batch.iter().map(|slot| slot.due)) {
            let now = Instant::now();
            let late = now.saturating_duration_since(zero + due);
            if late > LATE {
                zero += late;
            }
            tokio::time::sleep_until(zero + due).await;
            intake.packet(packet);
        }
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, SourceEnd> + Send + 'static,
) -> Result<T, SourceEnd> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(SourceEnd::new(ChannelCause::NotMp4, format!("reading the file failed: {error}")))
    })
}

fn open(path: &str, rules: &AddressRules) -> Result<Reader, SourceEnd> {
    let real = rules.file(path)?;
    let file = File::open(&real)
        .map_err(|error| SourceEnd::new(ChannelCause::FileMissing, format!("opening {path}: {error}")))?;
    Mp4Reader::open(file).map_err(|error| ended(path, &error))
}

fn ended(path: &str, error: &media::Error) -> SourceEnd {
    let cause = match error {
        media::Error::UnsupportedCodec(_) => ChannelCause::UnsupportedCodec,
        media::Error::Io(_) => ChannelCause::FileMissing,
        _ => ChannelCause::NotMp4,
    };
    SourceEnd::new(cause, format!("{path}: {error}"))
}

fn read(reader: &Reader, batch: &[Slot]) -> Result<Vec<Packet>, SourceEnd> {
    let read = |slot: &Slot| {
        let packet = reader.read(&slot.sample).map_err(|error| ended("reading the file", &error))?;
        Ok(Packet { dts: slot.dts, ..packet })
    };
    batch.iter().map(read).collect()
}

/// One sample of one round.
#[derive(Debug, Clone)]
struct Slot {
    sample: Sample,
    /// Its time over all rounds.
    dts: MediaTime,
    /// When it is due, from the first sample of the first round on.
    due: Duration,
}

/// Where the loop stands. Pure.
#[derive(Debug)]
struct Loop {
    /// The sample a round begins with: the first keyframe.
    first: usize,
    /// Time from the start of a round to the start of the next.
    length: MediaTime,
    /// The time of the first sample of round 0.
    origin: MediaTime,
    round: i64,
    at: usize,
}

impl Loop {
    fn new(samples: &[Sample], duration: MediaTime) -> Option<Self> {
        let first = samples.iter().position(|s| s.kind == TrackKind::Video && s.key)?;
        let origin = samples[first].dts;
        (duration.as_ms() >= SHORTEST_MS).then_some(Self {
            first,
            length: duration,
            origin,
            round: 0,
            at: first,
        })
    }

    fn next_batch(&mut self, samples: &[Sample]) -> Vec<Slot> {
        let (mut batch, mut bytes) = (Vec::with_capacity(BATCH), 0);
        while batch.len() < BATCH && (batch.is_empty() || bytes < BATCH_BYTES) {
            if self.at >= samples.len() {
                (self.at, self.round) = (self.first, self.round + 1);
            }
            let sample = samples[self.at];
            self.at += 1;
            // Multiplied, not added up: rounding to another timescale never accumulates.
            let passed = MediaTime::new(self.length.ticks * self.round, self.length.timescale);
            let dts = sample.dts + passed;
            let due_ms = (dts - self.origin.rescale(dts.timescale)).as_ms().max(0);
            bytes += u64::from(sample.size_bytes);
            batch.push(Slot { sample, dts, due: Duration::from_millis(due_ms as u64) });
        }
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> (Vec<Sample>, MediaTime) {
        let sample = |kind, ticks, timescale, duration, key| Sample {
            kind,
            dts: MediaTime::new(ticks, timescale),
            duration,
            composition_offset: 0,
            key,
            offset: 0,
            size_bytes: 10,
        };
        let mut all: Vec<Sample> =
            (0..50).map(|i| sample(TrackKind::Video, i * 512, 12_800, 512, i % 25 == 0)).collect();
        all.extend((0..87).map(|i| sample(TrackKind::Audio, i * 1024, 44_100, 1024, true)));
        all.sort_by_key(|sample| sample.dts);
        (all, MediaTime::new(87 * 1024, 44_100))
    }

    #[test]
    fn times_rise_over_many_rounds_by_exactly_their_length() {
        let (samples, length) = samples();
        let mut line = Loop::new(&samples, length).unwrap();
        let slots: Vec<Slot> =
            std::iter::from_fn(|| Some(line.next_batch(&samples))).take(400).flatten().collect();
        for kind in [TrackKind::Video, TrackKind::Audio] {
            let times: Vec<i64> =
                slots.iter().filter(|s| s.sample.kind == kind).map(|s| s.dts.ticks).collect();
            assert!(times.windows(2).all(|pair| pair[1] > pair[0]), "{kind:?}");
        }
        let keys: Vec<i64> = slots
            .iter()
            .filter(|s| s.sample.key && s.sample.kind == TrackKind::Video)
            .map(|s| s.due.as_millis() as i64)
            .collect();
        let round_us = 87 * 1024 * 1_000_000 / 44_100;
        for (round, pair) in keys.chunks_exact(2).enumerate() {
            let due_us = round as i64 * round_us;
            assert!(
                (pair[0] * 1000 - due_us).abs() <= 1000 && (pair[1] - pair[0] - 1000).abs() <= 1,
                "{round}"
            );
        }
    }
}

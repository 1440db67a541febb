//! Times of a source → times of the feed: strictly rising per track, one line through jumps and reconnects (R8).

use media::{MediaTime, Packet, TrackKind};
use std::time::Instant;

/// A step of media time that differs from the clock by more is no step of this timeline (MediaMTX PR #6255).
const JUMP_US: i64 = 5_000_000;
/// A step back by more is a clock that was set, not jitter.
const BACK_US: i64 = 500_000;
/// So many packets in a row beyond a jump are a new timeline; fewer are strays.
const PERSISTENT: u32 = 3;
/// Where a feed's time begins: above 0, so that a track that starts a little earlier than the first is not negative.
const ORIGIN_US: i64 = 10_000_000;
/// The step assumed before one was seen.
const USUAL_STEP_US: i64 = 40_000;

const US: u32 = 1_000_000;

#[derive(Debug, Clone, Copy, Default)]
struct Line {
    /// feed time − source time.
    shift_us: i64,
    last: Option<Last>,
    strays: u32,
}

#[derive(Debug, Clone, Copy)]
struct Last {
    dts: MediaTime,
    instant: Instant,
    step_us: i64,
    /// Of the timeline before the last restart: bounds the next packet from below, says nothing of steps.
    is_old: bool,
}

/// Pure: takes packets and the instants they came at.
#[derive(Debug, Clone, Default)]
pub(super) struct Timeline {
    /// The newest shift of any line: tracks of one source keep one shift, so that they stay in step.
    shift_us: i64,
    lines: [Line; 2],
    started: bool,
}

fn us(time: MediaTime) -> i64 {
    time.rescale(US).ticks
}

impl Timeline {
    /// The next packet begins at the source's zero, whatever that is; feed time goes on by the monotonic clock.
    pub fn restart(&mut self) {
        self.started = false;
        for last in self.lines.iter_mut().filter_map(|line| line.last.as_mut()) {
            last.is_old = true;
        }
    }

    /// The packet with feed times.
    pub fn place(&mut self, mut packet: Packet, now: Instant) -> Packet {
        let raw_us = us(packet.dts);
        if !self.started {
            self.started = true;
            let newest = self.lines.iter().filter_map(|line| line.last).max_by_key(|last| us(last.dts));
            let target_us = newest.map_or(ORIGIN_US, |last| {
                let gone_us = now.saturating_duration_since(last.instant).as_micros() as i64;
                us(last.dts) + gone_us.max(last.step_us)
            });
            self.shift_us = target_us.saturating_sub(raw_us);
            self.lines.iter_mut().for_each(|line| (line.shift_us, line.strays) = (self.shift_us, 0));
        }
        let index = usize::from(packet.kind == TrackKind::Audio);
        // A track without packets of its own yet is measured against the other one.
        let own = self.lines[index].last.filter(|last| !last.is_old);
        let reference = own.or(self.lines[1 - index].last.filter(|last| !last.is_old));
        let stray = reference.is_some_and(|last| !self.fits(index, raw_us, last, now));
        let restamped = if stray { self.stray(index, raw_us, reference) } else { None };
        if !stray {
            self.lines[index].strays = 0;
        }
        self.write(&mut packet, index, restamped, now);
        packet
    }

    /// Whether the packet is where it should be, by its line's shift or by the other track's newer one (then adopted).
    fn fits(&mut self, index: usize, raw_us: i64, last: Last, now: Instant) -> bool {
        let gone_us = now.saturating_duration_since(last.instant).as_micros() as i64;
        let is_near = |shift_us: i64| {
            let step_us = raw_us.saturating_add(shift_us).saturating_sub(us(last.dts));
            step_us >= -BACK_US && (step_us <= JUMP_US || step_us.saturating_sub(gone_us) <= JUMP_US)
        };
        if is_near(self.lines[index].shift_us) {
            return true;
        }
        let adopts = self.shift_us != self.lines[index].shift_us && is_near(self.shift_us);
        if adopts {
            self.lines[index].shift_us = self.shift_us;
        }
        adopts
    }

    /// A packet far off: re-stamped behind the last one; the third in a row moves the line.
    fn stray(&mut self, index: usize, raw_us: i64, reference: Option<Last>) -> Option<i64> {
        let last = reference?;
        let next_us = us(last.dts) + last.step_us;
        let line = &mut self.lines[index];
        line.strays += 1;
        if line.strays < PERSISTENT && line.last.is_some_and(|own| !own.is_old) {
            return Some(next_us);
        }
        line.strays = 0;
        line.shift_us = next_us.saturating_sub(raw_us);
        self.shift_us = line.shift_us;
        None
    }

    fn write(&mut self, packet: &mut Packet, index: usize, restamped_us: Option<i64>, now: Instant) {
        let line = &mut self.lines[index];
        let scale = packet.dts.timescale;
        let at = |time_us| MediaTime::new(time_us, US).rescale(scale).ticks;
        let wanted = match restamped_us {
            Some(time_us) => at(time_us),
            None => packet.dts.ticks.saturating_add(at(line.shift_us)),
        };
        let floor = line.last.map_or(i64::MIN, |last| last.dts.rescale(scale).ticks + 1);
        let ticks = wanted.max(floor);
        if packet.kind == TrackKind::Video {
            // The picture is still shown at its time.
            let offset = i64::from(packet.composition_offset) - (ticks - wanted);
            packet.composition_offset = offset.clamp(i32::MIN.into(), i32::MAX.into()) as i32;
        }
        packet.dts = MediaTime::new(ticks, scale);
        let step_us = match line.last {
            Some(last) if !last.is_old => (us(packet.dts) - us(last.dts)).clamp(1000, 1_000_000),
            _ => USUAL_STEP_US,
        };
        line.last = Some(Last { dts: packet.dts, instant: now, step_us, is_old: false });
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::video;
    use super::*;
    use std::time::Duration;

    /// Feed times in ms, less the origin, of `(source ms, clock ms)`.
    fn run(timeline: &mut Timeline, zero: Instant, times: &[(i64, u64)]) -> Vec<i64> {
        let place = |&(ms, clock_ms): &(i64, u64)| {
            let packet = timeline.place(video(ms, true), zero + Duration::from_millis(clock_ms));
            packet.dts.as_ms() - ORIGIN_US / 1000
        };
        times.iter().map(place).collect()
    }

    #[track_caller]
    fn check(times: &[(i64, u64)], expect: &[i64]) {
        assert_eq!(run(&mut Timeline::default(), Instant::now(), times), expect);
    }

    #[test]
    fn time_begins_at_the_first_packet_and_small_steps_back_are_repaired() {
        check(&[(9_000, 0), (9_040, 40), (9_040, 80), (9_030, 90), (9_120, 120)], &[0, 40, 41, 42, 120]);
    }

    #[test]
    fn one_stray_is_restamped_and_three_are_a_new_line() {
        check(&[(0, 0), (40, 40), (90_000, 80), (120, 120)], &[0, 40, 80, 120]);
        check(
            &[(0, 0), (40, 40), (9_000, 80), (9_040, 120), (9_080, 160), (9_120, 200)],
            &[0, 40, 80, 120, 160, 200],
        );
        check(
            &[(9_000, 0), (9_040, 40), (0, 80), (40, 120), (80, 160), (120, 200)],
            &[0, 40, 80, 120, 160, 200],
        );
    }

    #[test]
    fn a_pause_that_the_clock_confirms_is_no_jump() {
        check(&[(0, 0), (40, 40), (60_040, 60_040)], &[0, 40, 60_040]);
    }

    #[test]
    fn a_new_connection_goes_on_by_the_clock() {
        let (mut timeline, zero) = (Timeline::default(), Instant::now());
        assert_eq!(run(&mut timeline, zero, &[(500, 0), (540, 40)]), [0, 40]);
        timeline.restart();
        assert_eq!(run(&mut timeline, zero, &[(7, 8_040), (47, 8_080)]), [8_040, 8_080]);
    }

    #[test]
    fn both_tracks_move_together() {
        let (mut timeline, zero) = (Timeline::default(), Instant::now());
        let mut place = |ms: i64, audio: bool, clock_ms: u64| {
            let mut packet = video(ms, true);
            if audio {
                packet.kind = TrackKind::Audio;
                packet.dts = packet.dts.rescale(8000);
            }
            timeline.place(packet, zero + Duration::from_millis(clock_ms)).dts.as_ms() - 10_000
        };
        assert_eq!([place(0, false, 0), place(20, true, 20)], [0, 20]);
        for i in 1..=4 {
            place(100_000 + i * 40, false, i as u64 * 40);
        }
        // Video source time 100 040 became 40; audio follows by the same shift.
        let video_shift = place(100_200, false, 200) - 100_200;
        assert_eq!(place(100_220, true, 220) - 100_220, video_shift);
    }

    #[test]
    fn random_times_always_rise() {
        let (mut timeline, zero) = (Timeline::default(), Instant::now());
        let (mut seed, mut clock_ms, mut last) = (7u64, 0, [i64::MIN; 2]);
        for i in 0..200_000 {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            let ms = match seed >> 60 {
                0 => (seed >> 20) as i64 >> 8,
                1 => -((seed >> 30) as i64),
                _ => i * 20 + (seed >> 58) as i64,
            };
            clock_ms += seed >> 59;
            let mut packet = video(ms, true);
            packet.kind = if seed >> 40 & 1 == 0 { TrackKind::Video } else { TrackKind::Audio };
            if seed >> 41 & 0x3ff == 0 {
                timeline.restart();
            }
            let index = usize::from(packet.kind == TrackKind::Audio);
            let dts = timeline.place(packet, zero + Duration::from_millis(clock_ms)).dts.ticks;
            assert!(dts > last[index]);
            last[index] = dts;
        }
    }
}

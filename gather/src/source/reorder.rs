//! Decoding times for pictures that carry presentation times only.
//!
//! RTP says when a picture is shown (RFC 6184 §5.1). With B-frames pictures are sent in another order; the decoding
//! time is then the presentation time of the picture that stands at this place once all are sorted, `depth` earlier.

/// Deepest reordering believed: H.264 pyramids of three B-frames need 2.
const MAX_DEPTH: usize = 4;
/// A step that no reordering makes: the clock jumped, the past says nothing.
const JUMP_90K: i64 = 2 * 90_000;

/// Learns the depth from what comes; without B-frames every dts is its pts.
#[derive(Debug, Clone, Default)]
pub(super) struct Reorder {
    /// Presentation times not yet used as a decoding time, sorted.
    waiting: Vec<i64>,
    /// The last presentation times, in the order they came.
    recent: Vec<i64>,
    depth: usize,
}

impl Reorder {
    /// The decoding time of the picture shown at `pts_90k`, the next in decoding order. Not above `pts_90k` once the
    /// depth is learnt; the feed sees to it that times rise while it is not.
    pub fn dts_90k(&mut self, pts_90k: i64) -> i64 {
        if self.recent.last().is_some_and(|last| pts_90k.abs_diff(*last) > JUMP_90K as u64) {
            self.waiting.clear();
            self.recent.clear();
        }
        let behind = self.recent.iter().filter(|&&earlier| earlier > pts_90k).count();
        self.depth = self.depth.max(behind.min(MAX_DEPTH));
        self.recent.push(pts_90k);
        if self.recent.len() > 2 * MAX_DEPTH {
            self.recent.remove(0);
        }
        let at = self.waiting.partition_point(|&waiting| waiting < pts_90k);
        self.waiting.insert(at, pts_90k);
        if self.waiting.len() > self.depth { self.waiting.remove(0) } else { self.waiting[0] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(pts: &[i64]) -> Vec<i64> {
        let mut reorder = Reorder::default();
        pts.iter().map(|&pts| reorder.dts_90k(pts)).collect()
    }

    #[test]
    fn without_b_frames_nothing_changes() {
        assert_eq!(run(&[0, 3600, 7200, 7200 + 90_000 * 60]), [0, 3600, 7200, 7200 + 90_000 * 60]);
    }

    #[test]
    fn b_frames_get_rising_times_at_or_before_their_picture() {
        // I P B B P B B …: pts 0 3 1 2 6 4 5 9 7 8, one B deep.
        let mut pts = vec![0];
        (0..20).for_each(|i| pts.extend([i * 3 + 3, i * 3 + 1, i * 3 + 2]));
        let dts = run(&pts);
        let learnt = 6..;
        assert!(dts[learnt.clone()].windows(2).all(|pair| pair[1] > pair[0]), "{dts:?}");
        assert!(dts[learnt.clone()].iter().zip(&pts[learnt]).all(|(dts, pts)| dts <= pts));
    }
}

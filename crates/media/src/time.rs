//! Media time: one type that carries its timescale.

/// A moment or a span of media time: `ticks` of 1/`timescale` second. Never wall or monotonic time.
#[derive(Debug, Clone, Copy)]
pub struct MediaTime {
    /// Count of ticks; may be negative after an edit or an offset.
    pub ticks: i64,
    /// Ticks per second, 1..=u32::MAX (90 000 for video from RTP, 1000 for RTMP, the sample rate for audio).
    pub timescale: u32,
}

impl MediaTime {
    /// `ticks` of 1/`timescale` s. A timescale of 0 (seen in hostile files) is read as 1.
    pub const fn new(ticks: i64, timescale: u32) -> Self {
        Self { ticks, timescale: if timescale == 0 { 1 } else { timescale } }
    }

    /// From milliseconds, the unit of RTMP and FLV.
    pub const fn from_ms(ms: i64) -> Self {
        Self::new(ms, 1000)
    }

    /// The same moment in another timescale, rounded to the nearest tick.
    pub fn rescale(self, timescale: u32) -> Self {
        let timescale = timescale.max(1);
        if timescale == self.timescale {
            return self;
        }
        let product = i128::from(self.ticks) * i128::from(timescale);
        let half = i128::from(self.timescale / 2);
        let rounded = if product >= 0 { product + half } else { product - half };
        Self::new((rounded / i128::from(self.timescale)) as i64, timescale)
    }

    /// In milliseconds, rounded.
    pub fn as_ms(self) -> i64 {
        self.rescale(1000).ticks
    }

    /// In seconds, for display and for playlists.
    pub fn as_secs(self) -> f64 {
        self.ticks as f64 / f64::from(self.timescale)
    }
}

impl PartialEq for MediaTime {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for MediaTime {}
impl PartialOrd for MediaTime {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for MediaTime {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (i128::from(self.ticks) * i128::from(other.timescale))
            .cmp(&(i128::from(other.ticks) * i128::from(self.timescale)))
    }
}

impl std::ops::Add for MediaTime {
    type Output = Self;
    /// In the timescale of the left side.
    fn add(self, other: Self) -> Self {
        Self::new(self.ticks + other.rescale(self.timescale).ticks, self.timescale)
    }
}

impl std::ops::Sub for MediaTime {
    type Output = Self;
    /// In the timescale of the left side.
    fn sub(self, other: Self) -> Self {
        Self::new(self.ticks - other.rescale(self.timescale).ticks, self.timescale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rescales_to_the_nearest_tick() {
        assert_eq!(MediaTime::new(3003, 90_000).rescale(1000).ticks, 33);
        assert_eq!(MediaTime::new(-3003, 90_000).rescale(1000).ticks, -33);
        assert_eq!(MediaTime::from_ms(40).rescale(90_000).ticks, 3600);
    }

    #[test]
    fn compares_across_timescales() {
        assert_eq!(MediaTime::from_ms(500), MediaTime::new(45_000, 90_000));
        assert!(MediaTime::from_ms(501) > MediaTime::new(45_000, 90_000));
    }
}

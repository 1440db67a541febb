//! Every limit of storage, with its reason.

use std::time::Duration;

/// Limits; [`Limits::default`] is what an installation uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Largest slice: 4 GiB, a day at 350 kbit/s or 3 h at 3 Mbit/s.
    pub slice_max_bytes: u64,
    /// Largest still or snapshot: 2 MiB, a 4K JPEG.
    pub image_max_bytes: u64,
    /// Largest body of one PATCH or POST. What a broken connection may cost again at most.
    pub chunk_max_bytes: u64,
    /// Percent of the volume that no new upload may take, 0–90: databases and logs live on the same disk, and file
    /// systems slow down when full.
    pub reserve_percent: u8,
    /// A body that gives no byte for so long is cut; what came before is kept.
    pub body_idle: Duration,
    /// A PATCH that has had no byte for so long loses its place to a newer one of the same upload.
    pub hand_over_after: Duration,
    /// How long a newer PATCH waits for a busy one to end before it is told 423: a client that comes back at once after
    /// a broken connection is faster than the server notices the break.
    pub locked_after: Duration,
    /// How long a newer PATCH waits for the place of one that is being cut, and HEAD for a verification that runs.
    pub hand_over_wait: Duration,
    /// An upload that was not finished within this time is removed; a finished one answers with its receipt so long.
    pub keep: Duration,
    /// Between two rounds of the janitor.
    pub janitor_every: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            slice_max_bytes: 4 << 30,
            image_max_bytes: 2 << 20,
            chunk_max_bytes: 64 << 20,
            reserve_percent: 10,
            body_idle: Duration::from_secs(30),
            hand_over_after: Duration::from_secs(3),
            locked_after: Duration::from_secs(1),
            hand_over_wait: Duration::from_secs(30),
            keep: Duration::from_secs(7 * 86_400),
            janitor_every: Duration::from_secs(3600),
        }
    }
}

impl Limits {
    /// [`Limits::keep`] in milliseconds.
    pub(crate) fn keep_ms(&self) -> i64 {
        i64::try_from(self.keep.as_millis()).unwrap_or(i64::MAX / 2)
    }
}

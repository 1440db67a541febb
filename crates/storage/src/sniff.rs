//! What a file is by its first bytes: nothing is stored or served by what somebody calls it.

/// Bytes that decide.
pub(crate) const HEAD_BYTES: usize = 12;

/// What an upload announces itself as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A recorded MP4.
    Slice,
    /// The JPEG of a slice.
    Still,
    /// The newest JPEG of a channel.
    Snapshot,
}

impl Kind {
    /// From `Upload-Metadata`'s `kind`.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "slice" => Some(Kind::Slice),
            "still" => Some(Kind::Still),
            "snapshot" => Some(Kind::Snapshot),
            _ => None,
        }
    }

    /// Its format's name in messages.
    pub(crate) fn format(self) -> &'static str {
        match self {
            Kind::Slice => "MP4",
            Kind::Still | Kind::Snapshot => "JPEG",
        }
    }

    /// Whether a file that begins with `head` can be of this kind. MP4: a `ftyp` box of a sane size comes first
    /// (ISO/IEC 14496-12 §4.3). JPEG: SOI and the next marker's 0xFF (ISO/IEC 10918-1 §B.1.1).
    pub(crate) fn fits(self, head: &[u8]) -> bool {
        match self {
            Kind::Slice => {
                let size = head.get(..4).map_or(0, |b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
                head.get(4..8) == Some(b"ftyp") && (12..=4096).contains(&size)
            }
            Kind::Still | Kind::Snapshot => head.starts_with(&[0xff, 0xd8, 0xff]),
        }
    }
}

/// Content type and file name ending of a stored object.
pub(crate) fn content_type(head: &[u8]) -> (&'static str, &'static str) {
    match (Kind::Slice.fits(head), Kind::Still.fits(head)) {
        (true, _) => ("video/mp4", ".mp4"),
        (_, true) => ("image/jpeg", ".jpg"),
        _ => ("application/octet-stream", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_neither_and_short_files_are_nothing() {
        for head in [&b"#!/bin/sh\necho"[..], b"", b"ftyp", &[0xff, 0xd8], b"\0\0\0\0ftypisom"] {
            assert!(!Kind::Slice.fits(head) && !Kind::Still.fits(head), "{head:?}");
        }
        assert_eq!(content_type(b"\0\0\0\x20ftypisom").0, "video/mp4");
        assert_eq!(content_type(&[0xff, 0xd8, 0xff, 0xe0]).0, "image/jpeg");
    }
}

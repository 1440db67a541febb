//! The one error type of this room.

/// What was wrong with which bytes. Nothing here is fatal for a process: a peer sent something odd.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The bytes end before the thing they announce.
    #[error("{what}: bytes end too early")]
    Truncated {
        /// The structure that was being read.
        what: &'static str,
    },
    /// A field has a value the standard forbids or that we refuse (a limit).
    #[error("{what}: {why}")]
    Malformed {
        /// The structure that was being read.
        what: &'static str,
        /// Which field, and what is wrong with it.
        why: &'static str,
    },
    /// A codec that is none of H.264, H.265 and AAC.
    #[error("codec `{0}` is not supported: video must be H.264 or H.265")]
    UnsupportedCodec(String),
    /// The file is no MP4 at all.
    #[error("not an MP4 file")]
    NotMp4,
    /// An MP4 file without a video track.
    #[error("the MP4 file has no video track")]
    NoVideo,
    /// An MP4 file whose boxes contradict each other, or a limit of ours.
    #[error("the MP4 file is damaged: {0}")]
    Damaged(&'static str),
    /// Packet times jumped so far that they cannot be one recording: finalise, then start a new file.
    #[error("media time jumped from {from_ms} ms to {to_ms} ms")]
    TimeJump {
        /// The last packet's dts.
        from_ms: i64,
        /// The refused packet's dts.
        to_ms: i64,
    },
    /// A packet or a call that does not fit the tracks (a programming mistake of the caller).
    #[error("{0}")]
    Misuse(&'static str),
    /// The caller's [`ReadAt`](crate::format::mp4::ReadAt) failed.
    #[error("reading the file: {0}")]
    Io(String),
}

/// `Result` with this room's [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

pub(crate) const fn truncated(what: &'static str) -> Error {
    Error::Truncated { what }
}

pub(crate) const fn malformed(what: &'static str, why: &'static str) -> Error {
    Error::Malformed { what, why }
}

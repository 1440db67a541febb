//! Bytes of media, sans-io: time, packets, tracks, GOPs, codecs and formats.
//!
//! Nothing here opens a socket, a file or a clock. Parsers take bytes that a hostile peer may have sent: every
//! length is checked before it is used to allocate or to index.

pub mod codec;
pub mod error;
pub mod format;
pub mod gop;
pub mod packet;
pub mod time;
pub mod track;

pub use error::{Error, Result};
pub use gop::GopCache;
pub use packet::Packet;
pub use time::MediaTime;
pub use track::{DecoderConfig, Track, TrackKind};

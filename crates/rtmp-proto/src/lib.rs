//! RTMP, both ends, sans-io: bytes in, bytes and events out.
//!
//! `rml_rtmp` does the handshake and the command session (connect, createStream, publish, play). The chunk layer is
//! ours, for three reasons found in rml_rtmp 0.8: it keeps one assembly buffer for all chunk streams (interleaved
//! audio and video make it subtract below zero), it has no limit on messages or chunk streams, and its forced
//! type-0 serialisation repeats the full header in front of continued chunks. So `rml_rtmp` sees only commands that
//! our AMF0 reader has already checked; audio, video and metadata never pass through it and are copied once.
//!
//! No type of `rml_rtmp` crosses this door. Nothing here opens a socket, reads a clock or panics on what a peer sent.

mod amf;
mod chunk;
mod client;
mod control;
mod error;
mod once;
mod server;
mod url;

pub use client::{ClientConn, ClientEvent, ClientOutput};
pub use error::{Limits, RtmpError};
pub use once::{ChunkOnce, OUT_CHUNK_BYTES};
pub use server::{Output, ServerConn, ServerEvent};
pub use url::{RtmpUrl, RtmpUrlError};

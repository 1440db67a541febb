//! Formats: how packets are laid out in streams and files.

pub mod flv;
pub mod hls;
pub mod mp4;

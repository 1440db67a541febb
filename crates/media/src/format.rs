//! Formats: how packets are laid out in streams and files.

pub mod flv;

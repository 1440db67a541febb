//! Codecs: what is inside a packet and inside a decoder configuration. No decoding of pictures or sound.
//!
//! [`nal`] walks both bitstream forms (Annex B and AVCC), [`h264`] and [`hevc`] know parameter sets and keyframes,
//! [`aac`] knows `AudioSpecificConfig` and ADTS, [`g711`] turns A-law and µ-law into PCM.

pub mod aac;
pub mod bits;
pub mod g711;
pub mod h264;
pub mod hevc;
pub mod nal;

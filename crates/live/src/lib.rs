//! The live server: RTMP in; RTMP, HTTP-FLV, WS-FLV and HLS out, pushed only while somebody watches.
//!
//! [`start`] gives a [`Handle`]; [`http::router`] gives the routes. Rights come through [`Gate`], the relay through
//! [`Starter`]: this room knows neither database nor relay. A tag is encoded once a format and shared by all viewers
//! (`ring`); who watches and when a push starts and stops is a pure machine ([`on_demand`]).

pub mod ask;
mod config;
mod hls;
pub mod http;
mod hub;
pub mod on_demand;
mod pace;
mod publication;
mod ring;
mod rtmp;
mod stream;
mod viewer;

pub use ask::{Gate, PlayPass, PublishPass, Reason, Refused, StartError, Starter};
pub use config::Config;
pub use hub::{Handle, StreamInfo, ViewerInfo, start};
pub use on_demand::DemandTimes;
pub use ring::RingLimits;
pub use viewer::ViewerKind;

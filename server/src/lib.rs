//! The installed process, binary `yunlubo`: command line, configuration, and the wiring of every room. It decides
//! nothing: rooms ask through small traits of their own, which [`gate`] and [`starter`] answer.

pub mod cli;
pub mod config;
pub mod error;
pub mod gate;
pub mod housekeep;
pub mod http;
pub mod ports;
pub mod revoked;
pub mod roles;
pub mod run;
pub mod secret;
pub mod starter;

pub use config::Config;
pub use error::ServerError;
pub use ports::Ports;
pub use roles::Role;
pub use run::{Running, run};

//! 中转服务器, the relay on 21001: who is on line, and commands to gatherers with their answers (docs/protocol.md).
//!
//! [`broker`] is the pure state machine: it takes events and `now`. [`connection`] is the WebSocket shell around it,
//! [`Handle`] is how the rest of the process asks. The relay knows no SQL and no grants: it asks a [`Gatekeeper`].

pub mod broker;
pub mod connection;
mod handle;
mod listener;
mod view;

pub use handle::{Handle, start};
pub use listener::router;
pub use relay_proto;
pub use view::{GathererView, TerminalView};

use futures_util::future::BoxFuture;
use model::GathererId;
use relay_proto::{Hello, RemoteError, Report, TerminalType};
use std::net::SocketAddr;

/// Who a terminal turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its type; a gatekeeper answers with the type of the hello or refuses.
    pub terminal: TerminalType,
    /// Which gatherer; set for type 2 and only for it.
    pub gatherer_id: Option<GathererId>,
    /// Shown in 中转客户端; at most 80 characters are kept.
    pub name: String,
    /// Newest version of the gatherer's desired state that the site holds; 0 for other types.
    pub state_version: i64,
}

/// What the relay needs to know from the site.
pub trait Gatekeeper: Send + Sync + 'static {
    /// Checks the grant of a hello. Refusals are `unauthorized` or `forbidden`.
    fn admit(&self, hello: Hello, peer: SocketAddr) -> BoxFuture<'static, Result<Identity, RemoteError>>;

    /// A gatherer came on line, was heard again, or left. Calls for one gatherer come in order and tell the newest
    /// state; states in between may be left out.
    fn seen(&self, gatherer_id: GathererId, online: bool, now_ms: i64);

    /// A gatherer's newest report. Older ones that were not delivered yet are left out.
    fn report(&self, gatherer_id: GathererId, report: &Report);
}

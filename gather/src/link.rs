//! The link to the relay: logs in, reports, carries commands to the agent and their outcomes back.

use crate::error::{GatherError, Result};
use crate::site::Site;
use base::{Backoff, CancellationToken};
use futures_util::{SinkExt, StreamExt};
use relay_proto::message::{decode, encode};
use relay_proto::{
    ClientMessage, Command, ErrorCode, Hello, MESSAGE_MAX_BYTES, Outcome, RelayMessage, RemoteError, Report,
    TerminalType, VERSIONS, WantedPush,
};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use tracing::{info, warn};
use url::Url;

/// Longest wait for the connection and for the answer to `hello`.
const CONNECT_WITHIN: Duration = Duration::from_secs(10);
/// The relay waits 5 s for a reply; ours leaves a little earlier, with a name.
const REPLY_WITHIN: Duration = Duration::from_millis(4500);
/// The relay answers every report; hearing nothing for so long means that the connection is dead.
const SILENCE_MAX: Duration = Duration::from_secs(45);
/// Between two reports of changes.
const REPORT_GAP: Duration = Duration::from_millis(250);
/// Longest wait for one frame to leave.
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// A connection that held so long was a good one: the next pause is short again.
const GOOD_AFTER: Duration = Duration::from_secs(60);

/// Who acts on what the relay says.
pub trait Orders: Send + Sync + 'static {
    /// Carries out a command; must be quick, the relay waits 5 s.
    fn order(&self, command: Command) -> impl Future<Output = Outcome> + Send;
    /// The truth of a `report_ack`: newest version of the desired state, and every push wanted now.
    fn truth(&self, state_version: i64, wanted: Vec<WantedPush>) -> impl Future<Output = ()> + Send;
    /// Logged in: the site is there.
    fn linked(&self);
}

/// How the link stands, for `status`.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct LinkStatus {
    /// Logged in at the relay.
    pub connected: bool,
    /// The relay's address.
    pub url: String,
    /// Why it is not connected, English.
    pub error: String,
    /// The gatherer's clock minus the relay's, ms (R-GAT-07).
    pub clock_skew_ms: i64,
}

/// The link. One a gatherer.
pub struct Link<O> {
    /// The site: its grant opens the relay too.
    pub site: Arc<Site>,
    /// The relay's address; the newest counts.
    pub relay: watch::Receiver<Url>,
    /// The newest report; a change is sent within half a second.
    pub report: watch::Receiver<Report>,
    /// The agent.
    pub orders: Arc<O>,
    /// Told after every change.
    pub status: watch::Sender<LinkStatus>,
    /// The gatherer's name, for 中转客户端.
    pub name: String,
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Where the relay of a desired state is: `docs/protocol.md` §1.
pub fn relay_url(site: &Url, relay_host: &str, relay_port: u16) -> Result<Url> {
    let scheme = if site.scheme() == "https" { "wss" } else { "ws" };
    let host = if relay_host.is_empty() { site.host_str().unwrap_or_default() } else { relay_host };
    let text = match (relay_port, site.port()) {
        (0, Some(port)) if relay_host.is_empty() => format!("{scheme}://{host}:{port}{}relay", site.path()),
        (0, _) => format!("{scheme}://{host}{}relay", site.path()),
        (port, _) => format!("{scheme}://{host}:{port}/relay"),
    };
    Url::parse(&text).map_err(|e| GatherError::Relay { url: text, why: e.to_string() })
}

impl<O: Orders> Link<O> {
    /// Keeps the link up until the token is cancelled.
    pub async fn run(mut self, token: CancellationToken) {
        let mut backoff = Backoff::default();
        loop {
            let url = self.relay.borrow_and_update().clone();
            let begun = Instant::now();
            let end = self.connect(&url, &token).await;
            if token.is_cancelled() {
                return;
            }
            if begun.elapsed() > GOOD_AFTER {
                backoff.reset();
            }
            let why = end.err().map(|error| error.to_string()).unwrap_or_default();
            self.status.send_modify(|status| {
                status.connected = false;
                status.url = url.to_string();
                status.error.clone_from(&why);
            });
            let pause = if why.is_empty() { Duration::ZERO } else { backoff.next() };
            if !why.is_empty() {
                warn!(pause_ms = pause.as_millis() as u64, "No link to the relay: {why}");
            }
            tokio::select! {
                () = token.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
                Ok(()) = self.relay.changed() => {}
            }
        }
    }

    /// One connection. `Ok` when it was given up for another address.
    async fn connect(&mut self, url: &Url, token: &CancellationToken) -> Result<()> {
        let failed = |why: String| GatherError::Relay { url: url.to_string(), why };
        let grant = self.site.grant().await?;
        let mut socket = tokio::time::timeout(CONNECT_WITHIN, open(url))
            .await
            .map_err(|_| failed("no answer within 10 s".to_owned()))?
            .map_err(failed)?;
        let hello = Hello {
            versions: VERSIONS.to_vec(),
            terminal: TerminalType::Gatherer,
            grant: grant.clone(),
            name: self.name.clone(),
        };
        send(&mut socket, &ClientMessage::Hello(hello)).await.map_err(failed)?;
        let welcome = tokio::time::timeout(CONNECT_WITHIN, receive(&mut socket)).await;
        let report_every =
            match welcome.map_err(|_| failed("no welcome within 10 s".to_owned()))?.map_err(failed)? {
                RelayMessage::Welcome { report_every_s, server_time_ms, .. } => {
                    let clock_skew_ms = base::now_ms() - server_time_ms;
                    self.status.send_replace(LinkStatus {
                        connected: true,
                        url: url.to_string(),
                        error: String::new(),
                        clock_skew_ms,
                    });
                    info!(clock_skew_ms, "Linked to the relay at {url}");
                    Duration::from_secs(u64::from(report_every_s.clamp(1, 30)))
                }
                RelayMessage::Refused { error } => {
                    if error.code == ErrorCode::Unauthorized {
                        self.site.forget(&grant).await;
                    }
                    return Err(failed(error.to_string()));
                }
                _ => return Err(failed("the first answer was neither welcome nor refused".to_owned())),
            };
        self.orders.linked();
        self.converse(&mut socket, report_every, token).await.map_err(failed)
    }

    async fn converse(
        &mut self,
        socket: &mut Socket,
        report_every: Duration,
        token: &CancellationToken,
    ) -> std::result::Result<(), String> {
        let mut replies: JoinSet<ClientMessage> = JoinSet::new();
        let mut heard = Instant::now();
        let mut next_report = Instant::now();
        let mut last_report = Instant::now();
        loop {
            tokio::select! {
                () = token.cancelled() => {
                    let _ = send(socket, &ClientMessage::Bye).await;
                    let _ = socket.close(None).await;
                    return Ok(());
                }
                message = receive(socket) => {
                    heard = Instant::now();
                    self.take(message?, &mut replies).await?;
                }
                () = tokio::time::sleep_until(next_report) => {
                    let report = Report { clock_ms: base::now_ms(), ..self.report.borrow_and_update().clone() };
                    send(socket, &ClientMessage::Report(report.fitting())).await?;
                    last_report = Instant::now();
                    next_report = last_report + report_every;
                }
                Ok(()) = self.report.changed() => next_report = next_report.min(last_report + REPORT_GAP),
                Some(reply) = replies.join_next() => {
                    if let Ok(reply) = reply {
                        send(socket, &reply).await?;
                    }
                }
                () = tokio::time::sleep_until(heard + SILENCE_MAX) => return Err("the relay fell silent".to_owned()),
                Ok(()) = self.relay.changed() => return Ok(()),
            }
        }
    }

    async fn take(
        &self,
        message: RelayMessage,
        replies: &mut JoinSet<ClientMessage>,
    ) -> std::result::Result<(), String> {
        match message {
            RelayMessage::Command { id, command } => {
                let orders = self.orders.clone();
                replies.spawn(async move {
                    let done = tokio::time::timeout(REPLY_WITHIN, orders.order(command)).await;
                    let late =
                        |_| Outcome::Failed(RemoteError::new(ErrorCode::Timeout, "the gatherer is busy"));
                    ClientMessage::Reply { id, outcome: done.unwrap_or_else(late) }
                });
            }
            RelayMessage::ReportAck { server_time_ms, state_version, wanted } => {
                let clock_skew_ms = base::now_ms() - server_time_ms;
                self.status.send_modify(|status| status.clock_skew_ms = clock_skew_ms);
                self.orders.truth(state_version, wanted).await;
            }
            RelayMessage::Refused { error } => return Err(error.to_string()),
            RelayMessage::Welcome { .. } | RelayMessage::Reply { .. } => {}
        }
        Ok(())
    }
}

async fn open(url: &Url) -> std::result::Result<Socket, String> {
    let limits = WebSocketConfig::default()
        .max_message_size(Some(MESSAGE_MAX_BYTES))
        .max_frame_size(Some(MESSAGE_MAX_BYTES));
    let (socket, _) =
        connect_async_with_config(url.as_str(), Some(limits), true).await.map_err(|e| e.to_string())?;
    Ok(socket)
}

async fn send(socket: &mut Socket, message: &ClientMessage) -> std::result::Result<(), String> {
    let text = encode(message).map_err(|e| e.to_string())?;
    let sent = tokio::time::timeout(SEND_WITHIN, socket.send(Message::text(text))).await;
    sent.map_err(|_| "the connection takes no more bytes".to_owned())?.map_err(|e| e.to_string())
}

/// The next message of the protocol. Cancel safe: frames are read whole by the socket.
async fn receive(socket: &mut Socket) -> std::result::Result<RelayMessage, String> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Text(text))) => return decode(&text).map_err(|e| e.to_string()),
            Some(Ok(Message::Close(_))) | None => return Err("the relay closed the connection".to_owned()),
            Some(Ok(_)) => {}
            Some(Err(e)) => return Err(e.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(site: &str, host: &str, port: u16, expect: &str) {
        let url = relay_url(&Url::parse(site).unwrap(), host, port).unwrap();
        assert_eq!(url.as_str(), expect);
    }

    #[test]
    fn the_relay_is_found_from_the_site_and_the_desired_state() {
        check("http://10.0.0.5:8080/", "", 0, "ws://10.0.0.5:8080/relay");
        check("http://10.0.0.5:8080/", "", 21001, "ws://10.0.0.5:21001/relay");
        check("http://10.0.0.5/", "relay.school", 21001, "ws://relay.school:21001/relay");
        check("https://school.example/", "", 0, "wss://school.example/relay");
        check("http://[fe80::1]:8080/", "", 0, "ws://[fe80::1]:8080/relay");
    }
}

//! The WebSocket shell of one terminal: hello, then two loops, one that reads and one that writes. It decides nothing.

use crate::broker::{ConnId, Next};
use crate::handle::Shared;
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use relay_proto::message::{decode, encode};
use relay_proto::{ClientMessage, ErrorCode, Hello, RelayMessage, RemoteError, VERSIONS, WireError};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Notify, OwnedSemaphorePermit};
use tokio::time::timeout;
use tracing::{debug, error, info, warn};

/// The WebSocket layer takes frames up to here, so that one above 64 KiB can be answered with `too_large` instead of
/// a bare reset; anything longer is cut off without being read, and the reset may overtake the answer.
pub const FRAME_MAX_BYTES: usize = 4 * relay_proto::MESSAGE_MAX_BYTES;

/// How long a refused terminal may take to hang up by itself. Closing at once would reset the connection while it is
/// still sending, and it would never read why.
const HANG_UP_WITHIN: Duration = Duration::from_secs(1);

/// Times and numbers of the shell.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A connection that has not said hello and been admitted within this is closed (protocol.md §3).
    pub hello_within: Duration,
    /// A terminal that does not take a message within this is closed: half-open connections end here (R-REL-08).
    pub write_within: Duration,
    /// Connections in all. R-REL-05 asks for 1,024; each costs about 20 kB.
    pub connections: usize,
    /// Connections that have not been welcomed: what a stranger can take up.
    pub strangers: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            hello_within: Duration::from_secs(10),
            write_within: Duration::from_secs(10),
            connections: 4096,
            strangers: 512,
        }
    }
}

/// What a connection takes up.
pub(crate) struct Seat {
    pub(crate) connection: OwnedSemaphorePermit,
    pub(crate) stranger: OwnedSemaphorePermit,
}

type Reader = SplitStream<WebSocket>;
type Writer = SplitSink<WebSocket, Message>;

/// Runs one connection to its end.
pub(crate) async fn serve(shared: Arc<Shared>, socket: WebSocket, peer: SocketAddr, seat: Seat) {
    let Seat { connection: _connection, stranger } = seat;
    let (mut writer, mut reader) = socket.split();
    let greeting = tokio::select! {
        greeting = timeout(shared.limits.hello_within, greet(&shared, &mut reader, peer)) => greeting,
        () = shared.tasks.token().cancelled() => Ok(Err(Some(RemoteError::new(ErrorCode::Stopping, "the relay is stopping")))),
    };
    let late = || Err(Some(RemoteError::new(ErrorCode::HelloExpected, "no hello came in time")));
    let (who, version) = match greeting.unwrap_or_else(|_| late()) {
        Ok(found) => found,
        Err(why) => {
            info!(%peer, error = ?why.as_ref().map(|e| e.code), "Refused terminal {peer}");
            return hang_up(&shared, &mut reader, &mut writer, why).await;
        }
    };
    drop(stranger);
    let (kind, name) = (who.terminal.number(), who.name.clone());
    info!(%peer, terminal.kind = kind, "Terminal `{name}` of type {kind} is on line from {peer}");
    let (conn, waker) = shared.open();
    shared.drive(|broker, now| broker.login(now, conn, who, version, peer));
    let why = tokio::select! {
        why = write_loop(&shared, conn, &waker, &mut writer) => why,
        () = read_loop(&shared, conn, &mut reader) => None,
    };
    shared.close(conn);
    info!(%peer, terminal.kind = kind, error = ?why.as_ref().map(|e| e.code), "Terminal `{name}` has left");
    hang_up(&shared, &mut reader, &mut writer, why).await;
}

/// What one frame turned out to be.
enum Frame {
    Message(ClientMessage),
    Bad(RemoteError),
    Closed,
}

async fn read(reader: &mut Reader) -> Frame {
    let too_large = || RemoteError::new(ErrorCode::TooLarge, "a message may have 65536 bytes");
    loop {
        return match reader.next().await {
            Some(Ok(Message::Text(text))) => match decode(text.as_str()) {
                Ok(message) => Frame::Message(message),
                Err(WireError::TooLarge(_)) => Frame::Bad(too_large()),
                Err(e) => Frame::Bad(RemoteError::new(ErrorCode::BadMessage, e.to_string())),
            },
            Some(Ok(Message::Binary(_))) => {
                Frame::Bad(RemoteError::new(ErrorCode::BadMessage, "messages are text frames"))
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => continue,
            // tungstenite's own wording for a frame or message above its limit; axum hides the type.
            Some(Err(e)) if e.to_string().to_lowercase().contains("too long") => Frame::Bad(too_large()),
            Some(Ok(Message::Close(_)) | Err(_)) | None => Frame::Closed,
        };
    }
}

/// Reads and checks the hello. `Err(None)`: the peer hung up.
async fn greet(
    shared: &Shared,
    reader: &mut Reader,
    peer: SocketAddr,
) -> Result<(crate::Identity, u16), Option<RemoteError>> {
    let hello: Hello = match read(reader).await {
        Frame::Message(ClientMessage::Hello(hello)) => hello,
        Frame::Message(_) => {
            return Err(Some(RemoteError::new(ErrorCode::HelloExpected, "the first message must be hello")));
        }
        Frame::Bad(error) => return Err(Some(error)),
        Frame::Closed => return Err(None),
    };
    let version = VERSIONS.iter().find(|v| hello.versions.contains(v)).copied().ok_or_else(|| {
        RemoteError::new(ErrorCode::Version, format!("this relay speaks the versions {VERSIONS:?}"))
    })?;
    let asked = hello.terminal;
    let who = shared.gate.admit(hello, peer).await?;
    if who.terminal != asked || who.gatherer_id.is_some() != (asked == relay_proto::TerminalType::Gatherer) {
        error!(%peer, "The gatekeeper admitted a terminal as something else than it said");
        return Err(Some(RemoteError::new(ErrorCode::Unauthorized, "not admitted")));
    }
    Ok((who, version))
}

/// Hands messages to the broker until the peer is gone. After a bad one it only waits: the writer says why.
async fn read_loop(shared: &Shared, conn: ConnId, reader: &mut Reader) {
    loop {
        match read(reader).await {
            Frame::Message(message) => shared.drive(|broker, now| broker.message(now, conn, message)),
            Frame::Bad(error) => {
                shared.drive(|broker, _| broker.refuse(conn, error));
                return std::future::pending().await;
            }
            Frame::Closed => return,
        }
    }
}

/// Writes what the broker has for this terminal; returns why it must go.
async fn write_loop(
    shared: &Shared,
    conn: ConnId,
    waker: &Notify,
    writer: &mut Writer,
) -> Option<RemoteError> {
    loop {
        match shared.next(conn) {
            Next::Message(message) => {
                if !write(shared, writer, &message).await {
                    return None;
                }
            }
            Next::Close(why) => return why,
            Next::Wait => waker.notified().await,
        }
    }
}

/// `false`: the peer is gone or does not read.
async fn write(shared: &Shared, writer: &mut Writer, message: &RelayMessage) -> bool {
    let text = match encode(message) {
        Ok(text) => text,
        Err(e) => {
            error!(error = %e, "A message to a terminal could not be sent: {e}");
            return true;
        }
    };
    match timeout(shared.limits.write_within, writer.send(Message::text(text))).await {
        Ok(Ok(())) => true,
        Ok(Err(e)) => {
            debug!(error = %e, "A terminal is gone: {e}");
            false
        }
        Err(_) => {
            warn!("A terminal did not read for {} s and is cut off", shared.limits.write_within.as_secs());
            false
        }
    }
}

/// Says why, closes, and lets the peer finish what it is sending.
async fn hang_up(shared: &Shared, reader: &mut Reader, writer: &mut Writer, why: Option<RemoteError>) {
    let code = if why.is_some() { close_code::POLICY } else { close_code::NORMAL };
    if let Some(error) = why
        && !write(shared, writer, &RelayMessage::Refused { error }).await
    {
        return;
    }
    let bye = Message::Close(Some(CloseFrame { code, reason: "".into() }));
    let farewell = async {
        if writer.send(bye).await.is_ok() {
            while let Some(Ok(_)) = reader.next().await {}
        }
    };
    // It is over either way.
    let _ = timeout(HANG_UP_WITHIN, farewell).await;
}

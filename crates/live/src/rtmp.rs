//! RTMP over TCP: publishers and players. All protocol is in `rtmp-proto`; here are sockets and time.

use crate::hub::Hub;
use crate::publication::Publication;
use crate::stream::lock;
use crate::viewer::{NoShow, Viewer, ViewerKind};
use media::format::flv::FlvKind;
use rtmp_proto::{Limits, Output, RtmpError, ServerConn, ServerEvent};
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tracing::{debug, info, warn};

/// Read at once from a publisher; 1 Mbit/s fills it twice a second.
const PUBLISHER_READ_BYTES: usize = 64 << 10;
/// Read at once from everybody else; players say little, and there are many.
const READ_BYTES: usize = 4 << 10;
/// A peer that takes no byte for so long is gone; viewers are skipped and dropped long before.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// After an accept error (out of file handles) before the next try.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
enum End {
    #[error("{0}")]
    Protocol(#[from] RtmpError),
    #[error("socket: {0}")]
    Socket(#[from] std::io::Error),
    #[error("nothing was asked for within {0:?}")]
    HandshakeTimeout(Duration),
    #[error("the publisher sent nothing for {0:?}")]
    PublisherIdle(Duration),
    #[error("refused: {0}")]
    Refused(String),
    #[error("the publisher's media cannot be served: {0}")]
    Media(#[from] media::Error),
    #[error("a newer publisher took over")]
    Replaced,
    #[error("the peer closed the connection")]
    Closed,
    #[error("the stream ended")]
    StreamEnded,
}

/// Open connections by address. Dropping a [`Place`] gives it back.
#[derive(Default)]
struct Places(Mutex<HashMap<IpAddr, usize>>);

struct Place(Arc<Places>, IpAddr);

impl Places {
    fn take(self: &Arc<Self>, ip: IpAddr, all: usize, per_ip: usize) -> Option<Place> {
        let mut open = lock(&self.0);
        if open.values().sum::<usize>() >= all || open.get(&ip).is_some_and(|&n| n >= per_ip) {
            return None;
        }
        *open.entry(ip).or_insert(0) += 1;
        Some(Place(self.clone(), ip))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = lock(&self.0.0);
        if let Some(n) = open.get_mut(&self.1) {
            *n -= 1;
            if *n == 0 {
                open.remove(&self.1);
            }
        }
    }
}

/// Accepts until the server stops.
pub(crate) async fn serve(hub: Arc<Hub>, listener: TcpListener) {
    let places = Arc::new(Places::default());
    loop {
        let accepted = tokio::select! {
            () = hub.tasks.token().cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let (socket, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!("Accepting RTMP: {error}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let (all, per_ip) = (hub.config.rtmp_connections, hub.config.rtmp_connections_per_ip);
        let Some(place) = places.take(peer.ip(), all, per_ip) else {
            warn!(%peer, "RTMP connection from {peer} refused: {all} in all or {per_ip} from one address are open");
            continue;
        };
        let hub = hub.clone();
        hub.clone().tasks.spawn(format!("live rtmp {peer}"), async move {
            let _place = place;
            let stop = hub.tasks.token().clone();
            let end = tokio::select! {
                () = stop.cancelled() => return,
                end = connection(&hub, socket) => end,
            };
            match end {
                End::Protocol(error) => warn!(%peer, "RTMP connection from {peer} closed: {error}"),
                end => info!(%peer, "RTMP connection from {peer} ended: {end}"),
            }
        });
    }
}

/// A socket and its protocol state.
struct Conn {
    socket: TcpStream,
    proto: ServerConn,
    buffer: Vec<u8>,
}

/// What a connection asked for.
enum Asked {
    Publish { stream: String, query: String },
    Play { stream: String, query: String },
}

async fn connection(hub: &Arc<Hub>, socket: TcpStream) -> End {
    let proto = match ServerConn::new(Limits::default()) {
        Ok(proto) => proto,
        Err(error) => return error.into(),
    };
    let _ = socket.set_nodelay(true);
    let mut conn = Conn { socket, proto, buffer: vec![0; READ_BYTES] };
    let limit = hub.config.handshake_timeout;
    let asked = match tokio::time::timeout(limit, conn.asked(&hub.config.rtmp_app)).await {
        Ok(Ok(asked)) => asked,
        Ok(Err(end)) => return end,
        Err(_) => return End::HandshakeTimeout(limit),
    };
    let ended = match asked {
        Asked::Publish { stream, query } => conn.publish(hub, &stream, &query).await,
        Asked::Play { stream, query } => conn.play(hub, &stream, &query).await,
    };
    ended.err().unwrap_or(End::Closed)
}

/// `a=1&token=x` → `x`. Tokens are URL-safe; nothing is decoded.
pub(crate) fn token_of(query: &str) -> &str {
    query.split('&').find_map(|pair| pair.strip_prefix("token=")).unwrap_or_default()
}

impl Conn {
    /// Reads once and feeds the protocol.
    async fn read(&mut self) -> Result<(), End> {
        let n = self.socket.read(&mut self.buffer).await?;
        if n == 0 {
            return Err(End::Closed);
        }
        self.proto.input(&self.buffer[..n])?;
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), End> {
        let written = tokio::time::timeout(WRITE_TIMEOUT, self.socket.write_all(bytes)).await;
        written.map_err(|_| End::Socket(std::io::ErrorKind::TimedOut.into()))??;
        Ok(())
    }

    /// The next event; what must be sent before it is sent.
    async fn event(&mut self) -> Result<ServerEvent, End> {
        loop {
            if let Some(event) = self.pending_event().await? {
                return Ok(event);
            }
            self.read().await?;
        }
    }

    /// Sends what is pending, as one write, up to the next event.
    async fn pending_event(&mut self) -> Result<Option<ServerEvent>, End> {
        let mut out = Vec::new();
        let mut event = None;
        while let Some(output) = self.proto.poll() {
            match output {
                Output::Send(bytes) => out.extend_from_slice(&bytes),
                Output::Event(e) => {
                    event = Some(e);
                    break;
                }
            }
        }
        if !out.is_empty() {
            self.write(&out).await?;
        }
        Ok(event)
    }

    async fn asked(&mut self, app: &str) -> Result<Asked, End> {
        loop {
            match self.event().await? {
                ServerEvent::ConnectRequested { app: wanted } if wanted == app => self.proto.accept()?,
                ServerEvent::ConnectRequested { .. } => return Err(self.refuse("no such application").await),
                ServerEvent::PublishRequested { stream, query } => {
                    return Ok(Asked::Publish { stream, query });
                }
                ServerEvent::PlayRequested { stream, query } => return Ok(Asked::Play { stream, query }),
                ServerEvent::Closed => return Err(End::Closed),
                _ => {}
            }
        }
    }

    /// Sends the refusal, then ends our half; reads on until the peer has taken it, or a closing socket with unread
    /// input would reset the connection and the reason would be lost.
    async fn refuse(&mut self, why: &str) -> End {
        self.proto.refuse(why);
        let end = End::Refused(why.to_owned());
        while let Ok(Some(_)) = self.pending_event().await {}
        let _ = self.socket.shutdown().await;
        let drain = async { while self.socket.read(&mut self.buffer).await.is_ok_and(|n| n > 0) {} };
        let _ = tokio::time::timeout(Duration::from_secs(1), drain).await;
        end
    }

    async fn publish(&mut self, hub: &Arc<Hub>, name: &str, query: &str) -> Result<(), End> {
        let begun = hub
            .admit_publish(name, token_of(query))
            .and_then(|(stream, pass)| Publication::begin(stream, pass));
        let mut publication = match begun {
            Ok(publication) => publication,
            Err(refused) => return Err(self.refuse(&refused.to_string()).await),
        };
        self.proto.accept()?;
        self.buffer.resize(PUBLISHER_READ_BYTES, 0);
        info!(stream = name, "Publishing of `{name}` began");
        let idle = hub.config.publisher_idle;
        let replaced = publication.replaced().clone();
        let mut deadline = tokio::time::Instant::now() + idle;
        loop {
            while let Some(event) = self.pending_event().await? {
                let (kind, ts_ms, body) = match event {
                    ServerEvent::Video { ts_ms, body } => (FlvKind::Video, ts_ms, body),
                    ServerEvent::Audio { ts_ms, body } => (FlvKind::Audio, ts_ms, body),
                    ServerEvent::Metadata { body } => {
                        publication.metadata(&body);
                        continue;
                    }
                    ServerEvent::Closed => return Ok(()),
                    _ => continue,
                };
                publication.message(kind, ts_ms, &body)?;
                deadline = tokio::time::Instant::now() + idle;
            }
            tokio::select! {
                read = self.read() => read?,
                () = replaced.cancelled() => return Err(End::Replaced),
                () = tokio::time::sleep_until(deadline) => return Err(End::PublisherIdle(idle)),
            }
        }
    }

    async fn play(&mut self, hub: &Arc<Hub>, name: &str, query: &str) -> Result<(), End> {
        let (stream, viewer) = match hub.admit_play(name, token_of(query)) {
            Ok(admitted) => admitted,
            Err(refused) => return Err(self.refuse(&refused.to_string()).await),
        };
        // Held while the stream starts; a player that goes away meanwhile no longer counts.
        let opened = tokio::select! {
            opened = Viewer::open(stream, ViewerKind::Rtmp, viewer) => opened,
            gone = self.read_until_gone() => return Err(gone),
        };
        let mut viewer = match opened {
            Ok(viewer) => viewer,
            Err(NoShow::Refused(refused)) => return Err(self.refuse(&refused.to_string()).await),
            Err(NoShow::Start(error)) => return Err(self.refuse(&error.to_string()).await),
        };
        self.proto.accept()?;
        debug!(stream = name, "A player joined `{name}`");
        loop {
            while let Some(event) = self.pending_event().await? {
                if event == ServerEvent::Closed {
                    return Ok(());
                }
            }
            tokio::select! {
                bytes = viewer.next() => match bytes {
                    Some(bytes) => self.write(&bytes).await?,
                    None => {
                        self.proto.finish();
                        while self.pending_event().await?.is_some() {}
                        return Err(End::StreamEnded);
                    }
                },
                read = self.read() => read?,
            }
        }
    }

    async fn read_until_gone(&mut self) -> End {
        loop {
            if let Err(end) = self.read().await {
                return end;
            }
        }
    }
}

//! One RTMP connection of a push, from connecting to its end.

use crate::channel::Counter;
use crate::feed::{Feed, FeedItem, FeedReader, Start};
use bytes::Bytes;
use media::format::flv::{metadata_body, packet_body, sequence_header_body};
use media::{Packet, Track, TrackKind};
use rtmp_proto::{ClientConn, ClientEvent, ClientOutput, Limits, RtmpError, RtmpUrl};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

/// From the first packet to the live server to its yes.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);
/// A write that takes longer is a dead connection.
const WRITE_WITHIN: Duration = Duration::from_secs(10);
/// Bytes gathered into one write: the burst of a first GOP goes out in few, single frames at once.
const WRITE_BYTES: usize = 256 << 10;
/// The step over a gap of the source, ms: a player should not wait through it.
const GAP_STEP_MS: i64 = 40;
const READ_BYTES: usize = 4 << 10;

/// Why a connection ended.
pub(super) enum End {
    /// It was told to, or the channel is no more.
    Stopped,
    /// It broke or was refused, in English; worth another try.
    Failed(String),
}

type Outcome = Result<(), String>;

pub(super) struct Session<'a> {
    url: &'a RtmpUrl,
    feed: &'a Feed,
    bytes: &'a Counter,
    clock: Clock,
    tracks: Arc<[Track]>,
    /// What is to be written next.
    out: Vec<u8>,
}

impl<'a> Session<'a> {
    pub fn new(url: &'a RtmpUrl, feed: &'a Feed, bytes: &'a Counter) -> Self {
        Self { url, feed, bytes, clock: Clock::default(), tracks: Arc::from([]), out: Vec::new() }
    }

    /// Runs to the end; `published` is called once, when the server has said yes.
    pub async fn run(&mut self, stop: &CancellationToken, published: impl FnOnce()) -> End {
        let opened = tokio::select! {
            opened = tokio::time::timeout(CONNECT_WITHIN, self.open()) => opened,
            () = stop.cancelled() => return End::Stopped,
        };
        let (mut socket, mut conn) = match opened {
            Ok(Ok(opened)) => opened,
            Ok(Err(error)) => return End::Failed(error),
            Err(_) => {
                return End::Failed(format!(
                    "no yes to the publication within {} s",
                    CONNECT_WITHIN.as_secs()
                ));
            }
        };
        published();
        let done = tokio::select! {
            done = self.publish(&mut socket, &mut conn) => done,
            () = stop.cancelled() => Ok(()),
        };
        conn.close();
        self.take_output(&mut conn).ok();
        // A goodbye; whoever does not take it will notice the closed socket.
        let _ = tokio::time::timeout(Duration::from_millis(500), self.flush(&mut socket)).await;
        let _ = socket.shutdown().await;
        match done {
            Ok(()) => End::Stopped,
            Err(error) => End::Failed(error),
        }
    }

    async fn open(&mut self) -> Result<(TcpStream, ClientConn), String> {
        let authority = self.url.authority();
        let mut socket =
            TcpStream::connect(&authority).await.map_err(|e| format!("connecting to {authority}: {e}"))?;
        socket.set_nodelay(true).map_err(|e| format!("connecting to {authority}: {e}"))?;
        let mut conn = ClientConn::publish(self.url.clone(), Limits::default()).map_err(|e| e.to_string())?;
        let mut buffer = vec![0; READ_BYTES];
        loop {
            self.take_output(&mut conn)?;
            self.flush(&mut socket).await?;
            if conn.is_ready() {
                return Ok((socket, conn));
            }
            read(&mut socket, &mut conn, &mut buffer).await?;
        }
    }

    async fn publish(&mut self, socket: &mut TcpStream, conn: &mut ClientConn) -> Outcome {
        let mut reader = self.feed.read(Start::LastKeyframe);
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let item = tokio::select! {
                // The server's words first: it may have said no.
                biased;
                read = read(socket, conn, &mut buffer) => { read?; None }
                item = reader.next() => Some(item),
            };
            if let Some(item) = item
                && !self.gather(item, &mut reader, conn)?
            {
                return Ok(());
            }
            self.take_output(conn)?;
            self.flush(socket).await?;
        }
    }

    /// Encodes an item and whatever waits behind it, up to one write's worth. False at the end of the feed.
    fn gather(
        &mut self,
        first: FeedItem,
        reader: &mut FeedReader,
        conn: &mut ClientConn,
    ) -> Result<bool, String> {
        let mut next = Some(first);
        while let Some(item) = next {
            match item {
                FeedItem::Tracks(tracks) => self.headers(tracks, conn).map_err(|e| e.to_string())?,
                FeedItem::Packet(fed) => self.packet(&fed.packet, conn).map_err(|e| e.to_string())?,
                FeedItem::Lost(_) => self.clock.bridge(),
                FeedItem::Skipped { .. } => {}
                FeedItem::Closed => return Ok(false),
            }
            self.take_output(conn)?;
            next = if self.out.len() < WRITE_BYTES { reader.try_next() } else { None };
        }
        Ok(true)
    }

    fn headers(&mut self, tracks: Arc<[Track]>, conn: &mut ClientConn) -> Result<(), RtmpError> {
        conn.metadata(&metadata_body(&tracks))?;
        let at_ms = self.clock.last_ms as u32;
        for track in tracks.iter() {
            let body = sequence_header_body(track);
            match track.kind() {
                TrackKind::Video => conn.video(at_ms, &body)?,
                TrackKind::Audio => conn.audio(at_ms, &body)?,
            }
        }
        self.tracks = tracks;
        Ok(())
    }

    fn packet(&mut self, packet: &Packet, conn: &mut ClientConn) -> Result<(), RtmpError> {
        let Some(track) = self.tracks.iter().find(|track| track.kind() == packet.kind) else {
            return Ok(());
        };
        let at_ms = self.clock.stamp(packet);
        let body: Bytes = packet_body(track, packet);
        match packet.kind {
            TrackKind::Video => conn.video(at_ms, &body),
            TrackKind::Audio => conn.audio(at_ms, &body),
        }
    }

    /// What the connection wants written, and what it has to say.
    fn take_output(&mut self, conn: &mut ClientConn) -> Outcome {
        while let Some(output) = conn.poll() {
            match output {
                ClientOutput::Send(bytes) => self.out.extend_from_slice(&bytes),
                ClientOutput::Event(ClientEvent::Refused { code, description }) => {
                    return Err(format!("the live server refused: {code} {description}"));
                }
                ClientOutput::Event(ClientEvent::Closed) => {
                    return Err("the live server ended the publication".into());
                }
                ClientOutput::Event(_) => {}
            }
        }
        Ok(())
    }

    async fn flush(&mut self, socket: &mut TcpStream) -> Outcome {
        if self.out.is_empty() {
            return Ok(());
        }
        match tokio::time::timeout(WRITE_WITHIN, socket.write_all(&self.out)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(format!("writing to the live server: {error}")),
            Err(_) => return Err(format!("the live server took nothing for {} s", WRITE_WITHIN.as_secs())),
        }
        self.bytes.add(self.out.len());
        self.out.clear();
        self.out.shrink_to(WRITE_BYTES);
        Ok(())
    }
}

async fn read(socket: &mut TcpStream, conn: &mut ClientConn, buffer: &mut [u8]) -> Outcome {
    match socket.read(buffer).await {
        Ok(0) => Err("the live server closed the connection".into()),
        Ok(count) => conn.input(&buffer[..count]).map_err(|e| e.to_string()),
        Err(error) => Err(format!("reading from the live server: {error}")),
    }
}

/// Feed times → times of one push, which begins at 0.
#[derive(Debug, Default)]
struct Clock {
    /// Feed time of 0.
    zero_ms: Option<i64>,
    /// The latest time given out.
    last_ms: i64,
    bridge: bool,
}

impl Clock {
    /// The source broke off: what follows is put right behind what was sent, so that a player goes on at once.
    fn bridge(&mut self) {
        self.bridge = true;
    }

    fn stamp(&mut self, packet: &Packet) -> u32 {
        let feed_ms = packet.dts.as_ms();
        if std::mem::take(&mut self.bridge) && self.zero_ms.is_some() {
            self.zero_ms = Some(feed_ms - self.last_ms - GAP_STEP_MS);
        }
        let zero_ms = *self.zero_ms.get_or_insert(feed_ms);
        // Sound may begin a little before the first picture.
        let at_ms = (feed_ms - zero_ms).max(0);
        self.last_ms = self.last_ms.max(at_ms);
        at_ms as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use media::MediaTime;

    #[test]
    fn a_push_begins_at_zero_and_steps_over_gaps() {
        let mut clock = Clock::default();
        let mut at = |ms: i64, bridge: bool| {
            if bridge {
                clock.bridge();
            }
            let (kind, dts) = (TrackKind::Video, MediaTime::from_ms(ms));
            clock.stamp(&Packet { kind, dts, composition_offset: 0, key: true, data: Bytes::new() })
        };
        assert_eq!([at(70_000, false), at(69_990, false), at(70_040, false)], [0, 0, 40]);
        assert_eq!([at(90_000, true), at(90_040, false)], [80, 120]);
    }
}

//! RTMP pull: plays a stream of another server.

use super::gate::{Gate, deliver};
use super::{CONNECT_WITHIN, FRAME_WITHIN, SourceEnd};
use crate::channel::Intake;
use crate::feed::Received;
use bytes::Bytes;
use media::TrackKind;
use media::format::flv::{Event, FlvKind, FlvTracks};
use relay_proto::ChannelCause;
use rtmp_proto::{ClientConn, ClientEvent, ClientOutput, Limits, RtmpUrl};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Messages of a stream that make no sense, in a row, before it is given up.
const MAX_BAD: u32 = 100;
const READ_BYTES: usize = 64 << 10;

pub(super) async fn run(url: &str, places: &[SocketAddr], intake: &mut Intake) -> SourceEnd {
    let url: RtmpUrl = match url.parse() {
        Ok(url) => url,
        Err(error) => return SourceEnd::new(ChannelCause::AddressRefused, error.to_string()),
    };
    let unreachable = |why: String| SourceEnd::new(ChannelCause::Unreachable, why);
    let mut socket = match tokio::time::timeout(CONNECT_WITHIN, TcpStream::connect(places)).await {
        Ok(Ok(socket)) => socket,
        Ok(Err(error)) => return unreachable(format!("connecting to {}: {error}", url.authority())),
        Err(_) => {
            let seconds = CONNECT_WITHIN.as_secs();
            return unreachable(format!("{} did not answer within {seconds} s", url.authority()));
        }
    };
    // Small questions and answers only: waiting to fill a segment would delay the start.
    if let Err(error) = socket.set_nodelay(true) {
        return unreachable(format!("connecting to {}: {error}", url.authority()));
    }
    let conn = match ClientConn::play(url, Limits::default()) {
        Ok(conn) => conn,
        Err(error) => return SourceEnd::new(ChannelCause::Lost, error.to_string()),
    };
    let mut player = Player {
        conn,
        tracks: FlvTracks::new(),
        gate: Gate::new(true),
        deadline: Instant::now() + CONNECT_WITHIN,
        is_ready: false,
        bad: 0,
    };
    player.run(&mut socket, intake).await
}

struct Player {
    conn: ClientConn,
    tracks: FlvTracks,
    gate: Gate,
    /// For the next picture; before `is_ready` for the server's yes.
    deadline: Instant,
    is_ready: bool,
    bad: u32,
}

impl Player {
    async fn run(&mut self, socket: &mut TcpStream, intake: &mut Intake) -> SourceEnd {
        let lost = |why: String| SourceEnd::new(ChannelCause::Lost, why);
        let mut buffer = vec![0; READ_BYTES];
        let since = std::time::Instant::now();
        loop {
            if let Some(end) = SourceEnd::if_no_keyframe(intake, since) {
                return end;
            }
            while let Some(output) = self.conn.poll() {
                match output {
                    ClientOutput::Send(bytes) => {
                        if let Err(error) = socket.write_all(&bytes).await {
                            return lost(format!("writing to the RTMP server: {error}"));
                        }
                    }
                    ClientOutput::Event(event) => {
                        if let Some(end) = self.event(event, intake) {
                            return end;
                        }
                    }
                }
            }
            let count = match tokio::time::timeout_at(self.deadline, socket.read(&mut buffer)).await {
                Err(_) if self.is_ready => {
                    let detail = format!("no picture for {} s", FRAME_WITHIN.as_secs());
                    return SourceEnd::new(ChannelCause::NoFrames, detail);
                }
                Err(_) => {
                    let detail = format!("no answer to play within {} s", CONNECT_WITHIN.as_secs());
                    return SourceEnd::new(ChannelCause::Unreachable, detail);
                }
                Ok(Ok(0)) => return lost("the RTMP server closed the connection".into()),
                Ok(Err(error)) => return lost(format!("reading from the RTMP server: {error}")),
                Ok(Ok(count)) => count,
            };
            if let Err(error) = self.conn.input(&buffer[..count]) {
                return lost(error.to_string());
            }
        }
    }

    fn event(&mut self, event: ClientEvent, intake: &mut Intake) -> Option<SourceEnd> {
        match event {
            ClientEvent::Ready => {
                self.is_ready = true;
                self.deadline = Instant::now() + FRAME_WITHIN;
                None
            }
            ClientEvent::Refused { code, description } => {
                let detail = format!("the RTMP server refused: {code} {description}");
                Some(SourceEnd::new(ChannelCause::NoSuchStream, detail))
            }
            ClientEvent::Closed => {
                Some(SourceEnd::new(ChannelCause::Lost, "the RTMP server ended the stream"))
            }
            ClientEvent::Metadata { .. } => None,
            ClientEvent::Audio { ts_ms, body } => self.media(FlvKind::Audio, ts_ms, &body, intake),
            ClientEvent::Video { ts_ms, body } => self.media(FlvKind::Video, ts_ms, &body, intake),
        }
    }

    fn media(&mut self, kind: FlvKind, ts_ms: u32, body: &Bytes, intake: &mut Intake) -> Option<SourceEnd> {
        let events = match self.tracks.push(kind, ts_ms, body) {
            Ok(events) => events,
            Err(media::Error::UnsupportedCodec(name)) if kind == FlvKind::Audio => {
                intake.note(format!("sound is left out: {name} is not AAC"));
                return None;
            }
            Err(error @ media::Error::UnsupportedCodec(_)) => {
                return Some(SourceEnd::new(ChannelCause::UnsupportedCodec, error.to_string()));
            }
            Err(error) => {
                self.bad += 1;
                self.gate.lost_video();
                return (self.bad >= MAX_BAD)
                    .then(|| SourceEnd::new(ChannelCause::Lost, format!("the stream is damaged: {error}")));
            }
        };
        self.bad = 0;
        for event in events {
            match event {
                Event::Track(track) => self.gate.track(track),
                Event::Packet(packet) => {
                    if packet.kind == TrackKind::Video {
                        self.deadline = Instant::now() + FRAME_WITHIN;
                    }
                    deliver(self.gate.push(packet, Received::now()), intake, "AAC");
                }
                // A publisher that pauses; if nothing follows, the deadline finds out.
                Event::End(_) => {}
            }
        }
        None
    }
}

//! The client end: a gatherer's push, and a gatherer's pull.

use crate::amf::{self, SET_DATA_FRAME, Value};
use crate::control::{Receiver, chunk_size_message, command_for_session, kind};
use crate::once::message;
use crate::{Limits, OUT_CHUNK_BYTES, RtmpError, RtmpUrl};
use bytes::{Buf, Bytes};
use rml_rtmp::handshake::{Handshake, HandshakeProcessResult, PeerType};
use rml_rtmp::sessions::{
    ClientSession, ClientSessionConfig, ClientSessionEvent, ClientSessionResult, PublishRequestType,
};
use std::collections::VecDeque;

/// What the shell must do next, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientOutput {
    /// Write these bytes.
    Send(Bytes),
    /// Look at this.
    Event(ClientEvent),
}

/// What the server says or brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClientEvent {
    /// The server accepted: a publisher may send, a player will receive.
    Ready,
    /// The server said no, or ended the stream with an error.
    Refused {
        /// `NetStream.Publish.BadName` and the like; empty when the server gave none.
        code: String,
        /// The server's reason.
        description: String,
    },
    /// Audio of the played stream: an FLV audio tag body.
    Audio {
        /// Decoding time in ms, wraps at 2^32.
        ts_ms: u32,
        /// FLV audio tag body.
        body: Bytes,
    },
    /// Video of the played stream: an FLV video tag body.
    Video {
        /// Decoding time in ms, wraps at 2^32.
        ts_ms: u32,
        /// FLV video tag body, classic or enhanced.
        body: Bytes,
    },
    /// `onMetaData` of the played stream, as AMF0.
    Metadata {
        /// AMF0 values.
        body: Bytes,
    },
    /// The server ended the stream.
    Closed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Wish {
    Publish,
    Play,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Asking,
    Ready,
    Over,
}

/// The client end of an RTMP connection, sans-io. Drain [`poll`](Self::poll) first: it holds the handshake.
///
/// Round trips until [`ClientEvent::Ready`]: handshake, connect, createStream, publish or play; the last handshake
/// packet and `connect` go in one write.
pub struct ClientConn {
    url: RtmpUrl,
    wish: Wish,
    stage: Stage,
    handshake: Option<Handshake>,
    session: ClientSession,
    receiver: Receiver,
    stream_id: u32,
    out: VecDeque<ClientOutput>,
}

impl ClientConn {
    /// A connection that will publish `url`.
    ///
    /// # Errors
    /// [`RtmpError::Handshake`] when no handshake can be made; never seen.
    pub fn publish(url: RtmpUrl, limits: Limits) -> Result<Self, RtmpError> {
        Self::new(url, Wish::Publish, limits)
    }

    /// A connection that will play `url`.
    ///
    /// # Errors
    /// [`RtmpError::Handshake`] when no handshake can be made; never seen.
    pub fn play(url: RtmpUrl, limits: Limits) -> Result<Self, RtmpError> {
        Self::new(url, Wish::Play, limits)
    }

    fn new(url: RtmpUrl, wish: Wish, limits: Limits) -> Result<Self, RtmpError> {
        let mut config = ClientSessionConfig::new();
        config.chunk_size = OUT_CHUNK_BYTES as u32;
        config.tc_url = Some(url.tc_url());
        config.flash_version = "FMLE/3.0 (compatible; yunlubo)".into();
        let (mut session, _) = ClientSession::new(config).map_err(session_error)?;
        session.handle_input(&chunk_size_message()).map_err(session_error)?;
        let mut handshake = Handshake::new(PeerType::Client);
        let hello =
            handshake.generate_outbound_p0_and_p1().map_err(|e| RtmpError::Handshake(e.to_string()))?;
        let mut conn = Self {
            url,
            wish,
            stage: Stage::Asking,
            handshake: Some(handshake),
            session,
            receiver: Receiver::new(limits),
            stream_id: 1,
            out: VecDeque::new(),
        };
        conn.send(hello.into());
        Ok(conn)
    }

    /// Takes bytes from the server.
    ///
    /// # Errors
    /// Any error is final.
    pub fn input(&mut self, bytes: &[u8]) -> Result<(), RtmpError> {
        let rest;
        let bytes = if let Some(handshake) = &mut self.handshake {
            match handshake.process_bytes(bytes).map_err(|e| RtmpError::Handshake(e.to_string()))? {
                HandshakeProcessResult::InProgress { response_bytes } => {
                    self.send(response_bytes.into());
                    return Ok(());
                }
                HandshakeProcessResult::Completed { response_bytes, remaining_bytes } => {
                    self.handshake = None;
                    self.send(response_bytes.into());
                    let connect =
                        self.session.request_connection(self.url.app.clone()).map_err(session_error)?;
                    self.take_results(vec![connect])?;
                    rest = remaining_bytes;
                    &rest[..]
                }
            }
        } else {
            bytes
        };
        if let Some(ack) = self.receiver.push(bytes)? {
            self.send(ack);
        }
        while self.stage != Stage::Over {
            let out = &mut self.out;
            let mut reply = |bytes| out.push_back(ClientOutput::Send(bytes));
            let Some(m) = self.receiver.next(&mut reply)? else { break };
            let (ts_ms, mut body) = (m.ts_ms, m.body.clone());
            match m.type_id {
                kind::COMMAND => {
                    let values = amf::read_command(&m.body)?;
                    self.command(&values, &command_for_session(&m))?;
                }
                kind::AUDIO => self.event_if_playing(ClientEvent::Audio { ts_ms, body }),
                kind::VIDEO => self.event_if_playing(ClientEvent::Video { ts_ms, body }),
                _ => {
                    if body.starts_with(SET_DATA_FRAME) {
                        body.advance(SET_DATA_FRAME.len());
                    }
                    if body.starts_with(b"\x02\x00\x0aonMetaData") && amf::read_all(&body).is_ok() {
                        self.event_if_playing(ClientEvent::Metadata { body });
                    }
                }
            }
        }
        Ok(())
    }

    /// The next thing to do, in order; `None` until more input.
    pub fn poll(&mut self) -> Option<ClientOutput> {
        self.out.pop_front()
    }

    /// Whether the server has accepted and the stream has not ended.
    pub fn is_ready(&self) -> bool {
        self.stage == Stage::Ready
    }

    /// Sends video: `body` is an FLV video tag body.
    ///
    /// # Errors
    /// [`RtmpError::Order`] before [`ClientEvent::Ready`] or on a playing connection.
    pub fn video(&mut self, ts_ms: u32, body: &[u8]) -> Result<(), RtmpError> {
        self.push_media(4, kind::VIDEO, ts_ms, body)
    }

    /// Sends audio: `body` is an FLV audio tag body.
    ///
    /// # Errors
    /// As [`video`](Self::video).
    pub fn audio(&mut self, ts_ms: u32, body: &[u8]) -> Result<(), RtmpError> {
        self.push_media(5, kind::AUDIO, ts_ms, body)
    }

    /// Sends metadata: `body` is an FLV script tag body (`onMetaData` and its values as AMF0).
    ///
    /// # Errors
    /// As [`video`](Self::video).
    pub fn metadata(&mut self, body: &[u8]) -> Result<(), RtmpError> {
        self.push_media(7, kind::DATA, 0, &[SET_DATA_FRAME, body].concat())
    }

    /// Says goodbye (`deleteStream`), so that the server need not wait for the socket.
    pub fn close(&mut self) {
        let results = match self.wish {
            Wish::Publish => self.session.stop_publishing(),
            Wish::Play => self.session.stop_playback(),
        };
        if let Ok(results) = results {
            let _ = self.take_results(results);
        }
        self.stage = Stage::Over;
    }

    fn push_media(&mut self, csid: u8, type_id: u8, ts_ms: u32, body: &[u8]) -> Result<(), RtmpError> {
        if self.stage != Stage::Ready || self.wish != Wish::Publish {
            return Err(RtmpError::Order("media before the server accepted the publication"));
        }
        self.send(message(csid, type_id, self.stream_id, ts_ms, body));
        Ok(())
    }

    fn event_if_playing(&mut self, event: ClientEvent) {
        // Some servers send media before NetStream.Play.Start.
        if self.wish == Wish::Play {
            self.out.push_back(ClientOutput::Event(event));
        }
    }

    fn send(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.out.push_back(ClientOutput::Send(bytes));
        }
    }

    fn over(&mut self, event: ClientEvent) {
        self.stage = Stage::Over;
        self.out.push_back(ClientOutput::Event(event));
    }

    fn command(&mut self, values: &[Value], raw: &[u8]) -> Result<(), RtmpError> {
        let status = values.get(3);
        let text = |name| status.and_then(|v| v.text(name)).unwrap_or_default().to_owned();
        let code = text("code");
        match values[0].as_str().unwrap_or_default() {
            "_error" if self.stage == Stage::Asking => {
                self.over(ClientEvent::Refused { code, description: text("description") });
                return Ok(());
            }
            "_result" => {
                if let Some(Value::Number(id)) = status {
                    self.stream_id = *id as u32;
                }
            }
            "onStatus" => match code.as_str() {
                "NetStream.Publish.Start" | "NetStream.Play.Start" => {
                    if self.stage != Stage::Asking {
                        return Ok(());
                    }
                }
                "NetStream.Play.UnpublishNotify"
                | "NetStream.Play.Stop"
                | "NetStream.Play.Complete"
                | "NetStream.Unpublish.Success" => {
                    self.over(ClientEvent::Closed);
                    return Ok(());
                }
                _ if text("level") == "error" => {
                    self.over(ClientEvent::Refused { code, description: text("description") });
                    return Ok(());
                }
                _ => return Ok(()),
            },
            "close" => {
                self.over(ClientEvent::Closed);
                return Ok(());
            }
            _ => return Ok(()),
        }
        let results = self.session.handle_input(raw).map_err(session_error)?;
        self.take_results(results)
    }

    fn take_results(&mut self, results: Vec<ClientSessionResult>) -> Result<(), RtmpError> {
        let mut events = Vec::new();
        for result in results {
            match result {
                ClientSessionResult::OutboundResponse(packet) => self.send(packet.bytes.into()),
                ClientSessionResult::RaisedEvent(event) => events.push(event),
                ClientSessionResult::UnhandleableMessageReceived(_) => {}
            }
        }
        // After the sends: the session writes with its new chunk size before it has announced it.
        for event in events {
            match event {
                ClientSessionEvent::ConnectionRequestAccepted => {
                    let key = self.url.stream_key();
                    let create = match self.wish {
                        Wish::Publish => self.session.request_publishing(key, PublishRequestType::Live),
                        Wish::Play => self.session.request_playback(key),
                    };
                    self.take_results(vec![create.map_err(session_error)?])?;
                }
                ClientSessionEvent::PublishRequestAccepted | ClientSessionEvent::PlaybackRequestAccepted => {
                    self.stage = Stage::Ready;
                    self.out.push_back(ClientOutput::Event(ClientEvent::Ready));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

fn session_error(e: impl std::fmt::Display) -> RtmpError {
    RtmpError::Session(e.to_string())
}

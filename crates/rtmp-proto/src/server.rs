//! The server end of one connection.

use crate::amf::{self, SET_DATA_FRAME};
use crate::chunk::Message;
use crate::control::{Receiver, chunk_size_message, command_for_session, kind};
use crate::once::message;
use crate::{Limits, OUT_CHUNK_BYTES, RtmpError};
use bytes::{Buf, Bytes};
use rml_rtmp::handshake::{Handshake, HandshakeProcessResult, PeerType};
use rml_rtmp::sessions::{ServerSession, ServerSessionConfig, ServerSessionEvent, ServerSessionResult};
use std::collections::VecDeque;

/// What the shell must do next, in this order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Output {
    /// Write these bytes.
    Send(Bytes),
    /// Look at this.
    Event(ServerEvent),
}

/// What the peer wants or brings. The three requests wait for [`ServerConn::accept`] or [`ServerConn::refuse`];
/// nothing further is read before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ServerEvent {
    /// `connect` to an application.
    ConnectRequested {
        /// Application name.
        app: String,
    },
    /// `publish`.
    PublishRequested {
        /// Stream name, before `?`.
        stream: String,
        /// Query after `?`, empty when there is none.
        query: String,
    },
    /// `play`.
    PlayRequested {
        /// Stream name, before `?`.
        stream: String,
        /// Query after `?`, empty when there is none.
        query: String,
    },
    /// Audio of the accepted publication: an FLV audio tag body.
    Audio {
        /// Decoding time in ms, wraps at 2^32.
        ts_ms: u32,
        /// FLV audio tag body.
        body: Bytes,
    },
    /// Video of the accepted publication: an FLV video tag body.
    Video {
        /// Decoding time in ms, wraps at 2^32.
        ts_ms: u32,
        /// FLV video tag body, classic or enhanced.
        body: Bytes,
    },
    /// `onMetaData` of the accepted publication, as AMF0, without `@setDataFrame`.
    Metadata {
        /// AMF0 values.
        body: Bytes,
    },
    /// The peer ended its stream, or was refused: send what is left and close.
    Closed,
}

enum Pending {
    Connect { request: u32, transaction: f64 },
    Publish { request: u32, stream_id: u32 },
    Play { request: u32, stream_id: u32 },
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    None,
    Publisher { stream_id: u32 },
    Player,
    Closed,
}

/// The server end of an RTMP connection, sans-io. Feed [`input`](Self::input), then drain [`poll`](Self::poll).
pub struct ServerConn {
    handshake: Option<Handshake>,
    session: ServerSession,
    receiver: Receiver,
    out: VecDeque<Output>,
    pending: Option<Pending>,
    role: Role,
    greeting: Vec<Bytes>,
}

impl ServerConn {
    /// A connection that waits for the peer's handshake.
    ///
    /// # Errors
    /// [`RtmpError::Session`] when the session layer cannot write its own greeting; never seen.
    pub fn new(limits: Limits) -> Result<Self, RtmpError> {
        let mut config = ServerSessionConfig::new();
        config.chunk_size = OUT_CHUNK_BYTES as u32;
        config.fms_version = "FMS/3,5,7,7009".into();
        config.send_on_bw_done_message_on_start = false;
        let (mut session, results) = ServerSession::new(config).map_err(session_error)?;
        session.handle_input(&chunk_size_message()).map_err(session_error)?;
        let greeting = results.into_iter().filter_map(|r| match r {
            ServerSessionResult::OutboundResponse(packet) => Some(Bytes::from(packet.bytes)),
            _ => None,
        });
        Ok(Self {
            handshake: Some(Handshake::new(PeerType::Server)),
            session,
            receiver: Receiver::new(limits),
            out: VecDeque::new(),
            pending: None,
            role: Role::None,
            greeting: greeting.collect(),
        })
    }

    /// Whether the handshake is over; the shell limits the time until then.
    pub fn is_handshaken(&self) -> bool {
        self.handshake.is_none()
    }

    /// Takes bytes from the peer.
    ///
    /// # Errors
    /// Any error is final. Outputs already queued (a refusal, for example) may still be sent.
    pub fn input(&mut self, bytes: &[u8]) -> Result<(), RtmpError> {
        if self.role == Role::Closed {
            return Ok(());
        }
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
                    for bytes in std::mem::take(&mut self.greeting) {
                        self.send(bytes);
                    }
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
        self.advance()
    }

    /// The next thing to do, in order; `None` until more input or an answer.
    pub fn poll(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    /// Says yes to the waiting request and reads on.
    ///
    /// # Errors
    /// [`RtmpError::Order`] when nothing waits; else as [`input`](Self::input).
    pub fn accept(&mut self) -> Result<(), RtmpError> {
        let (request, role) = match self.pending.take() {
            Some(Pending::Connect { request, .. }) => (request, Role::None),
            Some(Pending::Publish { request, stream_id }) => (request, Role::Publisher { stream_id }),
            Some(Pending::Play { request, .. }) => (request, Role::Player),
            None => return Err(RtmpError::Order("accept without a request")),
        };
        let results = self.session.accept_request(request).map_err(session_error)?;
        self.role = role;
        self.take_results(results, 0, 0.0)?;
        self.advance()
    }

    /// Says no to the waiting request, with a reason the peer's log will show, and ends with [`ServerEvent::Closed`].
    pub fn refuse(&mut self, description: &str) {
        let (stream_id, body) = match self.pending.take() {
            Some(Pending::Connect { transaction, .. }) => (0, amf::connect_error(transaction, description)),
            Some(Pending::Publish { stream_id, .. }) => {
                (stream_id, amf::on_status("error", "NetStream.Publish.BadName", description))
            }
            Some(Pending::Play { stream_id, .. }) => {
                (stream_id, amf::on_status("error", "NetStream.Play.StreamNotFound", description))
            }
            None => return self.close(),
        };
        self.send(message(7, kind::COMMAND, stream_id, 0, &body));
        self.close();
    }

    /// Tells a player that the stream is over, and ends with [`ServerEvent::Closed`].
    pub fn finish(&mut self) {
        if self.role == Role::Player {
            let body = amf::on_status("status", "NetStream.Play.UnpublishNotify", "stream ended");
            self.send(message(7, kind::COMMAND, 1, 0, &body));
            // User control 1, Stream EOF (§7.1.7), on stream 1.
            self.send(message(2, kind::USER_CONTROL, 0, 0, &[0, 1, 0, 0, 0, 1]));
        }
        self.close();
    }

    fn close(&mut self) {
        if self.role != Role::Closed {
            self.role = Role::Closed;
            self.out.push_back(Output::Event(ServerEvent::Closed));
        }
    }

    fn send(&mut self, bytes: Bytes) {
        if !bytes.is_empty() {
            self.out.push_back(Output::Send(bytes));
        }
    }

    /// Reads messages until there are none, or a request waits for its answer.
    fn advance(&mut self) -> Result<(), RtmpError> {
        while self.pending.is_none() && self.role != Role::Closed {
            let out = &mut self.out;
            let Some(m) = self.receiver.next(&mut |bytes| out.push_back(Output::Send(bytes)))? else { break };
            match m.type_id {
                kind::COMMAND => self.command(m)?,
                _ => self.media(m),
            }
        }
        Ok(())
    }

    fn media(&mut self, m: Message) {
        // Media before the answer or on another stream has no meaning.
        if self.role != (Role::Publisher { stream_id: m.stream_id }) {
            return;
        }
        let (ts_ms, mut body) = (m.ts_ms, m.body);
        let event = match m.type_id {
            kind::AUDIO => ServerEvent::Audio { ts_ms, body },
            kind::VIDEO => ServerEvent::Video { ts_ms, body },
            _ => {
                if body.starts_with(SET_DATA_FRAME) {
                    body.advance(SET_DATA_FRAME.len());
                }
                if !body.starts_with(b"\x02\x00\x0aonMetaData") || amf::read_all(&body).is_err() {
                    return;
                }
                ServerEvent::Metadata { body }
            }
        };
        self.out.push_back(Output::Event(event));
    }

    fn command(&mut self, m: Message) -> Result<(), RtmpError> {
        let values = amf::read_command(&m.body)?;
        let name = values[0].as_str().unwrap_or_default();
        let transaction = if let amf::Value::Number(n) = values[1] { n } else { 0.0 };
        let known = ["connect", "createStream", "closeStream", "deleteStream", "publish", "play"];
        if !known.contains(&name) {
            // releaseStream, FCPublish, _checkbw and the like: nobody waits for an answer.
            return Ok(());
        }
        if matches!(name, "publish" | "play") && (self.role != Role::None || m.stream_id != 1) {
            return Err(RtmpError::Session(format!(
                "{name} on stream {}: one stream per connection",
                m.stream_id
            )));
        }
        let results = self.session.handle_input(&command_for_session(&m)).map_err(session_error)?;
        self.take_results(results, m.stream_id, transaction)
    }

    fn take_results(
        &mut self,
        results: Vec<ServerSessionResult>,
        stream_id: u32,
        transaction: f64,
    ) -> Result<(), RtmpError> {
        for result in results {
            let event = match result {
                ServerSessionResult::OutboundResponse(packet) => {
                    self.send(packet.bytes.into());
                    continue;
                }
                ServerSessionResult::RaisedEvent(event) => event,
                ServerSessionResult::UnhandleableMessageReceived(_) => continue,
            };
            let (pending, event) = match event {
                ServerSessionEvent::ConnectionRequested { request_id, app_name } => (
                    Pending::Connect { request: request_id, transaction },
                    ServerEvent::ConnectRequested { app: app_name },
                ),
                ServerSessionEvent::PublishStreamRequested { request_id, stream_key, .. } => {
                    let (stream, query) = split_key(&stream_key);
                    let event = ServerEvent::PublishRequested { stream, query };
                    (Pending::Publish { request: request_id, stream_id }, event)
                }
                ServerSessionEvent::PlayStreamRequested { request_id, stream_key, .. } => {
                    let (stream, query) = split_key(&stream_key);
                    let event = ServerEvent::PlayRequested { stream, query };
                    (Pending::Play { request: request_id, stream_id }, event)
                }
                ServerSessionEvent::PublishStreamFinished { .. }
                | ServerSessionEvent::PlayStreamFinished { .. } => {
                    self.close();
                    continue;
                }
                _ => continue,
            };
            self.pending = Some(pending);
            self.out.push_back(Output::Event(event));
        }
        Ok(())
    }
}

/// `live1?token=x` → `live1`, `token=x`.
fn split_key(key: &str) -> (String, String) {
    let (stream, query) = key.split_once('?').unwrap_or((key, ""));
    (stream.to_owned(), query.to_owned())
}

fn session_error(e: impl std::fmt::Display) -> RtmpError {
    RtmpError::Session(e.to_string())
}

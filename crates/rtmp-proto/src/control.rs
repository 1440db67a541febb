//! What both ends do alike under the session: chunks to messages, and the protocol control messages (RTMP 1.0 §5.4).

use crate::chunk::{ChunkReader, Message};
use crate::once::message;
use crate::{Limits, RtmpError};
use bytes::{Buf, Bytes};

/// Message types that this layer and the ends tell apart (RTMP 1.0 §5.4, §7.1).
pub(crate) mod kind {
    pub(crate) const SET_CHUNK_SIZE: u8 = 1;
    pub(crate) const ABORT: u8 = 2;
    pub(crate) const ACK: u8 = 3;
    pub(crate) const USER_CONTROL: u8 = 4;
    pub(crate) const WINDOW_ACK_SIZE: u8 = 5;
    pub(crate) const AUDIO: u8 = 8;
    pub(crate) const VIDEO: u8 = 9;
    pub(crate) const DATA_AMF3: u8 = 15;
    pub(crate) const COMMAND_AMF3: u8 = 17;
    pub(crate) const DATA: u8 = 18;
    pub(crate) const COMMAND: u8 = 20;
}

/// The receiving half of a connection after the handshake.
#[derive(Debug)]
pub(crate) struct Receiver {
    limits: Limits,
    reader: ChunkReader,
    /// The peer wants an acknowledgement after so many bytes; 0 = never asked.
    window_bytes: u32,
    acked_bytes: u32,
    commands: usize,
}

impl Receiver {
    pub(crate) fn new(limits: Limits) -> Self {
        Self { limits, reader: ChunkReader::new(limits), window_bytes: 0, acked_bytes: 0, commands: 0 }
    }

    /// Takes bytes; gives an acknowledgement when the peer's window asks for one.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<Option<Bytes>, RtmpError> {
        self.reader.push(bytes)?;
        let received = self.reader.received_bytes;
        if self.window_bytes > 0 && received.wrapping_sub(self.acked_bytes) >= self.window_bytes {
            self.acked_bytes = received;
            return Ok(Some(message(2, kind::ACK, 0, 0, &received.to_be_bytes())));
        }
        Ok(None)
    }

    /// The next message that is not protocol control. `reply` takes what must be sent at once.
    /// Commands and data marked AMF3 come out as AMF0: encoders that mark them so put a zero byte in front of AMF0.
    pub(crate) fn next(&mut self, reply: &mut dyn FnMut(Bytes)) -> Result<Option<Message>, RtmpError> {
        while let Some(mut m) = self.reader.next()? {
            let number = m.body.get(..4).map(|b| u32::from_be_bytes([b[0], b[1], b[2], b[3]]));
            match m.type_id {
                kind::SET_CHUNK_SIZE => self.reader.set_chunk_bytes(number.unwrap_or(0))?,
                kind::ABORT => self.reader.abort(number.unwrap_or(0)),
                kind::WINDOW_ACK_SIZE => self.window_bytes = number.unwrap_or(0),
                kind::USER_CONTROL => {
                    // Ping request 6 is answered by 7 with the same time (§7.1.7); the rest is for players.
                    if let [0, 6, time @ ..] = &m.body[..]
                        && time.len() >= 4
                    {
                        let pong = [0, 7, time[0], time[1], time[2], time[3]];
                        reply(message(2, kind::USER_CONTROL, 0, 0, &pong));
                    }
                }
                kind::COMMAND | kind::COMMAND_AMF3 => {
                    self.commands += 1;
                    if self.commands > self.limits.commands {
                        return Err(RtmpError::TooManyCommands { limit: self.limits.commands });
                    }
                    to_amf0(&mut m, kind::COMMAND_AMF3, kind::COMMAND);
                    return Ok(Some(m));
                }
                kind::DATA | kind::DATA_AMF3 => {
                    to_amf0(&mut m, kind::DATA_AMF3, kind::DATA);
                    return Ok(Some(m));
                }
                kind::AUDIO | kind::VIDEO => return Ok(Some(m)),
                _ => {}
            }
        }
        Ok(None)
    }
}

fn to_amf0(m: &mut Message, amf3: u8, amf0: u8) {
    if m.type_id == amf3 && m.body.first() == Some(&0) {
        m.body.advance(1);
    }
    m.type_id = amf0;
}

/// A checked command as `rml_rtmp` shall read it: full header, chunks of [`crate::OUT_CHUNK_BYTES`].
pub(crate) fn command_for_session(m: &Message) -> Bytes {
    message(3, kind::COMMAND, m.stream_id, 0, &m.body)
}

/// What tells `rml_rtmp` the chunk size of [`command_for_session`].
pub(crate) fn chunk_size_message() -> Bytes {
    message(2, kind::SET_CHUNK_SIZE, 0, 0, &(crate::OUT_CHUNK_BYTES as u32).to_be_bytes())
}

//! What can go wrong on a connection, and how much a peer may ask of us.

/// What one peer may make us hold. The defaults are those of the house's table of limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Largest chunk size the peer may announce. Encoders in the field use 128..=65 536.
    pub chunk_bytes: usize,
    /// Largest audio or video message: a 4K keyframe at a high rate stays below.
    pub message_bytes: usize,
    /// Largest command or data message; `connect` and `onMetaData` are below 2 KiB in practice.
    pub command_bytes: usize,
    /// Chunk streams in use at once; encoders use 3 to 6.
    pub chunk_streams: usize,
    /// Bytes held for the peer in all: unparsed input and unfinished messages.
    pub buffered_bytes: usize,
    /// Commands over the life of a connection; a session needs about ten.
    pub commands: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            chunk_bytes: 64 << 10,
            message_bytes: 8 << 20,
            command_bytes: 64 << 10,
            chunk_streams: 64,
            buffered_bytes: 16 << 20,
            commands: 1024,
        }
    }
}

/// Why a connection cannot go on. All are final: send what [`poll`](crate::ServerConn::poll) still holds, then close.
#[derive(Debug, thiserror::Error, Clone, PartialEq, Eq)]
pub enum RtmpError {
    /// The first bytes are no RTMP handshake.
    #[error("reading the RTMP handshake: {0}")]
    Handshake(String),
    /// The peer announced a chunk size outside 1..=limit.
    #[error("peer announced a chunk size of {size} bytes (allowed 1..={limit})")]
    ChunkSize {
        /// What it announced.
        size: u32,
        /// What is allowed.
        limit: usize,
    },
    /// A message longer than its kind may be.
    #[error("peer announced a message of type {type_id} with {size} bytes (allowed {limit})")]
    MessageTooLong {
        /// RTMP message type.
        type_id: u8,
        /// Announced length.
        size: usize,
        /// What is allowed.
        limit: usize,
    },
    /// More chunk streams than any encoder uses.
    #[error("peer opened more than {limit} chunk streams")]
    TooManyChunkStreams {
        /// What is allowed.
        limit: usize,
    },
    /// A compressed chunk header on a chunk stream that never had a full one.
    #[error("chunk stream {csid} began without a full header")]
    NoPreviousHeader {
        /// Chunk stream id.
        csid: u32,
    },
    /// A new message header in the middle of an unfinished message.
    #[error("chunk stream {csid} began a new message inside an unfinished one")]
    BrokenMessage {
        /// Chunk stream id.
        csid: u32,
    },
    /// The peer made us hold too much.
    #[error("peer has {size} bytes waiting (allowed {limit})")]
    TooMuchBuffered {
        /// Held now.
        size: usize,
        /// What is allowed.
        limit: usize,
    },
    /// An AMF0 value that is cut short, too deep or of an unknown kind.
    #[error("reading an AMF0 command: {0}")]
    Amf(&'static str),
    /// More commands than a session needs.
    #[error("peer sent more than {limit} commands")]
    TooManyCommands {
        /// What is allowed.
        limit: usize,
    },
    /// A command that makes no sense in this state.
    #[error("RTMP session: {0}")]
    Session(String),
    /// Told to send before the peer accepted, or to answer where nothing was asked.
    #[error("called out of order: {0}")]
    Order(&'static str),
}

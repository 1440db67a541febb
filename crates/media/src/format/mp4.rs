//! MP4 (ISO/IEC 14496-12 and -15): recording, recovering, reading, and fragments for live HLS.
//!
//! * [`HybridWriter`] writes a slice: fragments while open, a standard progressive file once finalised, in place.
//! * [`recover`] does the same finalising for a file whose writer was killed.
//! * [`Mp4Reader`] reads progressive and fragmented files, ours and others'.
//! * [`init_segment`] and [`segment`] make fMP4 for HLS.
//!
//! Sans-io: writers return [`WriteOp`]s, readers ask a [`ReadAt`]. Boxes are written by hand: edit lists, decode times
//! that continue across writers and checked limits are what the MP4 crates we tried cannot give; one of them reads our
//! files in the tests instead.

mod boxes;
mod fields;
mod finalise;
mod fmp4;
mod fragment;
mod hybrid;
mod moof;
mod moov;
mod reader;
mod recover;
mod stbl;
mod table;

pub use finalise::Finalised;
pub use fmp4::{init_segment, segment};
pub use hybrid::HybridWriter;
pub use reader::{Mp4Reader, Sample};
pub use recover::{Recovery, recover};

use crate::error::{Error, Result};
use bytes::Bytes;
use std::io;

/// Bytes that belong at an offset of the file. The caller writes them in the order given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WriteOp {
    /// From the start of the file.
    pub offset: u64,
    /// What to write there.
    pub bytes: Bytes,
}

/// Random access to a file, implemented by the caller (and here for files, slices and `Bytes`).
pub trait ReadAt {
    /// Reads some bytes at `offset`; 0 means the end. Like `std::os::unix::fs::FileExt::read_at`.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;
    /// Bytes in the file.
    fn size_bytes(&self) -> io::Result<u64>;
}

impl ReadAt for [u8] {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|at| self.get(at..)).unwrap_or(&[]);
        let count = rest.len().min(buffer.len());
        buffer[..count].copy_from_slice(&rest[..count]);
        Ok(count)
    }

    fn size_bytes(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, buffer)
    }

    fn size_bytes(&self) -> io::Result<u64> {
        (**self).size_bytes()
    }
}

impl ReadAt for Bytes {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self[..].read_at(offset, buffer)
    }

    fn size_bytes(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

/// An open file. Here because callers cannot (the orphan rule); the file is theirs.
#[cfg(unix)]
impl ReadAt for std::fs::File {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, buffer, offset)
    }

    fn size_bytes(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

/// Fills `buffer` from `offset`, or [`Error::Damaged`] at the end of the file.
fn read_exact_at(file: &(impl ReadAt + ?Sized), mut offset: u64, mut buffer: &mut [u8]) -> Result<()> {
    while !buffer.is_empty() {
        match file.read_at(offset, buffer) {
            Ok(0) => return Err(Error::Damaged("the file ends too early")),
            Ok(count) => {
                let count = count.min(buffer.len());
                offset += count as u64;
                buffer = &mut buffer[count..];
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::Io(error.to_string())),
        }
    }
    Ok(())
}

fn file_size(file: &(impl ReadAt + ?Sized)) -> Result<u64> {
    file.size_bytes().map_err(|error| Error::Io(error.to_string()))
}

/// A box of a file, not read yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileBox {
    kind: [u8; 4],
    offset: u64,
    header_bytes: u64,
    /// With header.
    size_bytes: u64,
}

impl FileBox {
    fn end(&self) -> u64 {
        self.offset + self.size_bytes
    }
}

/// The top-level box at `offset` (§4.2). `None` when no whole box starts there: the end, a cut file, or garbage.
fn file_box(file: &(impl ReadAt + ?Sized), offset: u64, file_bytes: u64) -> Result<Option<FileBox>> {
    let left = file_bytes.saturating_sub(offset);
    if left < 8 {
        return Ok(None);
    }
    let mut head = [0; 16];
    let got = left.min(16) as usize;
    read_exact_at(file, offset, &mut head[..got])?;
    let [a, b, c, d, k0, k1, k2, k3, large @ ..] = head;
    let (header_bytes, size_bytes) = match u32::from_be_bytes([a, b, c, d]) {
        0 => (8, left),
        1 if got < 16 => return Ok(None),
        1 => (16, u64::from_be_bytes(large)),
        size => (8, u64::from(size)),
    };
    if size_bytes < header_bytes || size_bytes > left {
        return Ok(None);
    }
    Ok(Some(FileBox { kind: [k0, k1, k2, k3], offset, header_bytes, size_bytes }))
}

/// The payload of a box that must fit into memory.
fn read_payload(file: &(impl ReadAt + ?Sized), found: &FileBox, max_bytes: u64) -> Result<Vec<u8>> {
    let len = found.size_bytes - found.header_bytes;
    if len > max_bytes {
        return Err(Error::Damaged("a header box is larger than we read"));
    }
    let mut payload = vec![0; len as usize];
    read_exact_at(file, found.offset + found.header_bytes, &mut payload)?;
    Ok(payload)
}

/// Largest `moov` read: 12 h of our own recordings are 52 MB.
const MAX_MOOV_BYTES: u64 = 128 << 20;
/// Largest `moof` read: 60 s at 100 samples a second are 100 kB.
const MAX_MOOF_BYTES: u64 = 16 << 20;
/// Most samples of a file: 12 h of 30 fps video and 50 AAC frames a second are 3.5 million.
const MAX_SAMPLES: usize = 4_000_000;
/// Timescale of `mvhd` and of edit durations.
const MOVIE_TIMESCALE: u32 = 90_000;

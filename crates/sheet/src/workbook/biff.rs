//! Records of an old .xls (MS-XLS, BIFF8 and BIFF5): where one begins and ends, and the texts in them. Every length is
//! checked against what is there.

use super::cfb::{u16_at, u32_at};
use encoding_rs::{Encoding, GBK};

/// A record with the continue records after it.
pub(super) struct Record<'a> {
    pub(super) kind: u16,
    pub(super) data: &'a [u8],
    pub(super) more: Vec<&'a [u8]>,
}

/// The records of a stream from an offset on, until it ends or breaks.
pub(super) struct Records<'a> {
    rest: &'a [u8],
}

/// MS-XLS 2.4.58: what a record of more than 8,224 bytes goes on in.
const CONTINUE: u16 = 0x003C;

impl<'a> Records<'a> {
    pub(super) fn from(stream: &'a [u8], offset: usize) -> Self {
        Self { rest: stream.get(offset..).unwrap_or_default() }
    }

    fn one(&mut self) -> Option<(u16, &'a [u8])> {
        let (kind, len) = (u16_at(self.rest, 0)?, u16_at(self.rest, 2)?);
        let data = self.rest.get(4..4 + usize::from(len))?;
        self.rest = &self.rest[4 + data.len()..];
        Some((kind, data))
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Record<'a>;

    fn next(&mut self) -> Option<Record<'a>> {
        let (kind, data) = self.one()?;
        let mut more = Vec::new();
        while u16_at(self.rest, 0) == Some(CONTINUE) {
            more.push(self.one()?.1);
        }
        Some(Record { kind, data, more })
    }
}

/// How a workbook writes texts.
#[derive(Clone, Copy)]
pub(super) struct Script {
    /// BIFF8: UTF-16 or its lower halves. Before it, bytes in the code page.
    pub(super) unicode: bool,
    /// Of the code page.
    pub(super) bytes: &'static Encoding,
}

impl Script {
    /// MS-XLS 2.4.52: 936 is GBK, 950 Big5, 1252 Latin; anything else is taken for GBK, the usual one here.
    pub(super) fn code_page(&mut self, page: u16) {
        self.bytes = match page {
            950 => encoding_rs::BIG5,
            932 => encoding_rs::SHIFT_JIS,
            1252 | 0x8001 => encoding_rs::WINDOWS_1252,
            _ => GBK,
        };
    }

    /// A text whose count of characters takes `count` bytes (1 or 2).
    pub(super) fn text(self, data: &[u8], count: usize) -> Option<String> {
        let chars = match count {
            1 => usize::from(*data.first()?),
            _ => usize::from(u16_at(data, 0)?),
        };
        if !self.unicode {
            let end = data.len().min(count + chars);
            return Some(self.bytes.decode(data.get(count..end)?).0.into_owned());
        }
        let wide = data.get(count)? & 1 != 0;
        Some(units(data.get(count + 1..)?, chars, wide).0)
    }
}

/// Up to `chars` characters and how many bytes they took.
fn units(data: &[u8], chars: usize, wide: bool) -> (String, usize) {
    let size = if wide { 2 } else { 1 };
    let chars = chars.min(data.len() / size);
    let units: Vec<u16> = match wide {
        true => (0..chars).filter_map(|n| u16_at(data, 2 * n)).collect(),
        false => data[..chars].iter().map(|b| u16::from(*b)).collect(),
    };
    (String::from_utf16_lossy(&units), chars * size)
}

/// MS-XLS 2.4.265: every text of the workbook once. A text may go on in the next record, which then begins with its own
/// width (2.5.293).
pub(super) fn shared_texts(record: &Record<'_>) -> Vec<String> {
    let mut pieces = Pieces { at: 8, part: 0, record };
    let mut texts = Vec::new();
    while let Some(text) = pieces.text() {
        texts.push(text);
    }
    texts
}

struct Pieces<'a, 'b> {
    record: &'b Record<'a>,
    part: usize,
    at: usize,
}

impl<'a> Pieces<'a, '_> {
    fn rest(&self) -> Option<&'a [u8]> {
        match self.part {
            0 => self.record.data.get(self.at..),
            n => self.record.more.get(n - 1)?.get(self.at..),
        }
    }

    /// What is left of the part, or the next part with something in it.
    fn some(&mut self) -> Option<&'a [u8]> {
        loop {
            match self.rest() {
                Some(rest) if !rest.is_empty() => return Some(rest),
                _ if self.part < self.record.more.len() => (self.part, self.at) = (self.part + 1, 0),
                _ => return None,
            }
        }
    }

    fn skip(&mut self, mut bytes: usize) -> Option<()> {
        while bytes > 0 {
            let step = self.some()?.len().min(bytes);
            self.at += step;
            bytes -= step;
        }
        Some(())
    }

    fn text(&mut self) -> Option<String> {
        let head = self.some()?;
        let mut left = usize::from(u16_at(head, 0)?);
        let flags = *head.get(2)?;
        self.at += 3;
        let mut tail = 0;
        if flags & 8 != 0 {
            tail += 4 * usize::from(u16_at(self.rest()?, 0)?);
            self.at += 2;
        }
        if flags & 4 != 0 {
            tail += u32_at(self.rest()?, 0)? as usize;
            self.at += 4;
        }
        let mut text = String::new();
        let mut wide = flags & 1 != 0;
        while left > 0 {
            let part = self.part;
            let mut rest = self.some()?;
            if self.part != part {
                wide = rest[0] & 1 != 0;
                self.at += 1;
                rest = &rest[1..];
            }
            let (piece, bytes) = units(rest, left, wide);
            if bytes == 0 {
                return None;
            }
            left -= bytes / if wide { 2 } else { 1 };
            self.at += bytes;
            text.push_str(&piece);
        }
        self.skip(tail)?;
        Some(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_text_goes_on_in_the_next_record() {
        // "数学" in the first record wide, "AB" narrow in its continuation; then a rich text with one run.
        let mut first = vec![0; 8];
        first.extend([4, 0, 1, 0x70, 0x65, 0x66, 0x5B]);
        let second = [0, b'A', b'B', 1, 0, 8, 1, 0, b'X', 9, 9, 9, 9, 1, 0, 0, b'Y'];
        let record = Record { kind: 0xFC, data: &first, more: vec![&second] };
        assert_eq!(shared_texts(&record), ["数学AB", "X", "Y"]);
    }

    #[test]
    fn a_record_that_claims_more_than_there_is_ends_the_stream() {
        assert_eq!(Records::from(&[5, 0, 9, 0, 1], 0).count(), 0);
        assert_eq!(Records::from(&[5, 0, 1, 0, 1], 9).count(), 0);
    }
}

//! NAL units in both bitstream forms.
//!
//! *Annex B*: each unit behind a start code 00 00 01 or 00 00 00 01 (ITU-T H.264 Annex B). *AVCC*: each unit behind a
//! big-endian length of 1, 2 or 4 bytes (ISO/IEC 14496-15 §5.3.4.2.1); a [`Packet`](crate::Packet) always has 4.

use crate::error::{Result, malformed, truncated};
use bytes::{BufMut, Bytes, BytesMut};

/// Units of an Annex B bitstream without start codes; empty units are left out, trailing zeros are cut off.
pub fn annex_b_nals(data: &[u8]) -> AnnexBNals<'_> {
    let rest = match find_start_code(data) {
        Some((_, after)) => &data[after..],
        None => &[],
    };
    AnnexBNals { rest }
}

/// Iterator of [`annex_b_nals`].
#[derive(Debug, Clone)]
pub struct AnnexBNals<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for AnnexBNals<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let (unit, rest) = match find_start_code(self.rest) {
                Some((at, after)) => (&self.rest[..at], &self.rest[after..]),
                None => (self.rest, &self.rest[self.rest.len()..]),
            };
            self.rest = rest;
            let len = unit.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
            if len > 0 {
                return Some(&unit[..len]);
            }
        }
        None
    }
}

/// Where the first 00 00 01 is, and where the bytes behind it begin.
fn find_start_code(data: &[u8]) -> Option<(usize, usize)> {
    data.windows(3).position(|three| three == [0, 0, 1]).map(|at| (at, at + 3))
}

/// Units of an AVCC bitstream with lengths of `length_size` bytes (1, 2 or 4; others read as 4). Yields one error and
/// ends when a length runs past the end. Empty units are left out.
pub fn avcc_nals(data: &[u8], length_size: u8) -> AvccNals<'_> {
    let length_size = if matches!(length_size, 1 | 2) { usize::from(length_size) } else { 4 };
    AvccNals { rest: data, length_size }
}

/// Iterator of [`avcc_nals`].
#[derive(Debug, Clone)]
pub struct AvccNals<'a> {
    rest: &'a [u8],
    length_size: usize,
}

impl<'a> Iterator for AvccNals<'a> {
    type Item = Result<&'a [u8]>;

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let split = self.rest.split_at_checked(self.length_size).and_then(|(len, rest)| {
                let len = len.iter().fold(0usize, |sum, &byte| sum << 8 | usize::from(byte));
                rest.split_at_checked(len)
            });
            let Some((unit, rest)) = split else {
                self.rest = &[];
                return Some(Err(truncated("NAL unit (AVCC)")));
            };
            self.rest = rest;
            if !unit.is_empty() {
                return Some(Ok(unit));
            }
        }
        None
    }
}

/// Units → AVCC with 4-byte lengths.
pub fn to_avcc<'a>(units: impl IntoIterator<Item = &'a [u8]>) -> Bytes {
    let mut out = BytesMut::new();
    for unit in units {
        out.put_u32(unit.len() as u32);
        out.put_slice(unit);
    }
    out.freeze()
}

/// Annex B → AVCC with 4-byte lengths. Bytes without any start code give an empty result.
pub fn annex_b_to_avcc(data: &[u8]) -> Bytes {
    to_avcc(annex_b_nals(data))
}

/// AVCC with 4-byte lengths → Annex B with 4-byte start codes.
pub fn avcc_to_annex_b(data: &[u8]) -> Result<Bytes> {
    let mut out = BytesMut::with_capacity(data.len());
    for unit in avcc_nals(data, 4) {
        out.put_slice(&[0, 0, 0, 1]);
        out.put_slice(unit?);
    }
    Ok(out.freeze())
}

/// The access unit as a [`Packet`](crate::Packet) holds it: AVCC, 4-byte lengths, without the units `drop` names
/// (the parameter sets). Shares the bytes when nothing has to change.
pub fn normalise_avcc(data: &Bytes, length_size: u8, drop: impl Fn(&[u8]) -> bool) -> Result<Bytes> {
    let mut changed = length_size != 4;
    let mut units = 0usize;
    for unit in avcc_nals(data, length_size) {
        changed |= drop(unit?);
        units += 1;
    }
    if units == 0 {
        return Err(malformed("access unit", "no NAL units"));
    }
    if !changed {
        return Ok(data.clone());
    }
    Ok(to_avcc(avcc_nals(data, length_size).flatten().filter(|unit| !drop(unit))))
}

/// The raw byte sequence payload: the unit without emulation prevention bytes (ITU-T H.264 §7.4.1.1).
/// At most `max_bytes` of it are looked at.
pub fn unescape(unit: &[u8], max_bytes: usize) -> Vec<u8> {
    let unit = &unit[..unit.len().min(max_bytes)];
    let mut out = Vec::with_capacity(unit.len());
    let mut zeros = 0;
    for &byte in unit {
        if zeros >= 2 && byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        out.push(byte);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn walks_annex_b_with_both_start_codes_and_trailing_zeros() {
        let data = [0, 0, 0, 1, 0x67, 1, 2, 0, 0, 1, 0x68, 3, 0, 0, 0, 0, 1, 0x65, 0x80, 0, 0];
        let units: Vec<_> = annex_b_nals(&data).collect();
        assert_eq!(units, [&[0x67, 1, 2][..], &[0x68, 3], &[0x65, 0x80]]);
        assert_eq!(annex_b_nals(&[1, 2, 3]).count(), 0);
    }

    #[test]
    fn avcc_and_annex_b_convert_both_ways() {
        let avcc = to_avcc([&[0x65, 1, 2][..], &[0x41, 9]]);
        let annex_b = avcc_to_annex_b(&avcc).unwrap();
        assert_eq!(annex_b_to_avcc(&annex_b), avcc);
    }

    #[test]
    fn a_length_past_the_end_is_an_error_and_ends_the_walk() {
        let units: Vec<_> = avcc_nals(&[0, 0, 0, 1, 0x65, 0, 0, 0, 9, 1], 4).collect();
        assert_eq!(units.len(), 2);
        assert!(units[1].is_err());
    }

    #[test]
    fn normalising_shares_bytes_unless_something_changes() {
        let avcc = to_avcc([&[0x67, 1][..], &[0x65, 2]]);
        let same = normalise_avcc(&avcc, 4, |_| false).unwrap();
        assert_eq!(same.as_ptr(), avcc.as_ptr());
        let without_sps = normalise_avcc(&avcc, 4, |unit| unit[0] == 0x67).unwrap();
        assert_eq!(&without_sps[..], [0, 0, 0, 2, 0x65, 2]);
        let widened = normalise_avcc(&Bytes::from_static(&[0, 2, 0x65, 2]), 2, |_| false).unwrap();
        assert_eq!(widened, without_sps);
    }

    #[test]
    fn unescape_removes_emulation_prevention() {
        assert_eq!(unescape(&[0, 0, 3, 1, 0, 0, 3, 0, 0, 3], 100), [0, 0, 1, 0, 0, 0, 0]);
    }
}

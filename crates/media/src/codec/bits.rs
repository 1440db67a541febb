//! A bit reader that never reads past its end, with Exp-Golomb codes (ITU-T H.264 §9.1).

use crate::error::{Result, malformed, truncated};

/// Reads bits, most significant first.
#[derive(Debug, Clone)]
pub struct BitReader<'a> {
    data: &'a [u8],
    pos_bits: usize,
    what: &'static str,
}

impl<'a> BitReader<'a> {
    /// Over `data`; `what` names the structure in errors.
    pub fn new(data: &'a [u8], what: &'static str) -> Self {
        Self { data, pos_bits: 0, what }
    }

    /// One bit.
    pub fn flag(&mut self) -> Result<bool> {
        let byte = self.data.get(self.pos_bits / 8).ok_or(truncated(self.what))?;
        let bit = byte >> (7 - self.pos_bits % 8) & 1;
        self.pos_bits += 1;
        Ok(bit == 1)
    }

    /// `count` bits, 0..=32.
    pub fn bits(&mut self, count: u32) -> Result<u32> {
        debug_assert!(count <= 32);
        let mut value = 0u64;
        for _ in 0..count {
            value = value << 1 | u64::from(self.flag()?);
        }
        Ok(value as u32)
    }

    /// Passes over `count` bits.
    pub fn skip(&mut self, count: usize) -> Result<()> {
        let end = self.pos_bits.checked_add(count).ok_or(truncated(self.what))?;
        if end > self.data.len() * 8 {
            return Err(truncated(self.what));
        }
        self.pos_bits = end;
        Ok(())
    }

    /// `ue(v)`, at most 32 bits of value.
    pub fn ue(&mut self) -> Result<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return Err(malformed(self.what, "Exp-Golomb code longer than 32 bits"));
            }
        }
        Ok(((1u64 << zeros) - 1 + u64::from(self.bits(zeros)?)) as u32)
    }

    /// `se(v)`.
    pub fn se(&mut self) -> Result<i32> {
        let code = i64::from(self.ue()?);
        Ok((if code % 2 == 1 { (code + 1) / 2 } else { -(code / 2) }) as i32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_exp_golomb_codes() {
        // 1 | 010 | 011 | 00100 → 0 1 2 3
        let mut bits = BitReader::new(&[0b1010_0110, 0b0100_0000], "test");
        assert_eq!((0..4).map(|_| bits.ue().unwrap()).collect::<Vec<_>>(), [0, 1, 2, 3]);
        let mut bits = BitReader::new(&[0b1010_0110, 0b0100_0000], "test");
        assert_eq!((0..4).map(|_| bits.se().unwrap()).collect::<Vec<_>>(), [0, 1, -1, 2]);
    }

    #[test]
    fn refuses_a_code_of_zeros_and_the_end() {
        assert!(BitReader::new(&[0; 16], "test").ue().is_err());
        assert!(BitReader::new(&[], "test").flag().is_err());
        assert!(BitReader::new(&[1], "test").skip(9).is_err());
    }
}

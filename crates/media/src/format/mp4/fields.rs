//! Reading boxes that are in memory: every read is checked, an end too early is [`Error::Damaged`].

use crate::error::{Error, Result};

/// A cursor over the content of a box.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    pub rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub fn new(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    pub fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let split = self.rest.split_at_checked(count);
        let (taken, rest) = split.ok_or(Error::Damaged("a box is shorter than its fields"))?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    pub fn u8(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    pub fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub fn i32(&mut self) -> Result<i32> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    pub fn u64(&mut self) -> Result<u64> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    /// 32 or 64 bits, by the box's version.
    pub fn uint(&mut self, is_64: bool) -> Result<u64> {
        if is_64 { self.u64() } else { Ok(u64::from(self.u32()?)) }
    }

    /// Version and flags of a `FullBox`.
    pub fn version_flags(&mut self) -> Result<(u8, u32)> {
        let word = self.u32()?;
        Ok(((word >> 24) as u8, word & 0xff_ffff))
    }

    /// An entry count, checked against the bytes that are there before anything is allocated.
    pub fn count(&mut self, entry_bytes: usize) -> Result<usize> {
        let count = self.u32()? as usize;
        if count.checked_mul(entry_bytes).is_none_or(|bytes| bytes > self.rest.len()) {
            return Err(Error::Damaged("a table announces more entries than it has"));
        }
        Ok(count)
    }
}

/// The boxes inside a box: type and content. Ends after the first error.
pub(super) fn boxes(data: &[u8]) -> Boxes<'_> {
    Boxes { rest: data }
}

/// Iterator of [`boxes`].
#[derive(Debug, Clone)]
pub(super) struct Boxes<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Boxes<'a> {
    type Item = Result<([u8; 4], &'a [u8])>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.len() < 8 {
            return None; // QuickTime ends some containers with four zero bytes
        }
        let item = take_box(&mut self.rest);
        if item.is_err() {
            self.rest = &[];
        }
        Some(item)
    }
}

fn take_box<'a>(rest: &mut &'a [u8]) -> Result<([u8; 4], &'a [u8])> {
    let whole = *rest;
    let mut fields = Fields::new(whole);
    let size = fields.u32()?;
    let kind = fields.array()?;
    let (size, header) = match size {
        0 => (whole.len() as u64, 8),
        1 => (fields.u64()?, 16),
        size => (u64::from(size), 8),
    };
    if size < header || size > whole.len() as u64 {
        return Err(Error::Damaged("a box is larger than the box around it"));
    }
    *rest = &whole[size as usize..];
    Ok((kind, &whole[header as usize..size as usize]))
}

/// The first box of a type, if there is one.
pub(super) fn find<'a>(data: &'a [u8], kind: &[u8; 4]) -> Result<Option<&'a [u8]>> {
    for item in boxes(data) {
        let (found, content) = item?;
        if &found == kind {
            return Ok(Some(content));
        }
    }
    Ok(None)
}

/// The first box of a type, which must be there; `what` names it in the error.
pub(super) fn need<'a>(data: &'a [u8], kind: &[u8; 4], what: &'static str) -> Result<&'a [u8]> {
    find(data, kind)?.ok_or(Error::Damaged(what))
}

//! Compound files (MS-CFB), as far as is needed to look into an old .xls before calamine does: every chain of sectors is
//! walked once with a bound, for a chain that bites its tail would fill the memory.

use crate::SheetError;

/// MS-CFB 2.2: the first eight bytes.
pub(super) const SIGNATURE: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
/// MS-CFB 2.1: sector numbers from here on are marks (end of chain, free).
const SECTOR_MAX: u32 = 0xFFFF_FFFA;
/// MS-CFB 2.6.1: shorter streams lie in the mini stream.
const MINI_BELOW_BYTES: u64 = 4096;

/// A compound file whose chains are sound.
pub(super) struct Compound<'a> {
    bytes: &'a [u8],
    sector_bytes: usize,
    fat: Vec<u32>,
    mini_fat: Vec<u32>,
    mini: Vec<u8>,
    streams: Vec<Entry>,
}

struct Entry {
    name: String,
    start: u32,
    bytes: u64,
}

fn broken() -> SheetError {
    SheetError::Damaged("compound file".to_owned())
}

pub(super) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at + 2)?.try_into().ok().map(u16::from_le_bytes)
}

pub(super) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at + 4)?.try_into().ok().map(u32::from_le_bytes)
}

impl<'a> Compound<'a> {
    /// Walks header, FAT, directory and mini stream.
    pub(super) fn open(bytes: &'a [u8]) -> Result<Self, SheetError> {
        Self::try_open(bytes).ok_or_else(broken)
    }

    fn try_open(bytes: &'a [u8]) -> Option<Self> {
        let sector_bytes = match u16_at(bytes, 30)? {
            9 => 512,
            12 => 4096,
            _ => return None,
        };
        let mut file =
            Self { bytes, sector_bytes, fat: vec![], mini_fat: vec![], mini: vec![], streams: vec![] };
        // MS-CFB 2.5: 109 FAT sectors stand in the header, further ones in a chain of their own.
        let mut difat: Vec<u32> = (0..109).filter_map(|n| u32_at(bytes, 76 + 4 * n)).collect();
        let mut next = u32_at(bytes, 68)?;
        for _ in 0..=bytes.len() / sector_bytes {
            if next >= SECTOR_MAX {
                break;
            }
            let sector = file.sector(next)?;
            let last = sector_bytes - 4;
            difat.extend((0..last / 4).filter_map(|n| u32_at(sector, 4 * n)));
            next = u32_at(sector, last)?;
        }
        if next < SECTOR_MAX {
            return None;
        }
        let mut fat = Vec::new();
        let mut seen = std::collections::BTreeSet::new();
        for id in difat.into_iter().filter(|id| *id < SECTOR_MAX) {
            if !seen.insert(id) {
                return None;
            }
            let sector = file.sector(id)?;
            fat.extend((0..sector.len() / 4).filter_map(|n| u32_at(sector, 4 * n)));
        }
        file.fat = fat;
        let directory = file.chain(u32_at(bytes, 48)?)?;
        file.streams = directory.chunks_exact(128).filter_map(entry).collect();
        let root = directory.chunks_exact(128).next().and_then(entry)?;
        if u32_at(bytes, 64)? > 0 {
            let mini_fat = file.chain(u32_at(bytes, 60)?)?;
            file.mini_fat = (0..mini_fat.len() / 4).filter_map(|n| u32_at(&mini_fat, 4 * n)).collect();
            file.mini = file.chain(root.start)?;
        }
        Some(file)
    }

    /// Whether there is a stream of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.streams.iter().any(|s| s.name.eq_ignore_ascii_case(name))
    }

    /// The bytes of a stream.
    pub(super) fn stream(&self, name: &str) -> Result<Vec<u8>, SheetError> {
        let entry = self.streams.iter().find(|s| s.name.eq_ignore_ascii_case(name)).ok_or_else(broken)?;
        let mut bytes = match entry.bytes < MINI_BELOW_BYTES {
            true => self.mini_chain(entry.start),
            false => self.chain(entry.start),
        }
        .ok_or_else(broken)?;
        bytes.truncate(usize::try_from(entry.bytes).unwrap_or(usize::MAX));
        Ok(bytes)
    }

    fn sector(&self, id: u32) -> Option<&'a [u8]> {
        // The header takes one sector's place (MS-CFB 2.2); the last sector may be short.
        let start = (id as usize).checked_add(1)?.checked_mul(self.sector_bytes)?;
        let rest = self.bytes.get(start..)?;
        (!rest.is_empty()).then(|| &rest[..rest.len().min(self.sector_bytes)])
    }

    /// The sectors of a chain, none twice: never longer than the file.
    fn chain(&self, mut id: u32) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        for _ in 0..=self.fat.len() {
            if id >= SECTOR_MAX {
                return Some(out);
            }
            out.extend_from_slice(self.sector(id)?);
            if out.len() > self.bytes.len() {
                return None;
            }
            id = *self.fat.get(id as usize)?;
        }
        None
    }

    fn mini_chain(&self, mut id: u32) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        for _ in 0..=self.mini_fat.len() {
            if id >= SECTOR_MAX {
                return Some(out);
            }
            let start = id as usize * 64;
            let rest = self.mini.get(start..)?;
            out.extend_from_slice(&rest[..rest.len().min(64)]);
            id = *self.mini_fat.get(id as usize)?;
        }
        None
    }
}

/// MS-CFB 2.6.1: 128 bytes, name in UTF-16, start at 116, size at 120.
fn entry(bytes: &[u8]) -> Option<Entry> {
    let units: Vec<u16> = (0..32).filter_map(|n| u16_at(bytes, 2 * n)).take_while(|u| *u != 0).collect();
    let size = u64::from(u32_at(bytes, 120)?);
    Some(Entry { name: String::from_utf16_lossy(&units), start: u32_at(bytes, 116)?, bytes: size })
}

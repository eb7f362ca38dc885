//! One partition of one sink: chunks in memory, then extents in the spill file.

use super::spill::{Extent, SpillFile};
use std::io;

/// Largest size of a chunk: growth in these steps wastes little, unlike one doubling buffer.
pub(super) const CHUNK_BYTES_MAX: usize = 16 * 1024;

/// Packed records of one partition, in the order in which they came, with the names of their devices.
#[derive(Debug, Default)]
pub struct Partition {
    /// Device names by their number in this partition.
    pub(super) names: Vec<String>,
    spilled: Vec<Extent>,
    chunks: Vec<Vec<u8>>,
    /// Bytes of memory that the chunks have.
    in_memory: usize,
}

impl Partition {
    /// Appends a record that `write` writes, in chunks of so many bytes; the bytes of memory that this took. A chunk has
    /// room for a usual record.
    pub(super) fn push(
        &mut self,
        (owner, key): (Owner<'_>, u64),
        chunk_bytes: usize,
        write: impl FnOnce(&mut Vec<u8>),
    ) -> usize {
        let before = self.in_memory;
        if self.chunks.last().is_none_or(|chunk| chunk.len() + 512 > chunk_bytes) {
            let chunk = Vec::with_capacity(chunk_bytes);
            self.in_memory += chunk.capacity();
            self.chunks.push(chunk);
        }
        if let Some(chunk) = self.chunks.last_mut() {
            let room = chunk.capacity();
            append_record(chunk, owner, key, write);
            self.in_memory += chunk.capacity() - room;
        }
        self.in_memory - before
    }

    /// Moves the chunks in memory to the file; the bytes of memory that became free.
    pub(super) fn spill(&mut self, file: &SpillFile) -> io::Result<usize> {
        for chunk in self.chunks.drain(..) {
            self.spilled.push(file.append(&chunk)?);
        }
        Ok(std::mem::take(&mut self.in_memory))
    }

    /// Bytes of memory that its records take.
    pub(super) const fn in_memory(&self) -> usize {
        self.in_memory
    }

    /// Pieces in the file, and their bytes.
    #[cfg(test)]
    pub(super) fn spilled(&self) -> (usize, usize) {
        (self.spilled.len(), self.spilled.iter().map(|extent| extent.length).sum())
    }

    /// Bytes in it.
    pub(super) fn len(&self) -> usize {
        let spilled: usize = self.spilled.iter().map(|extent| extent.length).sum();
        spilled + self.chunks.iter().map(Vec::len).sum::<usize>()
    }

    /// Appends bytes that another partition held; whole records, in order.
    pub(super) fn append(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.in_memory += bytes.capacity();
            self.chunks.push(bytes);
        }
    }

    /// All records; the partition keeps them.
    pub(super) fn copy(&self, file: Option<&SpillFile>) -> io::Result<Taken> {
        let mut chunks = self.read_back(file)?;
        chunks.extend(self.chunks.iter().cloned());
        Ok(Taken { names: self.names.clone(), chunks })
    }

    fn read_back(&self, file: Option<&SpillFile>) -> io::Result<Vec<Vec<u8>>> {
        let Some(file) = file else { return Ok(Vec::new()) };
        let read = |extent: &Extent| {
            let mut chunk = Vec::with_capacity(extent.length);
            file.read(*extent, &mut chunk)?;
            Ok(chunk)
        };
        self.spilled.iter().map(read).collect()
    }

    /// Shows every chunk, one at a time; the partition keeps them.
    pub(super) fn each_chunk(
        &self,
        file: Option<&SpillFile>,
        buffer: &mut Vec<u8>,
        mut show: impl FnMut(&[String], &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        for extent in &self.spilled {
            let Some(file) = file else { break };
            buffer.clear();
            file.read(*extent, buffer)?;
            show(&self.names, buffer)?;
        }
        self.chunks.iter().try_for_each(|chunk| show(&self.names, chunk))
    }

    /// Brings back what was moved to the file; every chunk holds whole records.
    pub(super) fn gather(mut self, file: Option<&SpillFile>) -> io::Result<Taken> {
        let mut chunks = self.read_back(file)?;
        chunks.append(&mut self.chunks);
        Ok(Taken { names: self.names, chunks })
    }

    /// Whether there is nothing in it.
    pub(super) fn is_empty(&self) -> bool {
        self.spilled.is_empty() && self.chunks.is_empty()
    }
}

/// The packed records of one partition from one sink.
#[derive(Debug)]
pub struct Taken {
    /// Device names by number.
    pub names: Vec<String>,
    /// Packed records, to read with [`next_record`]; none goes over the end of a chunk.
    pub chunks: Vec<Vec<u8>>,
}

impl Taken {
    /// Adds a record; its name or number is its owner's in the list of names.
    pub fn push(&mut self, owner: Owner<'_>, key: u64, record: &[u8]) {
        let is_full =
            self.chunks.last().is_none_or(|chunk| chunk.len() + record.len() + 64 > chunk.capacity());
        if is_full {
            self.chunks.push(Vec::with_capacity(CHUNK_BYTES_MAX.max(record.len() + 64)));
        }
        if let Some(chunk) = self.chunks.last_mut() {
            append_record(chunk, owner, key, |chunk| chunk.extend_from_slice(record));
        }
    }
}

/// Bytes before each record: number of its device, length of what follows, key.
const HEAD_BYTES: usize = 4 + 4 + 8;
/// Number of a device whose name stands before each of its records, since the list of names is full.
const NAMED: u32 = u32::MAX;
/// Longest name before a record, bytes. Names are cut to it when devices are told apart.
pub(super) const NAME_BYTES_MAX: usize = 512;

/// Whose a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner<'b> {
    /// The device of a number in the list of names.
    Number(u32),
    /// The device of a name.
    Name(&'b str),
}

impl<'b> Owner<'b> {
    /// The device's name, by the list of names that its records came with.
    pub fn name(self, names: &'b [String]) -> &'b str {
        match self {
            Self::Number(number) => names.get(number as usize).map(String::as_str).unwrap_or_default(),
            Self::Name(name) => name,
        }
    }
}

/// A packed record.
#[derive(Debug, Clone, Copy)]
pub struct Packed<'b> {
    /// Its device.
    pub owner: Owner<'b>,
    /// Hash of its connection's id; 0 for telemetry.
    pub key: u64,
    /// The record, to read with `undertone_wire::packed`.
    pub record: &'b [u8],
}

/// Appends a record that `write` writes.
pub(super) fn append_record(
    chunk: &mut Vec<u8>,
    owner: Owner<'_>,
    key: u64,
    write: impl FnOnce(&mut Vec<u8>),
) {
    let start = chunk.len();
    let number = if let Owner::Number(number) = owner { number } else { NAMED };
    chunk.extend_from_slice(&number.to_le_bytes());
    chunk.extend_from_slice(&[0; 4]);
    chunk.extend_from_slice(&key.to_le_bytes());
    if let Owner::Name(name) = owner {
        // Cut before: see NAME_BYTES_MAX.
        let length = u16::try_from(name.len()).unwrap_or_default();
        chunk.extend_from_slice(&length.to_le_bytes());
        chunk.extend_from_slice(name.get(..usize::from(length)).unwrap_or_default().as_bytes());
    }
    write(chunk);
    let length = u32::try_from(chunk.len() - start - HEAD_BYTES).unwrap_or(u32::MAX);
    if let Some(slot) = chunk.get_mut(start + 4..start + 8) {
        slot.copy_from_slice(&length.to_le_bytes());
    }
}

/// Bytes of the whole records at the start of some bytes.
pub(super) fn whole_records(bytes: &[u8]) -> usize {
    let mut rest = bytes;
    while next_record(&mut rest).is_some() {}
    bytes.len() - rest.len()
}

/// The next record of a chunk.
pub fn next_record<'b>(bytes: &mut &'b [u8]) -> Option<Packed<'b>> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (key, rest) = rest.split_first_chunk::<8>()?;
    let (record, rest) = rest.split_at_checked(usize::try_from(u32::from_le_bytes(*length)).ok()?)?;
    *bytes = rest;
    let key = u64::from_le_bytes(*key);
    match u32::from_le_bytes(*number) {
        NAMED => {
            let (length, rest) = record.split_first_chunk::<2>()?;
            let (name, record) = rest.split_at_checked(usize::from(u16::from_le_bytes(*length)))?;
            Some(Packed { owner: Owner::Name(std::str::from_utf8(name).ok()?), key, record })
        }
        number => Some(Packed { owner: Owner::Number(number), key, record }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_that_grow_are_counted() {
        let mut partition = Partition::default();
        let mut grown = 0;
        for length in [100, 9_000, 9_000, 40_000, 100, 200_000] {
            grown += partition
                .push((Owner::Number(0), 1), CHUNK_BYTES_MAX, |chunk| chunk.resize(chunk.len() + length, 7));
        }
        let held: usize = partition.chunks.iter().map(Vec::capacity).sum();
        assert!(held >= 258_200, "{held}");
        assert_eq!((grown, partition.in_memory()), (held, held));
        let file = SpillFile::create().unwrap();
        assert_eq!((partition.spill(&file).unwrap(), partition.in_memory()), (held, 0));
    }
}

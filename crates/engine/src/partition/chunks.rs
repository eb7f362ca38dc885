//! One partition of one sink: chunks in memory, then extents in the spill file.

use super::spill::{Extent, SpillFile};
use std::io;

/// Size of a chunk: growth in these steps wastes little, unlike one doubling buffer.
const CHUNK_BYTES: usize = 64 * 1024;

/// Packed records of one partition, in the order in which they came.
#[derive(Debug, Default)]
pub struct Partition {
    spilled: Vec<Extent>,
    chunks: Vec<Vec<u8>>,
}

impl Partition {
    /// The chunk to append to, with room for a usual record.
    pub(super) fn tail(&mut self) -> (&mut Vec<u8>, usize) {
        let is_full = self.chunks.last().is_none_or(|chunk| chunk.len() + 512 > CHUNK_BYTES);
        let grown = if is_full { CHUNK_BYTES } else { 0 };
        if is_full {
            self.chunks.push(Vec::with_capacity(CHUNK_BYTES));
        }
        let last = self.chunks.len() - 1;
        (&mut self.chunks[last], grown)
    }

    /// Moves the chunks in memory to the file; the bytes of memory that became free.
    pub(super) fn spill(&mut self, file: &SpillFile) -> io::Result<usize> {
        let mut freed = 0;
        for chunk in self.chunks.drain(..) {
            freed += chunk.capacity();
            self.spilled.push(file.append(&chunk)?);
        }
        Ok(freed)
    }

    /// Bytes in it.
    pub(super) fn len(&self) -> usize {
        let spilled: usize = self.spilled.iter().map(|extent| extent.length).sum();
        spilled + self.chunks.iter().map(Vec::len).sum::<usize>()
    }

    /// Appends bytes that another partition held; whole records, in order.
    pub(super) fn append(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.chunks.push(bytes);
        }
    }

    /// All bytes, gathered; the partition keeps them.
    pub(super) fn copy(&self, file: Option<&SpillFile>) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        if let Some(file) = file {
            for extent in &self.spilled {
                file.read(*extent, &mut bytes)?;
            }
        }
        for chunk in &self.chunks {
            bytes.extend_from_slice(chunk);
        }
        Ok(bytes)
    }

    /// All bytes, gathered; the partition is empty afterwards.
    pub(super) fn take(&mut self, file: Option<&SpillFile>) -> io::Result<Vec<u8>> {
        let in_file: usize = self.spilled.iter().map(|extent| extent.length).sum();
        let in_memory: usize = self.chunks.iter().map(Vec::len).sum();
        let mut bytes = Vec::with_capacity(in_file + in_memory);
        if let Some(file) = file {
            for extent in self.spilled.drain(..) {
                file.read(extent, &mut bytes)?;
            }
        }
        for chunk in self.chunks.drain(..) {
            bytes.extend_from_slice(&chunk);
        }
        Ok(bytes)
    }
}

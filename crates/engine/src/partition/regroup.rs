//! Records put together anew in parts: those of one device that is too large to be looked at whole, or devices that are
//! counted again later.

use super::chunks::{CHUNK_BYTES_MAX, Owner, Packed, Partition, next_record};
use super::spill::SpillFile;
use std::io;

/// Parts, in memory up to a budget and then in a temporary file of their own, which goes with them.
#[derive(Debug)]
pub(crate) struct Regroup {
    file: Option<SpillFile>,
    parts: Vec<Partition>,
    records: Vec<u64>,
    in_memory: usize,
    budget_bytes: usize,
}

impl Regroup {
    /// Empty parts.
    pub(crate) fn new(parts: usize, budget_bytes: usize) -> Self {
        Self {
            file: None,
            parts: (0..parts).map(|_| Partition::default()).collect(),
            records: vec![0; parts],
            in_memory: 0,
            budget_bytes,
        }
    }

    /// Parts in all.
    pub(crate) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Adds a record to a part.
    ///
    /// # Errors
    /// When the temporary file cannot be written.
    pub(crate) fn push(&mut self, part: usize, key: u64, record: &[u8]) -> io::Result<()> {
        let (Some(target), Some(records)) = (self.parts.get_mut(part), self.records.get_mut(part)) else {
            return Ok(());
        };
        *records += 1;
        self.in_memory +=
            target.push((Owner::Number(0), key), CHUNK_BYTES_MAX, |chunk| chunk.extend_from_slice(record));
        if self.in_memory > self.budget_bytes {
            let file = match self.file.take() {
                Some(file) => file,
                None => SpillFile::create()?,
            };
            let file = self.file.insert(file);
            for part in &mut self.parts {
                part.spill(file)?;
            }
            self.in_memory = 0;
        }
        Ok(())
    }

    /// Records of a part.
    pub(crate) fn records(&self, part: usize) -> u64 {
        self.records.get(part).copied().unwrap_or(0)
    }

    /// Shows the records of a part, in the order in which they came; the part keeps them.
    ///
    /// # Errors
    /// When spilled bytes cannot be read back, or what `show` says.
    pub(crate) fn each_record(
        &self,
        part: usize,
        mut show: impl FnMut(u64, &[u8]) -> io::Result<()>,
    ) -> io::Result<()> {
        let Some(part) = self.parts.get(part) else { return Ok(()) };
        part.each_chunk(self.file.as_ref(), &mut Vec::new(), |_, mut rest| {
            while let Some(Packed { key, record, .. }) = next_record(&mut rest) {
                show(key, record)?;
            }
            Ok(())
        })
    }

    /// The bytes of a part, in chunks of whole records; the part keeps them.
    ///
    /// # Errors
    /// When spilled bytes cannot be read back.
    pub(crate) fn chunks(&self, part: usize) -> io::Result<Vec<Vec<u8>>> {
        let Some(part) = self.parts.get(part) else { return Ok(Vec::new()) };
        Ok(part.copy(self.file.as_ref())?.chunks)
    }

    /// Frees a part.
    pub(crate) fn drop_part(&mut self, part: usize) {
        if let Some(part) = self.parts.get_mut(part) {
            *part = Partition::default();
        }
    }
}

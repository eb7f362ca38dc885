//! Devices without a series that may be a machine's. Nothing is to be decided about them, but their days and what they
//! reached are their past: where that is asked for they wait packed, in memory or in a temporary file, by the hash of
//! their id.

use super::devices::Device;
use super::kept;
use crate::partition::{Partitions, Regroup};
use bitcode::{Decode, DecodeOwned, Encode};
use std::io;
use undertone_core::device::DeviceReport;
use undertone_core::series::stable_hash;

/// Parts that devices lie in by their ids, so that one part is little.
pub(super) const PARTS: usize = Partitions::COUNT;

/// The part of a device.
pub(super) fn part_of(id: &str) -> usize {
    usize::try_from(stable_hash(id.as_bytes()) % PARTS as u64).unwrap_or(0)
}

/// Devices, packed.
#[derive(Debug)]
pub(super) struct Quiet(Regroup);

/// A device, packed.
#[derive(Encode, Decode)]
pub(super) struct PackedDevice {
    id: String,
    /// See [`kept`].
    pub(super) facts: Vec<u8>,
    pub(super) report: Vec<u8>,
}

impl Quiet {
    /// No devices; past a budget they move to a file.
    pub(super) fn new(budget_bytes: usize) -> Self {
        Self(Regroup::new(PARTS, budget_bytes))
    }

    /// Adds a device.
    ///
    /// # Errors
    /// A temporary file that cannot be written.
    pub(super) fn add(&mut self, device: &Device) -> io::Result<()> {
        let packed = PackedDevice {
            id: device.id.clone(),
            facts: kept::packed_facts(device),
            report: bitcode::encode(&device.report),
        };
        self.0.push(part_of(&device.id), 0, &bitcode::encode(&packed))
    }

    /// Shows the devices of a part.
    ///
    /// # Errors
    /// A temporary file that cannot be read, or what `show` says.
    pub(super) fn each(
        &self,
        part: usize,
        mut show: impl FnMut(PackedDevice) -> io::Result<()>,
    ) -> io::Result<()> {
        self.0.each_record(part, |_, record| show(decoded(record)?))
    }
}

impl PackedDevice {
    /// Its id and its report.
    ///
    /// # Errors
    /// Bytes that are not what was packed.
    pub(super) fn unpacked(self) -> io::Result<(String, DeviceReport)> {
        Ok((self.id, decoded(&self.report)?))
    }
}

/// What was packed by this run.
///
/// # Errors
/// Bytes that are something else: a temporary file that somebody wrote into.
pub(super) fn decoded<T: DecodeOwned>(bytes: &[u8]) -> io::Result<T> {
    bitcode::decode(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

//! Records by device, packed, in a fixed number of partitions that one thread at a time works on.
//!
//! A device's records always meet in one partition. Past the memory budget, partitions move to a temporary
//! file that has no name: nothing is left behind, however the process ends.

mod aliases;
mod chunks;
mod claims;
mod hours;
mod partitions;
mod regroup;
mod settings;
mod sink;
mod spill;
#[cfg(test)]
mod tests;
mod untaken;

pub use chunks::{Owner, Packed, Partition, Taken, next_record};
pub use claims::ClaimsCut;
pub use partitions::Partitions;
pub(crate) use regroup::Regroup;
pub use settings::{SinkCounts, SinkSettings};
pub use sink::PartitionSink;
pub(crate) use spill::{Extent, SpillFile};
pub use untaken::Untaken;

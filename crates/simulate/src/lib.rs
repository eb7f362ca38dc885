//! Stand-in for the fleet generator's public API until it lands: it makes an empty folder.

use std::path::Path;

/// How a fleet is made.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetOptions {
    /// Phones.
    pub devices: u32,
    /// UTC days.
    pub days: u32,
    /// Seed.
    pub seed: u64,
    /// Phones with an implant.
    pub infected: u32,
    /// Leave every implant out.
    pub clean: bool,
    /// Write what the phones say.
    pub edr: bool,
    /// Threads.
    pub threads: usize,
}

impl Default for FleetOptions {
    fn default() -> Self {
        Self { devices: 100, days: 1, seed: 1, infected: 5, clean: false, edr: true, threads: 0 }
    }
}

/// Why a fleet was not written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// An option is out of its range.
    #[error("`{option}` must be {range}")]
    Option {
        /// Name of the option.
        option: &'static str,
        /// What it may be.
        range: &'static str,
    },
    /// A file could not be written.
    #[error("cannot write `{path}`")]
    Write {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
}

/// Writes a fleet.
///
/// # Errors
/// [`Error`].
pub fn write_fleet(out: &Path, options: &FleetOptions) -> Result<(), Error> {
    if options.infected > options.devices {
        return Err(Error::Option { option: "infected", range: "at most the number of devices" });
    }
    std::fs::create_dir_all(out).map_err(|source| Error::Write { path: out.display().to_string(), source })
}
//! Generates labelled fleets of phones: ordinary apps, people, and implants.
//!
//! [`write_fleet`] writes a folder:
//!
//! * `zeek/YYYY-MM-DD/{conn,dns,ssl,http}.log`, one folder a day of a row's start. Rows are grouped by device and in
//!   time order within a device, **not** sorted over the fleet (Zeek itself writes a row when its connection ends).
//! * `edr/YYYY-MM-DD/mobile-edr.ndjson`, and one phone each in another format under `phones/`.
//! * `inventory.csv`, `truth.json` (one row per implant) and `rare_benign.json` (the same for honest senders that are
//!   rare and regular).
//!
//! The same [`FleetOptions`] give the same bytes, whatever the number of threads, the time zone or the clock; a clean
//! fleet has the same apps, people and ordinary traffic as the infected one of its seed. Phones have IPv4 only.
//! All names but the platforms' are invented, and so are all addresses and fingerprints.

mod benign;
mod device;
mod files;
mod fleet;
mod flow;
mod implant;
mod label;
mod law;
mod number;
mod options;
mod random;
mod sender;
mod world;
mod write;

pub use files::{FleetSummary, write_fleet};
pub use implant::Channel;
pub use law::Law;
pub use options::{Error, FleetOptions, ImplantPin, LogFormat};

//! What a fleet is asked to be.

use crate::implant::Channel;
use crate::law::Law;
use undertone_core::model::Day;

/// The most devices of one fleet (what 10.16.0.0 to 10.255.255.255 holds with gaps).
const DEVICES_MAX: u32 = 10_000_000;
/// The most days of one fleet: each day keeps up to six files open.
const DAYS_MAX: u32 = 90;

/// How a fleet is made. The same options give the same bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct FleetOptions {
    /// Phones, 1..=10,000,000.
    pub devices: u32,
    /// UTC days, 1..=90.
    pub days: u32,
    /// Seed of everything random.
    pub seed: u64,
    /// Phones with an implant; at most `devices`.
    pub infected: u32,
    /// Leave every implant out; apps, people and their traffic stay the same.
    pub clean: bool,
    /// Mean number of honest senders per phone that are rare, regular and often self-hosted, 0..=20. `None` makes
    /// 1.6, and more where there are many implants: at least five for each.
    pub honest: Option<f64>,
    /// Write what the phones say (MobileEDR and others), not only the network.
    pub edr: bool,
    /// First UTC day.
    pub start: Day,
    /// Scale browsing so that about this many Zeek rows come out (volume tests). `None` is natural.
    pub lines: Option<u64>,
    /// Zeek's log format.
    pub format: LogFormat,
    /// Threads that make devices; 0 takes what the machine has. The bytes do not depend on it.
    pub threads: usize,
    /// Fixes properties of every implant, for tables cell by cell.
    pub pin: ImplantPin,
}

impl Default for FleetOptions {
    /// 100 phones, 1 day from 2026-05-04 (a Monday), 5 infected, with telemetry.
    fn default() -> Self {
        Self {
            devices: 100,
            days: 1,
            seed: 1,
            infected: 5,
            clean: false,
            honest: None,
            edr: true,
            start: Day::from_number(20_577),
            lines: None,
            format: LogFormat::Tsv,
            threads: 0,
            pin: ImplantPin::default(),
        }
    }
}

/// Format of Zeek logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Tab-separated with `#` headers.
    Tsv,
    /// One JSON object a line, unset fields left out, with `_path` (Zeek's streaming form).
    Json,
}

/// Properties that every implant shall have; `None` draws them.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ImplantPin {
    /// Channel.
    pub kind: Option<Channel>,
    /// Period, seconds, at least 1.
    pub period_secs: Option<f64>,
    /// Jitter as a share of the period, 0..0.95.
    pub jitter: Option<f64>,
    /// Share of check-ins left out, 0..1.
    pub miss: Option<f64>,
    /// Law.
    pub law: Option<Law>,
    /// Phones of each campaign (one app, one operator), at least 1.
    pub campaign: Option<u32>,
    /// Whole days at the beginning that are still clean, less than the fleet's days.
    pub after_days: Option<u32>,
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
    /// A file could not be made or written.
    #[error("cannot write `{path}`")]
    Write {
        /// The file.
        path: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A worker thread ended early; a defect of this crate.
    #[error("a generator thread failed")]
    Thread,
}

impl FleetOptions {
    /// Checks every range.
    pub(crate) fn validate(&self) -> Result<(), Error> {
        let check =
            |holds: bool, option, range| if holds { Ok(()) } else { Err(Error::Option { option, range }) };
        check((1..=DEVICES_MAX).contains(&self.devices), "devices", "between 1 and 10,000,000")?;
        check((1..=DAYS_MAX).contains(&self.days), "days", "between 1 and 90")?;
        check(self.infected <= self.devices, "infected", "at most the number of devices")?;
        check(self.honest.is_none_or(|h| (0.0..=20.0).contains(&h)), "honest", "between 0 and 20")?;
        check((0..=100_000).contains(&self.start.number()), "start", "between 1970-01-01 and 2243-10-17")?;
        check(
            self.pin.period_secs.is_none_or(|p| (1.0..=864_000.0).contains(&p)),
            "period",
            "between 1 s and 10 days",
        )?;
        check(self.pin.jitter.is_none_or(|j| (0.0..=0.95).contains(&j)), "jitter", "between 0 and 0.95")?;
        check(self.pin.campaign.is_none_or(|phones| phones > 0), "campaign", "at least 1")?;
        check(
            self.pin.after_days.is_none_or(|days| days < self.days),
            "infected-after",
            "less than the days",
        )?;
        check(self.pin.miss.is_none_or(|m| (0.0..1.0).contains(&m)), "miss", "between 0 and 1")
    }
}

//! Options of the fleet tasks, all as `--name value`.

use anyhow::{Context as _, Result, bail};
use std::str::FromStr;
use undertone_core::score::budget::Sight;
use undertone_simulate::{Channel, FleetOptions, ImplantPin, Law};

/// What to simulate, and how to look at it.
#[derive(Debug, Clone)]
pub(crate) struct Arguments {
    /// Seeds, ascending.
    pub(crate) seeds: Vec<u64>,
    /// What each fleet is.
    pub(crate) fleet: FleetOptions,
    /// Views to scan with.
    pub(crate) sights: Vec<Sight>,
    /// First days that a baseline is learned from; the others are scanned with it. 0 scans all days at once.
    pub(crate) learn_days: u32,
    /// False alerts per 1,000 device-days at which recall is told.
    pub(crate) budget_per_1000: f64,
    /// Write the result into the project.
    pub(crate) write: bool,
}

impl Arguments {
    /// Parses `--name value` pairs over some defaults.
    pub(crate) fn parse(words: &[&str], fleet: FleetOptions) -> Result<Self> {
        let mut arguments = Self {
            seeds: (9001..=9005).collect(),
            fleet,
            sights: vec![Sight::Telemetry, Sight::Network],
            learn_days: 0,
            budget_per_1000: 1.0,
            write: false,
        };
        let mut words = words.iter();
        while let Some(name) = words.next() {
            if *name == "--write" {
                arguments.write = true;
                continue;
            }
            let value = words.next().with_context(|| format!("`{name}` needs a value"))?;
            arguments.set(name, value)?;
        }
        Ok(arguments)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<()> {
        let fleet = &mut self.fleet;
        match name {
            "--seeds" => self.seeds = seeds(value)?,
            "--devices" => fleet.devices = number(name, value)?,
            "--days" => fleet.days = number(name, value)?,
            "--infected" => fleet.infected = number(name, value)?,
            "--honest" => fleet.honest = Some(number(name, value)?),
            "--threads" => fleet.threads = number(name, value)?,
            "--learn" => self.learn_days = number(name, value)?,
            "--budget" => self.budget_per_1000 = number(name, value)?,
            "--sight" => self.sights = sights(value)?,
            _ => pin(&mut fleet.pin, name, value)?,
        }
        Ok(())
    }

    /// The fleet of a seed.
    pub(crate) fn fleet_of(&self, seed: u64) -> FleetOptions {
        FleetOptions { seed, ..self.fleet.clone() }
    }

    /// How it was made, for the head of a table.
    pub(crate) fn told(&self) -> String {
        let (first, last) = (self.seeds.first().unwrap_or(&0), self.seeds.last().unwrap_or(&0));
        let fleet = &self.fleet;
        let honest = fleet.honest.map_or_else(|| "default".to_owned(), |mean| format!("{mean} per phone"));
        let infected = if fleet.clean { 0 } else { fleet.infected };
        let after = fleet.pin.after_days.map_or(String::new(), |days| format!(" after {days} clean days"));
        format!(
            "seeds {first}..{last}, {} phones x {} days, {infected} infected{after}, honest rare senders: {honest}, days \
             learned first: {}",
            fleet.devices, fleet.days, self.learn_days
        )
    }
}

fn pin(pin: &mut ImplantPin, name: &str, value: &str) -> Result<()> {
    match name {
        "--kind" => pin.kind = Some(Channel::from_name(value).with_context(|| format!("no kind `{value}`"))?),
        "--law" => pin.law = Some(Law::from_name(value).with_context(|| format!("no law `{value}`"))?),
        "--period" => pin.period_secs = Some(number(name, value)?),
        "--jitter" => pin.jitter = Some(number(name, value)?),
        "--miss" => pin.miss = Some(number(name, value)?),
        "--after" => pin.after_days = Some(number(name, value)?),
        "--campaign" => pin.campaign = Some(number(name, value)?),
        _ => bail!("no option `{name}`"),
    }
    Ok(())
}

fn number<T: FromStr>(name: &str, value: &str) -> Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    value.parse().with_context(|| format!("`{name} {value}`"))
}

/// `7` or `7..12`, both ends included.
fn seeds(value: &str) -> Result<Vec<u64>> {
    let (first, last) = value.split_once("..").unwrap_or((value, value));
    let (first, last): (u64, u64) = (number("--seeds", first)?, number("--seeds", last)?);
    if first > last {
        bail!("`--seeds {value}` holds none");
    }
    Ok((first..=last).collect())
}

fn sights(value: &str) -> Result<Vec<Sight>> {
    match value {
        "both" => Ok(vec![Sight::Telemetry, Sight::Network]),
        "telemetry" => Ok(vec![Sight::Telemetry]),
        "network" => Ok(vec![Sight::Network]),
        _ => bail!("`--sight` is telemetry, network or both"),
    }
}

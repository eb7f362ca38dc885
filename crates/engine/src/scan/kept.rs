//! Devices after pass 1, kept in a file beside the records: what a change of thresholds is decided on, so that trying one
//! needs neither the logs nor another look at each phone.
//!
//! The name is that of the records' file, hashed with what pass 1 decides by: declared roles, and the thresholds that
//! [`ThresholdKey::acts_while_reading`] names.

use super::cache::{Slot, damaged, head_of, summary_of};
use super::devices::Device;
use super::fleet::Fleet;
use super::quiet::{self, decoded};
use super::settings::Settings;
use super::shares::Shares;
use super::waiting::Strays;
use super::{FROM_CACHE, ScanSummary};
use crate::telemetry::{ClockSight, Roles};
use bitcode::{Decode, Encode};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{self, Read, Write};
use undertone_core::attribution::AttributionMethod;
use undertone_core::coverage::DeviceSeen;
use undertone_core::device::DeviceReport;
use undertone_core::model::Platform;
use undertone_core::score::days::Assessed;
use undertone_core::thresholds::ThresholdKey;
use undertone_wire::packed::RunHead;

/// Longest part of a device, bytes: thousands of series of a week.
const PART_BYTES_MAX: u64 = 1 << 30;

/// What is kept of a device besides its report and its series; roles are the fleet's.
#[derive(Encode, Decode)]
struct Facts {
    id: String,
    platform: Platform,
    duplicates: u64,
    methods: BTreeMap<AttributionMethod, u64>,
    clock: ClockSight,
    method_of_app: BTreeMap<Box<str>, AttributionMethod>,
    seen: DeviceSeen,
}

/// The slot of the devices that the records of `records` come to under these settings.
pub(super) fn slot(records: &Slot, settings: &Settings) -> Slot {
    let thresholds = &settings.thresholds;
    let mut text = format!("devices {:?}", settings.roles);
    let platforms = thresholds.platforms.iter().map(|(name, over)| ("platform", name.as_str(), over));
    let roles = thresholds.roles.iter().map(|(name, over)| ("role", name.as_ref(), over));
    let apps = thresholds.apps.iter().map(|(name, over)| ("app", name.as_ref(), over));
    let overs: Vec<_> = platforms.chain(roles).chain(apps).collect();
    for key in ThresholdKey::ALL.into_iter().filter(|key| key.acts_while_reading()) {
        // Writing to a String cannot fail.
        let _infallible = write!(text, "\0{}\0{:?}", key.name(), thresholds.global.get(key));
        for (kind, name, over) in &overs {
            let _infallible = write!(text, "\0{kind}\0{name}\0{:?}", over.get(&key));
        }
    }
    records.beside(&text)
}

/// The fleet and what was read; `None` where nothing is kept, or it is damaged.
pub(super) fn load(slot: &Slot, shares: Shares) -> Option<(Fleet, ScanSummary)> {
    read(slot, shares).ok()
}

fn read(slot: &Slot, shares: Shares) -> io::Result<(Fleet, ScanSummary)> {
    let (mut input, head) = slot.open()?;
    let mut fleet = Fleet::new(shares, false, true);
    let roles = next(&mut input)?.ok_or_else(damaged)?;
    let mut room = bitcode::Buffer::new();
    while let Some(facts) = next(&mut input)? {
        let mut part = || next(&mut input)?.ok_or_else(damaged);
        let (report, assessed, strays) = (part()?, part()?, part()?);
        let (mut report, strays) = (decoded::<DeviceReport>(&report)?, decoded::<Strays>(&strays)?);
        (report.strays, report.awake) = (strays.series, strays.awake);
        let mut device = device(decoded(&facts)?, report, decoded(&assessed)?);
        device.pack(&mut room);
        fleet.add(device)?;
    }
    fleet.roles = decoded(&roles)?;
    Ok((fleet.settled(), summary_of(head).ok_or_else(damaged)?))
}

/// The next part; `None` at the end.
fn next(input: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = [0; 8];
    let (first, rest) = length.split_at_mut(1);
    if input.read(first)? == 0 {
        return Ok(None);
    }
    input.read_exact(rest)?;
    let length = Some(u64::from_le_bytes(length)).filter(|n| *n <= PART_BYTES_MAX).ok_or_else(damaged)?;
    let mut bytes = Vec::new();
    input.take(length).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

/// Keeps all devices of a fleet.
///
/// # Errors
/// A file that cannot be written; a fleet of which something was left out for its size.
pub(super) fn store(slot: &Slot, fleet: &Fleet, summary: &ScanSummary) -> io::Result<()> {
    if !fleet.is_whole() {
        return Err(io::Error::other("the fleet is larger than memory holds whole"));
    }
    let mut head = RunHead { parts: Vec::new(), ..head_of(summary) };
    head.notes.retain(|note| note != FROM_CACHE);
    slot.create(&head, |out| {
        put(out, &bitcode::encode(&fleet.roles))?;
        for device in &fleet.devices {
            // One at a time: all of them at once would be as much memory again.
            put(out, &packed_facts(device))?;
            put(out, &bitcode::encode(&device.report))?;
            put(out, &bitcode::encode(&fleet.series_of(device)?))?;
            put(out, &bitcode::encode(&fleet.strays_of(device)?))?;
        }
        let nothing = (bitcode::encode::<[Assessed]>(&[]), bitcode::encode(&Strays::default()));
        for part in 0..quiet::PARTS {
            fleet.each_packed(part, |device| {
                [&device.facts, &device.report, &nothing.0, &nothing.1]
                    .into_iter()
                    .try_for_each(|bytes| put(out, bytes))
            })?;
        }
        Ok(())
    })
}

fn put(out: &mut dyn Write, part: &[u8]) -> io::Result<()> {
    out.write_all(&(part.len() as u64).to_le_bytes())?;
    out.write_all(part)
}

/// What is kept of a device besides its report and its series.
pub(super) fn packed_facts(device: &Device) -> Vec<u8> {
    bitcode::encode(&facts(device))
}

fn facts(device: &Device) -> Facts {
    Facts {
        id: device.id.clone(),
        platform: device.platform,
        duplicates: device.duplicates,
        methods: device.methods.clone(),
        clock: device.clock,
        method_of_app: device.method_of_app.clone(),
        seen: device.seen,
    }
}

fn device(facts: Facts, report: DeviceReport, assessed: Vec<Assessed>) -> Device {
    Device {
        methods: facts.methods,
        method_of_app: facts.method_of_app,
        report,
        assessed,
        duplicates: facts.duplicates,
        clock: facts.clock,
        seen: facts.seen,
        ..Device::new(&facts.id, facts.platform, Roles::default())
    }
}

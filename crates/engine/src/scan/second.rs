//! Pass 2: the baseline over all devices, then every series against it.

mod context;
mod fixed;
mod totals;

pub(super) use fixed::Fixed;
pub(super) use totals::Totals;

use super::details::Room;
use super::fleet::Fleet;
use super::parallel;
use super::settings::Settings;
use std::collections::BTreeMap;
use std::io;
use undertone_core::model::Day;
use undertone_core::score::{Depth, Draft, Drafts};

/// What pass 2 gives.
pub(super) struct Second<'f> {
    pub(super) drafts: Vec<Draft>,
    /// Drafts that nobody asked for: neither alerts nor leads whatever the budget.
    pub(super) below: u64,
    pub(super) tested: BTreeMap<Day, Tested>,
    /// What the series were compared with.
    pub(super) fixed: &'f Fixed,
    /// Ids of the drafts that were shortened for want of room (see [`super::details`]), with the number of the device.
    pub(super) shortened: BTreeMap<String, usize>,
}

/// Devices of a day, each without a past and with one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Tested {
    /// With any series to score.
    pub(super) devices: [u64; 2],
    /// With one that makes the day loud (see [`reference::is_loud`]).
    pub(super) loud: [u64; 2],
}

/// Compares all devices; their series stay, to be compared again.
///
/// # Errors
/// A temporary file that cannot be read.
pub(super) fn second_pass<'f>(
    fleet: &Fleet,
    fixed: &'f Fixed,
    settings: &Settings,
    threads: usize,
    depth: Depth,
) -> io::Result<Second<'f>> {
    let room = Room::new(if depth == Depth::Full { usize::MAX } else { fleet.details_room() });
    let done = parallel::map(fleet.devices.len(), threads, |number| -> io::Result<OfDevice> {
        let mut of_device = fixed.device(fleet, settings, number, depth)?;
        of_device.is_shortened = room.hold_or_shorten(&mut of_device.found.drafts);
        Ok(of_device)
    });
    let drafts = done.iter().flatten().map(|of| of.found.drafts.len()).sum();
    let mut found = Second {
        drafts: Vec::with_capacity(drafts),
        below: 0,
        tested: BTreeMap::new(),
        fixed,
        shortened: BTreeMap::new(),
    };
    for (number, of_device) in done.into_iter().enumerate() {
        let OfDevice { found: Drafts { drafts, below }, days, is_shortened } = of_device?;
        if is_shortened {
            found.shortened.extend(drafts.iter().map(|draft| (draft.id().to_owned(), number)));
        }
        found.drafts.extend(drafts);
        found.below += below;
        for (day, OfDay { has_past, is_loud }) in days {
            let Tested { devices, loud } = found.tested.entry(day).or_default();
            let kind = usize::from(has_past);
            devices.get_mut(kind).into_iter().for_each(|count| *count += 1);
            loud.get_mut(kind).into_iter().for_each(|count| *count += u64::from(is_loud));
        }
    }
    Ok(found)
}

/// What the second pass finds of a device.
#[derive(Default)]
pub(super) struct OfDevice {
    pub(super) found: Drafts,
    /// Whether details of its drafts found no room.
    is_shortened: bool,
    /// Days on which any series was scored.
    days: BTreeMap<Day, OfDay>,
}

/// A day of a device.
#[derive(Default)]
struct OfDay {
    /// Whether the device had a past by then.
    has_past: bool,
    /// See [`reference::is_loud`].
    is_loud: bool,
}

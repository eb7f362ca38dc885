//! What every series is compared with: the baseline, peers, polls and rotations of the whole fleet.

use super::OfDevice;
use super::context::Context;
use crate::scan::devices::Device;
use crate::scan::fleet::Fleet;
use crate::scan::parallel;
use crate::scan::rotations::Rotations;
use crate::scan::settings::Settings;
use crate::scan::waiting::Mark;
use crate::telemetry::Roles;
use std::io;
use undertone_core::baseline::{AppHours, Baseline, Learned, Peer, Peers, Poll, Polls, RoleHours};
use undertone_core::score::Depth;
use undertone_core::score::budget::Sight;
use undertone_core::score::days::Assessed;
use undertone_core::score::pools::{Faint, Pools};

/// What every series is compared with.
#[derive(Debug)]
pub(in crate::scan) struct Fixed {
    pub(in crate::scan) baseline: Baseline,
    /// By the number of the device.
    pub(in crate::scan) rotations: Vec<Rotations>,
    pools: Pools,
    peers: Peers,
    pub(in crate::scan) polls: Polls,
    roles: Roles,
    role_hours: RoleHours,
    pub(in crate::scan) sight: Sight,
}

impl Fixed {
    /// Of a fleet, with what was learned of others. Thresholds have no part in it.
    ///
    /// # Errors
    /// A temporary file that cannot be read.
    pub(in crate::scan) fn of(fleet: &Fleet, settings: &Settings, threads: usize) -> io::Result<Self> {
        let mut baseline = fleet.counted.clone();
        fleet.reached().for_each(|reached| baseline.add_reached(reached));
        baseline.settle_reached(fleet.reached());
        if let Some(learned) = &settings.learned {
            baseline.merge_learned(learned.baseline.clone(), seen_again(fleet, learned));
        }
        let mut roles = settings.roles.clone();
        roles.merge(fleet.roles.clone());
        let devices = &fleet.devices;
        let peers = Peers::new(&peers_of(devices, &baseline, &roles));
        let (rotations, faint) = look_at_strays(fleet, &baseline, threads)?;
        let pools = Pools::of(&faint, &baseline);
        let of_rotations = (0..).zip(&rotations).flat_map(|(number, found)| found.polls(number));
        let polls = Polls::new(polls_of(devices, &baseline).chain(of_rotations).chain(pools.polls()));
        let role_hours = RoleHours::new(hours_of(devices, &roles));
        let has_apps = devices.iter().any(|device| device.waiting.has_apps());
        let sight = if has_apps { Sight::Telemetry } else { Sight::Network };
        Ok(Self { baseline, rotations, pools, peers, polls, roles, role_hours, sight })
    }

    /// Compares the series of a device.
    pub(in crate::scan) fn device(
        &self,
        fleet: &Fleet,
        settings: &Settings,
        number: usize,
        depth: Depth,
    ) -> io::Result<OfDevice> {
        let Some(device) = fleet.devices.get(number) else { return Ok(OfDevice::default()) };
        let mut assessed = fleet.series_of(device)?;
        self.add_pooled(fleet, number, &mut assessed)?;
        Ok(self.context(settings).device(number, device, assessed, depth))
    }

    /// Adds the series of a device that are part of a rhythm of several phones, in place of what it showed alone.
    fn add_pooled(&self, fleet: &Fleet, number: usize, assessed: &mut Vec<Assessed>) -> io::Result<()> {
        let Some(device) = fleet.devices.get(number).filter(|_| self.pools.have_part_of(number)) else {
            return Ok(());
        };
        let strays = fleet.strays_of(device)?;
        for series in self.pools.of_phone(number, strays.series, &strays.awake) {
            assessed.retain(|known| known.day != series.day || known.key != series.key);
            assessed.push(series);
        }
        Ok(())
    }

    fn context<'c>(&'c self, settings: &'c Settings) -> Context<'c> {
        let Self { baseline, rotations, peers, polls, roles, role_hours, .. } = self;
        Context { baseline, rotations, peers, polls, roles, role_hours, settings }
    }
}

/// Share of the devices that a learned baseline was learned of, too, 0..=1.
fn seen_again(fleet: &Fleet, learned: &Learned) -> f64 {
    let again = fleet.devices.iter().filter(|device| learned.knows(&device.id)).count();
    again as f64 / fleet.devices.len().max(1) as f64
}

/// What the strays of each device are: rotations of its own, and what may be part of a rhythm of several.
fn look_at_strays(
    fleet: &Fleet,
    baseline: &Baseline,
    threads: usize,
) -> io::Result<(Vec<Rotations>, Vec<Vec<Faint>>)> {
    if !baseline.is_fleet() {
        return Ok(fleet.devices.iter().map(|_| <(Rotations, Vec<Faint>)>::default()).unzip());
    }
    let done = parallel::map(fleet.devices.len(), threads, |number| -> io::Result<(Rotations, Vec<Faint>)> {
        let Some(device) = fleet.devices.get(number) else { return Ok(Default::default()) };
        let strays = fleet.strays_of(device)?;
        let faint = Faint::of(&strays.series, baseline);
        Ok((Rotations::of(strays, baseline), faint))
    });
    done.into_iter().collect()
}

/// Every app's hours, with the number of its device and its role.
fn hours_of<'d>(
    devices: &'d [Device],
    roles: &'d Roles,
) -> impl Iterator<Item = (u32, &'d str, &'d AppHours)> {
    (0..).zip(devices).flat_map(move |(number, device)| {
        let hours = device.report.app_hours.iter();
        hours.map(move |(app, hours)| (number, roles.role_of(Some(app)), hours))
    })
}

fn peers_of(devices: &[Device], baseline: &Baseline, roles: &Roles) -> Vec<Peer> {
    let mut peers = Vec::new();
    for (device, mark) in marks(devices) {
        peers.push(Peer {
            device,
            role: roles.role_of(mark.key.app.as_deref()).into(),
            features: mark.shape.in_fleet(&mark.key.destination, baseline),
        });
    }
    peers
}

/// Machine-driven series, each on its last day, with the number of its device.
fn marks(devices: &[Device]) -> impl Iterator<Item = (u32, &Mark)> {
    (0..)
        .zip(devices)
        .flat_map(|(number, device)| device.waiting.marks().iter().map(move |mark| (number, mark)))
}

/// Polls of the fleet, without rotations.
fn polls_of(devices: &[Device], baseline: &Baseline) -> impl Iterator<Item = Poll> {
    marks(devices).map(|(device, mark)| Poll {
        device,
        app: mark.key.app.clone(),
        destination: mark.key.destination.clone(),
        reaching: baseline.others_reaching(&mark.key.destination) + 1,
        period_secs: mark.pace_secs,
        first_day: mark.first_judged,
        is_pooled: false,
    })
}

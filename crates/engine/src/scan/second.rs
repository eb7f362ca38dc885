//! Pass 2: the baseline over all devices, then every series against it.

use super::details::Room;
use super::devices::{Assessed, Device};
use super::fleet::Fleet;
use super::parallel;
use super::pooled::{Faint, Pools};
use super::rotations::Rotations;
use super::settings::Settings;
use super::waiting::Mark;
use crate::telemetry::{Clocks, Roles};
use std::collections::BTreeMap;
use std::io;
use undertone_core::baseline::{
    AppHours, Baseline, Learned, Past, Peer, Peers, Poll, Polls, RoleHours, Shape,
};
use undertone_core::model::Day;
use undertone_core::score::budget::Sight;
use undertone_core::score::{Draft, Scored, ScoredDevice, drafts, reference, weigh_case};
use undertone_core::series::{Destination, SeriesKey};
use undertone_core::thresholds::Scope;
use undertone_core::weigh::{Case, HISTORY_DAYS_MIN};

/// What pass 2 gives.
pub(super) struct Second {
    pub(super) drafts: Vec<Draft>,
    /// Drafts that nobody asked for: neither alerts nor leads whatever the budget.
    pub(super) below: u64,
    pub(super) tested: BTreeMap<Day, Tested>,
    /// What the series were compared with.
    pub(super) fixed: Fixed,
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

/// Numbers for the run summary.
#[derive(Debug, Clone, Default)]
pub(super) struct Totals {
    pub(super) devices: u64,
    pub(super) device_days: u64,
    /// Of them, days of devices that were seen on days enough before.
    pub(super) device_days_later: u64,
    pub(super) series: u64,
    pub(super) sessions: u64,
    pub(super) duplicates: u64,
    /// Connections by how their app was found.
    pub(super) methods: BTreeMap<&'static str, u64>,
    /// What telemetry and network logs say of each other's clocks.
    pub(super) clocks: Clocks,
    /// Records left out of devices with too many of them for one destination.
    pub(super) left_out: u64,
    /// Destinations of devices that were folded into a count.
    pub(super) folded: u64,
    /// Series that may be machines' that were left out.
    pub(super) pruned: u64,
    /// Machine-driven series that others are not compared with.
    pub(super) unmarked: u64,
    /// Series of devices with very many that are not looked at for a rotation.
    pub(super) strays_cut: u64,
    /// Addresses and stacks of devices that were left out.
    pub(super) cut: u64,
}

impl Totals {
    /// Adds a device.
    pub(super) fn add(&mut self, device: &Device) {
        self.devices += 1;
        self.device_days += device.report.days.len() as u64;
        self.device_days_later += days_with_a_past(&device.report.days);
        self.series += device.report.series_total;
        self.sessions += device.report.sessions;
        self.duplicates += device.duplicates;
        for (method, count) in &device.methods {
            *self.methods.entry(method).or_default() += count;
        }
        self.clocks.add(device.clock);
        self.left_out += device.left_out;
        self.cut += device.report.cut;
        self.folded += device.folded;
        self.pruned += device.pruned;
        self.strays_cut += device.report.strays_cut;
    }

    /// The totals of several windows over the same inputs: of each number the larger, since windows overlap.
    pub(super) fn latest(mut self, earlier: Self) -> Self {
        let more = |mine: &mut u64, other: u64| *mine = (*mine).max(other);
        more(&mut self.devices, earlier.devices);
        more(&mut self.device_days, earlier.device_days);
        more(&mut self.device_days_later, earlier.device_days_later);
        more(&mut self.series, earlier.series);
        more(&mut self.sessions, earlier.sessions);
        more(&mut self.duplicates, earlier.duplicates);
        more(&mut self.left_out, earlier.left_out);
        more(&mut self.folded, earlier.folded);
        more(&mut self.pruned, earlier.pruned);
        more(&mut self.unmarked, earlier.unmarked);
        more(&mut self.strays_cut, earlier.strays_cut);
        more(&mut self.cut, earlier.cut);
        self.clocks = self.clocks.larger(earlier.clocks);
        for (method, count) in earlier.methods {
            more(self.methods.entry(method).or_default(), count);
        }
        self
    }
}

/// Compares all devices; their series stay, to be compared again. `keeps_below` asks for drafts that can be neither
/// alerts nor leads.
///
/// # Errors
/// A temporary file that cannot be read.
pub(super) fn second_pass(
    fleet: &Fleet,
    settings: &Settings,
    threads: usize,
    keeps_below: bool,
) -> io::Result<Second> {
    let fixed = Fixed::of(fleet, settings, threads)?;
    let room = Room::new(if keeps_below { usize::MAX } else { fleet.details_room() });
    let done = parallel::map(fleet.devices.len(), threads, |number| -> io::Result<OfDevice> {
        let mut found = fixed.device(fleet, settings, number, keeps_below)?;
        found.is_shortened = room.hold_or_shorten(&mut found.drafts);
        Ok(found)
    });
    let drafts = done.iter().flatten().map(|found| found.drafts.len()).sum();
    let mut found = Second {
        drafts: Vec::with_capacity(drafts),
        below: 0,
        tested: BTreeMap::new(),
        fixed,
        shortened: BTreeMap::new(),
    };
    for (number, of_device) in done.into_iter().enumerate() {
        let OfDevice { drafts, below, days, is_shortened } = of_device?;
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
    pub(super) drafts: Vec<Draft>,
    /// Whether details of its drafts found no room.
    is_shortened: bool,
    below: u64,
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

/// What every series is compared with.
pub(super) struct Fixed {
    pub(super) baseline: Baseline,
    /// By the number of the device.
    rotations: Vec<Rotations>,
    pools: Pools,
    peers: Peers,
    pub(super) polls: Polls,
    roles: Roles,
    role_hours: RoleHours,
    pub(super) sight: Sight,
}

impl Fixed {
    fn of(fleet: &Fleet, settings: &Settings, threads: usize) -> io::Result<Self> {
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
    pub(super) fn device(
        &self,
        fleet: &Fleet,
        settings: &Settings,
        number: usize,
        keeps_below: bool,
    ) -> io::Result<OfDevice> {
        let Some(device) = fleet.devices.get(number) else { return Ok(OfDevice::default()) };
        let mut assessed = fleet.series_of(device)?;
        self.pools.add_to(number, &mut assessed, || fleet.strays_of(device))?;
        Ok(self.context(settings).device(number, device, assessed, keeps_below))
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
        let faint = Faint::of(&strays, baseline);
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

/// Days of an ascending list before a day.
fn count_before(days: &[Day], day: Day) -> u32 {
    u32::try_from(days.partition_point(|known| *known < day)).unwrap_or(u32::MAX)
}

/// Days of an ascending list with days enough before them.
fn days_with_a_past(days: &[Day]) -> u64 {
    (days.len() as u64).saturating_sub(u64::from(HISTORY_DAYS_MIN))
}

struct Context<'c> {
    baseline: &'c Baseline,
    rotations: &'c [Rotations],
    peers: &'c Peers,
    polls: &'c Polls,
    roles: &'c Roles,
    role_hours: &'c RoleHours,
    settings: &'c Settings,
}

impl Context<'_> {
    fn device(&self, number: usize, device: &Device, assessed: Vec<Assessed>, keeps_below: bool) -> OfDevice {
        let mut scored: Vec<Scored> =
            assessed.into_iter().map(|series| self.score_series((number, device), series, &[])).collect();
        if let Some(found) = self.rotations.get(number) {
            scored.extend(found.assessed.iter().map(|series| {
                self.score_series((number, device), series.clone(), found.members(&series.key))
            }));
        }
        let mut found = OfDevice::default();
        for series in &scored {
            let day = found.days.entry(series.day).or_default();
            day.has_past = series.has_past;
            day.is_loud |= series.is_loud;
        }
        let of = ScoredDevice {
            id: &device.id,
            platform: device.platform,
            addresses: &device.report.addresses,
            is_fleet: self.baseline.is_fleet(),
        };
        found.drafts = drafts(of, scored);
        if !keeps_below {
            let all = found.drafts.len();
            found.drafts.retain(Draft::is_candidate);
            found.below = (all - found.drafts.len()) as u64;
            found.drafts.shrink_to_fit();
        }
        found
    }

    /// The days before: those of the inputs, and those that the learned baseline remembers.
    fn past(&self, device: &Device, series: &Assessed, members: &[(Destination, u32)]) -> Past {
        let here = Past {
            device_days: count_before(&device.report.days, series.day),
            series_days: series.days_before,
            days_judged: series.days_judged,
        };
        let learned = self.settings.learned.as_ref().and_then(|learned| learned.habits.as_ref());
        let (SeriesKey { app, destination, .. }, day) = (&series.key, series.day);
        let known = learned.and_then(|known| {
            let is_everybodys = self.baseline.is_everybodys(destination);
            let past = known.past(&device.id, &series.key, is_everybodys, day)?;
            // A group has no name of its own: it is known where it goes to known destinations.
            let is_back = |to: &Destination| known.went(&device.id, app.as_deref(), to, day);
            let all: u32 = members.iter().map(|(_, starts)| starts).sum();
            let back: u32 = members.iter().filter(|(to, _)| is_back(to)).map(|(_, starts)| starts).sum();
            Some(Past { series_days: past.series_days.max(u32::from(2 * back > all)), ..past })
        });
        known.map_or(here, |known| known.or(here))
    }

    fn score_series(
        &self,
        (number, device): (usize, &Device),
        series: Assessed,
        members: &[(Destination, u32)],
    ) -> Scored {
        let app = series.key.app.as_deref();
        let role = self.roles.role_of(app);
        let attribution = app.and_then(|app| device.method_of_app.get(app)).copied().unwrap_or("none");
        let scope = Scope { platform: device.platform, role, app };
        let thresholds = self.settings.thresholds.for_series(scope);
        let past = self.past(device, &series, members);
        let case = Case {
            key: &series.key,
            profile: &series.profile,
            machine: &series.machine,
            features: Shape::of(&series.profile, &series.machine)
                .in_fleet(&series.key.destination, self.baseline),
            platform: device.platform,
            is_appliance: device.is_appliance && self.baseline.is_fleet(),
            members,
            role,
            device: u32::try_from(number).unwrap_or(u32::MAX),
            day: series.day,
            past,
            baseline: self.baseline,
            learned: self.settings.learned.as_ref().map(|learned| &learned.baseline),
            declared: &self.settings.declared,
            peers: self.peers,
            polls: self.polls,
            app_hours: app.and_then(|app| device.report.app_hours.get(app)).map_or(&[][..], Vec::as_slice),
            role_hours: self.role_hours,
            thresholds: &thresholds,
        };
        let has_past = case.has_past();
        let reach = (!series.key.destination.is_group()).then_some(case.features.reach);
        let (weighed, role) = (weigh_case(&case), role.to_owned());
        // What cameras poll tells nothing of how many of the phones' apps do.
        let is_loud = !case.is_appliance && reference::is_loud(&weighed, has_past, past, reach);
        Scored {
            members: members.iter().map(|(destination, _)| destination.clone()).collect(),
            attribution,
            role,
            key: series.key,
            day: series.day,
            is_loud,
            has_past,
            profile: series.profile,
            machine: series.machine,
            weighed,
        }
    }
}

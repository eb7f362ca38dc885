//! Pass 1: one partition at a time, one device at a time: join, attribute, sum up, stage A.

use super::fleet::Fleet;
use super::grouped::{Grouped, Room};
use super::settings::Settings;
use super::shares::{Shares, Sizes};
use super::waiting::{Strays, Waiting};
use super::{ScanError, coverage, large, parallel};
use crate::identity::Directory;
use crate::input::StopFlag;
use crate::partition::{Partitions, Taken, Untaken};
use crate::telemetry::{self, ClockSight, Roles};
use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};
use undertone_core::attribution::AttributionMethod;
use undertone_core::coverage::DeviceSeen;
use undertone_core::device::observe::platform_of;
use undertone_core::device::{self, DeviceInput, DeviceReport, Joined, Rest};
use undertone_core::model::{Platform, Telemetry};
use undertone_core::score::days::{self, Assessed, Window};
use undertone_wire::packed::Lists;

/// One device after pass 1.
#[derive(Debug)]
pub(super) struct Device {
    pub(super) id: String,
    pub(super) platform: Platform,
    /// Whether it is hardly a phone, by what it reached.
    pub(super) is_appliance: bool,
    /// Without its series' profiles: those that matter are in `assessed`.
    pub(super) report: DeviceReport,
    /// Series that may be machine-driven, one entry for each of their days, until they are packed.
    pub(super) assessed: Vec<Assessed>,
    /// The same, packed.
    pub(super) waiting: Waiting,
    /// Records that said what another had said.
    pub(super) duplicates: u64,
    /// Connections by how their app was found.
    pub(super) methods: BTreeMap<AttributionMethod, u64>,
    /// What of its telemetry and its network logs came together.
    pub(super) clock: ClockSight,
    /// How each app was found, most strongly.
    pub(super) method_of_app: BTreeMap<Box<str>, AttributionMethod>,
    /// Roles that its telemetry says.
    pub(super) roles: Roles,
    /// What of its sessions is known.
    pub(super) seen: DeviceSeen,
    /// Records that found no room beside so many others.
    pub(super) left_out: u64,
    /// Destinations of fewer sightings are not in the report any more.
    pub(super) sightings_min: u32,
    /// How many of them there were.
    pub(super) folded: u64,
    /// Series that may be machines' that were left out.
    pub(super) pruned: u64,
}

/// What pass 1 needs to know besides the records.
#[derive(Clone, Copy)]
pub(super) struct FirstContext<'c> {
    pub(super) directory: &'c Directory,
    pub(super) settings: &'c Settings,
    /// Which records are looked at; `None` for all.
    pub(super) window: Option<Window>,
    /// What memory may be taken for.
    pub(super) shares: Shares,
    /// Whether to keep what of each device's sessions is known.
    pub(super) keeps_seen: bool,
    /// Whether to keep devices without series that may be machines'.
    pub(super) keeps_all: bool,
}

/// Where records come from.
enum Source<'p> {
    /// Partitions are used up.
    Taken(Mutex<&'p mut Partitions>),
    /// They stay, to be read again.
    Lent(&'p Partitions, Window),
}

impl Source<'_> {
    fn partition(&self, index: usize) -> Untaken<'_> {
        match self {
            Self::Taken(all) => locked(all).take(index),
            Self::Lent(all, window) => all.lend(index, window.days()),
        }
    }
}

/// What pass 1 does with its partitions besides.
struct FirstPass<'p> {
    source: Source<'p>,
    context: FirstContext<'p>,
    fleet: Mutex<Fleet>,
    /// Held while records are looked at that do not fit a thread's share.
    large: Mutex<()>,
    /// Room for the records of a device, used again: as much of it as there are threads.
    rooms: Mutex<Vec<Room<'static>>>,
    /// The same for what is packed of it.
    packing: Mutex<Vec<bitcode::Buffer>>,
    threads: usize,
}

/// All devices. With a window the partitions stay, to be read again; without one they are used up.
pub(super) fn first_pass(
    partitions: &mut Partitions,
    context: FirstContext<'_>,
    threads: usize,
    stop: &StopFlag,
) -> Result<Fleet, ScanError> {
    // What a window's devices did is the past of the next day: all of them stay.
    let fleet = Mutex::new(Fleet::new(
        context.shares,
        context.keeps_all || context.window.is_some(),
        context.keeps_seen,
    ));
    let source = match context.window {
        Some(window) => Source::Lent(partitions, window),
        None => Source::Taken(Mutex::new(partitions)),
    };
    let (rooms, packing) = (Mutex::default(), Mutex::default());
    let pass = FirstPass { source, context, fleet, large: Mutex::new(()), rooms, packing, threads };
    let done = parallel::map(Partitions::COUNT, threads, |index| {
        if stop.is_stopped() { Ok(()) } else { pass.partition(index, stop) }
    });
    done.into_iter().collect::<io::Result<()>>().map_err(ScanError::Storage)?;
    Ok(pass.fleet.into_inner().unwrap_or_else(PoisonError::into_inner).settled())
}

impl FirstPass<'_> {
    fn partition(&self, index: usize, stop: &StopFlag) -> io::Result<()> {
        let untaken = self.source.partition(index);
        let shares = self.context.shares;
        if shares.fits(untaken.bytes(), self.threads) {
            return self.each_device(&untaken.gather()?);
        }
        let sizes = Sizes::of(&untaken)?;
        if sizes.fit(shares, self.threads) {
            return self.each_device(&untaken.gather()?);
        }
        let _one_at_a_time = locked(&self.large);
        for batch in sizes.batches(shares) {
            if stop.is_stopped() {
                return Ok(());
            }
            self.each_device(&large::batch(&untaken, &batch)?)?;
        }
        for name in sizes.large(shares) {
            if stop.is_stopped() {
                return Ok(());
            }
            if let Some(device) = large::device(&untaken, name, self.context)? {
                self.add(device)?;
            }
        }
        Ok(())
    }

    fn each_device(&self, taken: &[Taken]) -> io::Result<()> {
        let room = locked(&self.rooms).pop().unwrap_or_default();
        let mut done = Ok(());
        let room = Grouped::of(taken).each_device(room.recycled(), |id, lists| {
            let is_empty =
                lists.sessions.is_empty() && lists.messages.is_empty() && lists.telemetry.is_empty();
            if done.is_ok() && !is_empty {
                done = self.add(device(id, lists, self.context));
            }
        });
        locked(&self.rooms).push(room.recycled());
        done
    }

    fn add(&self, mut device: Device) -> io::Result<()> {
        let mut room = locked(&self.packing).pop().unwrap_or_default();
        device.pack(&mut room);
        locked(&self.packing).push(room);
        locked(&self.fleet).add(device)
    }
}

fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Pass 1 over one device. Its records are taken out of `lists`, which keep their room for the next.
fn device(id: &str, lists: &mut Lists<'_>, context: FirstContext<'_>) -> Device {
    let joined = joined_of(lists);
    let reports = telemetry::Reports::of(&lists.telemetry);
    let mut device = Device::told_by(id, &lists.telemetry, context.directory);
    device.add(&joined, (&lists.telemetry, &reports), None, context);
    days::share_pasts(&mut device.assessed);
    (lists.sessions, lists.messages) = joined.into_lists();
    lists.telemetry.clear();
    device
}

/// The connections of a phone: what sensors recorded, taken out of `lists`, and what it reported while none saw it. Its
/// telemetry stays, each event once.
pub(super) fn joined_of<'a>(lists: &mut Lists<'a>) -> Joined<'a> {
    let repeated = telemetry::leave_each_once(&mut lists.telemetry);
    let sessions = std::mem::take(&mut lists.sessions);
    let messages = std::mem::take(&mut lists.messages);
    let mut joined = device::join::join_grouped(sessions, messages);
    telemetry::add_unseen(&mut joined, &lists.telemetry);
    joined.duplicates += repeated;
    joined
}

impl Device {
    /// A device of whose connections nothing was looked at yet.
    pub(super) fn told_by(id: &str, telemetry: &[Telemetry<'_>], directory: &Directory) -> Self {
        Self::new(id, platform(id, telemetry, directory), Roles::of(telemetry))
    }

    /// A device of which nothing was looked at yet.
    pub(super) fn new(id: &str, platform: Platform, roles: Roles) -> Self {
        Self {
            id: id.to_owned(),
            platform,
            is_appliance: false,
            report: DeviceReport::default(),
            assessed: Vec::new(),
            waiting: Waiting::default(),
            duplicates: 0,
            methods: BTreeMap::new(),
            clock: ClockSight::default(),
            method_of_app: BTreeMap::new(),
            roles,
            seen: DeviceSeen::default(),
            left_out: 0,
            sightings_min: 1,
            folded: 0,
            pruned: 0,
        }
    }

    /// Packs its series: they wait for the second pass. All that it reached is known here, and not later.
    pub(super) fn pack(&mut self, room: &mut bitcode::Buffer) {
        self.is_appliance = self.folded == 0 && device::is_appliance(self.platform, &self.report.reached);
        let awake = std::mem::take(&mut self.report.awake);
        let strays = Strays { series: std::mem::take(&mut self.report.strays), awake };
        self.waiting = Waiting::of(&std::mem::take(&mut self.assessed), &strays, room);
    }

    /// Leaves each series once for each day: one whose traffic lay in two parts is the one that shows most.
    pub(super) fn settle_parts(&mut self) {
        self.assessed.sort_by(|a, b| {
            let rank = |series: &Assessed| (series.day, Reverse(series.machine.check_ins));
            a.key.cmp(&b.key).then_with(|| rank(a).cmp(&rank(b)))
        });
        self.assessed.dedup_by(|next, kept| next.day == kept.day && next.key == kept.key);
        days::share_pasts(&mut self.assessed);
        device::unite_series(&mut self.report.strays);
        // A name that is looked up in one part and connected to in another is one destination.
        device::unite_reached(&mut self.report.reached, u32::saturating_add);
    }

    /// Adds connections: all of the device, or one part of it, which then comes with the rest.
    pub(super) fn add(
        &mut self,
        joined: &Joined<'_>,
        (telemetry, reports): (&[Telemetry<'_>], &telemetry::Reports<'_>),
        rest: Option<Rest<'_, '_>>,
        context: FirstContext<'_>,
    ) {
        let connections = joined.connections();
        let view = telemetry::view(reports, &connections, |app| {
            context.settings.interaction_window_secs(self.platform, &self.roles, app)
        });
        let input = DeviceInput {
            connections: &connections,
            apps: &view.apps,
            flags: &view.flags,
            stacks: &view.stacks,
            asked: reports.asked(),
            internal: &context.settings.internal,
        };
        let mut report = match rest {
            Some(rest) => device::observe_part(&input, rest),
            None => device::observe(&input),
        };
        report.app_stacks = telemetry::app_stacks(&connections, &view);
        report.app_hours = telemetry::app_hours(&connections, &view);
        self.seen.add(coverage::seen(&connections, &view, telemetry, &report.series));
        let series = std::mem::take(&mut report.series);
        self.assessed.extend(series.into_iter().flat_map(|series| days::assess(series, &report.awake)));
        self.duplicates += joined.duplicates;
        self.clock.add(view.clock);
        for (method, count) in view.methods {
            *self.methods.entry(method).or_default() += count;
        }
        for (app, method) in view.method_of_app {
            let known = self.method_of_app.entry(app).or_insert(method);
            *known = method.min(*known);
        }
        if rest.is_some() {
            self.report.add_part(report);
        } else {
            self.report = report;
        }
    }
}

/// Platform: the inventory's word, else what most telemetry says.
pub(super) fn platform(id: &str, telemetry: &[Telemetry<'_>], directory: &Directory) -> Platform {
    match directory.facts(id).map(|facts| facts.platform) {
        Some(platform) if platform != Platform::Unknown => platform,
        _ => platform_of(&telemetry.iter().map(|event| event.platform).collect::<Vec<_>>()),
    }
}

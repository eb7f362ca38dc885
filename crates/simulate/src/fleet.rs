//! Makes a fleet: phones one by one on some threads, written in their order.

use crate::benign;
use crate::device::timeline::{Span, Timeline};
use crate::device::usage::uses;
use crate::device::{self, Device, PhoneLog};
use crate::flow::{Cause, Flow, Plan};
use crate::implant::{self, Infection};
use crate::label::{Label, LabelKind};
use crate::number::{DAY, low16};
use crate::options::FleetOptions;
use crate::random::Rng;
use crate::world::World;
use crate::write::edr::EdrWriter;
use crate::write::phone::PhoneRow;
use crate::write::wire::{Wire, sorted};
use crate::write::{DeviceRows, labels, other_phones, phone};
use std::collections::BTreeMap;
use undertone_core::model::Platform;

/// Honest rare senders per phone, at least, and per implant: three are promised, five are made.
const HONEST_PER_DEVICE: f64 = 1.6;
const HONEST_PER_IMPLANT: f64 = 5.0;
/// Zeek rows of a phone in a day with natural browsing, and the part of them that browsing makes (measured on
/// 300 phones x 1 day, seed 1).
const ROWS_PER_DAY: f64 = 7000.0;
const BROWSING_SHARE: f64 = 0.28;

/// What every phone of a fleet needs to know.
pub(crate) struct Fleet<'o> {
    pub(crate) options: &'o FleetOptions,
    pub(crate) world: World,
    pub(crate) infections: BTreeMap<u32, Infection>,
    span: Span,
    browsing: f64,
    honest_mean: f64,
}

impl<'o> Fleet<'o> {
    pub(crate) fn new(options: &'o FleetOptions) -> Self {
        let start = options.start.start().micros();
        let device_days = f64::from(options.devices) * f64::from(options.days);
        let browsing = options.lines.map_or(1.0, |lines| {
            let natural = ROWS_PER_DAY * device_days;
            ((lines as f64 / natural - (1.0 - BROWSING_SHARE)) / BROWSING_SHARE).clamp(0.05, 400.0)
        });
        Self {
            options,
            world: World::new(options.seed),
            infections: implant::infections(options),
            span: Span { start, end: start + i64::from(options.days) * DAY },
            browsing,
            honest_mean: options.honest.unwrap_or_else(|| {
                let of_implants = HONEST_PER_IMPLANT * f64::from(options.infected);
                (of_implants / f64::from(options.devices)).max(HONEST_PER_DEVICE)
            }),
        }
    }

    /// Everything of phone number `index`.
    pub(crate) fn device(&self, index: u32) -> DeviceRows {
        let (seed, world) = (self.options.seed, &self.world);
        let mut device = Device::new(world, seed, index);
        device.telemetry.log = self.phone_log(index);
        // Phones that keep a log of their own have it.
        device.telemetry.has_agent |= device.telemetry.log != PhoneLog::MobileEdr;
        let residents = benign::install_senders(world, &mut device, self.honest_mean, seed);
        let infection = self.infections.get(&index);
        let carrier = infection.map(|infection| {
            let mut rng = Rng::stream(&[seed, u64::from(index), 0x6361_7272]);
            implant::carrier(world, &mut device, infection, &mut rng)
        });
        let mut rng = Rng::stream(&[seed, u64::from(index), 0x7469_6d65]);
        let timeline = Timeline::new(self.span, &device.person, device.platform, &mut rng);
        let uses = uses(&device, &timeline, &mut rng);
        let mut plan = Plan {
            world,
            device: &mut device,
            timeline: &timeline,
            flows: Vec::new(),
            queries: Vec::new(),
            notices: Vec::new(),
        };
        benign::run(&mut plan, &uses, self.browsing, seed);
        let mut labels: Vec<Label> = Vec::new();
        for resident in residents {
            let cause = cause_of(labels.len());
            labels.push(benign::run_senders(&mut plan, resident, &uses, cause, seed));
        }
        if let Some((infection, carrier)) = infection.zip(carrier).filter(|_| !self.options.clean) {
            let cause = cause_of(labels.len());
            labels.push(implant::plant(&mut plan, infection, carrier, &uses, (seed, cause)));
        }
        let flows = sorted(&mut plan);
        let (queries, notices) = (plan.queries, plan.notices);
        locked_shares(&mut labels, &flows, &timeline);
        let mut wire = Wire::new(world, &device, self.span, (seed, self.options.format));
        wire.write(&flows, &queries);
        for (label, written) in
            labels.iter_mut().zip(wire.written.iter().skip(1).chain(core::iter::repeat(&0)))
        {
            label.done.connections = *written;
            // What the sensor lost was no check-in for anybody.
            label.done.events = label.done.events.min(*written);
        }
        let mut out = DeviceRows { zeek_lines: wire.lines, ..DeviceRows::default() };
        let seen = core::mem::take(&mut wire.seen);
        out.days = wire.days;
        if self.options.edr && device.telemetry.has_agent {
            let mut rng = Rng::stream(&[seed, u64::from(index), 0x6564_7273]);
            let rows = phone::rows((world, &device), (&timeline, &uses), (&notices, &flows), seen, &mut rng);
            self.write_phone(&mut out, &EdrWriter { world, device: &device, queries: &queries }, &rows);
        }
        write_labels(&mut out, &device, &labels);
        out
    }

    fn write_phone(&self, out: &mut DeviceRows, writer: &EdrWriter<'_, '_>, rows: &[PhoneRow]) {
        out.edr_lines = rows.len() as u64;
        if writer.device.telemetry.log != PhoneLog::MobileEdr {
            out.own_log = Some(other_phones::write(writer, rows));
            return;
        }
        for row in rows {
            let day = usize::try_from((row.at - self.span.start).div_euclid(DAY)).unwrap_or(0);
            if let Some(day) = out.days.get_mut(day) {
                writer.row(&mut day.edr, row);
            }
        }
    }

    /// The format of a phone's log: of a fleet of ten or more, the last two Android phones and the last iPhone keep
    /// what their systems keep, the others have an agent.
    fn phone_log(&self, index: u32) -> PhoneLog {
        if self.options.devices < 10 || self.options.devices - index > 40 {
            return PhoneLog::MobileEdr;
        }
        let platform = |index| device::platform(self.options.seed, index);
        let same =
            (index + 1..self.options.devices).filter(|other| platform(*other) == platform(index)).count();
        match (platform(index), same) {
            (Platform::Ios, 0) => PhoneLog::PrivacyReport,
            (Platform::Android, 0) => PhoneLog::IntrusionLogging,
            (Platform::Android, 1) => PhoneLog::PcapDroid,
            _ => PhoneLog::MobileEdr,
        }
    }
}

/// The cause of the connections of label number `number`.
fn cause_of(number: usize) -> Cause {
    low16(number as u64 + 1)
}

/// Tells of each label how much of its traffic began while the phone was locked.
fn locked_shares(labels: &mut [Label], flows: &[Flow], timeline: &Timeline) {
    let mut counts = vec![(0_u32, 0_u32); labels.len()];
    for flow in flows {
        let place = usize::from(flow.cause).checked_sub(1).and_then(|number| counts.get_mut(number));
        if let Some((locked, all)) = place {
            *all += 1;
            *locked += u32::from(!timeline.is_unlocked(flow.at));
        }
    }
    for (label, (locked, all)) in labels.iter_mut().zip(counts) {
        label.locked_share = f64::from(locked) / f64::from(all.max(1));
    }
}

fn write_labels(out: &mut DeviceRows, device: &Device<'_>, list: &[Label]) {
    labels::inventory(&mut out.inventory, device);
    for label in list {
        if matches!(label.kind, LabelKind::Implant(_)) {
            out.implants += 1;
            labels::label(&mut out.truth, device, label);
        } else {
            out.honest += 1;
            labels::label(&mut out.rare_benign, device, label);
        }
    }
}

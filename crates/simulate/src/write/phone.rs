//! What the phone itself would report, whatever the format.

use crate::device::Device;
use crate::device::timeline::Timeline;
use crate::device::usage::Use;
use crate::flow::{Flow, Notice, NoticeKind};
use crate::number::{HOUR, SEC};
use crate::random::Rng;
use crate::world::World;
use crate::world::site::SiteId;
use std::collections::BTreeMap;
use undertone_core::model::StateKind;

/// One report.
#[derive(Debug, Clone, Copy)]
pub(crate) struct PhoneRow {
    pub(crate) at: i64,
    pub(crate) app: Option<u16>,
    pub(crate) kind: PhoneRowKind,
}

/// What is reported.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PhoneRowKind {
    Connection { flow: Flow, orig_port: u16 },
    Lookup { site: SiteId },
    Question { number: u32 },
    State(StateKind),
    Push,
    Usage { to: i64, orig_bytes: u64, resp_bytes: u64, foreground: bool },
}

/// Buckets of byte counts, as Android's network statistics keep them.
const USAGE_BUCKET: i64 = 2 * HOUR;

/// Screen, lock, app and power states, pushes and byte counts, added to `seen`; the whole in time order, with a
/// share of rows lost.
pub(crate) fn rows(
    (world, device): (&World, &Device<'_>),
    (timeline, uses): (&Timeline, &[Use]),
    (notices, flows): (&[Notice], &[Flow]),
    seen: Vec<PhoneRow>,
    rng: &mut Rng,
) -> Vec<PhoneRow> {
    let mut rows = seen;
    screen(device, timeline, &mut rows);
    for each in uses {
        let app = Some(each.app);
        let state = |at, state| PhoneRow { at, app, kind: PhoneRowKind::State(state) };
        rows.push(state(each.span.start, StateKind::Foreground));
        if rng.chance(0.4) {
            rows.push(state(each.span.start + each.span.micros() / 2, StateKind::UserInteraction));
        }
        rows.push(state(each.span.end, StateKind::Background));
    }
    for notice in notices {
        let kind = match notice.kind {
            NoticeKind::Push => PhoneRowKind::Push,
            NoticeKind::ServiceStart => PhoneRowKind::State(StateKind::ForegroundServiceStart),
            NoticeKind::ServiceStop => PhoneRowKind::State(StateKind::ForegroundServiceStop),
        };
        rows.push(PhoneRow { at: notice.at, app: Some(notice.app), kind });
    }
    usage((world, device), timeline, (flows, uses), &mut rows);
    rows.retain(|row| timeline.span.contains(row.at) && !rng.chance(device.telemetry.missing));
    rows.sort_by_key(|row| row.at);
    rows
}

fn screen(device: &Device<'_>, timeline: &Timeline, rows: &mut Vec<PhoneRow>) {
    let mut push = |at, state| rows.push(PhoneRow { at, app: None, kind: PhoneRowKind::State(state) });
    for pickup in &timeline.pickups {
        push(pickup.screen.start, StateKind::ScreenOn);
        if let Some(unlocked) = pickup.unlocked.filter(|_| device.telemetry.reports_lock) {
            push(unlocked.start, StateKind::Unlocked);
            push(unlocked.end.max(pickup.screen.end + SEC / 10), StateKind::Locked);
        }
        push(pickup.screen.end, StateKind::ScreenOff);
    }
    for gap in &timeline.shutdowns {
        push(gap.start, StateKind::Shutdown);
        push(gap.end, StateKind::Boot);
    }
}

/// Bytes by app, bucket and whether the app was in the foreground.
fn usage(
    (world, device): (&World, &Device<'_>),
    timeline: &Timeline,
    (flows, uses): (&[Flow], &[Use]),
    rows: &mut Vec<PhoneRow>,
) {
    let mut sums: BTreeMap<(i64, u16, bool), (u64, u64)> = BTreeMap::new();
    for flow in flows {
        if device.site(world, flow.site).service == crate::world::site::Service::Dns {
            continue;
        }
        let last = uses.partition_point(|each| each.span.start <= flow.at);
        let current = last.checked_sub(1).map(|place| &uses[place]);
        let foreground = current.is_some_and(|each| each.app == flow.app && each.span.contains(flow.at));
        let bucket = flow.at.div_euclid(USAGE_BUCKET);
        let sum = sums.entry((bucket, flow.app, foreground)).or_default();
        *sum = (sum.0 + flow.orig_bytes, sum.1 + flow.resp_bytes);
    }
    for ((bucket, app, foreground), (orig_bytes, resp_bytes)) in sums {
        let at = (bucket * USAGE_BUCKET).max(timeline.span.start);
        let to = (bucket + 1) * USAGE_BUCKET;
        rows.push(PhoneRow {
            at,
            app: Some(app),
            kind: PhoneRowKind::Usage { to, orig_bytes, resp_bytes, foreground },
        });
    }
}

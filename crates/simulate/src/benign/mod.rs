//! Ordinary life: people, apps, platforms, and honest machines that look like implants.

mod browse;
mod jobs;
mod platform;
mod senders;

pub(crate) use senders::{install as install_senders, run as run_senders};

use crate::device::usage::Use;
use crate::flow::Plan;
use crate::random::Rng;

/// Everything that no label names.
pub(crate) fn run(plan: &mut Plan<'_, '_>, uses: &[Use], browsing: f64, seed: u64) {
    let device = u64::from(plan.device.index);
    let stream = |purpose: u64| Rng::stream(&[seed, device, 0x6265_6e69, purpose]);
    browse::run(plan, uses, browsing, &mut stream(1));
    platform::run(plan, &mut stream(2));
    jobs::run(plan, &mut stream(3));
}

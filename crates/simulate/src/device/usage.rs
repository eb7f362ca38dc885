//! Which app is in the foreground when.

use super::Device;
use super::timeline::{Span, Timeline};
use crate::number::{SEC, micros};
use crate::random::Rng;

/// An app in the foreground.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Use {
    pub(crate) app: u16,
    pub(crate) span: Span,
}

/// Cuts each unlocked pickup into uses of one to five apps, chosen by liking.
pub(crate) fn uses(device: &Device<'_>, timeline: &Timeline, rng: &mut Rng) -> Vec<Use> {
    let mut total = 0.0;
    let ranks: Vec<(f64, u16)> = device
        .apps
        .iter()
        .enumerate()
        .filter(|(_, installed)| installed.weight > 0.0)
        .map(|(position, installed)| {
            total += installed.weight;
            (total, crate::number::low16(position as u64))
        })
        .collect();
    let mut out = Vec::new();
    for pickup in &timeline.pickups {
        let Some(unlocked) = pickup.unlocked else { continue };
        let mut at = unlocked.start;
        let end = pickup.screen.end;
        while end - at > 3 * SEC {
            let target = rng.unit() * total;
            let place = ranks.partition_point(|(upto, _)| *upto <= target);
            let Some((_, app)) = ranks.get(place) else { break };
            let stop = (at + micros(rng.lognormal(55.0, 1.0)).max(3 * SEC)).min(end);
            out.push(Use { app: *app, span: Span { start: at, end: stop } });
            at = stop;
        }
    }
    out
}

//! `ablation`: recall with each kind of evidence left out once, at the same rate of false device-days.
//!
//! The sum is made again from the evidence that findings print. For each variant the weight that alerts is set anew
//! on clean fleets of the same seeds, so that a kind which only adds noise shows as a gain when it is gone.

use super::Arguments;
use super::table::{share, table};
use super::watch::{Class, Fleet, Row, Seen};
use anyhow::Result;
use std::collections::{BTreeMap, BTreeSet};
use undertone_core::evidence::EvidenceKind;
use undertone_core::score::budget::Sight;
use undertone_core::score::{FLOOR_A_BANS, FLOOR_B_BANS};
use undertone_simulate::FleetOptions;

/// Caps of the sum (`score/sum.rs`): channel kinds, state kinds, the rest.
const CAPS: [f64; 3] = [4.0, 2.5, 7.0];

/// The sum of a variant: stage A and stage B.
fn sum(row: &Row, without: Option<EvidenceKind>) -> (f64, f64) {
    use EvidenceKind::{Dns, Persistence, State, Timing, Wake};
    let mut parts = [0.0; 3];
    for (kind, bans) in row.evidence.iter().filter(|(kind, _)| Some(*kind) != without) {
        let part = match kind {
            Timing | Persistence | Dns => 0,
            State | Wake => 1,
            _ => 2,
        };
        parts[part] += bans;
    }
    let [channel, state, rest] = [0, 1, 2].map(|part| f64::min(parts[part], CAPS[part]));
    (channel + state, rest)
}

fn weight(row: &Row, without: Option<EvidenceKind>) -> Option<f64> {
    let (a, b) = sum(row, without);
    (a >= FLOOR_A_BANS && b >= FLOOR_B_BANS).then_some(a + b)
}

/// What one variant keeps.
#[derive(Default)]
struct Variant {
    /// Highest weight of each clean device-day that has one, of ordinary senders.
    clean: Vec<f64>,
    /// Highest weight of each implant.
    implants: Vec<Option<f64>>,
}

/// Simulates each seed clean and infected.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let mut variants: BTreeMap<(Sight, Option<EvidenceKind>), Variant> = BTreeMap::new();
    let mut device_days: BTreeMap<Sight, u64> = BTreeMap::new();
    let mut differ = (0_usize, 0_usize);
    for seed in &arguments.seeds {
        for is_clean in [true, false] {
            let options = FleetOptions { clean: is_clean, ..arguments.fleet_of(*seed) };
            let fleet = Fleet::make(options)?;
            for sight in &arguments.sights {
                let seen = fleet.seen(*sight, arguments.learn_days)?;
                crate::say(&format!("seed {seed} {} clean {is_clean}", sight.as_str()));
                let of = |row: &&Row| row.clears;
                differ.1 += seen.rows.iter().filter(of).count();
                let wrong = |row: &&Row| weight(row, None).is_none_or(|w| (w - row.weight).abs() > 0.01);
                differ.0 += seen.rows.iter().filter(of).filter(wrong).count();
                *device_days.entry(*sight).or_default() += if is_clean { seen.device_days } else { 0 };
                for without in std::iter::once(None).chain(EvidenceKind::ALL.map(Some)) {
                    let variant = variants.entry((*sight, without)).or_default();
                    add(variant, &fleet, &seen, without, is_clean);
                }
            }
        }
    }
    crate::print(&format!(
        "Ablation at {} false device-days of ordinary senders in 1,000: {}. The sum could be made again for {} of {} \
         rows.",
        arguments.budget_per_1000,
        arguments.told(),
        differ.1 - differ.0,
        differ.1
    ));
    for sight in &arguments.sights {
        let rows: Vec<Vec<String>> = variants
            .iter()
            .filter(|((of, _), _)| of == sight)
            .map(|((_, without), variant)| {
                line(*without, variant, device_days[sight], arguments.budget_per_1000)
            })
            .collect();
        table(&format!("Recall with {}", sight.as_str()), &["left out", "alerts from S", "recall"], &rows);
    }
    Ok(())
}

fn add(variant: &mut Variant, fleet: &Fleet, seen: &Seen, without: Option<EvidenceKind>, is_clean: bool) {
    if is_clean {
        let mut maxima: BTreeMap<(i32, &str), f64> = BTreeMap::new();
        for row in seen.rows.iter().filter(|row| row.class == Class::Other) {
            let Some(weight) = weight(row, without) else { continue };
            let highest = maxima.entry((row.day, row.device.as_str())).or_insert(weight);
            *highest = highest.max(weight);
        }
        variant.clean.extend(maxima.into_values());
        return;
    }
    let mut best: Vec<Option<f64>> = vec![None; fleet.truth.len()];
    for row in &seen.rows {
        let (Class::Implants(implants), Some(weight)) = (&row.class, weight(row, without)) else { continue };
        for at in implants.iter().collect::<BTreeSet<_>>() {
            best[*at] = Some(best[*at].unwrap_or(weight).max(weight));
        }
    }
    variant.implants.extend(best);
}

/// The least weight above all but the budget's share of clean device-days.
pub(super) fn threshold(clean: &[f64], device_days: u64, per_1000: f64) -> f64 {
    let mut sorted = clean.to_vec();
    sorted.sort_by(|a, b| b.total_cmp(a));
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a count")]
    let allowed = (per_1000 / 1000.0 * device_days as f64).floor() as usize;
    sorted.get(allowed).copied().unwrap_or(f64::NEG_INFINITY)
}

fn line(without: Option<EvidenceKind>, variant: &Variant, device_days: u64, budget: f64) -> Vec<String> {
    let threshold = threshold(&variant.clean, device_days, budget);
    let found = variant.implants.iter().filter(|weight| weight.is_some_and(|w| w > threshold)).count();
    vec![
        without.map_or("nothing", EvidenceKind::as_str).to_owned(),
        format!("{threshold:.2}"),
        share(found, variant.implants.len()),
    ]
}

//! Sizes: always alike, balanced, small (`PayloadSymmetryThreshold`).

use super::channel::is_plain_lookups;
use super::words::{bytes, percent};
use super::{Case, bans_of, plain};
use crate::attack::Element;
use crate::baseline::PeerFeature;
use crate::evidence::{Evidence, EvidenceKind};

/// Uniform sizes of requests and answers together say at most this: beside the rest hardly anything in fleets of one
/// author, much in those of another.
const CAP_BANS: f64 = 0.8;
/// Balanced exchanges are seldom anything but signals: neither fetching nor uploading.
const SYMMETRY_CAP_BANS: f64 = 1.0;
/// Spread (interquartile range over median) under which sizes count as alike where no fleet says.
const ALIKE_SPREAD: f64 = 0.1;
/// Bytes per check-in from which a series moves content rather than commands.
const BULK_BYTES: f64 = 200_000.0;

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    if is_plain_lookups(case) {
        return Vec::new();
    }
    uniformity(case).into_iter().chain(symmetry(case)).chain(bulk(case)).collect()
}

/// Median of the peers, their number, and the probability of a spread this low; where a fleet says.
type Usual = (Option<f64>, Option<u64>, Option<f64>);

fn uniformity(case: &Case<'_>) -> Option<Evidence> {
    let features = &case.features;
    let spreads = [
        (features.orig_spread, PeerFeature::OrigSpread, "requests"),
        (features.resp_spread, PeerFeature::RespSpread, "answers"),
    ];
    let mut weight = 0.0;
    let mut texts = Vec::new();
    let mut least: Option<(f64, Usual)> = None;
    for (spread, feature, what) in spreads {
        let Some(spread) = spread else { continue };
        let (bans, note) = match case.surprise(feature, spread, true) {
            Some(found) => {
                let note = (found.median, Some(found.peers), Some(found.p_value));
                (bans_of(&found, CAP_BANS / 2.0), note)
            }
            None if spread <= ALIKE_SPREAD => (0.4, (None, None, None)),
            None => (0.0, (None, None, None)),
        };
        if bans > 0.05 {
            weight += bans;
            texts.push(format!("{what} vary by {}", percent(spread)));
            if least.is_none_or(|(known, _)| spread < known) {
                least = Some((spread, note));
            }
        }
    }
    let (spread, (baseline, baseline_n, p_value)) = least?;
    Some(Evidence {
        observed: Some(spread),
        unit: "ratio",
        baseline,
        baseline_n,
        p_value,
        ..plain(
            EvidenceKind::Size,
            None,
            weight.min(CAP_BANS),
            format!(
                "sizes are {}: {}",
                if baseline.is_some() { "more alike than usual" } else { "alike" },
                texts.join(", ")
            ),
        )
    })
}

/// Requests and answers of like size: neither fetching nor uploading.
fn symmetry(case: &Case<'_>) -> Option<Evidence> {
    let asymmetry = case.features.asymmetry?;
    let threshold = case.thresholds.payload_symmetry_threshold;
    if asymmetry > threshold || case.profile.sessions().max(case.machine.check_ins) < 6 {
        return None;
    }
    let surprise = case.surprise(PeerFeature::Asymmetry, asymmetry, true);
    let weight = surprise.as_ref().map_or(0.3, |found| bans_of(found, SYMMETRY_CAP_BANS));
    let each = case.features.bytes_per_check_in;
    let each = each.map_or_else(String::new, |size| format!(", {} in a median check-in", bytes(size)));
    let text = format!(
        "all sent and all received differ by {} of their sum{each}: neither fetching nor uploading",
        percent(asymmetry)
    );
    Some(Evidence {
        observed: Some(asymmetry),
        unit: "ratio",
        baseline: surprise.as_ref().and_then(|found| found.median).or(Some(threshold)),
        baseline_n: surprise.as_ref().map(|found| found.peers),
        p_value: surprise.as_ref().map(|found| found.p_value),
        ..plain(EvidenceKind::Size, Some(Element::PayloadSymmetryThreshold), weight, text)
    })
}

/// Much content per check-in: media, updates and calls.
fn bulk(case: &Case<'_>) -> Option<Evidence> {
    let size = case.features.bytes_per_check_in?;
    if size < BULK_BYTES {
        return None;
    }
    let weight = -(1.0 + (size / BULK_BYTES).log10()).min(2.0);
    let text = format!("{} in a median check-in: content rather than commands", bytes(size));
    Some(Evidence { observed: Some(size), unit: "bytes", ..plain(EvidenceKind::Size, None, weight, text) })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, check_ins};
    use super::*;
    use crate::baseline::Features;
    use crate::dns::{DnsChannel, DnsQuery};
    use crate::model::Timestamp;
    use crate::series::Service;

    #[test]
    fn lookups_that_carry_nothing_have_the_size_of_their_name() {
        let mut scene = Scene::over(Service::Dns);
        scene.profile.starts = check_ins((0..20).map(|n| n * 60_000_000));
        let features = Features { asymmetry: Some(0.1), ..scene.case().features };
        assert!(!weigh(&Case { features, ..scene.case() }).is_empty(), "nothing is known of the names");
        let mut asked = DnsChannel::default();
        for n in 0..20 {
            let at = Timestamp::from_micros(n * 60_000_000);
            let (qname, domain) = ("x.example", "x.example");
            asked.update(&DnsQuery { at, qname, domain, qtype: Some(1), rcode: Some(0) });
        }
        scene.machine.dns = asked.assess();
        assert!(weigh(&Case { features, ..scene.case() }).is_empty());
    }
}

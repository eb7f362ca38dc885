//! Content that a sensor sees: encoded paths (`PayloadEntropyThreshold`), methods and path patterns.

use super::words::percent;
use super::{Case, plain};
use crate::attack::Element;
use crate::evidence::{Evidence, EvidenceKind};

/// Requests from which patterns mean something.
const REQUESTS_MIN: u64 = 6;
/// What content is worth beside the other kinds: honest telemetry is encoded and posted to one path, too.
const SHARE: f64 = 0.5;

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    entropy(case).into_iter().chain(http(case)).collect()
}

fn entropy(case: &Case<'_>) -> Option<Evidence> {
    let bits = case.profile.path_entropy.mean_bits()?;
    let threshold = case.thresholds.payload_entropy_threshold;
    if bits <= threshold || case.profile.path_entropy.texts() < REQUESTS_MIN {
        return None;
    }
    let text = format!(
        "paths and queries hold {bits:.1} bits per character, like encoded data (words hold about 3.5)"
    );
    Some(Evidence {
        observed: Some(bits),
        unit: "bits_per_character",
        baseline: Some(threshold),
        baseline_n: Some(case.profile.path_entropy.texts()),
        ..plain(
            EvidenceKind::Entropy,
            Some(Element::PayloadEntropyThreshold),
            case.beside_others((bits - threshold).min(0.5), SHARE),
            text,
        )
    })
}

/// The same request over and over: one path pattern, mostly POST.
fn http(case: &Case<'_>) -> Option<Evidence> {
    let profile = case.profile;
    if profile.marks.requests < REQUESTS_MIN {
        return None;
    }
    let (class, count) = profile.paths.top()?;
    let share = f64::from(count) / profile.paths.total() as f64;
    let posts: u64 = profile
        .methods
        .ranked()
        .into_iter()
        .filter(|(m, _)| m.eq_ignore_ascii_case("POST"))
        .map(|(_, n)| u64::from(n))
        .sum();
    let post_share = posts as f64 / profile.methods.total().max(1) as f64;
    if share < 0.8 {
        return None;
    }
    let weight = case.beside_others(0.3 + 0.3 * post_share, SHARE);
    let text = format!(
        "{} of {} requests have the one path pattern `{class}`, {} of them POST",
        percent(share),
        profile.marks.requests,
        percent(post_share)
    );
    Some(Evidence { observed: Some(share), unit: "share", ..plain(EvidenceKind::Http, None, weight, text) })
}

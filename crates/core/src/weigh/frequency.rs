//! Rate of connections (`ConnectionFrequencyThreshold`).

use super::{Case, bans_of, plain};
use crate::attack::Element;
use crate::baseline::PeerFeature;
use crate::evidence::{Evidence, EvidenceKind};

const CAP_BANS: f64 = 1.0;

pub(super) fn weigh(case: &Case<'_>) -> Option<Evidence> {
    let rate = case.features.rate_per_hour;
    let surprise = case.surprise(PeerFeature::Rate, rate, false)?;
    let usual = surprise.median?;
    if usual <= 0.0 || rate < case.thresholds.connection_frequency_threshold * usual {
        return None;
    }
    let text = format!("{rate:.1} check-ins per active hour; comparable series make {usual:.1}");
    Some(Evidence {
        observed: Some(rate),
        unit: "per_hour",
        baseline: Some(usual),
        baseline_n: Some(surprise.peers),
        p_value: Some(surprise.p_value),
        ..plain(
            EvidenceKind::Frequency,
            Some(Element::ConnectionFrequencyThreshold),
            bans_of(&surprise, CAP_BANS),
            text,
        )
    })
}

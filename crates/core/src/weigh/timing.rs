//! Rhythm (`BeaconIntervalVarianceThreshold`, `CadenceAnomalyThreshold`, `HTTPSCadenceAnomalyThreshold`).

use super::words::{duration, odds};
use super::{Case, plain};
use crate::attack::Element;
use crate::evidence::{Evidence, EvidenceKind};
use crate::score::machine::{Rhythm, Timing};
use crate::timing::INTERVALS_MAX;

/// A rhythm alone never says more than one in 10,000: benign machines keep rhythms, too.
const CAP_BANS: f64 = 4.0;
/// p-value above which there is no rhythm to speak of.
const P_MAX: f64 = 0.2;

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    let Some(timing) = case.machine.timing.as_ref().filter(|timing| timing.p_value <= P_MAX) else {
        return Vec::new();
    };
    let element = Element::timing(case.platform, case.is_web());
    let dispersion = timing.best.dispersion;
    let p_max = match element {
        Element::CadenceAnomalyThreshold => case.thresholds.cadence_anomaly_threshold,
        Element::HttpsCadenceAnomalyThreshold => case.thresholds.https_cadence_anomaly_threshold,
        _ => 1.0,
    };
    if timing.p_value > p_max {
        let text =
            format!("there is a rhythm, but weaker than {} allows (p {:.2})", element.name(), timing.p_value);
        return vec![plain(EvidenceKind::Timing, Some(element), 0.0, text)];
    }
    let is_too_loose = dispersion > case.thresholds.beacon_interval_variance_threshold;
    let weight = if is_too_loose { 0.0 } else { (-timing.p_value.log10()).min(CAP_BANS) };
    vec![Evidence {
        observed: Some(dispersion),
        unit: "ratio",
        baseline: Some(1.5),
        p_value: Some(timing.p_value),
        ..plain(EvidenceKind::Timing, Some(element), weight, sentence(timing, is_too_loose))
    }]
}

fn sentence(timing: &Timing, is_too_loose: bool) -> String {
    let test = &timing.best;
    let what = match timing.rhythm {
        Rhythm::Sessions => "check-ins".into(),
        Rhythm::Pattern => "check-ins of one host or request pattern".into(),
        Rhythm::AwakeSessions => "check-ins (counting only the time in which the phone was awake)".into(),
        Rhythm::OwnMoments => "check-ins (leaving out moments at which many apps fire)".into(),
        Rhythm::Messages => "messages inside its connections".into(),
        Rhythm::Together(phones) => format!("check-ins of {phones} phones, too few on each alone,"),
    };
    let latest = if test.events > INTERVALS_MAX { "the latest " } else { "" };
    let rhythm = format!(
        "{latest}{} {what} about every {}; intervals scatter {:.2} (0 is clockwork, 1.5 is chance)",
        test.events,
        duration(test.period_secs),
        test.dispersion
    );
    if is_too_loose {
        return format!("{rhythm}, more than the threshold allows");
    }
    format!("{rhythm}; people and bursts look this regular {} times", odds(timing.p_value))
}

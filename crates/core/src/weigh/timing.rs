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
        ..plain(EvidenceKind::Timing, Some(element), weight, sentence(case, timing, is_too_loose))
    }]
}

/// How many more check-ins than fit between the first and the last at their period are still told by the period alone.
const CROWDED: f64 = 1.1;

/// Whether there are clearly more check-ins than the period that most of them keep lets expect: others lie between.
fn is_crowded(case: &Case<'_>, timing: &Timing) -> bool {
    let test = &timing.best;
    let Some((first, last)) = case.profile.span() else { return false };
    let fitting = 1.0 + last.since(first) as f64 / 1e6 / test.period_secs;
    let is_of_all =
        timing.rhythm == Rhythm::Sessions && test.events <= INTERVALS_MAX && !timing.is_of_last_day;
    is_of_all && test.events as f64 > CROWDED * fitting
}

fn sentence(case: &Case<'_>, timing: &Timing, is_too_loose: bool) -> String {
    let test = &timing.best;
    let what = match timing.rhythm {
        Rhythm::Sessions => "check-ins".into(),
        Rhythm::Pattern => "check-ins of one host or request pattern".into(),
        Rhythm::AwakeSessions => "check-ins (counting only the time in which the phone was awake)".into(),
        Rhythm::OwnMoments => "check-ins (leaving out moments at which many apps fire)".into(),
        Rhythm::Messages => "messages inside its connections".into(),
        Rhythm::Together(phones) => format!("check-ins of {phones} phones, too few on each alone,"),
    };
    let of_day = if timing.is_of_last_day { " on that day alone," } else { "" };
    let latest = if test.events > INTERVALS_MAX { "the latest " } else { "" };
    let period = duration(test.period_secs);
    let pace = if is_crowded(case, timing) {
        format!(", most of them about {period} apart and others between")
    } else {
        format!(" about every {period}")
    };
    let rhythm = format!(
        "{latest}{} {what}{of_day}{pace}; intervals scatter {:.2} (0 is clockwork, 1.5 is chance)",
        test.events, test.dispersion
    );
    if is_too_loose {
        return format!("{rhythm}, more than the threshold allows");
    }
    format!("{rhythm}; people and bursts look this regular {} times", odds(timing.p_value))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, check_ins};
    use super::*;
    use crate::score::machine;
    use crate::series::Service;
    use crate::timing::AwakeClock;

    /// The sentence on a check-in every 15 minutes for a day, and more that lie between.
    fn said(between: i64) -> String {
        let usual = (0..90).map(|n| n * 900);
        let more = (0..between).map(|n| n * 4 * 900 + 400);
        let mut seconds: Vec<i64> = usual.chain(more).collect();
        seconds.sort_unstable();
        let mut scene = Scene::over(Service::Tls);
        scene.profile.starts = check_ins(seconds.into_iter().map(|at| at * 1_000_000));
        scene.machine = machine::assess(&scene.profile, &AwakeClock::default(), 86_400_000_000);
        weigh(&scene.case()).remove(0).text
    }

    #[test]
    fn a_period_that_does_not_account_for_the_check_ins_is_not_told_as_if_it_did() {
        assert!(said(0).starts_with("90 check-ins about every 15 min; "), "{}", said(0));
        let told = said(15);
        assert!(
            told.starts_with("105 check-ins, most of them about 15 min apart and others between; "),
            "{told}"
        );
    }
}

//! The system's schedule: phones give background work to apps at intervals of their own, and end their connections.
//!
//! Android's `WorkManager` and `JobScheduler` run periodic work every 15 minutes at the most often, with a flex of 5
//! minutes and more (androidx source, `MIN_PERIODIC_INTERVAL_MILLIS`); Doze takes the network from apps in the background
//! (Android developers, "Optimize for Doze and App Standby"); iOS refreshes apps when it likes and suspends them in
//! between. A rhythm below that, or a connection kept while nobody is there, needs a foreground service, a push or an
//! exact alarm: rare for honest apps without those. A rhythm below that which stops when nobody is there is what the
//! timers of any app in use do (games, players, analytics). A rhythm of a quarter to a whole hour that is as loose as the
//! system's is what any app gets; a tighter one is the app's own, and says nothing either way. Slower ones are any app's,
//! however tight: the system's flex is small beside them. What is no phone has no such schedule.

use super::channel::is_kept_service;
use super::state::is_in_service;
use super::words::{duration, percent};
use super::{Case, plain};
use crate::evidence::{Evidence, EvidenceKind};
use crate::score::machine::{RHYTHM_P_MAX, Rhythm, Timing, observed_hours};

/// 15 minutes with the least flex of 5: two runs can be 10 to 20 minutes apart.
const SYSTEM_PERIOD_SECS: f64 = 600.0;
/// An hour and its flex: the system keeps longer rhythms as tightly as an app's own clock does.
const LOOSE_PERIOD_MAX_SECS: f64 = 4500.0;
/// Scatter of the intervals from which a rhythm up to that can be the system's: two runs of a 15-minute job with the
/// least flex of 5 are apart by a triangle of 10 to 20, whose scatter is 0.1; the usual flex is the whole period.
const SYSTEM_SCATTER_MIN: f64 = 0.08;
/// Hours that must be observed before "round the clock" means anything.
const HOURS_MIN: f64 = 8.0;
/// Hours from which most of them are called the clock.
const CLOCK_HOURS: f64 = 18.0;
/// Share of the observed hours in which the rhythm must be seen, and of the time in which a connection must be there.
const ROUND_THE_CLOCK_SHARE: f64 = 0.7;
const LOCKED_SHARE_MIN: f64 = 0.3;
/// Share of the hours in which the phone was seen that a rhythm must be there where the lock tells that nobody was.
const MOST_SHARE: f64 = 0.5;
/// Share of the hours in which it was seen that its check-ins must fill: with 40 % missed and half an hour of silence in
/// each, 0.3 is left. A burst fills seconds.
const FILLED_SHARE_MIN: f64 = 0.25;
/// Share from which hardly any check-in is missed.
const WHOLE_SHARE: f64 = 0.8;
/// Raised by the fit of all kinds beside each other (see [`super`]).
const KEPT_RHYTHM_BANS: f64 = 1.8;
/// A visible foreground service explains it, but for its being there.
const KEPT_IN_SERVICE_BANS: f64 = 1.0;
/// That a connection is kept is told by its persistence.
const KEPT_CONNECTION_BANS: f64 = 0.6;
/// Nine of ten implants keep their rhythm through the hours without anybody, in simulated fleets of two authors; of honest
/// apps with a rhythm this fast it depends on the fleet, from hardly one to nearly all. The half way between.
const ATTENDED_BANS: f64 = -0.8;
/// A rhythm that was there for one sitting, and never again while the phone goes on: a page or a game that somebody opened
/// and closed. In fleets of a fourth author none of 106 implants with a rhythm this fast was like that, and most of the
/// honest series that are new and go where hardly anybody does. Each hour of silence says as much, up to eight.
const SITTING_BANS_PER_HOUR: f64 = -0.25;
const SITTING_MAX_SECS: f64 = 3600.0;
/// All of a rhythm's intervals together, for one among other traffic with the same place: twenty check-ins a minute apart.
const RHYTHM_MIN_SECS: f64 = 1200.0;
const SILENT_HOURS_MIN: f64 = 2.0;
/// Any app may have it, and an implant, too: it says little.
const INSIDE_BANS: f64 = -0.4;
/// Slower than an hour and its flex is what most of the system's jobs are, and few implants: of the series of simulated
/// fleets of three authors that something else sets apart, honest ones are slow ten times as often.
const SLOW_BANS: f64 = -1.0;

pub(super) fn weigh(case: &Case<'_>) -> Option<Evidence> {
    if case.is_appliance {
        return None;
    }
    rhythm(case).or_else(|| kept_connection(case))
}

fn item(weight: f64, observed: f64, baseline: f64, text: String) -> Evidence {
    Evidence {
        observed: Some(observed),
        unit: "seconds",
        baseline: Some(baseline),
        ..plain(EvidenceKind::State, None, weight, text)
    }
}

fn rhythm_of<'c>(case: &Case<'c>) -> Option<&'c Timing> {
    case.machine.timing.as_ref().filter(|timing| timing.p_value <= RHYTHM_P_MAX)
}

/// A rhythm that the system gives, or one that is faster and kept with nobody there.
fn rhythm(case: &Case<'_>) -> Option<Evidence> {
    let timing = rhythm_of(case)?;
    let period = timing.best.period_secs;
    if period < SYSTEM_PERIOD_SECS {
        return kept_rhythm(case, period)
            .or_else(|| one_sitting(case, period))
            .or_else(|| attended_rhythm(case, period));
    }
    let is_slow = period >= LOOSE_PERIOD_MAX_SECS;
    let is_systems = is_slow || timing.best.dispersion >= SYSTEM_SCATTER_MIN;
    (observed_hours(case.profile) >= HOURS_MIN && is_systems).then(|| {
        let text = format!(
            "a rhythm of {} is one that the system's job scheduler gives to any app",
            duration(period)
        );
        item(if is_slow { SLOW_BANS } else { INSIDE_BANS }, period, 900.0, text)
    })
}

/// A rhythm faster than the system's, kept with nobody there.
fn kept_rhythm(case: &Case<'_>, period: f64) -> Option<Evidence> {
    let observed = observed_hours(case.profile);
    // It may have stopped while the phone goes on.
    let hours = observed.max(case.machine.awake_hours);
    let active_hours = case.profile.hours.len() as f64;
    let check_ins = case.profile.sessions().max(case.machine.check_ins) as f64;
    let filled = check_ins * period / (3600.0 * active_hours);
    let is_most = active_hours >= MOST_SHARE * hours;
    (observed >= HOURS_MIN && filled >= FILLED_SHARE_MIN && is_most && is_unattended(case, hours)).then(|| {
        let missed = if filled < WHOLE_SHARE {
            format!(", with about {:.0} % of its check-ins", 100.0 * filled)
        } else {
            String::new()
        };
        let is_round = hours >= CLOCK_HOURS && active_hours >= ROUND_THE_CLOCK_SHARE * hours;
        let when = if is_round { "around the clock" } else { "most of the time" };
        let text = format!(
            "keeps a rhythm of {} {when}, in {active_hours} of {} hours{missed}; the system's job scheduler gives \
             apps one run in 15 min",
            duration(period),
            hours.ceil().max(active_hours)
        );
        let bans = if is_in_service(case) { KEPT_IN_SERVICE_BANS } else { KEPT_RHYTHM_BANS };
        item(bans, period, 900.0, text)
    })
}

/// Whether all of it happened within an hour, or the rhythm in it takes up some minutes of a day; and no connection of it
/// stayed.
pub(super) fn is_one_sitting(case: &Case<'_>) -> bool {
    let is_brief = |timing: &Timing| {
        let is_own = !matches!(timing.rhythm, Rhythm::Together(_));
        is_own && case.machine.check_ins as f64 * timing.best.period_secs <= RHYTHM_MIN_SECS
    };
    let is_kept = case.machine.persistence.is_some_and(|found| found.connected_secs > SITTING_MAX_SECS);
    let is_over =
        observed_hours(case.profile) * 3600.0 <= SITTING_MAX_SECS || rhythm_of(case).is_some_and(is_brief);
    is_over && !is_kept
}

/// A fast rhythm that never came back, while the phone was seen.
fn one_sitting(case: &Case<'_>, period: f64) -> Option<Evidence> {
    let hours = case.machine.awake_hours;
    (hours >= SILENT_HOURS_MIN && is_one_sitting(case)).then(|| {
        let (so_far, since, opened) = if observed_hours(case.profile) * 3600.0 <= SITTING_MAX_SECS {
            ("was soon over and did not come back in", "since", "opened")
        } else {
            ("takes up some minutes of", "since it began", "opens")
        };
        let text = format!(
            "a rhythm of {} that {so_far} the {hours:.0} hours in which the phone was seen {since}: a page or a game that \
             somebody {opened} can look like this",
            duration(period)
        );
        item(SITTING_BANS_PER_HOUR * hours.min(HOURS_MIN), period, 900.0, text)
    })
}

/// A rhythm faster than the system's that stops while the phone goes on.
fn attended_rhythm(case: &Case<'_>, period: f64) -> Option<Evidence> {
    let hours = case.machine.awake_hours;
    let active_hours = case.profile.hours.len();
    let is_attended = active_hours as f64 <= ROUND_THE_CLOCK_SHARE * hours && !is_unattended(case, hours);
    (hours >= HOURS_MIN && is_attended).then(|| {
        let text = format!(
            "a rhythm of {} in {active_hours} of the {hours:.0} hours since it began in which the phone was seen: the \
             timer of any app in use can look like this",
            duration(period)
        );
        item(ATTENDED_BANS, period, 900.0, text)
    })
}

/// Whether the series goes on while nobody uses the phone: by its lock, else by the hours, of `hours` in all.
fn is_unattended(case: &Case<'_>, hours: f64) -> bool {
    match case.features.locked_share {
        Some(share) => share >= LOCKED_SHARE_MIN,
        None => case.profile.hours.len() as f64 >= ROUND_THE_CLOCK_SHARE * hours,
    }
}

/// A connection, or one after the other, that is there through hours in which the system takes the network from apps.
fn kept_connection(case: &Case<'_>) -> Option<Evidence> {
    let found = case.machine.persistence.filter(|_| is_kept_service(case.key.service))?;
    let is_unattended = case.features.locked_share.is_none_or(|share| share >= LOCKED_SHARE_MIN);
    let is_kept = found.connected_secs >= HOURS_MIN * 3600.0
        && found.connected_share >= ROUND_THE_CLOCK_SHARE
        && found.longest_secs >= SYSTEM_PERIOD_SECS;
    (is_kept && is_unattended).then(|| {
        let text = format!(
            "keeps a connection {} of the time; the system takes the network from apps that nobody uses",
            percent(found.connected_share)
        );
        item(KEPT_CONNECTION_BANS, found.connected_secs, HOURS_MIN * 3600.0, text)
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, check_ins};
    use super::*;
    use crate::score::machine::{self, Persistence};
    use crate::series::Service;
    use crate::timing::AwakeClock;

    fn bans(connected_hours: f64, connected_share: f64) -> Option<f64> {
        let mut scene = Scene::over(Service::Tls);
        scene.machine.persistence = Some(Persistence {
            longest_secs: 3600.0,
            connected_secs: connected_hours * 3600.0,
            connected_share,
        });
        weigh(&scene.case()).map(|item| item.weight_bans)
    }

    #[test]
    fn a_connection_kept_for_a_night_is_outside_the_systems_schedule() {
        assert_eq!(bans(9.0, 0.9), Some(KEPT_CONNECTION_BANS));
        assert_eq!(bans(7.0, 0.9), None);
        assert_eq!(bans(9.0, 0.5), None);
    }

    /// A check-in a minute for so many hours, on a phone that is seen for so many hours from then on.
    fn bans_of_rhythm(hours: i64, seen_hours: i64) -> Option<f64> {
        const HOUR_MICROS: i64 = 3_600_000_000;
        let mut scene = Scene::over(Service::Tls);
        scene.profile.starts = check_ins((0..hours * 60).map(|minute| minute * 60_000_000));
        scene.profile.hours = (0..i32::try_from(hours).unwrap()).collect();
        let activity: Vec<i64> = (0..=seen_hours * 2).map(|half| half * HOUR_MICROS / 2).collect();
        let awake = AwakeClock::from_activity(&activity, HOUR_MICROS);
        scene.machine = machine::assess(&scene.profile, &awake, 24 * HOUR_MICROS);
        weigh(&scene.case()).map(|item| item.weight_bans)
    }

    #[test]
    fn a_fast_rhythm_goes_on_or_stops_while_the_phone_is_there() {
        assert_eq!(bans_of_rhythm(20, 24), Some(KEPT_RHYTHM_BANS));
        // Ten hours are most of twelve, and not of a day.
        assert_eq!(
            (bans_of_rhythm(10, 12), bans_of_rhythm(10, 24)),
            (Some(KEPT_RHYTHM_BANS), Some(ATTENDED_BANS))
        );
        assert_eq!(bans_of_rhythm(2, 24), Some(ATTENDED_BANS));
        assert_eq!(bans_of_rhythm(1, 24), Some(-2.0));
        assert_eq!(bans_of_rhythm(1, 4), Some(-1.0));
        // The phone was gone soon after, or nobody knows: neither.
        assert_eq!((bans_of_rhythm(1, 1), bans_of_rhythm(2, 3)), (None, None));
        assert_eq!(bans_of_rhythm(2, 0), None);
        // Most of the hours, but not enough of them for the clock round.
        assert_eq!(bans_of_rhythm(7, 9), None);
    }

    #[test]
    fn a_rhythm_around_the_clock_says_how_much_of_it_is_there() {
        let told = |minutes: &dyn Fn(i64) -> bool| {
            let mut scene = Scene::over(Service::Tls);
            scene.profile.starts =
                check_ins((0..20 * 60).filter(|minute| minutes(*minute)).map(|minute| minute * 60_000_000));
            scene.profile.hours = (0..20).collect();
            scene.machine = machine::assess(&scene.profile, &AwakeClock::default(), 72_000_000_000);
            weigh(&scene.case()).unwrap().text
        };
        let whole = told(&|_| true);
        assert!(whole.contains("around the clock, in 20 of 20 hours; the system"), "{whole}");
        // Half an hour of each.
        let half = told(&|minute| minute % 60 < 30);
        assert!(half.contains("in 20 of 20 hours, with about 50 % of its check-ins; the system"), "{half}");
        assert!(!half.contains("  ") && half.ends_with("gives apps one run in 15 min"), "{half}");
    }

    #[test]
    fn what_is_no_phone_has_no_such_schedule() {
        let mut scene = Scene::over(Service::Tls);
        scene.profile.starts = check_ins((0..20 * 60).map(|minute| minute * 60_000_000));
        scene.profile.hours = (0..20).collect();
        scene.machine = machine::assess(&scene.profile, &AwakeClock::default(), 72_000_000_000);
        let bans = |is_appliance| weigh(&Case { is_appliance, ..scene.case() }).map(|item| item.weight_bans);
        assert_eq!((bans(false), bans(true)), (Some(KEPT_RHYTHM_BANS), None));
    }

    #[test]
    fn slow_rhythms_are_the_systems_however_tight() {
        const HOUR_MICROS: i64 = 3_600_000_000;
        let bans_every = |micros: i64| {
            let mut scene = Scene::over(Service::Tls);
            scene.profile.starts = check_ins((0..24).map(|n| n * micros));
            scene.profile.hours = (0..24).collect();
            scene.machine = machine::assess(&scene.profile, &AwakeClock::default(), 72 * HOUR_MICROS);
            weigh(&scene.case()).map(|item| item.weight_bans)
        };
        assert_eq!(bans_every(2 * HOUR_MICROS), Some(SLOW_BANS));
        // An app's own clock, which no system runs so exactly.
        assert_eq!(bans_every(HOUR_MICROS / 2), None);
    }
}

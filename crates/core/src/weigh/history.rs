//! History of the series on its own phone: new today, or unchanged for days.

use super::app::is_of_the_app_itself;
use super::schedule::is_one_sitting;
use super::state::is_while_used;
use super::words::counted;
use super::{Case, plain};
use crate::baseline::{Earlier, Past};
use crate::evidence::{Evidence, EvidenceKind};
use crate::model::{Day, Timestamp};

/// Days that a phone must have been seen before newness means anything.
pub const HISTORY_DAYS_MIN: u32 = 2;

/// A channel that begins while the phone is watched: of the machine-driven series of a phone with a past, one in 160 is
/// new on a day (clean simulated fleets show one in 250), which is 2.2 bans. It shares nothing with the other kinds, of
/// which each repeats a part of the rest (rare, fast and around the clock go together on honest servers, too): a logistic
/// fit of all kinds on simulated fleets gives it 1.5 to 3 times their scale.
const NEW_BANS: f64 = 3.4;
/// The same towards a place that other apps polled before. It is rarer still in simulated fleets, but an app that takes
/// up a service that everybody has is what updates do, and those differ from fleet to fleet.
const NEW_TO_APP_BANS: f64 = 2.2;
/// What others polled at this very pace before it came to this phone: an app that people install one after the other. Of
/// some 550 series that came to a phone after others had polled their place, on the third days of five fleets of a fourth
/// author, two were implants. Less than that says, for campaigns spread, too; their first phones have no company from
/// before.
const SPREADING_BANS: f64 = -1.5;
/// Other phones from which it is company.
const SPREADING_PHONES_MIN: u32 = 2;
/// Share of [`NEW_BANS`] that is left while somebody uses the app: people open new pages and find new features each day,
/// and their timers begin with them; a channel that waits for its app to be used is worth little to its master.
const NEW_IN_USE_SHARE: f64 = 0.5;
/// A series that was there, and long enough to be judged (eight check-ins), on a day before, be it the only one. Nearly
/// every honest sender was, and what it had to show was judged then; a slow one that becomes testable only now loses
/// nothing.
const KNOWN_BANS: f64 = 3.6;
/// Each further day says less.
const KNOWN_BANS_PER_DAY: f64 = 1.2;
const KNOWN_CAP_BANS: f64 = 4.8;
/// A place that the phone went to on days before without a rhythm, when today's pace would have shown one in a third of
/// a day: people come and go like that, and the channel of an implant does not.
const VISITED_BANS: f64 = 1.6;
const VISITED_PACE_MAX_SECS: f64 = 3600.0;
/// What began this long before the day did is new, too: the day before had little time to show it.
const EVE_MICROS: i64 = 12 * 3_600_000_000;

/// Stage B: new today, unchanged for days, or an open alert.
pub fn weigh(case: &Case<'_>) -> Option<Evidence> {
    let past = case.past;
    let (weight, text) = if is_new(case) {
        newness(case)
    } else if past.days_judged > 0 {
        let (judged, days) = (past.days_judged, past.device_days);
        let weight = KNOWN_BANS + KNOWN_BANS_PER_DAY * f64::from(judged - 1);
        let text = match days {
            0 | 1 => "the same on the one day before on which the phone was seen".to_owned(),
            _ => format!(
                "the same on {} before, of {days} on which the phone was seen",
                counted(judged, "day")
            ),
        };
        (-weight.min(KNOWN_CAP_BANS), text)
    } else if past.series_days > 0
        && case.has_past()
        && case.machine.pace_secs().is_some_and(|pace| pace <= VISITED_PACE_MAX_SECS)
    {
        let text =
            "the phone went there on days before, too, but on no rhythm that could be judged".to_owned();
        (-VISITED_BANS, text)
    } else {
        (0.0, format!("an alert since {} that nobody settled", past.open_since?))
    };
    Some(Evidence {
        observed: Some(f64::from(past.series_days)),
        unit: "days",
        baseline: Some(f64::from(past.device_days)),
        ..plain(EvidenceKind::Baseline, None, weight, text)
    })
}

/// Whether it begins today, on a phone with a past, or is too slow to have been judged since it began.
fn is_new(case: &Case<'_>) -> bool {
    let Past { series_days, has_gaps, .. } = case.past;
    case.has_past() && !has_gaps && (series_days == 0 || began_on_the_eve(case) || is_slow_to_show(case))
}

/// Whether it began while the phone was watched, has been there on each day since, and shows its rhythm only now: eight
/// check-ins take a beacon of every six hours two days. A faster one would have shown it on its first.
fn is_slow_to_show(case: &Case<'_>) -> bool {
    let Past { device_days, series_days, days_judged, .. } = case.past;
    let is_slow = case.machine.pace_secs().is_some_and(|pace| pace > VISITED_PACE_MAX_SECS);
    let first = case.profile.span().map(|(first, _)| first.day().number());
    let days_since = first.map(|first| i64::from(case.day.number()) - i64::from(first));
    days_judged == 0
        && is_slow
        && device_days.saturating_sub(series_days) >= HISTORY_DAYS_MIN
        && days_since == Some(i64::from(series_days))
}

/// Whether all that there was before the day lies in the last hours before it. A day that only a learned baseline
/// remembers has no hours.
fn began_on_the_eve(case: &Case<'_>) -> bool {
    let is_eve = |first: Timestamp| first.day() < case.day && day_of_begin(first) >= case.day;
    case.past.series_days == 1 && case.profile.span().is_some_and(|(first, _)| is_eve(first))
}

/// The day of which something is that began at an instant: what begins late on a day is of the next.
pub fn day_of_begin(first: Timestamp) -> Day {
    first.plus_micros(EVE_MICROS).day()
}

/// Other phones that polled where the series goes on days before; of several destinations, that of most.
pub(super) fn polled_before(case: &Case<'_>) -> Earlier {
    let app = case.key.app.as_deref();
    let polled = |to| case.polls.before(to, app, case.device, case.day);
    let learned = |to| case.learned.map(|learned| learned.polled_before(to, app, case.day));
    case.destinations().map(|to| polled(to).or(learned(to).unwrap_or_default())).max().unwrap_or_default()
}

/// New on this phone. What spreads from phone to phone with its app may be an update as well as a campaign.
fn newness(case: &Case<'_>) -> (f64, String) {
    let app = case.key.app.as_deref();
    let others = |phones| counted(phones, "other phone");
    let Past { device_days, series_days, open_since, .. } = case.past;
    if let Some(since) = open_since {
        let days = counted(device_days, "day");
        let text = format!(
            "an alert since {since} that nobody settled: the phone was seen on {days} before that day without it"
        );
        return as_it_was_used(case, NEW_BANS, text);
    }
    let begun = match series_days {
        0 => "new today".to_owned(),
        1 if began_on_the_eve(case) => "new since late on the day before".to_owned(),
        days => format!("new {} ago, and long enough to be judged only now", counted(days, "day")),
    };
    match (app, polled_before(case)) {
        // With another app, or over another protocol: a server of the phone's owner, or a change of the app.
        (_, Earlier { phones: 0, .. }) if case.past.is_place_known && series_days == 0 => {
            let who = app.map_or_else(String::new, |app| format!(" for {app}"));
            let text = format!("{begun}{who}, but the phone went to that place on days before");
            as_it_was_used(case, NEW_TO_APP_BANS, text)
        }
        (_, Earlier { phones: 0, .. }) => {
            let days = counted(device_days.saturating_sub(series_days), "day");
            as_it_was_used(case, NEW_BANS, format!("{begun}: the phone was seen on {days} before without it"))
        }
        (Some(app), earlier @ Earlier { phones, .. }) if is_news_of_the_app(case, earlier) => {
            let others = others(phones);
            let text = format!("{begun} for {app}; {others} polled it on days before, with other apps");
            as_it_was_used(case, NEW_TO_APP_BANS, text)
        }
        (_, Earlier { phones, .. }) => {
            let text = format!("new on this phone, but polled on days before by {}", others(phones));
            if is_spreading(case, phones) {
                (
                    SPREADING_BANS,
                    format!("{text}, most of them at this pace: an app that people install looks like this"),
                )
            } else {
                (0.0, text)
            }
        }
    }
}

/// Whether most of so many other phones that polled the place on days before keep the pace of the case.
fn is_spreading(case: &Case<'_>, phones: u32) -> bool {
    let together = case.destinations().map(|to| case.others_at_this_pace(to)).max().unwrap_or(0);
    together >= SPREADING_PHONES_MIN && 2 * together >= phones
}

/// What newness is worth where somebody used the app all the while, or where it was soon over.
fn as_it_was_used(case: &Case<'_>, bans: f64, text: String) -> (f64, String) {
    if is_one_sitting(case) {
        (0.0, format!("{text}, but it was soon over, like most that people open"))
    } else if is_while_used(case) {
        (bans * NEW_IN_USE_SHARE, format!("{text}, and all the while somebody used the app"))
    } else {
        (bans, text)
    }
}

/// Whether others polled the place on days before, but none with this app.
fn is_news_of_the_app(case: &Case<'_>, earlier: Earlier) -> bool {
    // Those of which nobody knows the app may have used this one.
    let with_others = earlier.phones.saturating_sub(earlier.of_no_known_app);
    with_others > earlier.of_no_known_app
        && earlier.with_app == 0
        && case.key.app.is_some()
        && !is_of_the_app_itself(case)
}

/// Whether it begins today, at a place that the app's copies never polled and those of other apps did.
pub(super) fn is_new_to_app(case: &Case<'_>) -> bool {
    is_new(case) && is_news_of_the_app(case, polled_before(case))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Scene, check_ins};
    use super::*;
    use crate::baseline::{Poll, Polls};
    use crate::score::machine::{self, Persistence};
    use crate::series::{Service, StateTally};
    use crate::timing::AwakeClock;

    const TODAY: i32 = 3;
    const DAY_MICROS: i64 = 86_400_000_000;

    /// A series of a check-in every five minutes for five hours, from so many hours before (or after) today's begin.
    fn scene(from_hours: i64) -> Scene {
        let mut scene = Scene::over(Service::Tls);
        let from = i64::from(TODAY) * DAY_MICROS + from_hours * 3_600_000_000;
        scene.profile.starts = check_ins((0..60).map(|n| from + n * 300_000_000));
        scene.machine = machine::assess(&scene.profile, &AwakeClock::default(), i64::MAX);
        scene
    }

    fn bans(scene: &Scene, series_days: u32, days_judged: u32) -> Option<f64> {
        let past = Past { device_days: 2, series_days, days_judged, ..Past::default() };
        let case = Case { past, day: Day::from_number(TODAY), ..scene.case() };
        weigh(&case).map(|item| item.weight_bans)
    }

    #[test]
    fn a_place_that_the_phone_knows_already_is_less_of_a_news() {
        let mut scene = scene(0);
        scene.key.app = Some("com.example.a".into());
        let weighed = |is_place_known| {
            let past = Past { device_days: 5, is_place_known, ..Past::default() };
            weigh(&Case { past, day: Day::from_number(TODAY), ..scene.case() }).unwrap()
        };
        let (known, unknown) = (weighed(true), weighed(false));
        assert_eq!((known.weight_bans, unknown.weight_bans), (NEW_TO_APP_BANS, NEW_BANS));
        let told = "new today for com.example.a, but the phone went to that place on days before";
        assert_eq!(known.text, told);
    }

    #[test]
    fn an_open_alert_weighs_what_it_did() {
        let scene = scene(0);
        let weighed = |device_days| {
            let past = Past { device_days, open_since: Some(Day::from_number(1)), ..Past::default() };
            let item = weigh(&Case { past, day: Day::from_number(TODAY), ..scene.case() }).unwrap();
            (item.weight_bans, item.text)
        };
        let told = "an alert since 1970-01-02 that nobody settled";
        let without = format!("{told}: the phone was seen on 5 days before that day without it");
        assert_eq!(weighed(5), (NEW_BANS, without));
        assert_eq!(weighed(1), (0.0, told.to_owned()), "it was not new then: there was no past");
    }

    #[test]
    fn what_may_have_been_left_out_is_not_new() {
        let scene = scene(0);
        let text = |has_gaps| {
            let past = Past { device_days: 2, has_gaps, ..Past::default() };
            let case = Case { past, day: Day::from_number(TODAY), ..scene.case() };
            weigh(&case).map(|item| item.text)
        };
        assert!(text(false).is_some_and(|text| text.starts_with("new today")));
        assert_eq!(text(true), None);
    }

    #[test]
    fn what_is_new_weighs_for_and_what_was_judged_before_against() {
        let scene = scene(2);
        assert_eq!(bans(&scene, 0, 0), Some(NEW_BANS));
        assert_eq!(bans(&scene, 1, 1), Some(-3.6));
        assert_eq!(bans(&scene, 2, 2), Some(-4.8));
        assert_eq!(bans(&scene, 6, 6), Some(-4.8));
        // Every five minutes would have been seen on any day.
        assert_eq!(bans(&scene, 1, 0), Some(-1.6));
        // One day is too short a past for news, and long enough to have been judged on.
        let second_day = |series_days, days_judged| {
            let past = Past { device_days: 1, series_days, days_judged, ..Past::default() };
            weigh(&Case { past, ..scene.case() }).map(|item| item.weight_bans)
        };
        assert_eq!(second_day(0, 0), None);
        assert_eq!(second_day(1, 0), None);
        assert_eq!(second_day(1, 1), Some(-3.6));
    }

    #[test]
    fn what_began_late_on_the_day_before_is_still_new() {
        assert_eq!(bans(&scene(-3), 1, 1), Some(NEW_BANS));
        assert_eq!(bans(&scene(-13), 1, 1), Some(-3.6));
        let past = Past { device_days: 2, series_days: 1, days_judged: 1, ..Past::default() };
        let scene = scene(-3);
        let said = weigh(&Case { past, day: Day::from_number(TODAY), ..scene.case() }).unwrap().text;
        assert_eq!(said, "new since late on the day before: the phone was seen on 1 day before without it");
    }

    #[test]
    fn what_begins_while_its_app_is_used_is_half_the_news() {
        let mut scene = scene(2);
        scene.profile.states = StateTally { foreground: 18, background: 2, ..StateTally::default() };
        assert_eq!(bans(&scene, 0, 0), Some(NEW_BANS / 2.0));
        scene.profile.states = StateTally { foreground: 17, background: 3, ..StateTally::default() };
        assert_eq!(bans(&scene, 0, 0), Some(NEW_BANS));
        // Of the sessions on a locked phone the app's state is not known, and none was in use.
        scene.profile.states = StateTally { foreground: 18, locked: 3, ..StateTally::default() };
        assert_eq!(bans(&scene, 0, 0), Some(NEW_BANS));
        // Without states of the app, a browser on an unlocked phone is in use, and any other app may not be.
        scene.profile.states = StateTally { unlocked: 20, ..StateTally::default() };
        assert_eq!(bans(&scene, 0, 0), Some(NEW_BANS));
        scene.role = "browser";
        assert_eq!(bans(&scene, 0, 0), Some(NEW_BANS / 2.0));
        scene.profile.states = StateTally { unlocked: 17, locked: 3, ..StateTally::default() };
        assert_eq!(bans(&scene, 0, 0), Some(NEW_BANS));
    }

    #[test]
    fn what_begins_late_on_a_day_is_of_the_next() {
        let hour = |hours: i64| Timestamp::from_secs(hours * 3600);
        assert_eq!(day_of_begin(hour(11)), Day::from_number(0));
        assert_eq!(day_of_begin(hour(12)), Day::from_number(1));
        assert_eq!(day_of_begin(hour(24)), Day::from_number(1));
    }

    #[test]
    fn what_was_over_within_an_hour_is_no_news() {
        let of_check_ins = |count: i64| {
            let mut scene = scene(2);
            let from = i64::from(TODAY) * DAY_MICROS;
            scene.profile.starts = check_ins((0..count).map(|n| from + n * 300_000_000));
            scene.machine = machine::assess(&scene.profile, &AwakeClock::default(), i64::MAX);
            scene
        };
        assert_eq!(bans(&of_check_ins(13), 0, 0), Some(0.0));
        assert_eq!(bans(&of_check_ins(14), 0, 0), Some(NEW_BANS));
        // One connection that stays begins within an hour, too.
        let mut kept = of_check_ins(1);
        kept.machine.persistence =
            Some(Persistence { longest_secs: 18_000.0, connected_secs: 18_000.0, connected_share: 1.0 });
        assert_eq!(bans(&kept, 0, 0), Some(NEW_BANS));
    }

    #[test]
    fn a_slow_beacon_is_new_until_it_can_be_judged() {
        const MINUTE_MICROS: i64 = 60_000_000;
        let every = |minutes: i64, from_days: i64| {
            let mut scene = scene(0);
            let from = (i64::from(TODAY) - from_days) * DAY_MICROS + 120 * MINUTE_MICROS;
            let count = (from_days + 1) * 1440 / minutes;
            scene.profile.starts = check_ins((0..count).map(|n| from + n * minutes * MINUTE_MICROS));
            scene.machine = machine::assess(&scene.profile, &AwakeClock::default(), i64::MAX);
            scene
        };
        let newness = |scene: &Scene, device_days, series_days, days_judged| {
            let past = Past { device_days, series_days, days_judged, ..Past::default() };
            let case = Case { past, day: Day::from_number(TODAY), ..scene.case() };
            weigh(&case).filter(Evidence::is_newness).map(|item| item.text)
        };
        let said = newness(&every(240, 2), 5, 2, 0).unwrap();
        let told = "new 2 days ago, and long enough to be judged only now: the phone was seen on 3 days before without it";
        assert_eq!(said, told);
        // Judged before; there as long as the phone; not there each day; fast enough to have been judged on its first.
        assert_eq!(newness(&every(240, 2), 5, 2, 1), None);
        assert_eq!(newness(&every(240, 2), 3, 2, 0), None);
        assert_eq!(newness(&every(240, 2), 5, 1, 0), None);
        assert_eq!(newness(&every(30, 2), 5, 2, 0), None);
    }

    #[test]
    fn a_place_that_others_polled_before_is_news_only_of_another_app() {
        let mut scene = scene(2);
        let poll = |device: u32, app: &str| Poll {
            device,
            app: Some(app.into()),
            destination: scene.key.destination.clone(),
            reaching: 3,
            period_secs: None,
            first_day: Day::from_number(1),
            is_pooled: false,
        };
        let by_both = Polls::new([poll(7, "com.b"), poll(8, "com.a")]);
        let at_pace = |period_secs| {
            Polls::new([7, 8].map(|device| Poll { period_secs: Some(period_secs), ..poll(device, "com.a") }))
        };
        let (at_this_pace, at_another) = (at_pace(300.0), at_pace(3000.0));
        scene.polls = Polls::new([poll(7, "com.b")]);
        assert_eq!(bans(&scene, 0, 0), Some(NEW_TO_APP_BANS));
        let is_news = |scene: &Scene, device_days| {
            let past = Past { device_days, ..Past::default() };
            is_new_to_app(&Case { past, day: Day::from_number(TODAY), ..scene.case() })
        };
        assert!(is_news(&scene, 2));
        assert!(!is_news(&scene, 1), "nobody knows");
        scene.polls = by_both;
        assert!(!is_news(&scene, 2));
        assert_eq!(bans(&scene, 0, 0), Some(0.0));
        scene.polls = at_this_pace;
        assert_eq!(bans(&scene, 0, 0), Some(SPREADING_BANS), "people install it one after the other");
        scene.polls = at_another;
        assert_eq!(bans(&scene, 0, 0), Some(0.0));
    }
}

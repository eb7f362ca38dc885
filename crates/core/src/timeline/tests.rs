//! States of a device as intervals, case by case.

use super::AppState::{Background, Foreground, ForegroundService};
use super::*;
use proptest::prelude::*;

const HOUR: i64 = 3600;

fn secs(at: i64) -> Timestamp {
    Timestamp::from_secs(1_781_000_000 + at)
}

fn timeline(events: &[(i64, StateKind, Option<&'static str>)]) -> StateTimeline {
    events.iter().map(|&(at, state, app)| StateEvent { at: secs(at), state, app }).collect()
}

#[test]
fn a_state_holds_until_the_next_and_is_unknown_before_the_first() {
    let timeline = timeline(&[
        (100, StateKind::Unlocked, None),
        (10, StateKind::Locked, None),
        (60, StateKind::Locked, None),
    ]);
    for (at, expected) in
        [(9, None), (10, Some(true)), (99, Some(true)), (100, Some(false)), (500, Some(false))]
    {
        assert_eq!(timeline.locked_at(secs(at)), expected, "{at}");
    }
    assert_eq!(timeline.screen_at(secs(50)), None);
    let spans = timeline.locked_spans();
    assert_eq!(spans.len(), 2);
    assert_eq!(spans[0], Span { from: secs(10), to: secs(100), value: true });
}

#[test]
fn a_silent_feed_is_not_trusted_for_ever() {
    let timeline = timeline(&[(0, StateKind::Locked, None), (0, StateKind::UserInteraction, None)]);
    assert_eq!(timeline.locked_at(secs(24 * HOUR)), Some(true));
    assert_eq!(timeline.locked_at(secs(24 * HOUR + 1)), None);
    assert_eq!(timeline.secs_since_interaction(secs(24 * HOUR)), Some(24 * HOUR));
    assert_eq!(timeline.secs_since_interaction(secs(24 * HOUR + 1)), None);
    assert_eq!(timeline.secs_since_interaction(secs(-1)), None);
}

#[test]
fn boot_and_shutdown_end_states() {
    let timeline = timeline(&[
        (0, StateKind::Unlocked, None),
        (0, StateKind::Foreground, Some("a")),
        (0, StateKind::ForegroundServiceStart, Some("b")),
        (50, StateKind::Shutdown, None),
        (80, StateKind::Boot, None),
        (80, StateKind::Locked, None),
    ]);
    assert_eq!(timeline.locked_at(secs(49)), Some(false));
    assert_eq!(timeline.app_state_at("a", secs(49)), Some(Foreground));
    for at in [50, 79, 80, 90] {
        assert_eq!(timeline.app_state_at("a", secs(at)), None);
        assert_eq!(timeline.app_state_at("b", secs(at)), None);
    }
    assert_eq!(timeline.locked_at(secs(60)), None);
    assert_eq!(timeline.locked_at(secs(80)), Some(true));
    assert_eq!(
        [49, 50, 79, 80].map(|at| timeline.is_off_at(secs(at))),
        [None, Some(true), Some(true), Some(false)]
    );
}

#[test]
fn a_foreground_service_is_a_third_state() {
    let timeline = timeline(&[
        (0, StateKind::Foreground, Some("a")),
        (10, StateKind::ForegroundServiceStart, Some("a")),
        (20, StateKind::Background, Some("a")),
        (30, StateKind::ForegroundServiceStop, Some("a")),
        (40, StateKind::ForegroundServiceStop, Some("b")),
        (40, StateKind::Foreground, None),
    ]);
    for (at, expected) in [
        (-1, None),
        (5, Some(Foreground)),
        (15, Some(Foreground)),
        (25, Some(ForegroundService)),
        (35, Some(Background)),
    ] {
        assert_eq!(timeline.app_state_at("a", secs(at)), expected, "{at}");
    }
    assert_eq!(timeline.app_state_at("b", secs(41)), None);
    assert_eq!(timeline.app_state_at("c", secs(41)), None);
}

#[test]
fn contradictions_of_one_instant_are_unknown() {
    let timeline = timeline(&[
        (0, StateKind::Locked, None),
        (10, StateKind::Unlocked, None),
        (10, StateKind::Locked, None),
        (20, StateKind::Locked, None),
    ]);
    assert_eq!([5, 10, 19, 20].map(|at| timeline.locked_at(secs(at))), [Some(true), None, None, Some(true)]);
    assert_eq!(timeline.locked_spans().len(), 2);
}

#[test]
fn limits_cut_the_oldest_and_say_so() {
    let events = (0..=i64::try_from(MAX_STATEMENTS).unwrap()).map(|at| {
        let state = if at % 2 == 0 { StateKind::Locked } else { StateKind::Unlocked };
        StateEvent { at: secs(at), state, app: None }
    });
    let timeline: StateTimeline = events.collect();
    assert!(timeline.is_cut());
    assert_eq!(timeline.locked_at(secs(0)), None);
    assert_eq!(timeline.locked_at(secs(1)), Some(false));
}

fn any_event() -> impl Strategy<Value = StateEvent<'static>> {
    let states = StateKind::NAMES.map(|(state, _)| state).to_vec();
    let apps = prop::sample::select(vec![None, Some("a"), Some("b")]);
    // Steps of two hours, so that the trust span matters.
    (0_i64..40, prop::sample::select(states), apps).prop_map(|(step, state, app)| StateEvent {
        at: secs(step * 2 * HOUR),
        state,
        app,
    })
}

/// The rule of the module's head, read off the plain list of statements.
fn naive_locked(events: &[StateEvent<'_>], at: Timestamp) -> Option<bool> {
    let stated = |event: &StateEvent<'_>| match event.state {
        StateKind::Locked => Some(true),
        StateKind::Unlocked => Some(false),
        _ => None,
    };
    let last = events
        .iter()
        .filter(|event| event.at <= at && stated(event).is_some())
        .map(|event| event.at)
        .max()?;
    let values: BTreeSet<bool> = events.iter().filter(|event| event.at == last).filter_map(stated).collect();
    let is_broken = events.iter().any(|event| {
        matches!(event.state, StateKind::Boot | StateKind::Shutdown) && event.at > last && event.at <= at
    });
    (values.len() == 1 && !is_broken && at.since(last) <= TRUST_SPAN_MICROS).then(|| values.contains(&true))
}

proptest! {
    #[test]
    fn order_and_split_do_not_matter(
        events in prop::collection::vec(any_event(), 0..60),
        cuts in (0_usize..60, 0_usize..60),
        seed in any::<u64>(),
    ) {
        let whole: StateTimeline = events.iter().copied().collect();
        let mut shuffled = events.clone();
        shuffled.sort_by_key(|event| (event.at.micros().cast_unsigned() ^ seed).wrapping_mul(0x9e37_79b9_7f4a_7c15));
        prop_assert_eq!(&shuffled.into_iter().collect::<StateTimeline>(), &whole);
        let (low, high) = (cuts.0.min(cuts.1).min(events.len()), cuts.0.max(cuts.1).min(events.len()));
        let [a, b, c] = [&events[..low], &events[low..high], &events[high..]]
            .map(|part| part.iter().copied().collect::<StateTimeline>());
        let (mut left, mut right) = (c.clone(), b.clone());
        left.merge(&a);
        left.merge(&b);
        right.merge(&c);
        let mut nested = a;
        nested.merge(&right);
        prop_assert_eq!(&left, &whole);
        prop_assert_eq!(&nested, &whole);
    }

    #[test]
    fn queries_agree_with_the_rule_and_with_the_spans(
        events in prop::collection::vec(any_event(), 0..60),
        at in 0_i64..90,
    ) {
        let timeline: StateTimeline = events.iter().copied().collect();
        let at = secs(at * HOUR);
        prop_assert_eq!(timeline.locked_at(at), naive_locked(&events, at));
        let spans = timeline.locked_spans();
        let span = spans.iter().find(|span| span.from <= at && at < span.to);
        prop_assert_eq!(timeline.locked_at(at), span.map(|span| span.value));
        prop_assert!(spans.windows(2).all(|pair| pair[0].to <= pair[1].from));
    }
}

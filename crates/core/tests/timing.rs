//! Properties of the timing test as a whole, and the habits of beacons and people that it must tell apart.

use proptest::prelude::*;
use undertone_core::timing::{
    AwakeClock, CHECK_INS_MIN, Options, Statistic, TimingTest, Verdict, View, assess,
};

/// A uniform sequence in (0, 1), the same on every run.
struct Uniform(u64);

impl Uniform {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 11) as f64 + 0.5) / (1_u64 << 53) as f64
    }
}

#[expect(clippy::cast_possible_truncation, reason = "test instants are small")]
fn micros(secs: f64) -> i64 {
    (secs * 1e6) as i64
}

/// Instants from waits in seconds.
fn instants(waits: impl IntoIterator<Item = f64>) -> Vec<i64> {
    let mut at = 1_700_000_000.0;
    std::iter::once(micros(at))
        .chain(waits.into_iter().map(|wait| {
            at += wait;
            micros(at)
        }))
        .collect()
}

fn symmetric(count: usize, period: f64, jitter: f64, seed: u64) -> Vec<i64> {
    let mut uniform = Uniform(seed);
    instants((1..count).map(|_| period * (1.0 + jitter * (2.0 * uniform.next() - 1.0))))
}

fn tested(times: &[i64]) -> TimingTest {
    match assess(times, &Options::default()) {
        Verdict::Tested(test) => test,
        Verdict::Insufficient { have, need } => panic!("insufficient: {have} of {need}"),
    }
}

#[test]
fn a_plain_beacon_is_found_and_described() {
    let test = tested(&symmetric(24, 300.0, 0.2, 1));
    assert_eq!(test.events, 24);
    assert!(test.p_value < 1e-5, "{test:?}");
    assert!((test.interval_median_secs / 300.0 - 1.0).abs() < 0.1);
    assert!((test.period_secs / 300.0 - 1.0).abs() < 0.15);
    assert!(test.dispersion < 0.2);
    assert!(test.statistics.iter().all(|s| s.result.is_some()));
    assert_eq!(test.statistics.map(|s| s.statistic), Statistic::ALL);
}

#[test]
fn few_check_ins_are_insufficient_not_benign() {
    for count in 0..CHECK_INS_MIN {
        let times = symmetric(count.max(1), 300.0, 0.0, 1);
        let times = times.get(..count).unwrap_or_default();
        assert_eq!(
            assess(times, &Options::default()),
            Verdict::Insufficient { have: count.saturating_sub(usize::from(count == 1)), need: 8 },
            "{count}"
        );
    }
    assert!(matches!(assess(&symmetric(8, 300.0, 0.05, 1), &Options::default()), Verdict::Tested(_)));
    // Forty connections of one burst are one check-in.
    let burst: Vec<i64> = (0..40).map(|i| i * 1_000).collect();
    assert!(matches!(assess(&burst, &Options::default()), Verdict::Insufficient { .. }));
}

#[test]
fn a_poisson_process_and_a_person_are_not_found() {
    let mut uniform = Uniform(5);
    let poisson = tested(&instants((0..200).map(|_| -300.0 * uniform.next().ln())));
    assert!(poisson.p_value > 0.1, "{poisson:?}");
    assert!(poisson.statistics.iter().any(|s| s.statistic == Statistic::Renewal && s.result.is_none()));
    let person = tested(&instants(
        (0..200).map(|i| if i % 7 == 0 { -2_400.0 } else { -15.0 } * uniform.next().ln() + 0.5),
    ));
    assert!(person.p_value > 0.05, "{person:?}");
}

#[test]
fn hard_habits_are_found() {
    let mut uniform = Uniform(11);
    let mut around = |j: f64| 1.0 + j * (2.0 * uniform.next() - 1.0);
    let missed = instants((0..40).map(|i| 300.0 * around(0.1) * [1.0, 1.0, 2.0, 1.0, 3.0][i % 5]));
    let back_off = instants((0..60).map(|i| 10.0 * around(0.1) * f64::from(1 << (i % 5))));
    let growing = instants((0..40).map(|i| 5.0 * 1.15_f64.powi(i)));
    let two_rhythms = instants((0..80).map(|i| around(0.2) * if i / 10 % 2 == 0 { 60.0 } else { 6.0 }));
    let hours = instants((0..60).map(|i| around(0.3) * if i % 20 == 19 { 57_600.0 } else { 600.0 }));
    let fast = instants((0..60).map(|_| 1.5 * around(0.2)));
    let table = [
        ("missed", missed),
        ("back-off", back_off),
        ("growing", growing),
        ("two rhythms", two_rhythms),
        ("working hours", hours),
        ("every 1.5 s", fast),
    ];
    for (name, times) in table {
        let test = tested(&times);
        assert!(test.p_value < 1e-3, "{name}: {test:?}");
    }
}

#[test]
fn nights_are_cut_out() {
    let mut uniform = Uniform(3);
    let waits = (0..59).map(|i| if i % 20 == 19 { 57_600.0 } else { 600.0 * (0.5 + uniform.next()) });
    let test = tested(&instants(waits));
    assert_eq!(test.view, View::WithoutGaps);
}

#[test]
fn parallel_connections_are_one_check_in() {
    let single = symmetric(30, 120.0, 0.3, 9);
    let parallel: Vec<i64> =
        single.iter().flat_map(|at| [0, 20_000, 45_000, 300_000, 1_400_000].map(|d| at + d)).collect();
    let (one, many) = (tested(&single), tested(&parallel));
    assert_eq!(many.events, 30);
    assert!(many.p_value < 1e-4 && one.p_value < 1e-4, "{} {}", many.p_value, one.p_value);
}

#[test]
fn whole_second_logs_are_not_mistaken_for_clockwork() {
    let mut uniform = Uniform(21);
    // A Poisson process of mean 12 s, rounded: many equal intervals.
    let times: Vec<i64> = instants((0..300).map(|_| -12.0 * uniform.next().ln()))
        .iter()
        .map(|at| at / 1_000_000 * 1_000_000)
        .collect();
    assert!(tested(&times).p_value > 0.05);
    let beacon: Vec<i64> = symmetric(40, 60.0, 0.2, 2).iter().map(|at| at / 1_000_000 * 1_000_000).collect();
    assert!(tested(&beacon).p_value < 1e-5);
}

/// Exact timers, and those of logs that drop the fraction: whatever part of a second all of them share.
#[test]
fn a_fast_beacon_in_whole_seconds_is_found() {
    for period in [2, 3, 5, 8, 30] {
        for fraction in [0, 100_000] {
            let exact: Vec<i64> = (0..200).map(|at| at * period * 1_000_000 + fraction).collect();
            let test = tested(&exact);
            assert!(test.p_value < 1e-5, "{period} s: {}", test.p_value);
            assert_eq!((test.interval_median_secs, test.period_secs), (period as f64, period as f64));
        }
    }
    let jittered: Vec<i64> =
        symmetric(300, 5.0, 0.1, 3).iter().map(|at| at / 1_000_000 * 1_000_000).collect();
    assert!(tested(&jittered).p_value < 1e-5);
}

/// Busy traffic of whole seconds: what comes within one second is one instant, which only makes it look regular.
#[test]
fn busy_traffic_in_whole_seconds_is_not_found() {
    for mean in [0.3, 0.7, 1.0, 1.5, 2.5, 5.0] {
        let found = (0..200_u64)
            .filter(|seed| {
                let mut uniform = Uniform(77_000 + seed);
                let times = instants((0..400).map(|_| -mean * uniform.next().ln()));
                let times: Vec<i64> = times.iter().map(|at| at / 1_000_000 * 1_000_000).collect();
                matches!(assess(&times, &Options::default()), Verdict::Tested(test) if test.p_value <= 1e-3)
            })
            .count();
        assert!(found <= 1, "{found} of 200 at a mean of {mean} s");
    }
}

/// Rounded sessions of a person: 300 series, of which 1e-3 or less may be found.
#[test]
fn people_in_whole_second_logs_are_not_found() {
    let found = (0..300)
        .filter(|seed| {
            let mut uniform = Uniform(1_000 + seed);
            let mut wait = |i: i32| {
                let mean = if i % 6 == 0 { 2_400.0 } else { 14.0 };
                -mean * uniform.next().ln() - 8.0 * uniform.next().ln() + 3.0 * uniform.next()
            };
            let times = instants((0..100).map(&mut wait));
            let times: Vec<i64> = times.iter().map(|at| at / 1_000_000 * 1_000_000).collect();
            tested(&times).p_value <= 1e-4
        })
        .count();
    assert!(found <= 1, "{found} of 300");
}

#[test]
fn sleep_is_taken_out_by_the_awake_clock() {
    let mut times = symmetric(12, 600.0, 0.3, 4);
    let sleeps: Vec<(i64, i64)> = (0..4)
        .map(|i| {
            let start = times[2 + 2 * i] + 1_000_000;
            let length = micros(900.0 + 700.0 * i as f64);
            times.iter_mut().filter(|at| **at > start).for_each(|at| *at += length);
            (start, start + length)
        })
        .collect();
    let clock = AwakeClock::from_gaps(sleeps);
    let awake = Options { awake: Some(&clock), ..Options::default() };
    let Verdict::Tested(test) = assess(&times, &awake) else { panic!("insufficient") };
    assert!(test.is_awake_clock);
    assert!(test.p_value < tested(&times).p_value / 10.0);
    assert!((test.interval_median_secs / 600.0 - 1.0).abs() < 0.2);
}

/// A beacon on a phone with no other traffic: its own silences must not hide it.
#[test]
fn a_clock_made_of_the_series_itself_does_not_hide_it() {
    let times = symmetric(30, 600.0, 0.1, 4);
    let clock = AwakeClock::from_activity(&times, 300_000_000);
    let options = Options { awake: Some(&clock), ..Options::default() };
    let Verdict::Tested(test) = assess(&times, &options) else { panic!("insufficient") };
    assert!(test.p_value < 1e-5 && !test.is_awake_clock, "{test:?}");
}

#[test]
fn excluded_instants_do_not_take_part() {
    let mut times = symmetric(30, 600.0, 0.1, 4);
    let foreign: Vec<i64> = (0..10).map(|i| times[3 * i] + micros(97.0 + 31.0 * i as f64)).collect();
    times.extend(&foreign);
    let excluded: Vec<bool> = times.iter().map(|at| foreign.contains(at)).collect();
    let options = Options { excluded: &excluded, ..Options::default() };
    assert_eq!(assess(&times, &options), assess(&symmetric(30, 600.0, 0.1, 4), &Options::default()));
}

/// More jitter never looks much more regular: the mean of ln p rises along the ladder.
#[test]
fn p_rises_with_jitter() {
    let mean_ln_p = |jitter: f64| {
        (0..40).map(|seed| tested(&symmetric(16, 300.0, jitter, seed)).p_value.ln()).sum::<f64>() / 40.0
    };
    let ladder = [0.0, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9].map(mean_ln_p);
    assert!(ladder.windows(2).all(|pair| pair[0] <= pair[1] + 0.05), "{ladder:?}");
    assert!(ladder[6] > ladder[1] + 5.0, "{ladder:?}");
}

proptest! {
    #[test]
    fn never_panics_and_p_is_a_probability(times in prop::collection::vec(any::<i64>(), 0..60)) {
        if let Verdict::Tested(test) = assess(&times, &Options::default()) {
            prop_assert!(test.p_value > 0.0 && test.p_value <= 1.0);
            prop_assert!(test.dispersion.is_finite() && test.period_secs > 0.0);
            prop_assert!(test.statistics.iter().filter_map(|s| s.result).all(|(v, p)| v.is_finite() && p > 0.0 && p <= 1.0));
        }
    }

    #[test]
    fn order_and_shift_do_not_matter(
        mut times in prop::collection::vec(0..100_000_000_000_i64, 8..60),
        shift in -1_000_000_000_000_i64..1_000_000_000_000,
    ) {
        let options = Options::default();
        let forward = assess(&times, &options);
        let shifted: Vec<i64> = times.iter().map(|at| at + shift).collect();
        prop_assert_eq!(&forward, &assess(&shifted, &options));
        times.reverse();
        prop_assert_eq!(&forward, &assess(&times, &options));
        let doubled: Vec<i64> = times.iter().chain(&times).copied().collect();
        prop_assert_eq!(&forward, &assess(&doubled, &options));
    }

    /// Stretching time does not matter while every scale stays far below the intervals.
    #[test]
    fn scale_does_not_matter(waits in prop::collection::vec(100_000_000..1_000_000_000_i64, 8..60), factor in 2..20_i64) {
        let cumulate = |factor: i64| {
            let mut at = 0;
            waits.iter().map(|wait| { at += wait * factor; at }).collect::<Vec<_>>()
        };
        let (one, many) = (assess(&cumulate(1), &Options::default()), assess(&cumulate(factor), &Options::default()));
        if let (Verdict::Tested(one), Verdict::Tested(many)) = (one, many) {
            prop_assert!((one.p_value.ln() - many.p_value.ln()).abs() < 0.05, "{} {}", one.p_value, many.p_value);
            prop_assert!((one.dispersion - many.dispersion).abs() < 1e-6);
        }
    }
}

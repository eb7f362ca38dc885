//! Cost of the timing test by number of instants. Budget: 60 microseconds at 24, a millisecond at 10,000.

use criterion::{BenchmarkId, Criterion};
use std::hint::black_box;
use undertone_core::timing::{Options, assess};

/// Instants of a beacon of 300 s +-30 %, or of a Poisson process of the same rate.
fn instants(count: usize, is_beacon: bool) -> Vec<i64> {
    let mut state = 12_345_u64;
    let mut at = 0.0;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let uniform = ((state >> 11) as f64 + 0.5) / (1_u64 << 53) as f64;
            at += if is_beacon { 300.0 * (0.7 + 0.6 * uniform) } else { -300.0 * uniform.ln() };
            #[expect(clippy::cast_possible_truncation, reason = "a few years in microseconds")]
            let micros = (at * 1e6) as i64;
            micros
        })
        .collect()
}

fn main() {
    let mut criterion = Criterion::default().configure_from_args();
    let mut group = criterion.benchmark_group("timing");
    for count in [24, 288, 2_000, 10_000] {
        for (name, is_beacon) in [("beacon", true), ("poisson", false)] {
            let times = instants(count, is_beacon);
            group.bench_with_input(BenchmarkId::new(name, count), &times, |b, times| {
                b.iter(|| assess(black_box(times), &Options::default()));
            });
        }
    }
    group.finish();
    criterion.final_summary();
}

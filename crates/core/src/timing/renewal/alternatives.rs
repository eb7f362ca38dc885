//! The alternatives on the grid, tabled: `ln f(ln r)` of each, and the same in whole numbers for a first look.

use std::sync::LazyLock;

/// Steps of `ln r` per unit: 0.8 % in `r`, a quarter of the least jitter on the grid.
pub(super) const STEPS_PER_UNIT: f64 = 128.0;
/// The table covers `ln r` in -3.5..=3.5, that is `r` from 0.03 to 33 (back-off ends at 16).
pub(super) const STEPS_EACH_SIDE: i32 = 448;
const ROW: usize = 2 * STEPS_EACH_SIDE as usize + 1;

/// Relative Gaussian jitter (sigma over period) on the grid.
const JITTERS: [f64; 4] = [0.03, 0.08, 0.16, 0.30];
/// Relative uniform jitter (half width over period): about the modes of public profiles (20 %, 37 %, 50 %, 70 %).
const UNIFORM_JITTERS: [f64; 4] = [0.2, 0.37, 0.5, 0.7];
/// Softness of the edges of uniform jitter: latency, and the grid of periods.
const EDGE: f64 = 0.02;
/// Width (sigma of ln r) of the background that takes foreign events.
const BACKGROUND_SIGMA: f64 = 1.5;

const MULTIPLES: [f64; 8] = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
const BACK_OFF: [f64; 5] = [1.0, 2.0, 4.0, 8.0, 16.0];

/// Alternatives on the grid: 16 of missed check-ins and back-off, 8 of uniform jitter.
pub(super) const ALTERNATIVES: usize = 4 * JITTERS.len() + 2 * UNIFORM_JITTERS.len();

/// `ln f(ln r)` of every alternative, one entry for each step of `ln r`: all alternatives of one interval lie side
/// by side, so that their sums grow together.
pub(super) static CELLS: LazyLock<Vec<[f64; ALTERNATIVES]>> = LazyLock::new(|| {
    let rows = alternatives();
    let cell = |step: usize| {
        let mut cells = [0.0; ALTERNATIVES];
        cells.iter_mut().zip(&rows).for_each(|(cell, row)| *cell = row.get(step).copied().unwrap_or(0.0));
        cells
    };
    (0..ROW).map(cell).collect()
});

/// [`CELLS`] from their middle in whole units of 1/256: a table of a quarter of the size, and sums that do not depend
/// on their order.
#[expect(
    clippy::cast_possible_truncation,
    reason = "a first look that says which sums to take exactly; clamped"
)]
pub(super) static ROUGH_CELLS: LazyLock<Vec<Rough<i16>>> = LazyLock::new(|| {
    let rough =
        |cell: f64| ((cell - CELL_MIDDLE).clamp(-CELL_REACH, CELL_REACH) * ROUGH_UNITS).round() as i16;
    let in_lanes = |cells: &[f64; ALTERNATIVES]| {
        let mut lanes = [[0_i16; LANES]; ALTERNATIVES / LANES];
        lanes.as_flattened_mut().iter_mut().zip(cells).for_each(|(lane, cell)| *lane = rough(*cell));
        lanes
    };
    CELLS.iter().map(in_lanes).collect()
});

/// Something of every alternative, as many side by side as a register holds of 16 bits.
pub(super) type Rough<T> = [[T; LANES]; ALTERNATIVES / LANES];
const LANES: usize = 8;

/// Units of a rough cell in one unit of log-likelihood.
pub(super) const ROUGH_UNITS: f64 = 256.0;
/// Cells reach from -8.65 (a background of sigma 1.5 at 3.5, times a weight of 0.01) to 2.49 (jitter of 0.03 at its
/// peak). What is taken off all of them moves every sum alike.
pub(super) const CELL_MIDDLE: f64 = -3.0;
pub(super) const CELL_REACH: f64 = 5.7;
/// So many rough cells are added up in 16 bits: `22 * 5.7 * 256` is below 2^15.
pub(super) const ROUGH_BLOCK: usize = 22;

/// A share of the intervals: which multiple of the period, and how it spreads.
struct Part {
    multiple: f64,
    weight: f64,
    kernel: Kernel,
    spread: f64,
}

fn alternatives() -> Vec<[f64; ROW]> {
    let mut rows = Vec::new();
    for jitter in JITTERS {
        for (missed, foreign) in [(0.05, 0.05), (0.3, 0.15)] {
            rows.push(row(foreign, &multiples(missed, |k| (normal, jitter * k.sqrt()))));
        }
        for (weights, foreign) in [([0.2; 5], 0.05), ([0.5, 0.25, 0.125, 0.0625, 0.0625], 0.15)] {
            let part =
                |(multiple, weight)| Part { multiple, weight, kernel: normal, spread: jitter * multiple };
            rows.push(row(foreign, &BACK_OFF.into_iter().zip(weights).map(part).collect::<Vec<_>>()));
        }
    }
    for jitter in UNIFORM_JITTERS {
        // The sum of k uniform waits is near a Gaussian of sigma j sqrt(k / 3) from k = 2 on.
        let kernel =
            |k: f64| if k < 1.5 { (uniform as _, jitter) } else { (normal as _, jitter * (k / 3.0).sqrt()) };
        for (missed, foreign) in [(0.01, 0.01), (0.3, 0.1)] {
            rows.push(row(foreign, &multiples(missed, kernel)));
        }
    }
    rows
}

type Kernel = fn(f64, f64, f64) -> f64;

/// Multiples 1..8 of a period of which a share is missed.
fn multiples(missed: f64, kernel: impl Fn(f64) -> (Kernel, f64)) -> Vec<Part> {
    let part = |multiple: f64| {
        let (kernel, spread) = kernel(multiple);
        Part { multiple, weight: (1.0 - missed) * missed.powf(multiple - 1.0), kernel, spread }
    };
    MULTIPLES.into_iter().map(part).collect()
}

/// One row of the table.
fn row(foreign: f64, parts: &[Part]) -> [f64; ROW] {
    let mut cells = [0.0; ROW];
    for (step, cell) in (-STEPS_EACH_SIDE..=STEPS_EACH_SIDE).zip(&mut cells) {
        let ln_r = f64::from(step) / STEPS_PER_UNIT;
        let r = ln_r.exp();
        // Density of ln r is r times the density of r.
        let periodic: f64 = parts.iter().map(|p| p.weight * r * (p.kernel)(r, p.multiple, p.spread)).sum();
        let background = normal(ln_r, 0.0, BACKGROUND_SIGMA);
        *cell = ((1.0 - foreign) * periodic + foreign * background).ln();
    }
    cells
}

/// Uniform density on `mean +- half` with logistic edges of width [`EDGE`].
fn uniform(x: f64, mean: f64, half: f64) -> f64 {
    let edge = |distance: f64| 1.0 / (1.0 + (-distance / EDGE).exp());
    edge(x - mean + half) * edge(mean + half - x) / (2.0 * half)
}

fn normal(x: f64, mean: f64, sigma: f64) -> f64 {
    let z = (x - mean) / sigma;
    (-0.5 * z * z).exp() / (sigma * (2.0 * std::f64::consts::PI).sqrt())
}

/// The row of a step of `ln r`, of the nearest one beyond the table.
pub(super) fn row_of(step: i32) -> usize {
    #[expect(clippy::cast_sign_loss, reason = "clamped to 0 or more")]
    let row = (step.clamp(-STEPS_EACH_SIDE, STEPS_EACH_SIDE) + STEPS_EACH_SIDE) as usize;
    row
}

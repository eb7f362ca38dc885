//! The Cauchy combination test (ACAT): Liu and Xie 2020, J. Am. Stat. Assoc. 115:393, equation 2.
//!
//! `t = sum w_i tan(pi (1/2 - p_i))`, `p = 1/2 - atan(t) / pi`. Its tail is right under any dependence of
//! the parts, which is why one series may be looked at in several overlapping ways and still give one
//! honest p-value.

use std::f64::consts::PI;

/// Largest p that enters a combination: a part that fits the null perfectly must not outvote the others
/// (`tan` goes to minus infinity at p = 1). At 0.9 the pull of a part is at most -3.1 weights, which moves a
/// combined p of 1e-3 by under 1 %.
pub const P_MAX: f64 = 0.9;

/// Smallest p: the end of the null tables.
pub const P_MIN: f64 = 1e-7;

/// The combined p-value of `(p, weight)` parts; `None` when no part has a positive weight.
///
/// Weights need not sum to one. Each p is clipped to [`P_MIN`]..=[`P_MAX`]; the result is in (0, 0.9].
pub fn combine(parts: &[(f64, f64)]) -> Option<f64> {
    let total: f64 = parts.iter().map(|(_, weight)| weight).sum();
    if parts.is_empty() || total <= 0.0 {
        return None;
    }
    let t: f64 = parts.iter().map(|&(p, weight)| weight / total / (PI * p.clamp(P_MIN, P_MAX)).tan()).sum();
    // 1/2 - atan(t)/pi loses all digits for large t; atan(1/t)/pi is the same number there.
    let p = if t > 1.0 { (1.0 / t).atan() / PI } else { 0.5 - t.atan() / PI };
    Some(p.clamp(P_MIN, P_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_by_hand() {
        // One part is itself.
        for p in [1e-7, 1e-5, 0.03, 0.5, 0.9] {
            let combined = combine(&[(p, 2.0)]).unwrap();
            assert!((combined / p - 1.0).abs() < 1e-9, "{p} -> {combined}");
        }
        // Equal parts are themselves, and p = 1/4 with p = 3/4 cancels: tan(pi/4) - tan(pi/4) = 0.
        assert!((combine(&[(0.01, 1.0), (0.01, 1.0)]).unwrap() - 0.01).abs() < 1e-12);
        assert!((combine(&[(0.25, 1.0), (0.75, 1.0)]).unwrap() - 0.5).abs() < 1e-12);
        // (1e-4, 1/2): t = 3183.0988/2, p = atan(1/1591.549)/pi = 2.0000e-4.
        assert!((combine(&[(1e-4, 1.0), (0.5, 1.0)]).unwrap() - 2e-4).abs() < 1e-9);
        assert_eq!(combine(&[]), None);
        assert_eq!(combine(&[(0.5, 0.0)]), None);
    }

    #[test]
    fn a_perfect_fit_does_not_outvote_strong_evidence() {
        let p = combine(&[(1e-6, 1.0), (1.0, 1.0)]).unwrap();
        assert!(p < 2.1e-6, "{p}");
    }
}

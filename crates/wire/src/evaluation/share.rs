//! Counts with the 95 % interval that belongs to them.

/// The two-sided 95 % quantile of the normal law.
const Z: f64 = 1.959_963_984_540_054;

/// So many of so many.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// Those that have it.
    pub hits: u64,
    /// All.
    pub of: u64,
}

impl Share {
    /// Counts one more.
    pub(super) fn count(&mut self, is_hit: bool) {
        self.hits += u64::from(is_hit);
        self.of += 1;
    }

    /// The share, 0..=1; `None` of nothing.
    pub fn value(self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }

    /// Wilson's 95 % interval of the share (E. B. Wilson, JASA 22, 1927); `None` of nothing. Good from one
    /// trial on, and at 0 and 1, where the textbook interval has no width.
    pub fn interval(self) -> Option<(f64, f64)> {
        let share = self.value()?;
        let n = self.of as f64;
        let scale = 1.0 + Z * Z / n;
        let middle = (share + Z * Z / (2.0 * n)) / scale;
        let half = Z / scale * (share * (1.0 - share) / n + Z * Z / (4.0 * n * n)).sqrt();
        let low = if self.hits == 0 { 0.0 } else { (middle - half).max(0.0) };
        let high = if self.hits >= self.of { 1.0 } else { (middle + half).min(1.0) };
        Some((low, high))
    }
}

/// So many events in so many device-days; one device-day can have several.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rate {
    /// Events.
    pub count: u64,
    /// Device-days watched.
    pub device_days: u64,
}

impl Rate {
    /// Events in 1,000 device-days; `None` when no day was watched.
    pub fn per_1000(self) -> Option<f64> {
        (self.device_days > 0).then(|| 1000.0 * self.count as f64 / self.device_days as f64)
    }

    /// 95 % interval of [`Self::per_1000`] for a Poisson count, by Byar's approximation (Breslow and Day,
    /// "Statistical Methods in Cancer Research" II, 1987, p. 69): 0 to 3.7 for a count of 0, and within 0.03 of
    /// the exact one.
    pub fn interval(self) -> Option<(f64, f64)> {
        let unit = 1000.0 / self.device_days as f64;
        let bound = |count: f64, sign: f64| {
            count * (1.0 - 1.0 / (9.0 * count) + sign * Z / (3.0 * count.sqrt())).max(0.0).powi(3)
        };
        let count = self.count as f64;
        let low = if self.count == 0 { 0.0 } else { bound(count, -1.0) };
        (self.device_days > 0).then(|| (low * unit, bound(count + 1.0, 1.0) * unit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: (f64, f64), wanted: (f64, f64), within: f64) {
        assert!(
            (found.0 - wanted.0).abs() <= within && (found.1 - wanted.1).abs() <= within,
            "{found:?}, not {wanted:?}"
        );
    }

    #[test]
    fn wilson_is_as_tabled() {
        // Newcombe, Statistics in Medicine 17 (1998), table I: 81/263, 15/148, 0/20, 1/29.
        for ((hits, of), wanted) in [
            ((81, 263), (0.2553, 0.3662)),
            ((15, 148), (0.0624, 0.1605)),
            ((0, 20), (0.0, 0.1611)),
            ((1, 29), (0.0061, 0.1718)),
        ] {
            close(Share { hits, of }.interval().unwrap(), wanted, 0.0001);
        }
        close(Share { hits: 20, of: 20 }.interval().unwrap(), (1.0 - 0.1611, 1.0), 0.0001);
        assert_eq!(Share::default().interval(), None);
        assert_eq!(Share::default().value(), None);
    }

    #[test]
    fn rates_are_near_the_exact_poisson_interval() {
        // Exact (Garwood) bounds: 0: 0..3.689, 1: 0.0253..5.572, 10: 4.795..18.390, 100: 81.36..121.63.
        for (count, wanted, within) in [
            (0, (0.0, 3.689), 0.03),
            (1, (0.0253, 5.572), 0.03),
            (10, (4.795, 18.390), 0.02),
            (100, (81.36, 121.63), 0.02),
        ] {
            close(Rate { count, device_days: 1000 }.interval().unwrap(), wanted, within);
        }
        assert_eq!(Rate { count: 3, device_days: 1500 }.per_1000(), Some(2.0));
        assert_eq!(Rate { count: 3, device_days: 0 }.per_1000(), None);
        assert_eq!(Rate { count: 3, device_days: 0 }.interval(), None);
    }
}

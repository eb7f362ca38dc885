//! Which name an address had for a device, from the lookups that were seen.

use crate::model::Timestamp;
use std::net::IpAddr;

/// How long an answer names an address. Longer than most time-to-live values: apps keep connections and
/// caches longer than they should.
const NAME_KEPT_MICROS: i64 = 24 * 3600 * 1_000_000;
/// Answers read per lookup at the most.
const ANSWERS_MAX: usize = 32;
/// An answer may be logged this long after the first packet of the connection that used it.
const CLOCK_SLACK_MICROS: i64 = 1_000_000;

/// Names of the addresses that a device reached without a name.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    /// Addresses that need a name, ascending.
    wanted: Vec<IpAddr>,
    /// (place of the address, when it was asked, number of the name), ascending.
    answers: Vec<(usize, Timestamp, u32)>,
}

impl Names {
    /// Names for these addresses, in any order.
    pub(super) fn of(mut wanted: Vec<IpAddr>) -> Self {
        wanted.sort_unstable();
        wanted.dedup();
        Self { wanted, answers: Vec::new() }
    }

    /// Whether no address needs a name.
    pub(super) fn is_empty(&self) -> bool {
        self.wanted.is_empty()
    }

    /// Notes a lookup: the number of the name and its answers, joined with commas.
    pub(super) fn add(&mut self, at: Timestamp, name: u32, answers: &str) {
        for answer in answers.split(',').take(ANSWERS_MAX) {
            if let Ok(addr) = answer.trim().parse::<IpAddr>()
                && let Ok(place) = self.wanted.binary_search(&addr.to_canonical())
            {
                self.answers.push((place, at, name));
            }
        }
    }

    /// Sorts what was added; call once before asking. `text` gives the name of a number: of two lookups of one
    /// instant the later name counts.
    pub(super) fn seal<'t>(&mut self, text: impl Fn(u32) -> &'t str) {
        self.answers.sort_unstable_by(|(place_a, at_a, name_a), (place_b, at_b, name_b)| {
            (place_a, at_a).cmp(&(place_b, at_b)).then_with(|| text(*name_a).cmp(text(*name_b)))
        });
    }

    /// The number of the name that the address had at `at`: of the latest lookup before it that is not too old.
    pub(super) fn name_of(&self, addr: IpAddr, at: Timestamp) -> Option<u32> {
        let place = self.wanted.binary_search(&addr).ok()?;
        let latest = (place, at.plus_micros(CLOCK_SLACK_MICROS));
        let until = self.answers.partition_point(|(known, asked_at, _)| (*known, *asked_at) <= latest);
        let (known, asked_at, name) = self.answers.get(until.checked_sub(1)?)?;
        (*known == place && at.since(*asked_at) <= NAME_KEPT_MICROS).then_some(*name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_lookup_before_a_connection_names_it() {
        let at = Timestamp::from_secs;
        let addr: IpAddr = "192.0.2.1".parse().unwrap();
        let mut names = Names::of(vec![addr, "198.51.100.1".parse().unwrap()]);
        let texts = ["new.example.com", "old.example.com"];
        names.add(at(200), 0, "192.0.2.1,2001:db8::1");
        names.add(at(100), 1, "cname.example.net, 192.0.2.1");
        names.seal(|number| texts[number as usize]);
        assert_eq!(names.name_of(addr, at(50)), None);
        assert_eq!(names.name_of(addr, at(150)), Some(1));
        assert_eq!(names.name_of(addr, at(250)), Some(0));
        assert_eq!(names.name_of(addr, at(200_000)), None);
        assert_eq!(names.name_of("198.51.100.1".parse().unwrap(), at(250)), None);
    }
}

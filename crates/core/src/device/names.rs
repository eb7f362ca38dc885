//! Which name an address had for a device, from the lookups that were seen.

use crate::model::Timestamp;
use hashbrown::HashMap;
use std::net::IpAddr;

/// How long an answer names an address. Longer than most time-to-live values: apps keep connections and
/// caches longer than they should.
const NAME_KEPT_MICROS: i64 = 24 * 3600 * 1_000_000;
/// An answer may be logged this long after the first packet of the connection that used it.
const CLOCK_SLACK_MICROS: i64 = 1_000_000;

/// Names of the addresses that a device reached without a name.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// Numbers of the addresses that need a name. Only ever asked, never walked.
    wanted: HashMap<IpAddr, u32, foldhash::fast::RandomState>,
    /// (number of the address, when it was asked, number of the name), ascending.
    answers: Vec<(u32, Timestamp, u32)>,
}

impl Names {
    /// Answers read per lookup at the most.
    pub const ANSWERS_MAX: usize = 32;

    /// Names for these addresses (in any order) out of lookups: when, the number of the name, the answers joined
    /// with commas. `text` gives the name of a number: of two lookups of one instant the later name counts.
    pub fn of<'t>(
        nameless: impl Iterator<Item = IpAddr>,
        lookups: &[(Timestamp, u32, &str)],
        text: impl Fn(u32) -> &'t str,
    ) -> Self {
        let mut wanted = HashMap::default();
        for (number, addr) in (0..).zip(nameless) {
            wanted.entry(addr).or_insert(number);
        }
        let mut answers = Vec::new();
        if wanted.is_empty() {
            return Self { wanted, answers };
        }
        for (at, name, list) in lookups {
            for answer in list.split(',').take(Self::ANSWERS_MAX) {
                if let Ok(addr) = answer.trim().parse::<IpAddr>()
                    && let Some(number) = wanted.get(&addr.to_canonical())
                {
                    answers.push((*number, *at, *name));
                }
            }
        }
        answers.sort_unstable_by(|(addr_a, at_a, name_a), (addr_b, at_b, name_b)| {
            (addr_a, at_a).cmp(&(addr_b, at_b)).then_with(|| text(*name_a).cmp(text(*name_b)))
        });
        Self { wanted, answers }
    }

    /// The number of the name that the address had at `at`: of the latest lookup before it that is not too old.
    pub fn name_of(&self, addr: IpAddr, at: Timestamp) -> Option<u32> {
        let number = *self.wanted.get(&addr)?;
        let latest = (number, at.plus_micros(CLOCK_SLACK_MICROS));
        let until = self.answers.partition_point(|(known, asked_at, _)| (*known, *asked_at) <= latest);
        let (known, asked_at, name) = self.answers.get(until.checked_sub(1)?)?;
        (*known == number && at.since(*asked_at) <= NAME_KEPT_MICROS).then_some(*name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_lookup_before_a_connection_names_it() {
        let at = Timestamp::from_secs;
        let addr: IpAddr = "192.0.2.1".parse().unwrap();
        let nameless = [addr, "198.51.100.1".parse().unwrap()];
        let texts = ["new.example.com", "old.example.com"];
        let lookups = [(at(200), 0, "192.0.2.1,2001:db8::1"), (at(100), 1, "cname.example.net, 192.0.2.1")];
        let names = Names::of(nameless.into_iter(), &lookups, |number| texts[number as usize]);
        assert_eq!(names.name_of(addr, at(50)), None);
        assert_eq!(names.name_of(addr, at(150)), Some(1));
        assert_eq!(names.name_of(addr, at(250)), Some(0));
        assert_eq!(names.name_of(addr, at(200_000)), None);
        assert_eq!(names.name_of("198.51.100.1".parse().unwrap(), at(250)), None);
    }
}

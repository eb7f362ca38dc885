//! Whether a phone's clock could be held against the sensor's, and how far it was off.

use crate::naming::{NAMED_MAX, first_named};
use bitcode::{Decode, Encode};
use std::collections::BTreeSet;
use undertone_core::attribution::AttributionMethod;

/// From here on a clock is off: half of what an address match allows.
const OFF_MICROS_MIN: u64 = 1_000_000;
/// Reports and sessions from which something could have been joined.
const SEEN_MIN: u64 = 3;
/// Of the side that saw less, one in so many joined is more than chance.
const JOINED_SHARE: u64 = 10;

/// What of one phone's telemetry and network logs came together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Encode, Decode)]
pub struct ClockSight {
    /// How far the phone's clock is ahead; `None` where nothing tells.
    pub ahead_micros: Option<i64>,
    /// Single connections that its telemetry reports with an address.
    pub reports: u64,
    /// Sessions that the network saw.
    pub sessions: u64,
    /// Of them, those that telemetry gave an app by address and time. Names come together by chance, too: a span of hours
    /// explains what is reached all day.
    pub joined: u64,
}

impl ClockSight {
    /// Counts a session by how its app was found.
    pub(super) fn add_session(&mut self, method: AttributionMethod) {
        use AttributionMethod::{Address, FiveTuple, Name, None, Reported};
        match method {
            FiveTuple | Address => (self.sessions, self.joined) = (self.sessions + 1, self.joined + 1),
            Name | None => self.sessions += 1,
            // A capture that names the app needs no clock.
            Reported => {}
        }
    }

    /// Adds another part of the same phone's sessions; both knew all of its reports.
    pub fn add(&mut self, part: Self) {
        let further = |ahead: &Option<i64>| ahead.map(i64::unsigned_abs);
        self.ahead_micros = [self.ahead_micros, part.ahead_micros].into_iter().max_by_key(further).flatten();
        self.reports = self.reports.max(part.reports);
        self.sessions += part.sessions;
        self.joined += part.joined;
    }

    /// Whether both sides saw something and hardly any of it came together.
    fn is_unjoined(self) -> bool {
        let fewer = self.reports.min(self.sessions);
        self.ahead_micros.is_none() && fewer >= SEEN_MIN && self.joined < fewer.div_ceil(JOINED_SHARE)
    }
}

/// What is known of the clocks of all phones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Clocks {
    /// Phones whose clock was held against the sensor's; what it was off was taken off.
    pub compared: u64,
    /// Of them, those that were off by a second or more.
    pub off: u64,
    /// The clock that was off most: microseconds that it was ahead, negative where it was behind.
    pub ahead_most_micros: i64,
    /// Phones with telemetry and network logs of which hardly anything came together.
    pub unjoined: u64,
    /// Ids of phones that were off, the first three by name.
    pub off_ids: BTreeSet<Box<str>>,
    /// Ids of phones that did not come together, the first three by name.
    pub unjoined_ids: BTreeSet<Box<str>>,
}

impl Clocks {
    /// Adds a phone.
    pub fn add(&mut self, id: &str, phone: ClockSight) {
        if let Some(ahead) = phone.ahead_micros {
            self.compared += 1;
            self.ahead_most_micros = further_off(self.ahead_most_micros, ahead);
        }
        if phone.ahead_micros.is_some_and(is_off) {
            self.off += 1;
            keep_first(&mut self.off_ids, [id.into()]);
        }
        if phone.is_unjoined() {
            self.unjoined += 1;
            keep_first(&mut self.unjoined_ids, [id.into()]);
        }
    }

    /// Of two looks at the same phones, of each number the larger, and the names of both.
    #[must_use]
    pub fn larger(self, other: Self) -> Self {
        let (mut off_ids, mut unjoined_ids) = (self.off_ids, self.unjoined_ids);
        keep_first(&mut off_ids, other.off_ids);
        keep_first(&mut unjoined_ids, other.unjoined_ids);
        Self {
            off_ids,
            unjoined_ids,
            compared: self.compared.max(other.compared),
            off: self.off.max(other.off),
            ahead_most_micros: further_off(self.ahead_most_micros, other.ahead_most_micros),
            unjoined: self.unjoined.max(other.unjoined),
        }
    }

    /// What a reader of the run should know.
    pub fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if self.off > 0 {
            let way = if self.ahead_most_micros < 0 { "behind" } else { "ahead" };
            let secs = self.ahead_most_micros.unsigned_abs() as f64 / 1e6;
            notes.push(format!(
                "clocks: the telemetry of {} was off by a second or more, the most by {secs:.1} s {way}; that was taken off",
                phones(self.off, &self.off_ids)
            ));
        }
        if self.unjoined > 0 {
            notes.push(format!(
                "clocks: telemetry and network logs of {} do not come together, so that hardly any session has an app: \
                 a clock is off by more than 15 minutes, they are of other times, or of another phone",
                phones(self.unjoined, &self.unjoined_ids)
            ));
        }
        notes
    }
}

/// Whether a clock that is so far ahead is off.
fn is_off(ahead_micros: i64) -> bool {
    ahead_micros.unsigned_abs() >= OFF_MICROS_MIN
}

/// Adds names; those that come first stay, whatever the order in which they come.
fn keep_first(names: &mut BTreeSet<Box<str>>, more: impl IntoIterator<Item = Box<str>>) {
    names.extend(more);
    while names.len() > NAMED_MAX {
        names.pop_last();
    }
}

/// `1 phone (d-1)`, `40 phones (d-1, d-2, d-3 and 37 more)`.
fn phones(count: u64, named: &BTreeSet<Box<str>>) -> String {
    let noun = if count == 1 { "phone" } else { "phones" };
    format!("{count} {noun} ({})", first_named(named.iter().map(AsRef::as_ref), count))
}

/// The clock that is further off; of two that are as far, the one that is ahead.
fn further_off(one: i64, other: i64) -> i64 {
    let rank = |micros: i64| (micros.unsigned_abs(), micros);
    if rank(other) > rank(one) { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_add_up_in_any_order_and_parts_of_one_are_one() {
        let at = |secs: i64| ClockSight { ahead_micros: Some(secs * 1_000_000), ..ClockSight::default() };
        let apart = ClockSight { reports: 40, sessions: 90, joined: 3, ..ClockSight::default() };
        let sum = |phones: &[ClockSight]| {
            let mut clocks = Clocks::default();
            for phone in phones {
                clocks.add("d", *phone);
            }
            clocks
        };
        let clocks = sum(&[at(0), at(7), at(-7), at(5), apart]);
        assert_eq!(clocks, sum(&[apart, at(-7), at(5), at(7), at(0)]));
        let (compared, ahead_most_micros) = (4, 7_000_000);
        let (off_ids, unjoined_ids) = (["d".into()].into(), ["d".into()].into());
        assert_eq!(
            clocks,
            Clocks { compared, off: 3, ahead_most_micros, unjoined: 1, off_ids, unjoined_ids }
        );
        let near = ClockSight { joined: 4, ..apart };
        assert_eq!(sum(&[near]).unjoined, 0);
        let mut parts = apart;
        parts.add(apart);
        assert_eq!(parts, ClockSight { reports: 40, sessions: 180, joined: 6, ..apart });
    }

    #[test]
    fn notes_name_three_phones_whatever_the_order() {
        let off = ClockSight { ahead_micros: Some(-5_000_000), ..ClockSight::default() };
        let apart = ClockSight { reports: 40, sessions: 90, joined: 3, ..ClockSight::default() };
        let of = |phones: &[(&str, ClockSight)]| {
            let mut clocks = Clocks::default();
            for (id, phone) in phones {
                clocks.add(id, *phone);
            }
            clocks
        };
        let mut phones = vec![("d-4", off), ("d-1", off), ("d-9", apart), ("d-3", off), ("d-2", off)];
        let clocks = of(&phones);
        let [told_off, told_apart] = clocks.notes().try_into().unwrap();
        assert!(
            told_off.contains("the telemetry of 4 phones (d-1, d-2, d-3 and 1 more) was off"),
            "{told_off}"
        );
        assert!(told_apart.contains("network logs of 1 phone (d-9) do not come together"), "{told_apart}");
        phones.reverse();
        assert_eq!(of(&phones), clocks);
        assert_eq!(of(&phones[..2]).larger(of(&phones[2..])).off_ids, clocks.off_ids);
    }

    /// A clock that is hours off leaves names, which fit for hours: they do not say that anything came together.
    #[test]
    fn names_do_not_join_clocks() {
        let of = |method: AttributionMethod| {
            let mut phone = ClockSight { reports: 50, ..ClockSight::default() };
            for _ in 0..40 {
                phone.add_session(method);
            }
            let mut clocks = Clocks::default();
            clocks.add("d-1", phone);
            clocks.unjoined
        };
        assert_eq!((of(AttributionMethod::Name), of(AttributionMethod::None)), (1, 1));
        assert_eq!((of(AttributionMethod::Address), of(AttributionMethod::FiveTuple)), (0, 0));
        assert_eq!(of(AttributionMethod::Reported), 0);
    }
}

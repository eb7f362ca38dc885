//! Who else polls: machine-driven series of the fleet by destination and by app.
//!
//! Two questions that one device cannot answer. *Does anybody go there except on a rhythm?* A channel's destination
//! is polled by machines on every phone that reaches it, at the one pace that its operator chose; a service that
//! people use is not. *Do other copies of this app poll a place of their own?* Then one more place of its own is the
//! app's habit (mail, cloud, home automation), even where most of its users have none.

use super::PERSONAL_DEVICES_MAX;
use crate::model::Day;
use crate::series::Destination;
use std::collections::{BTreeMap, BTreeSet};

/// Periods within this factor of each other are one pace: a jitter of 37 % moves a median by less.
const PACE_FACTOR: f64 = 1.35;

/// One machine-driven series, as the fleet sees it.
#[derive(Debug, Clone, PartialEq)]
pub struct Poll {
    /// Number of the device.
    pub device: u32,
    /// App, where known.
    pub app: Option<Box<str>>,
    /// Where.
    pub destination: Destination,
    /// Devices of the fleet that reach the destination, this one included.
    pub reaching: u32,
    /// Period of its rhythm, seconds; `None` for a kept connection.
    pub period_secs: Option<f64>,
    /// First day on which it was long enough to be judged.
    pub first_day: Day,
    /// Whether only the rhythm of several devices shows it: then it is no company for those with one of their own.
    pub is_pooled: bool,
}

/// A device that polls a destination.
#[derive(Debug, Clone, PartialEq)]
struct There {
    device: u32,
    app: Option<Box<str>>,
    period_secs: Option<f64>,
    first_day: Day,
    is_pooled: bool,
}

/// Other devices that polled a destination before a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Earlier {
    /// With whatever app.
    pub phones: u32,
    /// With the app that is asked for.
    pub with_app: u32,
    /// With nobody knows which.
    pub of_no_known_app: u32,
}

impl Earlier {
    /// Of two memories, which may be of the same devices, the one that knows more of each.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            phones: self.phones.max(other.phones),
            with_app: self.with_app.max(other.with_app),
            of_no_known_app: self.of_no_known_app.max(other.of_no_known_app),
        }
    }
}

/// Polls of the fleet, for look-up. Built once all devices are in, in any order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Polls {
    destinations: BTreeMap<Destination, Vec<There>>,
    personal_by_app: BTreeMap<Box<str>, BTreeSet<u32>>,
}

impl Polls {
    /// Sorts polls for look-up.
    pub fn new(polls: impl IntoIterator<Item = Poll>) -> Self {
        let mut found = Self::default();
        for poll in polls {
            let Poll { device, app, destination, reaching, period_secs, first_day, is_pooled } = poll;
            if let Some(app) = app.as_ref().filter(|_| reaching <= PERSONAL_DEVICES_MAX) {
                found.personal_by_app.entry(app.clone()).or_default().insert(device);
            }
            let there = There { device, app, period_secs, first_day, is_pooled };
            found.destinations.entry(destination).or_default().push(there);
        }
        found
    }

    /// Other devices that poll the destination at this pace, each by itself; those that keep a connection, for a kept
    /// connection.
    pub fn at_this_pace(&self, destination: &Destination, device: u32, period_secs: Option<f64>) -> u32 {
        let is_company = |there: &There| !there.is_pooled && is_same_pace(there.period_secs, period_secs);
        self.others_that(destination, device, is_company)
    }

    /// Other devices that go there on a rhythm, or keep a connection, at whatever pace.
    pub fn others(&self, destination: &Destination, device: u32) -> u32 {
        self.others_that(destination, device, |_| true)
    }

    /// Devices that poll a destination, with one app or any.
    pub fn devices(&self, destination: &Destination, app: Option<&str>) -> u32 {
        self.devices_that(destination, |there| app.is_none() || there.app.as_deref() == app)
    }

    /// Other devices that polled the destination before a day, and those of them on which this app did.
    pub fn before(&self, destination: &Destination, app: Option<&str>, device: u32, day: Day) -> Earlier {
        let others = |is: &dyn Fn(Option<&str>) -> bool| {
            self.others_that(destination, device, |there| there.first_day < day && is(there.app.as_deref()))
        };
        let phones = others(&|_| true);
        Earlier {
            phones,
            with_app: others(&|its| its.is_some() && its == app),
            of_no_known_app: phones - others(&|its| its.is_some()),
        }
    }

    fn others_that(&self, destination: &Destination, device: u32, is: impl Fn(&There) -> bool) -> u32 {
        self.devices_that(destination, |there| there.device != device && is(there))
    }

    fn devices_that(&self, destination: &Destination, is: impl Fn(&There) -> bool) -> u32 {
        let there = self.destinations.get(destination).map(Vec::as_slice).unwrap_or_default();
        let devices: BTreeSet<u32> =
            there.iter().filter(|there| is(there)).map(|there| there.device).collect();
        u32::try_from(devices.len()).unwrap_or(u32::MAX)
    }

    /// Other devices on which this app polls a place of its own.
    pub fn personal_of_app(&self, app: &str, device: u32) -> u32 {
        self.personal_by_app.get(app).map_or(0, |devices| {
            u32::try_from(devices.len() - usize::from(devices.contains(&device))).unwrap_or(u32::MAX)
        })
    }
}

fn is_same_pace(a: Option<f64>, b: Option<f64>) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => a <= b * PACE_FACTOR && b <= a * PACE_FACTOR,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn poll(device: u32, app: &str, domain: &str, reaching: u32, period_secs: Option<f64>) -> Poll {
        Poll {
            device,
            app: Some(app.into()),
            destination: Destination::Domain(domain.into()),
            reaching,
            period_secs,
            first_day: Day::from_number(i32::try_from(device).unwrap_or(0)),
            is_pooled: false,
        }
    }

    #[test]
    fn company_is_that_of_other_devices_at_one_pace() {
        let polls = Polls::new([
            poll(1, "a", "x.example", 3, Some(60.0)),
            poll(1, "b", "x.example", 3, Some(61.0)),
            poll(2, "a", "x.example", 3, Some(75.0)),
            poll(3, "a", "x.example", 3, Some(300.0)),
            poll(4, "a", "x.example", 3, None),
        ]);
        let there = Destination::Domain("x.example".into());
        assert_eq!(polls.at_this_pace(&there, 1, Some(60.0)), 1);
        assert_eq!(polls.at_this_pace(&there, 9, None), 1);
        assert_eq!((polls.others(&there, 1), polls.others(&there, 9)), (3, 4));
        let elsewhere = Destination::Domain("y.example".into());
        assert_eq!(polls.at_this_pace(&elsewhere, 1, Some(60.0)), 0);
        // Device n polls from day n on.
        let before = |app, device, day| polls.before(&there, Some(app), device, Day::from_number(day));
        let of = |phones, with_app| Earlier { phones, with_app, of_no_known_app: 0 };
        assert_eq!(before("a", 1, 3), of(1, 1));
        assert_eq!(before("b", 2, 3), of(1, 1));
        assert_eq!(before("b", 1, 3), of(1, 0));
        assert_eq!(before("a", 9, 1), Earlier::default());
        let nameless = Polls::new([Poll { app: None, ..poll(3, "c", "x.example", 1, Some(60.0)) }]);
        let earlier = nameless.before(&there, Some("a"), 1, Day::from_number(9));
        assert_eq!((earlier.phones, earlier.of_no_known_app), (1, 1));
    }

    #[test]
    fn a_place_of_ones_own_is_one_that_two_devices_share_at_the_most() {
        let polls = Polls::new([
            poll(1, "mail", "own1.example", 1, Some(900.0)),
            poll(2, "mail", "own2.example", 2, None),
            poll(3, "mail", "provider.example", 80, Some(900.0)),
        ]);
        assert_eq!(polls.personal_of_app("mail", 1), 1);
        assert_eq!(polls.personal_of_app("mail", 9), 2);
        assert_eq!(polls.personal_of_app("other", 9), 0);
    }
}

//! Devices that are no phones: cameras, plugs and boxes that share a network with them.
//!
//! They poll their maker round the clock, never doze, and a household has several of one make. What is told of a phone
//! by its system's schedule, or by others that do the same, says nothing of them.

use super::Reported;
use crate::destination::knowledge::is_platform_domain;
use crate::model::Platform;
use crate::series::Destination;
use std::collections::BTreeSet;

/// Places that an appliance reaches at the most, over all days. Cameras, plugs and televisions of homes reach one to
/// three; a phone that nobody touches reaches its maker's push, time, configuration and store, besides its apps.
const PLACES_MAX: usize = 4;

/// Whether nothing says that a device is a phone, and all that it reaches are a few places, none of them a phone
/// platform's. `reached`: everything that it reached.
pub fn is_appliance(platform: Platform, reached: &[Reported]) -> bool {
    let mut places = BTreeSet::new();
    let is_phones =
        |to: &Destination| matches!(to, Destination::Domain(domain) if is_platform_domain(domain));
    platform == Platform::Unknown
        && reached.iter().all(|entry| {
            places.insert(&entry.destination);
            entry.app.is_none() && places.len() <= PLACES_MAX && !is_phones(&entry.destination)
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Day;

    fn reached(app: Option<&str>, names: &[&str]) -> Vec<Reported> {
        let day = Day::from_number(1);
        let entry = |name: &&str| Reported {
            app: app.map(Into::into),
            destination: Destination::Domain((*name).into()),
            first_day: day,
            last_day: day,
            sightings: 9,
        };
        names.iter().map(entry).collect()
    }

    #[test]
    fn a_camera_reaches_little_and_no_phone_platform() {
        let is = |platform, app, names: &[&str]| is_appliance(platform, &reached(app, names));
        let camera = ["relay.example", "ntp.org"];
        assert!(is(Platform::Unknown, None, &camera));
        assert!(!is(Platform::Ios, None, &camera), "somebody says that it is a phone");
        assert!(!is(Platform::Unknown, Some("com.a"), &camera), "it has apps");
        for maker in ["google.com", "icloud.com", "apple.com", "gstatic.com", "hicloud.com"] {
            assert!(!is(Platform::Unknown, None, &["relay.example", maker]), "{maker}");
        }
        assert!(!is(
            Platform::Unknown,
            None,
            &["a.example", "b.example", "c.example", "d.example", "e.example"]
        ));
    }
}

//! How many connections apps make in an hour with nobody at the phone (DC0021): each app's own hours, and those of its
//! role across the fleet.

use std::collections::BTreeMap;

/// Of hours, the share that a usual one is not above.
const USUAL_SHARE: f64 = 0.9;
/// Hours from which they say what is usual.
const HOURS_MIN: usize = 6;
/// Other devices from which a role says what is usual for it.
const ROLE_DEVICES_MIN: usize = 10;

/// Connections of one app of one device by hour, hours since the epoch, ascending. An hour in which somebody was at
/// the phone for every connection, or nobody knows, is not in it.
pub type AppHours = Vec<(i32, u32)>;

/// What hours usually come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UsualHour {
    /// Connections that nine of ten hours do not exceed, at least 1.
    pub connections: u32,
    /// Hours that stand behind it.
    pub hours: u64,
}

impl UsualHour {
    /// Of counts in any order; `None` of fewer than six.
    pub fn of(mut counts: Vec<u32>) -> Option<Self> {
        counts.sort_unstable();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= share <= 1")]
        let at = (counts.len().saturating_sub(1) as f64 * USUAL_SHARE).round() as usize;
        let usual = counts.get(at).filter(|_| counts.len() >= HOURS_MIN)?;
        Some(Self { connections: (*usual).max(1), hours: counts.len() as u64 })
    }
}

/// Usual hours by role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoleHours(BTreeMap<Box<str>, UsualHour>);

impl RoleHours {
    /// Of every app of every device: the number of the device, the role, and the app's hours.
    pub fn new<'h>(apps: impl IntoIterator<Item = (u32, &'h str, &'h AppHours)>) -> Self {
        let mut counts: BTreeMap<&str, (Vec<u32>, Vec<u32>)> = BTreeMap::new();
        for (device, role, hours) in apps {
            let (devices, all) = counts.entry(role).or_default();
            devices.push(device);
            all.extend(hours.iter().map(|(_, count)| *count));
        }
        let usual = counts.into_iter().filter_map(|(role, (mut devices, all))| {
            devices.sort_unstable();
            devices.dedup();
            let usual = UsualHour::of(all)?;
            (devices.len() > ROLE_DEVICES_MIN).then(|| (role.into(), usual))
        });
        Self(usual.collect())
    }

    /// What is usual for apps of a role; `None` where too few phones have any.
    pub fn of(&self, role: &str) -> Option<UsualHour> {
        self.0.get(role).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_of_ten_hours_are_not_above_the_usual_one() {
        let usual = UsualHour::of((1..=11).collect()).unwrap();
        assert_eq!((usual.connections, usual.hours), (10, 11));
        assert_eq!(UsualHour::of(vec![5; 5]), None);
        assert_eq!(UsualHour::of(vec![0; 6]).map(|usual| usual.connections), Some(1));
    }

    #[test]
    fn a_role_needs_more_than_one_phones_word() {
        let hours: AppHours = (0..20).map(|hour| (hour, 3)).collect();
        let alone = RoleHours::new([(0, "tools", &hours)]);
        assert_eq!(alone.of("tools"), None);
        let many = RoleHours::new((0..11).map(|device| (device, "tools", &hours)));
        assert_eq!(many.of("tools"), Some(UsualHour { connections: 3, hours: 220 }));
        assert_eq!(many.of("games"), None);
    }
}

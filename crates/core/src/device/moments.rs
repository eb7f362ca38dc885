//! Moments that belong to the device rather than to one app: many destinations at once, and silence of all.

use crate::timing::AwakeClock;

/// Width of a moment. Doze maintenance windows and network changes release the apps' work within seconds.
const SLOT_MICROS: i64 = 10 * 1_000_000;
/// Destinations that must start in one moment for it to be a shared one.
const SHARED_DESTINATIONS_MIN: usize = 8;
/// Silence of the whole device from which it counts as asleep or off line.
const SILENCE_MICROS: i64 = 45 * 60 * 1_000_000;

/// Shared moments and the awake clock of one device.
#[derive(Debug, Clone, Default)]
pub struct Moments {
    shared_slots: Vec<i64>,
    /// Time without the silences that all apps share.
    pub awake: AwakeClock,
}

impl Moments {
    /// From every session start of the device with a number for its destination, in any order.
    pub fn of_starts(starts: &mut [(i64, u32)]) -> Self {
        starts.sort_unstable();
        let times: Vec<i64> = starts.iter().map(|(at, _)| *at).collect();
        Self { shared_slots: shared_slots(starts), awake: AwakeClock::from_activity(&times, SILENCE_MICROS) }
    }

    /// Whether many destinations of the device start in the moment of `at`.
    pub fn is_shared(&self, at_micros: i64) -> bool {
        self.shared_slots.binary_search(&at_micros.div_euclid(SLOT_MICROS)).is_ok()
    }
}

fn shared_slots(starts: &[(i64, u32)]) -> Vec<i64> {
    let slot_of = |(at, _): &(i64, u32)| at.div_euclid(SLOT_MICROS);
    starts
        .chunk_by(|a, b| slot_of(a) == slot_of(b))
        .filter(|chunk| chunk.len() >= SHARED_DESTINATIONS_MIN)
        .filter_map(|chunk| {
            let mut destinations: Vec<u32> = chunk.iter().map(|(_, destination)| *destination).collect();
            destinations.sort_unstable();
            destinations.dedup();
            (destinations.len() >= SHARED_DESTINATIONS_MIN).then(|| chunk.first().map(slot_of)).flatten()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shared_by_destinations_not_by_connections() {
        let secs = 1_000_000;
        let mut starts: Vec<(i64, u32)> = (0..8).map(|n| (100 * secs + i64::from(n), n)).collect();
        starts.extend((0..30).map(|n| (500 * secs + n, 1)));
        let moments = Moments::of_starts(&mut starts);
        assert!(moments.is_shared(105 * secs));
        assert!(!moments.is_shared(500 * secs));
        assert!(!moments.is_shared(120 * secs));
    }
}

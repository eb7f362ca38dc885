//! Moments that belong to the device rather than to one app: many destinations at once, and silence of all.

use crate::timing::AwakeClock;
use std::collections::BTreeMap;

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

/// Moments of a device that is too large to be looked at whole: what was seen of each slot.
#[derive(Debug, Clone, Default)]
pub struct MomentsSketch {
    slots: BTreeMap<i64, Slot>,
    /// Whether there were too many slots: then no moment counts as shared and no silence is known.
    is_overfull: bool,
}

/// First and last start in a slot, and hashes of its destinations, as many as make it a shared one.
#[derive(Debug, Clone, Copy)]
struct Slot {
    first: i64,
    last: i64,
    destinations: [u64; SHARED_DESTINATIONS_MIN],
    distinct: usize,
}

impl MomentsSketch {
    /// Slots kept at the most: 58 days without a pause, about 60 MB. Of more, nothing is said.
    const SLOTS_MAX: usize = 500_000;

    /// Adds the start of a session, with a hash of its destination; in any order.
    pub fn add(&mut self, at_micros: i64, destination: u64) {
        if self.is_overfull {
            return;
        }
        let fresh = Slot {
            first: at_micros,
            last: at_micros,
            destinations: [0; SHARED_DESTINATIONS_MIN],
            distinct: 0,
        };
        let slot = self.slots.entry(at_micros.div_euclid(SLOT_MICROS)).or_insert(fresh);
        slot.first = slot.first.min(at_micros);
        slot.last = slot.last.max(at_micros);
        let (known, free) = slot.destinations.split_at_mut(slot.distinct);
        if let Some(next) = free.first_mut().filter(|_| !known.contains(&destination)) {
            *next = destination;
            slot.distinct += 1;
        }
        if self.slots.len() > Self::SLOTS_MAX {
            self.is_overfull = true;
            self.slots.clear();
        }
    }

    /// The moments: what [`Moments::of_starts`] says of the same starts, unless overfull.
    pub fn finish(self) -> Moments {
        let ends: Vec<i64> = self.slots.values().flat_map(|slot| [slot.first, slot.last]).collect();
        let is_shared =
            |(number, slot): (&i64, &Slot)| (slot.distinct >= SHARED_DESTINATIONS_MIN).then_some(*number);
        Moments {
            shared_slots: self.slots.iter().filter_map(is_shared).collect(),
            awake: AwakeClock::from_activity(&ends, SILENCE_MICROS),
        }
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
    fn a_sketch_says_what_all_starts_say() {
        // 40 bursts more than an hour apart; those of even number go to many destinations.
        let starts: Vec<(i64, u32)> = (0..4000_i64)
            .map(|n| {
                let burst = n % 40;
                let destination = if burst % 2 == 0 { n / 40 % 23 } else { 1 };
                ((burst * 4000 + n % 7) * 1_000_000, u32::try_from(destination).unwrap())
            })
            .collect();
        let mut sketch = MomentsSketch::default();
        for (at, destination) in &starts {
            sketch.add(*at, u64::from(*destination));
        }
        let whole = Moments::of_starts(&mut starts.clone());
        let sketched = sketch.finish();
        assert_eq!(sketched.shared_slots, whole.shared_slots);
        assert_eq!(sketched.awake, whole.awake);
        assert!(!whole.shared_slots.is_empty() && whole.awake != AwakeClock::default());
    }

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

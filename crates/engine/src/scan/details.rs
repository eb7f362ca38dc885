//! Details of findings while the alert budget has yet to decide: check-ins and evidence are what a finding mostly is
//! (about 15 kB), and of a large fleet most of those that wait are never shown.
//!
//! They are kept while they fit their share of the memory. Past it drafts are shortened, and those that become
//! findings to show are scored a second time, which gives the same.

use super::parallel;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use undertone_core::finding::Finding;
use undertone_core::score::{DecideOptions, Draft, complete};

/// How much room is left for details.
#[derive(Debug)]
pub(super) struct Room {
    bytes_left: AtomicUsize,
}

impl Room {
    pub(super) fn new(bytes: usize) -> Self {
        Self { bytes_left: AtomicUsize::new(bytes) }
    }

    /// Takes room for the details of a device's drafts, or shortens all of them; whether it did.
    pub(super) fn hold_or_shorten(&self, drafts: &mut [Draft]) -> bool {
        let bytes = drafts.iter().map(Draft::details_bytes).sum();
        let left = |left: usize| left.checked_sub(bytes);
        if self.bytes_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, left).is_ok() {
            return false;
        }
        drafts.iter_mut().for_each(Draft::shorten);
        true
    }
}

/// Finds the details of those findings that are alerts or leads and were decided from shortened drafts. `shortened`
/// has their ids with the number of the device; `drafts_of` makes the drafts of a device again.
///
/// # Errors
/// Those of `drafts_of`.
pub(super) fn find_details(
    findings: &mut [Finding],
    shortened: &BTreeMap<String, usize>,
    (options, threads): (&DecideOptions, usize),
    drafts_of: impl Fn(usize) -> io::Result<Vec<Draft>> + Sync,
) -> io::Result<()> {
    let mut wanted: BTreeMap<&str, &mut Finding> = BTreeMap::new();
    let mut devices: BTreeSet<usize> = BTreeSet::new();
    for finding in findings.iter_mut().filter(|finding| finding.alert || finding.lead) {
        if let Some((id, number)) = shortened.get_key_value(&finding.id) {
            devices.insert(*number);
            wanted.insert(id, finding);
        }
    }
    let devices: Vec<usize> = devices.into_iter().collect();
    let is_wanted = |draft: &Draft| wanted.contains_key(draft.id());
    let again = parallel::map(devices.len(), threads, |place| {
        let mut drafts = devices.get(place).map_or(Ok(Vec::new()), |number| drafts_of(*number))?;
        drafts.retain(is_wanted);
        Ok::<_, io::Error>(drafts)
    });
    for drafts in again {
        for draft in drafts? {
            if let Some(finding) = wanted.remove(draft.id()) {
                complete(finding, draft, options);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use undertone_core::evidence::{Evidence, EvidenceKind};
    use undertone_core::model::{Day, Platform};
    use undertone_core::score::budget::Sight;
    use undertone_core::score::machine::Machine;
    use undertone_core::score::{Depth, Scored, ScoredDevice, Tails, Weighed, decide, drafts, reference};
    use undertone_core::series::{Destination, Event, EventFlags, Events, Profile, SeriesKey, Service};

    /// One series that only the budget decides on, of so many bans.
    fn draft(device: &str, bans: f64) -> Vec<Draft> {
        let at = |number: i64| Event {
            at_micros: number * 600_000_000,
            tie: 0,
            orig_bytes: Some(300),
            resp_bytes: None,
            duration_millis: None,
            pattern_hash: 1,
            flags: EventFlags::default(),
        };
        let evidence = Evidence {
            kind: EvidenceKind::Timing,
            element: None,
            observed: None,
            unit: "",
            baseline: None,
            baseline_n: None,
            p_value: None,
            weight_bans: bans,
            text: "a rhythm".to_owned(),
        };
        let scored = Scored {
            members: Vec::new(),
            attribution: "none",
            role: "network_only".to_owned(),
            key: SeriesKey {
                app: None,
                destination: Destination::Domain("example.org".into()),
                service: Service::Tls,
            },
            day: Day::from_number(0),
            is_loud: false,
            has_past: false,
            profile: Profile { starts: Events::of((0..100).map(at).collect()), ..Profile::default() },
            machine: Machine::default(),
            weighed: Weighed {
                stage_a: bans,
                stage_b: 1.0,
                stage_b_at_first_sight: 1.0,
                evidence: vec![evidence],
            },
        };
        let of = ScoredDevice { id: device, platform: Platform::Android, addresses: &[], is_fleet: true };
        drafts(of, vec![scored], Depth::Full).drafts
    }

    fn decided(room: &Room) -> (Vec<Finding>, usize) {
        let tail = reference::first(Sight::Network).in_fleet(0, 1000);
        let tails = Tails { first: tail, later: tail };
        let options = DecideOptions { is_fleet: true, tails, budget_per_1000: 1.0 };
        let devices = [("strong", 12.0), ("weak", 2.5), ("also strong", 11.0)];
        let (mut waiting, mut shortened) = (Vec::new(), BTreeMap::new());
        for (number, (device, bans)) in devices.into_iter().enumerate() {
            let mut drafts = draft(device, bans);
            if room.hold_or_shorten(&mut drafts) {
                shortened.extend(drafts.iter().map(|draft| (draft.id().to_owned(), number)));
            }
            waiting.extend(drafts);
        }
        let mut findings = decide(waiting, &BTreeMap::from([(Day::from_number(0), 3)]), &options);
        let again = |number: usize| Ok(devices.get(number).map_or(Vec::new(), |(id, bans)| draft(id, *bans)));
        find_details(&mut findings, &shortened, (&options, 2), again).unwrap();
        (findings, shortened.len())
    }

    #[test]
    fn alerts_are_the_same_whether_their_details_found_room_or_not() {
        let (all, none_shortened) = decided(&Room::new(usize::MAX));
        let one = draft("strong", 12.0).iter().map(Draft::details_bytes).sum();
        assert!(one > 100 * size_of::<i64>(), "the check-ins are counted");
        for (bytes, expected) in [(0, 3), (one, 2)] {
            let (some, shortened) = decided(&Room::new(bytes));
            assert_eq!((none_shortened, shortened), (0, expected));
            assert_eq!(some.get(..2), all.get(..2));
            assert!(some.iter().take(2).all(|finding| finding.alert && finding.trace.is_some()));
            let weak = some.get(2).unwrap();
            assert!(!weak.alert && weak.trace.is_none() && weak.evidence.is_empty());
        }
    }
}

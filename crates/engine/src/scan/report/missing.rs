//! What is missing from logs that number their events.

use undertone_wire::mobile::intrusion::{IntrusionSequence, Missing, SequenceKind};

/// What the holes of Intrusion Logging hide: absent is not idle.
pub(super) fn notes(numbers: &IntrusionSequence) -> Vec<String> {
    let kinds = [
        (SequenceKind::Network, "connections and lookups", "what apps did is unknown"),
        (SequenceKind::Security, "security events", "whether the phone was locked may be unknown"),
    ];
    let note = |(kind, what, unknown): (SequenceKind, &str, &str)| {
        let of_kind = || numbers.missing().filter(|hole| hole.sequence == kind);
        let count = of_kind().map(|hole| hole.count()).fold(0, u64::saturating_add);
        let Missing { after, before, .. } = of_kind().max_by_key(|hole| hole.before.since(hole.after))?;
        Some(format!(
            "intrusion logging: by their numbers {count} {what} are missing (files that are not here, or batches that the \
             phone dropped): {unknown} there, the longest from {after} to {before}"
        ))
    };
    let cut = (numbers.dropped() > 0).then(|| {
        format!("intrusion logging: the numbers of {} events are too scattered to tell", numbers.dropped())
    });
    kinds.into_iter().filter_map(note).chain(cut).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use undertone_core::model::Timestamp;
    use undertone_wire::mobile::intrusion::EventRef;

    #[test]
    fn holes_are_told_with_the_longest() {
        let mut numbers = IntrusionSequence::default();
        for (id, secs) in [(1, 0), (2, 60), (5, 120), (6, 180), (8, 7_380)] {
            let at = Timestamp::from_secs(1_781_000_000 + secs);
            numbers.observe(EventRef { sequence: SequenceKind::Network, id, at });
        }
        let notes = notes(&numbers);
        assert_eq!(notes.len(), 1);
        for part in ["3 connections and lookups", "from 2026-06-09T10:16:20", "to 2026-06-09T12:16:20"] {
            assert!(notes[0].contains(part), "{part}: {notes:?}");
        }
        assert_eq!(super::notes(&IntrusionSequence::default()), Vec::<String>::new());
    }
}

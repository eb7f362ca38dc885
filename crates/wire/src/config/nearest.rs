//! What somebody may have meant.

/// Similarity (Jaro-Winkler, 0..=1) from which a known key is offered: a wrong letter or a missing word still is.
const SIMILAR_MIN: f64 = 0.75;

/// `; did you mean ...`, or nothing where no known key is near. Ties go to the first in the order of `known`.
pub fn hint(key: &str, known: impl Iterator<Item = &'static str>) -> String {
    let lower = key.to_ascii_lowercase();
    let mut best: Option<(f64, &str)> = None;
    for name in known {
        let similar = strsim::jaro_winkler(&lower, name);
        if similar >= SIMILAR_MIN && best.is_none_or(|(known, _)| similar > known) {
            best = Some((similar, name));
        }
    }
    best.map_or_else(String::new, |(_, name)| format!("; did you mean `{name}`?"))
}

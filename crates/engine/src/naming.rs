//! Names in notes.

/// How many of a kind are named.
pub(crate) const NAMED_MAX: usize = 3;

/// The first names of so many: `d-1, d-2, d-3 and 37 more`.
pub(crate) fn first_named<'n>(names: impl Iterator<Item = &'n str>, all: u64) -> String {
    let first: Vec<&str> = names.take(NAMED_MAX).collect();
    match all.saturating_sub(first.len() as u64) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

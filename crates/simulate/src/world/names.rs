//! Invented names. A name that happens to exist is chance; none is taken from a list of real companies.

use crate::random::Rng;

const ONSETS: [&str; 24] = [
    "b", "br", "c", "d", "dr", "f", "fl", "g", "gr", "h", "k", "l", "m", "n", "p", "pl", "qu", "r", "s",
    "st", "t", "tr", "v", "z",
];
const VOWELS: [&str; 10] = ["a", "e", "i", "o", "u", "ai", "ea", "io", "oo", "y"];
const CODAS: [&str; 12] = ["", "", "", "l", "n", "r", "s", "x", "nd", "lo", "ck", "m"];
const WORDS: [&str; 40] = [
    "amber", "anchor", "atlas", "basil", "beacon", "birch", "brook", "cedar", "cloud", "cobalt", "coral",
    "delta", "ember", "fable", "falcon", "fern", "garnet", "harbor", "hazel", "indigo", "iris", "juniper",
    "lantern", "linden", "maple", "meadow", "mint", "nova", "ocean", "onyx", "orchid", "pebble", "quartz",
    "raven", "saffron", "sierra", "tango", "umber", "velvet", "willow",
];
const TOP: [(f64, &str); 8] = [
    (50.0, "com"),
    (14.0, "net"),
    (9.0, "org"),
    (8.0, "io"),
    (7.0, "app"),
    (6.0, "co.uk"),
    (4.0, "de"),
    (2.0, "dev"),
];
const CHEAP_TOP: [&str; 7] = ["xyz", "top", "online", "site", "shop", "club", "info"];

/// A word of two or three syllables.
pub(crate) fn word(rng: &mut Rng) -> String {
    let mut text = String::new();
    for _ in 0..2 + usize::from(rng.chance(0.35)) {
        text.push_str(rng.word(&ONSETS));
        text.push_str(rng.word(&VOWELS));
        text.push_str(rng.word(&CODAS));
    }
    text
}

/// A registrable domain of ordinary looks: `plaindoro.com`, `cedar-loft.net`.
pub(crate) fn ordinary_domain(rng: &mut Rng) -> String {
    let base = match rng.below(4) {
        0 => format!("{}{}", rng.pick(&WORDS), word(rng)),
        1 => format!("{}-{}", rng.pick(&WORDS), rng.pick(&WORDS)),
        _ => word(rng),
    };
    format!("{base}.{}", rng.weighted(&TOP))
}

/// A registrable domain that looks bought last week: `hub-7k2m.top`.
pub(crate) fn cheap_domain(rng: &mut Rng) -> String {
    let base = match rng.below(3) {
        0 => format!("{}{}", word(rng), rng.below(900) + 10),
        1 => token(rng, 11, b"abcdefghijklmnopqrstuvwxyz0123456789"),
        _ => format!("{}-{}", rng.pick(&WORDS), token(rng, 4, b"abcdefghkmnpqrstuvwxyz23456789")),
    };
    format!("{base}.{}", rng.pick(&CHEAP_TOP))
}

/// `len` characters of an alphabet.
pub(crate) fn token(rng: &mut Rng, len: usize, alphabet: &[u8]) -> String {
    (0..len).map(|_| char::from(*rng.pick(alphabet))).collect()
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(rng: &mut Rng, len: usize) -> String {
    token(rng, len, b"0123456789abcdef")
}

/// A domain whose names carry data in DNS.
pub(crate) fn data_domain(rng: &mut Rng) -> String {
    if rng.chance(0.5) { cheap_domain(rng) } else { ordinary_domain(rng) }
}

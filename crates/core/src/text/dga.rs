//! Does a domain label look made by an algorithm (ATT&CK: anomalous SNI/Host)?
//!
//! A likelihood ratio of two laws of characters, in bits: uniform letters and digits (what generators of random
//! names draw) against a chain of letter pairs counted from about 1,280 common words and brand names
//! (`words.txt`, with the start and the end of a word as symbols; add-a-tenth smoothing). Digits at either
//! end are free, as they are in names people choose; digits between letters count for the generator. Long runs
//! of consonants add to it, since pairs alone do not see them.
//!
//! Known gaps: generators that join dictionary words look like words; names in languages far from those of
//! the list, and abbreviations of 9 letters and more, look random. A feature, never a verdict.

use std::sync::LazyLock;

/// 26 letters and the border of a word.
const SYMBOLS: usize = 27;
const BORDER: usize = 26;
/// Added to each pair count.
const SMOOTHING: f64 = 0.1;
/// Labels with fewer letters and digits say nothing.
const CHARACTERS_MIN: usize = 7;
/// Bytes of a label that are read (RFC 1035: 63).
const CHARACTERS_MAX: usize = 63;
/// Digits at an end of a label that are free.
const FREE_DIGITS: usize = 4;
/// A consonant run of up to 4 is ordinary (`lengths`); each one more adds this.
const CONSONANT_RUN_FREE: usize = 4;
const CONSONANT_RUN_BITS: f64 = 1.5;
/// Ratio at which a label is as likely generated as not, bits: generators are rare, so words get this head start.
const PRIOR_BITS: f64 = 10.0;

const WORDS: &str = include_str!("words.txt");

/// `log2(P(uniform) / P(words))` of each pair of symbols.
static PAIR_BITS: LazyLock<[[f64; SYMBOLS]; SYMBOLS]> = LazyLock::new(pair_bits);

/// How much a label looks generated.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DgaLikeness {
    /// Log-likelihood ratio of random characters against words, bits; about -40..=300.
    pub ratio_bits: f64,
    /// The same as a share, 0..=1: `1 / (1 + 2^(10 - ratio))`; above 0.5 it looks generated.
    pub score: f64,
}

/// How much a label looks generated; `label` is one label of a name, any case (the label before the public
/// suffix, as a rule). `None` when it says nothing: below 7 letters and digits, no letter, or `xn--` (an
/// encoding, not a text).
pub fn dga_likeness(label: &str) -> Option<DgaLikeness> {
    let label = label.to_ascii_lowercase();
    if label.starts_with("xn--") {
        return None;
    }
    let bytes: Vec<u8> = label.bytes().take(CHARACTERS_MAX).collect();
    let has_letter = bytes.iter().any(u8::is_ascii_lowercase);
    if !has_letter || bytes.iter().filter(|b| b.is_ascii_alphanumeric()).count() < CHARACTERS_MIN {
        return None;
    }
    let ratio_bits = bytes.split(|b| *b == b'-' || *b == b'_').map(piece_bits).sum::<f64>();
    Some(DgaLikeness { ratio_bits, score: 1.0 / (1.0 + (PRIOR_BITS - ratio_bits).exp2()) })
}

/// Ratio of one piece between hyphens, bits.
fn piece_bits(piece: &[u8]) -> f64 {
    let piece = without_end_digits(piece);
    let mut bits = 0.0;
    let mut previous = BORDER;
    let mut consonants = 0;
    for byte in piece {
        if byte.is_ascii_digit() {
            // A digit inside a word: one in 36 for the generator, about one in 360 for people.
            bits += 10.0_f64.log2();
            previous = BORDER;
            consonants = 0;
            continue;
        }
        let symbol = symbol(*byte);
        bits += pair(previous, symbol);
        consonants = if b"aeiouy".contains(byte) { 0 } else { consonants + 1 };
        if consonants > CONSONANT_RUN_FREE {
            bits += CONSONANT_RUN_BITS;
        }
        previous = symbol;
    }
    if piece.is_empty() { 0.0 } else { bits + pair(previous, BORDER) }
}

/// Drops up to four digits at either end.
fn without_end_digits(piece: &[u8]) -> &[u8] {
    let leading = piece.iter().take(FREE_DIGITS).take_while(|b| b.is_ascii_digit()).count();
    let piece = piece.get(leading..).unwrap_or_default();
    let trailing = piece.iter().rev().take(FREE_DIGITS).take_while(|b| b.is_ascii_digit()).count();
    piece.get(..piece.len() - trailing).unwrap_or_default()
}

fn symbol(byte: u8) -> usize {
    if byte.is_ascii_lowercase() { usize::from(byte - b'a') } else { BORDER }
}

fn pair(first: usize, second: usize) -> f64 {
    PAIR_BITS.get(first).and_then(|row| row.get(second)).copied().unwrap_or(0.0)
}

fn pair_bits() -> [[f64; SYMBOLS]; SYMBOLS] {
    let mut counts = [[SMOOTHING; SYMBOLS]; SYMBOLS];
    for word in WORDS.split_whitespace() {
        let symbols = word.bytes().map(symbol).chain([BORDER]);
        let mut previous = BORDER;
        for symbol in symbols {
            if let Some(count) = counts.get_mut(previous).and_then(|row| row.get_mut(symbol)) {
                *count += 1.0;
            }
            previous = symbol;
        }
    }
    // The generator draws each of 36 characters alike and ends anywhere: a border is free for it.
    let mut bits = [[0.0; SYMBOLS]; SYMBOLS];
    for (row, counts) in bits.iter_mut().zip(&counts) {
        let total: f64 = counts.iter().sum();
        for (symbol, (cell, count)) in row.iter_mut().zip(counts).enumerate() {
            let uniform = if symbol == BORDER { 1.0 / 12.0 } else { 1.0 / 36.0 };
            *cell = (uniform / (count / total)).log2();
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(label: &str) -> f64 {
        dga_likeness(label).map_or(0.0, |likeness| likeness.score)
    }

    /// Names of content delivery networks, brands and services; none is a word of the list, save those that the
    /// list was given because every phone meets them.
    const KNOWN: [&str; 60] = [
        "doubleclick",
        "cloudfront",
        "akamaihd",
        "xiaomi",
        "mqtt",
        "wechat",
        "akamaiedge",
        "googlevideo",
        "googleapis",
        "googleusercontent",
        "fbcdn",
        "cdninstagram",
        "edgekey",
        "edgesuite",
        "llnwd",
        "ytimg",
        "gvt1",
        "gvt2",
        "crashlytics",
        "appsflyer",
        "adjust",
        "applovin",
        "unityads",
        "vungle",
        "chartboost",
        "ironsrc",
        "supersonicads",
        "mopub",
        "inmobi",
        "smaato",
        "bugsnag",
        "sentry",
        "mixpanel",
        "amplitude",
        "onesignal",
        "pushwoosh",
        "urbanairship",
        "whatsapp",
        "icloud",
        "mzstatic",
        "apple-dns",
        "aaplimg",
        "tiktokcdn",
        "byteoversea",
        "ibytedtos",
        "alicdn",
        "aliyuncs",
        "qcloud",
        "myqcloud",
        "hicloud",
        "dbankcloud",
        "samsungcloud",
        "windowsupdate",
        "msftconnecttest",
        "azureedge",
        "trafficmanager",
        "amazonaws",
        "elasticbeanstalk",
        "jsdelivr",
        "scorecardresearch",
    ];

    #[test]
    fn known_names_are_not_flagged() {
        for label in KNOWN {
            assert!(score(label) < 0.5, "{label}: {:?}", dga_likeness(label));
        }
    }

    #[test]
    fn random_names_are() {
        let mut state = 7_u64;
        let mut flagged = 0;
        for _ in 0..500 {
            let label: String = (0..14)
                .map(|_| {
                    state =
                        state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    char::from(b'a' + u8::try_from((state >> 33) % 26).unwrap())
                })
                .collect();
            flagged += u32::from(score(&label) > 0.5);
        }
        assert!(flagged >= 450, "{flagged} of 500 random labels of 14 letters");
    }

    #[test]
    fn says_nothing_where_nothing_can_be_said() {
        for label in ["", "ab", "abc123", "1234567890", "xn--bcher-kva8445foa", "-------"] {
            assert_eq!(dga_likeness(label), None, "{label}");
        }
        assert_eq!(dga_likeness("CloudFront"), dga_likeness("cloudfront"));
    }

    #[test]
    fn digits_at_the_ends_are_free_and_inside_are_not() {
        let bits = |label: &str| dga_likeness(label).unwrap().ratio_bits;
        assert!((bits("network24") - bits("network")).abs() < 1e-12);
        assert!((bits("2024network") - bits("network")).abs() < 1e-12);
        assert!(bits("net2work") > bits("network"));
        assert!(score("a7k3q9x2m5z8") > 0.5);
    }

    #[test]
    fn pair_table_by_hand() {
        // Every row of pair probabilities sums to one: sum over letters of 2^-bits / 36, and the border's / 12.
        for row in PAIR_BITS.iter() {
            let sum: f64 = row
                .iter()
                .enumerate()
                .map(|(i, bits)| if i == BORDER { 1.0 / 12.0 } else { 1.0 / 36.0 } * (-bits).exp2())
                .sum();
            assert!((sum - 1.0).abs() < 1e-9);
        }
        // `q` is followed by `u` nearly always.
        assert!(pair(16, 20) < -3.0 && pair(16, 23) > 0.0);
    }
}

//! Shannon entropy of short texts.
//!
//! Bias: the plug-in entropy of `n` characters over `K` used symbols is too low by about
//! `(K - 1) / (2 n ln 2)` bits (Miller 1955) and can never exceed `log2(n)`: a random 8-character label shows at
//! most 3 bits. So values are comparable only at equal length; [`normalised_entropy`] divides by what the length
//! allows. Entropy of a single name is a feature, not a test: names of content delivery networks are as random
//! as a tunnel's. The information *rate* (see [`crate::dns`]) is what tells them apart.

/// Plug-in Shannon entropy of the bytes, bits per character, 0..=8; 0 for an empty text.
pub fn bits_per_char(text: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in text {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let total = text.len().max(1) as f64;
    let bits: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = f64::from(*count) / total;
            -share * share.log2()
        })
        .sum();
    bits.max(0.0)
}

/// The same in thousandths of a bit, rounded: a fixed-point value whose sums do not depend on order.
pub fn bits_per_char_millis(text: &[u8]) -> u16 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 <= entropy <= 8 bits")]
    let millis = (bits_per_char(text) * 1_000.0).round() as u16;
    millis
}

/// Entropy over the most that the length allows (`log2(min(length, 256))`), 0..=1; 1 when every character
/// differs. `None` below 2 characters, where nothing can differ.
pub fn normalised_entropy(text: &[u8]) -> Option<f64> {
    (text.len() >= 2).then(|| (bits_per_char(text) / (text.len().min(256) as f64).log2()).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worked_by_hand() {
        let check = |text: &str, bits: f64| {
            let found = bits_per_char(text.as_bytes());
            assert!((found - bits).abs() < 1e-9, "{text}: {found}");
        };
        check("", 0.0);
        check("aaaa", 0.0);
        check("abab", 1.0);
        check("abcd", 2.0);
        check("aaab", 0.75 * (4.0_f64 / 3.0).log2() + 0.5);
        check("abcdefgh", 3.0);
        assert_eq!(bits_per_char_millis(b"abab"), 1_000);
        assert_eq!(bits_per_char_millis(b"aaab"), 811);
    }

    #[test]
    fn normalised_by_length() {
        assert_eq!(normalised_entropy(b"a"), None);
        assert!((normalised_entropy(b"abcdefgh").unwrap() - 1.0).abs() < 1e-12);
        assert!((normalised_entropy(b"abab").unwrap() - 0.5).abs() < 1e-12);
        let all: Vec<u8> = (0..=255).chain(0..=255).collect();
        assert!((normalised_entropy(&all).unwrap() - 1.0).abs() < 1e-12);
    }
}

//! Names of inputs for reports: readable, whatever bytes they are made of.

use std::fmt::Write;

/// Longest name kept for a report, characters. Archive entries may be named with 65,535 bytes.
const NAME_CHARS_MAX: usize = 512;

/// A name as text. Bytes that are not UTF-8 and control characters are shown as `\xNN`, so that two different
/// names never look the same and no name reaches a terminal raw.
pub(super) fn display_name(name: &[u8]) -> String {
    let mut text = String::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            if character.is_control() {
                let _infallible = write!(text, "\\x{:02x}", u32::from(character));
            } else {
                text.push(character);
            }
        }
        for byte in chunk.invalid() {
            let _infallible = write!(text, "\\x{byte:02x}");
        }
    }
    match text.char_indices().nth(NAME_CHARS_MAX) {
        Some((cut, _)) => {
            text.truncate(cut);
            text.push('…');
            text
        }
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odd_bytes_are_shown_and_long_names_cut() {
        assert_eq!(display_name("größe.log".as_bytes()), "größe.log");
        assert_eq!(display_name(b"a\xffb\x1b[31m\n"), "a\\xffb\\x1b[31m\\x0a");
        assert_eq!(display_name(&vec![b'x'; 60_000]).chars().count(), NAME_CHARS_MAX + 1);
    }
}

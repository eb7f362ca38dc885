//! The escapes of Zeek's ASCII writer.

/// Appends `text` with its `\xNN` and `\\` escapes decoded.
///
/// Bytes that are no text stay as they are written (`\x00`, `\xff`): control characters other than `\b \t \n
/// \f \r`, and bytes that are not UTF-8 together. That is how Zeek's JSON writer prints them, so both formats
/// give the same text.
pub(super) fn decode(text: &str, out: &mut String) {
    let mut rest = text;
    while let Some((plain, after)) = rest.split_once('\\') {
        out.push_str(plain);
        if let Some(same) = after.strip_prefix('\\') {
            out.push('\\');
            rest = same;
        } else {
            rest = decode_run(after, out);
        }
    }
    out.push_str(rest);
}

/// Decodes the run of `\xNN` whose first backslash was just passed; returns what follows it.
fn decode_run<'a>(after_backslash: &'a str, out: &mut String) -> &'a str {
    // A character has at most four bytes.
    let mut bytes = [0_u8; 4];
    let mut length = 0;
    let mut rest = after_backslash;
    while let (Some(slot), Some((byte, after))) = (bytes.get_mut(length), hex_byte(rest)) {
        *slot = byte;
        length += 1;
        rest = after;
        if let Some(decoded) = bytes.get(..length).and_then(character) {
            out.push(decoded);
            return rest;
        }
        // Only a byte of a multi-byte character may be followed by another one.
        match rest.strip_prefix('\\') {
            Some(next) if byte >= 0x80 => rest = next,
            _ => break,
        }
    }
    // Not a character: the backslash stays, and what follows it is read as plain text up to the next one.
    out.push('\\');
    let plain = after_backslash.find('\\').unwrap_or(after_backslash.len());
    let (plain, rest) = after_backslash.split_at(plain);
    out.push_str(plain);
    rest
}

/// The byte of `xNN`, and what follows.
fn hex_byte(text: &str) -> Option<(u8, &str)> {
    let digits = text.strip_prefix('x')?.get(..2)?;
    if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    Some((u8::from_str_radix(digits, 16).ok()?, text.get(3..)?))
}

/// The character that the bytes are, when they are exactly one and it is text.
fn character(bytes: &[u8]) -> Option<char> {
    let decoded = std::str::from_utf8(bytes).ok()?.chars().next()?;
    (!decoded.is_control() || matches!(decoded, '\u{8}'..='\r' if decoded != '\u{b}')).then_some(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(text: &str) -> String {
        let mut out = String::new();
        decode(text, &mut out);
        out
    }

    #[test]
    fn escapes_are_decoded_and_non_text_stays() {
        for (written, meant) in [
            (r"a\x09b", "a\tb"),
            (r"\x2d", "-"),
            (r"C:\\x41", r"C:\x41"),
            (r"caf\xc3\xa9!", "café!"),
            (r"\xf0\x9f\x99\x82", "🙂"),
            (r"\xff\xfe", r"\xff\xfe"),
            (r"\x00\x41", r"\x00A"),
            (r"\xc3(", r"\xc3("),
            (r"\xc3\x28", r"\xc3("),
            (r"\x4", r"\x4"),
            (r"\q", r"\q"),
            (r"end\", r"end\"),
            ("plain é", "plain é"),
        ] {
            assert_eq!(decoded(written), meant, "{written}");
        }
    }
}

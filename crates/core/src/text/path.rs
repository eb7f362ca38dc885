//! Path pattern class (ATT&CK data component DC0085): the form of a URI, not its text.
//!
//! `/api/v1/3f2a90c1?x=1` becomes `/word/word/hex?word=number`. An app has few forms and implants bring their own;
//! the text itself varies with every request.

/// Most path segments that are typed; the rest is `/+`.
const SEGMENTS_MAX: usize = 8;
/// Most query parameters that are typed; the rest is `&+`.
const PARAMETERS_MAX: usize = 6;
/// Bytes of a path that are read.
const PATH_BYTES_MAX: usize = 4_096;
/// Shortest run of hexadecimal digits that is not a word or a number.
const HEX_MIN: usize = 8;
/// Shortest base64 text that is told from a word.
const BASE64_MIN: usize = 16;
/// Longest word: the longest names of methods and products are shorter.
const WORD_MAX: usize = 40;

/// The class of a path with an optional query, as sent; a scheme and host before it and a fragment after it
/// are dropped.
///
/// Segments and parameter names and values are `number`, `uuid`, `hex`, `base64`, `word` (letters, digits, `-`,
/// `_`, `.`, not one of the former) or `text` (anything else); an extension of up to 5 letters or digits is
/// kept in lower case: `/word.php`. At most about 250 bytes.
pub fn path_class(path: &str) -> String {
    let path = without_host(path);
    let mut end = path.len().min(PATH_BYTES_MAX);
    while !path.is_char_boundary(end) {
        end -= 1;
    }
    let path = path.get(..end).unwrap_or_default();
    let path = path.split('#').next().unwrap_or_default();
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let mut class = String::new();
    if path.is_empty() && query.is_none() {
        return class;
    }
    let mut segments = path.split('/');
    if path.starts_with('/') {
        segments.next();
    }
    for (index, segment) in segments.enumerate() {
        if index == SEGMENTS_MAX {
            class.push_str("/+");
            break;
        }
        class.push('/');
        push_segment(&mut class, segment);
    }
    if let Some(query) = query {
        push_query(&mut class, query);
    }
    class
}

/// Drops `scheme://host` of an absolute URI.
fn without_host(path: &str) -> &str {
    match path.split_once("://") {
        Some((scheme, rest)) if scheme.bytes().all(|b| b.is_ascii_alphanumeric()) => {
            rest.find(['/', '?']).and_then(|start| rest.get(start..)).unwrap_or("/")
        }
        _ => path,
    }
}

fn push_segment(class: &mut String, segment: &str) {
    if segment.is_empty() {
        return;
    }
    let is_extension = |ext: &str| {
        (1..=5).contains(&ext.len()) && ext.bytes().all(|b| b.is_ascii_alphanumeric()) && has_letter(ext)
    };
    match segment.rsplit_once('.') {
        Some((stem, ext)) if !stem.is_empty() && is_extension(ext) => {
            class.push_str(kind(stem));
            class.push('.');
            class.push_str(&ext.to_ascii_lowercase());
        }
        _ => class.push_str(kind(segment)),
    }
}

fn push_query(class: &mut String, query: &str) {
    for (index, parameter) in query.split('&').filter(|p| !p.is_empty()).enumerate() {
        class.push(if index == 0 { '?' } else { '&' });
        if index == PARAMETERS_MAX {
            class.push('+');
            break;
        }
        let (name, value) = parameter.split_once('=').map_or((parameter, None), |(n, v)| (n, Some(v)));
        class.push_str(kind(name));
        if let Some(value) = value {
            class.push('=');
            class.push_str(kind(value));
        }
    }
}

/// The kind of one segment or value.
fn kind(text: &str) -> &'static str {
    let bytes = text.as_bytes();
    let all = |is: fn(&u8) -> bool| bytes.iter().all(is);
    if bytes.is_empty() {
        ""
    } else if all(u8::is_ascii_digit) {
        "number"
    } else if is_uuid(bytes) {
        "uuid"
    } else if bytes.len() >= HEX_MIN && all(u8::is_ascii_hexdigit) && bytes.iter().any(u8::is_ascii_digit) {
        "hex"
    } else if is_base64(bytes) {
        "base64"
    } else if bytes.len() <= WORD_MAX && has_letter(text) && bytes.iter().all(|b| is_word_byte(*b)) {
        "word"
    } else {
        "text"
    }
}

fn has_letter(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_alphabetic())
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)
}

/// RFC 9562 text form: 8-4-4-4-12 hexadecimal digits.
fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == 36
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Base64 or base64url (RFC 4648): its alphabet, at least 16 characters, and either padding or a change of
/// character class (upper, lower, digit) at more than 2 places in 5 (random text: 0.62). Camel case changes less
/// often.
fn is_base64(bytes: &[u8]) -> bool {
    let body = bytes.strip_suffix(b"==").or_else(|| bytes.strip_suffix(b"=")).unwrap_or(bytes);
    let is_symbol = |b: &u8| b.is_ascii_alphanumeric() || b"+/-_".contains(b);
    if bytes.len() < BASE64_MIN || !body.iter().all(is_symbol) {
        return false;
    }
    let class = |b: &u8| match b {
        b'a'..=b'z' => 0,
        b'A'..=b'Z' => 1,
        b'0'..=b'9' => 2,
        _ => 3,
    };
    let classes = [0, 1, 2].iter().filter(|c| body.iter().any(|b| class(b) == **c)).count();
    let changes = body.iter().zip(body.iter().skip(1)).filter(|(a, b)| class(a) != class(b)).count();
    body.len() < bytes.len() || (classes >= 2 && changes * 5 > body.len() * 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_paths() {
        let table = [
            ("/api/v1/3f2a90c1?x=1", "/word/word/hex?word=number"),
            ("", ""),
            ("/", "/"),
            ("/index.html", "/word.html"),
            ("/a//b/", "/word//word/"),
            ("http://example.net/a/7", "/word/number"),
            ("http://example.net", "/"),
            ("/u/123e4567-e89b-12d3-a456-426614174000/photo.JPG", "/word/uuid/word.jpg"),
            ("/submit.php?id=12345", "/word.php?word=number"),
            ("/q?d=aGVsbG8gd29ybGQhISE%3D&e=", "/word?word=text&word="),
            ("/q?d=aGVsbG8gd29ybGQhISE=", "/word?word=base64"),
            ("/getUserProfileSettings/list-of-all_items", "/word/word"),
            ("/x/Zk3uQ9vT1bX0sLw8", "/word/base64"),
            ("/caf%C3%A9#top", "/text"),
            ("home/sensor/4/state", "/word/word/number/word"),
            ("/a?flag&b=2", "/word?word&word=number"),
        ];
        for (path, class) in table {
            assert_eq!(path_class(path), class, "{path}");
        }
    }

    #[test]
    fn bounded() {
        assert_eq!(path_class(&"/a".repeat(20)), format!("{}/+", "/word".repeat(8)));
        assert_eq!(path_class("/?a=1&b=1&c=1&d=1&e=1&f=1&g=1&h=1").matches('&').count(), 6);
        let long = format!("/{}", "é".repeat(5_000));
        assert_eq!(path_class(&long), "/text");
        let worst = format!("{}?{}", "/x.abcde".repeat(30), "aaaaaaaaaaaaa1A=aaaa1AbCdEfGhIjKl&".repeat(30));
        assert!(path_class(&worst).len() < 250, "{}", path_class(&worst));
    }
}

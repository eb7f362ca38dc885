//! Rows of Zeek logs, field by field, as TSV or JSON, without a formatter in between.

use crate::number::{DAY, SEC};
use crate::options::LogFormat;
use std::net::Ipv4Addr;
use undertone_core::model::Timestamp;

/// Appends an integer.
pub(crate) fn push_int(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Appends microseconds as decimal seconds with six places.
pub(crate) fn push_secs(out: &mut Vec<u8>, micros: i64) {
    if micros < 0 {
        out.push(b'-');
    }
    push_int(out, micros.unsigned_abs() / SEC.unsigned_abs());
    out.push(b'.');
    push_padded(out, micros.abs() % SEC, 6);
}

/// Appends a number with leading zeros, `width` digits at most six.
fn push_padded(out: &mut Vec<u8>, value: i64, width: usize) {
    let mut digits = [b'0'; 6];
    let mut rest = value.unsigned_abs();
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + crate::number::low8(rest % 10);
        rest /= 10;
    }
    out.extend_from_slice(&digits[6 - width..]);
}

/// Appends RFC 3339 in UTC with `places` (3 or 6) decimals.
pub(crate) fn push_time(out: &mut Vec<u8>, at: i64, places: usize) {
    let (year, month, day) = Timestamp::from_micros(at).day().ymd();
    let of_day = at.rem_euclid(DAY);
    let secs = of_day / SEC;
    let parts = [
        (year, 4, b'-'),
        (month, 2, b'-'),
        (day, 2, b'T'),
        (secs / 3600, 2, b':'),
        (secs / 60 % 60, 2, b':'),
    ];
    for (value, width, after) in parts {
        push_padded(out, value, width);
        out.push(after);
    }
    push_padded(out, secs % 60, 2);
    out.push(b'.');
    let fraction = of_day % SEC;
    push_padded(out, if places == 3 { fraction / 1000 } else { fraction }, places);
    out.push(b'Z');
}

/// Appends text.
pub(crate) fn push(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

/// Appends a dotted quad.
pub(crate) fn push_addr(out: &mut Vec<u8>, addr: Ipv4Addr) {
    for (place, octet) in addr.octets().into_iter().enumerate() {
        if place > 0 {
            out.push(b'.');
        }
        push_int(out, u64::from(octet));
    }
}

/// Appends text inside a JSON string.
pub(crate) fn push_json(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0..0x20 => out.push(b' '),
            _ => out.push(byte),
        }
    }
}

/// One row under way.
pub(crate) struct Row<'a> {
    pub(crate) out: &'a mut Vec<u8>,
    format: LogFormat,
    is_first: bool,
}

impl<'a> Row<'a> {
    pub(crate) fn begin(out: &'a mut Vec<u8>, format: LogFormat, path: &str) -> Self {
        let mut row = Self { out, format, is_first: true };
        if format == LogFormat::Json {
            row.out.push(b'{');
            row.text("_path", path);
        }
        row
    }

    /// Opens a field; the caller appends its value in the row's format.
    fn name(&mut self, name: &str) {
        if self.format == LogFormat::Json {
            if !self.is_first {
                self.out.push(b',');
            }
            self.out.push(b'"');
            self.out.extend_from_slice(name.as_bytes());
            self.out.extend_from_slice(b"\":");
        } else if !self.is_first {
            self.out.push(b'\t');
        }
        self.is_first = false;
    }

    fn quote(&mut self) {
        if self.format == LogFormat::Json {
            self.out.push(b'"');
        }
    }

    pub(crate) fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        self.quote();
        if self.format == LogFormat::Json {
            push_json(self.out, value);
        } else {
            self.out.extend_from_slice(value.as_bytes());
        }
        self.quote();
    }

    /// Text that `write` appends; it must need no escape.
    pub(crate) fn plain(&mut self, name: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.name(name);
        self.quote();
        write(self.out);
        self.quote();
    }

    /// Text or unset.
    pub(crate) fn maybe(&mut self, name: &str, value: Option<&str>) {
        match value {
            Some(value) => self.text(name, value),
            None => self.unset(name),
        }
    }

    /// An unset field: `-` in TSV, left out of JSON.
    pub(crate) fn unset(&mut self, name: &str) {
        if self.format == LogFormat::Tsv {
            self.name(name);
            self.out.push(b'-');
        }
    }

    /// Several unset fields.
    pub(crate) fn unset_all(&mut self, names: &[&str]) {
        for name in names {
            self.unset(name);
        }
    }

    pub(crate) fn int(&mut self, name: &str, value: u64) {
        self.name(name);
        push_int(self.out, value);
    }

    pub(crate) fn secs(&mut self, name: &str, micros: i64) {
        self.name(name);
        push_secs(self.out, micros);
    }

    pub(crate) fn addr(&mut self, name: &str, addr: Ipv4Addr) {
        self.plain(name, |out| push_addr(out, addr));
    }

    pub(crate) fn flag(&mut self, name: &str, value: bool) {
        self.name(name);
        let text: &[u8] = match (self.format, value) {
            (LogFormat::Tsv, true) => b"T",
            (LogFormat::Tsv, false) => b"F",
            (LogFormat::Json, true) => b"true",
            (LogFormat::Json, false) => b"false",
        };
        self.out.extend_from_slice(text);
    }

    /// A vector; `quoted` tells strings from numbers in JSON.
    pub(crate) fn list<T>(
        &mut self,
        name: &str,
        items: &[T],
        quoted: bool,
        mut write: impl FnMut(&mut Vec<u8>, &T),
    ) {
        self.name(name);
        let json = self.format == LogFormat::Json;
        if json {
            self.out.push(b'[');
        }
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                self.out.push(b',');
            }
            if quoted {
                self.quote();
            }
            write(self.out, item);
            if quoted {
                self.quote();
            }
        }
        if json {
            self.out.push(b']');
        }
    }

    pub(crate) fn end(self) {
        self.out.extend_from_slice(if self.format == LogFormat::Json { b"}\n" } else { b"\n" });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn times_are_written_digit_by_digit() {
        let at = 1_777_852_991_120_045;
        assert_eq!(written(|out| push_secs(out, at)), "1777852991.120045");
        assert_eq!(written(|out| push_time(out, at, 6)), Timestamp::from_micros(at).to_string());
        assert_eq!(written(|out| push_time(out, at, 3)), "2026-05-04T00:03:11.120Z");
    }

    #[test]
    fn unset_fields_are_dashes_or_absent() {
        let row = |format| {
            written(|out| {
                let mut row = Row::begin(out, format, "conn");
                row.int("a", 1);
                row.unset("b");
                row.list("c", &[1, 2], true, |out, item| push_int(out, *item));
                row.flag("d", true);
                row.end();
            })
        };
        assert_eq!(row(LogFormat::Tsv), "1\t-\t1,2\tT\n");
        assert_eq!(row(LogFormat::Json), "{\"_path\":\"conn\",\"a\":1,\"c\":[\"1\",\"2\"],\"d\":true}\n");
    }
}

//! What the values of options may be, and what they mean.

use clap::builder::PossibleValuesParser;
use undertone_core::finding::Severity;
use undertone_core::model::Network;
use undertone_wire::findings::Format;

pub(super) fn format_parser() -> PossibleValuesParser {
    PossibleValuesParser::new(Format::ALL.map(Format::name))
}

pub(super) fn severity_parser() -> PossibleValuesParser {
    PossibleValuesParser::new(Severity::ALL.map(Severity::as_str))
}

pub(super) fn network(text: &str) -> Result<Network, String> {
    Network::parse(text).ok_or_else(|| "not a network such as `10.20.0.0/16` or `2001:db8::/32`".to_owned())
}

/// Each thread takes some memory of its own, and no machine that reads logs has more cores.
const THREADS_MAX: usize = 256;

pub(super) fn threads(text: &str) -> Result<usize, String> {
    let threads = text.parse().ok().filter(|threads| *threads <= THREADS_MAX);
    threads.ok_or_else(|| format!("not a number from 0 to {THREADS_MAX}"))
}

/// Seconds east of UTC: `Z`, `UTC`, `+HH:MM`, `-HHMM`, `+HH`.
pub(super) fn utc_offset_secs(text: &str) -> Result<i32, String> {
    let wrong = || "not an offset such as `Z`, `+02:00` or `-0530`".to_owned();
    if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
        return Ok(0);
    }
    let (sign, digits) = match text.split_at_checked(1) {
        Some(("+", digits)) => (1, digits),
        Some(("-", digits)) => (-1, digits),
        _ => return Err(wrong()),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 => digits.split_at_checked(2).ok_or_else(wrong)?,
        None => (digits, "00"),
    };
    if [hours, minutes].iter().any(|part| part.len() != 2 || !part.bytes().all(|b| b.is_ascii_digit())) {
        return Err(wrong());
    }
    let parse = |text: &str| text.parse::<i32>().map_err(|_not_a_number| wrong());
    let (hours, minutes) = (parse(hours)?, parse(minutes)?);
    if hours > 14 || minutes > 59 { Err(wrong()) } else { Ok(sign * (hours * 3600 + minutes * 60)) }
}

/// Bytes: a whole number with an optional `K`, `M`, `G` or `T` (powers of 1024), at least 64 MiB.
pub(super) fn byte_size(text: &str) -> Result<u64, String> {
    const LEAST: u64 = 64 << 20;
    let lower = text.to_ascii_lowercase();
    let bare = lower.trim_end_matches("ib").trim_end_matches('b');
    let digits = bare.trim_end_matches(['k', 'm', 'g', 't']);
    let shift = match bare.strip_prefix(digits) {
        Some("") => 0,
        Some("k") => 10,
        Some("m") => 20,
        Some("g") => 30,
        Some("t") => 40,
        _ => return Err("not a size such as `512M` or `2G`".to_owned()),
    };
    let count =
        digits.parse::<u64>().map_err(|_not_a_number| "not a size such as `512M` or `2G`".to_owned())?;
    match count.checked_mul(1 << shift) {
        Some(bytes) if bytes >= LEAST => Ok(bytes),
        Some(_) => Err("less than 64M".to_owned()),
        None => Err("too large".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_seconds_east() {
        for (text, secs) in [("Z", 0), ("utc", 0), ("+02:00", 7200), ("-0530", -19_800), ("+14", 50_400)] {
            assert_eq!(utc_offset_secs(text), Ok(secs), "{text}");
        }
        for text in ["", "2", "+2", "+15:00", "+02:60", "+é0", "Europe/Berlin", "+1:000"] {
            assert!(utc_offset_secs(text).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes_are_powers_of_1024() {
        assert_eq!(byte_size("1G"), Ok(1 << 30));
        assert_eq!(byte_size("512MiB"), Ok(512 << 20));
        assert_eq!(byte_size("67108864"), Ok(64 << 20));
        for text in ["", "G", "1K", "1.5G", "-1G", "99999999999T", "1GG"] {
            assert!(byte_size(text).is_err(), "{text}");
        }
    }
}

//! Numbers in words that a person reads at a glance.

/// `45 s`, `5 min`, `2.5 h`, `1.5 d`.
pub(super) fn duration(secs: f64) -> String {
    let (value, unit) = match secs {
        s if s < 1.0 => return format!("{:.0} ms", s * 1000.0),
        s if s < 120.0 => (s, "s"),
        s if s < 7200.0 => (s / 60.0, "min"),
        s if s < 172_800.0 => (s / 3600.0, "h"),
        s => (s / 86_400.0, "d"),
    };
    let digits = usize::from(value < 10.0 && (value - value.round()).abs() > 0.05);
    format!("{value:.digits$} {unit}")
}

/// `12 %`, `0.4 %`, `under 0.1 %`.
pub(super) fn percent(share: f64) -> String {
    let value = share * 100.0;
    if share > 0.0 && value < 0.1 {
        "under 0.1 %".to_owned()
    } else if value < 10.0 && (value - value.round()).abs() > 0.05 {
        format!("{value:.1} %")
    } else {
        format!("{value:.0} %")
    }
}

/// `1 day`, `3 days`: a noun in the number that is counted.
pub(super) fn counted(count: u32, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

/// `none of the 30 other phones reach`, `1 of the 30 other phones reaches`, `the one other phone does not reach`; `with`
/// follows the noun.
pub(super) fn reaching(count: u32, others: u32, noun: &str, with: &str) -> String {
    match (count, others) {
        (0, 1) => format!("the one other {noun}{with} does not reach"),
        (_, 1) => format!("the one other {noun}{with} reaches"),
        (0, _) => format!("none of the {others} other {noun}s{with} reach"),
        (1, _) => format!("1 of the {others} other {noun}s{with} reaches"),
        _ => format!("{count} of the {others} other {noun}s{with} reach"),
    }
}

/// `1 in 10,000`, from a probability in (0, 1]; two significant digits.
pub(super) fn odds(p_value: f64) -> String {
    let ratio = 1.0 / p_value.max(1e-12);
    let step = 10_f64.powf((ratio.log10().floor() - 1.0).max(0.0));
    let digits = format!("{:.0}", (ratio / step).round() * step);
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    format!("1 in {grouped}")
}

/// `800 bytes`, `12 KB`, `3.4 MB`.
pub(super) fn bytes(count: f64) -> String {
    match count {
        n if n < 10_000.0 => format!("{n:.0} bytes"),
        n if n < 10_000_000.0 => format!("{:.0} KB", n / 1000.0),
        n => format!("{:.1} MB", n / 1_000_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_like_people_say_them() {
        assert_eq!(
            [0.25, 45.0, 300.0, 9000.0, 200_000.0].map(duration),
            ["250 ms", "45 s", "5 min", "2.5 h", "2.3 d"]
        );
        assert_eq!([0.0, 0.0004, 0.004, 0.5].map(percent), ["0 %", "under 0.1 %", "0.4 %", "50 %"]);
        assert_eq!([0.5, 1e-4, 1.2e-7].map(odds), ["1 in 2", "1 in 10,000", "1 in 8,300,000"]);
        assert_eq!([0, 1, 2].map(|count| counted(count, "day")), ["0 days", "1 day", "2 days"]);
        assert_eq!(
            [0, 1, 2].map(|count| reaching(count, 30, "phone", "")),
            [
                "none of the 30 other phones reach",
                "1 of the 30 other phones reaches",
                "2 of the 30 other phones reach"
            ]
        );
        assert_eq!(reaching(0, 1, "phone", " with a"), "the one other phone with a does not reach");
    }
}

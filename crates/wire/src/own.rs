//! What undertone itself writes or is configured with, told by content. Such files lie about in folders that are
//! scanned; they are no logs, whatever they look like, and are named for what they are.

use crate::json;
use undertone_core::thresholds::ThresholdKey;

/// Keys at the top of a configuration besides thresholds.
const CONFIGURATION_KEYS: [&str; 4] =
    ["platforms", "roles", "app_network_behavior_baseline", "app_network_role_baseline"];
/// By the keys of its first object, what a file of JSON is; the first that fits.
const BY_KEYS: [(&[&str], &str); 7] = [
    (&["schema_version", "id", "alert", "lead"], "findings, which `explain`, `convert` and `eval --in` read"),
    (&["device", "domain", "kind", "period_secs"], LABELS),
    (&["files", "rows_accepted", "rows_rejected"], "the summary of a run, which `eval --scan-summary` reads"),
    (&["attack_version", "elements", "devices"], "coverage, as `export` writes it"),
    (&["schema_version", "device_days", "recall"], "an evaluation, as `eval` writes it"),
    (&["schema_version", "day", "history_device_days"], "a report of `backtest`"),
    (&["before", "after", "gone", "new"], "a report of `tune`"),
];
const LABELS: &str = "labels of a simulated fleet, for `eval` and `tune`; nothing is found by them";
const SUPPRESSIONS: &str = "suppressions, which are read with `--suppress`";

/// What a file of undertone's own is, by its head; `None` for everything else.
pub(crate) fn kind(head: &[u8]) -> Option<&'static str> {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    if head.starts_with(b"undertone-run\0") {
        return Some("a cache of `tune` or `backtest`");
    }
    if head.starts_with(b"\"id\",\"alert\",\"lead\",") {
        return Some("findings as CSV, in which nothing is looked for");
    }
    if let Some(b'{' | b'[') = head.first() {
        let object = head.strip_prefix(b"[").unwrap_or(head).trim_ascii_start();
        let keys = json::first_keys(object);
        let fits = |wanted: &[&str]| wanted.iter().all(|key| keys.contains(key));
        if let Some((_, kind)) = BY_KEYS.iter().find(|(wanted, _)| fits(wanted)) {
            return Some(kind);
        }
        return is_baseline(head).then_some("a learned baseline, which is read with `--baseline`");
    }
    of_yaml(head)
}

/// By its first key and value: what stands further on may be text that somebody else chose.
fn is_baseline(head: &[u8]) -> bool {
    let parts: [&[u8]; 4] = [b"{", b"\"kind\"", b":", b"\"undertone-baseline\""];
    let rest = parts.iter().try_fold(head, |rest, part| rest.trim_ascii_start().strip_prefix(*part));
    rest.is_some()
}

/// A configuration, by its first line that says something.
fn of_yaml(head: &[u8]) -> Option<&'static str> {
    let head = match std::str::from_utf8(head) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(head.get(..error.valid_up_to())?).ok()?,
    };
    let says = |line: &&str| !matches!(line.trim(), "" | "---") && !line.trim_start().starts_with('#');
    let first = head.lines().find(says)?;
    if first.starts_with("- ") {
        return is_suppression(head).then_some(SUPPRESSIONS);
    }
    let (key, value) = first.split_once(':')?;
    let key = key.trim_matches(['"', '\'']);
    if CONFIGURATION_KEYS.contains(&key) || ThresholdKey::from_name(key).is_some() {
        Some("thresholds or declared baselines, which are read with `--config`")
    } else if key == "apps" && value.trim().is_empty() {
        Some("a configuration, which is read with `--config` or `--apps`")
    } else {
        is_app(key, value).then_some("roles of apps, which are read with `--apps`")
    }
}

/// Whether the first record of a YAML list has a reason: every suppression must, and no inventory can.
fn is_suppression(head: &str) -> bool {
    let says = |line: &&str| !line.trim_start().starts_with('#');
    let mut lines = head.lines().filter(says).skip_while(|line| !line.starts_with("- "));
    let first = lines.next().unwrap_or_default();
    let record = std::iter::once(first).chain(lines.take_while(|line| !line.starts_with("- ")));
    let mut parts = record.flat_map(|line| line.split(['{', ',']));
    parts.any(|part| {
        let key = part.split(':').next().unwrap_or_default();
        part.contains(':') && key.trim_start_matches("- ").trim().trim_matches(['"', '\'']) == "reason"
    })
}

/// `com.example.app: role`, and nothing that may be a line of a log.
fn is_app(key: &str, value: &str) -> bool {
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    let value = value.trim();
    key.contains('.')
        && key.bytes().all(is_id)
        && key.bytes().next().is_some_and(|first| first.is_ascii_alphabetic())
        && (value.starts_with("{role:") || (!value.is_empty() && value.bytes().all(is_id)))
}

#[cfg(test)]
mod tests {
    use super::kind;
    use crate::format::detect;

    fn check(head: &str, word: &str) {
        let found = kind(head.as_bytes());
        assert!(found.is_some_and(|kind| kind.contains(word)), "{head}: {found:?}");
        assert_eq!(detect(head.as_bytes()), None, "{head}");
    }

    #[test]
    fn suppressions_are_no_inventory() {
        check("- device: d-1\n  reason: known\n  expires: 2026-08-01\n", "--suppress");
        check("# office\n- device: [d-1, d-2]\n  platform: x\n  # why\n  \"reason\": known\n", "--suppress");
        check("- {device: d-1, reason: known}\n", "--suppress");
        check("\u{feff}---\n- reason: known\n  device: d-1\n", "--suppress");
        for inventory in
            ["- device: d-1\n  ip: 10.0.0.1\n", "- device_id: d-1\n  ip: 10.0.0.1\n  owner: reason\n"]
        {
            assert_eq!(kind(inventory.as_bytes()), None);
            assert!(detect(inventory.as_bytes()).is_some(), "{inventory}");
        }
        // A reason in the second record alone is no word of the first.
        assert_eq!(kind(b"- device: d-1\n  ip: 10.0.0.1\n- device: d-2\n  reason: a\n"), None);
    }

    #[test]
    fn configurations_are_named() {
        check("# all\n\nbeacon_interval_variance_threshold: 0.9\n", "--config");
        check("platforms:\n  ios: {}\n", "--config");
        check("apps:\n  com.example.a: weather\n", "--apps");
        check("com.example.a: weather\n", "roles of apps");
        check("com.example.a: {role: weather, name: A}\n", "roles of apps");
        for other in ["example.com: GET /\n", "time: 5\n", "10.0.0.1: up\n", "a.b:\n", "{}", "", "- a\n"] {
            assert_eq!(kind(other.as_bytes()), None, "{other}");
        }
    }

    #[test]
    fn what_was_written_is_named() {
        check("{\"schema_version\":1,\"id\":\"a\",\"alert\":true,\"lead\":false}\n", "explain");
        check("\"id\",\"alert\",\"lead\",\"reason\",\"device\",\"platform\"\n", "CSV");
        check("{\n\"kind\": \"undertone-baseline\",\n", "--baseline");
        check("undertone-run\0\0\u{1}", "cache");
        // Anybody can call himself so.
        let log = b"{\"ts\":1.5,\"uid\":\"C1\",\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":5,\"id.resp_h\":\"192.0.2.1\",\
            \"id.resp_p\":80,\"trans_depth\":1,\"method\":\"GET\",\"host\":\"a.example\",\"uri\":\"/\",\
            \"user_agent\":\"undertone-baseline\"}\n";
        assert_eq!(kind(log), None);
        assert!(detect(log).is_some());
    }
}

//! Host names and their registrable domains.

use std::borrow::Cow;
use std::net::IpAddr;

/// The registrable domain of a host name: one label below its public suffix, by the Public Suffix List with
/// its private section (`user.github.io` is registrable), and so for databases of Firebase, which the list does not
/// have. `host` is lower case without a trailing dot.
///
/// `None` for an IP literal, a bare public suffix, a single label, or a name whose suffix is not listed.
pub fn registrable_domain(host: &str) -> Option<&str> {
    if host.is_empty() || host.len() > 253 || is_ip_literal(host) {
        return None;
    }
    let domain = psl::domain(host.as_bytes())?;
    if !domain.suffix().is_known() {
        return None;
    }
    let domain = std::str::from_utf8(domain.as_bytes()).ok()?;
    Some(if domain == FIREBASE { database_of(host) } else { domain })
}

/// Where each customer of Firebase has a database: `NAME.firebaseio.com` (Firebase documentation, "Structure your
/// database"). Strangers share no more than that.
const FIREBASE: &str = "firebaseio.com";

/// The database of a host below [`FIREBASE`]. Its servers, `s-usc1c-nss-123`, are everybody's.
fn database_of(host: &str) -> &str {
    let Some(names) = host.strip_suffix(FIREBASE).and_then(|names| names.strip_suffix('.')) else {
        return FIREBASE;
    };
    let start = names.rfind('.').map_or(0, |dot| dot + 1);
    let is_server = names.get(start..).is_some_and(|name| name.starts_with("s-") && name.contains("-nss-"));
    if is_server { FIREBASE } else { host.get(start..).unwrap_or(FIREBASE) }
}

/// Whether a name is a domain or lies below it.
pub fn is_at_or_below(name: &str, domain: &str) -> bool {
    name.strip_suffix(domain).is_some_and(|before| before.is_empty() || before.ends_with('.'))
}

/// Whether a host is an address rather than a name (`192.0.2.1`, `[2001:db8::1]`).
pub fn is_ip_literal(host: &str) -> bool {
    host.as_bytes().last().is_some_and(|last| last.is_ascii_hexdigit() || *last == b']')
        && host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

/// A host as undertone compares it: lower case, no trailing dot, no port, no surrounding space. Borrows when
/// the name already is so.
pub fn normal_host(host: &str) -> Cow<'_, str> {
    let host = strip_port(host.trim()).trim_end_matches('.');
    if host.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(host.to_ascii_lowercase())
    } else {
        Cow::Borrowed(host)
    }
}

fn strip_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port))
            if !port.is_empty()
                && port.bytes().all(|b| b.is_ascii_digit())
                && (!name.contains(':') || name.ends_with(']')) =>
        {
            name
        }
        _ => host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registrable_domains_follow_the_public_suffix_list() {
        for (host, expected) in [
            ("www.example.com", Some("example.com")),
            ("a.b.example.co.uk", Some("example.co.uk")),
            ("someone.github.io", Some("someone.github.io")),
            ("cubal-48ae8-default-rtdb.firebaseio.com", Some("cubal-48ae8-default-rtdb.firebaseio.com")),
            ("a.b.firebaseio.com", Some("b.firebaseio.com")),
            ("s-usc1c-nss-2105.firebaseio.com", Some("firebaseio.com")),
            ("firebaseio.com", Some("firebaseio.com")),
            ("co.uk", None),
            ("localhost", None),
            ("192.0.2.1", None),
            ("2001:db8::1", None),
            ("printer.internal-zone", None),
        ] {
            assert_eq!(registrable_domain(host), expected, "{host}");
        }
    }

    #[test]
    fn hosts_are_compared_in_one_form() {
        assert_eq!(normal_host("WWW.Example.COM."), "www.example.com");
        assert_eq!(normal_host("example.com:8080"), "example.com");
        assert_eq!(normal_host("[2001:db8::1]:443"), "[2001:db8::1]");
        assert_eq!(normal_host("2001:db8::1"), "2001:db8::1");
        assert!(matches!(normal_host("example.com"), Cow::Borrowed(_)));
    }
}

//! Where an HTTP request goes: RFC 9112 section 3.2, request targets.

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// Host without port and brackets.
    pub(crate) host: Option<&'a str>,
    /// Path and query.
    pub(crate) path: Option<&'a str>,
    /// The request was sent to a proxy: CONNECT, or an absolute URI.
    pub(crate) is_proxied: bool,
}

impl<'a> Target<'a> {
    /// From method, `Host` header and request target as sent. The target's own authority wins over the header,
    /// as a proxy must take it (RFC 9112 section 3.2.2).
    pub(crate) fn new(method: Option<&str>, host: Option<&'a str>, uri: Option<&'a str>) -> Self {
        let header = host.and_then(host_of);
        let Some(uri) = uri else {
            return Self { host: header, path: None, is_proxied: method == Some("CONNECT") };
        };
        if method == Some("CONNECT") {
            return Self { host: host_of(uri).or(header), path: None, is_proxied: true };
        }
        let Some(rest) = after_scheme(uri) else {
            return Self { host: header, path: Some(uri), is_proxied: false };
        };
        let split = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(split);
        let path = if path.is_empty() { "/" } else { path };
        Self { host: host_of(authority).or(header), path: Some(path), is_proxied: true }
    }
}

/// What follows the `//` of an absolute URI.
fn after_scheme(uri: &str) -> Option<&str> {
    ["http://", "https://", "ws://", "wss://", "ftp://"].iter().find_map(|scheme| {
        let head = uri.get(..scheme.len())?;
        head.eq_ignore_ascii_case(scheme).then(|| uri.get(scheme.len()..))?
    })
}

/// The host of `user@host:port` or `[v6]:port`; `None` when empty.
pub(crate) fn host_of(authority: &str) -> Option<&str> {
    let authority = authority.trim();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        // More than one colon is an IPv6 address without brackets.
        None => match authority.split_once(':') {
            Some((host, port)) if !port.contains(':') => host,
            _ => authority,
        },
    };
    (!host.is_empty()).then_some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target<'a>(
        method: &str,
        host: Option<&'a str>,
        uri: &'a str,
    ) -> (Option<&'a str>, Option<&'a str>, bool) {
        let target = Target::new(Some(method), host, Some(uri));
        (target.host, target.path, target.is_proxied)
    }

    #[test]
    fn origin_form_is_not_proxied() {
        assert_eq!(target("GET", Some("a.example:8080"), "/x?y"), (Some("a.example"), Some("/x?y"), false));
        assert_eq!(target("GET", None, "/"), (None, Some("/"), false));
        assert_eq!(target("OPTIONS", Some("[::1]:80"), "*"), (Some("::1"), Some("*"), false));
    }

    #[test]
    fn proxy_forms_name_the_target() {
        assert_eq!(target("CONNECT", Some("proxy"), "a.example:443"), (Some("a.example"), None, true));
        assert_eq!(target("CONNECT", Some("a.example"), ""), (Some("a.example"), None, true));
        assert_eq!(target("CONNECT", None, "[2001:db8::1]:443"), (Some("2001:db8::1"), None, true));
        assert_eq!(
            target("GET", Some("proxy"), "HTTP://u@b.example:80/p?q"),
            (Some("b.example"), Some("/p?q"), true)
        );
        assert_eq!(target("GET", None, "http://b.example"), (Some("b.example"), Some("/"), true));
    }

    #[test]
    fn hosts_lose_their_port() {
        assert_eq!(host_of("2001:db8::1"), Some("2001:db8::1"));
        assert_eq!(host_of(":80"), None);
        assert_eq!(host_of(""), None);
        assert_eq!(host_of("[::1"), Some("::1"));
    }
}

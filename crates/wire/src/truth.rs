//! The truth of a labelled fleet: `truth.json`, an array of one object an implant.

use serde::Deserialize;
use std::net::IpAddr;
use undertone_core::finding::Finding;

/// One implant, as the simulator planted it. What a label does not say is `None` or empty.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Truth {
    /// Device id.
    pub device: String,
    /// The device's address.
    #[serde(default)]
    pub ip: Option<IpAddr>,
    /// Package name or bundle id of the carrier.
    #[serde(default)]
    pub app: Option<String>,
    /// Registrable domain that it talks to.
    #[serde(default)]
    pub domain: Option<String>,
    /// Every registrable domain that it talks to, where it has several.
    #[serde(default)]
    pub domains: Vec<String>,
    /// Addresses that it talks to.
    #[serde(default)]
    pub addresses: Vec<IpAddr>,
    /// Channel.
    pub kind: String,
    /// Period, seconds.
    #[serde(default)]
    pub period_secs: Option<f64>,
    /// Jitter as a share of the period.
    #[serde(default)]
    pub jitter: Option<f64>,
    /// Share of check-ins left out.
    #[serde(default)]
    pub miss: Option<f64>,
    /// Law of the jitter.
    #[serde(default)]
    pub law: Option<String>,
    /// Share of its connections that were opened while the phone was locked, 0..=1.
    #[serde(default)]
    pub locked_share: Option<f64>,
    /// Check-ins that were written.
    #[serde(default)]
    pub events: Option<u64>,
}

impl Truth {
    /// Whether a finding is this implant: the device, plus its domain, one of its addresses or its app.
    pub fn matches(&self, finding: &Finding) -> bool {
        let device = &finding.device;
        let is_device = device.id == self.device
            || self.ip.is_some_and(|ip| device.addresses.contains(&ip) || device.id == ip.to_string());
        let destination = &finding.destination;
        let names = [destination.domain.as_deref(), destination.name.as_deref()];
        let is_domain = self
            .domain
            .iter()
            .chain(&self.domains)
            .any(|domain| names.into_iter().flatten().any(|name| is_under(name, domain)));
        let is_address = destination.addresses.iter().any(|address| self.addresses.contains(address));
        let is_app = self.app.is_some() && finding.app.id == self.app;
        is_device && (is_domain || is_address || is_app)
    }
}

/// Whether a host name is the domain or lies below it, in any case.
pub(crate) fn is_under(name: &str, domain: &str) -> bool {
    let (name, domain) = (name.trim_end_matches('.').as_bytes(), domain.trim_end_matches('.').as_bytes());
    let Some(above) = name.len().checked_sub(domain.len()) else { return false };
    let is_label = above == 0 || name.get(above - 1) == Some(&b'.');
    !domain.is_empty() && is_label && name.get(above..).is_some_and(|tail| tail.eq_ignore_ascii_case(domain))
}

/// Parses `truth.json`.
///
/// # Errors
/// JSON of another shape.
pub fn parse_truth(bytes: &[u8]) -> Result<Vec<Truth>, serde_json::Error> {
    serde_json::from_slice(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_parse_with_what_they_say() {
        let text = br#"[{"device":"d-0001","ip":"10.20.0.1","app":null,"domain":"evil.example",
            "addresses":["203.0.113.9"],"kind":"https","period_secs":300.0,"jitter":0.2,"miss":0.0,
            "law":"uniform","events":280},{"device":"d-2","kind":"dns"}]"#;
        let truth = parse_truth(text).unwrap();
        assert_eq!(truth.len(), 2);
        assert_eq!(truth[0].events, Some(280));
        assert_eq!(truth[1].domain, None);
        assert!(parse_truth(b"{}").is_err());
    }

    #[test]
    fn names_lie_under_a_domain_by_whole_labels() {
        for (name, domain, is) in [
            ("evil.example", "evil.example", true),
            ("A.b.Evil.Example.", "evil.example", true),
            ("notevil.example", "evil.example", false),
            ("example", "evil.example", false),
            ("evil.example", "", false),
            ("", "", false),
        ] {
            assert_eq!(is_under(name, domain), is, "{name} {domain}");
        }
    }
}

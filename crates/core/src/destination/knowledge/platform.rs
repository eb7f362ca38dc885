//! Services of the phone platforms that talk on a rhythm by design.
//!
//! Sources are named per row; intervals are documented in the telemetry notes of the project's design
//! (Chromium's MCS heartbeat, Apple's and Google's network requirements for enterprises, AOSP's
//! `NetworkMonitor`, and vendors' MDM documentation).

use crate::destination::is_at_or_below;

/// A service of a platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlatformService {
    /// What it is, in words.
    pub name: &'static str,
    /// Domain suffix of its hosts.
    pub suffix: &'static str,
    /// Ports; empty means any.
    pub ports: &'static [u16],
    /// Where this is written.
    pub source: &'static str,
}

const fn service(
    name: &'static str,
    suffix: &'static str,
    ports: &'static [u16],
    source: &'static str,
) -> PlatformService {
    PlatformService { name, suffix, ports, source }
}

const CHROMIUM: &str = "Chromium google_apis/gcm/engine/heartbeat_manager.cc";
const FCM_DOC: &str = "Firebase documentation, FCM ports and your firewall";
const APPLE_HOSTS: &str = "Apple Support 101555, Use Apple products on enterprise networks";
const AOSP_NET: &str = "AOSP NetworkMonitor, captive portal detection";
const AOSP_NTP: &str = "AOSP config_ntpServer";

const SERVICES: &[PlatformService] = &[
    service("Google push (FCM heartbeat)", "mtalk.google.com", &[443, 5228, 5229, 5230], CHROMIUM),
    service("Google push (FCM heartbeat)", "mtalk4.google.com", &[443, 5228, 5229, 5230], FCM_DOC),
    service("Google push (FCM fallback)", "alt1-mtalk.google.com", &[443, 5228, 5229, 5230], FCM_DOC),
    service("Google push (FCM)", "fcm.googleapis.com", &[443], FCM_DOC),
    service("Google device check-in", "android.clients.google.com", &[443], FCM_DOC),
    service("Google device check-in", "device-provisioning.googleapis.com", &[443], FCM_DOC),
    service("Google Play services", "play.googleapis.com", &[443], FCM_DOC),
    service("Apple push (APNs)", "push.apple.com", &[443, 2197, 5223], APPLE_HOSTS),
    service("Apple push (APNs)", "push-apple.com.akadns.net", &[443, 5223], APPLE_HOSTS),
    service("Apple iCloud", "icloud.com", &[443], APPLE_HOSTS),
    service("Apple MDM and activation", "deviceenrollment.apple.com", &[443], APPLE_HOSTS),
    service("Apple MDM and activation", "mdmenrollment.apple.com", &[443], APPLE_HOSTS),
    service("Apple time", "time.apple.com", &[123], APPLE_HOSTS),
    service("Apple time", "time-ios.apple.com", &[123], APPLE_HOSTS),
    service("Apple captive portal probe", "captive.apple.com", &[80, 443], APPLE_HOSTS),
    service("Apple configuration", "gsp-ssl.ls.apple.com", &[443], APPLE_HOSTS),
    service("Apple configuration", "gs-loc.apple.com", &[443], APPLE_HOSTS),
    service("Apple certificate status", "ocsp.apple.com", &[80, 443], APPLE_HOSTS),
    service("Apple certificate status", "ocsp2.apple.com", &[80, 443], APPLE_HOSTS),
    service("Android captive portal probe", "connectivitycheck.gstatic.com", &[80, 443], AOSP_NET),
    service("Android captive portal probe", "connectivitycheck.android.com", &[80, 443], AOSP_NET),
    service("Android captive portal probe", "clients3.google.com", &[80, 443], AOSP_NET),
    service("Android time", "time.android.com", &[123], AOSP_NTP),
    service("Network time", "pool.ntp.org", &[123], AOSP_NTP),
    service("Network time", "ntp.org", &[53, 123], AOSP_NTP),
    service("Network time", "time.google.com", &[123], AOSP_NTP),
    service(
        "Crash and analytics upload",
        "app-measurement.com",
        &[443],
        "Firebase Analytics, upload about hourly",
    ),
    service(
        "Crash and analytics upload",
        "crashlyticsreports-pa.googleapis.com",
        &[443],
        "Firebase Crashlytics",
    ),
    service("Intune check-in", "manage.microsoft.com", &[443], "Microsoft Learn, Intune network endpoints"),
    service("Jamf check-in", "jamfcloud.com", &[443, 8443], "Jamf Pro, network ports"),
    service("Workspace ONE check-in", "awmdm.com", &[443], "Omnissa, Workspace ONE UEM ports"),
    service("Samsung push", "push.samsungosp.com", &[443, 5223], "Samsung Knox, network requirements"),
    service("Huawei push", "push.hicloud.com", &[443], "Huawei Push Kit documentation"),
];

/// The platform service of a host and port. `host` is lower case.
pub fn platform_service(host: &str, port: u16) -> Option<&'static PlatformService> {
    SERVICES.iter().find(|service| {
        (service.ports.is_empty() || service.ports.contains(&port)) && is_at_or_below(host, service.suffix)
    })
}

/// Ports of name and time servers.
const NAMES_AND_TIME: [u16; 2] = [53, 123];

/// Whether a registrable domain has a platform service that is no time server: whatever phones do, they go there.
pub fn is_platform_domain(domain: &str) -> bool {
    SERVICES.iter().any(|service| {
        !service.ports.iter().all(|port| NAMES_AND_TIME.contains(port))
            && is_at_or_below(service.suffix, domain)
    })
}

/// Port of Google's push service, which answers under many addresses without a name.
const FCM_PORTS: [u16; 3] = [5228, 5229, 5230];

/// Whether a nameless connection to this port is the platform's push service.
pub fn is_push_port(port: u16) -> bool {
    FCM_PORTS.contains(&port) || port == 5223
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_match_by_label_and_port() {
        let name = |host, port| platform_service(host, port).map(|service| service.name);
        assert_eq!(name("mtalk.google.com", 5228), Some("Google push (FCM heartbeat)"));
        assert_eq!(name("7-courier.push.apple.com", 5223), Some("Apple push (APNs)"));
        assert_eq!(name("evil-push.apple.com", 5223), None);
        assert_eq!(name("mtalk.google.com", 4444), None);
        assert_eq!(name("mtalk.google.com.evil.example", 5228), None);
    }
}

//! Services of the platforms by their documented names: push, connectivity probes, time, stores, and the fleet's
//! own device management.

use super::Sites;
use super::site::{Cert, Service, Site, SiteId, UriShape, public_address, tls_site};
use std::net::Ipv4Addr;

/// Sites of the platforms.
#[derive(Debug)]
pub(crate) struct PlatformSites {
    /// Firebase Cloud Messaging, TCP 5228.
    pub(crate) fcm: SiteId,
    pub(crate) play: SiteId,
    pub(crate) play_downloads: SiteId,
    pub(crate) android_services: SiteId,
    pub(crate) android_probe: SiteId,
    pub(crate) android_time: SiteId,
    /// Apple Push Notification service, TCP 5223.
    pub(crate) apns: SiteId,
    pub(crate) apple_services: SiteId,
    pub(crate) apple_downloads: SiteId,
    pub(crate) apple_probe: SiteId,
    pub(crate) apple_time: SiteId,
    pub(crate) measurement: SiteId,
    pub(crate) ocsp: SiteId,
    /// The fleet's device management.
    pub(crate) mdm: SiteId,
    /// The fleet's VPN gateway (IKE over UDP 4500).
    pub(crate) ike: SiteId,
    /// DNS over TLS resolver of some phones.
    pub(crate) private_dns: SiteId,
    /// Resolvers: the network's own and public ones.
    pub(crate) resolvers: Vec<SiteId>,
}

impl PlatformSites {
    pub(crate) fn new(sites: &mut Sites) -> Self {
        let mut tls = |name: &str, domain: &str| sites.web(name.to_owned(), domain, false);
        let play = tls("android.clients.google.com", "google.com");
        let play_downloads = tls("play-fe.googleapis.com", "googleapis.com");
        let android_services = tls("android.googleapis.com", "googleapis.com");
        let apple_services = tls("gateway.icloud.com", "icloud.com");
        let apple_downloads = tls("iosapps.itunes.apple.com", "apple.com");
        let measurement = tls("app-measurement.com", "app-measurement.com");
        let mdm = tls("checkin.fleetward-mdm.com", "fleetward-mdm.com");
        Self {
            fcm: special(sites, "mtalk.google.com", "google.com", Service::Tls, 5228),
            apns: special(sites, "1-courier.push.apple.com", "apple.com", Service::Tls, 5223),
            android_probe: special(sites, "connectivitycheck.gstatic.com", "gstatic.com", Service::Http, 80),
            apple_probe: special(sites, "captive.apple.com", "apple.com", Service::Http, 80),
            android_time: special(sites, "time.android.com", "android.com", Service::Ntp, 123),
            apple_time: special(sites, "time.apple.com", "apple.com", Service::Ntp, 123),
            ocsp: special(sites, "ocsp.certalia.com", "certalia.com", Service::Http, 80),
            ike: special(sites, "vpn.fleetward-mdm.com", "fleetward-mdm.com", Service::RawUdp, 4500),
            private_dns: special(sites, "dns.google", "dns.google", Service::Tls, 853),
            resolvers: resolvers(sites),
            play,
            play_downloads,
            android_services,
            apple_services,
            apple_downloads,
            measurement,
            mdm,
        }
    }
}

fn special(sites: &mut Sites, name: &str, domain: &str, service: Service, port: u16) -> SiteId {
    let addrs = (0..4).map(|_| public_address(&mut sites.rng)).collect();
    let mut site = tls_site(name.to_owned(), domain.to_owned(), addrs, &mut sites.rng);
    (site.service, site.port, site.uri) = (service, port, UriShape::Probe);
    sites.add(site)
}

fn resolvers(sites: &mut Sites) -> Vec<SiteId> {
    let addresses = [[10, 8, 0, 53], [10, 8, 1, 53], [8, 8, 8, 8], [1, 1, 1, 1]];
    addresses
        .map(|octets| {
            sites.add(Site {
                name: None,
                domain: None,
                addrs: vec![Ipv4Addr::from(octets)],
                port: 53,
                service: Service::Dns,
                ttl_secs: 0,
                sends_sni: false,
                cert: Cert::SelfSigned,
                is_tls12: false,
                flight_bytes: 0,
                uri: UriShape::Root,
            })
        })
        .to_vec()
}

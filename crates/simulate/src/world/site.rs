//! Sites: a name (or none), its addresses, a port and a protocol.

use crate::random::{Rng, mix};
use crate::world::names;
use std::net::Ipv4Addr;

/// Number of a site: below the world's count it is the world's, above it the device's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SiteId(pub(crate) u32);

/// What is spoken with a site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Service {
    /// TLS over TCP, whatever is inside.
    Tls,
    /// QUIC.
    Quic,
    /// HTTP/1.1 in clear.
    Http,
    /// MQTT in clear.
    Mqtt,
    /// IMAP with STARTTLS.
    Imap,
    /// SMTP with STARTTLS.
    Smtp,
    /// IRC in clear.
    Irc,
    /// FTP in clear.
    Ftp,
    /// TCP that no analyser knows.
    RawTcp,
    /// UDP that no analyser knows.
    RawUdp,
    /// NTP.
    Ntp,
    /// DNS to a resolver.
    Dns,
}

/// Who signed a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cert {
    /// A public authority, by number.
    Public(u8),
    /// The site itself.
    SelfSigned,
}

/// The class of an HTTP path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UriShape {
    /// `/`
    Root,
    /// `/generate_204`
    Probe,
    /// `/api/v2/sync?cursor=123`
    Api,
    /// `/gate.php?id=<hex>`
    Script,
    /// `/assets/<uuid>.jpg`
    Asset,
    /// `/b/<base64>`
    Opaque,
    /// `/feed.xml`
    Feed,
    /// `/socket.io/?EIO=4&transport=polling&sid=<token>`
    Socket,
}

/// Shapes of rarely visited sites, good or bad.
const RARE_URIS: [(f64, UriShape); 7] = [
    (6.0, UriShape::Api),
    (3.0, UriShape::Script),
    (2.0, UriShape::Asset),
    (2.0, UriShape::Opaque),
    (2.0, UriShape::Feed),
    (2.0, UriShape::Socket),
    (2.0, UriShape::Root),
];

/// A place on the network.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    /// Host name; `None` for a bare address.
    pub(crate) name: Option<String>,
    /// Registrable domain of the name (Public Suffix List with its private section).
    pub(crate) domain: Option<String>,
    pub(crate) addrs: Vec<Ipv4Addr>,
    pub(crate) port: u16,
    pub(crate) service: Service,
    pub(crate) ttl_secs: u32,
    pub(crate) sends_sni: bool,
    pub(crate) cert: Cert,
    /// The server stops at TLS 1.2, so that its certificate is seen.
    pub(crate) is_tls12: bool,
    /// Bytes of a full server flight (hello, certificates).
    pub(crate) flight_bytes: u64,
    pub(crate) uri: UriShape,
}

/// A public unicast address. Which one means nothing; two fifths lie in the blocks of a hundred hosting providers,
/// where good and bad are neighbours.
pub(crate) fn public_address(rng: &mut Rng) -> Ipv4Addr {
    const FIRST: [u8; 22] =
        [3, 13, 18, 23, 34, 35, 44, 52, 54, 63, 65, 78, 85, 91, 104, 128, 146, 151, 162, 185, 194, 212];
    let bits = rng.bits().to_le_bytes();
    if rng.chance(0.4) {
        let block = mix(0x686f_7374 + rng.below(100)).to_le_bytes();
        let first = FIRST[usize::from(block[2]) % FIRST.len()];
        return Ipv4Addr::new(first, block[0], block[1], bits[2].clamp(1, 254));
    }
    Ipv4Addr::new(*rng.pick(&FIRST), bits[0], bits[1], bits[2].clamp(1, 254))
}

/// An ordinary TLS site.
pub(crate) fn tls_site(name: String, domain: String, addrs: Vec<Ipv4Addr>, rng: &mut Rng) -> Site {
    Site {
        name: Some(name),
        domain: Some(domain),
        addrs,
        port: 443,
        service: Service::Tls,
        ttl_secs: *rng.pick(&[60, 120, 300, 300, 600, 600, 1800, 3600]),
        sends_sni: true,
        cert: Cert::Public(u8::from(rng.chance(0.5)) + 2 * u8::from(rng.chance(0.5))),
        is_tls12: rng.chance(0.22),
        flight_bytes: 2_400 + rng.below(2_800),
        uri: UriShape::Api,
    }
}

const TLS_PORTS: [(f64, u16); 9] = [
    (80.0, 443),
    (6.0, 8443),
    (3.0, 4443),
    (2.0, 9443),
    (2.0, 2083),
    (2.0, 2096),
    (2.0, 5001),
    (1.5, 10_443),
    (1.5, 43_111),
];
const HTTP_PORTS: [(f64, u16); 8] =
    [(68.0, 80), (12.0, 8080), (5.0, 8000), (4.0, 8888), (3.0, 8123), (3.0, 7878), (3.0, 5000), (2.0, 7242)];
/// Ports of raw TCP and UDP talk: games, calls, cameras and remote-access trojans share them.
pub(crate) const RAW_PORTS: [(f64, u16); 12] = [
    (10.0, 5222),
    (10.0, 7777),
    (8.0, 9001),
    (8.0, 4444),
    (8.0, 7000),
    (6.0, 12_512),
    (6.0, 42_474),
    (6.0, 52_202),
    (6.0, 8291),
    (5.0, 30_120),
    (5.0, 1194),
    (5.0, 6667),
];

/// A rarely visited site for a protocol. Implants and honest self-hosted or niche services draw from this one
/// law, so that no name, port, certificate or path says which is which.
pub(crate) fn rare_site(service: Service, rng: &mut Rng) -> Site {
    let mut site = tls_site(String::new(), String::new(), Vec::new(), rng);
    site.service = service;
    site.uri = *rng.weighted(&RARE_URIS);
    site.is_tls12 = rng.chance(0.45);
    site.cert = if rng.chance(0.25) { Cert::SelfSigned } else { site.cert };
    site.ttl_secs = *rng.pick(&[60, 60, 300, 300, 600, 3600]);
    site.port = match service {
        Service::Tls => *rng.weighted(&TLS_PORTS),
        Service::Quic => 443,
        Service::Http => *rng.weighted(&HTTP_PORTS),
        Service::Mqtt => 1883,
        Service::Imap => 143,
        Service::Smtp => 587,
        Service::Irc => 6667,
        Service::Ftp => 21,
        Service::RawTcp | Service::RawUdp => *rng.weighted(&RAW_PORTS),
        Service::Ntp => 123,
        Service::Dns => 53,
    };
    let count = 1 + usize::from(rng.chance(0.2));
    site.addrs = (0..count).map(|_| public_address(rng)).collect();
    let (name, domain) = rare_name(rng);
    site.sends_sni = name.is_some() && !rng.chance(0.06);
    site.name = name;
    site.domain = domain;
    site
}

/// A host name with its registrable domain, or neither for a bare address.
fn rare_name(rng: &mut Rng) -> (Option<String>, Option<String>) {
    const HOSTS: [&str; 9] = ["", "", "api.", "www.", "sync.", "app.", "cdn.", "push.", "home."];
    const DYNAMIC: [&str; 4] = ["duckdns.org", "ddns.net", "dynv6.net", "myfritz.net"];
    const CLOUD: [&str; 4] = ["herokuapp.com", "azurewebsites.net", "web.app", "pages.dev"];
    let domain = match rng.below(100) {
        0..40 => names::ordinary_domain(rng),
        40..60 => names::cheap_domain(rng),
        60..75 => return named(format!("{}.{}", names::word(rng), rng.pick(&DYNAMIC))),
        75..88 => return named(format!("{}-{}.{}", names::word(rng), names::hex(rng, 4), rng.pick(&CLOUD))),
        _ => return (None, None),
    };
    (Some(format!("{}{domain}", rng.pick(&HOSTS))), Some(domain))
}

fn named(name: String) -> (Option<String>, Option<String>) {
    (Some(name.clone()), Some(name))
}

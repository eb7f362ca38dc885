//! What a TLS ClientHello says of its sender: name asked for, protocols offered, fingerprints.
//!
//! JA3: Althouse, Atkinson, Atkins 2017 (github.com/salesforce/ja3). JA4 (TLS client only, BSD-3): `FoxIO`,
//! `technical_details/JA4.md`. Both leave out the GREASE values of RFC 8701.

use super::wire::hex;
use md5::{Digest, Md5};
use sha2::Sha256;
use tls_parser::{TlsExtension, parse_tls_client_hello_extension, parse_tls_handshake_client_hello};

/// Longest server name kept; DNS names end at 253.
const NAME_BYTES_MAX: usize = 255;
/// Extensions read of one message; real ones have about 20.
const EXTENSIONS_MAX: usize = 256;

/// What one ClientHello says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Hello {
    pub(super) server_name: Option<String>,
    /// First protocol offered.
    pub(super) alpn: Option<String>,
    pub(super) ja3: String,
    pub(super) ja4: String,
}

/// The transport under TLS, the first letter of JA4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carrier {
    Tcp,
    Quic,
}

#[derive(Default)]
struct Lists {
    extensions: Vec<u16>,
    groups: Vec<u16>,
    point_formats: Vec<u8>,
    signature_algorithms: Vec<u16>,
    versions: Vec<u16>,
    has_server_name: bool,
    server_name: Option<String>,
    protocols: Vec<Vec<u8>>,
}

/// Reads the body of a ClientHello (after the 4 bytes of the handshake header).
pub(super) fn read(body: &[u8], carrier: Carrier) -> Option<Hello> {
    let (_, contents) = parse_tls_handshake_client_hello(body).ok()?;
    let version = contents.version.0;
    let ciphers: Vec<u16> = contents.ciphers.iter().map(|cipher| cipher.0).collect();
    let lists = extensions(contents.ext.unwrap_or_default());
    let alpn = lists.protocols.first().map(|name| String::from_utf8_lossy(name).into_owned());
    Some(Hello {
        ja3: ja3(version, &ciphers, &lists),
        ja4: ja4(version, &ciphers, &lists, carrier),
        server_name: lists.server_name,
        alpn: alpn.filter(|name| !name.is_empty()),
    })
}

/// Walks the extensions by type and length, so that one unknown content does not lose the others.
fn extensions(mut rest: &[u8]) -> Lists {
    let mut lists = Lists::default();
    while lists.extensions.len() < EXTENSIONS_MAX
        && let [kind_high, kind_low, len_high, len_low, tail @ ..] = rest
    {
        let len = usize::from(u16::from_be_bytes([*len_high, *len_low]));
        if len > tail.len() {
            break;
        }
        let kind = u16::from_be_bytes([*kind_high, *kind_low]);
        lists.extensions.push(kind);
        let (whole, next) = rest.split_at(4 + len);
        rest = next;
        lists.has_server_name |= kind == 0;
        if matches!(kind, 0 | 10 | 11 | 13 | 16 | 43)
            && let Ok((_, extension)) = parse_tls_client_hello_extension(whole)
        {
            lists.learn(extension);
        }
    }
    lists
}

impl Lists {
    fn learn(&mut self, extension: TlsExtension<'_>) {
        match extension {
            TlsExtension::SNI(names) => {
                let name = names.first().map(|(_, name)| String::from_utf8_lossy(name).into_owned());
                self.server_name = name.filter(|name| !name.is_empty() && name.len() <= NAME_BYTES_MAX);
            }
            TlsExtension::EllipticCurves(groups) => self.groups = groups.iter().map(|g| g.0).collect(),
            TlsExtension::EcPointFormats(formats) => self.point_formats = formats.to_vec(),
            TlsExtension::SignatureAlgorithms(list) => self.signature_algorithms = list,
            TlsExtension::ALPN(names) => self.protocols = names.iter().map(|name| name.to_vec()).collect(),
            TlsExtension::SupportedVersions(list) => self.versions = list.iter().map(|v| v.0).collect(),
            _ => {}
        }
    }
}

/// RFC 8701: 0x0a0a, 0x1a1a, ... 0xfafa.
fn is_grease(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

fn without_grease(values: &[u16]) -> impl Iterator<Item = u16> + Clone + '_ {
    values.iter().copied().filter(|value| !is_grease(*value))
}

fn joined<T: ToString>(values: impl Iterator<Item = T>, separator: &str) -> String {
    values.map(|value| value.to_string()).collect::<Vec<_>>().join(separator)
}

fn ja3(version: u16, ciphers: &[u16], lists: &Lists) -> String {
    let text = format!(
        "{version},{},{},{},{}",
        joined(without_grease(ciphers), "-"),
        joined(without_grease(&lists.extensions), "-"),
        joined(without_grease(&lists.groups), "-"),
        joined(lists.point_formats.iter(), "-"),
    );
    hex(&Md5::digest(text.as_bytes()))
}

fn ja4(version: u16, ciphers: &[u16], lists: &Lists, carrier: Carrier) -> String {
    // Versions without a name (drafts, experiments) are passed over, as Suricata does.
    let named = without_grease(&lists.versions).filter(|version| ja4_version(*version) != "00");
    let highest = named.max().unwrap_or(version);
    let mut sorted_ciphers: Vec<String> =
        without_grease(ciphers).map(|value| format!("{value:04x}")).collect();
    sorted_ciphers.sort_unstable();
    let mut sorted_extensions: Vec<String> = without_grease(&lists.extensions)
        .filter(|kind| !matches!(kind, 0 | 16))
        .map(|value| format!("{value:04x}"))
        .collect();
    sorted_extensions.sort_unstable();
    let algorithms =
        joined(without_grease(&lists.signature_algorithms).map(|value| format!("{value:04x}")), ",");
    let mut extension_text = sorted_extensions.join(",");
    if !algorithms.is_empty() && !extension_text.is_empty() {
        extension_text = format!("{extension_text}_{algorithms}");
    }
    format!(
        "{}{}{}{:02}{:02}{}_{}_{}",
        if carrier == Carrier::Quic { 'q' } else { 't' },
        ja4_version(highest),
        if lists.has_server_name { 'd' } else { 'i' },
        sorted_ciphers.len().min(99),
        without_grease(&lists.extensions).count().min(99),
        ja4_protocol(lists.protocols.first().map(Vec::as_slice)),
        short_hash(&sorted_ciphers.join(",")),
        short_hash(&extension_text),
    )
}

fn ja4_version(version: u16) -> &'static str {
    match version {
        0x0304 => "13",
        0x0303 => "12",
        0x0302 => "11",
        0x0301 => "10",
        0x0300 => "s3",
        0x0002 => "s2",
        0xfeff => "d1",
        0xfefd => "d2",
        0xfefc => "d3",
        _ => "00",
    }
}

/// First and last character of the first protocol; for other bytes the first and last hex digit.
fn ja4_protocol(protocol: Option<&[u8]>) -> String {
    let (Some(first), Some(last)) = (protocol.and_then(<[u8]>::first), protocol.and_then(<[u8]>::last))
    else {
        return "00".to_owned();
    };
    if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() {
        return [char::from(*first), char::from(*last)].iter().collect();
    }
    let digits = hex(&[*first, *last]);
    digits.chars().take(1).chain(digits.chars().skip(3)).collect()
}

/// The first 12 hex digits of SHA-256; zeros for an empty list.
fn short_hash(text: &str) -> String {
    if text.is_empty() {
        return "000000000000".to_owned();
    }
    let mut digits = hex(&Sha256::digest(text.as_bytes()));
    digits.truncate(12);
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grease_values_are_known() {
        assert!((0..16_u16).all(|digit| is_grease(digit * 0x1010 + 0x0a0a)));
        assert!(!is_grease(0x0a1a) && !is_grease(0x1301) && !is_grease(0x0b0b));
    }

    #[test]
    fn ja4_protocol_follows_the_specification() {
        assert_eq!(ja4_protocol(Some(b"h2")), "h2");
        assert_eq!(ja4_protocol(Some(b"http/1.1")), "h1");
        assert_eq!(ja4_protocol(Some(b"h")), "hh");
        assert_eq!(ja4_protocol(Some(&[0xab, 0x20, 0xcd])), "ad");
        assert_eq!(ja4_protocol(None), "00");
    }

    #[test]
    fn ja4_of_the_specification_example() {
        // JA4.md of FoxIO: ciphers, extensions and algorithms of its worked example.
        let ciphers = [
            0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
            0x009d, 0x002f, 0x0035, 0x2a2a,
        ];
        let lists = Lists {
            extensions: vec![
                0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012,
                0x002b, 0xff01, 0x000b, 0x000a, 0x0015, 0x1a1a,
            ],
            signature_algorithms: vec![0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
            versions: vec![0x0303, 0x0304, 0x7a7a],
            has_server_name: true,
            protocols: vec![b"h2".to_vec()],
            ..Lists::default()
        };
        assert_eq!(ja4(0x0303, &ciphers, &lists, Carrier::Tcp), "t13d1516h2_8daaf6152771_e5627efa2ab1");
    }

    #[test]
    fn damage_is_no_hello() {
        assert_eq!(read(&[], Carrier::Tcp), None);
        assert_eq!(read(&[3, 3, 1, 2], Carrier::Quic), None);
    }
}

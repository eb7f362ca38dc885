//! Networking stacks and what the network sees of them: JA3, JA4, ALPN, user agent, size of the `ClientHello`.
//!
//! Fingerprints are invented but shaped like real ones. Chromium permutes its extensions since version 110, so its
//! JA3 changes from one connection to the next while JA4 stays; here it takes one of twelve values.

use crate::number::{index, low16};
use crate::random::mix_all;
use undertone_core::model::NetworkingStack;

/// A family of stacks. Any app, good or bad, may carry any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Family {
    OkHttp,
    Cronet,
    HttpUrlConnection,
    UrlSession,
    NetworkFramework,
    WebView,
    OpenSsl,
    Go,
    Rustls,
    MbedTls,
    Dart,
    Unity,
}

/// Families with a number each, in the order of the enum.
pub(crate) const FAMILIES: [Family; 12] = [
    Family::OkHttp,
    Family::Cronet,
    Family::HttpUrlConnection,
    Family::UrlSession,
    Family::NetworkFramework,
    Family::WebView,
    Family::OpenSsl,
    Family::Go,
    Family::Rustls,
    Family::MbedTls,
    Family::Dart,
    Family::Unity,
];

/// Versions of each family in the field.
pub(crate) const VERSIONS: usize = 4;

/// Number of a stack in [`Stacks`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StackId(pub(crate) u16);

impl StackId {
    pub(crate) fn new(family: Family, version: usize) -> Self {
        let family = FAMILIES.iter().position(|f| *f == family).unwrap_or(0);
        Self(low16((family * VERSIONS + version % VERSIONS) as u64))
    }
}

/// One stack in one version.
#[derive(Debug, Clone)]
pub(crate) struct Stack {
    pub(crate) family: Family,
    pub(crate) version: usize,
    /// JA3 values with and without SNI.
    ja3: [Vec<String>; 2],
    /// First application protocol offered; `None` for stacks without ALPN.
    pub(crate) alpn: Option<&'static str>,
    ja4_middle: String,
    ja4_tail: String,
    /// Size of the `ClientHello` record.
    pub(crate) hello_bytes: u64,
    /// Name in MobileEDR.
    pub(crate) edr: NetworkingStack,
}

/// What a stack's family looks like in version 0.
struct Traits {
    alpn: Option<&'static str>,
    ciphers: u64,
    extensions: u64,
    hello_bytes: u64,
    permutations: u64,
    edr: NetworkingStack,
}

fn traits(family: Family) -> Traits {
    use NetworkingStack as Edr;
    let make = |alpn, ciphers, extensions, hello_bytes, permutations, edr| Traits {
        alpn,
        ciphers,
        extensions,
        hello_bytes,
        permutations,
        edr,
    };
    match family {
        Family::OkHttp => make(Some("h2"), 9, 10, 252, 1, Edr::OkHttp),
        Family::Cronet => make(Some("h2"), 15, 16, 571, 12, Edr::Cronet),
        Family::HttpUrlConnection => make(Some("http/1.1"), 13, 9, 243, 1, Edr::HttpUrlConnection),
        Family::UrlSession => make(Some("h2"), 20, 13, 517, 1, Edr::UrlSession),
        Family::NetworkFramework => make(Some("h2"), 14, 12, 509, 1, Edr::NetworkFramework),
        Family::WebView => make(Some("h2"), 15, 17, 1750, 12, Edr::Cronet),
        Family::OpenSsl => make(None, 31, 11, 517, 1, Edr::BsdSocket),
        Family::Go => make(Some("h2"), 13, 11, 267, 1, Edr::BsdSocket),
        Family::Rustls => make(Some("h2"), 10, 10, 238, 1, Edr::Other),
        Family::MbedTls => make(None, 52, 6, 221, 1, Edr::BsdSocket),
        Family::Dart => make(Some("http/1.1"), 17, 9, 259, 1, Edr::Other),
        Family::Unity => make(None, 22, 8, 229, 1, Edr::Other),
    }
}

fn stack(family: Family, number: u64, version: usize) -> Stack {
    let t = traits(family);
    let v = version as u64;
    let fingerprint = |sni: u64, permutation: u64| {
        let part = |half| mix_all(&[number, v, sni, permutation, half]);
        format!("{:016x}{:016x}", part(1), part(2))
    };
    let ja3 = [0, 1].map(|sni| (0..t.permutations).map(|p| fingerprint(sni, p)).collect());
    let alpn_code = match t.alpn {
        Some("h2") => "h2",
        Some(_) => "h1",
        None => "00",
    };
    Stack {
        family,
        version,
        ja3,
        alpn: t.alpn,
        ja4_middle: format!("{:02}{:02}{alpn_code}", t.ciphers + v % 2, t.extensions + v / 2),
        ja4_tail: format!(
            "{:012x}_{:012x}",
            mix_all(&[number, v / 2, 3]) >> 16,
            mix_all(&[number, v, 4]) >> 16
        ),
        hello_bytes: t.hello_bytes + 4 * v,
        edr: t.edr,
    }
}

impl Stack {
    /// JA3 of one connection; `chance` chooses among permutations.
    pub(crate) fn ja3(&self, sends_sni: bool, chance: u64) -> &str {
        let values = &self.ja3[usize::from(!sends_sni)];
        &values[index(chance % values.len() as u64)]
    }

    /// Writes the JA4 of one connection.
    pub(crate) fn ja4(&self, quic: bool, sends_sni: bool, out: &mut Vec<u8>) {
        out.extend_from_slice(if quic { b"q13" } else { b"t13" });
        out.push(if sends_sni { b'd' } else { b'i' });
        out.extend_from_slice(self.ja4_middle.as_bytes());
        out.push(b'_');
        out.extend_from_slice(self.ja4_tail.as_bytes());
    }

    /// The `User-Agent` of the stack on a phone with this system and model.
    pub(crate) fn user_agent(&self, system: &str, model: &str) -> String {
        let v = self.version;
        match self.family {
            Family::OkHttp => format!("okhttp/4.{}.0", 9 + v),
            Family::Cronet | Family::HttpUrlConnection => {
                format!("Dalvik/2.1.0 (Linux; U; {system}; {model} Build/UP1A.{}1005.007)", 23 + v)
            }
            Family::UrlSession | Family::NetworkFramework => {
                format!("CFNetwork/{}.0.{v} Darwin/2{}.{v}.0", 1490 + 60 * v, 2 + v)
            }
            Family::WebView if system.starts_with("Android") => format!(
                "Mozilla/5.0 (Linux; {system}; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Mobile Safari/537.36",
                140 + v
            ),
            Family::WebView => format!(
                "Mozilla/5.0 (iPhone; CPU {system} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E{}",
                148 + v
            ),
            Family::OpenSsl => format!("curl/8.{v}.0"),
            Family::Go => "Go-http-client/1.1".to_owned(),
            Family::Rustls => format!("reqwest/0.1{v}"),
            Family::MbedTls => format!("esp-idf/{}.0", 3 + v),
            Family::Dart => format!("Dart/3.{v} (dart:io)"),
            Family::Unity => format!("UnityPlayer/202{v}.3.10f1 (UnityWebRequest/1.0, libcurl/7.84.0-DEV)"),
        }
    }
}

/// Every stack of every family and version.
#[derive(Debug)]
pub(crate) struct Stacks(Vec<Stack>);

impl Stacks {
    pub(crate) fn new() -> Self {
        let of_family = |(number, family): (usize, &Family)| {
            let family = *family;
            (0..VERSIONS).map(move |version| stack(family, number as u64, version))
        };
        Self(FAMILIES.iter().enumerate().flat_map(of_family).collect())
    }

    pub(crate) fn get(&self, id: StackId) -> &Stack {
        &self.0[usize::from(id.0)]
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Stack> {
        self.0.iter()
    }
}

//! Which application protocol a connection speaks, told by its first bytes rather than its port.

use super::commands::{Commands, Protocol};
use super::dns::Dns;
use super::http::{self, Http};
use super::mqtt::Mqtt;
use super::ntp::Ntp;
use super::outlet::{Outlet, Side};
use super::quic::Quic;
use super::tls::Tls;
use undertone_core::model::{Timestamp, Transport};

/// Bytes kept before the protocol is known; past it the protocol is taken for unknown.
const EARLY_BYTES_MAX: usize = 2048;
/// Pieces kept before the protocol is known.
const EARLY_PIECES_MAX: usize = 8;

/// What a parser asks for after some bytes.
#[derive(Debug)]
pub(super) enum Turn {
    Stay,
    /// The rest is not decoded: rounds of data from here on.
    Opaque,
    /// A proxy opened a tunnel to this target; what follows is told by its first bytes.
    Tunnel(Option<Box<str>>),
    /// TLS begins with the bytes in hand (STARTTLS).
    Tls,
}

/// Bytes of a TCP connection whose protocol is not known yet.
#[derive(Debug, Default)]
struct Early {
    pieces: Vec<(Side, Timestamp, Vec<u8>)>,
    bytes: usize,
    proxied_to: Option<Box<str>>,
}

enum Parser {
    Early(Early),
    Tls(Box<Tls>),
    Http(Box<Http>),
    Dns(Box<Dns>),
    Mqtt(Box<Mqtt>),
    Commands(Box<Commands>),
    Quic(Box<Quic>),
    Ntp(Ntp),
    Opaque,
}

/// The application layer of one connection.
pub(super) struct App {
    parser: Parser,
    service: Option<&'static str>,
    /// The bytes in hand ended a decoded protocol (an HTTP upgrade): they are no round of what follows.
    is_turning: bool,
}

/// What the first bytes say.
enum Guess {
    Is(Parser, Option<&'static str>),
    Wait,
    Unknown,
}

impl App {
    pub(super) fn new(transport: Transport) -> Self {
        let parser =
            if transport == Transport::Icmp { Parser::Opaque } else { Parser::Early(Early::default()) };
        Self { parser, service: None, is_turning: false }
    }

    /// Lower-case name of the protocol, `None` when unknown.
    pub(super) fn service(&self) -> Option<&'static str> {
        self.service
    }

    /// True while bytes in order are still needed.
    pub(super) fn wants_stream(&self) -> bool {
        !matches!(self.parser, Parser::Opaque)
    }

    /// True when new payload counts as rounds of data.
    pub(super) fn has_rounds(&self) -> bool {
        match &self.parser {
            Parser::Opaque | Parser::Early(_) => true,
            Parser::Quic(quic) => quic.is_opened(),
            _ => false,
        }
    }

    /// Whether the bytes just taken were the last of a decoded protocol. Tells it once.
    pub(super) fn was_turning(&mut self) -> bool {
        std::mem::take(&mut self.is_turning)
    }

    /// Bytes held by the parser.
    pub(super) fn held_bytes(&self) -> usize {
        match &self.parser {
            Parser::Early(early) => early.bytes,
            Parser::Tls(tls) => tls.held_bytes(),
            Parser::Http(http) => http.held_bytes(),
            Parser::Dns(dns) => dns.held_bytes(),
            Parser::Mqtt(mqtt) => mqtt.held_bytes(),
            Parser::Commands(commands) => commands.held_bytes(),
            Parser::Quic(quic) => quic.held_bytes(),
            Parser::Ntp(_) | Parser::Opaque => 0,
        }
    }

    /// Stops decoding to give back memory; what is under way is sent as it stands.
    pub(super) fn shed(&mut self, out: &mut Outlet<'_>) {
        self.finish(out);
        self.parser = Parser::Opaque;
    }

    /// Takes TCP bytes in order.
    pub(super) fn stream(&mut self, side: Side, data: &[u8], out: &mut Outlet<'_>) {
        if let Parser::Early(early) = &mut self.parser {
            match early.decide(side, data, out) {
                Guess::Wait => return,
                Guess::Unknown => {
                    self.parser = Parser::Opaque;
                    return;
                }
                Guess::Is(parser, service) => {
                    self.service = self.service.or(service);
                    let Parser::Early(early) = std::mem::replace(&mut self.parser, parser) else { return };
                    self.replay(early, out);
                }
            }
        }
        self.parse(side, data, out);
    }

    /// Gives the bytes kept so far to the parser, at their own times.
    fn replay(&mut self, early: Early, out: &mut Outlet<'_>) {
        let now = out.at;
        for (side, at, data) in early.pieces {
            out.at = at;
            self.parse(side, &data, out);
        }
        out.at = now;
    }

    fn parse(&mut self, side: Side, data: &[u8], out: &mut Outlet<'_>) {
        let turn = match &mut self.parser {
            Parser::Tls(tls) => tls.data(side, data, out),
            Parser::Http(http) => http.data(side, data, out),
            Parser::Dns(dns) => dns.data(side, data, out),
            Parser::Mqtt(mqtt) => mqtt.data(side, data, out),
            Parser::Commands(commands) => commands.data(side, data, out),
            Parser::Early(_) | Parser::Quic(_) | Parser::Ntp(_) | Parser::Opaque => Turn::Stay,
        };
        match turn {
            Turn::Stay => {}
            Turn::Opaque => {
                self.is_turning = matches!(self.parser, Parser::Http(_));
                self.parser = Parser::Opaque;
            }
            Turn::Tunnel(proxied_to) => {
                self.is_turning = true;
                self.parser = Parser::Early(Early { proxied_to, ..Early::default() });
            }
            Turn::Tls => {
                let mut tls = Box::new(Tls::new(None));
                let turn = tls.data(side, data, out);
                self.parser = if matches!(turn, Turn::Stay) { Parser::Tls(tls) } else { Parser::Opaque };
            }
        }
    }

    /// Bytes of one direction are lost.
    pub(super) fn gap(&mut self, side: Side, len: u64, out: &mut Outlet<'_>) {
        match &mut self.parser {
            Parser::Http(http) => http.gap(side, len, out),
            // A lost command or reply costs itself; the next line ends the damage.
            Parser::Commands(_) | Parser::Opaque | Parser::Quic(_) | Parser::Ntp(_) => {}
            Parser::Early(_) | Parser::Tls(_) | Parser::Dns(_) | Parser::Mqtt(_) => self.shed(out),
        }
    }

    /// Takes one UDP datagram.
    pub(super) fn datagram(&mut self, side: Side, data: &[u8], out: &mut Outlet<'_>) {
        if matches!(self.parser, Parser::Early(_)) && !data.is_empty() {
            (self.parser, self.service) = guess_datagram(data, out);
        }
        match &mut self.parser {
            Parser::Dns(dns) => dns.datagram(data, out),
            Parser::Quic(quic) => quic.datagram(side, data, out),
            Parser::Ntp(ntp) => ntp.datagram(data, out),
            _ => {}
        }
    }

    /// Sends what is under way; the connection is over.
    pub(super) fn finish(&mut self, out: &mut Outlet<'_>) {
        match &mut self.parser {
            Parser::Tls(tls) => tls.finish(out),
            Parser::Http(http) => http.flush(out),
            Parser::Dns(dns) => dns.finish(out),
            Parser::Commands(commands) => commands.finish(out),
            Parser::Quic(quic) => quic.finish(out),
            Parser::Ntp(ntp) => ntp.finish(out),
            Parser::Early(_) | Parser::Mqtt(_) | Parser::Opaque => {}
        }
    }
}

impl Early {
    /// Judges the bytes so far together with `data`, and keeps `data` when they do not decide.
    fn decide(&mut self, side: Side, data: &[u8], out: &Outlet<'_>) -> Guess {
        let guess = if self.pieces.is_empty() {
            match side {
                Side::Orig => guess_stream(data, &[], self, out),
                Side::Resp => guess_stream(&[], data, self, out),
            }
        } else {
            let mut said = [self.said(Side::Orig), self.said(Side::Resp)];
            said[usize::from(side == Side::Resp)].extend_from_slice(data);
            let [orig, resp] = &said;
            guess_stream(orig, resp, self, out)
        };
        if !matches!(guess, Guess::Wait) {
            return guess;
        }
        if self.bytes + data.len() > EARLY_BYTES_MAX || self.pieces.len() >= EARLY_PIECES_MAX {
            return Guess::Unknown;
        }
        self.bytes += data.len();
        self.pieces.push((side, out.at, data.to_vec()));
        Guess::Wait
    }

    fn said(&self, side: Side) -> Vec<u8> {
        self.pieces.iter().filter(|piece| piece.0 == side).flat_map(|piece| piece.2.iter().copied()).collect()
    }
}

/// The protocol of a TCP connection by what both sides said so far.
fn guess_stream(orig: &[u8], resp: &[u8], early: &Early, out: &Outlet<'_>) -> Guess {
    let port = out.tag.resp.port;
    if Tls::is_client_hello(orig) {
        return Guess::Is(Parser::Tls(Box::new(Tls::new(early.proxied_to.clone()))), Some("ssl"));
    }
    if orig.starts_with(b"PRI * HTTP/2.0") {
        return Guess::Is(Parser::Opaque, Some("http2"));
    }
    if http::is_request(orig) || (orig.is_empty() && http::is_response(resp)) {
        return Guess::Is(Parser::Http(Box::default()), Some("http"));
    }
    if orig.starts_with(b"SSH-") || resp.starts_with(b"SSH-") {
        return Guess::Is(Parser::Opaque, Some("ssh"));
    }
    if Mqtt::is_connect(orig) {
        return Guess::Is(Parser::Mqtt(Box::default()), Some("mqtt"));
    }
    if matches!(port, 53 | 5353 | 5355) && is_dns_stream(if orig.is_empty() { resp } else { orig }) {
        return Guess::Is(Parser::Dns(Box::default()), Some("dns"));
    }
    if Tls::is_record(orig) || Tls::is_record(resp) {
        // The handshake was before the capture.
        return Guess::Is(Parser::Opaque, Some("ssl"));
    }
    match guess_commands(orig, resp, port) {
        Some(Ok(protocol)) => {
            Guess::Is(Parser::Commands(Box::new(Commands::new(protocol))), Some(protocol.name()))
        }
        Some(Err(())) => Guess::Wait,
        None if is_start_of_known(orig, resp) => Guess::Wait,
        None => Guess::Unknown,
    }
}

/// The command protocol; `Err` when the next line will tell.
fn guess_commands(orig: &[u8], resp: &[u8], port: u16) -> Option<Result<Protocol, ()>> {
    if let Some(protocol) = Protocol::of_command(orig) {
        return Some(Ok(protocol));
    }
    if let Some(protocol) = Protocol::of_greeting(resp) {
        return Some(Ok(protocol));
    }
    let by_port = Protocol::of_port(port);
    if resp.starts_with(b"220") {
        if by_port.is_some() || orig.is_empty() {
            return Some(by_port.ok_or(()));
        }
        return Protocol::Ftp.knows(orig).then_some(Ok(Protocol::Ftp));
    }
    let protocol = by_port?;
    (protocol.knows(orig) || (protocol == Protocol::Irc && resp.starts_with(b":"))).then_some(Ok(protocol))
}

/// Whether the bytes are too few to tell, but begin like something known.
fn is_start_of_known(orig: &[u8], resp: &[u8]) -> bool {
    const STARTS: [&[u8]; 15] = [
        b"GET ",
        b"POST ",
        b"HEAD ",
        b"PUT ",
        b"DELETE ",
        b"OPTIONS ",
        b"CONNECT ",
        b"PRI * HTTP/2.0",
        b"SSH-",
        b"NICK ",
        b"CAP ",
        b"EHLO ",
        b"HELO ",
        &[22, 3, 1],
        &[22, 3, 3],
    ];
    const GREETINGS: [&[u8]; 5] = [b"220 ", b"+OK", b"* OK", b"SSH-", b"HTTP/1."];
    let is_hello_cut = orig.len() < 6 && matches!(orig, [22, 3, 0..=4, ..]);
    let begins = |said: &[u8], known: &[&[u8]]| {
        !said.is_empty() && known.iter().any(|start| said.len() < start.len() && start.starts_with(said))
    };
    is_hello_cut || begins(orig, &STARTS) || (orig.is_empty() && begins(resp, &GREETINGS))
}

fn is_dns_stream(data: &[u8]) -> bool {
    match data {
        [high, low, message @ ..] => {
            let len = usize::from(u16::from_be_bytes([*high, *low]));
            len >= 12 && (message.len() < len || message.get(..len).is_some_and(Dns::is_message))
        }
        _ => false,
    }
}

/// The protocol of a UDP flow by its first datagram.
fn guess_datagram(data: &[u8], out: &Outlet<'_>) -> (Parser, Option<&'static str>) {
    let ports = [out.tag.orig.port, out.tag.resp.port];
    let uses = |wanted: &[u16]| ports.iter().any(|port| wanted.contains(port));
    if Quic::is_initial(data) {
        return (Parser::Quic(Box::default()), Some("quic"));
    }
    if uses(&[53, 5353, 5355]) && Dns::is_message(data) {
        return (Parser::Dns(Box::default()), Some("dns"));
    }
    if uses(&[123]) && Ntp::is_packet(data) {
        return (Parser::Ntp(Ntp::default()), Some("ntp"));
    }
    // Headers of protocols that are named but not decoded.
    let service = match data {
        [first, b'Q' | b'T', b'0', _, _, ..] if first & 0x80 != 0 => Some("quic"),
        [_, _, _, _, 0x21, 0x12, 0xa4, 0x42, ..] => Some("stun"),
        [20..=26, 0xfe, 0xfd | 0xff, ..] => Some("dtls"),
        _ if uses(&[67, 68]) && data.len() > 240 => Some("dhcp"),
        _ if uses(&[1900]) && (data.starts_with(b"M-SEARCH ") || data.starts_with(b"NOTIFY ")) => {
            Some("ssdp")
        }
        _ => None,
    };
    (Parser::Opaque, service)
}

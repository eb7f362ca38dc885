//! Protocols of command lines: SMTP, IMAP, POP3, FTP and IRC (RFC 5321, 9051, 1939, 959, 2812).
//!
//! One exchange for each known command, with the first reply to it. Arguments are kept only where they name
//! what is used (FTP files, IRC channels); addresses of mail and passwords are not read.

use super::app::Turn;
use super::outlet::{Outlet, Side, Sides};
use undertone_core::model::{ExchangeKind, Timestamp};

/// Bytes of a line that are kept; the rest of a longer line is passed over.
const LINE_BYTES_MAX: usize = 1024;

/// Which protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Smtp,
    Imap,
    Pop3,
    Ftp,
    Irc,
}

impl Protocol {
    const fn kind(self) -> ExchangeKind {
        match self {
            Self::Smtp => ExchangeKind::Smtp,
            Self::Imap => ExchangeKind::Imap,
            Self::Pop3 => ExchangeKind::Pop3,
            Self::Ftp => ExchangeKind::Ftp,
            Self::Irc => ExchangeKind::Irc,
        }
    }

    pub(super) const fn name(self) -> &'static str {
        self.kind().as_str()
    }

    /// Commands that make an exchange; other lines are contents (message text, base64 of a login).
    const fn commands(self) -> &'static [&'static str] {
        match self {
            Self::Smtp => &[
                "HELO", "EHLO", "MAIL", "RCPT", "DATA", "BDAT", "RSET", "VRFY", "EXPN", "NOOP", "QUIT",
                "AUTH", "STARTTLS",
            ],
            Self::Imap => &[
                "LOGIN",
                "AUTHENTICATE",
                "SELECT",
                "EXAMINE",
                "CREATE",
                "DELETE",
                "RENAME",
                "SUBSCRIBE",
                "UNSUBSCRIBE",
                "LIST",
                "LSUB",
                "STATUS",
                "APPEND",
                "CHECK",
                "CLOSE",
                "EXPUNGE",
                "SEARCH",
                "FETCH",
                "STORE",
                "COPY",
                "MOVE",
                "UID",
                "IDLE",
                "NOOP",
                "LOGOUT",
                "CAPABILITY",
                "STARTTLS",
                "NAMESPACE",
                "ID",
                "ENABLE",
                "COMPRESS",
            ],
            Self::Pop3 => &[
                "USER", "PASS", "APOP", "AUTH", "STAT", "LIST", "RETR", "DELE", "NOOP", "RSET", "TOP",
                "UIDL", "QUIT", "CAPA", "STLS",
            ],
            Self::Ftp => &[
                "USER", "PASS", "ACCT", "CWD", "CDUP", "QUIT", "PORT", "EPRT", "PASV", "EPSV", "TYPE",
                "MODE", "RETR", "STOR", "STOU", "APPE", "REST", "RNFR", "RNTO", "ABOR", "DELE", "RMD", "MKD",
                "PWD", "LIST", "NLST", "MLSD", "MLST", "SIZE", "MDTM", "SITE", "SYST", "STAT", "HELP",
                "NOOP", "FEAT", "OPTS", "AUTH", "PBSZ", "PROT",
            ],
            Self::Irc => &[
                "NICK", "USER", "PASS", "CAP", "JOIN", "PART", "PRIVMSG", "NOTICE", "PING", "PONG", "MODE",
                "WHO", "WHOIS", "TOPIC", "LIST", "NAMES", "AWAY", "ISON", "QUIT", "USERHOST", "MOTD",
                "INVITE", "KICK",
            ],
        }
    }

    /// Whether the argument of a command names a file or a channel.
    fn keeps_argument(self, command: &str) -> bool {
        match self {
            Self::Ftp => matches!(
                command,
                "CWD" | "RETR" | "STOR" | "APPE" | "DELE" | "RMD" | "MKD" | "RNFR" | "RNTO" | "SIZE" | "MLST"
            ),
            Self::Irc => matches!(command, "JOIN" | "PART" | "PRIVMSG" | "NOTICE" | "TOPIC"),
            _ => false,
        }
    }

    /// The protocol that the first words of the server name.
    pub(super) fn of_greeting(line: &[u8]) -> Option<Self> {
        if line.starts_with(b"+OK") {
            return Some(Self::Pop3);
        }
        if line.starts_with(b"* OK") || line.starts_with(b"* PREAUTH") {
            return Some(Self::Imap);
        }
        if !(line.starts_with(b"220 ") || line.starts_with(b"220-")) {
            return None;
        }
        let upper = line.to_ascii_uppercase();
        let says = |word: &[u8]| memchr::memmem::find(&upper, word).is_some();
        if says(b"SMTP") {
            Some(Self::Smtp)
        } else if says(b"FTP") {
            Some(Self::Ftp)
        } else {
            None
        }
    }

    /// The protocol of a command line of the client, where the command belongs to one protocol only.
    pub(super) fn of_command(line: &[u8]) -> Option<Self> {
        let starts = |words: &[&[u8]]| {
            words.iter().any(|word| line.get(..word.len()).is_some_and(|l| l.eq_ignore_ascii_case(word)))
        };
        if starts(&[b"EHLO ", b"HELO ", b"MAIL FROM:"]) {
            Some(Self::Smtp)
        } else if starts(&[b"NICK ", b"CAP LS", b"CAP REQ", b"PRIVMSG ", b"JOIN #"])
            || (starts(&[b"USER "]) && memchr::memmem::find(line, b" :").is_some())
        {
            // USER of FTP and POP3 has one argument; that of IRC ends with a real name after a colon.
            Some(Self::Irc)
        } else {
            None
        }
    }

    /// The protocol that a server port stands for.
    pub(super) const fn of_port(port: u16) -> Option<Self> {
        match port {
            25 | 587 | 2525 => Some(Self::Smtp),
            143 => Some(Self::Imap),
            110 => Some(Self::Pop3),
            21 => Some(Self::Ftp),
            6660..=6669 | 7000 => Some(Self::Irc),
            _ => None,
        }
    }

    /// Whether a client's line begins with a command of this protocol.
    pub(super) fn knows(self, line: &[u8]) -> bool {
        command(self, line).is_some()
    }
}

#[derive(Debug)]
struct Pending {
    at: Timestamp,
    command: &'static str,
    argument: Option<String>,
    orig_bytes: u64,
    resp_bytes: u64,
}

#[derive(Debug, Default)]
struct Line {
    text: Vec<u8>,
    bytes: u64,
}

/// A command protocol of one connection.
#[derive(Debug)]
pub(super) struct Commands {
    protocol: Protocol,
    lines: Sides<Line>,
    pending: Option<Pending>,
    /// SMTP message text: lines up to a single dot.
    is_text: bool,
    is_tls_asked: bool,
}

impl Commands {
    pub(super) fn new(protocol: Protocol) -> Self {
        Self { protocol, lines: Sides::default(), pending: None, is_text: false, is_tls_asked: false }
    }

    pub(super) fn data(&mut self, side: Side, mut data: &[u8], out: &mut Outlet<'_>) -> Turn {
        if self.is_tls_asked && side == Side::Orig && super::tls::Tls::is_record(data) {
            self.finish(out);
            return Turn::Tls;
        }
        while !data.is_empty() {
            let end = memchr::memchr(b'\n', data).map_or(data.len(), |at| at + 1);
            let (part, rest) = data.split_at(end.min(data.len()));
            data = rest;
            let line = self.lines.of_mut(side);
            line.bytes += part.len() as u64;
            let room = LINE_BYTES_MAX.saturating_sub(line.text.len()).min(part.len());
            line.text.extend_from_slice(part.get(..room).unwrap_or_default());
            if !part.ends_with(b"\n") {
                continue;
            }
            let Line { text, bytes } = std::mem::take(line);
            match side {
                Side::Orig => self.orig_line(&text, bytes, out),
                Side::Resp => self.resp_line(&text, bytes, out),
            }
        }
        Turn::Stay
    }

    fn orig_line(&mut self, line: &[u8], bytes: u64, out: &mut Outlet<'_>) {
        let command = if self.is_text { None } else { command(self.protocol, line) };
        let Some((command, argument)) = command else {
            self.is_text &= line != b".\r\n" && line != b".\n";
            if let Some(pending) = &mut self.pending {
                pending.orig_bytes += bytes;
            }
            return;
        };
        self.finish(out);
        self.is_tls_asked |=
            matches!(command, "STARTTLS" | "STLS") || (command == "AUTH" && self.protocol == Protocol::Ftp);
        let argument = argument.filter(|_| self.protocol.keeps_argument(command)).map(str::to_owned);
        self.pending = Some(Pending { at: out.at, command, argument, orig_bytes: bytes, resp_bytes: 0 });
    }

    fn resp_line(&mut self, line: &[u8], bytes: u64, out: &mut Outlet<'_>) {
        let status = status(line);
        // After 354 the text of the message follows, which belongs to the same command.
        if self.protocol == Protocol::Smtp && status == Some(354) {
            self.is_text = true;
        }
        let Some(pending) = &mut self.pending else { return };
        pending.resp_bytes += bytes;
        let is_reply = match self.protocol {
            Protocol::Smtp | Protocol::Ftp => {
                status.is_some_and(|code| code >= 200 && code != 354) && line.get(3) != Some(&b'-')
            }
            Protocol::Pop3 => line.starts_with(b"+OK") || line.starts_with(b"-ERR"),
            Protocol::Imap => !line.starts_with(b"* ") && !line.starts_with(b"+"),
            Protocol::Irc => false,
        };
        if is_reply && let Some(pending) = self.pending.take() {
            self.is_text = false;
            let code = status.filter(|_| matches!(self.protocol, Protocol::Smtp | Protocol::Ftp));
            pending.send(self.protocol, code, out);
        }
    }

    /// Sends the command under way.
    pub(super) fn finish(&mut self, out: &mut Outlet<'_>) {
        if let Some(pending) = self.pending.take() {
            pending.send(self.protocol, None, out);
        }
    }

    pub(super) fn held_bytes(&self) -> usize {
        self.lines.orig.text.capacity() + self.lines.resp.text.capacity()
    }
}

impl Pending {
    fn send(&self, protocol: Protocol, status: Option<u16>, out: &mut Outlet<'_>) {
        let mut exchange = out.exchange(protocol.kind(), self.at);
        exchange.method = Some(self.command);
        exchange.path = self.argument.as_deref();
        exchange.status = status;
        exchange.orig_bytes = Some(self.orig_bytes);
        exchange.resp_bytes = Some(self.resp_bytes);
        out.send(exchange);
    }
}

/// Code at the start of a reply.
fn status(line: &[u8]) -> Option<u16> {
    std::str::from_utf8(line.get(..3)?).ok()?.parse().ok()
}

/// The command of a client's line and its first argument. IMAP has a tag before, IRC may have a prefix.
fn command(protocol: Protocol, line: &[u8]) -> Option<(&'static str, Option<&str>)> {
    let text = line.trim_ascii();
    let text = std::str::from_utf8(text.get(..text.len().min(LINE_BYTES_MAX))?).ok()?;
    let mut words = text.split_ascii_whitespace();
    let mut word = words.next()?;
    if protocol == Protocol::Imap || (protocol == Protocol::Irc && word.starts_with(':')) {
        word = words.next()?;
    }
    let known = protocol.commands().iter().find(|known| word.eq_ignore_ascii_case(known))?;
    Some((known, words.next()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_each_protocol() {
        let read = |protocol, line: &'static str| command(protocol, line.as_bytes());
        assert_eq!(read(Protocol::Smtp, "mail FROM:<a@b>\r\n"), Some(("MAIL", Some("FROM:<a@b>"))));
        assert_eq!(read(Protocol::Imap, "a1 FETCH 1 BODY\r\n"), Some(("FETCH", Some("1"))));
        assert_eq!(read(Protocol::Ftp, "RETR a.bin\r\n"), Some(("RETR", Some("a.bin"))));
        assert_eq!(read(Protocol::Irc, ":me PRIVMSG #c :hi\r\n"), Some(("PRIVMSG", Some("#c"))));
        assert_eq!(read(Protocol::Pop3, "dGVzdA==\r\n"), None);
    }

    #[test]
    fn greetings_tell_the_protocol() {
        assert_eq!(Protocol::of_greeting(b"220 mx ESMTP ready"), Some(Protocol::Smtp));
        assert_eq!(Protocol::of_greeting(b"220 (vsFTPd 3.0)"), Some(Protocol::Ftp));
        assert_eq!(Protocol::of_greeting(b"220 hello"), None);
        assert_eq!(Protocol::of_greeting(b"+OK ready"), Some(Protocol::Pop3));
        assert_eq!(Protocol::of_greeting(b"* OK ready"), Some(Protocol::Imap));
        assert_eq!(Protocol::of_command(b"EHLO x"), Some(Protocol::Smtp));
    }
}

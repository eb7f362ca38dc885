//! Host names of one device as dense numbers, each looked at once.

use super::interner::Interner;
use crate::destination::{is_ip_literal, normal_host};
use crate::model::{Exchange, ExchangeKind};
use crate::series::stable_hash;
use std::borrow::Cow;

/// Longest host name (RFC 1035, 3.1), in text form.
pub(super) const HOST_BYTES_MAX: usize = 253;
/// Lookups that must be seen before a name without one means anything.
const LOOKUPS_MIN: usize = 20;

/// What is known of one name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Host {
    /// Whether it is a name (or an address in the place of one) that a connection can go to.
    pub(super) is_usable: bool,
    /// Whether it is an address.
    pub(super) is_ip_literal: bool,
    /// Whether the device was seen to look it up, or says so itself.
    is_asked: bool,
    /// Stable hash of the name.
    pub(super) hash: u64,
}

/// The names of one device in normal form.
#[derive(Debug, Default)]
pub(super) struct Hosts<'a> {
    /// Names as sent: most are asked for again and again in one form.
    raw: Interner<&'a str>,
    /// Number of the normal form of each name as sent.
    normal_of_raw: Vec<u32>,
    normal: Interner<Cow<'a, str>>,
    known: Vec<Host>,
    asked: usize,
}

impl<'a> Hosts<'a> {
    /// The number of a name as sent.
    pub(super) fn number(&mut self, raw: &'a str) -> u32 {
        let (number, is_new) = self.raw.number(raw);
        if !is_new {
            return self.normal_of_raw.get(number as usize).copied().unwrap_or(u32::MAX);
        }
        let name = normal_host(raw);
        let host = Host {
            is_usable: !name.is_empty() && name.len() <= HOST_BYTES_MAX,
            is_ip_literal: is_ip_literal(&name),
            is_asked: false,
            hash: stable_hash(name.as_bytes()),
        };
        let (normal, is_new) = self.normal.number(name);
        if is_new {
            self.known.push(host);
        }
        self.normal_of_raw.push(normal);
        normal
    }

    /// The number of the host of a message, noting it as looked up where the message is a lookup.
    pub(super) fn number_of_message(&mut self, message: &Exchange<'a>) -> Option<u32> {
        let number = self.number(message.host?);
        if message.kind == ExchangeKind::Dns
            && let Some(host) = self.known.get_mut(number as usize)
            && !host.is_asked
        {
            host.is_asked = true;
            self.asked += 1;
        }
        Some(number)
    }

    /// Notes a name as looked up by the phone's own word. It says nothing of how many lookups sensors see.
    pub(super) fn note_asked(&mut self, name: &'a str) {
        let number = self.number(name);
        if let Some(host) = self.known.get_mut(number as usize) {
            host.is_asked = true;
        }
    }

    /// What is known of a name.
    pub(super) fn get(&self, number: u32) -> Option<Host> {
        self.known.get(number as usize).copied()
    }

    /// The name of a number.
    pub(super) fn text(&self, number: u32) -> &str {
        self.normal.text(number).unwrap_or_default()
    }

    /// Whether the device was seen to look the name up; `None` when too few lookups are visible to tell.
    pub(super) fn was_resolved(&self, number: u32) -> Option<bool> {
        (self.asked >= LOOKUPS_MIN).then(|| self.get(number).is_some_and(|host| host.is_asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Endpoint, Timestamp};

    #[test]
    fn names_in_any_form_are_one_and_lookups_count_from_twenty_on() {
        let others: Vec<String> = (0..19).map(|n| format!("h{n}.example.net")).collect();
        let mut hosts = Hosts::default();
        let first = hosts.number("WWW.Example.com.");
        assert_eq!(hosts.number("www.example.com:443"), first);
        assert_eq!(hosts.text(first), "www.example.com");
        let none = hosts.number("");
        assert!(!hosts.get(none).unwrap().is_usable);
        let end = Endpoint::new("192.0.2.1".parse().unwrap(), 53);
        let lookup = |name| {
            let at = Timestamp::from_secs(1);
            Exchange { host: Some(name), ..Exchange::new(ExchangeKind::Dns, "", at, end, end) }
        };
        for name in &others {
            hosts.number_of_message(&lookup(name));
        }
        assert_eq!(hosts.was_resolved(first), None, "19 lookups say nothing of the rest");
        hosts.number_of_message(&lookup("www.example.com"));
        assert_eq!(hosts.was_resolved(first), Some(true));
        let other = hosts.number("other.example.com");
        assert_eq!(hosts.was_resolved(other), Some(false));
        hosts.note_asked("Other.example.com");
        assert_eq!(hosts.was_resolved(other), Some(true), "the phone says so");
    }
}

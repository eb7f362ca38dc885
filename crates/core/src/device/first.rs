//! What must be known of all connections of a device before any can be filed.

use super::Connection;
use super::hosts::Hosts;
use super::interner::Interner;
use super::names::Names;
use super::observe::DeviceInput;
use super::report::{ADDRESSES_MAX, STACKS_MAX, bound, distinct};
use super::summary::fingerprint_of;
use crate::model::{ExchangeKind, Timestamp};
use crate::text;
use std::net::IpAddr;

/// What must be known before connections can be filed. One walk over all of them: a device's connections do not fit
/// in a cache.
pub(super) struct First<'a> {
    pub(super) hosts: Hosts<'a>,
    /// Numbers of the hosts of all messages, in the order of the connections.
    pub(super) message_hosts: Vec<Option<u32>>,
    /// Names, by the lookups that are seen, of the responders that no message names.
    pub(super) names: Names,
    /// TLS fingerprints and user-agent families.
    pub(super) stacks: Vec<Box<str>>,
    /// Hours since the epoch in which connections begin.
    pub(super) hours: Vec<i32>,
    pub(super) addresses: Vec<IpAddr>,
    /// Stacks and addresses left out.
    pub(super) cut: u64,
}

impl<'a> First<'a> {
    pub(super) fn of(input: &DeviceInput<'_, 'a>, elsewhere: &[(Timestamp, &'a str, &'a str)]) -> Self {
        let (mut hosts, mut stacks) = (Hosts::default(), Interner::default());
        let messages = input.connections.iter().map(|connection| connection.messages.len()).sum();
        let mut message_hosts = Vec::with_capacity(messages);
        let (mut nameless, mut lookups) = (Vec::new(), Vec::new());
        let (mut hours, mut addresses) = (Vec::new(), Vec::new());
        for Connection { session, messages, .. } in input.connections {
            push_new(&mut hours, session.start.hour());
            push_new(&mut addresses, session.orig.addr);
            let mut has_name = false;
            for (_, message) in *messages {
                let host = hosts.number_of_message(message);
                has_name |= host.and_then(|host| hosts.get(host)).is_some_and(|host| host.is_usable);
                if let (ExchangeKind::Dns, Some(host), Some(answers)) = (message.kind, host, message.answers)
                {
                    lookups.push((message.at, host, answers));
                }
                let agent = message.user_agent.map(text::user_agent_family);
                for stack in fingerprint_of(message).into_iter().chain(agent) {
                    stacks.number(stack);
                }
                message_hosts.push(host);
            }
            if !has_name {
                nameless.push(session.resp.addr);
            }
        }
        for (at, name, answers) in elsewhere {
            lookups.push((*at, hosts.number(name), *answers));
        }
        input.asked.iter().for_each(|name| hosts.note_asked(name));
        let names = Names::of(nameless.into_iter(), &lookups, |number| hosts.text(number));
        let mut stacks = stacks.into_texts();
        stacks.sort_unstable();
        let mut addresses = distinct(addresses);
        let cut = bound(&mut stacks, STACKS_MAX) + bound(&mut addresses, ADDRESSES_MAX);
        let stacks = stacks.into_iter().map(Box::from).collect();
        Self { hosts, message_hosts, names, stacks, hours: distinct(hours), addresses, cut }
    }
}

/// Appends a value that is not the last one already.
fn push_new<T: PartialEq>(values: &mut Vec<T>, value: T) {
    if values.last() != Some(&value) {
        values.push(value);
    }
}

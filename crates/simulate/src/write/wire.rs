//! Puts planned connections on the wire: names are resolved with a cache, ports and uids given, rows written.

use super::DayRows;
use super::phone::{PhoneRow, PhoneRowKind};
use super::zeek::{self, Ends};
use crate::device::Device;
use crate::device::timeline::Span;
use crate::flow::{Cause, Flow, Outcome, Plan, Query};
use crate::number::{DAY, SEC, low16, signed};
use crate::options::LogFormat;
use crate::random::{Rng, mix, mix_all};
use crate::world::World;
use crate::world::site::{Service, Site};
use std::net::Ipv4Addr;

/// Writes one device's connections.
pub(crate) struct Wire<'a, 'w> {
    world: &'w World,
    device: &'a Device<'w>,
    format: LogFormat,
    span: Span,
    seed: u64,
    /// When the cached answer of each site runs out.
    cache: Vec<i64>,
    agents: Vec<String>,
    rng: Rng,
    serial: u64,
    port: u16,
    pub(crate) lines: u64,
    /// Connections written, by [`crate::flow::Cause`].
    pub(crate) written: Vec<u32>,
    pub(crate) days: Vec<DayRows>,
    /// What the phone saw of the connections, in time order of the connections.
    pub(crate) seen: Vec<PhoneRow>,
}

impl<'a, 'w> Wire<'a, 'w> {
    pub(crate) fn new(
        world: &'w World,
        device: &'a Device<'w>,
        span: Span,
        (seed, format): (u64, LogFormat),
    ) -> Self {
        let days = span.micros().div_euclid(DAY);
        Self {
            world,
            device,
            format,
            span,
            seed,
            cache: vec![i64::MIN; world.sites.len() + device.sites.len()],
            agents: world.stacks.iter().map(|stack| stack.user_agent(&device.system, device.model)).collect(),
            rng: Rng::stream(&[seed, u64::from(device.index), 0x7769_7265]),
            serial: 0,
            port: 32_768 + low16(u64::from(device.index) * 977 % 28_000),
            lines: 0,
            written: Vec::new(),
            days: (0..days).map(|_| DayRows::default()).collect(),
            seen: Vec::new(),
        }
    }

    /// Writes the flows; `flows` in time order.
    pub(crate) fn write(&mut self, flows: &[Flow], queries: &[Query]) {
        for flow in flows {
            let site = self.device.site(self.world, flow.site);
            if site.service == Service::Dns {
                self.count(flow.cause);
                if let Some(query) = flow.query.and_then(|number| queries.get(number as usize)) {
                    self.ask(flow, site, query);
                }
                continue;
            }
            self.resolve(flow, site);
            self.connect(flow, site);
        }
    }

    fn count(&mut self, cause: Cause) {
        let place = usize::from(cause);
        if self.written.len() <= place {
            self.written.resize(place + 1, 0);
        }
        if let Some(count) = self.written.get_mut(place) {
            *count += 1;
        }
    }

    fn ends(&mut self, at: i64, resp: Ipv4Addr, resp_port: u16) -> Ends {
        self.serial += 1;
        // Ephemeral ports walk by a random stride, as phones' do, within 32768..=60999.
        let at = at - at.rem_euclid(self.world.character.resolution);
        self.port = 32_768 + (self.port - 32_768 + 1 + low16(self.rng.below(7))) % 28_232;
        let number = mix_all(&[self.seed, u64::from(self.device.index), self.serial]);
        Ends { at, uid: zeek::uid(number), orig: self.device.ip, orig_port: self.port, resp, resp_port }
    }

    /// The rows of a time; connections just before the first day do not happen.
    fn day(&mut self, at: i64) -> usize {
        let day = usize::try_from((at - self.span.start).div_euclid(DAY)).unwrap_or(0);
        day.min(self.days.len() - 1)
    }

    fn resolve(&mut self, flow: &Flow, site: &Site) {
        let Some(name) = site.name.as_deref() else { return };
        let Some(expiry) = self.cache.get_mut(flow.site.0 as usize) else { return };
        if flow.at < *expiry {
            return;
        }
        *expiry = flow.at + signed(u64::from(site.ttl_secs)) * SEC;
        // An app that kept the address does not ask again.
        if self.rng.chance(0.04) {
            return;
        }
        let rtt = self.rng.secs(0.004, 0.06);
        let at = (flow.at - rtt - self.rng.secs(0.001, 0.03)).max(self.span.start);
        self.seen.push(PhoneRow { at, app: Some(flow.app), kind: PhoneRowKind::Lookup { site: flow.site } });
        let Some(resolver) = self.device.resolver else { return };
        let server = self.device.site(self.world, resolver);
        let wants: &[u16] = match self.rng.below(10) {
            0..5 => &[1],
            5..9 => &[1, 28],
            _ => &[65, 1, 28],
        };
        for qtype in wants {
            let ends = self.ends(at, server.addrs[0], 53);
            let salt = self.rng.bits();
            let mut dns_flow = *flow;
            dns_flow.life = rtt;
            dns_flow.outcome = Outcome::Complete;
            dns_flow.orig_bytes = name.len() as u64 + 18;
            dns_flow.resp_bytes =
                dns_flow.orig_bytes + if *qtype == 1 { 16 * site.addrs.len() as u64 } else { 61 };
            let format = self.format;
            let day = self.day(at);
            let [conn, dns, ..] = &mut self.days[day].zeek;
            zeek::conn(conn, format, &ends, &dns_flow, Service::Dns, false);
            zeek::lookup(dns, format, &ends, (site, name, *qtype), (rtt, salt));
            self.lines += 2;
        }
    }

    fn ask(&mut self, flow: &Flow, resolver: &Site, query: &Query) {
        let ends = self.ends(flow.at, resolver.addrs[flow.addr as usize], 53);
        if let Some(number) = flow.query {
            self.seen.push(PhoneRow {
                at: flow.at,
                app: Some(flow.app),
                kind: PhoneRowKind::Question { number },
            });
        }
        let (format, day) = (self.format, self.day(flow.at));
        let [conn, dns, ..] = &mut self.days[day].zeek;
        zeek::conn(conn, format, &ends, flow, Service::Dns, false);
        zeek::question(dns, format, &ends, flow, query);
        self.lines += 2;
    }

    fn connect(&mut self, flow: &Flow, site: &Site) {
        let resp = site.addrs[flow.addr as usize];
        let ends = self.ends(flow.at, resp, site.port);
        let is_open = zeek::end_of(flow) >= self.span.end;
        let kind = PhoneRowKind::Connection { flow: *flow, orig_port: ends.orig_port };
        self.seen.push(PhoneRow { at: flow.at, app: Some(flow.app), kind });
        // By the connection's own chance: an implant beside it changes nothing.
        if (mix(flow.salt) % 10_000) as f64 <= self.world.character.sensor_loss * 10_000.0 - 1.0 {
            return;
        }
        self.count(flow.cause);
        let answered = matches!(flow.outcome, Outcome::Complete | Outcome::Reset);
        let (format, day) = (self.format, self.day(flow.at));
        let stack = self.world.stacks.get(flow.stack);
        let agent = self.agents.get(usize::from(flow.stack.0)).map_or("", String::as_str);
        let [conn, _, ssl, http] = &mut self.days[day].zeek;
        zeek::conn(conn, format, &ends, flow, site.service, is_open);
        self.lines += 1;
        match site.service {
            Service::Tls | Service::Quic if answered => zeek::ssl(ssl, format, &ends, flow, (site, stack)),
            Service::Http if answered => zeek::http(http, format, &ends, flow, (site, agent)),
            _ => return,
        }
        self.lines += 1;
    }
}

/// Sorts a plan's connections by time (ties by what they are, so that the order is always the same).
pub(crate) fn sorted(plan: &mut Plan<'_, '_>) -> Vec<Flow> {
    let mut flows = core::mem::take(&mut plan.flows);
    flows.sort_unstable_by_key(|flow| (flow.at, flow.app, flow.site, flow.salt));
    flows
}

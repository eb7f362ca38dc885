//! What a fleet's labels say: one per implant and one per honest rare sender.

use crate::flow::Plan;
use crate::implant::Channel;
use crate::law::Law;
use crate::sender::{Done, Mode, Sender};
use crate::world::site::{Service, Site};
use std::net::Ipv4Addr;

/// Whose label it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LabelKind {
    Implant(Channel),
    /// An honest sender, by pattern.
    Honest(&'static str),
}

/// One labelled sender of one device.
#[derive(Debug, Clone)]
pub(crate) struct Label {
    pub(crate) kind: LabelKind,
    pub(crate) app: String,
    /// Registrable domains; empty for bare addresses.
    pub(crate) domains: Vec<String>,
    pub(crate) addresses: Vec<Ipv4Addr>,
    pub(crate) ports: Vec<u16>,
    pub(crate) period_secs: f64,
    pub(crate) jitter: f64,
    pub(crate) miss: f64,
    pub(crate) law: Law,
    /// Share of its connections that were opened while the phone was locked.
    pub(crate) locked_share: f64,
    pub(crate) done: Done,
}

impl Label {
    pub(crate) fn new(plan: &Plan<'_, '_>, sender: &Sender, kind: LabelKind, done: Done) -> Self {
        let sites = || sender.sites.iter().map(|id| plan.device.site(plan.world, *id));
        let mut domains: Vec<String> = match &sender.mode {
            Mode::Ask(questions) => vec![questions.domain.clone()],
            _ => sites().filter_map(|site| site.domain.clone()).collect(),
        };
        // What speaks through the resolver has no address of its own.
        let own = |site: &&Site| site.service != Service::Dns;
        let mut addresses: Vec<Ipv4Addr> =
            sites().filter(own).flat_map(|site| site.addrs.iter().copied()).collect();
        let mut ports: Vec<u16> = sites().map(|site| site.port).collect();
        domains.sort_unstable();
        domains.dedup();
        addresses.sort_unstable();
        addresses.dedup();
        ports.sort_unstable();
        ports.dedup();
        Self {
            kind,
            app: plan.device.app(sender.app).app.id.clone(),
            domains,
            addresses,
            ports,
            period_secs: sender.period_secs,
            jitter: sender.jitter,
            miss: sender.miss,
            law: sender.law,
            locked_share: 0.0,
            done,
        }
    }
}

//! Labels by device, so that a large fleet's findings are matched in one walk.

use crate::truth::Truth;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use undertone_core::finding::Finding;

/// Labels, indexed by what names a device.
pub(super) struct Labels<'a> {
    rows: &'a [Truth],
    by_device: BTreeMap<&'a str, Vec<usize>>,
    by_address: BTreeMap<IpAddr, Vec<usize>>,
}

impl<'a> Labels<'a> {
    pub(super) fn new(rows: &'a [Truth]) -> Self {
        let mut labels = Self { rows, by_device: BTreeMap::new(), by_address: BTreeMap::new() };
        for (at, row) in rows.iter().enumerate() {
            labels.by_device.entry(&row.device).or_default().push(at);
            if let Some(ip) = row.ip {
                labels.by_address.entry(ip).or_default().push(at);
            }
        }
        labels
    }

    /// The rows that a finding matches, by number, ascending.
    pub(super) fn matching(&self, finding: &Finding) -> Vec<usize> {
        let device = &finding.device;
        let own = device.id.parse::<IpAddr>().ok();
        let by_id = self.by_device.get(device.id.as_str()).into_iter();
        let by_address = device.addresses.iter().chain(&own).filter_map(|ip| self.by_address.get(ip));
        let candidates: BTreeSet<usize> = by_id.chain(by_address).flatten().copied().collect();
        let is_match = |at: &usize| self.rows.get(*at).is_some_and(|row| row.matches(finding));
        candidates.into_iter().filter(is_match).collect()
    }

    /// The first row that a finding matches.
    pub(super) fn first(&self, finding: &Finding) -> Option<&'a Truth> {
        self.matching(finding).first().and_then(|at| self.rows.get(*at))
    }
}

//! Of the series of a device that tell of one thing, the one that is told.

use super::Scored;
use super::shortfall::{Shortfall, shortfall};
use crate::evidence::{Evidence, EvidenceKind};
use crate::model::Day;
use crate::series::{Destination, Service};
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// What plain lookups weigh less than the connections that they are lookups for.
const SHADOW_BANS: f64 = 2.0;

/// A series with why it is neither alert nor lead, whatever the budget; `None` where it may be one.
pub(super) struct Ranked {
    pub(super) series: Scored,
    pub(super) shortfall: Option<Shortfall>,
}

impl Ranked {
    pub(super) fn of(series: Scored, is_fleet: bool) -> Self {
        Self { shortfall: shortfall(&series, is_fleet), series }
    }

    fn rank(&self) -> Rank {
        (self.shortfall.is_none(), self.series.weighed.total())
    }

    /// The rank among the services of a place: lookups weigh less than what they are lookups for, unless they are the
    /// channel.
    fn rank_of_service(&self) -> Rank {
        let is_channel = |item: &Evidence| item.kind == EvidenceKind::Dns && item.weight_bans > 0.0;
        let Scored { key, weighed, .. } = &self.series;
        let is_shadow = key.service == Service::Dns && !weighed.evidence.iter().any(is_channel);
        let (may_be_told, bans) = self.rank();
        (may_be_told, bans - if is_shadow { SHADOW_BANS } else { 0.0 })
    }
}

/// Whether a series may be a finding, then its weight, bans: what may not be one comes last, however heavy it is.
type Rank = (bool, f64);

fn by_rank(a: &Rank, b: &Rank) -> Ordering {
    a.0.cmp(&b.0).then(a.1.total_cmp(&b.1))
}

/// App, destination and day: there is one finding of a device for each.
type FindingKey = (Option<Box<str>>, Destination, Day);

fn finding_key(series: &Scored) -> FindingKey {
    (series.key.app.clone(), series.key.destination.clone(), series.day)
}

/// The best series of each app, destination and day, with the addresses of all of them.
pub(super) fn one_per_destination(ranked: Vec<Ranked>) -> Vec<Ranked> {
    let mut best: BTreeMap<FindingKey, Ranked> = BTreeMap::new();
    for mut one in ranked {
        match best.entry(finding_key(&one.series)) {
            Entry::Vacant(slot) => {
                slot.insert(one);
            }
            Entry::Occupied(mut slot) => {
                if is_better(&one, slot.get()) {
                    std::mem::swap(slot.get_mut(), &mut one);
                }
                if one.series.key.service != Service::Dns {
                    slot.get_mut().series.profile.addresses.merge(&one.series.profile.addresses);
                }
            }
        }
    }
    best.into_values().collect()
}

/// Leaves out what a group of the same app and day tells better: its members that rank no higher than it.
pub(super) fn absorbed(ranked: Vec<Ranked>) -> Vec<Ranked> {
    let mut groups: BTreeMap<FindingKey, Rank> = BTreeMap::new();
    for group in ranked.iter().filter(|one| !one.series.members.is_empty()) {
        let (Scored { key, members, day, .. }, rank) = (&group.series, group.rank());
        for member in members {
            let known = groups.entry((key.app.clone(), member.clone(), *day)).or_insert(rank);
            if by_rank(known, &rank).is_lt() {
                *known = rank;
            }
        }
    }
    if groups.is_empty() {
        return ranked;
    }
    let is_told = |one: &Ranked| {
        let group = groups.get(&finding_key(&one.series));
        group.is_some_and(|group| by_rank(group, &one.rank()).is_ge())
    };
    ranked.into_iter().filter(|one| !is_told(one)).collect()
}

fn is_better(a: &Ranked, b: &Ranked) -> bool {
    let by_service = || b.series.key.service.cmp(&a.series.key.service);
    by_rank(&a.rank_of_service(), &b.rank_of_service()).then_with(by_service).is_gt()
}

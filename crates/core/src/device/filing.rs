//! Which series a sighting belongs to: apps, destinations and series of one device as dense numbers.

use super::interner::Interner;
use super::sighting::Sighting;
use crate::series::{Destination, SeriesKey, Service};
use hashbrown::HashMap;
use std::net::IpAddr;

/// Only ever asked, never walked.
type Numbers<K> = HashMap<K, u32, foldhash::fast::RandomState>;

/// The destination of this host is not looked up yet.
const UNKNOWN: u32 = u32::MAX;
/// The host has no listed suffix: the responder stands for it.
const NONE: u32 = u32::MAX - 1;

/// Numbers of apps, destinations and series, in order of first sight.
#[derive(Debug, Default)]
pub(super) struct Filing<'i> {
    apps: Interner<&'i str>,
    destinations: Vec<Destination>,
    numbers: Numbers<Destination>,
    by_addr: Numbers<IpAddr>,
    /// Destination of each host, by the host's number.
    of_host: Vec<u32>,
    keys: Vec<(u32, u32, Service)>,
    series: Numbers<(u32, u32, Service)>,
    /// Connected time of each series' sessions, microseconds.
    connected: Vec<u64>,
}

#[expect(clippy::cast_possible_truncation, reason = "what one device has of anything is far below 2^32")]
impl<'i> Filing<'i> {
    /// The number of an app; 0 is the unknown one.
    pub(super) fn app(&mut self, app: Option<&'i str>) -> u32 {
        app.map_or(0, |app| self.apps.number(app).0 + 1)
    }

    /// The number of the destination of a host, else of an address. The host comes with its number.
    pub(super) fn destination(&mut self, host: Option<(u32, &str)>, addr: IpAddr) -> u32 {
        if let Some((host, text)) = host {
            let place = host as usize;
            if self.of_host.len() <= place {
                self.of_host.resize(place + 1, UNKNOWN);
            }
            let mut known = self.of_host.get(place).copied().unwrap_or(NONE);
            if known == UNKNOWN {
                known = Destination::of_host(text).map_or(NONE, |found| self.number(found));
                if let Some(slot) = self.of_host.get_mut(place) {
                    *slot = known;
                }
            }
            if known != NONE {
                return known;
            }
        }
        if let Some(&known) = self.by_addr.get(&addr) {
            return known;
        }
        let number = self.number(Destination::Address(addr));
        self.by_addr.insert(addr, number);
        number
    }

    fn number(&mut self, destination: Destination) -> u32 {
        if let Some(&number) = self.numbers.get(&destination) {
            return number;
        }
        let number = self.destinations.len() as u32;
        self.destinations.push(destination.clone());
        self.numbers.insert(destination, number);
        number
    }

    /// The number of a series.
    pub(super) fn series(&mut self, app: u32, destination: u32, service: Service) -> u32 {
        let next = self.keys.len() as u32;
        let number = *self.series.entry((app, destination, service)).or_insert(next);
        if number == next {
            self.keys.push((app, destination, service));
            self.connected.push(0);
        }
        number
    }

    /// Adds the duration of a session to its series.
    pub(super) fn connect(&mut self, series: u32, duration_micros: u64) {
        if let Some(connected) = self.connected.get_mut(series as usize) {
            *connected = connected.saturating_add(duration_micros);
        }
    }

    /// Connected time of a series' sessions, microseconds.
    pub(super) fn connected_micros(&self, series: u32) -> u64 {
        self.connected.get(series as usize).copied().unwrap_or(0)
    }

    /// Series in all.
    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    /// Numbers of the app and the destination of a series.
    pub(super) fn app_and_destination(&self, series: u32) -> (u32, u32) {
        self.keys.get(series as usize).map_or((0, UNKNOWN), |(app, destination, _)| (*app, *destination))
    }

    /// The app of a number.
    pub(super) fn app_of(&self, app: u32) -> Option<Box<str>> {
        app.checked_sub(1).and_then(|number| self.apps.text(number)).map(Box::from)
    }

    /// The destination of a number.
    pub(super) fn destination_of(&self, destination: u32) -> Option<&Destination> {
        self.destinations.get(destination as usize)
    }

    /// The service of a series.
    pub(super) fn service_of(&self, series: u32) -> Option<Service> {
        self.keys.get(series as usize).map(|(_, _, service)| *service)
    }

    /// Each app with each service that it speaks, ascending.
    pub(super) fn app_services(&self) -> Vec<(Box<str>, Service)> {
        let mut pairs: Vec<(u32, Service)> =
            self.keys.iter().map(|(app, _, service)| (*app, *service)).collect();
        pairs.sort_unstable();
        pairs.dedup();
        let named = pairs.into_iter().filter_map(|(app, service)| Some((self.app_of(app)?, service)));
        let mut named: Vec<(Box<str>, Service)> = named.collect();
        named.sort_unstable();
        named
    }

    /// For each destination, by number, whether something holds of it.
    pub(super) fn destinations_that(&self, holds: impl Fn(&Destination) -> bool) -> Vec<bool> {
        self.destinations.iter().map(holds).collect()
    }

    /// What identifies the series of a number.
    pub(super) fn key(&self, series: u32) -> Option<SeriesKey> {
        let (app, destination, service) = *self.keys.get(series as usize)?;
        let destination = self.destination_of(destination)?.clone();
        Some(SeriesKey { app: self.app_of(app), destination, service })
    }

    /// Sightings by series; those of one stay in their order.
    pub(super) fn groups(&self, found: &[Sighting]) -> Groups {
        let mut ends = vec![0_usize; self.len()];
        for sighting in found {
            if let Some(count) = ends.get_mut(sighting.series as usize) {
                *count += 1;
            }
        }
        let mut start = 0;
        for end in &mut ends {
            start += std::mem::replace(end, start);
        }
        let Some(any) = found.first() else { return Groups { sightings: Vec::new(), ends } };
        let mut sightings = vec![*any; found.len()];
        for sighting in found {
            if let Some(place) = ends.get_mut(sighting.series as usize) {
                if let Some(slot) = sightings.get_mut(*place) {
                    *slot = *sighting;
                }
                *place += 1;
            }
        }
        Groups { sightings, ends }
    }
}

/// Sightings, ascending by series.
pub(super) struct Groups {
    sightings: Vec<Sighting>,
    ends: Vec<usize>,
}

impl Groups {
    /// Each series' number with its sightings.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &[Sighting])> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        (0..)
            .zip(starts.zip(&self.ends))
            .filter_map(|(number, (start, end))| self.sightings.get(start..*end).map(|group| (number, group)))
    }
}

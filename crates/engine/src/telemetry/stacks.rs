//! Networking stacks by app, for the baseline.

use super::PhoneView;
use hashbrown::HashSet;
use std::collections::BTreeSet;
use undertone_core::device::Connection;
use undertone_core::text::user_agent_family;

/// Pairs of app and stack kept per phone: 200 apps with 20 each.
const PAIRS_MAX: usize = 4096;

/// TLS fingerprints, user-agent families and libraries of each app of one phone, ascending. Past the bound, those that
/// sort first are kept, so that order and split of the input do not matter.
pub fn app_stacks(connections: &[Connection<'_, '_>], view: &PhoneView<'_>) -> Vec<(Box<str>, Box<str>)> {
    let mut found: BTreeSet<(&str, &str)> = BTreeSet::new();
    // Most pairs were seen just before.
    let mut recent: HashSet<(&str, &str), foldhash::fast::RandomState> = HashSet::default();
    for (index, connection) in connections.iter().enumerate() {
        let Some(app) = view.apps.get(index).copied().flatten() else { continue };
        let library = view.stacks.get(index).copied().flatten();
        let shown = connection.messages().flat_map(|message| {
            let agent = message.user_agent.map(user_agent_family);
            let fingerprint = message.ja4.or(message.ja3);
            [agent, fingerprint].into_iter().flatten().filter(|text| !text.is_empty())
        });
        for stack in shown.chain(library) {
            if !recent.insert((app, stack)) {
                continue;
            }
            found.insert((app, stack));
            if found.len() > PAIRS_MAX {
                found.pop_last();
            }
            if recent.len() > PAIRS_MAX {
                recent.clear();
            }
        }
    }
    found.into_iter().map(|(app, stack)| (app.into(), stack.into())).collect()
}

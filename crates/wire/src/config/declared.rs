//! Declared baselines: what an app or a role is known to do (`AppNetworkBehaviorBaseline`,
//! `AppNetworkRoleBaseline`).

use super::Problems;
use super::nearest;
use super::node::{Entry, Node, Value};
use std::collections::BTreeSet;
use undertone_core::baseline::{Declarations, Declared};
use undertone_core::series::{Destination, Service};

/// Destinations or services declared for one app or role at the most.
const ITEMS_MAX: usize = 10_000;

/// Reads `app_network_behavior_baseline`: the services that an app or a role uses.
pub(super) fn services(declared: &mut Declared, section: &Node, problems: &mut Problems) {
    let name = "app_network_behavior_baseline";
    read(&mut declared.services, (name, section), problems, |text, line, problems| {
        let found = Service::from_name(text);
        if found.is_none() {
            let hint = nearest::hint(text, Service::ALL.into_iter().map(Service::as_str));
            problems.add(line, format!("unknown service `{text}`{hint}"));
        }
        found
    });
}

/// Reads `app_network_role_baseline`: the domains or addresses that an app or a role talks to.
pub(super) fn destinations(declared: &mut Declared, section: &Node, problems: &mut Problems) {
    let name = "app_network_role_baseline";
    read(&mut declared.destinations, (name, section), problems, |text, line, problems| {
        let bare = text.trim().trim_start_matches("*.").trim_end_matches('.').to_ascii_lowercase();
        let found = Destination::of_host(&bare);
        if found.is_none() {
            problems.add(line, format!("`{text}` is neither an address nor a name below a public suffix"));
        }
        found
    });
}

fn read<T: Ord>(
    into: &mut Declarations<T>,
    (name, section): (&str, &Node),
    problems: &mut Problems,
    mut item_of: impl FnMut(&str, u64, &mut Problems) -> Option<T>,
) {
    for scope in problems.entries(section, &format!("`{name}`")) {
        let target = match scope.key.as_str() {
            "apps" => &mut into.apps,
            "roles" => &mut into.roles,
            _ => {
                problems.unknown_key(scope, ["apps", "roles"].into_iter());
                continue;
            }
        };
        for entry in problems.entries(&scope.value, &format!("`{}`", scope.key)) {
            let items = items(entry, problems);
            let found: BTreeSet<T> = items
                .into_iter()
                .filter_map(|item| {
                    let text = item.text();
                    if text.is_none() {
                        problems.add(item.line, format!("{} is not a name", item.shown()));
                    }
                    item_of(text?, item.line, problems)
                })
                .collect();
            target.insert(entry.key.as_str().into(), found);
        }
    }
}

fn items<'n>(entry: &'n Entry, problems: &mut Problems) -> Vec<&'n Node> {
    match &entry.value.value {
        Value::List(items) if items.len() <= ITEMS_MAX => items.iter().collect(),
        Value::Text(_) => vec![&entry.value],
        _ => {
            problems.add(entry.value.line, format!("`{}` must be a list of at most {ITEMS_MAX}", entry.key));
            Vec::new()
        }
    }
}

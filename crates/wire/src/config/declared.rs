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
    read(&mut declared.services, (name, section), None, problems, |text, line, problems| {
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
    let complete = Some((&mut declared.complete_apps, &mut declared.complete_roles));
    read(&mut declared.destinations, (name, section), complete, problems, |text, line, problems| {
        let bare = text.trim().trim_start_matches("*.").trim_end_matches('.').to_ascii_lowercase();
        let found = Destination::of_host(&bare);
        if found.is_none() {
            problems.add(line, format!("`{text}` is neither an address nor a name below a public suffix"));
        }
        found
    });
}

/// Names of apps and of roles whose lists are complete.
type Complete<'d> = Option<(&'d mut BTreeSet<Box<str>>, &'d mut BTreeSet<Box<str>>)>;

fn read<T: Ord>(
    into: &mut Declarations<T>,
    (name, section): (&str, &Node),
    mut complete: Complete<'_>,
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
            let (list, is_complete) = list_of(entry, complete.is_some(), problems);
            if let (true, Some((apps, roles))) = (is_complete, &mut complete) {
                let of_scope = if scope.key == "apps" { apps } else { roles };
                of_scope.insert(entry.key.as_str().into());
            }
            let items = list.map_or_else(Vec::new, |list| items(&entry.key, list, problems));
            let found: BTreeSet<T> = items
                .into_iter()
                .filter_map(|item| {
                    let Some(text) = item.text() else {
                        problems.add(item.line, format!("{} is not a name", item.shown()));
                        return None;
                    };
                    item_of(text, item.line, problems)
                })
                .collect();
            target.insert(entry.key.as_str().into(), found);
        }
    }
}

/// The list of an app or role: as it is, or under `only`, which says that nothing is missing from it.
fn list_of<'n>(entry: &'n Entry, may_be_complete: bool, problems: &mut Problems) -> (Option<&'n Node>, bool) {
    if !may_be_complete || !matches!(entry.value.value, Value::Map(_)) {
        return (Some(&entry.value), false);
    }
    let mut found = None;
    for field in problems.entries(&entry.value, &format!("`{}`", entry.key)) {
        match field.key.as_str() {
            "only" => found = Some(&field.value),
            _ => problems.unknown_key(field, ["only"].into_iter()),
        }
    }
    (found, found.is_some())
}

fn items<'n>(name: &str, list: &'n Node, problems: &mut Problems) -> Vec<&'n Node> {
    match &list.value {
        Value::List(items) if items.len() <= ITEMS_MAX => items.iter().collect(),
        Value::Text(_) => vec![list],
        _ => {
            problems.add(list.line, format!("`{name}` must be a list of at most {ITEMS_MAX}"));
            Vec::new()
        }
    }
}

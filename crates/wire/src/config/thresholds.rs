//! Thresholds, global or by platform, role and app.

use super::node::{Entry, Node, Value};
use super::{Problems, nearest, outer_keys};
use std::net::IpAddr;
use undertone_core::model::Platform;
use undertone_core::thresholds::{Kind, Overrides, ThresholdKey, ThresholdSet, ThresholdValue, Thresholds};

/// Resolvers listed at the most.
const ADDRESSES_MAX: usize = 1000;

/// Sets a global threshold.
pub(super) fn global(thresholds: &mut Thresholds, entry: &Entry, problems: &mut Problems) {
    let Some(key) = ThresholdKey::from_name(&entry.key) else {
        return problems.unknown_key(entry, outer_keys());
    };
    if let Some(value) = value_of(key, &entry.value, problems) {
        thresholds.set(key, &value);
    }
}

/// Reads the section `platforms`, `roles` or `apps`.
pub(super) fn scoped(set: &mut ThresholdSet, section: &Entry, problems: &mut Problems) {
    for entry in problems.entries(&section.value, &format!("`{}`", section.key)) {
        let found = overrides(entry, problems);
        match section.key.as_str() {
            "platforms" => match Platform::from_name(&entry.key) {
                Platform::Unknown => {
                    let hint = nearest::hint(&entry.key, ["android", "ios"].into_iter());
                    problems.add(
                        entry.line,
                        format!("unknown platform `{}`, not `android` or `ios`{hint}", entry.key),
                    );
                }
                platform => drop(set.platforms.insert(platform, found)),
            },
            "roles" => drop(set.roles.insert(entry.key.as_str().into(), found)),
            _ => drop(set.apps.insert(entry.key.as_str().into(), found)),
        }
    }
}

fn overrides(scope: &Entry, problems: &mut Problems) -> Overrides {
    let mut found = Overrides::new();
    for entry in problems.entries(&scope.value, &format!("`{}`", scope.key)) {
        match ThresholdKey::from_name(&entry.key) {
            Some(key) if key.is_global() => problems.add(
                entry.line,
                format!("`{}` holds for the whole fleet: set it at the outermost level", entry.key),
            ),
            Some(key) => {
                found.extend(value_of(key, &entry.value, problems).map(|value| (key, value)));
            }
            None => {
                let known = ThresholdKey::ALL.into_iter().filter(|key| !key.is_global());
                problems.unknown_key(entry, known.map(ThresholdKey::name));
            }
        }
    }
    found
}

/// The value of a threshold; a problem where it is of another kind or out of range.
fn value_of(key: ThresholdKey, node: &Node, problems: &mut Problems) -> Option<ThresholdValue> {
    let name = key.name();
    let mut wrong = |must: String| {
        problems.add(node.line, format!("`{name}` must be {must}, not {}", node.shown()));
        None
    };
    match (key.kind(), &node.value) {
        (Kind::Number { least, most }, Value::Number(number)) if (least..=most).contains(number) => {
            Some(ThresholdValue::Number(*number))
        }
        (Kind::Number { least, most }, _) => wrong(format!("a number from {least} to {most}")),
        (Kind::Secs { least, most }, value) => match value {
            Value::Number(number) => whole(*number).filter(|secs| (least..=most).contains(secs)),
            _ => None,
        }
        .map_or_else(
            || wrong(format!("a whole number of seconds from {least} to {most}")),
            |secs| Some(ThresholdValue::Secs(secs)),
        ),
        (Kind::Flag, Value::Flag(flag)) => Some(ThresholdValue::Flag(*flag)),
        (Kind::Flag, _) => wrong("`true` or `false`".to_owned()),
        (Kind::Addresses, Value::List(items)) if items.len() <= ADDRESSES_MAX => {
            addresses(name, items, problems).map(ThresholdValue::Addresses)
        }
        (Kind::Addresses, _) => wrong(format!("a list of at most {ADDRESSES_MAX} addresses")),
    }
}

fn whole(number: f64) -> Option<u32> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "in range and whole")]
    (number.fract().abs() < f64::EPSILON && (0.0..=f64::from(u32::MAX)).contains(&number))
        .then_some(number as u32)
}

fn addresses(name: &str, items: &[Node], problems: &mut Problems) -> Option<Vec<IpAddr>> {
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        match item.text().and_then(|text| text.parse::<IpAddr>().ok()) {
            Some(addr) => found.push(addr.to_canonical()),
            None => problems.add(item.line, format!("`{name}`: {} is no address", item.shown())),
        }
    }
    (found.len() == items.len()).then_some(found)
}

//! One threshold as typed on a command line: `key=value`, or `roles.weather.key=value` for a scope.

use super::parse_config;
use undertone_core::model::Platform;
use undertone_core::thresholds::{Kind, Overrides, ThresholdKey, ThresholdSet, ThresholdValue};

/// Steps of a sweep unless said otherwise.
const STEPS: u32 = 5;
/// Steps of a sweep at the most: each compares the whole fleet once.
const STEPS_MAX: u32 = 100;
/// From this ratio of its ends on a sweep goes in equal ratios rather than in equal differences.
const RATIO_MIN: f64 = 20.0;

/// Where a setting holds.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    Global,
    Platform(Platform),
    Role(Box<str>),
    App(Box<str>),
}

/// One threshold with its value.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    place: Place,
    key: ThresholdKey,
    value: ThresholdValue,
    name: String,
}

impl Setting {
    /// Reads `key=value`, `platforms.NAME.key=value`, `roles.NAME.key=value` or `apps.ID.key=value`.
    ///
    /// # Errors
    /// What is wrong, with the nearest key.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (path, value) = text.split_once('=').ok_or("not KEY=VALUE")?;
        let (path, value) = (path.trim(), value.trim());
        if path.chars().chain(value.chars()).any(|c| c.is_control() || matches!(c, '"' | '\\')) {
            return Err("not KEY=VALUE".to_owned());
        }
        let (scope, key) = path.rsplit_once('.').map_or((None, path), |(scope, key)| (Some(scope), key));
        let section = scope.map(|scope| scope.split_once('.').unwrap_or((scope, "")));
        let document = match section {
            None => format!("{key}: {value}\n"),
            Some((section, name)) => format!("\"{section}\":\n  \"{name}\":\n    {key}: {value}\n"),
        };
        let config = parse_config(document.as_bytes()).map_err(|problems| {
            problems.into_iter().map(|problem| problem.text).collect::<Vec<_>>().join("; ")
        })?;
        let key = ThresholdKey::from_name(key).ok_or_else(|| format!("`{key}` is no threshold"))?;
        let set = config.thresholds;
        let scoped = |overrides: Option<&Overrides>| overrides.and_then(|found| found.get(&key)).cloned();
        let found = match section {
            None => Some((Place::Global, set.global.get(key))),
            Some(("platforms", name)) => {
                let platform = Platform::from_name(name);
                scoped(set.platforms.get(&platform)).map(|value| (Place::Platform(platform), value))
            }
            Some(("roles", name)) => {
                scoped(set.roles.get(name)).map(|value| (Place::Role(name.into()), value))
            }
            Some((_, name)) => scoped(set.apps.get(name)).map(|value| (Place::App(name.into()), value)),
        };
        let (place, value) = found.ok_or_else(|| format!("`{path}` is no threshold"))?;
        Ok(Self { place, key, value, name: path.to_owned() })
    }

    /// Sets it in a set of thresholds.
    pub fn apply(&self, set: &mut ThresholdSet) {
        let overrides = match &self.place {
            Place::Global => {
                set.global.set(self.key, &self.value);
                return;
            }
            Place::Platform(platform) => set.platforms.entry(*platform).or_default(),
            Place::Role(role) => set.roles.entry(role.clone()).or_default(),
            Place::App(app) => set.apps.entry(app.clone()).or_default(),
        };
        overrides.insert(self.key, self.value.clone());
    }

    /// The key, with its scope, as typed.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Which threshold.
    pub fn key(&self) -> ThresholdKey {
        self.key
    }

    /// The value in words.
    pub fn shown(&self) -> String {
        match &self.value {
            ThresholdValue::Number(number) => number.to_string(),
            ThresholdValue::Secs(secs) => secs.to_string(),
            ThresholdValue::Flag(flag) => flag.to_string(),
            ThresholdValue::Addresses(all) => {
                format!("[{}]", all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// Reads `key=a..b` or `key=a..b:steps`: a setting for each step, ends included. Ends that lie far apart are gone
/// through in equal ratios.
///
/// # Errors
/// What is wrong.
pub fn parse_sweep(text: &str) -> Result<Vec<Setting>, String> {
    let wrong = || "not KEY=FROM..TO or KEY=FROM..TO:STEPS".to_owned();
    let (path, range) = text.split_once('=').ok_or_else(wrong)?;
    let (ends, steps) = range.split_once(':').map_or((range, None), |(ends, steps)| (ends, Some(steps)));
    let (from, to) = ends.split_once("..").ok_or_else(wrong)?;
    let number = |text: &str| text.trim().parse::<f64>().ok().filter(|n| n.is_finite()).ok_or_else(wrong);
    let (from, to) = (number(from)?, number(to)?);
    let steps =
        steps.map_or(Ok(STEPS), |steps| steps.trim().parse::<u32>().map_err(|_not_a_number| wrong()))?;
    if !(2..=STEPS_MAX).contains(&steps) {
        return Err(format!("a sweep has 2 to {STEPS_MAX} steps"));
    }
    // The first end says whether the key is one that can be swept; its kind whether values are whole.
    let first = Setting::parse(&format!("{path}={from}"))?;
    let is_whole = match first.key.kind() {
        Kind::Number { .. } => false,
        Kind::Secs { .. } => true,
        Kind::Flag | Kind::Addresses => return Err(format!("`{path}` is no number")),
    };
    let is_by_ratio = from > 0.0 && to / from >= RATIO_MIN;
    let values = (0..steps).map(|step| {
        let share = f64::from(step) / f64::from(steps - 1);
        let value = if step + 1 == steps {
            to
        } else if is_by_ratio {
            from * (to / from).powf(share)
        } else {
            from + (to - from) * share
        };
        if is_whole { value.round() } else { tidy(value) }
    });
    values.map(|value| Setting::parse(&format!("{path}={value}"))).collect()
}

/// Four significant digits: what a person would have typed.
fn tidy(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_read_like_a_line_of_the_file() {
        let mut set = ThresholdSet::default();
        for text in [
            "destination_rarity_threshold=0.05",
            "platforms.ios.cadence_anomaly_threshold = 0.001",
            "roles.weather.connection_frequency_threshold=8",
            "apps.com.example.a.foreground_state_required=false",
        ] {
            Setting::parse(text).unwrap().apply(&mut set);
        }
        let same = parse_config(
            b"destination_rarity_threshold: 0.05\nplatforms: {ios: {cadence_anomaly_threshold: 0.001}}\n\
              roles: {weather: {connection_frequency_threshold: 8}}\n\
              apps: {com.example.a: {foreground_state_required: false}}\n",
        );
        assert_eq!(set, same.unwrap().thresholds);
    }

    #[test]
    fn what_is_no_setting_says_why() {
        for (text, why) in [
            ("destination_rarity=0.05", "did you mean `destination_rarity_threshold`?"),
            ("destination_rarity_threshold=2", "a number from 0 to 1"),
            ("role.weather.connection_frequency_threshold=8", "did you mean `roles`?"),
            ("roles.weather.alert_budget_per_1000_device_days=8", "whole fleet"),
            ("destination_rarity_threshold", "not KEY=VALUE"),
            ("app_network_role_baseline={}", "is no threshold"),
            ("platforms.symbian.cadence_anomaly_threshold=0.1", "unknown platform"),
        ] {
            let said = Setting::parse(text).unwrap_err();
            assert!(said.contains(why), "{text}: {said}");
        }
    }

    #[test]
    fn a_sweep_goes_from_end_to_end() {
        let values =
            |text: &str| -> Vec<String> { parse_sweep(text).unwrap().iter().map(Setting::shown).collect() };
        assert_eq!(values("payload_symmetry_threshold=0.1..0.5"), ["0.1", "0.2", "0.3", "0.4", "0.5"]);
        assert_eq!(values("alert_budget_per_1000_device_days=0.1..10:3"), ["0.1", "1", "10"]);
        assert_eq!(values("recent_user_interaction_window_secs=10..60:3"), ["10", "35", "60"]);
        for text in [
            "payload_symmetry_threshold=0.1",
            "payload_symmetry_threshold=0..1:1",
            "x=1..2",
            "foreground_state_required=0..1",
            "payload_symmetry_threshold=0.5..2",
        ] {
            assert!(parse_sweep(text).is_err(), "{text}");
        }
    }
}

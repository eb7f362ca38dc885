//! What people configured: files read whole, every problem of all of them reported at once.

use super::{ScanError, ScanOptions};
use crate::telemetry::Roles;
use std::collections::BTreeSet;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use undertone_core::baseline::{Declared, Learned};
use undertone_core::finding::Suppression;
use undertone_core::model::{Network, Platform};
use undertone_core::roles::shipped_roles;
use undertone_core::thresholds::{Scope, ThresholdSet};
use undertone_wire::config::{AppRoles, CONFIG_BYTES_MAX, Config, Problem, hint, parse_apps, parse_config};
use undertone_wire::learned::{LEARNED_BYTES_MAX, parse_learned};
use undertone_wire::suppress::parse_suppressions;

/// The configuration of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pub(super) thresholds: ThresholdSet,
    pub(super) declared: Declared,
    /// Roles that the user declares.
    pub(super) roles: Roles,
    pub(super) learned: Option<Learned>,
    /// Networks that are inside besides the private ones.
    pub(super) internal: Vec<Network>,
}

impl Settings {
    /// Reads the files that the options name.
    pub(super) fn read(options: &ScanOptions) -> Result<Self, ScanError> {
        let mut problems = Vec::new();
        let mut settings = Self { internal: options.internal.clone(), ..Self::default() };
        if let Some(Config { thresholds, declared }) =
            take(options.config.as_deref(), read_config, &mut problems)
        {
            settings.thresholds = thresholds;
            settings.declared = declared;
        }
        if let Some(roles) = take(options.apps.as_deref(), read_apps, &mut problems) {
            settings.roles = Roles::declared(roles);
        }
        settings.learned = take(options.baseline.as_deref(), read_learned, &mut problems);
        if problems.is_empty() { Ok(settings) } else { Err(ScanError::Config(problems)) }
    }

    /// Roles for which something is set and that no app can have: any text may be a role of telemetry, so that only the
    /// inputs tell. `seen` holds the roles that telemetry says.
    pub(super) fn role_notes(&self, seen: &Roles) -> Vec<String> {
        let Declared { services, destinations, .. } = &self.declared;
        let named = services.roles.keys().chain(destinations.roles.keys());
        let named: BTreeSet<&str> = named.chain(self.thresholds.roles.keys()).map(AsRef::as_ref).collect();
        let known = shipped_roles();
        let is_lost = |role: &&str| !known.contains(role) && !seen.has(role) && !self.roles.has(role);
        let note = |role: &str| {
            let hint = hint(role, known.iter().copied());
            format!("the configuration sets something for the role `{role}`, which no app here has{hint}")
        };
        named.into_iter().filter(is_lost).map(note).collect()
    }

    /// How long a person's touch explains an app's traffic, seconds. `phone` holds the roles that the phone says.
    pub(super) fn interaction_window_secs(
        &self,
        platform: Platform,
        phone: &Roles,
        app: Option<&str>,
    ) -> u32 {
        if self.thresholds.is_uniform() {
            return self.thresholds.global.recent_user_interaction_window_secs;
        }
        let role = self.roles.role_beside(phone, app);
        self.thresholds.interaction_window_secs(Scope { platform, role, app })
    }
}

fn take<T>(
    path: Option<&Path>,
    read: fn(&Path) -> Result<T, Vec<String>>,
    problems: &mut Vec<String>,
) -> Option<T> {
    read(path?).map_err(|found| problems.extend(found)).ok()
}

/// Reads thresholds and declared baselines.
///
/// # Errors
/// Every problem, each as `FILE:LINE: text`.
pub fn read_config(path: &Path) -> Result<Config, Vec<String>> {
    read(path, CONFIG_BYTES_MAX, parse_config)
}

/// Reads the roles of apps.
///
/// # Errors
/// Every problem, each as `FILE:LINE: text`.
pub fn read_apps(path: &Path) -> Result<AppRoles, Vec<String>> {
    read(path, CONFIG_BYTES_MAX, parse_apps)
}

/// Reads a learned baseline.
///
/// # Errors
/// Every problem, each as `FILE:LINE: text`.
pub fn read_learned(path: &Path) -> Result<Learned, Vec<String>> {
    read(path, LEARNED_BYTES_MAX, parse_learned)
}

/// Reads suppressions.
///
/// # Errors
/// Every problem, each as `FILE:LINE: text`.
pub fn read_suppressions(path: &Path) -> Result<Vec<Suppression>, Vec<String>> {
    let placed = read(path, CONFIG_BYTES_MAX, parse_suppressions)?;
    Ok(placed.into_iter().map(|placed| placed.record).collect())
}

fn read<T>(path: &Path, most: usize, parse: fn(&[u8]) -> Result<T, Vec<Problem>>) -> Result<T, Vec<String>> {
    let name = path.display();
    let mut bytes = Vec::new();
    // One byte more than allowed, so that the parser sees that it is too much.
    File::open(path)
        .and_then(|file| file.take(most as u64 + 1).read_to_end(&mut bytes))
        .map_err(|error| vec![format!("cannot read `{name}`: {error}")])?;
    parse(&bytes).map_err(|problems| {
        problems.into_iter().map(|problem| format!("{name}:{}: {}", problem.line, problem.text)).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_that_no_app_has_is_told() {
        let text = "roles: {nosuchrole: {payload_entropy_threshold: 4}, wether: {}, weather: {}, ours: {}}\n\
                    app_network_role_baseline:\n  roles: {games: [example.com], gmaes: [example.com]}\n";
        let Config { thresholds, declared } = parse_config(text.as_bytes()).unwrap();
        let roles = Roles::declared([("com.a".into(), "ours".into())].into());
        let settings = Settings { thresholds, declared, roles, ..Settings::default() };
        let told = settings.role_notes(&Roles::default());
        let of = |role: &str, hint: &str| {
            format!("the configuration sets something for the role `{role}`, which no app here has{hint}")
        };
        let expected = [
            of("gmaes", "; did you mean `games`?"),
            of("nosuchrole", ""),
            of("wether", "; did you mean `weather`?"),
        ];
        assert_eq!(told, expected);
        let seen = Roles::declared([("com.b".into(), "nosuchrole".into())].into());
        assert_eq!(settings.role_notes(&seen).len(), 2);
    }
}

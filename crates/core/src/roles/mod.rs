//! Roles (app categories): what an app is for, as far as its package name or bundle id is well known.

mod shipped;

use std::collections::BTreeSet;

/// Role of a series whose app is unknown.
pub const ROLE_UNKNOWN: &str = "network_only";

/// The shipped maps; no id is in both.
const MAPS: [&[(&str, &str)]; 2] = [shipped::android::ROLES, shipped::ios::ROLES];

/// The shipped role of a well-known package or bundle id; `None` for any other.
pub fn shipped_role(app: &str) -> Option<&'static str> {
    MAPS.into_iter().find_map(|roles| {
        let at = roles.binary_search_by(|(known, _)| (*known).cmp(app)).ok()?;
        roles.get(at).map(|(_, role)| *role)
    })
}

/// Every role of the shipped maps, in order, and those of apps that are not known.
pub fn shipped_roles() -> BTreeSet<&'static str> {
    let mapped = MAPS.into_iter().flatten().map(|(_, role)| *role);
    mapped.chain([ROLE_UNKNOWN, "unknown"]).collect()
}

/// Whether an id is that of a system component which carries other apps' traffic (push, downloads, background
/// transfers, name look-ups): what it sends says nothing of any one app, and the app's own session seconds after
/// a push is what counts.
pub fn is_shared_carrier(app: &str) -> bool {
    shipped::SHARED_CARRIERS.binary_search(&app).is_ok()
}

/// Whether an app is made to talk to a server of one's own.
pub fn is_self_hosted(app: &str) -> bool {
    shipped::SELF_HOSTED.binary_search(&app).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_map_is_sorted_for_look_up() {
        for roles in MAPS {
            assert!(roles.is_sorted_by(|(a, _), (b, _)| a < b));
        }
        assert!(shipped::SHARED_CARRIERS.is_sorted_by(|a, b| a < b));
        assert!(shipped::SELF_HOSTED.is_sorted_by(|a, b| a < b));
        assert!(is_self_hosted("org.traccar.client") && !is_self_hosted("com.example.torch"));
        let [android, ios] = MAPS;
        assert!(android.len() + ios.len() >= 250);
        assert!(!android.iter().any(|(app, _)| ios.iter().any(|(other, _)| app == other)));
        for (app, role) in [
            ("com.whatsapp", Some("communication")),
            ("com.apple.mobilesafari", Some("browser")),
            ("io.homeassistant.companion.android", Some("house_home")),
            ("com.google.android.gms", Some("system")),
            ("com.example.torch", None),
            ("com.whatsap", None),
        ] {
            assert_eq!(shipped_role(app), role, "{app}");
        }
    }

    #[test]
    fn ids_and_roles_are_plain_words() {
        for (app, role) in MAPS.into_iter().flatten() {
            let is_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
            assert!(app.chars().all(is_id), "{app}");
            assert!(role.chars().all(|c| c.is_ascii_lowercase() || c == '_'), "{app}: {role}");
        }
    }

    #[test]
    fn shared_carriers_are_parts_of_the_system() {
        for app in shipped::SHARED_CARRIERS {
            assert_eq!(shipped_role(app), Some("system"), "{app}");
        }
        assert!(is_shared_carrier("com.google.android.gms") && is_shared_carrier("nsurlsessiond"));
        assert!(!is_shared_carrier("com.whatsapp") && !is_shared_carrier("com.google.android.gmsx"));
    }
}

//! Roles (app categories): what an app is for, as far as its package name or bundle id is well known.

mod shipped;

/// Role of a series whose app is unknown.
pub const ROLE_UNKNOWN: &str = "network_only";

/// The shipped role of a well-known package or bundle id; `None` for any other.
pub fn shipped_role(app: &str) -> Option<&'static str> {
    let at = shipped::ROLES.binary_search_by(|(known, _)| (*known).cmp(app)).ok()?;
    shipped::ROLES.get(at).map(|(_, role)| *role)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_map_is_sorted_for_look_up() {
        assert!(shipped::ROLES.is_sorted_by(|(a, _), (b, _)| a < b));
        assert_eq!(shipped_role("com.whatsapp"), Some("communication"));
        assert_eq!(shipped_role("com.example.torch"), None);
    }
}

//! What people declare to be normal; it overrides what was learned.

use crate::series::{Destination, Service};
use std::collections::{BTreeMap, BTreeSet};

/// Something declared for apps and for roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declarations<T> {
    /// By package name or bundle id.
    pub apps: BTreeMap<Box<str>, BTreeSet<T>>,
    /// By role.
    pub roles: BTreeMap<Box<str>, BTreeSet<T>>,
}

impl<T> Default for Declarations<T> {
    fn default() -> Self {
        Self { apps: BTreeMap::new(), roles: BTreeMap::new() }
    }
}

/// Declared baselines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Declared {
    /// `AppNetworkBehaviorBaseline`: the services that an app or a role uses.
    pub services: Declarations<Service>,
    /// `AppNetworkRoleBaseline`: where an app or a role goes. Never complete, so going elsewhere says nothing.
    pub destinations: Declarations<Destination>,
}

impl Declared {
    /// The services declared for an app, else for its role; `None` where neither is.
    pub fn services_of(&self, app: Option<&str>, role: &str) -> Option<&BTreeSet<Service>> {
        app.and_then(|app| self.services.apps.get(app)).or_else(|| self.services.roles.get(role))
    }

    /// Who is declared to go to a destination: the app or its role; `None` where neither is.
    pub fn expects<'s>(
        &self,
        app: Option<&'s str>,
        role: &'s str,
        destination: &Destination,
    ) -> Option<&'s str> {
        let goes = |of: &BTreeMap<Box<str>, BTreeSet<Destination>>, name: &str| {
            of.get(name).is_some_and(|there| there.contains(destination))
        };
        app.filter(|app| goes(&self.destinations.apps, app))
            .or_else(|| Some(role).filter(|role| goes(&self.destinations.roles, role)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_apps_services_override_its_roles_and_destinations_add_up() {
        let mut declared = Declared::default();
        declared.services.roles.insert("tools".into(), BTreeSet::from([Service::Tls]));
        declared.services.apps.insert("a".into(), BTreeSet::from([Service::Mqtt]));
        let services = |app, role| declared.services_of(app, role).map(|s| s.iter().copied().collect());
        assert_eq!(services(Some("a"), "tools"), Some(vec![Service::Mqtt]));
        assert_eq!(services(Some("b"), "tools"), Some(vec![Service::Tls]));
        assert_eq!(services(None, "games"), None);
        let domain = |name: &str| Destination::Domain(name.into());
        declared.destinations.roles.insert("tools".into(), BTreeSet::from([domain("r.example")]));
        declared.destinations.apps.insert("a".into(), BTreeSet::from([domain("a.example")]));
        assert_eq!(declared.expects(Some("a"), "tools", &domain("a.example")), Some("a"));
        assert_eq!(declared.expects(Some("a"), "tools", &domain("r.example")), Some("tools"));
        assert_eq!(declared.expects(Some("b"), "tools", &domain("a.example")), None);
    }
}

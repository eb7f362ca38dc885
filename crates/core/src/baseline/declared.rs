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

/// What is declared of one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict<'s> {
    /// It is on the list of the app or role of this name.
    Declared(&'s str),
    /// It is not, and the list of this name is said to be complete.
    Outside(&'s str),
}

/// Declared baselines.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Declared {
    /// `AppNetworkBehaviorBaseline`: the services that an app or a role uses.
    pub services: Declarations<Service>,
    /// `AppNetworkRoleBaseline`: where an app or a role goes. Seldom complete, so going elsewhere says nothing, unless
    /// the list is said to be complete.
    pub destinations: Declarations<Destination>,
    /// Apps whose destinations are all listed.
    pub complete_apps: BTreeSet<Box<str>>,
    /// Roles whose destinations are all listed.
    pub complete_roles: BTreeSet<Box<str>>,
}

impl Declared {
    /// The services declared for an app, else for its role; `None` where neither is.
    pub fn services_of(&self, app: Option<&str>, role: &str) -> Option<&BTreeSet<Service>> {
        app.and_then(|app| self.services.apps.get(app)).or_else(|| self.services.roles.get(role))
    }

    /// What the lists say of a destination; `None` where they say nothing. An app whose own list is complete is not
    /// excused by its role's.
    pub fn destination<'s>(
        &'s self,
        app: Option<&'s str>,
        role: &'s str,
        destination: &Destination,
    ) -> Option<Verdict<'s>> {
        let is_own_complete = app.is_some_and(|app| self.complete_apps.contains(app));
        let expected_by = if is_own_complete {
            app.filter(|app| self.destinations.apps.get(*app).is_some_and(|own| own.contains(destination)))
        } else {
            self.expects(app, role, destination)
        };
        match expected_by {
            Some(name) => Some(Verdict::Declared(name)),
            None if is_own_complete => app.map(Verdict::Outside),
            // A role's list is for its apps at large; an app with a list of its own is beyond it.
            None => (self.complete_roles.contains(role)
                && !app.is_some_and(|app| self.destinations.apps.contains_key(app)))
            .then_some(Verdict::Outside(role)),
        }
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

    #[test]
    fn only_a_complete_list_speaks_against_what_is_not_on_it() {
        let domain = |name: &str| Destination::Domain(name.into());
        let mut declared = Declared::default();
        declared.destinations.roles.insert("tools".into(), BTreeSet::from([domain("r.example")]));
        declared.destinations.apps.insert("a".into(), BTreeSet::from([domain("a.example")]));
        let ask = |declared: &Declared, app, name: &str| {
            declared.destination(app, "tools", &domain(name)).map(|verdict| match verdict {
                Verdict::Declared(by) => format!("declared {by}"),
                Verdict::Outside(by) => format!("outside {by}"),
            })
        };
        assert_eq!(ask(&declared, Some("a"), "x.example"), None);
        assert_eq!(ask(&declared, Some("a"), "r.example").as_deref(), Some("declared tools"));
        declared.complete_roles.insert("tools".into());
        assert_eq!(ask(&declared, Some("b"), "x.example").as_deref(), Some("outside tools"));
        assert_eq!(ask(&declared, Some("a"), "x.example"), None, "its own list is not complete");
        declared.complete_apps.insert("a".into());
        assert_eq!(ask(&declared, Some("a"), "x.example").as_deref(), Some("outside a"));
        assert_eq!(ask(&declared, Some("a"), "r.example").as_deref(), Some("outside a"));
        assert_eq!(ask(&declared, Some("a"), "a.example").as_deref(), Some("declared a"));
        assert_eq!(ask(&declared, None, "x.example").as_deref(), Some("outside tools"));
    }
}

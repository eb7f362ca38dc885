//! Stacks that an app uses elsewhere, and nowhere else.

use super::super::testing::Scene;
use super::*;
use crate::device::DeviceReport;
use crate::series::Service;

/// Forty phones, `with_app` of which show `com.a` with okhttp; the first shows it with `own`, too.
fn scene(with_app: usize, own: &str) -> Scene {
    let mut scene = Scene::over(Service::Tls);
    for phone in 0..40 {
        let mut app_stacks = Vec::new();
        if phone < with_app {
            app_stacks.push(("com.a".into(), "okhttp".into()));
        }
        if phone == 0 {
            app_stacks.push(("com.a".into(), own.into()));
            app_stacks.sort();
            app_stacks.dedup();
        }
        scene.baseline.add_device(&DeviceReport { app_stacks, ..DeviceReport::default() });
    }
    scene
}

#[test]
fn a_stack_that_the_app_uses_nowhere_else_is_foreign() {
    let mut scene = scene(20, "go-net");
    scene.profile.stacks.add("go-net".into());
    let found = weigh(&scene.case());
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].element, Some(Element::AppNetworkBehaviorBaseline));
    assert_eq!(found[0].baseline_n, Some(19));
    assert!((found[0].weight_bans - 0.5).abs() < 1e-12, "capped");
}

#[test]
fn the_apps_own_stack_and_an_app_of_few_phones_say_nothing() {
    let mut own = scene(20, "okhttp");
    own.profile.stacks.add("okhttp".into());
    assert!(weigh(&own.case()).is_empty());
    let mut few = scene(10, "go-net");
    few.profile.stacks.add("go-net".into());
    assert!(weigh(&few.case()).is_empty(), "nine other phones");
    let mut unknown = scene(20, "go-net");
    unknown.profile.stacks.add("go-net".into());
    unknown.key.app = None;
    assert!(weigh(&unknown.case()).is_empty());
}

//! Networking stack: TLS fingerprint, user agent and library against the fleet, and against what the app uses on other
//! phones (an uncommon stack, DC0021).

use super::words::percent;
use super::{Case, bans_of, plain};
use crate::attack::Element;
use crate::baseline::PeerFeature;
use crate::evidence::{Evidence, EvidenceKind};

/// A stack that hardly any other phone has: beside a rare destination it says half as much as alone (see [`super`]).
const CAP_BANS: f64 = 0.5;
/// Other phones that must show an app's stacks for them to be known.
const APP_DEVICES_MIN: u32 = 10;
/// A stack that is foreign to the app at the most: measured on a simulated fleet (80 phones, seed 21), a full ban let
/// a third more rare honest senders alert.
const FOREIGN_CAP_BANS: f64 = 0.5;
/// User agents of programs rather than apps or browsers.
const TOOL_AGENTS: [&str; 8] =
    ["curl", "python", "wget", "go-http-client", "java", "libwww-perl", "powershell", "winhttp"];

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    // Both see the same stack: the stronger counts.
    let stack = rare(case).into_iter().chain(foreign(case));
    let stack = stack.max_by(|a, b| a.weight_bans.total_cmp(&b.weight_bans));
    stack.into_iter().chain(tool(case)).collect()
}

/// A stack that the app uses on no other phone: code that is not the app's own. An update reaches phones one after
/// the other, so a first phone says little where few have the app.
fn foreign(case: &Case<'_>) -> Option<Evidence> {
    let app = case.key.app.as_deref()?;
    if !case.baseline.is_fleet() {
        return None;
    }
    let profile = case.profile;
    let fingerprint = profile.fingerprints.top().map(|(stack, _)| stack.as_ref());
    let agent = profile.user_agents.top().map(|(stack, _)| stack.as_ref());
    let library = profile.stacks.top().map(|(stack, _)| stack.as_ref());
    let candidates = [fingerprint, agent, library].into_iter().flatten();
    let unused = candidates.filter_map(|stack| {
        let (using, known) = case.baseline.others_using(app, stack);
        (using == 0 && known >= APP_DEVICES_MIN).then_some((stack, known))
    });
    let (stack, known) = unused.max_by_key(|(_, known)| *known)?;
    let text = format!("{app} uses this networking stack ({stack}) on none of the {known} other phones");
    Some(Evidence {
        observed: Some(0.0),
        unit: "devices",
        baseline: Some(f64::from(known)),
        baseline_n: Some(u64::from(known)),
        ..plain(
            EvidenceKind::Stack,
            Some(Element::AppNetworkBehaviorBaseline),
            ((f64::from(known) + 1.0).log10() - 0.5).min(FOREIGN_CAP_BANS),
            text,
        )
    })
}

fn rare(case: &Case<'_>) -> Option<Evidence> {
    let share = case.features.stack_share?;
    let surprise = case.surprise(PeerFeature::Stack, share, true)?;
    if share > case.thresholds.destination_rarity_threshold {
        return None;
    }
    let (stack, _) = case.profile.fingerprints.top().or_else(|| case.profile.user_agents.top())?;
    let text = format!("its networking stack ({stack}) is on {} of the other devices", percent(share));
    Some(Evidence {
        observed: Some(share),
        unit: "share_of_devices",
        baseline: surprise.median,
        baseline_n: Some(surprise.peers),
        p_value: Some(surprise.p_value),
        ..plain(EvidenceKind::Stack, None, bans_of(&surprise, CAP_BANS), text)
    })
}

fn tool(case: &Case<'_>) -> Option<Evidence> {
    let (agent, _) = case.profile.user_agents.top()?;
    let lower = agent.to_ascii_lowercase();
    TOOL_AGENTS.iter().any(|tool| lower.starts_with(tool)).then(|| {
        plain(
            EvidenceKind::Stack,
            None,
            0.4,
            format!("it calls itself {agent}: a program, not an app or a browser"),
        )
    })
}

#[cfg(test)]
mod tests;

//! Networking stack: TLS fingerprint and user agent against the fleet.

use super::words::percent;
use super::{Case, bans_of, plain};
use crate::baseline::PeerFeature;
use crate::evidence::{Evidence, EvidenceKind};

const CAP_BANS: f64 = 1.0;
/// User agents of programs rather than apps or browsers.
const TOOL_AGENTS: [&str; 8] =
    ["curl", "python", "wget", "go-http-client", "java", "libwww-perl", "powershell", "winhttp"];

pub(super) fn weigh(case: &Case<'_>) -> Vec<Evidence> {
    rare(case).into_iter().chain(tool(case)).collect()
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

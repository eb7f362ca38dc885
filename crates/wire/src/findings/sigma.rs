//! Sigma 2.1 rules that match our alerts once a SIEM holds them as JSON Lines.
//!
//! Sigma cannot express the detection itself (no gaps between events, no baseline), so the rules are a bridge to
//! tools that raise alerts from Sigma rules alone. They do not depend on the findings. There are two, since a rule has
//! one level: every alert matches one of them.

use std::io::{self, Write};

/// A rule for the alerts of some severities; its id was made once, at random.
struct Rule {
    id: &'static str,
    severities: &'static [&'static str],
    level: &'static str,
}

const RULES: [Rule; 2] = [
    Rule { id: "0e5f6b1c-3a84-4c1d-9d0b-7f4c2a9e6d15", severities: &["high", "critical"], level: "high" },
    Rule { id: "f7479a9f-4e33-4f91-8549-2dfbb1891eaa", severities: &["medium"], level: "medium" },
];

/// Writes the rules, as two documents of one file.
///
/// # Errors
/// The output's error.
pub fn write_sigma<W: Write>(mut out: W) -> io::Result<()> {
    for (number, rule) in RULES.iter().enumerate() {
        if number > 0 {
            writeln!(out, "---")?;
        }
        write_rule(&mut out, rule)?;
    }
    Ok(())
}

fn write_rule<W: Write>(out: &mut W, rule: &Rule) -> io::Result<()> {
    let Rule { id, severities, level } = rule;
    let severities = severities.join("\n      - ");
    write!(
        out,
        "\
title: Command And Control Under App Traffic Of A Mobile Device ({level})
id: {id}
status: experimental
description: undertone found a series of connections of a phone that looks like command and control.
references:
  - https://attack.mitre.org/detectionstrategies/DET0685/
  - https://attack.mitre.org/detectionstrategies/DET0620/
author: undertone
date: 2026-11-23
tags:
  - attack.command-and-control
  - attack.t1437
  - attack.t1437.001
logsource:
  product: undertone
  service: findings
detection:
  alert:
    schema_version: 1
    alert: true
  severe:
    severity:
      - {severities}
  condition: alert and severe
fields:
  - id
  - device.id
  - app.id
  - destination.name
  - score
falsepositives:
  - Self-hosted services and regional apps that poll by the clock
level: {level}
"
    )
}

//! A Sigma 2.1 rule that matches our alerts once a SIEM holds them as JSON Lines.
//!
//! Sigma cannot express the detection itself (no gaps between events, no baseline), so the rule is a bridge to
//! tools that raise alerts from Sigma rules alone. It does not depend on the findings.

use std::io::{self, Write};

/// The rule; its id was made once, at random.
const RULE: &str = "\
title: Command And Control Under App Traffic Of A Mobile Device
id: 0e5f6b1c-3a84-4c1d-9d0b-7f4c2a9e6d15
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
      - high
      - critical
  condition: alert and severe
fields:
  - id
  - device.id
  - app.id
  - destination.name
  - score
falsepositives:
  - Self-hosted services and regional apps that poll by the clock
level: high
";

/// Writes the rule.
///
/// # Errors
/// The output's error.
pub fn write_sigma<W: Write>(mut out: W) -> io::Result<()> {
    out.write_all(RULE.as_bytes())
}

//! What did not fit into `--memory`, said by the findings that may be different for it.

use super::fleet::Fleet;
use std::collections::BTreeMap;
use undertone_core::finding::Finding;

/// Adds to the limits of each finding what was left out of its phone, and of what it was compared with.
pub(super) fn tell(findings: &mut [Finding], fleet: &Fleet) {
    let devices = fleet.devices.iter().filter(|device| device.left_out > 0);
    let short: BTreeMap<&str, u64> = devices.map(|device| (device.id.as_str(), device.left_out)).collect();
    let totals = &fleet.totals;
    let is_compared_in_part = totals.folded + totals.unmarked > 0;
    for finding in findings {
        if let Some(count) = short.get(finding.device.id.as_str()) {
            finding.limits.push(format!(
                "memory: {count} records of this phone are left out, so that counts and rhythm are those of the others; \
                 --memory gives more room"
            ));
        }
        if is_compared_in_part {
            finding.limits.push(
                "memory: not compared with all that other phones reach; --memory gives more room".to_owned(),
            );
        }
    }
}

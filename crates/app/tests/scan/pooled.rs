//! A rhythm that no phone alone has check-ins enough to show.

use crate::support::{Dice, Logs, START_SECS, Visit, phone_addr, scan_folder};
use undertone_core::finding::Finding;

/// Enough that four phones are few of them.
const PHONES: u32 = 120;
const VICTIMS: [u32; 4] = [3, 40, 77, 119];
const PLACE: &str = "example.com";

/// Some phones go to one place, after waits that `wait` draws.
fn fleet(mut wait: impl FnMut(&mut Dice) -> f64) -> Vec<Finding> {
    let mut logs = Logs::people(PHONES);
    let host = format!("api.{PLACE}");
    for phone in VICTIMS {
        let mut dice = Dice::new(u64::from(phone) + 9);
        logs.visits(START_SECS + 4000.0 * dice.share(), |number, at| {
            let visit = Visit {
                uid: format!("C{phone}v{number}"),
                at,
                phone,
                resp: "198.51.100.78",
                host: &host,
                secs: 0.5,
                bytes: (320, 650),
            };
            (visit, wait(&mut dice))
        });
    }
    let mut findings = scan_folder(logs.folder().path()).findings;
    findings.retain(|finding| finding.destination.domain.as_deref() == Some(PLACE));
    findings
}

fn tells_of_all(finding: &Finding) -> bool {
    finding.evidence.iter().any(|item| item.text.contains("check-ins of 4 phones"))
}

#[test]
fn six_check_ins_on_each_of_four_phones_are_a_rhythm_of_all() {
    let findings = fleet(|dice| 4800.0 * (0.9 + 0.2 * dice.share()));
    let mut phones: Vec<&str> = findings.iter().map(|finding| finding.device.id.as_str()).collect();
    phones.sort_unstable();
    let mut victims: Vec<String> = VICTIMS.into_iter().map(phone_addr).collect();
    victims.sort_unstable();
    assert_eq!(phones, victims);
    assert!(findings.iter().all(tells_of_all), "{findings:#?}");
    assert!(findings.iter().all(|finding| finding.weight_bans > 4.0));
}

#[test]
fn visits_at_any_time_are_none() {
    let findings = fleet(|dice| dice.wait(4800.0));
    assert!(!findings.iter().any(tells_of_all), "{findings:#?}");
}

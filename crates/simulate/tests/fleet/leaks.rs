//! No single property of a connection may belong to implants alone: a rule "this fingerprint, port, agent, query
//! type, service, stack or size means an implant" must miss at least four fifths of them.

use crate::support::{Row, fleet};
use std::collections::{BTreeMap, BTreeSet};
use undertone_simulate::FleetOptions;

/// Who may have sent a row: an implant by number, or honest software.
type Sender = Option<usize>;

/// Values of each property: which implants show it, and whether honest software does.
#[derive(Default)]
struct Properties(BTreeMap<(&'static str, String), (BTreeSet<usize>, bool)>);

impl Properties {
    fn add(&mut self, property: &'static str, value: impl Into<String>, sender: Sender) {
        let entry = self.0.entry((property, value.into())).or_default();
        match sender {
            Some(implant) => {
                entry.0.insert(implant);
            }
            None => entry.1 = true,
        }
    }

    /// Implants that some value of a property gives away, per property.
    fn leaks(&self) -> BTreeMap<&'static str, (BTreeSet<usize>, Vec<&str>)> {
        let mut out: BTreeMap<_, (BTreeSet<usize>, Vec<&str>)> = BTreeMap::new();
        for ((property, value), (implants, honest)) in &self.0 {
            let entry = out.entry(*property).or_default();
            if !honest {
                entry.0.extend(implants);
                entry.1.push(value);
            }
        }
        out
    }
}

/// Size class: an eighth of a power of two.
fn bucket(number: &str) -> String {
    number.parse::<f64>().map_or("-".to_owned(), |n| ((n + 1.0).log2() * 4.0).floor().to_string())
}

fn conn(all: &mut Properties, row: &Row<'_>, sender: Sender) {
    all.add("port", row.get("id.resp_p"), sender);
    all.add("service", row.get("service"), sender);
    all.add("port and service", format!("{} {}", row.get("id.resp_p"), row.get("service")), sender);
    all.add("state", format!("{} {}", row.get("conn_state"), row.get("history")), sender);
    all.add("sent", bucket(row.get("orig_bytes")), sender);
    all.add("received", bucket(row.get("resp_bytes")), sender);
    all.add("duration", bucket(row.get("duration")), sender);
}

fn ssl(all: &mut Properties, row: &Row<'_>, sender: Sender) {
    for field in
        ["ja3", "ja4", "version", "cipher", "next_protocol", "validation_status", "ssl_history", "resumed"]
    {
        all.add(field, row.get(field), sender);
    }
    all.add("sni", (row.get("server_name") == "-").to_string(), sender);
    all.add("top-level domain", row.get("server_name").rsplit('.').next().unwrap(), sender);
    all.add(
        "issuer",
        if row.get("issuer") == row.get("subject") { "self" } else { row.get("issuer") },
        sender,
    );
}

fn http(all: &mut Properties, row: &Row<'_>, sender: Sender) {
    for field in ["user_agent", "method", "status_code", "version"] {
        all.add(field, row.get(field), sender);
    }
    let path: String = row.get("uri").split(['?', '.']).next().unwrap().chars().take(9).collect();
    all.add("path", path, sender);
}

#[test]
fn no_single_property_belongs_to_implants_alone() {
    let options = FleetOptions {
        devices: 200,
        infected: 40,
        seed: 11,
        edr: false,
        lines: Some(1),
        ..FleetOptions::default()
    };
    let written = fleet(&options);
    let truth = written.json("truth.json");
    let mut places: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut tunnels: Vec<(String, String, usize)> = Vec::new();
    for (number, row) in truth.iter().enumerate() {
        let ip = row["ip"].as_str().unwrap().to_owned();
        match row["kind"].as_str().unwrap() {
            "dns" => tunnels.push((ip, format!(".{}", row["domain"].as_str().unwrap()), number)),
            // Popular places: their rows cannot be told apart here, and their properties are the place's own.
            "dead_drop" | "fronting" => {}
            _ => {
                for addr in row["addresses"].as_array().unwrap() {
                    places.insert((ip.clone(), addr.as_str().unwrap().to_owned()), number);
                }
            }
        }
    }
    let sender = |row: &Row<'_>| {
        places.get(&(row.get("id.orig_h").to_owned(), row.get("id.resp_h").to_owned())).copied()
    };
    let mut all = Properties::default();
    let mut tunnel_uids: BTreeMap<String, usize> = BTreeMap::new();
    written.rows("dns", |row| {
        let by = tunnels
            .iter()
            .find(|(ip, suffix, _)| row.get("id.orig_h") == ip && row.get("query").ends_with(suffix));
        let by = by.map(|(_, _, number)| *number);
        if let Some(number) = by {
            tunnel_uids.insert(row.get("uid").to_owned(), number);
        }
        all.add("query type", row.get("qtype_name"), by);
        all.add("response code", row.get("rcode_name"), by);
        all.add("query length", (row.get("query").len() / 8).to_string(), by);
    });
    written.rows("conn", |row| {
        conn(&mut all, row, sender(row).or_else(|| tunnel_uids.get(row.get("uid")).copied()));
    });
    written.rows("ssl", |row| ssl(&mut all, row, sender(row)));
    written.rows("http", |row| http(&mut all, row, sender(row)));
    let leaks = all.leaks();
    assert!(leaks.len() > 20, "properties were compared");
    for (property, (implants, values)) in leaks {
        assert!(
            implants.len() * 5 <= truth.len(),
            "{property} gives {} implants away: {values:?}",
            implants.len()
        );
    }
}

//! Destinations: registrable domains, kinds of names, and how common they are.

mod domain;
pub mod knowledge;

pub use domain::{is_at_or_below, is_ip_literal, normal_host, registrable_domain};

//! Generates labelled fleets of phones: ordinary apps, people, and implants.

//! Fuzzes `app_privacy`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| undertone_fuzz::run("app_privacy", bytes));

//! Well-known packages and bundle ids with their role: the store category that their vendors list them under.

/// Ascending by id.
pub(super) const ROLES: &[(&str, &str)] = &[
    ("com.apple.mobilemail", "communication"),
    ("com.apple.mobilesafari", "browser"),
    ("com.google.android.gms", "system"),
    ("com.whatsapp", "communication"),
];

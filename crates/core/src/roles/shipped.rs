//! Well-known Android packages and iOS bundle ids with their role.
//!
//! The ids are those that the apps carry in Google Play, in the App Store and in the platforms' images. Roles are the
//! words of Android's `ApplicationInfo` and of Google Play's categories in snake case; `browser`, `system`, `mdm` and
//! `vpn` stand apart because their traffic does. Curated by hand from general knowledge: an id that is wrong here
//! merely has no role.

pub(super) mod android;
pub(super) mod ios;
mod self_hosted;

pub(super) use self_hosted::SELF_HOSTED;

/// System components that carry what other apps send or are sent, ascending.
pub(super) const SHARED_CARRIERS: &[&str] = &[
    "android",
    "apsd",
    "cloudd",
    "com.android.networkstack",
    "com.android.providers.downloads",
    "com.android.providers.media",
    "com.apple.apsd",
    "com.apple.bird",
    "com.apple.cloudd",
    "com.apple.mDNSResponder",
    "com.apple.networkserviceproxy",
    "com.apple.nsurlsessiond",
    "com.apple.trustd",
    "com.google.android.gms",
    "com.google.android.gsf",
    "com.google.android.networkstack",
    "com.google.android.webview",
    "com.heytap.mcs",
    "com.huawei.android.pushagent",
    "com.huawei.hwid",
    "com.sec.spp.push",
    "com.xiaomi.xmsf",
    "mDNSResponder",
    "nsurlsessiond",
    "trustd",
];

//! Apps that are made to talk to a server of one's own: clouds, home automation, location, media, mail, chat, telephony.
//!
//! Each is a client whose project or vendor documents that the user enters the address of a server; the ids are those of
//! F-Droid, Google Play or the App Store.

/// Package names and bundle ids, ascending.
pub(in crate::roles) const SELF_HOSTED: &[&str] = &[
    "app.alextran.immich",                        // Immich
    "at.bitfire.davdroid",                        // DAVx5
    "com.audiobookshelf.app",                     // Audiobookshelf
    "com.fsck.k9",                                // K-9 Mail
    "com.github.catfriend1.syncthingandroid",     // Syncthing-Fork
    "com.github.gotify",                          // Gotify
    "com.nextcloud.client",                       // Nextcloud Files
    "com.nextcloud.talk2",                        // Nextcloud Talk
    "com.nutomic.syncthingandroid",               // Syncthing
    "com.owncloud.android",                       // ownCloud
    "com.seafile.seadroid2",                      // Seafile
    "com.synology.dsdrive",                       // Synology Drive
    "com.wireguard.android",                      // WireGuard
    "com.wireguard.ios",                          // WireGuard
    "de.blinkt.openvpn",                          // OpenVPN for Android
    "eu.siacs.conversations",                     // Conversations (XMPP)
    "im.vector.app",                              // Element (Matrix)
    "info.nightscout.androidaps",                 // AndroidAPS (Nightscout)
    "io.element.android.x",                       // Element X (Matrix)
    "io.heckel.ntfy",                             // ntfy
    "io.homeassistant.companion.android",         // Home Assistant
    "io.homeassistant.companion.android.minimal", // Home Assistant
    "io.robbie.HomeAssistant",                    // Home Assistant
    "it.niedermann.owncloud.notes",               // Nextcloud Notes
    "it.twsweb.Nextcloud",                        // Nextcloud
    "net.openvpn.openvpn",                        // OpenVPN Connect
    "org.jellyfin.mobile",                        // Jellyfin
    "org.linphone",                               // Linphone (SIP)
    "org.openhab.habdroid",                       // openHAB
    "org.owntracks.android",                      // OwnTracks
    "org.strongswan.android",                     // strongSwan
    "org.traccar.client",                         // Traccar
    "org.traccar.client.TraccarClient",           // Traccar
    "org.traccar.manager",                        // Traccar
];

//! Provider classes: dynamic DNS, public resolvers, cloud APIs that carry dead drops, and usual ports.

use crate::series::Service;
use std::net::IpAddr;

/// Registrable domains under which dynamic DNS providers give names to anybody.
///
/// Source: the providers' own pages (No-IP, DuckDNS, Dynu, FreeDNS, DNS Exit, Cloudns); the Public Suffix List
/// has many of them in its private section, so the name below is the last part of a host.
const DYNAMIC_DNS: &[&str] = &[
    "ddns.net", "no-ip.org", "no-ip.com", "no-ip.biz", "no-ip.info", "noip.me", "hopto.org", "zapto.org",
    "sytes.net", "myftp.biz", "myftp.org", "servebeer.com", "serveblog.net", "servecounterstrike.com",
    "serveftp.com", "servegame.com", "servehalflife.com", "servehttp.com", "serveminecraft.net",
    "servemp3.com", "servequake.com", "redirectme.net", "3utilities.com", "bounceme.net", "freedynamicdns.net",
    "freedynamicdns.org", "gotdns.ch", "viewdns.net", "webhop.me", "duckdns.org", "dynu.net", "ddnsfree.com",
    "ddnsgeek.com", "giize.com", "gleeze.com", "kozow.com", "loseyourip.com", "ooguy.com", "theworkpc.com",
    "casacam.net", "accesscam.org", "camdvr.org", "freeddns.org", "mywire.org", "webredirect.org",
    "myddns.rocks", "blogsite.xyz", "dynv6.net", "afraid.org", "mooo.com", "chickenkiller.com", "us.to",
    "strangled.net", "ignorelist.com", "jumpingcrab.com", "twilightparadox.com", "crabdance.com", "publicvm.com",
    "linkpc.net", "dnsdynamic.org", "dyndns.org", "dyndns.info", "dyndns.tv", "dyn-o-saur.com", "dynalias.com",
    "dynalias.net", "dynalias.org", "homeip.net", "homelinux.net", "homelinux.org", "homeunix.org",
    "is-a-geek.com", "selfip.com", "selfip.net", "selfip.org", "dns-dynamic.net", "cloudns.cl", "cloudns.nz",
    "cloudns.ph", "changeip.com", "dnset.com", "dsmtp.com", "dumb1.com", "ezua.com", "ftp1.biz", "gettrials.com",
    "jkub.com", "lflinkup.com", "mrbasic.com", "my03.com", "ns01.biz", "ns1.name", "otzo.com", "qpoe.com",
    "sexxxy.biz", "vizvaz.com", "wikaba.com", "x24hr.com", "xxuz.com", "zzux.com", "ngrok.io", "ngrok-free.app",
    "ngrok.app", "portmap.io", "portmap.host", "serveo.net", "localtunnel.me", "loca.lt", "playit.gg",
    "trycloudflare.com",
];

/// Whether a host lies under a dynamic DNS or tunnel provider. `host` is lower case.
pub fn is_dynamic_dns(host: &str) -> bool {
    DYNAMIC_DNS.iter().any(|suffix| is_under(host, suffix))
}

fn is_under(host: &str, suffix: &str) -> bool {
    host.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

/// Hosts of public services that malware families use as dead drops or as their whole channel.
///
/// Source: ATT&CK Mobile T1481 (Web Service) procedures and family reports named in the telemetry notes:
/// Telegram bots, Discord webhooks, paste sites, code hosts, social networks, spreadsheets, Firestore.
const CLOUD_APIS: &[&str] = &[
    "api.telegram.org", "t.me", "discord.com", "discordapp.com", "pastebin.com", "paste.ee", "hastebin.com",
    "raw.githubusercontent.com", "gist.githubusercontent.com", "api.github.com", "gitlab.com", "bitbucket.org",
    "docs.google.com", "sheets.googleapis.com", "drive.google.com", "www.googleapis.com",
    "firestore.googleapis.com", "firebaseio.com", "api.dropboxapi.com", "content.dropboxapi.com",
    "graph.microsoft.com", "api.onedrive.com", "api.twitter.com", "api.x.com", "api.notion.com", "trello.com",
    "api.trello.com", "slack.com", "hooks.slack.com", "api.airtable.com", "tumblr.com", "pinterest.com",
    "imgur.com", "api.imgur.com", "steamcommunity.com", "mega.nz", "workers.dev", "pages.dev", "web.app",
    "herokuapp.com", "azurewebsites.net", "amazonaws.com", "cloudfunctions.net", "execute-api.amazonaws.com",
];

/// Whether a host is a public service that is known to carry dead drops. `host` is lower case.
pub fn is_cloud_api(host: &str) -> bool {
    CLOUD_APIS.iter().any(|suffix| is_under(host, suffix))
}

/// Registrable domains that phones everywhere talk to: platform vendors, content networks, the large
/// analytics and advertising services, and the most used apps. Used only as a prior where no fleet shows
/// what is common. Source: the domains that the platforms' and vendors' own documentation names.
const WIDELY_USED: &[&str] = &[
    "google.com", "googleapis.com", "gstatic.com", "googleusercontent.com", "googlevideo.com", "youtube.com",
    "ytimg.com", "ggpht.com", "gvt1.com", "gvt2.com", "gvt3.com", "android.com", "google-analytics.com",
    "googletagmanager.com", "googleadservices.com", "googlesyndication.com", "doubleclick.net",
    "app-measurement.com", "crashlytics.com", "firebaseio.com", "apple.com", "icloud.com", "mzstatic.com",
    "cdn-apple.com", "aaplimg.com", "apple-dns.net", "akadns.net", "akamai.net", "akamaiedge.net", "akamaihd.net",
    "akamaized.net", "edgekey.net", "edgesuite.net", "cloudfront.net", "cloudflare.com", "cloudflare-dns.com",
    "fastly.net", "fastlylb.net", "facebook.com", "facebook.net", "fbcdn.net", "fbsbx.com", "instagram.com",
    "cdninstagram.com", "whatsapp.net", "whatsapp.com", "messenger.com", "microsoft.com", "windows.com",
    "windowsupdate.com", "live.com", "office.com", "office365.com", "outlook.com", "msn.com", "bing.com",
    "skype.com", "azureedge.net", "msftconnecttest.com", "msedge.net", "trafficmanager.net", "sharepoint.com",
    "amazon.com", "media-amazon.com", "amazon-adsystem.com", "twitter.com", "twimg.com", "x.com", "tiktok.com",
    "tiktokcdn.com", "tiktokv.com", "byteoversea.com", "ibytedtos.com", "snapchat.com", "sc-cdn.net",
    "sc-gw.com", "netflix.com", "nflxvideo.net", "nflxext.com", "nflximg.net", "nflxso.net", "spotify.com",
    "scdn.co", "spotifycdn.com", "linkedin.com", "licdn.com", "pinterest.com", "pinimg.com", "reddit.com",
    "redd.it", "redditstatic.com", "redditmedia.com", "telegram.org", "signal.org", "viber.com", "line.me",
    "line-scdn.net", "wechat.com", "weixin.qq.com", "qq.com", "qpic.cn", "gtimg.com", "weibo.com", "weibo.cn",
    "sinaimg.cn", "baidu.com", "bdstatic.com", "alibaba.com", "alicdn.com", "taobao.com", "tmall.com", "yahoo.com",
    "yimg.com", "yandex.ru", "yandex.net", "vk.com", "vk.ru", "userapi.com", "mail.ru", "ebay.com", "paypal.com",
    "dropbox.com", "zoom.us", "webex.com", "discord.com", "discordapp.com", "discord.gg", "twitch.tv",
    "ttvnw.net", "steamcontent.com", "steampowered.com", "steamstatic.com", "epicgames.com", "roblox.com",
    "rbxcdn.com", "ea.com", "unity3d.com", "adjust.com", "appsflyer.com", "branch.io", "mixpanel.com",
    "amplitude.com", "segment.io", "braze.com", "onesignal.com", "sentry.io", "newrelic.com", "nr-data.net",
    "scorecardresearch.com", "criteo.com", "taboola.com", "outbrain.com", "adnxs.com", "rubiconproject.com",
    "pubmatic.com", "openx.net", "casalemedia.com", "moatads.com", "adsrvr.org", "bluekai.com", "demdex.net",
    "omtrdc.net", "adobe.com", "typekit.net", "wikipedia.org", "wikimedia.org", "mozilla.org", "mozilla.com",
    "mozilla.net", "firefox.com", "letsencrypt.org", "lencr.org", "digicert.com", "globalsign.com", "sectigo.com",
    "verisign.com", "symantec.com", "symcd.com", "ntp.org", "samsung.com", "samsungosp.com", "samsungcloud.com",
    "samsungapps.com", "xiaomi.com", "xiaomi.net", "miui.com", "huawei.com", "hicloud.com", "dbankcloud.com",
    "oppomobile.com", "heytapmobile.com", "vivo.com.cn", "kakao.com", "kakaocdn.net", "naver.com", "naver.net",
    "pstatic.net", "booking.com", "uber.com", "airbnb.com", "waze.com", "here.com", "mapbox.com",
    "openstreetmap.org", "accuweather.com", "weather.com", "duckduckgo.com", "opera.com", "ubuntu.com",
    "debian.org", "github.com", "githubusercontent.com", "gitlab.com", "stackoverflow.com", "wordpress.com", "wp.com",
    "gravatar.com", "shopify.com", "shopifysvc.com", "vimeo.com", "vimeocdn.com", "soundcloud.com", "deezer.com",
    "tumblr.com", "imgur.com", "bbc.co.uk", "bbci.co.uk", "cnn.com", "nytimes.com", "theguardian.com",
    "nintendo.net", "nintendo.com", "playstation.net", "xboxlive.com", "salesforce.com", "tuyaus.com", "tuyaeu.com",
    "meraki.com", "quad9.net", "opendns.com", "nextdns.io", "adguard.com",
];

/// Whether a registrable domain is one that phones everywhere talk to (a prior, not a fleet's experience).
pub fn is_widely_used(domain: &str) -> bool {
    WIDELY_USED.contains(&domain)
}

/// Well-known public resolvers (their operators' documentation): Google, Cloudflare, Quad9, OpenDNS, `AdGuard`.
pub fn is_public_resolver(addr: IpAddr) -> bool {
    const V4: [[u8; 4]; 12] = [
        [8, 8, 8, 8], [8, 8, 4, 4], [1, 1, 1, 1], [1, 0, 0, 1], [9, 9, 9, 9], [149, 112, 112, 112],
        [208, 67, 222, 222], [208, 67, 220, 220], [94, 140, 14, 14], [94, 140, 15, 15], [1, 1, 1, 2], [1, 0, 0, 2],
    ];
    const V6_PREFIXES: [[u16; 3]; 4] =
        [[0x2001, 0x4860, 0x4860], [0x2606, 0x4700, 0x4700], [0x2620, 0x00fe, 0], [0x2620, 0x0119, 0x0035]];
    match addr {
        IpAddr::V4(v4) => V4.contains(&v4.octets()),
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            V6_PREFIXES.contains(&[a, b, c])
        }
    }
}

/// Whether a port is one of a service's own (IANA and common practice). Services without own ports take any.
pub fn is_usual_port(service: Service, port: u16) -> bool {
    match service {
        Service::Tls | Service::Quic => {
            matches!(port, 443 | 853 | 465 | 563 | 587 | 636 | 989 | 990 | 993 | 995 | 5223 | 5228..=5230 | 5061 | 8443 | 8883 | 25 | 143 | 110 | 21 | 5222)
        }
        Service::Http | Service::WebSocket => matches!(port, 80 | 443 | 8000 | 8008 | 8080 | 8081 | 8888 | 3128),
        Service::Dns => matches!(port, 53 | 853 | 5353 | 5355 | 137),
        Service::Smtp => matches!(port, 25 | 465 | 587 | 2525),
        Service::Imap => matches!(port, 143 | 993),
        Service::Pop3 => matches!(port, 110 | 995),
        Service::Ftp => matches!(port, 20 | 21 | 990),
        Service::Irc => matches!(port, 194 | 6660..=6669 | 6697 | 7000),
        Service::Mqtt => matches!(port, 1883 | 8883),
        Service::Ntp => port == 123,
        Service::Named | Service::Tcp | Service::Udp | Service::Other => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn provider_lists_match_whole_labels() {
        assert!(is_dynamic_dns("me.duckdns.org"));
        assert!(!is_dynamic_dns("notduckdns.org"));
        assert!(is_cloud_api("api.telegram.org"));
        assert!(is_public_resolver("8.8.8.8".parse().unwrap()));
        assert!(is_public_resolver("2606:4700:4700::1111".parse().unwrap()));
        assert!(!is_public_resolver("192.0.2.1".parse().unwrap()));
        assert!(is_usual_port(Service::Tls, 443));
        assert!(!is_usual_port(Service::Tls, 4444));
    }
}

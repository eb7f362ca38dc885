//! Which log a row belongs to.

use super::field::Field;

/// A log that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Log {
    Conn,
    /// Connections still open (corelight/zeek-long-connections' `open_conn`).
    OpenConn,
    Http,
    Ssl,
    Dns,
    Quic,
    Smtp,
    Ftp,
    Irc,
    MqttConnect,
    MqttPublish,
    MqttSubscribe,
    WebSocket,
    Ntp,
    Dhcp,
}

impl Log {
    const PATHS: [(&'static str, Self); 17] = [
        ("conn", Self::Conn),
        ("open_conn", Self::OpenConn),
        ("http", Self::Http),
        ("open_http", Self::Http),
        ("ssl", Self::Ssl),
        ("open_ssl", Self::Ssl),
        ("dns", Self::Dns),
        ("quic", Self::Quic),
        ("smtp", Self::Smtp),
        ("ftp", Self::Ftp),
        ("irc", Self::Irc),
        ("mqtt_connect", Self::MqttConnect),
        ("mqtt_publish", Self::MqttPublish),
        ("mqtt_subscribe", Self::MqttSubscribe),
        ("websocket", Self::WebSocket),
        ("ntp", Self::Ntp),
        ("dhcp", Self::Dhcp),
    ];

    /// The log of a `#path` (or `_path`, `@stream`; empty when not said) and the fields it has.
    ///
    /// A path that is not known by itself counts when the fields say the same: `conn_red` or `http-eth0` are
    /// how sites name filtered copies.
    pub(super) fn identify(path: &str, fields: u64) -> Option<Self> {
        let by_path = Self::PATHS.iter().find(|(known, _)| *known == path).map(|(_, log)| *log);
        if by_path.is_some() {
            return by_path;
        }
        let (name, log) = Self::from_fields(fields)?;
        let is_copy = path.strip_prefix(name).is_some_and(|rest| rest.starts_with(['-', '_', '.']));
        (path.is_empty() || is_copy).then_some(log)
    }

    /// The log that has these fields, by the ones that no other log has.
    fn from_fields(fields: u64) -> Option<(&'static str, Self)> {
        use Field as F;
        let has = |wanted: &[Field]| wanted.iter().all(|field| fields & field.bit() != 0);
        let found =
            if has(&[F::ConnState]) || has(&[F::History, F::OrigBytes]) || has(&[F::OrigPkts, F::RespPkts]) {
                ("conn", Self::Conn)
            } else if has(&[F::ClientInitialDcid]) || has(&[F::ClientProtocol]) {
                ("quic", Self::Quic)
            } else if has(&[F::Query]) || has(&[F::Qtype]) || has(&[F::Rcode]) {
                ("dns", Self::Dns)
            } else if has(&[F::Subprotocol]) {
                ("websocket", Self::WebSocket)
            } else if has(&[F::Method, F::Uri]) || has(&[F::StatusCode, F::ResponseBodyLen]) {
                ("http", Self::Http)
            } else if has(&[F::Established]) || has(&[F::Cipher]) || has(&[F::ServerName]) {
                ("ssl", Self::Ssl)
            } else if has(&[F::Helo]) || has(&[F::MailFrom]) {
                ("smtp", Self::Smtp)
            } else if has(&[F::Command, F::ReplyCode]) || has(&[F::Command, F::Arg]) {
                ("ftp", Self::Ftp)
            } else if has(&[F::Nick]) || has(&[F::Command, F::Value]) {
                ("irc", Self::Irc)
            } else if has(&[F::Topic, F::FromClient]) {
                ("mqtt_publish", Self::MqttPublish)
            } else if has(&[F::Topics, F::Action]) {
                ("mqtt_subscribe", Self::MqttSubscribe)
            } else if has(&[F::ConnectStatus]) {
                ("mqtt_connect", Self::MqttConnect)
            } else if has(&[F::Mode, F::Version]) {
                ("ntp", Self::Ntp)
            } else if has(&[F::Mac, F::ClientAddr])
                || has(&[F::Mac, F::AssignedAddr])
                || has(&[F::Mac, F::MsgTypes])
            {
                ("dhcp", Self::Dhcp)
            } else if has(&[F::Ts, F::OrigH, F::RespH, F::Proto]) {
                // Endpoints and a transport, nothing else that tells: the least that a connection log has.
                ("conn", Self::Conn)
            } else {
                return None;
            };
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> u64 {
        names.iter().filter_map(|name| Field::from_name(name)).fold(0, |set, field| set | field.bit())
    }

    #[test]
    fn path_decides_and_fields_stand_in() {
        let conn = set(&["ts", "uid", "id.orig_h", "conn_state", "history"]);
        assert_eq!(Log::identify("conn", 0), Some(Log::Conn));
        assert_eq!(Log::identify("", conn), Some(Log::Conn));
        assert_eq!(Log::identify("conn-eth0", conn), Some(Log::Conn));
        assert_eq!(Log::identify("connections", conn), None);
        assert_eq!(Log::identify("x509", set(&["ts", "subject"])), None);
        assert_eq!(Log::identify("sip", set(&["ts", "method", "uri", "status_code"])), None);
        assert_eq!(Log::identify("", set(&["ts", "host", "name"])), None);
        assert_eq!(Log::identify("", set(&["ts", "mac", "client_addr"])), Some(Log::Dhcp));
    }
}

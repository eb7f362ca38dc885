//! Which app a packet belongs to, where PCAPdroid wrote it into the capture.
//!
//! Two forms. In pcap, the last 32 bytes of an Ethernet frame: magic, uid and name, then a frame check sum
//! (`dump_extensions`). In pcapng, a Custom Block for each app and a comment `u-<uid>` on each packet.
//! Source: `PCAPdroid`, `docs/dump_modes.md` and `core/pcap_dump.c`.

use super::wire::Reader;
use std::collections::BTreeMap;
use std::rc::Rc;
use undertone_core::model::AppTag;

const TRAILER_BYTES: usize = 32;
const TRAILER_MAGIC: u32 = 0x0107_2021;
/// Private Enterprise Number of the Custom Block.
const ENTERPRISE: u32 = 62_652;
/// Apps kept of one capture; a phone has a few hundred.
const APPS_MAX: usize = 8192;

/// App of one flow, owned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct App {
    uid: i32,
    package: Option<Box<str>>,
    name: Option<Box<str>>,
}

impl App {
    pub(super) fn tag(&self) -> AppTag<'_> {
        AppTag { uid: self.uid, package: self.package.as_deref(), name: self.name.as_deref() }
    }
}

/// Apps that Custom Blocks named, by uid.
#[derive(Debug, Default)]
pub(super) struct AppMap {
    apps: BTreeMap<i32, Rc<App>>,
}

impl AppMap {
    /// Learns an app from a Custom Block; blocks of other writers are passed over.
    ///
    /// Layout: version u16 = 1, type u8 = 1, pad u8, uid i32, two name lengths u8, the names. The byte order
    /// of the first two numbers is that of the section, so it is told by the version.
    pub(super) fn learn(&mut self, enterprise: u32, data: &[u8]) {
        if enterprise != ENTERPRISE || self.apps.len() >= APPS_MAX {
            return;
        }
        if let Some(app) = custom_block(data) {
            self.apps.insert(app.uid, Rc::new(app));
        }
    }

    /// The app of a uid; without names where no block named it.
    pub(super) fn app(&self, uid: i32) -> Rc<App> {
        self.apps.get(&uid).cloned().unwrap_or_else(|| Rc::new(App { uid, package: None, name: None }))
    }
}

fn custom_block(data: &[u8]) -> Option<App> {
    let mut reader = Reader::new(data);
    let is_little = match reader.take(2)? {
        [1, 0] => true,
        [0, 1] => false,
        _ => return None,
    };
    if reader.u8()? != 1 {
        return None;
    }
    reader.u8()?;
    let uid: [u8; 4] = reader.take(4)?.try_into().ok()?;
    let uid = if is_little { i32::from_le_bytes(uid) } else { i32::from_be_bytes(uid) };
    let package_len = reader.u8()?;
    let name_len = reader.u8()?;
    let package = text(reader.take(usize::from(package_len))?);
    let name = text(reader.take(usize::from(name_len))?);
    Some(App { uid, package, name })
}

/// The uid of a packet comment `u-<uid>`.
pub(super) fn comment_uid(comment: &str) -> Option<i32> {
    comment.trim_end_matches('\0').strip_prefix("u-")?.parse().ok()
}

/// The app of an Ethernet frame with PCAPdroid's trailer.
pub(super) fn trailer(frame: &[u8]) -> Option<App> {
    let at = frame.len().checked_sub(TRAILER_BYTES)?;
    let mut reader = Reader::new(frame.get(at..)?);
    if reader.u32()? != TRAILER_MAGIC {
        return None;
    }
    let uid = i32::from_be_bytes(reader.take(4)?.try_into().ok()?);
    let name = reader.take(20)?;
    let end = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
    Some(App { uid, package: None, name: text(name.get(..end)?) })
}

/// Text, or `None` when empty. The trailer cuts names at 20 bytes, which may cut a character.
fn text(bytes: &[u8]) -> Option<Box<str>> {
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_end_matches(['\u{fffd}', '\0']);
    (!text.is_empty()).then(|| text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trailer_names_the_app() {
        let mut frame = vec![0_u8; 60];
        frame.extend_from_slice(&TRAILER_MAGIC.to_be_bytes());
        frame.extend_from_slice(&10_123_i32.to_be_bytes());
        frame.extend_from_slice(b"Signal\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
        frame.extend_from_slice(&[1, 2, 3, 4]);
        let app = trailer(&frame).unwrap();
        assert_eq!(app.tag(), AppTag { uid: 10_123, package: None, name: Some("Signal") });
        frame.pop();
        assert_eq!(trailer(&frame), None);
    }

    #[test]
    fn a_custom_block_names_the_app_in_either_byte_order() {
        let block = |little: bool| {
            let mut data = if little { vec![1, 0, 1, 0] } else { vec![0, 1, 1, 0] };
            data.extend(if little { 10_077_i32.to_le_bytes() } else { 10_077_i32.to_be_bytes() });
            data.extend([5, 3]);
            data.extend(b"a.b.cApp");
            data
        };
        for little in [true, false] {
            let mut map = AppMap::default();
            map.learn(ENTERPRISE, &block(little));
            let app = map.app(10_077);
            assert_eq!(app.tag(), AppTag { uid: 10_077, package: Some("a.b.c"), name: Some("App") });
        }
        let mut map = AppMap::default();
        map.learn(1, &block(true));
        assert_eq!(map.app(10_077).tag().package, None);
        assert_eq!(comment_uid("u-10077"), Some(10_077));
        assert_eq!(comment_uid("u--1"), Some(-1));
        assert_eq!(comment_uid("hello"), None);
    }
}

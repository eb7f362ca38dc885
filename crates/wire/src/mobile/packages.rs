//! Which package has which uid, from the package section of a bug report.

use super::dump;
use std::collections::BTreeMap;

/// Uids of one user span this many numbers: a work profile's app has uid `user * 100000 + app id`
/// (`UserHandle.PER_USER_RANGE`).
const PER_USER_RANGE: i32 = 100_000;

/// First uid of installed apps (`Process.FIRST_APPLICATION_UID`); below it many system packages share one.
const FIRST_APPLICATION_UID: i32 = 10_000;

/// Packages read; a phone has some 500.
const MAX_PACKAGES: usize = 100_000;

/// Package names by app id. An app id that several packages share names none of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UidMap<'a> {
    by_app_id: BTreeMap<i32, Option<&'a str>>,
}

impl<'a> UidMap<'a> {
    /// Reads `dumpsys package` (alone or in a bug report) or the lines of `pm list packages -U`.
    pub fn from_dump(text: &'a [u8]) -> Self {
        let mut map = Self::default();
        for part in dump::service(text, "package") {
            let mut current = None;
            for line in part.text.split(|byte| *byte == b'\n') {
                if map.by_app_id.len() >= MAX_PACKAGES {
                    break;
                }
                let Ok(line) = std::str::from_utf8(line) else { continue };
                map.take(line.trim(), &mut current);
            }
        }
        map
    }

    /// The package of a uid of any user; `None` where it is unknown, shared or a system uid.
    pub fn package(&self, uid: i32) -> Option<&'a str> {
        *self.by_app_id.get(&(uid.checked_rem(PER_USER_RANGE)?))?
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.by_app_id.is_empty()
    }

    fn take(&mut self, line: &'a str, current: &mut Option<&'a str>) {
        if let Some(rest) = line.strip_prefix("Package [") {
            *current = rest.split(']').next().filter(|name| !name.is_empty());
        } else if line.starts_with("SharedUser [") {
            *current = None;
        } else if let Some(rest) = line.strip_prefix("package:") {
            if let Some((name, uid)) = rest.split_once(" uid:") {
                self.insert(uid.split(',').next().unwrap_or(uid), name);
            }
        } else if let Some(uid) = line.strip_prefix("userId=").or_else(|| line.strip_prefix("appId="))
            && let Some(name) = current.take()
        {
            self.insert(uid.split_whitespace().next().unwrap_or(uid), name);
        }
    }

    fn insert(&mut self, uid: &str, name: &'a str) {
        let Ok(uid) = uid.parse::<i32>() else { return };
        let app_id = uid % PER_USER_RANGE;
        if app_id < FIRST_APPLICATION_UID {
            return;
        }
        self.by_app_id
            .entry(app_id)
            .and_modify(|known| *known = known.filter(|known| *known == name))
            .or_insert(Some(name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_found_by_the_uids_of_all_users() {
        let text = b"DUMP OF SERVICE package:\n  Package [com.a] (1f):\n    userId=10147\n    x\n\
            Package [com.b] (2f):\n    appId=10148\n  Package [com.c]\n    userId=10149\n  Package [com.d]\n\
                userId=10149\n  Package [android] (0):\n    userId=1000\n  SharedUser [s] (3):\n    userId=10150\n\
            DUMP OF SERVICE other:\n  Package [com.z] (1f):\n    userId=10200\n";
        let map = UidMap::from_dump(text);
        assert_eq!(map.package(10_147), Some("com.a"));
        assert_eq!(map.package(1_010_147), Some("com.a"));
        assert_eq!(map.package(10_148), Some("com.b"));
        for unknown in [10_149, 1000, 10_150, 10_200, -1] {
            assert_eq!(map.package(unknown), None, "{unknown}");
        }
        let listed = UidMap::from_dump(b"package:com.a uid:10147\npackage:com.b uid:10148,1010148\n");
        assert_eq!(listed.package(10_148), Some("com.b"));
    }
}

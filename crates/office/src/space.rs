//! 磁盘空间: how much room is left where the record and the lake lie. A database on a server of its own has its
//! disk there, and nobody here sees it.

use crate::access::AccessBook;
use crate::doctor::Check;
use crate::office::Office;
use std::path::Path;

/// How the room is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// Enough.
    Enough,
    /// Below 空间提醒.
    Little,
    /// Below 空间告警.
    Full,
}

/// What was found, and what to do.
pub(crate) struct Found {
    pub room: Room,
    pub said: String,
}

pub(crate) const NAME: &str = "磁盘空间";
pub(crate) const ADVICE: &str = "清理磁盘、把旧备份移走或者换大的磁盘;写满以后什么都存不下";

/// The room in the folder of an office; none where the machine or the rulebook does not say.
pub(crate) fn of(office: &Office) -> Option<Found> {
    let free = free_percent(&office.folder())?;
    // Without bounds nobody can say that it is enough.
    let book = AccessBook::read_signed(office.book(), &office.locality).ok()?;
    let settings = book.settings();
    let bounds = (settings.space_notice, settings.space_urgent);
    let said = format!("数据文件夹所在的磁盘还空 {free}%");
    let room = graded(free, bounds);
    Some(Found { room, said })
}

/// The same as a thing the doctor looks at.
pub(crate) fn check(office: &Office) -> Option<Check> {
    let found = of(office)?;
    let advice = match found.room {
        Room::Enough => String::new(),
        Room::Little | Room::Full => ADVICE.to_owned(),
    };
    Some(Check {
        name: NAME,
        good: found.room != Room::Full,
        found: found.said,
        advice,
    })
}

fn graded(free: u64, (notice, urgent): (u64, u64)) -> Room {
    if free < urgent {
        Room::Full
    } else if free < notice {
        Room::Little
    } else {
        Room::Enough
    }
}

/// What is free for this account, in percent of what it could ever use.
#[cfg(unix)]
fn free_percent(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    let used = disk.f_blocks.saturating_sub(disk.f_bfree);
    let all = used.saturating_add(disk.f_bavail);
    disk.f_bavail.saturating_mul(100).checked_div(all)
}

#[cfg(not(unix))]
fn free_percent(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_room_is_told_and_hardly_any_is_an_alarm() {
        let check = |free: u64, room: Room| assert_eq!(graded(free, (20, 10)), room, "{free}");
        check(20, Room::Enough);
        check(19, Room::Little);
        check(10, Room::Little);
        check(9, Room::Full);
        check(0, Room::Full);
        let here = free_percent(&std::env::temp_dir());
        assert!(cfg!(not(unix)) || here.is_some_and(|free| free <= 100));
    }
}

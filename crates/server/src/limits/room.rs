//! The room of large bodies: each takes as much as has come of it, and all together have an end.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use axum::extract::{MatchedPath, Request};
use tokio::sync::{Semaphore, SemaphorePermit};

use super::{FILES_BYTES_MAX, OWN_BYTES_MAX, STRANGER_BYTES_MAX, Sender, Unread};
use crate::upload;

/// KiB of all large bodies in hand at a time, whoever sends them.
const ROOM_KIB_MAX: usize = 256 * 1024;
/// Large bodies that one account may have in hand at a time.
const LARGE_EACH_MAX: u32 = 2;
static ROOM: Semaphore = Semaphore::const_new(ROOM_KIB_MAX);
static IN_HAND: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());

/// The room a large body takes: as much as has come of it, until its request is answered.
pub(crate) struct Hold {
    who: String,
    room: SemaphorePermit<'static>,
}

impl Hold {
    fn take(who: &str) -> Result<Self, Unread> {
        let mut in_hand = IN_HAND.lock().unwrap_or_else(PoisonError::into_inner);
        let count = in_hand.get(who).copied().unwrap_or_default();
        if count >= LARGE_EACH_MAX {
            return Err(Unread::TooMany);
        }
        let room = ROOM.try_acquire_many(0).map_err(|_| Unread::NoRoom)?;
        in_hand.insert(who.to_owned(), count.saturating_add(1));
        Ok(Self {
            who: who.to_owned(),
            room,
        })
    }

    /// Takes room for what has come by now.
    fn grow(&mut self, bytes: usize) -> Result<(), Unread> {
        let kib = bytes.div_ceil(1024);
        let more = kib.saturating_sub(self.room.num_permits());
        let more = u32::try_from(more).map_err(|_| Unread::TooLarge)?;
        let more = ROOM.try_acquire_many(more).map_err(|_| Unread::NoRoom)?;
        self.room.merge(more);
        Ok(())
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut in_hand = IN_HAND.lock().unwrap_or_else(PoisonError::into_inner);
        let left = in_hand.get(&self.who).copied().unwrap_or_default();
        match left.saturating_sub(1) {
            0 => in_hand.remove(&self.who),
            left => in_hand.insert(self.who.clone(), left),
        };
    }
}

/// What may come of a body, and what it holds.
pub(super) struct Bounds {
    most: usize,
    who: Option<String>,
    pub(super) hold: Option<Hold>,
}

impl Bounds {
    /// Only an address at which files are sent reads many.
    pub(super) fn of(request: &Request, sender: &Sender) -> Self {
        let Sender::Own(who) = sender else {
            return Self::at_most(STRANGER_BYTES_MAX);
        };
        let path = request.extensions().get::<MatchedPath>();
        let files = path.is_some_and(|path| upload::PATHS.contains(&path.as_str()))
            && upload::is_upload(request.headers());
        Self {
            most: match files {
                true => FILES_BYTES_MAX,
                false => OWN_BYTES_MAX,
            },
            who: Some(who.clone()),
            hold: None,
        }
    }

    /// For somebody nobody knows.
    pub(super) fn at_most(most: usize) -> Self {
        Self {
            most,
            who: None,
            hold: None,
        }
    }

    /// Whether so much may have come.
    pub(super) fn fit(&mut self, bytes: usize) -> Result<(), Unread> {
        if bytes > self.most {
            return Err(Unread::TooLarge);
        }
        let Some(who) = self.who.as_ref().filter(|_| bytes > STRANGER_BYTES_MAX) else {
            return Ok(());
        };
        if self.hold.is_none() {
            self.hold = Some(Hold::take(who)?);
        }
        match &mut self.hold {
            Some(hold) => hold.grow(bytes),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        reason = "a test that fails should stop where it failed"
    )]
    use super::*;
    use axum::body::Body;

    #[test]
    fn an_account_has_two_large_bodies_in_hand_and_all_together_have_their_room() {
        let bounds = |who: &str| Bounds {
            most: usize::MAX,
            who: Some(who.to_owned()),
            hold: None,
        };
        let large = STRANGER_BYTES_MAX + 1;
        let mut three = [bounds("one"), bounds("one"), bounds("one")];
        let mut fit = |at: usize, bytes: usize| three[at].fit(bytes);
        assert_eq!((fit(0, large), fit(1, large)), (Ok(()), Ok(())));
        assert_eq!(fit(2, large), Err(Unread::TooMany));
        assert_eq!(fit(2, STRANGER_BYTES_MAX), Ok(()));
        let mut other = bounds("two");
        let all = ROOM_KIB_MAX * 1024;
        assert_eq!(other.fit(all), Err(Unread::NoRoom));
        assert_eq!(other.fit(large), Ok(()));
        three[1].hold = None;
        assert_eq!(three[2].fit(large), Ok(()));
        drop(three);
        assert_eq!(other.fit(all), Ok(()));
    }

    #[test]
    fn files_are_read_only_where_files_are_sent() {
        let request = Request::builder().header("content-type", "multipart/form-data; boundary=x");
        let request = request.body(Body::empty()).unwrap();
        let own = Sender::Own("three".to_owned());
        assert_eq!(Bounds::of(&request, &own).most, OWN_BYTES_MAX);
        let known = crate::routes::list();
        for path in upload::PATHS {
            let there =
                |route: &crate::routes::Route| route.path == *path && route.method == "POST";
            assert!(known.iter().any(there), "{path}");
        }
    }
}

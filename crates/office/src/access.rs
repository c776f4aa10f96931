//! 权限: who signs in, what they may see and do, and where. The rules stand in the rulebook's
//! `access/access.md`; nothing here knows a role by name.
//!
//! Every view needs an [`Acting`], and only a session gives one. Each act is in the chain with what
//! it changed; a full name or number is in the chain before it is shown.

mod accounts;
mod acting;
mod book;
mod demo;
mod followed;
mod journal;
mod own;
mod password;
mod places;
mod recusal;
mod resident;
mod reveal;
mod right;
mod sign_in;
mod tokens;
mod totp;
mod turns;
mod visitor;
mod waits;

pub use accounts::{AccountRow, By, GrantRow, NewAccount, NewOffice, OfficeRow, OneTimePassword};
pub use acting::{Acting, Channel, Denied, Scope};
pub(crate) use book::with_rows;
pub use book::{
    AccessBook, Class, Lack, MENU_MOST, Masking, Named, Nature, PATH, Reach, Role, Rule, Settings,
};
pub use demo::DemoAccount;
pub(crate) use journal::note_read;
pub use journal::{EntryRow, JournalPage, OpeningRow, RowsChecked};
pub use own::{Binding, SessionRow};
pub use recusal::{EndingRow, EndingState, RecusalRow};
pub(crate) use resident::actor;
pub use reveal::{CauseRow, InFull, RevealAsk, RevealForm};
pub use right::Right;
pub use sign_in::{SignInError, SignedIn};
pub use tokens::{NewToken, TokenRow};
pub use totp::code_at;
pub use visitor::{Stage, Visitor};

use crate::clock::Watch;
use crate::error::{OfficeError, Result};
use crate::office::Office;
use crate::views::ViewError;
use domain::{AreaCode, HouseholdId};
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use store::households::HouseholdRow;
use store::sessions::Token;
use store::users::UserId;
use waits::{Counters, Most};

/// The household of a number, where the scope reaches it; elsewhere it is as if there were none.
///
/// # Errors
/// No such household within the scope; the record.
pub(crate) async fn home_within(
    store: &store::Store,
    scope: &Scope,
    household: i64,
) -> std::result::Result<HouseholdRow, ViewError> {
    let found = store::households::get_many(store, &[HouseholdId::new(household)]).await?;
    let seen = found.into_iter().find(|home| scope.contains(&home.area));
    seen.ok_or_else(|| ViewError::NotFound(format!("没有编号为 {household} 的家庭;可以用户号查找")))
}

/// 门卫: lets people in and says what they may do.
pub struct Access {
    office: Arc<Office>,
    book: Arc<AccessBook>,
    watch: Watch,
    /// When each session was last used, as far as this program saw it.
    seen: Arc<Mutex<HashMap<i64, Timestamp>>>,
    counters: Arc<Counters>,
    /// Visits to the pages anybody may open.
    visits: Arc<Counters>,
    /// Calls of programs.
    calls: Arc<Counters>,
    /// When the holder of each session last typed the password again.
    confirmed: Arc<Mutex<HashMap<i64, Timestamp>>>,
    /// Full reads of each account in the hour under way.
    reveals: Arc<Mutex<HashMap<UserId, (i64, u64)>>>,
    /// Pages of lists turned today.
    turns: Arc<turns::Turns>,
}

/// The secret of a session as its holder carries it.
pub type Secret = Token;

impl Access {
    /// Reads and checks the access rules of the place.
    ///
    /// # Errors
    /// The rules are missing or say what they must not; then nobody signs in.
    pub fn open(office: Arc<Office>, watch: Watch) -> Result<Arc<Self>> {
        let read = office.access_book();
        let book = read.map_err(|wrong| OfficeError::Rulebook {
            count: wrong.len(),
            first: wrong.into_iter().next().unwrap_or_default(),
        })?;
        Ok(Arc::new(Self {
            office,
            book: Arc::new(book),
            watch,
            seen: Arc::default(),
            counters: Arc::default(),
            visits: Arc::default(),
            calls: Arc::default(),
            confirmed: Arc::default(),
            reveals: Arc::default(),
            turns: Arc::default(),
        }))
    }

    /// The office behind the door, for what people do once they are in.
    #[must_use]
    pub fn office(&self) -> &Arc<Office> {
        &self.office
    }

    /// The access rules.
    #[must_use]
    pub fn book(&self) -> &AccessBook {
        &self.book
    }

    /// Counts a visit to a page anybody may open, as tries to sign in are counted; seconds to wait
    /// when there were too many this minute. Nothing of it is kept.
    #[must_use]
    pub fn visit(&self, origin: &str) -> Option<i64> {
        let settings = self.book.settings();
        let most = Most {
            each: settings.visits_each,
            all: settings.visits_all,
        };
        let mark = store::sessions::origin_mark(&self.office.store, origin);
        self.visits.count(most, mark, self.watch.now())
    }

    /// Counts a call of a program; seconds to wait when its token, or all together, called too often this
    /// minute. Who sits at a screen is not counted.
    #[must_use]
    pub fn call(&self, who: &Acting) -> Option<i64> {
        if who.channel() != Channel::Program {
            return None;
        }
        let settings = self.book.settings();
        let most = Most {
            each: settings.calls_each,
            all: settings.calls_all,
        };
        let session = u128::from(who.session().unsigned_abs());
        self.calls
            .count(most, session.to_be_bytes(), self.watch.now())
    }

    /// How many accounts there are; while there is none nobody can sign in.
    ///
    /// # Errors
    /// The record cannot be read.
    pub async fn count(&self) -> Result<u64> {
        Ok(store::users::count(&self.office.store).await?)
    }

    /// Whether all people and organisations here are invented: their places begin with 99, which is
    /// issued to nobody. With nobody here yet, the places themselves tell.
    async fn is_demo(&self) -> Result<bool> {
        let store = &self.office.store;
        let invented = |place: AreaCode| place.as_str().starts_with("99");
        let offices = store::organisations::around(store).await?;
        // No place comes after 99, so the first household tells of all.
        let people = match store::households::first_area(store).await? {
            Some(first) => Some(first),
            None => store::areas::home(store, self.office.clock.today()).await?,
        };
        Ok(offices.is_none_or(invented) && people.is_some_and(invented))
    }

    /// Whether the accounts of a demo may do without a second factor: the access rules say so, and
    /// all people here are invented.
    ///
    /// # Errors
    /// The record cannot be read.
    pub async fn is_simple(&self) -> Result<bool> {
        Ok(self.book.settings().demo_is_simple && self.is_demo().await?)
    }
}

/// Why an act about accounts cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The right is missing.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// The password was typed too long ago for an act about accounts.
    #[error("离您上次输口令已经有一会儿了;管账号和授权请先再输一次口令")]
    Confirm,
    /// What was asked is against the rules; says which, and what to do.
    #[error("{0}")]
    Refused(String),
    /// There is no such account, role, organisation or session.
    #[error("{0}")]
    NotFound(String),
    /// The record or the machine.
    #[error(transparent)]
    Office(#[from] OfficeError),
}

impl From<store::StoreError> for AccessError {
    fn from(error: store::StoreError) -> Self {
        Self::Office(OfficeError::Store(error))
    }
}

impl From<AccessError> for ViewError {
    fn from(error: AccessError) -> Self {
        match error {
            AccessError::Denied(denied) => denied.into(),
            AccessError::Confirm => Self::Forbidden(error.to_string()),
            AccessError::Refused(said) => Self::NotAnswerable(said),
            AccessError::NotFound(said) => Self::NotFound(said),
            AccessError::Office(error) => error.into(),
        }
    }
}

impl From<Denied> for ViewError {
    fn from(denied: Denied) -> Self {
        Self::Forbidden(denied.to_string())
    }
}

/// The result of an act about accounts.
pub type Done<T> = Result<T, AccessError>;

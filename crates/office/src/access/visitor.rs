//! 会话: who comes with a secret, and how far they have come in signing in.

use super::acting::{Channel, KeptFrom, Who};
use super::right::Right;
use super::{Access, Acting};
use crate::error::Result;
use domain::AreaCode;
use jiff::Timestamp;
use std::sync::{Arc, PoisonError};
use store::At;
use store::service::{self, Narrowed};
use store::sessions::{Session, SessionKind, Token};
use store::users::{User, UserId, UserState};

/// How far somebody has come in signing in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The password was right; the changing code is still to be typed.
    Code,
    /// The password must be changed before anything else.
    Password,
    /// A second factor must be bound before anything else.
    Enrol,
    /// Signed in.
    Whole,
}

/// 来人: a session that holds, and whose it is.
#[derive(Clone, Debug)]
pub struct Visitor {
    /// Who; before [`Stage::Whole`] without any right.
    pub acting: Acting,
    /// How far they have come.
    pub stage: Stage,
    /// The word every form they send must carry.
    pub form_word: String,
}

impl Access {
    /// Who a secret belongs to; none when the session has ended, for whatever reason.
    ///
    /// # Errors
    /// The record cannot be read.
    pub async fn visitor(&self, secret: &str) -> Result<Option<Visitor>> {
        let Some(token) = Token::parse(secret) else {
            return Ok(None);
        };
        let store = &self.office.store;
        let Some(session) = store::sessions::find(store, &token).await? else {
            return Ok(None);
        };
        if session.ended_at.is_some() || !self.is_awake(&session) {
            return Ok(None);
        }
        let Some(user) = store::users::get(store, session.content.user).await? else {
            return Ok(None);
        };
        if user.state != UserState::Active || user.generation != session.content.generation {
            return Ok(None);
        }
        let narrowed = service::narrowed(store, &session).await?;
        // A program has no second factor and no password to change; and nobody sits at its screen.
        let stage = match &narrowed {
            Some(_) => Stage::Whole,
            None if service::is_account(store, user.id).await? => return Ok(None),
            None => self.stage(&user, &session).await?,
        };
        let acting = self.acting(&user, &session, (stage, narrowed)).await?;
        Ok(Some(Visitor {
            acting,
            stage,
            form_word: token.form_word(),
        }))
    }

    /// Within its time, and used lately. What another program saw of a session is not known here:
    /// then the time since it began counts.
    fn is_awake(&self, session: &Session) -> bool {
        let now = self.watch.now();
        let at = |at: &At| at.as_str().parse::<Timestamp>().unwrap_or_default();
        if now >= at(&session.content.expires_at) {
            return false;
        }
        if session.content.kind == SessionKind::Program {
            return true;
        }
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let last = seen
            .get(&session.id)
            .copied()
            .unwrap_or_else(|| at(&session.content.started_at));
        let idle = now.as_second().saturating_sub(last.as_second());
        if idle > self.book.settings().idle_seconds {
            seen.remove(&session.id);
            return false;
        }
        // Sessions that ended without a word are forgotten with the others of their day.
        let longest = self.book.settings().longest_seconds;
        seen.retain(|_, last| now.as_second().saturating_sub(last.as_second()) <= longest);
        seen.insert(session.id, now);
        true
    }

    /// The password was typed lately: at the sign-in, or again since.
    fn is_fresh(&self, session: &Session) -> bool {
        // A program types no password.
        if session.content.kind == SessionKind::Program {
            return false;
        }
        let started = &session.content.started_at;
        let started = started.as_str().parse::<Timestamp>().unwrap_or_default();
        let confirmed = self.confirmed.lock();
        let confirmed = confirmed.unwrap_or_else(PoisonError::into_inner);
        let last = confirmed.get(&session.id).copied().unwrap_or(started);
        let now = self.watch.now().as_second();
        now.saturating_sub(last.as_second()) <= self.book.settings().confirm_seconds
    }

    async fn stage(&self, user: &User, session: &Session) -> Result<Stage> {
        if user.totp_at.is_some() && !session.content.second_factor {
            return Ok(Stage::Code);
        }
        let simple = self.is_simple().await?;
        let settings = self.book.settings();
        let worn_out = settings.password_days > 0 && {
            let oldest = settings.password_days.saturating_mul(-86_400);
            user.password_at < self.watch.at(oldest)
        };
        if worn_out || (user.must_change && !simple) {
            return Ok(Stage::Password);
        }
        if settings.second_factor_needed && user.totp_at.is_none() && !simple {
            return Ok(Stage::Enrol);
        }
        Ok(Stage::Whole)
    }

    /// Whoever holds the data folder and its keys, by a command on this machine: they could read
    /// everything anyway, so they have every role here; what they look at is in the chain as `system`.
    ///
    /// # Errors
    /// The record cannot be read.
    pub async fn machine(&self) -> Result<Acting> {
        let today = self.office.clock.today();
        let whole = store::areas::home(&self.office.store, today).await?;
        let roles = self.book.roles().iter().map(|role| role.code.clone());
        let who = Who {
            user: UserId::new(0),
            login: "system".to_owned(),
            name: "本机".to_owned(),
            session: 0,
            channel: Channel::Terminal,
            fresh: true,
            grants: roles.zip(whole.into_iter().cycle()).collect(),
            whole,
            kept_from: KeptFrom::default(),
            only: None,
        };
        Ok(Acting::new(who, Arc::clone(&self.book)))
    }

    async fn acting(
        &self,
        user: &User,
        session: &Session,
        (stage, narrowed): (Stage, Option<Narrowed>),
    ) -> Result<Acting> {
        let store = &self.office.store;
        let at = self.office.clock.at();
        let grants = match stage {
            Stage::Whole => store::grants::of_user(store, user.id).await?,
            Stage::Code | Stage::Password | Stage::Enrol => Vec::new(),
        };
        let grants = grants
            .into_iter()
            .filter(|grant| grant.holds(&at))
            .filter_map(|grant| {
                let area = within(&grant.content.area, narrowed.as_ref())?;
                Some((grant.content.role, area))
            })
            .collect();
        let only = narrowed.map(|narrowed| {
            let rights = narrowed.rights.iter();
            rights.filter_map(|code| Right::from_code(code)).collect()
        });
        let channel = match session.content.kind {
            SessionKind::Page => Channel::Screen,
            SessionKind::Program => Channel::Program,
        };
        let who = Who {
            user: user.id,
            login: user.login.clone(),
            name: user.name.clone(),
            session: session.id,
            channel,
            fresh: self.is_fresh(session),
            grants,
            whole: store::organisations::around(store).await?,
            kept_from: self.kept_from(user.id).await?,
            only,
        };
        Ok(Acting::new(who, Arc::clone(&self.book)))
    }
}

/// The place of a role, cut to what a token reaches; none where they do not meet.
fn within(place: &AreaCode, narrowed: Option<&Narrowed>) -> Option<AreaCode> {
    match narrowed.map(|narrowed| narrowed.area) {
        None => Some(*place),
        Some(area) if place.contains(&area) => Some(area),
        Some(area) if area.contains(place) => Some(*place),
        Some(_) => None,
    }
}

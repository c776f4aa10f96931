//! 登录: password, then the changing code. Every answer to a wrong guess is the same.

use super::waits::{Most, Past, wait};
use super::{Access, Stage, Visitor, password, totp};
use crate::error::OfficeError;
use std::sync::PoisonError;
use store::sessions::{self, Mark, NewSession, Outcome, SessionKind, Token};
use store::users::{self, User, UserState};
use store::{Act, JournalTx};

/// How far back failures count.
const FAILURES_COUNT_SECONDS: i64 = 3_600;
/// How many attempts are looked at.
const ATTEMPTS_MAX: u32 = 500;
/// Longest name of a browser kept with its session.
const LABEL_CHARS_MAX: usize = 120;

/// Why somebody was not let in; tells nothing about which part was wrong.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Name, password or code is wrong, or the account is shut.
    #[error("账号、口令或者动态口令不对;请核对后再试,忘记了请找安全保密管理员重置")]
    Refused,
    /// Too many attempts; nothing was compared.
    #[error("试得太多了,请 {0} 秒以后再试")]
    Wait(i64),
    /// The record or the machine.
    #[error(transparent)]
    Office(#[from] OfficeError),
}

impl From<store::StoreError> for SignInError {
    fn from(error: store::StoreError) -> Self {
        Self::Office(OfficeError::Store(error))
    }
}

/// A session that was begun.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Its secret, for its holder alone.
    pub secret: Token,
    /// How long it lasts at most, in seconds.
    pub seconds: i64,
}

/// What may be known of an attempt: no more than is needed to slow guessing down.
struct Attempt {
    account: Mark,
    origin: Mark,
}

impl Access {
    /// Compares a password. With a second factor the session is good for typing its code only.
    ///
    /// # Errors
    /// Refused, to be tried later, or the record cannot be read.
    pub async fn sign_in(
        &self,
        login: &str,
        word: &str,
        origin: &str,
        label: &str,
    ) -> Result<SignedIn, SignInError> {
        let store = &self.office.store;
        let login = login.trim();
        let attempt = Attempt {
            account: sessions::account_mark(store, login),
            origin: sessions::origin_mark(store, origin),
        };
        self.slow_down(&attempt).await?;
        let user = users::find(store, login).await?;
        let kept = user.as_ref().map(|user| user.password.clone());
        let matches = password::matches(word.to_owned(), kept).await?;
        let open = user.filter(|user| matches && user.state == UserState::Active);
        let Some(user) = open else {
            return Err(self.refuse(&attempt, login).await?);
        };
        let second = user.totp_at.is_some();
        let mut tx = store.write().await?;
        if !second {
            self.keep(&mut tx, &attempt, Outcome::Good).await?;
        }
        let begun = self.begin(&mut tx, &user, label, second).await?;
        let act = if second {
            "access.password-good"
        } else {
            "access.sign-in"
        };
        tx.record(self.act(&user.login, act).on("account", user.id));
        tx.commit().await?;
        Ok(begun)
    }

    /// Compares the changing code of somebody whose password was right; the session begins anew.
    ///
    /// # Errors
    /// Refused, to be tried later, or the record cannot be read.
    pub async fn show_code(
        &self,
        visitor: &Visitor,
        code: &str,
        origin: &str,
        label: &str,
    ) -> Result<SignedIn, SignInError> {
        let store = &self.office.store;
        let login = visitor.acting.login();
        let attempt = Attempt {
            account: sessions::account_mark(store, login),
            origin: sessions::origin_mark(store, origin),
        };
        if visitor.stage != Stage::Code {
            return Err(SignInError::Refused);
        }
        self.slow_down(&attempt).await?;
        let user = users::get(store, visitor.acting.user())
            .await?
            .ok_or(SignInError::Refused)?;
        let secret = users::totp_secret(store, &user)?.unwrap_or_default();
        let Some(step) = totp::step(&secret, code, self.watch.now())? else {
            return Err(self.refuse(&attempt, login).await?);
        };
        let mut tx = store.write().await?;
        if !users::take_step(&mut tx, user.id, step).await? {
            drop(tx);
            return Err(self.refuse(&attempt, login).await?);
        }
        self.keep(&mut tx, &attempt, Outcome::Good).await?;
        let at = self.watch.at(0);
        let old = visitor.acting.session();
        sessions::end(&mut tx, &at, user.id, old, "动态口令已输,换新会话").await?;
        let begun = self.whole_session(&mut tx, &user, label).await?;
        tx.record(
            self.act(login, "access.sign-in")
                .on("account", user.id)
                .because("动态口令"),
        );
        tx.commit().await?;
        Ok(begun)
    }

    /// Takes the password again, for acts about accounts; a wrong one counts like one at the door.
    ///
    /// # Errors
    /// Refused, to be tried later, or the record cannot be read.
    pub async fn confirm(
        &self,
        visitor: &Visitor,
        word: &str,
        origin: &str,
    ) -> Result<(), SignInError> {
        let store = &self.office.store;
        let (login, id) = (visitor.acting.login(), visitor.acting.user());
        let attempt = Attempt {
            account: sessions::account_mark(store, login),
            origin: sessions::origin_mark(store, origin),
        };
        self.slow_down(&attempt).await?;
        let user = users::get(store, id).await?.ok_or(SignInError::Refused)?;
        if !password::matches(word.to_owned(), Some(user.password)).await? {
            return Err(self.refuse(&attempt, login).await?);
        }
        let mut tx = store.write().await?;
        self.keep(&mut tx, &attempt, Outcome::Good).await?;
        tx.record(self.act(login, "access.confirm").on("account", id));
        tx.commit().await?;
        let mut confirmed = self
            .confirmed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let (now, window) = (self.watch.now(), self.book.settings().confirm_seconds);
        confirmed.retain(|_, last| now.as_second().saturating_sub(last.as_second()) <= window);
        confirmed.insert(visitor.acting.session(), now);
        Ok(())
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The record cannot be written.
    pub async fn sign_out(&self, visitor: &Visitor) -> Result<(), OfficeError> {
        let who = &visitor.acting;
        let mut tx = self.office.store.write().await?;
        sessions::end(
            &mut tx,
            &self.watch.at(0),
            who.user(),
            who.session(),
            "退出",
        )
        .await?;
        tx.record(
            self.act(who.login(), "access.sign-out")
                .on("account", who.user()),
        );
        tx.commit().await?;
        Ok(())
    }

    /// Begins a session for whoever holds the data folder and its keys, without a password: for
    /// programs that run beside the office, and for tests. It is in the chain like any other.
    ///
    /// # Errors
    /// There is no such account, or the record cannot be written.
    pub async fn session_at_the_machine(
        &self,
        login: &str,
        why: &str,
    ) -> Result<SignedIn, OfficeError> {
        let store = &self.office.store;
        let missing = || OfficeError::NotFound(format!("没有账号 `{login}`"));
        let user = users::find(store, login).await?.ok_or_else(missing)?;
        let mut tx = store.write().await?;
        let begun = self.whole_session(&mut tx, &user, "本机程序").await?;
        tx.record(
            self.act("system", "access.session-at-machine")
                .on("account", user.id)
                .because(why),
        );
        tx.commit().await?;
        Ok(begun)
    }

    /// Too fast, or too many failures: told before anything is compared.
    async fn slow_down(&self, attempt: &Attempt) -> Result<(), SignInError> {
        let (settings, now) = (self.book.settings(), self.watch.now());
        let most = Most {
            each: settings.tries_each,
            all: settings.tries_all,
        };
        if let Some(seconds) = self.counters.count(most, attempt.origin, now) {
            return Err(SignInError::Wait(seconds));
        }
        let store = &self.office.store;
        let since = self.watch.at(-FAILURES_COUNT_SECONDS);
        let attempts = sessions::attempts(store, attempt.account, &since, ATTEMPTS_MAX).await?;
        let past = Past {
            attempts,
            origin: attempt.origin,
            known: sessions::known_origin(store, attempt.account, attempt.origin).await?,
        };
        match wait(settings, &past, now) {
            0 => Ok(()),
            seconds => Err(SignInError::Wait(seconds)),
        }
    }

    /// Keeps a failure. What was typed as a name is not kept: it may be a password.
    async fn refuse(&self, attempt: &Attempt, login: &str) -> Result<SignInError, SignInError> {
        let store = &self.office.store;
        let user = users::find(store, login).await?;
        let mut tx = store.write().await?;
        self.keep(&mut tx, attempt, Outcome::Refused).await?;
        let actor = user.as_ref().map_or("unknown", |user| &user.login);
        let account = user
            .as_ref()
            .map_or_else(|| "none".to_owned(), |user| user.id.to_string());
        tx.record(
            self.act(actor, "access.sign-in-refused")
                .on("account", account),
        );
        tx.commit().await?;
        Ok(SignInError::Refused)
    }

    async fn keep(
        &self,
        tx: &mut JournalTx,
        attempt: &Attempt,
        outcome: Outcome,
    ) -> Result<(), SignInError> {
        let at = self.watch.at(0);
        Ok(sessions::add_attempt(tx, &at, attempt.account, attempt.origin, outcome).await?)
    }

    async fn begin(
        &self,
        tx: &mut JournalTx,
        user: &User,
        label: &str,
        code_to_come: bool,
    ) -> Result<SignedIn, OfficeError> {
        if !code_to_come {
            return self.whole_session(tx, user, label).await;
        }
        let seconds = self.book.settings().code_seconds;
        let new = self.session(user, label, seconds);
        let new = NewSession {
            second_factor: false,
            ..new
        };
        let (_, secret) = sessions::start(tx, &new).await?;
        Ok(SignedIn { secret, seconds })
    }

    /// A session with all that the account asks for.
    pub(super) async fn whole_session(
        &self,
        tx: &mut JournalTx,
        user: &User,
        label: &str,
    ) -> Result<SignedIn, OfficeError> {
        let seconds = self.book.settings().longest_seconds;
        let new = self.session(user, label, seconds);
        let (_, secret) = sessions::start(tx, &new).await?;
        Ok(SignedIn { secret, seconds })
    }

    pub(super) fn session(&self, user: &User, label: &str, seconds: i64) -> NewSession {
        let clean = label.chars().filter(|c| !c.is_control());
        NewSession {
            user: user.id,
            kind: SessionKind::Page,
            generation: user.generation,
            second_factor: true,
            label: clean.take(LABEL_CHARS_MAX).collect(),
            started_at: self.watch.at(0),
            expires_at: self.watch.at(seconds),
        }
    }

    /// An act of somebody, now.
    pub(super) fn act(&self, actor: &str, act: &str) -> Act {
        Act::new(&self.office.clock.at(), actor, act)
    }
}

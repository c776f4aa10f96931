//! 我的账号: changing the password, binding the second factor, the list of one's own sessions.

use super::{Access, AccessError, Done, Right, SignedIn, Stage, Visitor, password, totp};
use crate::error::OfficeError;
use store::sessions::{self, NewSession, SessionKind};
use store::users::{self, NextSignIn, User};

/// A second factor that is offered and not yet confirmed.
#[derive(Clone)]
pub struct Binding {
    /// The secret, as it is typed into a phone.
    pub secret: String,
    /// The address a phone's program opens.
    pub address: String,
}

/// One of one's own sessions.
#[derive(Clone, Debug)]
pub struct SessionRow {
    /// Its number.
    pub id: i64,
    /// 网页 or 程序.
    pub kind: &'static str,
    /// The browser or program.
    pub label: String,
    /// When it began, UTC+8.
    pub started: String,
    /// When it ends at the latest.
    pub expires: String,
    /// Whether it is the one that asks.
    pub this: bool,
}

impl Access {
    /// Changes one's own password; every other session ends and this one begins anew.
    ///
    /// # Errors
    /// The old password is wrong, the new one is too easy, the record cannot be written.
    pub async fn change_password(
        &self,
        visitor: &Visitor,
        old: &str,
        new: &str,
        label: &str,
    ) -> Done<SignedIn> {
        let user = self.own(visitor).await?;
        if !password::matches(old.to_owned(), Some(user.password.clone())).await? {
            let said = "现在的口令不对,没有改;请重新输入";
            return Err(AccessError::Refused(said.to_owned()));
        }
        if old == new {
            let said = "新口令和现在的一样,请换一个";
            return Err(AccessError::Refused(said.to_owned()));
        }
        if let Some(said) = password::wrong(&self.book, &user.login, new) {
            return Err(AccessError::Refused(said));
        }
        let digest = password::digest(new.to_owned()).await?;
        let at = self.watch.at(0);
        let mut tx = self.office.store.write().await?;
        users::set_password(&mut tx, &at, user.id, digest, NextSignIn::Free).await?;
        let begun = self.anew(&mut tx, &user, label).await?;
        tx.record(
            self.act(&user.login, "access.password")
                .on("account", user.id)
                .because("本人修改"),
        );
        tx.commit().await?;
        Ok(begun)
    }

    /// Offers a second factor, or shows the offer again. One that is bound must be reset first.
    ///
    /// # Errors
    /// It is bound already, or the record cannot be written.
    pub async fn offer_second_factor(&self, visitor: &Visitor) -> Done<Binding> {
        let user = self.own(visitor).await?;
        if user.totp_at.is_some() {
            let said = "动态口令已经绑定;换手机请找安全保密管理员重置";
            return Err(AccessError::Refused(said.to_owned()));
        }
        let kept = users::totp_secret(&self.office.store, &user)?;
        let secret = match kept {
            Some(secret) => secret,
            None => {
                let secret = totp::new_secret()?;
                let mut tx = self.office.store.write().await?;
                users::propose_totp(&mut tx, user.id, &secret).await?;
                tx.record(
                    self.act(&user.login, "access.second-factor-offered")
                        .on("account", user.id),
                );
                tx.commit().await?;
                secret
            }
        };
        Ok(Binding {
            secret: totp::shown(&secret),
            address: totp::address(&secret, &user.login),
        })
    }

    /// Binds the offered second factor with a code of it; the session begins anew.
    ///
    /// # Errors
    /// The code is wrong, nothing was offered, the record cannot be written.
    pub async fn bind_second_factor(
        &self,
        visitor: &Visitor,
        code: &str,
        label: &str,
    ) -> Done<SignedIn> {
        let user = self.own(visitor).await?;
        let secret = users::totp_secret(&self.office.store, &user)?.unwrap_or_default();
        let wrong = || {
            let said = "动态口令不对;请看手机上现在的六位数字,并核对手机时间";
            AccessError::Refused(said.to_owned())
        };
        if secret.is_empty() || user.totp_at.is_some() {
            return Err(wrong());
        }
        let step = totp::step(&secret, code, self.watch.now())?.ok_or_else(wrong)?;
        let mut tx = self.office.store.write().await?;
        users::confirm_totp(&mut tx, &self.watch.at(0), user.id, step).await?;
        let begun = self.anew(&mut tx, &user, label).await?;
        tx.record(
            self.act(&user.login, "access.second-factor")
                .on("account", user.id)
                .because("本人绑定"),
        );
        tx.commit().await?;
        Ok(begun)
    }

    /// One's own sessions that hold.
    ///
    /// # Errors
    /// The record cannot be read.
    pub async fn sessions(&self, visitor: &Visitor) -> Done<Vec<SessionRow>> {
        let user = self.own(visitor).await?;
        let at = self.watch.at(0);
        let all = sessions::of_user(&self.office.store, user.id, user.generation, &at).await?;
        let row = |session: sessions::Session| SessionRow {
            id: session.id,
            kind: match session.content.kind {
                SessionKind::Page => "网页",
                SessionKind::Program => "程序",
            },
            label: session.content.label,
            started: crate::desk::minute(&session.content.started_at),
            expires: crate::desk::minute(&session.content.expires_at),
            this: session.id == visitor.acting.session(),
        };
        Ok(all.into_iter().map(row).collect())
    }

    /// Ends one of one's own sessions.
    ///
    /// # Errors
    /// It is not one's own or has ended; the record cannot be written.
    pub async fn end_session(&self, visitor: &Visitor, session: i64) -> Done<()> {
        let user = visitor.acting.user();
        let own = self.sessions(visitor).await?;
        if !own.iter().any(|row| row.id == session) {
            let said = "没有这个会话,可能已经结束";
            return Err(AccessError::NotFound(said.to_owned()));
        }
        let mut tx = self.office.store.write().await?;
        sessions::end(&mut tx, &self.watch.at(0), user, session, "本人结束").await?;
        tx.record(
            self.act(visitor.acting.login(), "access.session-end")
                .on("account", user)
                .because("本人结束"),
        );
        tx.commit().await?;
        Ok(())
    }

    /// Ends all of one's sessions, this one too.
    ///
    /// # Errors
    /// The record cannot be written.
    pub async fn end_all_sessions(&self, visitor: &Visitor) -> Done<()> {
        let user = visitor.acting.user();
        let mut tx = self.office.store.write().await?;
        users::raise_generation(&mut tx, user).await?;
        sessions::end_all(&mut tx, &self.watch.at(0), user, "本人全部结束").await?;
        tx.record(
            self.act(visitor.acting.login(), "access.session-end")
                .on("account", user)
                .because("本人全部结束"),
        );
        tx.commit().await?;
        Ok(())
    }

    /// A token for a program that reads the interface with one's own rights; told once.
    ///
    /// # Errors
    /// No name was given, or the record cannot be written.
    pub async fn program_token(&self, visitor: &Visitor, name: &str) -> Done<SignedIn> {
        visitor.acting.scope(Right::ACCOUNT)?;
        let user = self.own(visitor).await?;
        if name.trim().is_empty() {
            let said = "请写上这个令牌给哪个程序用";
            return Err(AccessError::Refused(said.to_owned()));
        }
        let seconds = self.book.settings().program_seconds;
        let new = NewSession {
            kind: SessionKind::Program,
            ..self.session(&user, name.trim(), seconds)
        };
        let mut tx = self.office.store.write().await?;
        let (_, secret) = sessions::start(&mut tx, &new).await?;
        tx.record(
            self.act(&user.login, "access.program-token")
                .on("account", user.id)
                .because("本人申请"),
        );
        tx.commit().await?;
        Ok(SignedIn { secret, seconds })
    }

    /// The account of a visitor, as it is now; who has yet to type the code cannot touch it.
    pub(super) async fn own(&self, visitor: &Visitor) -> Done<User> {
        if visitor.stage == Stage::Code {
            let said = "请先输入动态口令";
            return Err(AccessError::Refused(said.to_owned()));
        }
        let user = users::get(&self.office.store, visitor.acting.user()).await?;
        user.ok_or_else(|| AccessError::NotFound("账号不存在".to_owned()))
    }

    /// A session of the generation after the one that was just ended.
    async fn anew(
        &self,
        tx: &mut store::JournalTx,
        user: &User,
        label: &str,
    ) -> Result<SignedIn, OfficeError> {
        sessions::end_all(tx, &self.watch.at(0), user.id, "凭据已换").await?;
        let mut user = user.clone();
        user.generation = user.generation.saturating_add(1);
        self.whole_session(tx, &user, label).await
    }
}

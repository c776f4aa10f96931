//! 接口账号 and 接口令牌: programs of other offices. Whoever makes accounts makes the account; whoever gives roles
//! gives it roles and its tokens. A token reaches no further than the roles of its account, and no further
//! than it was narrowed to; it is told once, kept as a digest, expires, and ends at the next request after
//! it was taken back.

use super::accounts::permitted;
use super::{Access, AccessError, By, Done, NewAccount, Right, SignedIn};
use domain::AreaCode;
use std::collections::{BTreeMap, BTreeSet};
use store::service::{self, Came, Narrowed};
use store::sessions::{self, NewSession, SessionKind};
use store::users::{self, UserState};

/// Longest reason kept with a token.
const REASON_CHARS_MAX: usize = 200;

/// A token to be made.
#[derive(Clone, Debug, Default)]
pub struct NewToken {
    /// The program's account.
    pub login: String,
    /// What the token is called in the list.
    pub label: String,
    /// Rights by their codes; at least one.
    pub rights: Vec<String>,
    /// The place it reaches, with all inside it.
    pub area: String,
    /// How many days it holds; the access rules say the most, and how many without.
    pub days: Option<u32>,
    /// What it is for.
    pub because: String,
}

/// A token as the list shows it. The secret is nowhere.
#[derive(Clone, Debug)]
pub struct TokenRow {
    /// 令牌编号.
    pub no: i64,
    /// The program's account.
    pub login: String,
    /// What it is called.
    pub label: String,
    /// The rights it is narrowed to, by code.
    pub rights: Vec<String>,
    /// The place it is narrowed to.
    pub area: String,
    /// What it is for.
    pub because: String,
    /// Who made it.
    pub made_by: String,
    /// When, UTC+8.
    pub started: String,
    /// When it ends at the latest, UTC+8.
    pub expires: String,
    /// 有效, 到期, or why it ended.
    pub state: String,
    /// Whether it may still be used.
    pub holds: bool,
}

impl Access {
    /// Makes an account for a program: nobody is told a password, so nobody signs in with it.
    ///
    /// # Errors
    /// As [`Access::add_account`].
    pub async fn add_service(&self, by: By<'_>, new: &NewAccount) -> Done<()> {
        // A word that is forgotten at once: killed here, an account is left that nobody can open.
        drop(self.add_account(by, new).await?);
        let store = &self.office.store;
        let login = new.login.trim();
        let missing = || AccessError::NotFound(format!("没有账号 `{login}`"));
        let user = users::find(store, login).await?.ok_or_else(missing)?;
        let at = self.office.clock.at();
        let mut tx = store.write().await?;
        service::add_account(&mut tx, &at, user.id, super::accounts::actor(by)).await?;
        tx.record(
            self.act(super::accounts::actor(by), "access.service-account")
                .on("account", user.id),
        );
        tx.commit().await?;
        Ok(())
    }

    /// Makes a token; its secret is told once.
    ///
    /// # Errors
    /// The right is missing, the account is no program's or shut, or what is asked goes further than the
    /// roles of the account.
    pub async fn make_token(&self, by: By<'_>, new: &NewToken) -> Done<SignedIn> {
        let user = self.other(by, Right::ROLE_GRANT, &new.login).await?;
        let store = &self.office.store;
        let refused = |said: String| Err(AccessError::Refused(said));
        if !service::is_account(store, user.id).await? {
            let said = format!("`{}` 不是接口账号;令牌只发给程序,不发给人", user.login);
            return refused(said);
        }
        if user.state != UserState::Active {
            return refused(format!("账号 `{}` 停用了", user.login));
        }
        let (label, because) = (new.label.trim(), new.because.trim());
        if label.is_empty() || because.is_empty() || because.chars().count() > REASON_CHARS_MAX {
            let said = format!("要写给哪个程序用,和不超过 {REASON_CHARS_MAX} 个字的用途");
            return refused(said);
        }
        let area = AreaCode::parse(new.area.trim());
        let area = area.map_err(|e| AccessError::Refused(format!("地区 `{}`:{e}", new.area)))?;
        let rights = self.rights_of(&user, &new.rights, &area).await?;
        let most = self.book.settings().program_seconds;
        let asked = new.days.map(|days| i64::from(days).saturating_mul(86_400));
        let seconds = asked.unwrap_or(most);
        if seconds < 1 || seconds > most {
            let said = format!("令牌有效期应是 1 到 {} 天(access/access.md)", most / 86_400);
            return refused(said);
        }
        let session = NewSession {
            kind: SessionKind::Program,
            ..self.session(&user, label, seconds)
        };
        let narrowed = Narrowed {
            rights,
            area,
            because: because.to_owned(),
            made_by: super::accounts::actor(by).to_owned(),
        };
        let mut tx = store.write().await?;
        let (no, secret) = sessions::start(&mut tx, &session).await?;
        service::add_token(&mut tx, no, &narrowed).await?;
        tx.record(
            self.act(&narrowed.made_by, "access.token-make")
                .on("account", user.id)
                .because(because)
                .carrying(format!(
                    "{{\"token\":{no},\"rights\":\"{}\",\"area\":\"{area}\"}}",
                    narrowed.rights.join(" ")
                )),
        );
        tx.commit().await?;
        Ok(SignedIn { secret, seconds })
    }

    /// The rights asked for, each of which some role of the account has for that place.
    async fn rights_of(
        &self,
        user: &users::User,
        asked: &[String],
        area: &AreaCode,
    ) -> Done<Vec<String>> {
        let at = self.office.clock.at();
        let held = store::grants::of_user(&self.office.store, user.id).await?;
        let held: Vec<_> = held.iter().filter(|grant| grant.holds(&at)).collect();
        let mut rights = BTreeSet::new();
        for code in asked {
            let code = code.trim();
            let unknown = || AccessError::Refused(format!("没有代号为 `{code}` 的权限"));
            let right = Right::from_code(code).ok_or_else(unknown)?;
            let rule = self.book.rule(right);
            if let Some(rule) = rule.filter(|rule| rule.nature.takes_a_person()) {
                let said = format!(
                    "“{}”(`{code}`)要由人签署或者办理,不能给程序;请去掉它",
                    rule.title
                );
                return Err(AccessError::Refused(said));
            }
            let has = held.iter().any(|grant| {
                self.book.allows(&grant.content.role, right) && grant.content.area.contains(area)
            });
            if !has {
                let said = format!(
                    "账号 `{}` 的角色在 {area} 没有 `{code}` 这项权限;请先授予角色,或者去掉它",
                    user.login
                );
                return Err(AccessError::Refused(said));
            }
            rights.insert(code.to_owned());
        }
        match rights.is_empty() {
            true => Err(AccessError::Refused(
                "令牌至少要有一项权限,写它在 access/access.md 里的代号".to_owned(),
            )),
            false => Ok(rights.into_iter().collect()),
        }
    }

    /// Every token of one's places, newest first.
    ///
    /// # Errors
    /// The right is missing, or the record cannot be read.
    pub async fn tokens(&self, by: By<'_>) -> Done<Vec<TokenRow>> {
        let scope = permitted(by, Right::USER)?;
        let store = &self.office.store;
        let now = self.watch.at(0);
        let accounts: BTreeMap<_, _> = users::list(store)
            .await?
            .into_iter()
            .map(|user| (user.id.get(), user))
            .collect();
        let mut out = Vec::new();
        for token in service::tokens(store).await? {
            let area = token.narrowed.area;
            let Some(user) = accounts.get(&token.user.get()) else {
                continue;
            };
            if scope.as_ref().is_some_and(|scope| !scope.covers(&area)) {
                continue;
            }
            let stale = user.generation != token.generation || user.state != UserState::Active;
            let state = match &token.ended {
                Some((at, why)) => format!("{} 收回:{why}", crate::desk::minute(at)),
                None if token.expires_at <= now => "到期".to_owned(),
                None if stale => "账号改过,已失效".to_owned(),
                None => "有效".to_owned(),
            };
            out.push(TokenRow {
                no: token.no,
                login: user.login.clone(),
                label: token.label,
                rights: token.narrowed.rights,
                area: area.to_string(),
                because: token.narrowed.because,
                made_by: token.narrowed.made_by,
                started: crate::desk::minute(&token.started_at),
                expires: crate::desk::minute(&token.expires_at),
                holds: token.ended.is_none() && token.expires_at > now && !stale,
                state,
            });
        }
        Ok(out)
    }

    /// Takes a token back: its next request is that of nobody.
    ///
    /// # Errors
    /// The right is missing, there is no such token in one's places, or it has ended.
    pub async fn end_token(&self, by: By<'_>, no: i64, why: &str) -> Done<()> {
        let all = service::tokens(&self.office.store).await?;
        let missing = || AccessError::NotFound(format!("没有编号为 {no} 的令牌,可能已经收回"));
        let found = all.iter().find(|token| token.no == no);
        let found = found
            .filter(|token| token.ended.is_none())
            .ok_or_else(missing)?;
        let user = users::get(&self.office.store, found.user).await?;
        let login = user.ok_or_else(missing)?.login;
        let user = self.other(by, Right::ROLE_GRANT, &login).await?;
        let why = match why.trim() {
            "" => "收回",
            why => why,
        };
        let mut tx = self.office.store.write().await?;
        sessions::end(&mut tx, &self.watch.at(0), user.id, no, why).await?;
        tx.record(
            self.act(super::accounts::actor(by), "access.token-end")
                .on("account", user.id)
                .because(why)
                .carrying(format!("{{\"token\":{no}}}")),
        );
        tx.commit().await?;
        Ok(())
    }

    /// What a program sends under a word of its own: the same again may be done again, since what follows
    /// knows it by the same word; something else under a word that was used is refused.
    ///
    /// # Errors
    /// The word was used for something else, or the record cannot be written.
    pub async fn keep_word(&self, who: &super::Acting, word: &str, body: &[u8]) -> Done<bool> {
        let at = self.office.clock.at();
        let mut tx = self.office.store.write().await?;
        match service::request(&mut tx, &at, who.user(), word, body).await? {
            Came::First => {
                tx.record(
                    self.act(who.login(), "access.service-request")
                        .on("account", who.user()),
                );
                tx.commit().await?;
                Ok(true)
            }
            Came::Again => Ok(true),
            Came::Different => Ok(false),
        }
    }
}

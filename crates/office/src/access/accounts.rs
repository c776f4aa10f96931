//! 用户与机构: who works here, in which roles, for which places. The one who makes accounts gives no
//! roles; the one who gives roles makes no accounts; neither acts on their own account.

use super::book::{Class, Role};
use super::{Access, AccessError, Acting, Done, Right, Scope, password};
use domain::{AreaCode, Day};
use std::collections::BTreeMap;
use store::grants::{self, Grant, NewGrant};
use store::organisations::{self, NewOrganisation, Organisation};
use store::sessions;
use store::users::{self, NewUser, NextSignIn, User, UserId, UserState};
use store::{At, JournalTx};

/// Longest login and names kept.
const LOGIN_CHARS_MAX: usize = 32;
const NAME_CHARS_MAX: usize = 64;
/// The relation under which an official declares themselves.
pub(super) const SELF: &str = "self";

/// Who does an act about accounts.
#[derive(Clone, Copy, Debug)]
pub enum By<'a> {
    /// An official, within their rights.
    Official(&'a Acting),
    /// Whoever holds the data folder and its keys, by a command on this machine.
    Machine,
}

/// A password nobody chose; told once and never again.
#[derive(Clone, PartialEq, Eq)]
pub struct OneTimePassword(String);

impl std::fmt::Debug for OneTimePassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OneTimePassword(**)")
    }
}

impl OneTimePassword {
    /// The words to be handed over.
    #[must_use]
    pub fn tell(&self) -> &str {
        &self.0
    }
}

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewAccount {
    /// Name of the account: letters, digits, `.` `-` `_`.
    pub login: String,
    /// Name shown to colleagues.
    pub name: String,
    /// Code of the organisation.
    pub organisation: String,
}

/// An organisation to be made.
#[derive(Clone, Debug)]
pub struct NewOffice {
    /// Its short code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// The place it serves, by its code; the level is that of the place.
    pub area: String,
    /// Code of the one above it.
    pub parent: Option<String>,
}

/// An organisation as the list shows it.
#[derive(Clone, Debug)]
pub struct OfficeRow {
    /// Its short code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// 省 市 县 乡 村.
    pub level: String,
    /// The place it serves.
    pub area: String,
    /// The name of that place; empty where no list of areas has it.
    pub place: String,
    /// How many accounts it has.
    pub accounts: usize,
}

/// A role somebody holds, as the list shows it.
#[derive(Clone, Debug)]
pub struct GrantRow {
    /// Its number.
    pub id: i64,
    /// Name of the role.
    pub role: String,
    /// For which place.
    pub area: String,
    /// The name of that place; empty where no list of areas has it.
    pub place: String,
    /// 起止, in words.
    pub when: String,
    /// Whether it holds now.
    pub holds: bool,
}

/// An account as the list shows it.
#[derive(Clone, Debug)]
pub struct AccountRow {
    /// Name of the account.
    pub login: String,
    /// Name shown to colleagues.
    pub name: String,
    /// Name of the organisation.
    pub organisation: String,
    /// 启用 or 停用.
    pub state: &'static str,
    /// Whether it may be used.
    pub active: bool,
    /// Whether a second factor is bound.
    pub second_factor: bool,
    /// The roles not taken back.
    pub roles: Vec<GrantRow>,
}

impl Access {
    /// The accounts and organisations of one's places.
    ///
    /// # Errors
    /// The right is missing, or the record cannot be read.
    pub async fn accounts(&self, by: By<'_>) -> Done<(Vec<AccountRow>, Vec<OfficeRow>)> {
        let scope = permitted(by, Right::USER)?;
        let store = &self.office.store;
        let at = self.office.clock.at();
        let offices = organisations::list(store, None).await?;
        let seen = |office: &&Organisation| is_in(&scope, &office.content.area);
        let offices: Vec<&Organisation> = offices.iter().filter(seen).collect();
        let named = self.named_places().await?;
        let name = |code: &AreaCode| named.get(code).cloned().unwrap_or_default();
        let mut roles: BTreeMap<i64, Vec<GrantRow>> = BTreeMap::new();
        for grant in grants::list(store).await? {
            let of = roles.entry(grant.content.user.get()).or_default();
            of.push(self.grant_row(&grant, &at, name(&grant.content.area)));
        }
        let mut rows = Vec::new();
        for user in users::list(store).await? {
            let Some(office) = offices.iter().find(|o| o.id == user.organisation) else {
                continue;
            };
            let roles = roles.remove(&user.id.get()).unwrap_or_default();
            rows.push(account_row(user, &office.content.name, roles));
        }
        let office_row = |office: &&Organisation| OfficeRow {
            code: office.content.code.clone(),
            name: office.content.name.clone(),
            level: office.content.level.name().to_owned(),
            area: office.content.area.to_string(),
            place: name(&office.content.area),
            accounts: rows
                .iter()
                .filter(|row| row.organisation == office.content.name)
                .count(),
        };
        let offices = offices.iter().map(office_row).collect();
        Ok((rows, offices))
    }

    fn grant_row(&self, grant: &Grant, at: &At, place: String) -> GrantRow {
        let content = &grant.content;
        let role = self.book.role(&content.role);
        let until = content.until.as_ref().map_or_else(String::new, |until| {
            format!(",至 {} 止", crate::desk::minute(until))
        });
        GrantRow {
            id: grant.id,
            role: role.map_or_else(|| content.role.clone(), |role| role.title.clone()),
            area: content.area.to_string(),
            place,
            when: format!("{} 起{until}", crate::desk::minute(&content.from)),
            holds: grant.holds(at),
        }
    }

    /// Makes an organisation.
    ///
    /// # Errors
    /// The right is missing, the code is taken, the place is none or not one's own.
    pub async fn add_office(&self, by: By<'_>, new: &NewOffice) -> Done<()> {
        let scope = permitted(by, Right::USER_MANAGE)?;
        let store = &self.office.store;
        let area = self.place_of(&new.area).await?;
        within(&scope, &area)?;
        let (code, name) = (new.code.trim(), new.name.trim());
        plain(code, "机构代码")?;
        named(name, "机构名称")?;
        if organisations::find(store, code).await?.is_some() {
            return Err(refused(format!("机构代码 `{code}` 已经有了,请换一个")));
        }
        let parent = match new.parent.as_deref().filter(|code| !code.is_empty()) {
            Some(parent) => Some(self.office_of(parent).await?.id),
            None => None,
        };
        let content = NewOrganisation {
            code: code.to_owned(),
            name: name.to_owned(),
            level: area.level(),
            area,
            parent,
        };
        let mut tx = store.write().await?;
        let id = organisations::add(&mut tx, &self.office.clock.at(), &content).await?;
        tx.record(
            self.act(actor(by), "access.organisation-add")
                .on("organisation", id),
        );
        tx.commit().await?;
        Ok(())
    }

    /// Makes an account; its password is told once.
    ///
    /// # Errors
    /// The right is missing, the login is taken or ill-formed, the organisation is none of one's own.
    pub async fn add_account(&self, by: By<'_>, new: &NewAccount) -> Done<OneTimePassword> {
        let scope = permitted(by, Right::USER_MANAGE)?;
        let store = &self.office.store;
        let (login, name) = (new.login.trim(), new.name.trim());
        plain(login, "账号")?;
        named(name, "姓名")?;
        let office = self.office_of(new.organisation.trim()).await?;
        within(&scope, &office.content.area)?;
        if users::find(store, login).await?.is_some() {
            return Err(refused(format!("账号 `{login}` 已经有了,请换一个")));
        }
        let word = password::random()?;
        let user = NewUser {
            login: login.to_owned(),
            name: name.to_owned(),
            organisation: office.id,
            password: password::digest(word.clone()).await?,
        };
        let mut tx = store.write().await?;
        let id = users::add(&mut tx, &self.watch.at(0), user).await?;
        tx.record(self.act(actor(by), "access.account-add").on("account", id));
        tx.commit().await?;
        Ok(OneTimePassword(word))
    }

    /// Opens an account again.
    ///
    /// # Errors
    /// The right is missing, it is one's own, there is none, or it is open already.
    pub async fn enable(&self, by: By<'_>, login: &str) -> Done<()> {
        self.set_state(by, login, UserState::Active).await
    }

    /// Shuts an account; its sessions end at once.
    ///
    /// # Errors
    /// The right is missing, it is one's own, there is none, or it is shut already.
    pub async fn disable(&self, by: By<'_>, login: &str) -> Done<()> {
        self.set_state(by, login, UserState::Disabled).await
    }

    async fn set_state(&self, by: By<'_>, login: &str, open: UserState) -> Done<()> {
        let user = self.other(by, Right::USER_MANAGE, login).await?;
        if user.state == open {
            return Err(refused(format!("账号 `{login}` 已经是这个状态")));
        }
        let mut tx = self.office.store.write().await?;
        users::set_state(&mut tx, user.id, open).await?;
        let act = match open {
            UserState::Active => "access.account-enable",
            UserState::Disabled => "access.account-disable",
        };
        self.end_sessions(&mut tx, user.id, "账号状态改变").await?;
        tx.record(self.act(actor(by), act).on("account", user.id));
        tx.commit().await?;
        Ok(())
    }

    /// Gives a new password and takes the second factor away; told once, changed at next sign-in.
    ///
    /// # Errors
    /// The right is missing, it is one's own, or there is none.
    pub async fn reset(&self, by: By<'_>, login: &str) -> Done<OneTimePassword> {
        let user = self.other(by, Right::ROLE_GRANT, login).await?;
        let word = password::random()?;
        let digest = password::digest(word.clone()).await?;
        let mut tx = self.office.store.write().await?;
        let at = self.watch.at(0);
        users::set_password(&mut tx, &at, user.id, digest, NextSignIn::MustChange).await?;
        users::clear_totp(&mut tx, user.id).await?;
        self.end_sessions(&mut tx, user.id, "口令重置").await?;
        tx.record(
            self.act(actor(by), "access.account-reset")
                .on("account", user.id),
        );
        tx.commit().await?;
        Ok(OneTimePassword(word))
    }

    /// Gives a role for a place; refused when it cannot be held beside one held already.
    ///
    /// # Errors
    /// The right is missing, it is one's own account, the role or place is none, the roles are apart.
    pub async fn grant(
        &self,
        by: By<'_>,
        login: &str,
        role: &str,
        area: &str,
        until: Option<Day>,
        reason: &str,
    ) -> Done<()> {
        let user = self.other(by, Right::ROLE_GRANT, login).await?;
        let scope = permitted(by, Right::ROLE_GRANT)?;
        let unknown = || AccessError::NotFound(format!("没有名为 `{role}` 的角色"));
        let role = self.book.role_named(role.trim()).ok_or_else(unknown)?;
        let area = self.place_of(area).await?;
        within(&scope, &area)?;
        self.must_not_clash(&user, role).await?;
        let at = self.office.clock.at();
        let until = until.map(end_of).transpose()?;
        if until.as_ref().is_some_and(|until| *until <= at) {
            return Err(refused("止日已经过了,请改成以后的日子".to_owned()));
        }
        let held = grants::of_user(&self.office.store, user.id).await?;
        let same = |g: &&Grant| {
            g.ended_at.is_none() && g.content.role == role.code && g.content.area == area
        };
        let mut tx = self.office.store.write().await?;
        if let Some(old) = held.iter().find(same) {
            if old.holds(&at) {
                let said = format!("`{login}` 在这个地方已经是{}", role.title);
                return Err(refused(said));
            }
            grants::end(&mut tx, &at, actor(by), "到期,重新授予", old.id).await?;
        }
        let new = NewGrant {
            user: user.id,
            role: role.code.clone(),
            area,
            guard: role.class == Class::Guard,
            from: at.clone(),
            until,
            given_by: actor(by).to_owned(),
            reason: reason.trim().to_owned(),
        };
        let id = grants::give(&mut tx, &new).await?;
        users::raise_generation(&mut tx, user.id).await?;
        self.end_sessions(&mut tx, user.id, "角色改变").await?;
        tx.record(
            self.act(actor(by), "access.role-grant")
                .on("account", user.id)
                .because(new.reason.clone())
                .carrying(format!(
                    "{{\"grant\":{id},\"role\":\"{}\",\"area\":\"{}\"}}",
                    new.role, new.area
                )),
        );
        tx.commit().await?;
        Ok(())
    }

    /// Gives a role until a day as a form writes it; without one, until it is taken back.
    ///
    /// # Errors
    /// The day is none, or as for [`Access::grant`].
    pub async fn grant_until(
        &self,
        by: By<'_>,
        login: &str,
        role: &str,
        area: &str,
        until: Option<String>,
        reason: &str,
    ) -> Done<()> {
        let day = until
            .filter(|text| !text.is_empty())
            .map(|text| Day::parse(&text).map_err(|e| refused(format!("止日 `{text}`:{e}"))));
        self.grant(by, login, role, area, day.transpose()?, reason)
            .await
    }

    /// Takes a role back; the sessions end at once.
    ///
    /// # Errors
    /// The right is missing, it is one's own account, or the role is not held.
    pub async fn revoke(&self, by: By<'_>, login: &str, grant: i64, why: &str) -> Done<()> {
        let user = self.other(by, Right::ROLE_GRANT, login).await?;
        let held = grants::of_user(&self.office.store, user.id).await?;
        let found = held.iter().find(|g| g.id == grant && g.ended_at.is_none());
        if found.is_none() {
            let said = format!("`{login}` 没有编号为 {grant} 的角色,可能已经收回");
            return Err(AccessError::NotFound(said));
        }
        let at = self.office.clock.at();
        let mut tx = self.office.store.write().await?;
        grants::end(&mut tx, &at, actor(by), why.trim(), grant).await?;
        users::raise_generation(&mut tx, user.id).await?;
        self.end_sessions(&mut tx, user.id, "角色改变").await?;
        tx.record(
            self.act(actor(by), "access.role-revoke")
                .on("account", user.id)
                .because(why.trim())
                .carrying(format!("{{\"grant\":{grant}}}")),
        );
        tx.commit().await?;
        Ok(())
    }

    /// Roles that are kept apart are kept apart by person: another account of the same person counts.
    async fn must_not_clash(&self, user: &User, role: &Role) -> Done<()> {
        let store = &self.office.store;
        let mut accounts = vec![user.id];
        accounts.extend(store::recusals::same_person(store, user.id, SELF).await?);
        for account in accounts {
            for held in grants::of_user(store, account).await? {
                if held.ended_at.is_some() {
                    continue;
                }
                let Some(why) = self.book.apart(&held.content.role, &role.code) else {
                    continue;
                };
                let other = self
                    .book
                    .role(&held.content.role)
                    .map_or(held.content.role.as_str(), |role| role.title.as_str());
                let whose = if account == user.id {
                    "已经是"
                } else {
                    "用另一个账号已经是"
                };
                return Err(refused(format!(
                    "`{}` {whose}{other},不能再兼{}:{why};请先收回前一个角色,或者换一个人",
                    user.login, role.title
                )));
            }
        }
        Ok(())
    }

    async fn end_sessions(&self, tx: &mut JournalTx, user: UserId, why: &str) -> Done<()> {
        sessions::end_all(tx, &self.watch.at(0), user, why).await?;
        Ok(())
    }

    /// An account of one's places that is not one's own.
    pub(super) async fn other(&self, by: By<'_>, right: Right, login: &str) -> Done<User> {
        let scope = permitted(by, right)?;
        let missing = || AccessError::NotFound(format!("没有账号 `{login}`"));
        let store = &self.office.store;
        let user = users::find(store, login.trim())
            .await?
            .ok_or_else(missing)?;
        let office = organisations::list(store, None)
            .await?
            .into_iter()
            .find(|office| office.id == user.organisation)
            .ok_or_else(missing)?;
        if !is_in(&scope, &office.content.area) {
            return Err(missing());
        }
        if matches!(by, By::Official(who) if who.user() == user.id) {
            return Err(refused("不能改自己的账号;请由另一位管理员办理".to_owned()));
        }
        Ok(user)
    }

    async fn office_of(&self, code: &str) -> Done<Organisation> {
        let found = organisations::find(&self.office.store, code).await?;
        let missing = || AccessError::NotFound(format!("没有代码为 `{code}` 的机构"));
        found
            .filter(|office| office.closed_at.is_none())
            .ok_or_else(missing)
    }
}

fn account_row(user: User, office: &str, roles: Vec<GrantRow>) -> AccountRow {
    let active = user.state == UserState::Active;
    AccountRow {
        login: user.login,
        name: user.name,
        organisation: office.to_owned(),
        state: if active { "启用" } else { "停用" },
        active,
        second_factor: user.totp_at.is_some(),
        roles,
    }
}

/// Where somebody may act; everywhere at the machine itself.
pub(super) fn permitted(by: By<'_>, right: Right) -> Done<Option<Scope>> {
    match by {
        By::Official(who) => {
            let scope = who.scope(right)?;
            let changes = matches!(right, Right::USER_MANAGE | Right::ROLE_GRANT);
            if changes && !who.is_fresh() {
                return Err(AccessError::Confirm);
            }
            Ok(Some(scope))
        }
        By::Machine => Ok(None),
    }
}

pub(super) fn actor(by: By<'_>) -> &str {
    match by {
        By::Official(who) => who.login(),
        By::Machine => "system",
    }
}

fn is_in(scope: &Option<Scope>, place: &AreaCode) -> bool {
    scope.as_ref().is_none_or(|scope| scope.covers(place))
}

fn within(scope: &Option<Scope>, place: &AreaCode) -> Done<()> {
    if is_in(scope, place) {
        return Ok(());
    }
    Err(refused(format!("地区 {place} 不在您的辖区里")))
}

pub(super) fn refused(said: String) -> AccessError {
    AccessError::Refused(said)
}

/// Letters, digits and three marks: safe in an address, a log and the chain.
fn plain(text: &str, what: &str) -> Done<()> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let kept_for_us = ["system", "unknown"];
    if text.is_empty()
        || text.chars().count() > LOGIN_CHARS_MAX
        || !text.chars().all(fits)
        || kept_for_us.contains(&text.to_ascii_lowercase().as_str())
    {
        let said = format!("{what} `{text}` 要用 1 到 {LOGIN_CHARS_MAX} 个字母、数字或 . - _");
        return Err(refused(said));
    }
    Ok(())
}

fn named(text: &str, what: &str) -> Done<()> {
    let size = text.chars().count();
    if size == 0 || size > NAME_CHARS_MAX || text.chars().any(char::is_control) {
        return Err(refused(format!("{what}要写 1 到 {NAME_CHARS_MAX} 个字")));
    }
    Ok(())
}

/// The end of a day in Beijing: the role holds on that day too.
fn end_of(day: Day) -> Done<At> {
    let next = day.add_days(1).unwrap_or(day);
    let at = At::parse(&format!("{next}T00:00:00+08:00"));
    Ok(at?)
}

//! 规则版本: proposed, checked, signed by two persons, in force. A version is whole: its texts lie in the
//! data folder by their digests and are compared with them whenever they are read.
//!
//! The texts are durable before the record names them, and the second signature is one transaction; so
//! whatever happens in between, the version that was in force still is.

use super::checked::{Review, review};
use crate::access::{Acting, Denied, Right};
use crate::error::{OfficeError, Result, at_path};
use crate::office::Office;
use crate::views::ViewError;
use domain::Month;
use rules::{Rulebook, SourceText};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use store::digest::{hex, of_bytes};
use store::rulebooks::{self, NewVersion, Signature, Version, VersionState};
use store::users::{User, UserId};
use store::{Act, JournalTx, Reads, Store};

/// The folder of the texts, in the data folder.
const FOLDER: &str = "rulebooks";
/// Versions that are listed.
pub(super) const VERSIONS_SHOWN: u32 = 200;

/// Why something about versions cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The right is missing.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// What was asked is against the rules; says which, and what to do.
    #[error("{0}")]
    Refused(String),
    /// There is no such version.
    #[error("没有第 {0} 版规则手册;请从 doudi rulebook list 里选")]
    NotFound(i64),
    /// The record or the machine.
    #[error(transparent)]
    Office(#[from] OfficeError),
}

impl From<store::StoreError> for ChangeError {
    fn from(error: store::StoreError) -> Self {
        match error {
            // Somebody else was quicker: for whoever asks this is no failure of the machine.
            store::StoreError::NotThere { .. } => Self::Refused(error.to_string()),
            other => Self::Office(OfficeError::Store(other)),
        }
    }
}

impl From<ChangeError> for ViewError {
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::Denied(denied) => denied.into(),
            ChangeError::Refused(said) => Self::NotAnswerable(said),
            ChangeError::NotFound(_) => Self::NotFound(error.to_string()),
            ChangeError::Office(error) => error.into(),
        }
    }
}

/// The result of an act about versions.
pub type Changing<T> = std::result::Result<T, ChangeError>;

/// A version as officials read it.
#[derive(Clone, Debug)]
pub struct VersionRow {
    /// Its number.
    pub no: i64,
    /// Draft, waiting, in force, withdrawn.
    pub state: &'static str,
    /// Whether it is the one in force.
    pub running: bool,
    /// The digest of its texts.
    pub digest: String,
    /// Made from which version; 0 for the rulebook of the program.
    pub base: i64,
    /// From which day something is otherwise.
    pub since: String,
    /// Why.
    pub because: String,
    /// Who proposed it and when.
    pub proposed: String,
    /// Who signed and when, in order.
    pub signed: Vec<String>,
    /// Why it was withdrawn.
    pub ended_why: String,
}

/// A proposal.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Texts in the place of those with the same path, or beside them.
    pub texts: Vec<SourceText>,
    /// Paths of texts that go.
    pub remove: Vec<String>,
    /// Why.
    pub because: String,
    /// The number it is to have; the next one without.
    pub no: Option<i64>,
}

/// What a version's number means for the rulebook in force: the number and texts it was made from.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    /// 0 for the rulebook of the program.
    pub no: i64,
    /// Digest of all its texts.
    pub digest: [u8; 32],
}

/// The digest of a whole rulebook: paths and digests of its texts, in order.
pub(crate) fn digest_of(texts: &BTreeMap<String, String>) -> [u8; 32] {
    let digests = texts.iter();
    whole_digest(
        &digests
            .map(|(p, t)| (p.clone(), of_bytes(t.as_bytes())))
            .collect(),
    )
}

fn whole_digest(digests: &BTreeMap<String, [u8; 32]>) -> [u8; 32] {
    let mut all = String::from("doudi/rulebook/1\n");
    for (path, digest) in digests {
        all.push_str(&format!("{} {path}\n", hex(digest)));
    }
    of_bytes(all.as_bytes())
}

/// Whether texts of versions lie in a data folder.
pub(crate) fn may_be_in(folder: &Path) -> bool {
    folder.join(FOLDER).is_dir()
}

/// The version in force, read back and compared with its digests; none while the program's own
/// rulebook is.
///
/// # Errors
/// A text is missing or was changed.
pub(crate) async fn in_force(store: &Store, folder: &Path) -> Result<Option<(Running, Rulebook)>> {
    let Some(version) = rulebooks::running(store).await? else {
        return Ok(None);
    };
    let book = texts_of(store, folder, &version).await?;
    let running = Running {
        no: version.content.no,
        digest: version.content.digest,
    };
    Ok(Some((running, Rulebook::read(book))))
}

pub(super) async fn texts_of(
    store: &Store,
    folder: &Path,
    version: &Version,
) -> Result<Vec<SourceText>> {
    let no = version.content.no;
    let digests = rulebooks::texts(store, no).await?;
    if whole_digest(&digests) != version.content.digest {
        let said = format!("规则手册第 {no} 版的清单和签发时的摘要不符;请从备份恢复,并查审计链");
        return Err(OfficeError::NotFound(said));
    }
    let mut out = Vec::new();
    for (path, digest) in digests {
        let file = text_path(folder, &digest);
        let bytes = std::fs::read(&file).map_err(at_path(&file))?;
        let text = String::from_utf8(bytes).ok();
        let text = text.filter(|text| of_bytes(text.as_bytes()) == digest);
        let text = text.ok_or_else(|| {
            OfficeError::NotFound(format!(
                "规则手册第 {no} 版的 `{path}` 被改动过,和签发时不是同一个文件;请从备份恢复 {}",
                file.display()
            ))
        })?;
        out.push(SourceText { path, text });
    }
    Ok(out)
}

fn text_path(folder: &Path, digest: &[u8; 32]) -> PathBuf {
    folder.join(FOLDER).join(hex(digest))
}

/// Writes the texts that are not there yet; each is whole under its name or not there.
fn keep(folder: &Path, texts: &BTreeMap<String, String>) -> Result<()> {
    let root = folder.join(FOLDER);
    std::fs::create_dir_all(&root).map_err(at_path(&root))?;
    for text in texts.values() {
        let digest = of_bytes(text.as_bytes());
        let path = text_path(folder, &digest);
        if std::fs::read(&path).is_ok_and(|held| of_bytes(&held) == digest) {
            continue;
        }
        let new = path.with_extension("new");
        let mut file = File::create(&new).map_err(at_path(&new))?;
        let written = file
            .write_all(text.as_bytes())
            .and_then(|()| file.sync_all());
        written.map_err(at_path(&new))?;
        std::fs::rename(&new, &path).map_err(at_path(&path))?;
    }
    let synced = File::open(&root).and_then(|folder| folder.sync_all());
    synced.map_err(at_path(&root))
}

pub(super) fn state_word(state: VersionState) -> &'static str {
    match state {
        VersionState::Draft => "草稿",
        VersionState::Waiting => "待签",
        VersionState::Active => "生效",
        VersionState::Withdrawn => "撤回",
    }
}

/// Every version, newest first.
///
/// # Errors
/// The right is missing, or the record cannot be read.
pub async fn list(office: &Office, who: &Acting) -> Changing<Vec<VersionRow>> {
    who.scope(Right::RULEBOOK)?;
    let versions = rulebooks::list(&office.store, VERSIONS_SHOWN).await?;
    let users = store::users::list(&office.store).await?;
    Ok(versions.iter().map(|v| row(office, v, &users)).collect())
}

fn row(office: &Office, version: &Version, users: &[User]) -> VersionRow {
    let named = |id: UserId| {
        let user = users.iter().find(|u| u.id == id);
        user.map_or_else(|| id.to_string(), |u| format!("{}({})", u.name, u.login))
    };
    let hand = |hand: &Signature| format!("{} {}", named(hand.user), crate::desk::minute(&hand.at));
    let content = &version.content;
    let signed = [&version.first, &version.second];
    VersionRow {
        no: content.no,
        state: state_word(content.state),
        running: content.no == office.running.no,
        digest: hex(&content.digest),
        base: content.base,
        since: super::since_words(content.effective),
        because: content.because.clone(),
        proposed: format!(
            "{} {}",
            named(content.proposed_by),
            crate::desk::minute(&content.proposed_at)
        ),
        signed: signed.into_iter().flatten().map(hand).collect(),
        ended_why: version.ended_why.clone(),
    }
}

/// The newest month that was judged.
pub(super) async fn judged(on: &impl Reads) -> Result<Option<Month>> {
    let runs = store::runs::list(on, i64::MAX, 1_000).await?;
    Ok(runs.iter().map(|run| run.content.month).max())
}

/// Compares a proposal with the rulebook in force, on a thread of its own.
async fn looked_at(office: &Office, new: Rulebook) -> Result<Review> {
    let (old, place) = (office.signed_book().clone(), office.locality.clone());
    let month = judged(&office.store).await?;
    let work = move || {
        let digest = digest_of(new.texts());
        (digest, review(&old, &new, &place, month))
    };
    let (digest, review) = tokio::task::spawn_blocking(work)
        .await
        .map_err(|e| OfficeError::Other(format!("检查中断:{e}")))?;
    office.reviews.hold(digest, month, &review);
    Ok(review)
}

/// Proposes a version made from the one in force. With anything in its way it is kept as a draft that
/// nobody can sign; the one in force is not touched either way. The same texts again are the same
/// proposal.
///
/// # Errors
/// The right is missing; no reason; the number is taken by other texts or lower than the newest.
pub async fn propose(
    office: &Office,
    who: &Acting,
    proposal: Proposal,
) -> Changing<(VersionRow, Review)> {
    who.scope(Right::RULEBOOK_PROPOSE)?;
    put(office, who, proposal).await
}

/// The same for whoever has another right to bring texts in.
///
/// # Errors
/// As [`propose`], without the right.
pub(super) async fn put(
    office: &Office,
    who: &Acting,
    proposal: Proposal,
) -> Changing<(VersionRow, Review)> {
    let because = proposal.because.trim().to_owned();
    if because.is_empty() {
        return Err(ChangeError::Refused(
            "没有写为什么改;写明依据的文件或会议".to_owned(),
        ));
    }
    let mut texts = office.signed_book().texts().clone();
    for path in &proposal.remove {
        if texts.remove(path).is_none() {
            return Err(ChangeError::Refused(format!(
                "手册里没有 `{path}`,不能删除"
            )));
        }
    }
    texts.extend(proposal.texts.into_iter().map(|t| (t.path, t.text)));
    let digest = digest_of(&texts);
    let listed = rulebooks::list(&office.store, VERSIONS_SHOWN).await?;
    let open = |v: &&Version| {
        let open = [VersionState::Draft, VersionState::Waiting].contains(&v.content.state);
        open && v.content.digest == digest && v.content.base == office.running.no
    };
    let same = listed
        .iter()
        .find(open)
        .filter(|v| proposal.no.is_none_or(|no| no == v.content.no));
    if let Some(same) = same {
        return look(office, same.content.no).await;
    }
    let no = number(office, proposal.no, digest).await?;
    let book = Rulebook::read(sources(&texts));
    let review = looked_at(office, book).await?;
    keep(&office.folder(), &texts)?;
    let state = if review.blockers.is_empty() {
        VersionState::Waiting
    } else {
        VersionState::Draft
    };
    let new = NewVersion {
        no,
        digest,
        base: office.running.no,
        base_digest: office.running.digest,
        effective: review.since.day,
        because,
        state,
        proposed_by: who.user(),
        proposed_at: office.clock.at(),
    };
    let digests = texts.into_iter();
    let digests = digests
        .map(|(path, text)| (path, of_bytes(text.as_bytes())))
        .collect();
    let mut tx = office.store.write().await?;
    rulebooks::add(&mut tx, &new, &digests).await?;
    let said = format!(
        "{};{} 个文件,{}",
        new.because,
        review.changes.len(),
        state_word(state)
    );
    note(&mut tx, office, who, "rulebook.propose", &new, &said);
    tx.commit().await?;
    Ok((shown(office, no).await?, review))
}

fn sources(texts: &BTreeMap<String, String>) -> Vec<SourceText> {
    let texts = texts.iter().map(|(path, text)| SourceText {
        path: path.clone(),
        text: text.clone(),
    });
    texts.collect()
}

/// The number of a new version: never one that stands for other texts, never one gone by.
async fn number(office: &Office, asked: Option<i64>, digest: [u8; 32]) -> Changing<i64> {
    let newest = rulebooks::newest_no(&office.store).await?;
    let Some(no) = asked else {
        return Ok(newest.saturating_add(1));
    };
    if let Some(held) = rulebooks::find(&office.store, no).await? {
        let other = held.content.digest != digest;
        let said = if other {
            format!("第 {no} 版已经是另一些内容(摘要不同);一个版本号只能有一份内容,请换一个号")
        } else {
            format!(
                "第 {no} 版已经有了,内容相同;它{}",
                state_word(held.content.state)
            )
        };
        return Err(ChangeError::Refused(said));
    }
    if no <= newest {
        let said = format!("版本号要比已有的第 {newest} 版大");
        return Err(ChangeError::Refused(said));
    }
    Ok(no)
}

pub(super) async fn version(office: &Office, no: i64) -> Changing<Version> {
    let found = rulebooks::find(&office.store, no).await?;
    found.ok_or(ChangeError::NotFound(no))
}

pub(super) async fn shown(office: &Office, no: i64) -> Changing<VersionRow> {
    let found = version(office, no).await?;
    let users = store::users::list(&office.store).await?;
    Ok(row(office, &found, &users))
}

pub(super) async fn look(office: &Office, no: i64) -> Changing<(VersionRow, Review)> {
    let found = version(office, no).await?;
    let texts = texts_of(&office.store, &office.folder(), &found).await?;
    let mut review = looked_at(office, Rulebook::read(texts)).await?;
    review.blockers.extend(stale(office, &found));
    Ok((shown(office, no).await?, review))
}

/// A version that was made from another rulebook than the one in force.
pub(super) fn stale(office: &Office, version: &Version) -> Option<String> {
    let content = &version.content;
    let open = matches!(content.state, VersionState::Draft | VersionState::Waiting);
    let same = content.base == office.running.no && content.base_digest == office.running.digest;
    (open && !same).then(|| {
        format!(
            "第 {} 版是在第 {} 版上改的,现在运行的是第 {} 版或者程序换过;请在现在的上面重新提出",
            content.no, content.base, office.running.no
        )
    })
}

/// A version against the one in force: what stands in its way, what it changes. A draft in whose way
/// nothing stands any more then waits to be signed.
///
/// # Errors
/// The right is missing; no such version; its texts were changed.
pub async fn check(office: &Office, who: &Acting, no: i64) -> Changing<(VersionRow, Review)> {
    who.scope(Right::RULEBOOK)?;
    let (row, review) = look(office, no).await?;
    let held = version(office, no).await?;
    let ready = held.content.state == VersionState::Draft && review.blockers.is_empty();
    if !ready || !who.may(Right::RULEBOOK_PROPOSE) {
        return Ok((row, review));
    }
    let mut tx = office.store.write().await?;
    rulebooks::wait(&mut tx, no).await?;
    note(
        &mut tx,
        office,
        who,
        "rulebook.check",
        &held.content,
        "查过,可以签",
    );
    tx.commit().await?;
    Ok((shown(office, no).await?, review))
}

/// Signs a version. With the second signature, of another person, it is in force: a server takes it up at
/// once, a command with the next opening. Everything is checked again first: what is signed is what was
/// checked, and whom it reaches was previewed.
///
/// # Errors
/// The right is missing; something stands in the way; the same person signed already, whichever account
/// was used; another version came into force meanwhile.
pub async fn sign(office: &Office, who: &Acting, no: i64) -> Changing<VersionRow> {
    who.scope(Right::RULEBOOK_SIGN)?;
    let held = version(office, no).await?;
    if held.content.state != VersionState::Waiting {
        let said = format!("第 {no} 版现在是{},不能签", state_word(held.content.state));
        return Err(ChangeError::Refused(said));
    }
    let accounts = accounts_of(&office.store, who).await?;
    if let Some(first) = &held.first
        && same_person(office, who, (first.user, first.person), &accounts).await?
    {
        let said = "第一签就是您(或与您同名的账号)签的;第二签要另一个人";
        return Err(ChangeError::Refused(said.to_owned()));
    }
    let (_, mut review) = look(office, no).await?;
    let preview = super::preview::in_the_way(office, &held, &review).await?;
    review.blockers.extend(preview);
    if !review.blockers.is_empty() {
        let said = review.blockers.join("\n");
        return Err(ChangeError::Refused(format!("第 {no} 版不能签:\n{said}")));
    }
    let hand = Signature {
        user: who.user(),
        person: accounts
            .into_iter()
            .min()
            .unwrap_or_else(|| who.user().get()),
        at: office.clock.at(),
    };
    let mut tx = office.store.write().await?;
    let digest = held.content.digest;
    if held.first.is_none() {
        rulebooks::sign_first(&mut tx, no, digest, &hand).await?;
        note(
            &mut tx,
            office,
            who,
            "rulebook.sign",
            &held.content,
            "第一签",
        );
    } else {
        rulebooks::sign_second(&mut tx, no, digest, &hand).await?;
        note(
            &mut tx,
            office,
            who,
            "rulebook.sign",
            &held.content,
            "第二签",
        );
        note(
            &mut tx,
            office,
            who,
            "rulebook.activate",
            &held.content,
            &held.content.because,
        );
    }
    tx.commit().await?;
    shown(office, no).await
}

/// Every account known to be of the person who acts.
pub(super) async fn accounts_of(on: &impl Reads, who: &Acting) -> Result<Vec<i64>> {
    let same = store::recusals::same_person(on, who.user(), "self").await?;
    let mut all: Vec<i64> = same.into_iter().map(UserId::get).collect();
    all.push(who.user().get());
    Ok(all)
}

/// Two accounts are of two persons unless they declared the same person or bear the same name: a person
/// may have forgotten to declare, so namesakes ask a third to sign.
pub(super) async fn same_person(
    office: &Office,
    who: &Acting,
    (user, person): (UserId, i64),
    mine: &[i64],
) -> Changing<bool> {
    let other = store::users::get(&office.store, user).await?;
    let namesake = other.is_some_and(|user| user.name.trim() == who.name().trim());
    let declared = mine.contains(&user.get()) || mine.contains(&person);
    Ok(namesake || declared)
}

/// Withdraws a version that was never in force.
///
/// # Errors
/// The right is missing; no reason; it is or was in force.
pub async fn withdraw(office: &Office, who: &Acting, no: i64, why: &str) -> Changing<VersionRow> {
    who.scope(Right::RULEBOOK_PROPOSE)?;
    let held = version(office, no).await?;
    let open = matches!(
        held.content.state,
        VersionState::Draft | VersionState::Waiting
    );
    if !open || why.trim().is_empty() {
        let said = if open {
            "没有写为什么撤回".to_owned()
        } else {
            let state = state_word(held.content.state);
            format!("第 {no} 版现在是{state},不能撤回;生效过的版本只能由新的一版代替")
        };
        return Err(ChangeError::Refused(said));
    }
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    rulebooks::withdraw(&mut tx, &at, who.user(), why.trim(), no).await?;
    note(
        &mut tx,
        office,
        who,
        "rulebook.withdraw",
        &held.content,
        why.trim(),
    );
    tx.commit().await?;
    shown(office, no).await
}

fn note(tx: &mut JournalTx, office: &Office, who: &Acting, act: &str, of: &NewVersion, says: &str) {
    let at = office.clock.at();
    tx.record(
        Act::new(&at, who.login(), act)
            .on("rulebook-version", of.no)
            .because(says)
            .carrying(format!("{{\"digest\":\"{}\"}}", hex(&of.digest))),
    );
}

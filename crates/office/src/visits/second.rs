//! 另一名调查人: two go to a door, and both stand for what was seen. A typed account says nothing: the
//! second one says so by a session of their own, after the last answer they were shown, or by a signature sent
//! by that session. A signature somebody else sent is paper: it is kept, and says nothing.

use super::{Door, act, find, going_on, newest};
use crate::access::Acting;
use crate::casework::{CaseError, Done};
use crate::desk::minute;
use crate::office::Office;
use crate::views::Choice;
use domain::procedure::Step;
use std::collections::{BTreeMap, BTreeSet};
use store::photos::{self, AboutKind, PhotoAbout, PhotoRole};
use store::tablets::{self, Confirmation};
use store::users::UserState;
use store::visits::{self, Answer};
use store::{At, Reads};

/// How somebody stands for a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    /// For all of it: written, confirmed by a session of their own, or signed.
    Whole,
    /// What was answered since has not been seen by them.
    Behind(usize),
    /// Not at all.
    No,
}

/// Who has said what of a visit.
struct Said {
    answers: Vec<Answer>,
    confirmed: Vec<Confirmation>,
    /// The newest signature of each, sent by their own session.
    signed: BTreeMap<String, At>,
    /// Signatures somebody else sent: whose, by whom and when.
    papers: Vec<(String, String, At)>,
}

impl Said {
    async fn of(on: &impl Reads, no: i64) -> Done<Self> {
        let about = PhotoAbout::new(AboutKind::Visit, no);
        let photos = photos::of(on, &about).await?.into_iter();
        let signatures = photos.filter(|one| one.role == PhotoRole::Signature);
        let (own, papers): (Vec<_>, Vec<_>) = signatures.partition(|one| one.label == one.actor);
        Ok(Self {
            answers: visits::answers(on, no).await?,
            confirmed: tablets::confirmations(on, no).await?,
            signed: own.into_iter().map(|one| (one.label, one.at)).collect(),
            papers: papers
                .into_iter()
                .map(|one| (one.label, one.actor, one.at))
                .collect(),
        })
    }

    /// Whether every answer that counts was written or seen by somebody.
    fn stands(&self, login: &str) -> Stands {
        let own = self.confirmed.iter().filter(|one| one.login == login);
        let seen = own.map(|one| one.answer).max();
        let newest = newest(&self.answers);
        let wrote = newest.values().any(|answer| answer.actor == login);
        let signed = self.signed.get(login);
        if seen.is_none() && signed.is_none() && !wrote {
            return Stands::No;
        }
        let known = |answer: &Answer| {
            answer.actor == login
                || seen.is_some_and(|seen| answer.no <= seen)
                || signed.is_some_and(|at| answer.at <= *at)
        };
        match newest.values().filter(|answer| !known(answer)).count() {
            0 => Stands::Whole,
            many => Stands::Behind(many),
        }
    }

    /// Whoever is not this person and stands for all of it by an own session.
    fn others(&self, who: &str) -> Vec<String> {
        let wrote = self.answers.iter().map(|answer| answer.actor.clone());
        let confirmed = self.confirmed.iter().map(|one| one.login.clone());
        let signed = self.signed.keys().cloned();
        let all: BTreeSet<String> = wrote.chain(confirmed).chain(signed).collect();
        let others = all.into_iter().filter(|login| login != who);
        others
            .filter(|login| self.stands(login) == Stands::Whole)
            .collect()
    }
}

/// 确认同去: somebody who went along stands for what they were shown, by their own session; `shown` is the newest
/// answer that was on their page.
///
/// # Errors
/// No right, a near relative's, the visit has ended, one person is enough, or something was answered since the
/// page was shown.
pub async fn confirm_seen(office: &Office, who: &Acting, no: i64, shown: i64) -> Done<()> {
    let (visit, door) = find(office, who, no).await?;
    let (step, _) = going_on(who, &visit, &door)?;
    if step.persons < 2 {
        let said = format!("“{}”一个人办就可以,不用另一名调查人确认", step.name);
        return Err(CaseError::Refused(said));
    }
    let mut tx = office.begin().await?;
    let answers = visits::answers(&tx, no).await?;
    let upto = answers.last().map_or(0, |answer| answer.no);
    if upto == 0 {
        let said = "表上还没有填什么,没有可以确认的;请先填";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let unseen = answers.iter().filter(|answer| answer.no > shown).count();
    if unseen > 0 || shown > upto {
        let said = format!("您打开以后这张表又填了 {unseen} 项,还没有确认;请看过下面的再确认");
        return Err(CaseError::Refused(said));
    }
    let known = tablets::confirmations(&tx, no).await?;
    let again = known
        .iter()
        .any(|one| one.login == who.login() && one.answer == upto);
    if again {
        return Ok(());
    }
    let at = office.clock.at();
    tablets::confirm(&mut tx, &at, no, who.login(), upto).await?;
    tx.record(act(office, who, "visit.confirm", no, &door));
    office.end(tx).await
}

/// The second investigator: an account in use, of somebody else, no near relative of the family, who stands
/// for what was seen.
pub(super) async fn second(
    on: &impl Reads,
    who: &Acting,
    (door, step): (&Door, &Step),
    no: i64,
    other: &str,
) -> Done<Vec<String>> {
    let said = Said::of(on, no).await?;
    let mut other = other.to_owned();
    if other.is_empty() {
        if step.persons < 2 {
            return Ok(Vec::new());
        }
        // Whoever it is has said so; there is nothing to type when it is one.
        if let [only] = said.others(who.login()).as_slice() {
            other.clone_from(only);
        } else {
            return Err(CaseError::Refused(format!(
                "“{}”要两个人一起去:请另一名调查人用自己的账号打开这张表确认,或者用自己的账号签名",
                step.name
            )));
        }
    }
    if other == who.login() {
        let said = "另一名调查人不能是您自己";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let user = store::users::find(on, &other).await?;
    let user = user.filter(|user| user.state == UserState::Active);
    let none = || CaseError::Refused(format!("没有在用的账号 {other},请核对另一名调查人"));
    let user = user.ok_or_else(none)?;
    let near = store::recusals::all(on).await?;
    let near = near.iter().any(|one| {
        let own = one.content.user == user.id;
        own && door
            .people
            .iter()
            .any(|(person, _)| *person == one.content.person)
    });
    if near {
        let said = format!("{other} 和这一家有近亲属关系,应当回避");
        return Err(CaseError::Refused(said));
    }
    match said.stands(&other) {
        Stands::Whole => Ok(vec![other]),
        Stands::No if step.persons < 2 => Ok(vec![other]),
        Stands::No => Err(CaseError::Refused(format!(
            "{other} 还没有确认同去:请 {other} 用自己的账号打开这张表,点“确认同去”;别人传的签名只算材料"
        ))),
        Stands::Behind(many) => Err(CaseError::Refused(format!(
            "{other} 确认以后又改了 {many} 项,都已保存;请 {other} 再看一遍并确认"
        ))),
    }
}

/// What a page says of the second investigator.
pub(super) struct Seconds {
    /// One line for each who has said something.
    pub(super) lines: Vec<String>,
    /// Who can be named.
    pub(super) choices: Vec<Choice>,
}

pub(super) async fn shown(on: &impl Reads, who: &Acting, no: i64) -> Done<Seconds> {
    let said = Said::of(on, no).await?;
    let mut lines: Vec<String> = Vec::new();
    for one in &said.confirmed {
        let line = match said.stands(&one.login) {
            Stands::Behind(many) => format!(
                "{} {} 用自己的账号确认同去;以后又改了 {many} 项",
                one.login,
                minute(&one.at)
            ),
            Stands::Whole | Stands::No => {
                format!("{} {} 用自己的账号确认同去", one.login, minute(&one.at))
            }
        };
        lines.push(line);
    }
    let signed = said.signed.iter();
    lines.extend(signed.map(|(label, at)| format!("{label} {} 用自己的账号签名", minute(at))));
    let papers = said.papers.iter();
    lines.extend(papers.map(|(label, by, at)| {
        format!(
            "{label} 的签名,{by} {} 传的,算材料;调查人还要自己确认",
            minute(at)
        )
    }));
    let choices = said.others(who.login()).into_iter();
    Ok(Seconds {
        lines,
        choices: choices
            .map(|login| Choice {
                label: login.clone(),
                value: login,
            })
            .collect(),
    })
}

//! 异议: within the time of a notice, at the window or on the public page. It stops the way to a decision
//! until two persons have looked into it.

use super::guard;
use super::{
    Case, CaseError, Completion, Done, Holds, Writing, circumstance, complete, without_numbers,
};
use crate::access::{Access, Acting};
use crate::office::Office;
use domain::CaseNo;
use std::collections::BTreeSet;
use store::Act;
use store::notices::{self, NewObjection, Notice, ObjectionChannel, ObjectionState};

/// What the procedure calls it.
const OBJECTED: &str = "公示有异议";
/// What it calls one that was found to be right: the township forms its opinion anew.
const UPHELD: &str = "异议属实";
/// Objections from the public page against one notice; then the telephone is left.
const FROM_PAGE_MAX: u64 = 20;
/// Letters of an objection.
const LETTERS_MAX: usize = 500;

/// Takes an objection at the window.
///
/// # Errors
/// No notice hangs, or nothing is said.
pub async fn object(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    case: &mut Case,
    text: &str,
) -> Done<i64> {
    let today = office.clock.today();
    let all = notices::of_case(tx, case.no()).await?;
    let hung = guard::of_open_step(case, &all).filter(|n| n.content.last >= today);
    let hung = hung
        .cloned()
        .ok_or_else(|| CaseError::Refused("现在没有在公示期内,不收异议;可以走投诉".to_owned()))?;
    take(
        office,
        tx,
        who,
        case,
        (&hung, ObjectionChannel::Window, text),
    )
    .await
}

/// Takes an objection from the public page; the office hears of it at once.
///
/// # Errors
/// The notice no longer hangs, nothing is said, or too much came this way already.
pub async fn object_from_page(access: &Access, notice: i64, text: &str) -> Done<i64> {
    let office = access.office();
    let today = office.clock.today();
    let gone = || {
        let said = "这份公示已经到期撤下,不能再从这里提异议;可以打监督电话";
        CaseError::Refused(said.to_owned())
    };
    let who = access.machine().await?;
    let mut tx = office.begin().await?;
    let hung = notices::find(&tx, notice).await?.ok_or_else(gone)?;
    let hangs = hung.content.from <= today && hung.content.last >= today && hung.taken.is_none();
    if !hangs {
        return Err(gone());
    }
    let page = ObjectionChannel::Page;
    if notices::count_objections(&tx, notice, page).await? >= FROM_PAGE_MAX {
        let said = "这份公示收到的意见已经够多,正在复查;请打监督电话说明";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let case = super::read(office, &tx, hung.content.case).await?;
    let mut case = case.ok_or_else(gone)?;
    let no = take(office, &mut tx, &who, &mut case, (&hung, page, text)).await?;
    office.end(tx).await?;
    Ok(no)
}

async fn take(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    case: &mut Case,
    (hung, channel, text): (&Notice, ObjectionChannel, &str),
) -> Done<i64> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > LETTERS_MAX {
        let said = format!("请写明哪一点与实际不符,最多 {LETTERS_MAX} 字");
        return Err(CaseError::Refused(said));
    }
    without_numbers(text)?;
    if super::fields::leaks(text) {
        let said = "文字里好像有证件号、电话或者卡号;请去掉号码再提交";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let at = office.clock.at();
    let new = NewObjection {
        case: case.no(),
        notice: hung.no,
        channel,
        text: text.to_owned(),
        day: office.clock.today(),
        told_by: match channel {
            ObjectionChannel::Window => who.login().to_owned(),
            ObjectionChannel::Page => "公示页".to_owned(),
        },
    };
    let no = notices::object(tx, &at, &new).await?;
    tx.record(
        Act::new(&at, who.login(), "notice.object")
            .on("objection", no)
            .because("公示期内有人提出异议")
            .under(format!("notice:{}", hung.no)),
    );
    let known = case.procedure.circumstances.iter();
    let known = known.filter(|one| one.name == OBJECTED && one.always.is_none());
    if known.count() > 0 && !case.standing.told.contains(OBJECTED) {
        let because = format!("异议 {no}");
        circumstance(office, tx, who, case, (OBJECTED, Holds::Yes), &because).await?;
    }
    Ok(no)
}

/// How an objection was settled.
#[derive(Clone, Debug)]
pub struct Settled<'a> {
    /// Which.
    pub no: i64,
    /// 属实 or 不属实.
    pub state: ObjectionState,
    /// The other person's account.
    pub with: &'a str,
    /// What was found.
    pub because: &'a str,
}

/// Settles an objection by two persons; with the last one the step of the recheck is done.
///
/// # Errors
/// It is settled already, the open step is not the recheck or not this person's, or there is one person.
pub async fn settle(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    case: &mut Case,
    settled: Settled<'_>,
) -> Done<()> {
    super::is_own(who, case)?;
    let step = case.open_step().cloned();
    let step = step.filter(|step| !guard::is_notice(&case.procedure, step));
    let step = step
        .ok_or_else(|| CaseError::Refused("请先办结公示这一步,转入复查,再写复查结果".to_owned()))?;
    let because = settled.because.trim();
    if because.is_empty() || settled.state == ObjectionState::Open {
        return Err(CaseError::Refused("请写明查到了什么,属实不属实".to_owned()));
    }
    without_numbers(because)?;
    let other = store::users::find(tx, settled.with).await?;
    if other.is_none() || settled.with == who.login() {
        let said = "异议要由两个人复查;请填另一位同事的账号";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let all = notices::objections(tx, case.no()).await?;
    let notice = all.iter().find(|one| one.no == settled.no);
    let notice = notice.ok_or_else(|| CaseError::NotFound("没有这份异议".to_owned()))?;
    not_their_own(tx, case, notice, [who.login(), settled.with]).await?;
    let at = office.clock.at();
    let by = (who.login(), settled.with);
    notices::settle(tx, &at, settled.no, settled.state, by, because).await?;
    let word = match settled.state {
        ObjectionState::Upheld => "属实",
        ObjectionState::Dismissed | ObjectionState::Open => "不属实",
    };
    tx.record(
        Act::new(&at, who.login(), "notice.settle")
            .on("objection", settled.no)
            .because(format!("{word}:{because}"))
            .under(format!("case:{}", case.no())),
    );
    let known = case.procedure.circumstances.iter();
    let known = known.filter(|one| one.name == UPHELD && one.always.is_none());
    if settled.state == ObjectionState::Upheld
        && known.count() > 0
        && !case.standing.told.contains(UPHELD)
    {
        let why = format!("异议 {} 属实", settled.no);
        circumstance(office, tx, who, case, (UPHELD, Holds::Yes), &why).await?;
    }
    let open = all
        .iter()
        .filter(|one| one.state == ObjectionState::Open && one.no != settled.no);
    // One that came later is settled where the case stands by then.
    if open.count() == 0 && step.persons > 1 {
        let others = [settled.with.to_owned()];
        let completion = Completion {
            step: &step.name,
            gave: step.gives.first().map_or("", String::as_str),
            others: &others,
            because,
            ..Completion::default()
        };
        complete(office, tx, who, case, completion).await?;
    }
    Ok(())
}

/// Refuses two who both had a hand in what is objected to: whoever wrote the opinion and whoever posted it do not
/// look into it by themselves.
async fn not_their_own(
    tx: &Writing,
    case: &Case,
    objection: &notices::Objection,
    two: [&str; 2],
) -> Done<()> {
    let mut own: BTreeSet<String> = BTreeSet::new();
    let posted = notices::find(tx, objection.content.notice).await?;
    own.extend(posted.map(|notice| notice.content.posted_by));
    for opinion in notices::opinions(tx, case.no()).await? {
        own.insert(opinion.content.by);
    }
    if two.iter().all(|login| own.contains(*login)) {
        let said = format!(
            "{} 都写过这一件的初审意见或者张贴过公示;复查的两个人里至少有一位没有办过这两样",
            two.join("、")
        );
        return Err(CaseError::Refused(said));
    }
    Ok(())
}

/// The case a notice is of.
///
/// # Errors
/// The record.
pub async fn case_of(office: &Office, notice: i64) -> Done<Option<CaseNo>> {
    let found = notices::find(&office.store, notice).await?;
    Ok(found.map(|notice| notice.content.case))
}

//! 结果和文书: what was decided about one's own case, and its letters as the office prints them. Opening a letter that
//! waits to be delivered is its delivery, where the applicant agreed to that; looking at the page delivers nothing.

use super::Resident;
use super::my::{MyOutcome, own_case};
use crate::access::Access;
use crate::casework::letters::{self, Letter};
use crate::casework::online::{self, LetterLine};
use crate::casework::{Case, CaseError, CaseNo, Done, afterwards, capsule, read};
use crate::office::Office;
use store::decisions::{self, Decision, DecisionState};
use store::reviews::{self, AfterDecision, AfterState};

/// A letter on one's own page.
pub struct MyLetter {
    /// 办件编号.
    pub no: i64,
    /// What is known of its delivery.
    pub line: LetterLine,
    /// Whether the applicant agreed to delivery by reading.
    pub agreed: bool,
    /// Its text; none while opening it is still to be done.
    pub letter: Option<Letter>,
}

/// What was decided about a case, oldest first. From the signature on, whatever became of the letter.
pub(super) async fn outcomes(office: &Office, case: &Case) -> Done<Vec<MyOutcome>> {
    let store = &office.store;
    let mut out = Vec::new();
    for one in decisions::of_case(store, case.no()).await? {
        out.push(first(&one)?);
    }
    for one in reviews::decisions(store, case.no()).await? {
        out.push(later(&one));
    }
    Ok(out)
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn first(one: &Decision) -> Done<MyOutcome> {
    let content = &one.content;
    let how = crate::casework::decision::decided_word(content.outcome);
    let found = capsule::of_decision(one)?.found;
    // Of what the rules did not give, the rules' own parts would tell another amount.
    let parts = match content.amount.filter(|_| !content.departs) {
        Some(_) => found.benefits.clone(),
        None => Vec::new(),
    };
    let every = if found.monthly { "每月 " } else { "" };
    let amount = content.amount.map_or_else(String::new, |fen| {
        let from = content.from.map(|month| {
            let (year, month) = (month.year(), month.month());
            format!(",{year} 年 {month} 月起")
        });
        format!("{every}{fen} 元{}", from.unwrap_or_default())
    });
    let mut articles = lines(&content.articles);
    articles.dedup();
    Ok(MyOutcome {
        what: format!("{} 决定:{how}", content.day),
        amount,
        parts,
        reasons: lines(&content.reasons),
        articles: articles.join("、"),
        remedy: content.remedy.clone(),
        replaced: one.state == DecisionState::Replaced,
    })
}

fn later(one: &AfterDecision) -> MyOutcome {
    let content = &one.content;
    let (what, amounts) = afterwards::said(content);
    MyOutcome {
        what: format!("{} 决定:{what}", content.day),
        amount: amounts,
        parts: Vec::new(),
        reasons: lines(&content.reasons),
        articles: lines(&content.articles).join("、"),
        remedy: content.remedy.clone(),
        replaced: one.state == AfterState::Replaced,
    }
}

/// A letter of one's own case.
async fn of_own(access: &Access, who: &Resident, (no, title): (CaseNo, &str)) -> Done<MyLetter> {
    let office = access.office();
    let case = own_case(office, who, no).await?;
    let store = &office.store;
    let all = online::lines(office, store, &case).await?;
    let none = || CaseError::NotFound(format!("这一件没有“{title}”;请从“我的办件”打开"));
    let line = all.into_iter().find(|line| line.title == title);
    let line = line.ok_or_else(none)?;
    if !line.opens {
        let said = format!("“{title}”已经签署,下一步办完以后送达;决定的内容在“我的办件”里看");
        return Err(CaseError::Refused(said));
    }
    let acting = access.resident(who.no, case.standing.area);
    let letter = match line.delivers {
        true => None,
        false => Some(letters::of(office, &acting, &case, title).await?),
    };
    Ok(MyLetter {
        no: no.get(),
        agreed: decisions::agrees_to_read(store, no).await?.is_some(),
        line,
        letter,
    })
}

/// A letter of one's own case, as the office prints it; of one that waits to be delivered only what opening means.
///
/// # Errors
/// It is not one's own, there is no such letter, or it is not handed over yet.
pub async fn my_letter(access: &Access, who: &Resident, no: CaseNo, title: &str) -> Done<MyLetter> {
    of_own(access, who, (no, title)).await
}

/// The same as PDF, byte for byte what the office prints.
///
/// # Errors
/// As [`my_letter`]; it was not opened yet; or no font is installed.
pub async fn letter_pdf(access: &Access, who: &Resident, no: CaseNo, title: &str) -> Done<Vec<u8>> {
    let found = of_own(access, who, (no, title)).await?;
    let closed = || CaseError::Refused(format!("“{title}”还没有打开;请先打开再下载"));
    found.letter.ok_or_else(closed)?.pdf().await
}

/// Agrees to be handed the letters of one's own case by reading them.
///
/// # Errors
/// It is not one's own, the rulebook does not have this way, or the record.
pub async fn agree(access: &Access, who: &Resident, no: CaseNo) -> Done<()> {
    let office = access.office();
    own_case(office, who, no).await?;
    if decisions::agrees_to_read(&office.store, no)
        .await?
        .is_some()
    {
        return Ok(());
    }
    let mut tx = office.store.write().await?;
    online::agree(office, &mut tx, &who.actor(), no).await?;
    tx.commit().await?;
    Ok(())
}

/// 网上送达: opens a letter that waits; with the consent given in the same form, or before. One that was delivered
/// already is only shown again.
///
/// # Errors
/// It is not one's own, there is no such letter, no consent was given, or the record.
pub async fn open_letter(
    access: &Access,
    who: &Resident,
    no: CaseNo,
    (title, agrees): (&str, &str),
) -> Done<()> {
    let office = access.office();
    let found = of_own(access, who, (no, title)).await?;
    if !found.line.delivers {
        return Ok(());
    }
    let mut tx = office.store.write().await?;
    if !found.agreed && agrees == "yes" {
        online::agree(office, &mut tx, &who.actor(), no).await?;
    }
    let gone = || CaseError::NotFound(format!("没有编号为 {no} 的办件"));
    let mut case = read(office, &tx, no).await?.ok_or_else(gone)?;
    let acting = access.resident(who.no, case.standing.area);
    online::read(office, &mut tx, &acting, (&mut case, title)).await?;
    tx.commit().await?;
    Ok(())
}

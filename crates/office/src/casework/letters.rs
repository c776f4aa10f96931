//! 文书: a letter's text from the rulebook's template, field by field. A field without a value is told by
//! name, and no letter leaves with a gap; a field the letter does not list never gets in. Which record fills which
//! field is said in `domain::letters`.

mod early;

use super::capsule;
use super::facts::PERSON;
use super::fields::{self, Office as OfficeWords};
use super::{Case, CaseError, Done, afterwards, decision, guardians, load_with, parts};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::casework::Outcome;
use domain::procedure::Document;
use domain::{CaseNo, PersonId};
use std::collections::BTreeMap;
use store::decisions::Decision;
use store::identity::{self, Field, Grant};
use store::{Reads, notices};

/// Between names of one field.
const OPEN: &str = "{{";
const CLOSE: &str = "}}";
/// The applicant's name.
const NAME: &str = "申请人姓名";
/// The name of each who consents to the verification: one copy of the letter for each.
pub(super) const CONSENTS: &str = "授权成员姓名";
/// What the verification found.
const FOUND: &str = "核对结果";

/// 文书 ready to be printed.
#[derive(Clone)]
pub struct Letter {
    /// What it is called.
    pub title: String,
    /// Its text in Markdown.
    pub text: String,
    /// Whether it is of a decision after the first.
    pub later: bool,
}

impl std::fmt::Debug for Letter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Letter({}, **)", self.title)
    }
}

/// Fills a template; the first field without a value is answered instead.
pub(super) fn fill(template: &str, values: &BTreeMap<String, String>) -> Result<String, String> {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once(OPEN) {
        out.push_str(before);
        let Some((name, after)) = after.split_once(CLOSE) else {
            out.push_str(OPEN);
            rest = after;
            continue;
        };
        match values.get(name.trim()) {
            Some(value) => out.push_str(value),
            None => return Err(name.trim().to_owned()),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

/// What the letters about a decision may say; names masked.
pub(super) async fn values(
    office: &Office,
    on: &impl Reads,
    case: &Case,
    decision: &Decision,
) -> Done<BTreeMap<String, String>> {
    let mut out = OfficeWords::of(office, &case.standing.area).all();
    out.extend(fields::of_case(office, on, case).await?);
    let content = &decision.content;
    let made_up = parts::told(on, decision.no).await?;
    let mut say = |name: &str, value: String| {
        out.insert(name.to_owned(), value);
    };
    say(
        "文书编号",
        format!("〔{}〕第 {} 号", content.day.year(), decision.no),
    );
    say("决定日期", content.day.to_string());
    say(
        "全部理由",
        content
            .reasons
            .lines()
            .map(|line| format!("- {line}"))
            .collect::<Vec<_>>()
            .join("\n"),
    );
    let mut articles: Vec<&str> = content.articles.lines().collect();
    articles.dedup();
    say("依据条文", articles.join("、"));
    if let Some(amount) = content.amount {
        say("月保障金额", format!("{amount} 元"));
        say("救助金额", format!("{amount} 元"));
        say("金额组成", made_up);
    }
    if let Some(from) = content.from {
        let words = format!("{} 年 {} 月", from.year(), from.month());
        say("起始月份", words);
    }
    say(
        "公示范围",
        fields::place(office, &case.standing.area).await?,
    );
    early::first_batch(on, case, decision.no, &mut out).await?;
    // What else a letter names may be a fact of whom it is about; of a household the applicant's too, but what is
    // known of a parent never stands in a child's letter.
    let capsule = capsule::of_decision(decision)?;
    fields::Allowed::read(&office.book).worked_out(&capsule.found, &mut out);
    let program = office.rules_on(case.row.content.rules_day);
    let subject = (capsule.subject.0.as_str(), capsule.subject.1);
    let applicant = (PERSON, case.application.content.applicant.get());
    let meant = match subject.0 {
        PERSON => vec![subject],
        _ => vec![subject, applicant],
    };
    let things = meant.iter().flat_map(|(entity, key)| {
        let all = capsule.facts.things.iter();
        all.filter(move |thing| thing.entity.as_str() == *entity && thing.key == *key)
    });
    for thing in things {
        for fact in &thing.facts {
            let words = fact.value.words(&fact.name, &thing.entity, &program);
            out.entry(fact.name.clone()).or_insert(words);
        }
    }
    Ok(out)
}

/// The words of a notice that was posted, as it hangs: what is printed is what is shown.
async fn posted(
    on: &impl Reads,
    case: &Case,
    document: &Document,
) -> Done<Option<BTreeMap<String, String>>> {
    let all = notices::of_case(on, case.no()).await?;
    let own = all.iter().rev();
    let mut own = own.filter(|one| one.content.document == document.title);
    let shown = own.next().map(|one| fields::read(&one.content.shown));
    Ok(shown.map(|shown| shown.into_iter().collect()))
}

fn has_all(known: &BTreeMap<String, String>, document: &Document) -> bool {
    document
        .fields
        .iter()
        .all(|field| known.contains_key(field))
}

/// Those of the letters for which everything is known that they say.
///
/// # Errors
/// The record.
pub async fn printable(office: &Office, on: &impl Reads, case: &Case) -> Done<Vec<String>> {
    let decided = match decision::newest(on, case.no()).await? {
        Some(decision) => values(office, on, case, &decision).await?,
        None => BTreeMap::new(),
    };
    let mut out = Vec::new();
    for title in offered(office, on, case).await? {
        let Some(document) = case.procedure.document(&title) else {
            continue;
        };
        let ready = has_all(&decided, document)
            || posted(on, case, document).await?.is_some()
            || has_all(&early::values(office, on, case, document).await?, document);
        if ready {
            out.push(title);
        }
    }
    Ok(out)
}

/// The letters of a case: those its steps gave, and the one the open step gives.
#[must_use]
pub(super) fn of_case(case: &Case) -> Vec<String> {
    let given = case.standing.done.iter().map(|done| done.step.as_str());
    let open = case.standing.open.as_ref().map(|open| open.name.as_str());
    let mut out: Vec<String> = Vec::new();
    for step in given
        .chain(open)
        .filter_map(|name| case.procedure.step(name))
    {
        for gives in &step.gives {
            if case.procedure.document(gives).is_some() && !out.contains(gives) {
                out.push(gives.clone());
            }
        }
    }
    // Ended on the way, it did not pass the step that gives the letter about it.
    let ended = case
        .standing
        .closed
        .is_some_and(|(how, _)| how == Outcome::Ended);
    if let Some((_, letter)) = domain::letters::ending(&case.procedure)
        && ended
        && !out.contains(&letter.title)
    {
        out.push(letter.title.clone());
    }
    out
}

/// The letters of a case, and the one that asks the applicant to explain, as soon as somebody asked.
async fn offered(office: &Office, on: &impl Reads, case: &Case) -> Done<Vec<String>> {
    let mut out = of_case(case);
    let asks = case.procedure.documents.iter().find(|letter| {
        let mut fields = letter.fields.iter();
        fields.any(|field| field == FOUND)
    });
    if let Some(asks) = asks.filter(|asks| !out.contains(&asks.title)) {
        let waits = crate::verification::to_explain(office, on, &case.application).await?;
        if !waits.is_empty() {
            out.push(asks.title.clone());
        }
    }
    Ok(out)
}

/// What a letter on the way to a first decision may say, and the record it rests on.
async fn first_values(
    office: &Office,
    on: &impl Reads,
    case: &Case,
    document: &Document,
) -> Done<(BTreeMap<String, String>, String)> {
    let no = case.no();
    let early = early::values(office, on, case, document).await?;
    if has_all(&early, document) {
        return Ok((early, format!("case:{no}")));
    }
    let decision = decision::newest(on, no).await?;
    let none = || CaseError::Refused("还没有决定,这份文书写不出来".to_owned());
    let decision = decision.ok_or_else(none)?;
    let known = values(office, on, case, &decision).await?;
    Ok((known, format!("decision:{}", decision.no)))
}

/// One letter, with the name in full: the reading of it is in the chain before the letter leaves.
///
/// # Errors
/// No such letter here, a field without a value, or no right.
pub async fn letter(office: &Office, who: &Acting, no: CaseNo, title: &str) -> Done<Letter> {
    let case = load_with(office, who, Right::CASE_HANDLE, no).await?;
    of(office, who, &case, title).await
}

/// The same for somebody of whom it is known that the case is theirs to see.
pub(crate) async fn of(office: &Office, who: &Acting, case: &Case, title: &str) -> Done<Letter> {
    let on = &office.store;
    let offered = offered(office, on, case).await?;
    let known = offered.iter().any(|one| one == title);
    let known = known || afterwards::is_beside(case, title);
    let document = case.procedure.document(title).filter(|_| known);
    let document = document.ok_or_else(|| CaseError::NotFound(format!("这一件没有“{title}”")))?;
    // It hangs masked, and is printed as it hangs.
    if let Some(shown) = posted(on, case, document).await? {
        return written(office, (document, false), &shown);
    }
    let later = afterwards::letter_values(office, on, case, title).await?;
    let is_later = later.is_some();
    let (mut known, authority) = match later {
        Some(later) => later,
        None => first_values(office, on, case, document).await?,
    };
    let about = (document, authority.as_str());
    guardians::in_full(office, who.login(), case, about, &mut known).await?;
    let listed = |name: &str| document.fields.iter().any(|field| field == name);
    let signing = match listed(CONSENTS) {
        true => early::consenting(office, on, case).await?,
        false => Vec::new(),
    };
    let applicant = case.application.content.applicant;
    let mut whose: Vec<PersonId> = signing.clone();
    whose.extend(listed(NAME).then_some(applicant));
    whose.sort_unstable();
    whose.dedup();
    let names = named(office, who, &whose, authority).await?;
    if let Some(name) = names.get(&applicant).filter(|_| listed(NAME)) {
        known.insert(NAME.to_owned(), name.clone());
    }
    if signing.is_empty() {
        return written(office, (document, is_later), &known);
    }
    let mut copies = Vec::new();
    for person in signing {
        let name = names.get(&person).cloned();
        known.insert(
            CONSENTS.to_owned(),
            name.unwrap_or_else(|| "姓名未登记".to_owned()),
        );
        copies.push(written(office, (document, is_later), &known)?.text);
    }
    Ok(Letter {
        title: document.title.clone(),
        text: copies.join(&format!("\n\n{}\n\n", crate::pdf::NEXT_PAGE)),
        later: is_later,
    })
}

/// Names in full, with the reading of them in the chain first.
pub(super) async fn named(
    office: &Office,
    who: &Acting,
    whose: &[PersonId],
    authority: String,
) -> Done<BTreeMap<PersonId, String>> {
    if whose.is_empty() {
        return Ok(BTreeMap::new());
    }
    let grant = Grant {
        at: office.clock.at(),
        actor: who.login().to_owned(),
        purpose: "制作和送达文书".to_owned(),
        authority,
        channel: "print".to_owned(),
        fields: vec![Field::Name],
    };
    let sealed = identity::sealed(&office.store, whose).await?;
    let opened = identity::reveal(&office.store, &grant, sealed).await?;
    let names = opened
        .into_iter()
        .filter_map(|one| Some((one.person, one.name?)));
    Ok(names.collect())
}

/// A letter's text with only the fields it lists.
fn written(
    office: &Office,
    (document, later): (&Document, bool),
    known: &BTreeMap<String, String>,
) -> Done<Letter> {
    let allowed = fields::Allowed::read(&office.book);
    let listed: BTreeMap<String, String> = document
        .fields
        .iter()
        .filter(|field| allowed.is_for_letters(field))
        .filter_map(|field| Some((field.clone(), known.get(field)?.clone())))
        .collect();
    let text = fill(&document.template, &listed).map_err(|field| {
        CaseError::Refused(format!(
            "“{}”缺“{field}”,没有写成;请补上这一项,或者请管理规则的人改 {}",
            document.title, document.path
        ))
    })?;
    Ok(Letter {
        title: document.title.clone(),
        text,
        later,
    })
}

impl Letter {
    /// The letter as PDF, the same bytes each time.
    ///
    /// # Errors
    /// No font is installed, or it lacks a character.
    pub async fn pdf(&self) -> Done<Vec<u8>> {
        let text = self.text.clone();
        let written = tokio::task::spawn_blocking(move || crate::pdf::pdf(&text)).await;
        let written =
            written.map_err(|e| CaseError::Office(crate::OfficeError::Other(e.to_string())))?;
        Ok(written?)
    }
}

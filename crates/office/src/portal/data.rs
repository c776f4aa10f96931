//! 我的数据: what is known of oneself with who told it, who looked and why, and 这一项不对.

use super::Resident;
use super::book::{PortalBook, due};
use super::my::own_home;
use crate::access::Access;
use crate::casework::residents::own_facts;
use crate::casework::{CaseError, Done};
use crate::desk::minute;
use crate::verification;
use domain::AreaLevel;
use std::collections::BTreeSet;
use store::portal::{self, CorrectionKind, CorrectionState, NewCorrection};
use store::{Act, cases};

/// Looks that are shown.
const LOOKS_SHOWN: u32 = 200;
/// Longest text of a correction.
const SAYS_CHARS_MAX: usize = 300;

/// One fact of one's own.
#[derive(Clone, Debug)]
pub struct FactLine {
    /// The fact.
    pub name: String,
    /// Its value.
    pub value: String,
    /// Who told it.
    pub source: String,
    /// Of which month.
    pub period: String,
}

/// What a resident sees of themselves.
#[derive(Clone, Debug, Default)]
pub struct OwnData {
    /// Facts.
    pub facts: Vec<FactLine>,
    /// Who looked, newest first: when, who, what, why.
    pub looks: Vec<(String, String, String, String)>,
    /// What was asked to be put right: what, kind, who answers, state.
    pub corrections: Vec<(String, String, String, String)>,
}

/// What a resident sees of themselves.
///
/// # Errors
/// The account is bound to nobody, or the record.
pub async fn own_data(access: &Access, who: &Resident) -> Done<OwnData> {
    let office = access.office();
    let store = &office.store;
    let (person, home, _) = own_home(office, who).await?;
    let facts = match own_facts(office, person, home).await {
        Ok(facts) => facts,
        Err(CaseError::Refused(_)) => Vec::new(),
        Err(error) => return Err(error),
    };
    let mut objects = BTreeSet::from([("person".to_owned(), person.to_string())]);
    objects.extend(home.map(|home| ("household".to_owned(), home.to_string())));
    for case in cases::of_applicant(store, person).await? {
        objects.insert(("case".to_owned(), case.no.to_string()));
    }
    let looks = access.looks(&objects, LOOKS_SHOWN).await?;
    let asked = portal::corrections(store, person).await?;
    let at = office.clock.at();
    let act = Act::new(&at, who.actor(), "resident.own-data").on("resident", who.no);
    store.record_alone(act).await?;
    Ok(OwnData {
        facts: facts
            .into_iter()
            .map(|one| FactLine {
                name: one.name,
                value: one.value,
                source: match one.department.as_str() {
                    "" => one.title,
                    department => format!("{department} · {}", one.title),
                },
                period: one.period,
            })
            .collect(),
        looks: looks
            .into_iter()
            .map(|look| {
                let why = [look.purpose, look.cause];
                let why: Vec<String> = why.into_iter().filter(|w| !w.is_empty()).collect();
                let why = match why.is_empty() {
                    true => "办理业务".to_owned(),
                    false => why.join(" · "),
                };
                (look.at, look.by, look.did, why)
            })
            .collect(),
        corrections: asked
            .into_iter()
            .map(|one| {
                let state = match (one.state, &one.answered_at) {
                    (CorrectionState::Accepted, Some(at)) => {
                        format!("{} 采纳:{}", minute(at), one.because)
                    }
                    (CorrectionState::Refused, Some(at)) => {
                        format!("{} 没有采纳:{}", minute(at), one.because)
                    }
                    _ => match one.new.due {
                        Some(day) => format!("在办,最迟 {day} 答复"),
                        None => "在办".to_owned(),
                    },
                };
                let kind = one.new.kind.name().to_owned();
                (one.new.fact, kind, one.new.department, state)
            })
            .collect(),
    })
}

/// 这一项不对: asks whoever owns the fact to update, rectify or complement it.
///
/// # Errors
/// No such fact of one's own, or nothing said.
pub async fn ask_correction(
    access: &Access,
    who: &Resident,
    (fact, kind, says): (&str, &str, &str),
) -> Done<i64> {
    let office = access.office();
    let (person, home, area) = own_home(office, who).await?;
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    let kind = CorrectionKind::from_word(kind);
    let kind = kind.ok_or_else(|| refused("请选更新、更正或者补充"))?;
    let says = says.trim();
    if says.is_empty() {
        return Err(refused("请写应该是什么、为什么"));
    }
    if says.chars().count() > SAYS_CHARS_MAX {
        return Err(refused("写得太长了,请写短一些"));
    }
    crate::casework::without_numbers(says)?;
    let area = area.ok_or_else(|| refused("登记里没有您住的地方,请到窗口办"))?;
    let program = office.rules_on(office.clock.today());
    let mut known = program.dict.facts.iter();
    let known =
        known.find(|one| one.name == fact && program.dict.entity_name(one.entity) == "个人");
    let known = known.ok_or_else(|| refused("没有这一项,请从“我的数据”里点"))?;
    let own = own_facts(office, person, home).await.unwrap_or_default();
    let told = own.iter().any(|one| one.name == fact);
    if !told && kind != CorrectionKind::Complement {
        return Err(refused("登记里没有您的这一项;没有的可以选“补充”"));
    }
    let feed = program.feeds.iter().find(|feed| feed.id == known.source);
    let offices = verification::book(office).map(|book| book.offices);
    let office_of = offices.ok().and_then(|all| all.get(&known.source).cloned());
    // What no department sends is the township's.
    let township = area.at(AreaLevel::Township).unwrap_or(area);
    let place = crate::casework::place_name(office, &township, office.clock.today()).await?;
    let new = NewCorrection {
        person,
        area,
        fact: fact.to_owned(),
        kind,
        source: known.source.clone(),
        department: feed.map_or_else(|| format!("{place}窗口"), |feed| feed.department.clone()),
        office: office_of.unwrap_or_default(),
        says: says.to_owned(),
        due: due(office, PortalBook::of(office)?.correction_days),
    };
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    let no = portal::ask_correction(&mut tx, &at, &new).await?;
    let act = Act::new(&at, who.actor(), "correction.ask").on("correction", no);
    tx.record(
        act.because(new.kind.name())
            .under(format!("person:{person}")),
    );
    tx.commit().await?;
    Ok(no)
}

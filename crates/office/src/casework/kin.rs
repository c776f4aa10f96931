//! 户外亲属: those obliged to support a member of a case who do not live with the family — a parent in prison, a son
//! in another province — and what was established about them, each with how, on which paper of which day. What may
//! be established stands in `procedures/kin.csv`; of it the facts are asked that the rules of the programme read.
//!
//! Nobody is asked about here by the departments: that needs a consent of their own.

mod page;
mod rows;

pub use page::{KinAsked, KinLine, KinPerson, KinView, page};
pub(crate) use rows::{KinRow, name_all, pasted};

use super::facts::{Brought, Facts, PERSON, Source, Told, Whose, related};
use super::gather::{OBLIGED, gather};
use super::people::{self, BIRTH, KnownBy, Line, Wrong, known_by};
use super::recorded::{self, may, read_by_case};
use super::{Case, CaseError, Done, Writing, load_with, without_numbers};
use crate::access::{Acting, Right};
use crate::office::Office;
use crate::views::ViewError;
use domain::{CaseNo, Day, PersonId, Relation};
use rules::dict::FactDef;
use rules::plan::Type;
use rules::{Program, Rulebook};
use std::collections::{BTreeMap, BTreeSet};
use store::cases::{NewCase, Subject};
use store::kin::{self, Family, Kin, KinFact, NewKin, NewKinFact};
use store::{Act, Reads};

/// What this is called among the sources of facts.
pub(crate) const KIN: &str = "户外亲属";
const LIST: &str = "procedures/kin.csv";
/// Between several in a cell of the list.
const AND: char = '、';

/// Somebody to be named.
#[derive(Clone, Default)]
pub struct Naming {
    /// The member they are obliged to, by number.
    pub member: i64,
    /// What they are to the member.
    pub relation: String,
    /// As it was typed.
    pub name: String,
    /// The number, or 无.
    pub number: String,
    /// The birth day of whoever has no number; empty where nobody knows it.
    pub birth: String,
    /// Why there is no number.
    pub because: String,
}

/// What was established about one of them.
#[derive(Clone, Debug, Default)]
pub struct Establishing {
    /// About whom, by number.
    pub person: i64,
    /// Which fact.
    pub fact: String,
    /// Its value, as the form writes it.
    pub value: String,
    /// How.
    pub way: String,
    /// The paper or record.
    pub paper: String,
    /// The day of that paper.
    pub paper_day: String,
}

/// A row of the list.
struct Askable {
    fact: FactDef,
    relations: Vec<String>,
    ways: Vec<String>,
    hint: String,
}

impl Askable {
    /// Whether it is asked of somebody who is that to members.
    fn is_asked_of(&self, of: &[(i64, String)]) -> bool {
        let fits = |related: &String| self.relations.contains(related);
        self.relations.is_empty() || of.iter().any(|(_, related)| fits(related))
    }
}

fn rows(book: &Rulebook) -> Vec<Vec<String>> {
    let text = book.texts().get(LIST).map_or("", String::as_str);
    text.lines().skip(1).map(rules::params::split).collect()
}

/// The facts the rulebook lets be established about kin elsewhere.
pub(crate) fn kin_facts(book: &Rulebook) -> BTreeSet<String> {
    let rows = rows(book).into_iter();
    rows.filter_map(|row| Some(row.first()?.trim().to_owned()))
        .collect()
}

/// Those of them the rules of a case read.
fn askable(office: &Office, of: &NewCase) -> (std::sync::Arc<Program>, Vec<Askable>) {
    let (program, read) = read_by_case(office, of);
    let words = |cell: Option<&String>| -> Vec<String> {
        let cell = cell.map_or("", |cell| cell.trim());
        let each = cell.split(AND).filter(|word| !word.is_empty());
        each.map(str::to_owned).collect()
    };
    let one = |row: &Vec<String>| {
        let name = row.first()?.trim();
        let is_it =
            |fact: &&FactDef| fact.name == name && program.dict.entity_name(fact.entity) == PERSON;
        let fact = read.iter().find(is_it)?.clone();
        Some(Askable {
            fact,
            relations: words(row.get(1)),
            ways: words(row.get(2)),
            hint: row.get(3).cloned().unwrap_or_default(),
        })
    };
    let asked = rows(&office.book).iter().filter_map(one).collect();
    (program, asked)
}

/// What somebody can be to a member, in the dictionary's words.
fn relations(program: &Program) -> Vec<String> {
    let members = match related(program, OBLIGED) {
        Some((_, Type::Enum(e))) => program.dict.enum_of(e).map(|e| e.members.clone()),
        _ => None,
    };
    members.unwrap_or_default()
}

/// Whether somebody can be that to whom it is applied for, as kin elsewhere.
pub(crate) fn may_be(office: &Office, relation: &str) -> bool {
    let words = relations(&office.rules_on(office.clock.today()));
    words.iter().any(|word| word == relation)
}

/// Whose cases tell of each other's kin.
fn family(case: &Case) -> Family {
    let content = &case.row.content;
    Family {
        household: content.household,
        subject: match content.subject {
            Subject::Person(person) => Some(person),
            Subject::Household(_) => None,
        },
    }
}

/// Whom members of a case have elsewhere, as it stands: each pair once, by the newest row of all cases of the family.
pub(super) async fn standing(on: &impl Reads, case: &Case) -> Done<Vec<Kin>> {
    let members = recorded::people(case);
    let mut all = kin::of_family(on, family(case)).await?;
    all.retain(|one| members.contains(&one.content.member));
    all.retain(|one| !members.contains(&one.content.person));
    Ok(all)
}

/// What was established about them for this case, and for others of the family as long as it is kept; of nobody who
/// lives with the family by now.
pub(super) async fn established(
    office: &Office,
    on: &impl Reads,
    case: &Case,
) -> Done<Vec<KinFact>> {
    let (program, today) = (
        office.rules_on(case.row.content.rules_day),
        office.clock.today(),
    );
    let counts = |one: &NewKinFact| {
        let mut known = program.dict.facts.iter();
        let known = known
            .find(|fact| fact.name == one.fact && program.dict.entity_name(fact.entity) == PERSON);
        known.is_some_and(|fact| {
            recorded::oldest(fact, today).is_none_or(|oldest| one.day >= oldest)
        })
    };
    let members = recorded::people(case);
    let mut all = kin::facts_of_family(on, family(case)).await?;
    all.retain(|one| {
        let content = &one.content;
        let of_kin = !members.contains(&content.person);
        of_kin && (content.case == case.no() || counts(content))
    });
    Ok(all)
}

/// What a case brings of them: the birth day the number or the clerk told, and what was established, newest last.
pub(super) async fn brought(office: &Office, on: &impl Reads, case: &Case) -> Done<Vec<Brought>> {
    let standing = standing(on, case).await?;
    let ids: Vec<PersonId> = standing.iter().map(|one| one.content.person).collect();
    let mut out = Vec::new();
    for person in store::persons::get_many(on, &ids).await? {
        let no = standing
            .iter()
            .find(|one| one.content.person == person.id)
            .map_or(0, |one| one.no);
        out.extend(person.birth.map(|birth| Brought {
            of: Whose::Person(person.id.get()),
            fact: BIRTH.to_owned(),
            value: birth.to_string(),
            source: Source {
                kind: KIN.to_owned(),
                name: KIN.to_owned(),
                record: format!("kin:{no}"),
                // Whatever a department says of it counts before it.
                period: String::new(),
            },
        }));
    }
    let facts = established(office, on, case).await?;
    out.extend(facts.into_iter().map(|one| Brought {
        of: Whose::Person(one.content.person.get()),
        source: Source {
            kind: KIN.to_owned(),
            // Words somebody typed stay with the row.
            name: format!("{KIN}·{} {}", one.content.way, one.content.paper_day),
            record: format!("kin-fact:{}", one.no),
            period: one.content.day.to_string(),
        },
        fact: one.content.fact,
        value: one.content.value,
    }));
    Ok(out)
}

fn grounds(of: &NewKinFact) -> String {
    format!("{}:{}({})", of.way, of.paper, of.paper_day)
}

fn refused(said: impl Into<String>) -> CaseError {
    CaseError::Refused(said.into())
}

/// Names somebody outside the household who is obliged to support a member; answers their number in the record.
///
/// # Errors
/// No right, not a member, no such relation, a number that is none or somebody else's, no number and no reason, a
/// person of the case itself, or the case is closed.
pub async fn name(office: &Office, who: &Acting, no: CaseNo, new: &Naming) -> Done<PersonId> {
    let case = load_with(office, who, Right::CASE_HANDLE, no).await?;
    may(who, &case).map_err(CaseError::Forbidden)?;
    let member = PersonId::new(new.member);
    let members = recorded::people(&case);
    if !members.contains(&member) {
        return Err(refused("请从清单里选是谁的亲属"));
    }
    let today = office.clock.today();
    let birth = match new.birth.trim() {
        "" => people::NOT_KNOWN,
        birth => birth,
    };
    let told = known_by((new.number.trim(), birth), today);
    let line = Line {
        row: 1,
        name: new.name.trim().to_owned(),
        known_by: told.map_err(|(column, said)| refused(format!("{column}:{said}")))?,
        relation: Relation::parse(new.relation.trim()).unwrap_or(Relation::Other),
    };
    if line.name.is_empty() {
        return Err(refused("请填姓名;不知道全名的写知道的部分"));
    }
    let mut tx = office.begin().await?;
    let new = Named {
        member,
        relation: new.relation.trim(),
        because: new.because.trim(),
    };
    let of = &case.row.content;
    new.may_be(office, of, line.known_by)?;
    let person = who_is(office, &mut tx, who, &line).await?;
    name_in(office, &mut tx, who, (no, person), &members, &new).await?;
    office.end(tx).await?;
    Ok(person)
}

/// As what a form names somebody.
struct Named<'a> {
    member: PersonId,
    relation: &'a str,
    because: &'a str,
}

impl Named<'_> {
    /// The rules know the relation, and whoever has no number has a reason.
    fn may_be(&self, office: &Office, of: &NewCase, known_by: KnownBy) -> Done<()> {
        let words = relations(&office.rules_on(of.rules_day));
        if !words.iter().any(|word| word == self.relation) {
            let said = format!("户外亲属的关系填 {} 中的一种", words.join("、"));
            return Err(refused(said));
        }
        without_numbers(self.because)?;
        if matches!(known_by, KnownBy::Birth(_)) && self.because.is_empty() {
            return Err(refused(
                "没有身份证号的,请写明为什么没有,如“已失联,家里没有证件”",
            ));
        }
        Ok(())
    }
}

/// The person a row means, in the register or taken into the record; asked once a row.
async fn who_is(office: &Office, tx: &mut Writing, who: &Acting, line: &Line) -> Done<PersonId> {
    let told = people::elsewhere(office, tx, who, line).await?;
    told.map_err(|wrong: Wrong| refused(format!("{}:{}", wrong.column, wrong.said)))
}

/// Names somebody within a writing that goes on.
async fn name_in(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    (no, person): (CaseNo, PersonId),
    members: &[PersonId],
    new: &Named<'_>,
) -> Done<()> {
    if who.is_kept_from_person(person) {
        return Err(ViewError::kept_from().into());
    }
    if members.contains(&person) {
        let said = "这个人就在这一件的家庭成员里;他的情况在入户或者“经办查实”里登记";
        return Err(refused(said));
    }
    let row = NewKin {
        case: no,
        member: new.member,
        person,
        relation: new.relation.to_owned(),
        withdrawn: false,
        because: new.because.to_owned(),
        day: office.clock.today(),
        by: who.login().to_owned(),
    };
    keep(office, tx, who, &row).await
}

async fn keep(office: &Office, tx: &mut Writing, who: &Acting, row: &NewKin) -> Done<()> {
    let at = office.clock.at();
    let kept = kin::name(tx, &at, row).await?;
    let (act, said) = match row.withdrawn {
        false => ("case.kin", format!("登记户外亲属({})", row.relation)),
        true => ("case.kin-back", format!("撤回户外亲属:{}", row.because)),
    };
    let act = Act::new(&at, who.login(), act).on("case", row.case);
    tx.record(act.because(said).under(format!("kin:{kept}")));
    Ok(())
}

/// Takes back that somebody is a member's kin; what was written down stays.
///
/// # Errors
/// No right, nobody named it, no reason, or the case is closed.
pub async fn take_back(
    office: &Office,
    who: &Acting,
    no: CaseNo,
    (member, person): (i64, i64),
    because: &str,
) -> Done<()> {
    let case = load_with(office, who, Right::CASE_HANDLE, no).await?;
    may(who, &case).map_err(CaseError::Forbidden)?;
    let because = because.trim();
    without_numbers(because)?;
    if because.is_empty() {
        return Err(refused("请写明为什么撤回"));
    }
    let stands = standing(&office.store, &case).await?;
    let mut stands = stands.into_iter().map(|one| one.content);
    let pair = (PersonId::new(member), PersonId::new(person));
    let one = stands.find(|one| (one.member, one.person) == pair);
    let one = one.ok_or_else(|| refused("这一位不是经办登记的户外亲属,请从清单里选"))?;
    let row = NewKin {
        withdrawn: true,
        because: because.to_owned(),
        day: office.clock.today(),
        by: who.login().to_owned(),
        case: no,
        ..one
    };
    let mut tx = office.begin().await?;
    keep(office, &mut tx, who, &row).await?;
    office.end(tx).await?;
    Ok(())
}

/// Somebody obliged to support members, who lives elsewhere: of whom they are what.
type Obliged = BTreeMap<i64, Vec<(i64, String)>>;

/// Those of a case.
fn obliged(program: &Program, facts: &Facts, members: &[PersonId]) -> Obliged {
    let column = related(program, OBLIGED).map_or_else(String::new, |(column, _)| column);
    let person = |at: usize| facts.things.get(at).filter(|one| one.entity == PERSON);
    let mut out = Obliged::new();
    for list in facts.lists.iter().filter(|list| list.relation == OBLIGED) {
        let owner = person(list.owner).map(|one| one.key);
        let Some(owner) = owner.filter(|key| members.contains(&PersonId::new(*key))) else {
            continue;
        };
        for row in &list.rows {
            let Some(kin) = row.target.and_then(person) else {
                continue;
            };
            if members.contains(&PersonId::new(kin.key)) {
                continue;
            }
            let related = row.facts.iter().find(|fact| fact.name == column);
            let related = match related.map(|fact| &fact.value) {
                Some(Told::One(word)) => word.clone(),
                _ => String::new(),
            };
            out.entry(kin.key).or_default().push((owner, related));
        }
    }
    out
}

/// 登记查实: writes down what was established about one of them; answers its number.
///
/// # Errors
/// No right, nobody of the case's, a fact or a way the rulebook does not list for them, a value that is none of it,
/// no paper, a day that is none or to come, or the case is closed.
pub async fn establish(office: &Office, who: &Acting, no: CaseNo, new: &Establishing) -> Done<i64> {
    let case = load_with(office, who, Right::CASE_HANDLE, no).await?;
    may(who, &case).map_err(CaseError::Forbidden)?;
    let facts = gather(office, &office.store, &case).await?;
    let person = PersonId::new(new.person);
    let (program, asked) = askable(office, &case.row.content);
    let mut obliged = obliged(&program, &facts, &recorded::people(&case));
    let theirs = obliged
        .remove(&new.person)
        .ok_or_else(|| refused("请从清单里选是哪一位户外亲属;清单里没有的先登记这个人"))?;
    if who.is_kept_from_person(person) {
        return Err(ViewError::kept_from().into());
    }
    let one = asked
        .iter()
        .find(|one| one.fact.name == new.fact && one.is_asked_of(&theirs));
    let one = one.ok_or_else(|| {
        refused(format!(
            "“{}”不是这一项救助要查实的、这一位亲属的事实,请从清单里选",
            new.fact
        ))
    })?;
    let value = recorded::checked(&program, &one.fact, new.value.trim()).map_err(refused)?;
    if !one.ways.iter().any(|way| way == new.way.trim()) {
        let said = format!(
            "“{}”的查实办法填 {} 中的一种",
            new.fact,
            one.ways.join("、")
        );
        return Err(refused(said));
    }
    let paper = new.paper.trim();
    if paper.is_empty() {
        return Err(refused("请写明看的是哪份材料、哪条记录"));
    }
    without_numbers(paper)?;
    let today = office.clock.today();
    let paper_day =
        Day::parse(new.paper_day.trim()).map_err(|error| refused(format!("材料的日期:{error}")))?;
    if paper_day > today {
        return Err(refused("材料的日期在今天以后,请核对"));
    }
    let row = NewKinFact {
        case: no,
        person,
        fact: new.fact.clone(),
        value,
        way: new.way.trim().to_owned(),
        paper: paper.to_owned(),
        paper_day,
        day: today,
        by: who.login().to_owned(),
    };
    let at = office.clock.at();
    let mut tx = office.begin().await?;
    let kept = kin::establish(&mut tx, &at, &row).await?;
    let act = Act::new(&at, who.login(), "case.kin-fact").on("case", no);
    let said = format!("查实户外亲属的{}:{}", row.fact, row.way);
    tx.record(act.because(said).under(format!("kin-fact:{kept}")));
    office.end(tx).await?;
    Ok(kept)
}

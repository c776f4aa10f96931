//! The page of 户外亲属: who they are, masked, what the rules see of them, what is open, and what was written down.

use super::super::facts::{Facts, PERSON};
use super::super::gather::gather;
use super::super::recorded::{self, may};
use super::super::{CaseError, Done, load};
use super::{Askable, askable, grounds, obliged, relations, standing};
use crate::access::{Access, Acting};
use crate::desk::minute;
use crate::office::Office;
use crate::views::Choice;
use domain::{CaseNo, PersonId};
use rules::Program;
use std::collections::BTreeSet;
use store::kin::{self, Kin, KinFact};

/// A fact that may be established about kin elsewhere.
#[derive(Clone, Debug)]
pub struct KinAsked {
    /// Its name.
    pub fact: String,
    /// How it is answered.
    pub hint: String,
    /// How it may be established.
    pub ways: Vec<String>,
    /// Of which relations; all without.
    pub relations: Vec<String>,
}

/// One of them.
#[derive(Clone, Debug)]
pub struct KinPerson {
    /// Number in the record.
    pub id: i64,
    /// Name and number, masked, and whose they are.
    pub who: String,
    /// Who told of them.
    pub from: String,
    /// What the rules see of what may be established: fact, value, source.
    pub facts: Vec<[String; 3]>,
    /// What is still open.
    pub open: Vec<String>,
    /// The members of whom they can be taken back; none where a department listed them.
    pub back: Vec<Choice>,
}

/// One thing that was written down, newest first.
#[derive(Clone, Debug)]
pub struct KinLine {
    /// About whom, masked.
    pub who: String,
    /// What.
    pub what: String,
    /// How, on which paper; or why.
    pub grounds: String,
    /// Who wrote it down and when.
    pub by: String,
    /// Whether a newer one took its place.
    pub old: bool,
}

/// 户外亲属 of one case.
#[derive(Clone, Debug)]
pub struct KinView {
    /// 办件编号.
    pub no: i64,
    /// The members of the case.
    pub members: Vec<Choice>,
    /// What somebody can be to them.
    pub relations: Vec<String>,
    /// Those who are obliged to support them and live elsewhere.
    pub people: Vec<KinPerson>,
    /// What may be established about them; empty where the rules of the programme read nothing of it.
    pub asked: Vec<KinAsked>,
    /// Every way something can be established.
    pub ways: Vec<String>,
    /// What was written down.
    pub lines: Vec<KinLine>,
    /// Why this person cannot write anything down; empty where they can.
    pub closed: String,
}

/// The page of a case.
///
/// # Errors
/// No right, no such case, a near relative's, or the record.
pub async fn page(access: &Access, who: &Acting, no: CaseNo) -> Done<KinView> {
    let office = access.office();
    let case = load(office, who, no).await?;
    let members = recorded::people(&case);
    let (program, asked) = askable(office, &case.row.content);
    let facts = match gather(office, &office.store, &case).await {
        Ok(facts) => facts,
        // Without a month of files nobody is listed yet.
        Err(CaseError::Refused(_)) => Facts::default(),
        Err(error) => return Err(error),
    };
    let listed = obliged(&program, &facts, &members);
    let told = kin::of_case(&office.store, no).await?;
    let established = kin::facts_of_case(&office.store, no).await?;
    let standing = standing(&office.store, &case).await?;
    let mut ids = members.clone();
    ids.extend(listed.keys().map(|kin| PersonId::new(*kin)));
    ids.extend(told.iter().map(|one| one.content.person));
    ids.extend(established.iter().map(|one| one.content.person));
    ids.sort_unstable();
    ids.dedup();
    let names = Names::of(office, &ids).await?;
    let one = |(kin, of): (&i64, &Vec<(i64, String)>)| {
        let person = PersonId::new(*kin);
        let own = standing.iter().filter(|one| one.content.person == person);
        let own: Vec<&Kin> = own.collect();
        let mut said = own.iter().map(|one| one.content.because.as_str());
        let because = said.find(|said| !said.is_empty()).unwrap_or_default();
        let from = own.iter().map(|one| told_by(no, one));
        let from: BTreeSet<String> = from.collect();
        let of_whom = |(member, related): &(i64, String)| {
            format!("{}的{related}", names.name(PersonId::new(*member)))
        };
        let of_whom: Vec<String> = of.iter().map(of_whom).collect();
        let (facts, open) = seen(&facts, (*kin, of), &asked, &program);
        KinPerson {
            id: *kin,
            who: format!(
                "{} {}:{}",
                names.name(person),
                names.number(person, because),
                of_whom.join("、")
            ),
            from: match from.is_empty() {
                false => from.into_iter().collect::<Vec<_>>().join(","),
                true => "公安亲属关系".to_owned(),
            },
            facts,
            open,
            back: own
                .iter()
                .map(|one| Choice {
                    value: format!("{}@{kin}", one.content.member),
                    label: names.name(one.content.member),
                })
                .collect(),
        }
    };
    let mut ways: Vec<String> = Vec::new();
    for way in asked.iter().flat_map(|one| &one.ways) {
        if !ways.contains(way) {
            ways.push(way.clone());
        }
    }
    Ok(KinView {
        no: no.get(),
        members: members
            .iter()
            .map(|person| Choice {
                value: person.to_string(),
                label: names.name(*person),
            })
            .collect(),
        relations: relations(&program),
        people: listed.iter().map(one).collect(),
        asked: asked.iter().map(|one| shown(&program, one)).collect(),
        ways,
        lines: history(&names, &told, &established),
        closed: may(who, &case).err().unwrap_or_default(),
    })
}

/// Who told of them and when, and for which other case of the family.
fn told_by(no: CaseNo, one: &Kin) -> String {
    let content = &one.content;
    let said = format!("{} {} 登记", content.day, content.by);
    match content.case == no {
        true => said,
        false => format!("{said}(办件 № {})", content.case),
    }
}

fn shown(program: &Program, one: &Askable) -> KinAsked {
    let (hint, choices) = recorded::way(program, &one.fact);
    let how = match choices.is_empty() {
        true => hint,
        false => choices.join("、"),
    };
    KinAsked {
        fact: one.fact.name.clone(),
        hint: match one.hint.is_empty() {
            true => how,
            false => format!("{how}。{}", one.hint),
        },
        ways: one.ways.clone(),
        relations: one.relations.clone(),
    }
}

/// What the rules see of somebody, of what may be established; and what of it is open.
fn seen(
    facts: &Facts,
    (kin, of): (i64, &[(i64, String)]),
    asked: &[Askable],
    program: &Program,
) -> (Vec<[String; 3]>, Vec<String>) {
    let mut things = facts.things.iter();
    let thing = things.find(|one| one.entity == PERSON && one.key == kin);
    let (mut known, mut open) = (Vec::new(), Vec::new());
    let theirs = asked.iter().filter(|one| one.is_asked_of(of));
    for one in theirs {
        let mut all = thing.into_iter().flat_map(|thing| &thing.facts);
        match all.find(|fact| fact.name == one.fact.name) {
            None => open.push(one.fact.name.clone()),
            Some(fact) => {
                let source = fact.source.as_ref();
                known.push([
                    fact.name.clone(),
                    fact.value.words(&fact.name, PERSON, program),
                    source.map_or_else(String::new, |s| {
                        format!("{} {}", s.name, s.period).trim().to_owned()
                    }),
                ]);
            }
        }
    }
    (known, open)
}

/// Names and numbers, masked.
struct Names(std::collections::HashMap<PersonId, store::identity::Masked>);

impl Names {
    async fn of(office: &Office, ids: &[PersonId]) -> Done<Self> {
        Ok(Self(store::identity::masked(&office.store, ids).await?))
    }

    fn name(&self, person: PersonId) -> String {
        let name = self.0.get(&person).and_then(|masked| masked.name.clone());
        name.unwrap_or_else(|| "姓名未登记".to_owned())
    }

    fn number(&self, person: PersonId, because: &str) -> String {
        let masked = self.0.get(&person);
        let number = masked.and_then(|masked| masked.id_number.clone());
        number.unwrap_or_else(|| format!("没有身份证号({because})"))
    }
}

fn history(names: &Names, told: &[Kin], established: &[KinFact]) -> Vec<KinLine> {
    let named = told.iter().map(|one| {
        let content = &one.content;
        let pair = (content.member, content.person);
        let newest = told
            .iter()
            .rev()
            .find(|other| (other.content.member, other.content.person) == pair);
        let what = match content.withdrawn {
            false => format!("登记为{}的{}", names.name(content.member), content.relation),
            true => "撤回登记".to_owned(),
        };
        let line = KinLine {
            who: names.name(content.person),
            what,
            grounds: content.because.clone(),
            by: format!("{} {}", minute(&one.at), content.by),
            old: newest.is_some_and(|newest| newest.no != one.no),
        };
        (one.at.clone(), line)
    });
    let found = established.iter().map(|one| {
        let content = &one.content;
        let newest = established.iter().rev().find(|other| {
            other.content.person == content.person && other.content.fact == content.fact
        });
        let line = KinLine {
            who: names.name(content.person),
            what: format!("{} {}", content.fact, content.value),
            grounds: grounds(content),
            by: format!("{} {}", minute(&one.at), content.by),
            old: newest.is_some_and(|newest| newest.no != one.no),
        };
        (one.at.clone(), line)
    });
    let mut all: Vec<_> = named.chain(found).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all.into_iter().rev().map(|(_, line)| line).collect()
}

//! 家庭档案: members, facts with their sources, results with their reasons, the roll, the months.

use super::facts::{RowIndex, cell_words};
use super::ledger::{Entry, Record};
use super::month::{Judgement, has};
use super::names::Names;
use super::paging::{count, word, yuan};
use super::warnings::{all_persons, rows_where};
use super::{Desk, Told, clusters, facts, results};
use crate::access::{Acting, Scope, home_within, note_read};
use crate::sums::Sums;
use crate::views::{
    Behind, Counted, FactView, FoundRow, HistoryRow, HouseholdFile, MemberView, PersonFile,
    RollEntry, Tone, ViewError, WarningState, Word,
};
use domain::household::{Membership, Relation};
use domain::{HouseholdId, Month, PersonId};
use engine::differential::Sides;
use rules::Ratio;
use rules::eval::Evaluator;
use rules::plan::{Body, FileKind, Home, Type};
use rules::situation::Moments;
use std::sync::Arc;
use store::persons::{Person, PersonStatus};

/// How many months the history goes back.
const MONTHS_SHOWN: usize = 12;
/// The feed of those who receive help.
const ROLL: &str = "roll";

/// Everything the pages of one door are made from.
struct Door {
    record: Arc<Record>,
    judgement: Arc<Judgement>,
    sides: Sides,
    names: Names,
    household: Option<i64>,
    persons: Vec<i64>,
}

impl Door {
    /// The rules of the month over this door.
    fn evaluator(&self) -> Evaluator<'_> {
        Evaluator::new(
            &self.judgement.data.program,
            &self.sides.situation,
            Moments::monthly(self.month()),
        )
    }

    async fn open(
        desk: &Desk,
        month: Option<&str>,
        household: Option<i64>,
        person: Option<i64>,
    ) -> Told<Self> {
        let record = desk.record().await?;
        let judgement = desk.judged(month).await?;
        let sides = clusters::around(&judgement, household, person);
        let names = desk.names(&all_persons(&judgement, &sides)).await?;
        let mut persons: Vec<i64> = household
            .into_iter()
            .flat_map(|h| judgement.members(h))
            .collect();
        persons.extend(person.filter(|p| !persons.contains(p)));
        Ok(Self {
            record,
            judgement,
            sides,
            names,
            household,
            persons,
        })
    }

    fn month(&self) -> Month {
        self.judgement.data.month
    }

    fn concerns(&self, entry: &Entry) -> bool {
        let content = &entry.warning.content;
        let home = content.household.map(HouseholdId::get);
        let whose = content.person.map(PersonId::get);
        self.household.is_some_and(|h| home == Some(h))
            || whose.is_some_and(|p| self.persons.contains(&p))
    }
}

pub(super) async fn file(
    desk: &Desk,
    who: &Acting,
    scope: &Scope,
    id: i64,
    month: Option<String>,
) -> Told<HouseholdFile> {
    let store = &desk.office.store;
    let household = home_within(store, scope, id).await?;
    if who.is_kept_from(household.id) {
        return Err(ViewError::kept_from());
    }
    let mut door = Door::open(desk, month.as_deref(), Some(id), None).await?;
    let index_of = Arc::clone(&door.judgement);
    let index = desk.index(&index_of).await?;
    let memberships = store::households::members(store, HouseholdId::new(id)).await?;
    let relation = |person: i64| relation_of(&memberships, person);
    door.persons
        .sort_by_key(|p| (relation(*p) != Some(Relation::Head), *p));
    let people = people(desk, &door.persons).await?;
    let results = results::all(
        &door.judgement,
        &door.sides,
        Some(id),
        &door.persons,
        &door.names,
    );
    let assessments = results::assessments(
        &door.judgement,
        &door.sides,
        (Some(id), &door.persons),
        &door.names,
        &super::assessments::own(desk),
    );
    let warnings = rows_where(desk, (&door.record, scope), |e| door.concerns(e)).await?;
    let open = warnings
        .iter()
        .filter(|w| w.state == WarningState::Open || w.state == WarningState::Assigned)
        .count();
    let members: Vec<MemberView> = people
        .iter()
        .map(|p| member(&door, p, relation(p.id.get()), index))
        .collect();
    note_read::household(&desk.office, who, id).await?;
    Ok(HouseholdFile {
        id,
        number: household.number.clone(),
        head: members
            .first()
            .map_or_else(|| "没有成员".to_owned(), |m| m.name.clone()),
        place: door.record.place(&household.area),
        urban_rural: household
            .urban_rural
            .map_or("城乡未知", domain::UrbanRural::name)
            .to_owned(),
        month: door.month().to_string(),
        months: desk
            .month_list()
            .await?
            .iter()
            .map(Month::to_string)
            .collect(),
        marks: marks(desk, id, results::marks(&results, open)).await?,
        members,
        facts: household_facts(&door, id, index),
        found: found(desk, &door, id).await?,
        results,
        assessments,
        roll: roll(desk, &door, index),
        warnings,
        history: history(desk, &door).await?,
    })
}

/// What officials found out for the cases of a household.
async fn found(desk: &Desk, door: &Door, id: i64) -> Told<Vec<FoundRow>> {
    let home = HouseholdId::new(id);
    let all = crate::casework::found_of_household(&desk.office.store, home).await?;
    let rows = all.into_iter().map(|(person, line)| FoundRow {
        who: match person {
            None => "这一户".to_owned(),
            Some(person) => door.names.name(person.get()),
        },
        fact: line.fact,
        value: line.value,
        because: line.because,
        evidence: line.evidence,
        by: line.by,
        case: line.case,
        old: line.old,
    });
    Ok(rows.collect())
}

/// What the results say in words, and as what the family is recognised by a decision that gives no money.
async fn marks(desk: &Desk, id: i64, mut marks: Vec<Word>) -> Told<Vec<Word>> {
    let today = desk.office.clock.today();
    for one in desk.recognised(HouseholdId::new(id)).await? {
        let over = one.to.is_some_and(|to| to < today);
        let until = match one.to {
            Some(to) if over => format!(",到 {to} 已经期满"),
            Some(to) => format!(",{} 起到 {to} 止", one.from),
            None => format!(",{} 起", one.from),
        };
        let tone = if over { Tone::Notice } else { Tone::Good };
        let text = format!("{}有资格{until}(决定 {})", one.title, one.decision);
        marks.push(word(text, tone));
    }
    Ok(marks)
}

pub(super) async fn person(
    desk: &Desk,
    who: &Acting,
    scope: &Scope,
    id: i64,
    month: Option<String>,
) -> Told<PersonFile> {
    let people = people(desk, &[id]).await?;
    let missing = || ViewError::NotFound(format!("没有编号为 {id} 的人员;可以用身份证号查找"));
    let person = people.into_iter().next().ok_or_else(missing)?;
    let month = desk.chosen(month.as_deref()).await?.to_string();
    let judgement = desk.judged(Some(&month)).await?;
    let home = clusters::home_of(&judgement, id);
    let lives = home.and_then(|home| judgement.area_of("家庭", home));
    if !scope.holds(lives.or(person.area)) {
        return Err(missing());
    }
    if who.is_kept_from_person(person.id) {
        return Err(ViewError::kept_from());
    }
    note_read::person(&desk.office, who, id).await?;
    let mut door = Door::open(desk, Some(&month), home, Some(id)).await?;
    door.household = None;
    door.persons = vec![id];
    let index_of = Arc::clone(&door.judgement);
    let index = desk.index(&index_of).await?;
    Ok(PersonFile {
        household: home,
        month,
        member: member(&door, &person, None, index),
        place: person
            .area
            .map_or_else(|| "地区未知".to_owned(), |a| door.record.place(&a)),
        results: results::all(&door.judgement, &door.sides, None, &[id], &door.names),
        assessments: results::assessments(
            &door.judgement,
            &door.sides,
            (None, &[id]),
            &door.names,
            &super::assessments::own(desk),
        ),
        roll: roll(desk, &door, index),
        warnings: rows_where(desk, (&door.record, scope), |e| door.concerns(e)).await?,
        history: history(desk, &door).await?,
    })
}

async fn people(desk: &Desk, ids: &[i64]) -> Told<Vec<Person>> {
    let ids: Vec<PersonId> = ids.iter().copied().map(PersonId::new).collect();
    Ok(store::persons::get_many(&desk.office.store, &ids).await?)
}

fn relation_of(memberships: &[Membership], person: i64) -> Option<Relation> {
    memberships
        .iter()
        .rev()
        .find(|m| m.person.get() == person)
        .map(|m| m.relation)
}

fn member(
    door: &Door,
    person: &Person,
    relation: Option<Relation>,
    index: &RowIndex,
) -> MemberView {
    let id = person.id.get();
    let month = door.month();
    let (mark, reason) = results::counted(&door.judgement, &door.sides, door.household, id);
    let age = person
        .birth
        .map(|birth| domain::age_in_years(birth, person.death.unwrap_or(month.last())));
    MemberView {
        id,
        name: door.names.name(id),
        number: door.names.number(id),
        sex: match person.sex {
            Some(domain::Sex::Male) => "男",
            Some(domain::Sex::Female) => "女",
            None => super::paging::UNKNOWN,
        }
        .to_owned(),
        age: age.map_or_else(|| "年龄未知".to_owned(), |age| format!("{age} 岁")),
        relation: relation.map_or("本人", Relation::name).to_owned(),
        counted: Counted { mark, reason },
        marks: person_marks(door, person),
        facts: person_facts(door, id, index),
    }
}

fn person_marks(door: &Door, person: &Person) -> Vec<Word> {
    let mut out = Vec::new();
    match person.status {
        PersonStatus::Deceased => out.push(word("死亡注销", Tone::Notice)),
        PersonStatus::MovedOut => out.push(word("户籍迁出", Tone::Calm)),
        PersonStatus::NotOnRegister => out.push(word("不在户籍", Tone::Unknown)),
        PersonStatus::OnRegister => {}
    }
    let id = person.id.get();
    let rolls = door
        .judgement
        .sums
        .programmes
        .iter()
        .filter(|p| !p.of_households && has(&p.on_roll, id));
    out.extend(rolls.map(|p| word(format!("{}在册", p.title), Tone::Good)));
    let program = &door.judgement.data.program;
    let mut eval = door.evaluator();
    let at = program
        .dict
        .entity("个人")
        .and_then(|e| door.sides.situation.find(e, id));
    // The grade stands in the dictionary's own words; 无 is no mark.
    let grade = program.find("残疾等级").zip(at).and_then(|(item, at)| {
        let value = eval.value(item, at);
        let text = rules::show::value(value, program.item(item)?.ty, &program.dict);
        (value.is_known() && text != "无").then(|| word(format!("残疾{text}"), Tone::Calm))
    });
    out.extend(grade);
    out
}

fn person_facts(door: &Door, id: i64, index: &RowIndex) -> Vec<FactView> {
    let program = &door.judgement.data.program;
    let entity = program.dict.entity("个人");
    let at = entity.and_then(|e| door.sides.situation.find(e, id));
    let (Some(entity), Some(at)) = (entity, at) else {
        return Vec::new();
    };
    let mut eval = door.evaluator();
    let mut all = facts::of_instance(&mut eval, at, entity, id, index);
    facts::from_record(&mut all, &door.judgement.data, id);
    facts::found_out(&mut all, &door.judgement.data, id);
    // What is known first; both keep the dictionary's order.
    all.sort_by_key(|f| f.value.is_none());
    all
}

/// What was seen, declared or found out of the whole household, and what the rules work out for it before any
/// programme: means, property, size.
fn household_facts(door: &Door, id: i64, index: &RowIndex) -> Vec<FactView> {
    let program = &door.judgement.data.program;
    let entity = program.dict.entity("家庭");
    let at = entity.and_then(|e| door.sides.situation.find(e, id));
    let (Some(entity), Some(at)) = (entity, at) else {
        return Vec::new();
    };
    let mut eval = door.evaluator();
    let mut out = facts::of_instance(&mut eval, at, entity, id, index);
    facts::found_out(&mut out, &door.judgement.data, id);
    // A department's file is told of by person.
    out.retain(|fact| fact.value.is_some() && matches!(fact.behind, Behind::Nothing));
    for file in program
        .files
        .iter()
        .filter(|f| f.kind == FileKind::Policy && f.verdict.is_none() && f.entity == entity)
    {
        for item_id in &file.items {
            let Some(item) = program.item(*item_id) else {
                continue;
            };
            let number = matches!(item.ty, Type::Num(_) | Type::Bool);
            if item.home != Home::Entity(entity)
                || !matches!(item.body, Body::Formula { .. })
                || !number
            {
                continue;
            }
            let value = eval.value(*item_id, at);
            out.push(FactView {
                name: item.name.clone(),
                value: value
                    .is_known()
                    .then(|| rules::show::value(value, item.ty, &program.dict)),
                source: format!("按《{}》算出", file.title),
                behind: Behind::Rule(file.path.clone()),
                period: door.month().to_string(),
                known: "—".to_owned(),
            });
        }
    }
    out
}

/// The rows of the roll that are about these persons.
fn roll(desk: &Desk, door: &Door, index: &RowIndex) -> Vec<RollEntry> {
    let program = &door.judgement.data.program;
    let Some(feed) = program.feeds.iter().find(|f| f.id == ROLL) else {
        return Vec::new();
    };
    let mut out = Vec::new();
    for person in &door.persons {
        for row in index.of(*person, ROLL) {
            let Some(sheet) = desk.row_sheet(index, row) else {
                continue;
            };
            let cell = |name: &str| {
                let column = feed.columns.iter().find(|c| c.name == name)?;
                cell_words(program, column, sheet.column(name)?, 0)
            };
            let until = cell("终止月份").map_or(String::new(), |m| format!(" 至 {m}"));
            out.push(RollEntry {
                title: cell("救助类型").unwrap_or_else(|| "类型未写".to_owned()),
                subject: door.names.name(*person),
                period: cell("起始月份")
                    .map_or_else(|| "起始未写".to_owned(), |m| format!("{m} 起{until}")),
                amount: cell("发放额").unwrap_or_else(|| "金额未写".to_owned()),
                card: door.names.card(*person),
                behind: Behind::Batch(row.batch_no()),
            });
        }
    }
    out
}

async fn history(desk: &Desk, door: &Door) -> Told<Vec<HistoryRow>> {
    let mut out = Vec::new();
    for month in desk.month_list().await?.into_iter().take(MONTHS_SHOWN) {
        let sums = desk.sums(month).await?;
        let raised = door
            .record
            .warnings
            .iter()
            .filter(|e| door.concerns(e) && e.month == month.to_string())
            .count();
        let events = if raised > 0 {
            format!("预警 {raised} 条")
        } else {
            String::new()
        };
        out.push(HistoryRow {
            month: month.to_string(),
            result: results_of(door, &sums),
            paid: paid(door, &sums),
            events,
        });
    }
    Ok(out)
}

fn results_of(door: &Door, sums: &Sums) -> String {
    let mut said = Vec::new();
    for programme in &sums.programmes {
        let ids: Vec<i64> = if programme.of_households {
            door.household.into_iter().collect()
        } else {
            door.persons.clone()
        };
        for (list, told) in [
            (&programme.on_roll, "在册"),
            (&programme.entitled, "符合"),
            (&programme.unsettled, "待查"),
        ] {
            let hits = ids.iter().filter(|id| has(list, **id)).count();
            if hits == 0 {
                continue;
            }
            let who = if programme.of_households {
                String::new()
            } else {
                format!(" {hits} 人")
            };
            // 待查 of a person by a programme nobody asked for says nothing of the month.
            if told != "待查" || programme.of_households {
                said.push(format!("{} {told}{who}", programme.title));
            }
        }
    }
    if said.is_empty() {
        "没有一项符合或在册".to_owned()
    } else {
        said.join(" · ")
    }
}

fn paid(door: &Door, sums: &Sums) -> String {
    let amounts: Vec<i64> = door
        .persons
        .iter()
        .filter_map(|p| sums.paid.get(p))
        .copied()
        .collect();
    if count(amounts.len()) == 0 {
        return "没有".to_owned();
    }
    yuan(Ratio::whole(amounts.into_iter().map(i128::from).sum()))
}

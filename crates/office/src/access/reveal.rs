//! 看完整号码: with a purpose of the rulebook and a live cause at that door. The entry is in the chain
//! before anything is opened.

use super::{Access, Acting, Right, home_within};
use crate::casework;
use crate::views::ViewError;
use domain::{HouseholdId, PersonId};
use std::sync::PoisonError;
use store::identity::{self, Field, Grant};
use store::tasks::TaskState;
use store::warnings::WarningState;

/// Full reads are counted by the hour.
const HOUR_SECONDS: i64 = 3_600;

/// What may be asked for, in the order of the form.
const FIELDS: [(Field, &str); 5] = [
    (Field::Name, "姓名"),
    (Field::IdNumber, "身份证号"),
    (Field::Phone, "电话"),
    (Field::Address, "住址"),
    (Field::Card, "银行卡号"),
];

/// A live cause: an open warning or task of the household, or an open case of the person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CauseRow {
    /// `warning:12`, `task:3` or `case:7`.
    pub id: String,
    /// What it is, in a sentence.
    pub title: String,
}

/// What the form offers.
#[derive(Clone, Debug)]
pub struct RevealForm {
    /// Whose door.
    pub household: i64,
    /// Who, masked.
    pub person: i64,
    /// The name, masked.
    pub name: String,
    /// The purposes of the rulebook: code and word.
    pub purposes: Vec<(String, String)>,
    /// The live causes; with none nothing can be seen.
    pub causes: Vec<CauseRow>,
    /// The values that may be asked for: code and word.
    pub fields: Vec<(&'static str, &'static str)>,
}

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct RevealAsk {
    /// Code of the purpose.
    pub purpose: String,
    /// The cause, as the form offered it.
    pub cause: String,
    /// Codes of the values.
    pub fields: Vec<String>,
}

/// Values in full, for one answer. Has no printable form.
#[derive(Clone)]
pub struct InFull {
    /// Each value's word and the value; one that is not known says so.
    pub values: Vec<(&'static str, Option<String>)>,
    /// The purpose told.
    pub purpose: String,
    /// What the purpose rests on.
    pub cause: String,
}

impl std::fmt::Debug for InFull {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InFull(**)")
    }
}

impl Access {
    /// The form to see somebody's numbers in full.
    ///
    /// # Errors
    /// The right is missing, the household is not one's own to see, the person is not of it.
    pub async fn reveal_form(
        &self,
        who: &Acting,
        household: i64,
        person: i64,
    ) -> Result<RevealForm, ViewError> {
        self.door(who, household, person).await?;
        let masked = identity::masked(&self.office.store, &[PersonId::new(person)]).await?;
        let name = masked.into_values().next().and_then(|masked| masked.name);
        let purposes = self.book.purposes().iter();
        Ok(RevealForm {
            household,
            person,
            name: name.unwrap_or_else(|| "姓名未登记".to_owned()),
            purposes: purposes
                .map(|p| (p.code.clone(), p.title.clone()))
                .collect(),
            causes: self.causes(who, household, person).await?,
            fields: FIELDS.map(|(field, word)| (field.word(), word)).to_vec(),
        })
    }

    /// Shows values in full, after the entry that says who sees what of whom and why is durable.
    ///
    /// # Errors
    /// The right is missing, the household is not one's own to see, the purpose or cause is none,
    /// too many were seen this hour, or the record cannot be written.
    pub async fn reveal(
        &self,
        who: &Acting,
        household: i64,
        person: i64,
        ask: &RevealAsk,
    ) -> Result<InFull, ViewError> {
        self.door(who, household, person).await?;
        let wrong = |said: &str| ViewError::NotAnswerable(said.to_owned());
        let purpose = self.book.purposes().iter().find(|p| p.code == ask.purpose);
        let purpose = purpose.ok_or_else(|| wrong("请选一项用途;没有用途不能看完整号码"))?;
        let causes = self.causes(who, household, person).await?;
        let cause = causes.into_iter().find(|cause| cause.id == ask.cause);
        let cause = cause.ok_or_else(|| {
            wrong("请选这一户没有办完的预警、任务或者您经办的办件;都办完了就不能再看完整号码")
        })?;
        let wanted: Vec<(Field, &'static str)> = FIELDS
            .into_iter()
            .filter(|(field, _)| ask.fields.iter().any(|code| code == field.word()))
            .collect();
        if wanted.is_empty() {
            return Err(wrong("请勾选要看哪几项"));
        }
        self.must_be_few(who)?;
        let grant = Grant {
            at: self.office.clock.at(),
            actor: who.login().to_owned(),
            purpose: purpose.title.clone(),
            authority: cause.id.clone(),
            channel: who.channel().word().to_owned(),
            fields: wanted.iter().map(|(field, _)| *field).collect(),
        };
        let store = &self.office.store;
        let sealed = identity::sealed(store, &[PersonId::new(person)]).await?;
        let opened = identity::reveal(store, &grant, sealed).await?;
        let opened = opened.into_iter().next();
        let value = |field: Field| {
            let opened = opened.as_ref()?;
            match field {
                Field::Name => opened.name.clone(),
                Field::IdNumber => opened.id_number.clone(),
                Field::Phone => opened.phone.clone(),
                Field::Address => opened.address.clone(),
                Field::Card => opened.card.clone(),
            }
        };
        Ok(InFull {
            values: wanted
                .into_iter()
                .map(|(field, word)| (word, value(field)))
                .collect(),
            purpose: purpose.title.clone(),
            cause: cause.title,
        })
    }

    /// The household must be one's own to see, and the person of it.
    async fn door(&self, who: &Acting, household: i64, person: i64) -> Result<(), ViewError> {
        let scope = who.scope(Right::REVEAL)?;
        let store = &self.office.store;
        let id = HouseholdId::new(household);
        home_within(store, &scope, household).await?;
        if who.is_kept_from(id) {
            return Err(ViewError::kept_from());
        }
        let members = store::households::members(store, id).await?;
        if members.iter().any(|m| m.person == PersonId::new(person)) {
            return Ok(());
        }
        Err(ViewError::NotFound(format!(
            "这一户没有编号为 {person} 的成员"
        )))
    }

    /// What still waits at a door: its open warnings and tasks, and the person's open cases this reader has to do
    /// with.
    pub(super) async fn causes(
        &self,
        who: &Acting,
        household: i64,
        person: i64,
    ) -> Result<Vec<CauseRow>, ViewError> {
        let store = &self.office.store;
        let id = HouseholdId::new(household);
        let mut out = Vec::new();
        for warning in store::warnings::of_household(store, id).await? {
            if warning.state == WarningState::Open {
                out.push(CauseRow {
                    id: format!("warning:{}", warning.id),
                    title: format!("预警 № {}:{}", warning.id, warning.content.text),
                });
            }
        }
        for task in store::tasks::of_household(store, id).await? {
            if task.state == TaskState::Open {
                out.push(CauseRow {
                    id: format!("task:{}", task.id),
                    title: format!("任务 № {}:{}", task.id, task.content.summary),
                });
            }
        }
        out.extend(self.cases_of(who, PersonId::new(person)).await?);
        Ok(out)
    }

    /// The open cases of somebody in which this reader may do the open step, or did something; within their
    /// places, and not of their own family.
    async fn cases_of(&self, who: &Acting, person: PersonId) -> Result<Vec<CauseRow>, ViewError> {
        let office = &self.office;
        let Ok(scope) = who.scope(Right::CASE) else {
            return Ok(Vec::new());
        };
        let mut out = Vec::new();
        for no in store::cases::open_of_member(&office.store, person).await? {
            let Some(case) = casework::read(office, &office.store, no).await? else {
                continue;
            };
            let members = &case.application.content.members;
            let near = members.iter().any(|(one, _)| who.is_kept_from_person(*one));
            let mut events = case.events.iter().map(|event| event.content.actor.as_str());
            let concerned = case.is_for(who) || events.any(|actor| actor == who.login());
            if concerned && !near && scope.contains(&case.standing.area) {
                out.push(CauseRow {
                    id: format!("case:{no}"),
                    title: format!("办件 № {no}:{},{}", case.procedure.title, case.stands()),
                });
            }
        }
        Ok(out)
    }

    /// Who has seen too many this hour must stop and say why.
    fn must_be_few(&self, who: &Acting) -> Result<(), ViewError> {
        let most = self.book.settings().reveals_an_hour;
        let hour = self.watch.now().as_second().div_euclid(HOUR_SECONDS);
        let mut seen = self.reveals.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|_, (counted, _)| *counted == hour);
        let (_, times) = seen.entry(who.user()).or_insert((hour, 0));
        if *times < most {
            *times = times.saturating_add(1);
            return Ok(());
        }
        Err(ViewError::Forbidden(format!(
            "这一小时里已经看了 {times} 次完整号码,到了上限;请先办完手上的,下一小时再看。审计人员看得到这些记录"
        )))
    }
}

//! 申请: what somebody came with, once, however many programmes it is for: members, what they declare,
//! their papers, and clues that may become applications.
//!
//! Nothing here is judged. What is declared stands apart from what is found, for ever.

mod clues;
mod decided;

pub(crate) use clues::STATEMENTS as CLUE_STATEMENTS;
pub use clues::{
    Clue, ClueMark, ClueSource, ClueState, NewClue, add_clue, close_clue, find_clue, joined_clues,
    open_clues, open_marks, use_clue,
};
pub(crate) use decided::STATEMENTS as DECIDED_STATEMENTS;
pub use decided::{DecidedRow, decided, decided_of};

use crate::at::At;
use crate::digest::of_row;
use crate::error::{Result, StoreError};
use crate::sql::{Kind, Table, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{Value, words};
use domain::{ApplicationNo, AreaCode, CaseNo, Day, HouseholdId, PersonId, Relation};

statements! {
    ADD = "insert into applications (application_no, form_key, cause, cause_id, applicant, helper,
            household_id, area, taken_area, received_at, received_day, taken_by, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
        on conflict (form_key) do nothing";
    FIND = "select application_no, cause, cause_id, applicant, helper, household_id, area, taken_area,
            received_at, received_day, taken_by, form_key, digest
        from applications where application_no = $1";
    FIND_KEY = "select application_no from applications where form_key = $1";
    MEMBERS = "select person_id, relation from application_members
        where application_no = $1 order by person_id";
    JOIN = "insert into application_members (application_no, person_id, relation, digest)
        values ($1, $2, $3, $4) on conflict (application_no, person_id) do nothing";
    PENDING = "select c.case_no, c.programme, c.area, m.person_id from cases c
        join application_members m on m.application_no = c.application_no
        where c.state = 'open' and m.person_id = $1 order by c.case_no";
    // Every member of every application with what came of its cases, as it stood on a day.
    OUTCOMES = "select m.person_id, a.application_no, c.case_no, c.state, d.decision_no, d.outcome, d.day
        from applications a
        join application_members m on m.application_no = a.application_no
        join cases c on c.application_no = a.application_no
        left join decisions d on d.case_no = c.case_no and d.state = 'effective' and d.day <= $1
        where a.received_day <= $1
        order by m.person_id, a.application_no, c.case_no";
    FLAGS = "select person_id, kind, programme, case_no, because from application_flags
        where application_no = $1 order by flag_no";
    DECLARED = "select person_id, fact, value, period, at, actor from declared
        where application_no = $1 order by declared_no";
    PAPERS = "select paper, state, because, at, actor from papers
        where application_no = $1 order by paper_no";
}

const MEMBER_ROWS: Table = Table {
    name: "application_members",
    columns: &[
        ("application_no", Kind::Int),
        ("person_id", Kind::Int),
        ("relation", Kind::Text),
        ("digest", Kind::Bytes),
    ],
};
const FLAG_ROWS: Table = Table {
    name: "application_flags",
    columns: &[
        ("application_no", Kind::Int),
        ("flag_no", Kind::Int),
        ("person_id", Kind::Int),
        ("kind", Kind::Text),
        ("programme", Kind::Text),
        ("case_no", Kind::Int),
        ("because", Kind::Text),
        ("at", Kind::Text),
        ("actor", Kind::Text),
    ],
};
const DECLARED_ROWS: Table = Table {
    name: "declared",
    columns: &[
        ("declared_no", Kind::Int),
        ("application_no", Kind::Int),
        ("person_id", Kind::Int),
        ("fact", Kind::Text),
        ("value", Kind::Text),
        ("period", Kind::Text),
        ("at", Kind::Text),
        ("actor", Kind::Text),
        ("digest", Kind::Bytes),
    ],
};
const PAPER_ROWS: Table = Table {
    name: "papers",
    columns: &[
        ("paper_no", Kind::Int),
        ("application_no", Kind::Int),
        ("paper", Kind::Text),
        ("state", Kind::Text),
        ("because", Kind::Text),
        ("at", Kind::Text),
        ("actor", Kind::Text),
    ],
};
pub(crate) const TABLES: &[Table] = &[MEMBER_ROWS, FLAG_ROWS, DECLARED_ROWS, PAPER_ROWS];

words! {
    /// 来由: how the office came to know.
    Cause {
        /// 本人申请.
        Apply = "apply",
        /// 代办: a village or grid worker, or somebody with the applicant's consent.
        OnBehalf = "on-behalf",
        /// 预警.
        Warning = "warning",
        /// 线索.
        Clue = "clue",
        /// 热线.
        Hotline = "hotline",
        /// 主动发现.
        Found = "found",
    }
}

impl Cause {
    /// All of them, in the order of a form.
    pub const ALL: [Self; 6] = [
        Self::Apply,
        Self::OnBehalf,
        Self::Warning,
        Self::Clue,
        Self::Hotline,
        Self::Found,
    ];

    /// What officials call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Apply => "本人申请",
            Self::OnBehalf => "代办",
            Self::Warning => "预警",
            Self::Clue => "线索",
            Self::Hotline => "热线",
            Self::Found => "主动发现",
        }
    }
}

words! {
    /// Whether a paper is there.
    PaperState {
        /// 已交.
        Given = "given",
        /// 缺.
        Missing = "missing",
        /// 容缺后补.
        Later = "later",
    }
}

words! {
    /// Where one of the members was found already.
    FlagKind {
        /// 在册.
        OnRoll = "on-roll",
        /// 另有在办.
        Pending = "pending",
    }
}

/// An application to be taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApplication {
    /// The word of the form: the same form sent twice is one application.
    pub form_key: String,
    /// How the office came to know.
    pub cause: Cause,
    /// Number of the warning or clue.
    pub cause_id: Option<i64>,
    /// Who applies.
    pub applicant: PersonId,
    /// Who helps; never the applicant.
    pub helper: Option<PersonId>,
    /// The applicant's household in the register.
    pub household: Option<HouseholdId>,
    /// Where it is handled.
    pub area: AreaCode,
    /// Where it was handed in.
    pub taken_area: AreaCode,
    /// When it was handed in; kept wherever it is sent on to.
    pub received_at: At,
    /// The same, as a day of the calendar.
    pub received_day: Day,
    /// Who took it.
    pub taken_by: String,
    /// Who belongs to the family, the applicant among them, each with the relation to the applicant.
    pub members: Vec<(PersonId, Relation)>,
}

/// 申请, as the record knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Application {
    /// 申请编号.
    pub no: ApplicationNo,
    /// What it says.
    pub content: NewApplication,
}

/// Help or an application found elsewhere for one of the members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// For whom.
    pub person: PersonId,
    /// Help or an application.
    pub kind: FlagKind,
    /// Of which programme.
    pub programme: String,
    /// The pending case.
    pub case: Option<CaseNo>,
    /// Why this one goes on.
    pub because: String,
}

/// 申报: one thing the applicant says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Of whom; none for the household.
    pub person: Option<PersonId>,
    /// The fact, by its name in the dictionary.
    pub fact: String,
    /// As it was said and checked, such as `1200`.
    pub value: String,
    /// What time it is about, such as `2026-08`; empty where none was told.
    pub period: String,
}

/// A declared fact with who wrote it down when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeclaredRow {
    /// What was said.
    pub content: Declared,
    /// When.
    pub at: At,
    /// Who wrote it down.
    pub actor: String,
}

/// 材料 and whether it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// Its name in the procedure.
    pub name: String,
    /// Whether it is there.
    pub state: PaperState,
    /// Why it may follow later.
    pub because: String,
}

/// What became of an application to be taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It is new.
    New(ApplicationNo),
    /// The same form was taken before.
    Before(ApplicationNo),
}

/// A pending case one of whose members is a person asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// The case.
    pub case: CaseNo,
    /// Of which programme.
    pub programme: String,
    /// Where it is handled.
    pub area: AreaCode,
    /// The person.
    pub person: PersonId,
}

/// Takes an application in with its members; the same form a second time answers the first.
pub async fn add(tx: &mut JournalTx, new: &NewApplication) -> Result<Taken> {
    let no = tx.take_numbers("application", 1).await?;
    let mut values = new.values(no);
    values.push(of_row("applications", &new.digested(no)).into());
    if tx.execute(ADD, values).await? == 0 {
        let rows = tx.rows(FIND_KEY, vec![(&new.form_key).into()]).await?;
        let before = rows.first().ok_or(StoreError::WriteBroken)?.int(0)?;
        return Ok(Taken::Before(ApplicationNo::new(before)));
    }
    let members = new.members.iter().map(|(person, relation)| {
        let word = relation.name();
        let digest = member_digest(no, *person, word);
        vec![no.into(), person.get().into(), word.into(), digest.into()]
    });
    tx.insert(MEMBER_ROWS, members.collect()).await?;
    Ok(Taken::New(ApplicationNo::new(no)))
}

/// Somebody belongs to an application from now on; false when they did already.
pub async fn join(
    tx: &mut JournalTx,
    no: ApplicationNo,
    (person, relation): (PersonId, Relation),
) -> Result<bool> {
    let word = relation.name();
    let digest = member_digest(no.get(), person, word);
    let values = vec![
        no.get().into(),
        person.get().into(),
        word.into(),
        digest.into(),
    ];
    Ok(tx.execute(JOIN, values).await? == 1)
}

/// One application with its members.
pub async fn find(on: &impl Reads, no: ApplicationNo) -> Result<Option<Application>> {
    let rows = on.rows(FIND, vec![no.get().into()]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let members = on.rows(MEMBERS, vec![no.get().into()]).await?;
    let members = members.iter().map(|row| {
        let relation = row.word(1, Relation::parse)?;
        Ok((PersonId::new(row.int(0)?), relation))
    });
    let content = NewApplication {
        form_key: row.text(11)?,
        cause: row.word(1, Cause::from_word)?,
        cause_id: row.int_opt(2)?,
        applicant: PersonId::new(row.int(3)?),
        helper: row.int_opt(4)?.map(PersonId::new),
        household: row.int_opt(5)?.map(HouseholdId::new),
        area: row.area(6)?,
        taken_area: row.area(7)?,
        received_at: row.at(8)?,
        received_day: row.day(9)?,
        taken_by: row.text(10)?,
        members: members.collect::<Result<Vec<_>>>()?,
    };
    let digest: [u8; 32] = row.array(12)?;
    if digest != of_row("applications", &content.digested(no.get())) {
        return Err(StoreError::BadValue {
            what: format!("申请 {no} 的内容与摘要不符"),
        });
    }
    Ok(Some(Application { no, content }))
}

/// The application a form became, where it was taken before.
pub async fn find_by_form(on: &impl Reads, form_key: &str) -> Result<Option<ApplicationNo>> {
    let rows = on.rows(FIND_KEY, vec![form_key.into()]).await?;
    let first = rows.first();
    first
        .map(|row| Ok(ApplicationNo::new(row.int(0)?)))
        .transpose()
}

/// The open cases each of these persons stands in.
pub async fn pending(on: &impl Reads, persons: &[PersonId]) -> Result<Vec<Pending>> {
    let sets = persons.iter().map(|p| vec![p.get().into()]).collect();
    let rows = on.rows_each(PENDING, sets).await?;
    rows.iter()
        .flatten()
        .map(|row| {
            Ok(Pending {
                case: CaseNo::new(row.int(0)?),
                programme: row.text(1)?,
                area: row.area(2)?,
                person: PersonId::new(row.int(3)?),
            })
        })
        .collect()
}

/// What came of one case of an application, for one of its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseOutcome {
    /// The member.
    pub person: PersonId,
    /// The application.
    pub application: ApplicationNo,
    /// The case.
    pub case: CaseNo,
    /// Whether it is still open.
    pub open: bool,
    /// The decision that stands, whether it granted, and its day.
    pub decision: Option<(i64, bool, Day)>,
}

/// What came of every case of the applications that had come by a day: by member, the latest
/// application last.
pub async fn outcomes(on: &impl Reads, day: Day) -> Result<Vec<CaseOutcome>> {
    let rows = on.rows(OUTCOMES, vec![day.to_string().into()]).await?;
    let outcome = |row: &crate::value::Row| {
        let decision = match row.int_opt(4)? {
            None => None,
            Some(no) => Some((no, row.text(5)? == "granted", row.day(6)?)),
        };
        Ok(CaseOutcome {
            person: PersonId::new(row.int(0)?),
            application: ApplicationNo::new(row.int(1)?),
            case: CaseNo::new(row.int(2)?),
            open: row.text(3)? == "open",
            decision,
        })
    };
    rows.iter().map(outcome).collect()
}

/// Keeps why an application goes on although somebody was found elsewhere.
pub async fn add_flags(
    tx: &mut JournalTx,
    at: &At,
    actor: &str,
    no: ApplicationNo,
    flags: &[Flag],
) -> Result<()> {
    let rows = (1_i64..).zip(flags).map(|(number, flag)| {
        vec![
            no.get().into(),
            number.into(),
            flag.person.get().into(),
            flag.kind.into(),
            flag.programme.as_str().into(),
            flag.case.map(CaseNo::get).into(),
            flag.because.as_str().into(),
            at.into(),
            actor.into(),
        ]
    });
    tx.insert(FLAG_ROWS, rows.collect()).await
}

/// What was found elsewhere when it was taken.
pub async fn flags(on: &impl Reads, no: ApplicationNo) -> Result<Vec<Flag>> {
    let rows = on.rows(FLAGS, vec![no.get().into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Flag {
                person: PersonId::new(row.int(0)?),
                kind: row.word(1, FlagKind::from_word)?,
                programme: row.text(2)?,
                case: row.int_opt(3)?.map(CaseNo::new),
                because: row.text(4)?,
            })
        })
        .collect()
}

/// Writes down what is declared; what was said before stays beside it.
pub async fn declare(
    tx: &mut JournalTx,
    at: &At,
    actor: &str,
    no: ApplicationNo,
    said: &[Declared],
) -> Result<()> {
    let first = tx.take_numbers("declared", said.len()).await?;
    let rows = (first..).zip(said).map(|(number, one)| {
        let person: Value = one.person.map(PersonId::get).into();
        let digested = [
            ("declared_no", number.into()),
            ("application_no", no.get().into()),
            ("person_id", person.clone()),
            ("fact", one.fact.as_str().into()),
            ("value", one.value.as_str().into()),
            ("period", one.period.as_str().into()),
        ];
        let digest = of_row("declared", &digested);
        vec![
            number.into(),
            no.get().into(),
            person,
            one.fact.as_str().into(),
            one.value.as_str().into(),
            one.period.as_str().into(),
            at.into(),
            actor.into(),
            digest.into(),
        ]
    });
    tx.insert(DECLARED_ROWS, rows.collect()).await
}

/// Everything declared, oldest first: of a fact said twice the later counts.
pub async fn declared(on: &impl Reads, no: ApplicationNo) -> Result<Vec<DeclaredRow>> {
    let rows = on.rows(DECLARED, vec![no.get().into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(DeclaredRow {
                content: Declared {
                    person: row.int_opt(0)?.map(PersonId::new),
                    fact: row.text(1)?,
                    value: row.text(2)?,
                    period: row.text(3)?,
                },
                at: row.at(4)?,
                actor: row.text(5)?,
            })
        })
        .collect()
}

/// Writes down which papers are there.
pub async fn keep_papers(
    tx: &mut JournalTx,
    at: &At,
    actor: &str,
    no: ApplicationNo,
    papers: &[Paper],
) -> Result<()> {
    let first = tx.take_numbers("paper", papers.len()).await?;
    let rows = (first..).zip(papers).map(|(number, paper)| {
        vec![
            number.into(),
            no.get().into(),
            paper.name.as_str().into(),
            paper.state.into(),
            paper.because.as_str().into(),
            at.into(),
            actor.into(),
        ]
    });
    tx.insert(PAPER_ROWS, rows.collect()).await
}

/// The papers as they stand now, by name.
pub async fn papers(on: &impl Reads, no: ApplicationNo) -> Result<Vec<Paper>> {
    let rows = on.rows(PAPERS, vec![no.get().into()]).await?;
    let mut newest: Vec<Paper> = Vec::new();
    for row in &rows {
        let paper = Paper {
            name: row.text(0)?,
            state: row.word(1, PaperState::from_word)?,
            because: row.text(2)?,
        };
        match newest.iter_mut().find(|known| known.name == paper.name) {
            Some(known) => *known = paper,
            None => newest.push(paper),
        }
    }
    Ok(newest)
}

fn member_digest(no: i64, person: PersonId, relation: &str) -> [u8; 32] {
    let columns = [
        ("application_no", no.into()),
        ("person_id", person.get().into()),
        ("relation", relation.into()),
    ];
    of_row("application_members", &columns)
}

impl NewApplication {
    fn values(&self, no: i64) -> Vec<Value> {
        vec![
            no.into(),
            self.form_key.as_str().into(),
            self.cause.into(),
            self.cause_id.into(),
            self.applicant.get().into(),
            self.helper.map(PersonId::get).into(),
            self.household.map(HouseholdId::get).into(),
            self.area.full().into(),
            self.taken_area.full().into(),
            (&self.received_at).into(),
            self.received_day.to_string().into(),
            self.taken_by.as_str().into(),
        ]
    }

    /// The columns under the digest: all that a decision may rest on.
    fn digested(&self, no: i64) -> Vec<(&'static str, Value)> {
        let names = [
            "application_no",
            "form_key",
            "cause",
            "cause_id",
            "applicant",
            "helper",
            "household_id",
            "area",
            "taken_area",
            "received_at",
            "received_day",
            "taken_by",
        ];
        names.into_iter().zip(self.values(no)).collect()
    }
}

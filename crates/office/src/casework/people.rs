//! 家庭成员 at the window: rows pasted from a workbook, found in the register by number or taken into it.
//! Every mistake is told by row and column, and nothing is taken while there is one.

use super::{CaseError, Done};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::household::{Membership, Standing};
use domain::{AreaCode, Day, HouseholdId, IdNumber, PersonId, Relation, Span};
use rules::Rulebook;
use std::collections::{BTreeMap, BTreeSet};
use store::households::{self, NewHousehold};
use store::identity::{self, NewIdentity};
use store::persons::{self, NewPerson, PersonStatus};
use store::tokens::{TokenField, Tokeniser, look_up_many};
use store::{Act, JournalTx, Reads, RowId};

/// Rows that are read; a family is smaller.
const ROWS_MAX: usize = 50;
const NAME: &str = "姓名";
const NUMBER: &str = "身份证号";
const RELATION: &str = "与申请人关系";
const COLUMNS: [&str; 3] = [NAME, NUMBER, RELATION];

/// One pasted row. Has no printable form.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// Number of the row, from 1.
    pub row: usize,
    /// As it was pasted.
    pub name: String,
    /// Checked.
    pub number: IdNumber,
    /// To the applicant.
    pub relation: Relation,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Line({} **)", self.row)
    }
}

/// A cell that cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wrong {
    /// Number of the row, from 1.
    pub row: usize,
    /// Name of the column.
    pub column: &'static str,
    /// What is wrong, and what to do; never what was written.
    pub said: String,
}

/// Reads rows pasted from a workbook: 姓名, 身份证号, 与申请人关系, with or without their headers.
#[must_use]
pub fn pasted(book: &Rulebook, text: &str, today: Day) -> (Vec<Line>, Vec<Wrong>) {
    let mut lines: Vec<Line> = Vec::new();
    let mut wrong = Vec::new();
    let mut order: [usize; 3] = [0, 1, 2];
    let filled = |line: &&str| !line.trim().is_empty();
    for (row, line) in (1..).zip(text.lines().filter(filled).take(ROWS_MAX)) {
        let cells: Vec<&str> = line.split(['\t', ',', ',']).map(str::trim).collect();
        if row == 1
            && let Some(named) = headers(&cells)
        {
            order = named;
            continue;
        }
        let [name, number, relation] = order.map(|at| cells.get(at).copied().unwrap_or_default());
        let mut bad = |column, said: String| wrong.push(Wrong { row, column, said });
        if name.is_empty() {
            bad(NAME, "没有填姓名".to_owned());
        }
        let parsed = match number {
            "" => {
                bad(
                    NUMBER,
                    "没有填身份证号;没有证件的人请先到户籍部门登记".to_owned(),
                );
                None
            }
            number => match IdNumber::parse(number, today) {
                Ok(parsed) => Some(parsed.number),
                Err(error) => {
                    bad(NUMBER, error.to_string());
                    None
                }
            },
        };
        let related = relation_of(book, relation);
        if related.is_none() {
            let words = Relation::ALL.map(Relation::name).join("、");
            bad(RELATION, format!("填 {words} 中的一种"));
        }
        if let Some(number) = parsed
            && lines.iter().any(|known| known.number == number)
        {
            bad(NUMBER, "和前面的一行是同一个人,请删去一行".to_owned());
        }
        if let (Some(number), Some(relation), false) = (parsed, related, name.is_empty()) {
            lines.push(Line {
                row,
                name: name.to_owned(),
                number,
                relation,
            });
        }
    }
    if text.lines().filter(filled).count() > ROWS_MAX {
        wrong.push(Wrong {
            row: ROWS_MAX,
            column: NAME,
            said: format!("一次最多粘贴 {ROWS_MAX} 行"),
        });
    }
    (lines, wrong)
}

/// Where the columns stand when the first row names them.
fn headers(cells: &[&str]) -> Option<[usize; 3]> {
    let place = |name: &str| cells.iter().position(|cell| *cell == name);
    let number = place(NUMBER).or_else(|| place("证件号码"))?;
    let relation = place(RELATION)
        .or_else(|| place("与户主关系"))
        .or_else(|| place("关系"));
    Some([place(COLUMNS[0])?, number, relation?])
}

/// The relation a cell names, in the office's words or those of the standard's code table.
fn relation_of(book: &Rulebook, cell: &str) -> Option<Relation> {
    if let Some(relation) = Relation::parse(cell) {
        return Some(relation);
    }
    let table = book.texts().get("codes/relation_to_head.csv")?;
    let found = table
        .lines()
        .skip(1)
        .map(rules::params::split)
        .find(|row| {
            let names = |name: &String| name.trim() == cell || name.split('、').any(|n| n == cell);
            !cell.is_empty() && (row.first().is_some_and(names) || row.get(2).is_some_and(names))
        })?;
    Relation::parse(found.get(1)?)
}

/// The person of a number, where the register has one and the name fits; the register's name is not told.
///
/// # Errors
/// The number is none, or somebody else stands under it.
pub async fn find(
    office: &Office,
    who: &Acting,
    name: &str,
    number: &str,
) -> Done<Option<PersonId>> {
    find_with(office, who, Right::CASE_ACCEPT, (name, number)).await
}

/// The same for a work of its own right.
///
/// # Errors
/// As [`find`].
pub async fn find_with(
    office: &Office,
    who: &Acting,
    right: Right,
    (name, number): (&str, &str),
) -> Done<Option<PersonId>> {
    who.scope(right)?;
    let parsed = IdNumber::parse(number, office.clock.today())
        .map_err(|error| CaseError::Refused(format!("身份证号:{error}")))?;
    let found = by_number(&office.store, std::slice::from_ref(&parsed.number)).await?;
    let Some(person) = found.values().next().copied() else {
        return Ok(None);
    };
    if !is_called(&office.store, person, name).await? {
        let said = "姓名和身份证号对不上,请对照证件再填一次";
        return Err(CaseError::Refused(said.to_owned()));
    }
    Ok(Some(person))
}

/// Those of the rows whom the register has under this name and number; and the rows whose name is not that of
/// the number.
pub(super) async fn known(office: &Office, lines: &[Line]) -> Done<(Vec<PersonId>, Vec<Wrong>)> {
    let numbers: Vec<IdNumber> = lines.iter().map(|line| line.number).collect();
    let found = by_number(&office.store, &numbers).await?;
    let (mut known, mut wrong) = (Vec::new(), Vec::new());
    for line in lines {
        let Some(person) = found.get(line.number.as_str()) else {
            continue;
        };
        match is_called(&office.store, *person, &line.name).await? {
            true => known.push(*person),
            false => wrong.push(misnamed(line)),
        }
    }
    Ok((known, wrong))
}

fn misnamed(line: &Line) -> Wrong {
    Wrong {
        row: line.row,
        column: NAME,
        said: "姓名和身份证号对不上,请对照证件".to_owned(),
    }
}

async fn by_number(on: &impl Reads, numbers: &[IdNumber]) -> Done<BTreeMap<String, PersonId>> {
    let tokeniser = Tokeniser::of(on);
    let tokens: Vec<_> = numbers.iter().map(|n| tokeniser.id_number(n)).collect();
    let found = look_up_many(on, TokenField::IdNumber, &tokens).await?;
    let mut out = BTreeMap::new();
    for (number, token) in numbers.iter().zip(&tokens) {
        if let Some(person) = found.get(token).and_then(|list| list.first()) {
            out.insert(number.as_str().to_owned(), *person);
        }
    }
    Ok(out)
}

/// Whether a typed name fits the register's, as far as anybody may see it.
async fn is_called(on: &impl Reads, person: PersonId, name: &str) -> Done<bool> {
    let known = identity::masked(on, &[person]).await?;
    let known = known.get(&person).and_then(|masked| masked.name.clone());
    Ok(known.is_none_or(|known| known == identity::mask_name(name.trim())))
}

/// Finds the persons of the rows or takes them into the record, through the register's own way of sealing.
/// The first row is the applicant when there is none in the register: then the family gets a household of
/// its own, which the register may confirm later.
///
/// # Errors
/// A name that is not that of its number; each by row and column.
pub async fn take(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    lines: &[Line],
    area: AreaCode,
) -> Done<Result<Vec<(PersonId, Relation)>, Vec<Wrong>>> {
    take_with(office, tx, who, Right::CASE_ACCEPT, (lines, area)).await
}

/// The same for a work of its own right.
///
/// # Errors
/// As [`take`].
pub async fn take_with(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    right: Right,
    (lines, area): (&[Line], AreaCode),
) -> Done<Result<Vec<(PersonId, Relation)>, Vec<Wrong>>> {
    who.scope(right)?;
    let numbers: Vec<IdNumber> = lines.iter().map(|line| line.number).collect();
    let known = by_number(tx, &numbers).await?;
    let mut wrong = Vec::new();
    let mut fresh = Vec::new();
    for line in lines {
        match known.get(line.number.as_str()) {
            Some(person) if !is_called(tx, *person, &line.name).await? => {
                wrong.push(misnamed(line));
            }
            Some(_) => {}
            None => fresh.push(new_person(line, area)),
        }
    }
    if !wrong.is_empty() {
        return Ok(Err(wrong));
    }
    let at = office.clock.at();
    let count = fresh.len();
    let mut made = persons::create_many(tx, &at, fresh).await?.into_iter();
    if count > 0 {
        tx.record(
            Act::new(&at, who.login(), "person.take")
                .on("persons", count)
                .because("收件登记"),
        );
    }
    let person = |line: &Line| known.get(line.number.as_str()).copied();
    let found = lines.iter().map(|line| {
        let id = person(line).or_else(|| made.next())?;
        Some((id, line.relation))
    });
    Ok(Ok(found.flatten().collect()))
}

/// Row 0 of no batch: told at a window, by nobody's file.
fn told_here() -> RowId {
    RowId::from_get(0)
}

fn new_person(line: &Line, area: AreaCode) -> NewPerson {
    NewPerson {
        row: told_here(),
        sex: Some(line.number.sex()),
        birth: Some(line.number.birth()),
        death: None,
        area: Some(area),
        registered_area: None,
        urban_rural: None,
        status: PersonStatus::NotOnRegister,
        identity: NewIdentity {
            name: Some(line.name.clone()),
            id_number: Some(line.number.as_str().to_owned()),
            ..NewIdentity::default()
        },
    }
}

/// The household of an applicant; one without gets a new one, with whoever comes along and has none either.
///
/// # Errors
/// The record cannot be written.
pub async fn household_of(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    applicant: PersonId,
    members: &[(PersonId, Relation)],
    area: AreaCode,
) -> Done<HouseholdId> {
    let today = office.clock.today();
    let ids: Vec<PersonId> = members.iter().map(|(person, _)| *person).collect();
    let homes = households::memberships_on(tx, &ids, today).await?;
    if let Some(home) = homes.get(&applicant) {
        return Ok(home.household);
    }
    let at = office.clock.at();
    let new = NewHousehold {
        number: format!("收件-{applicant}"),
        area,
        urban_rural: None,
        row: told_here(),
    };
    let made = households::upsert_many(tx, &at, &[new]).await?;
    let none = || CaseError::Refused("住户没有登记成,请再试一次".to_owned());
    let household = made.first().copied().ok_or_else(none)?;
    let with_home: BTreeSet<PersonId> = homes.keys().copied().collect();
    let joining = members
        .iter()
        .filter(|(person, _)| !with_home.contains(person));
    let joining = joining.map(|(person, relation)| {
        let relation = match *person == applicant {
            true => Relation::Head,
            false => *relation,
        };
        let membership = Membership {
            household,
            person: *person,
            relation,
            span: Span::since(today),
            standing: Standing::Counted,
        };
        (membership, told_here())
    });
    households::join_many(tx, &joining.collect::<Vec<_>>()).await?;
    tx.record(
        Act::new(&at, who.login(), "household.take")
            .on("household", household)
            .because("收件登记"),
    );
    Ok(household)
}

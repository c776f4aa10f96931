//! 家庭成员 at the window: rows typed or pasted from a workbook, found in the register by number or taken into
//! it; who has no number yet, by name and birth day. Every mistake is told by row and column, and nothing is
//! taken while there is one.

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
/// The column of a number.
pub(crate) const NUMBER: &str = "身份证号";
const RELATION: &str = "与申请人关系";
/// The column of a birth day.
pub(crate) const BIRTH: &str = "出生日期";
/// What is written for a number that is still to come.
const NONE_YET: &str = "暂无";
/// What is written for a birth day nobody knows.
pub(crate) const NOT_KNOWN: &str = "不详";

/// One typed row. Has no printable form.
#[derive(Clone, PartialEq, Eq)]
pub struct Line {
    /// Number of the row, from 1.
    pub row: usize,
    /// As it was typed.
    pub name: String,
    /// How the person is told from others.
    pub known_by: KnownBy,
    /// To the applicant.
    pub relation: Relation,
}

/// How somebody is told from others. Has no printable form.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum KnownBy {
    /// A number that was checked.
    Number(IdNumber),
    /// Nothing but the name and this day: a new-born child, somebody stranded. None where nobody knows it.
    Birth(Option<Day>),
}

impl KnownBy {
    /// The number, where there is one.
    #[must_use]
    pub fn number(self) -> Option<IdNumber> {
        match self {
            Self::Number(number) => Some(number),
            Self::Birth(_) => None,
        }
    }

    fn birth(self) -> Option<Day> {
        match self {
            Self::Number(number) => Some(number.birth()),
            Self::Birth(day) => day,
        }
    }
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

/// Reads rows: 姓名, 身份证号, 与申请人关系, and 出生日期 for whoever has no number; with or without their headers.
#[must_use]
pub fn pasted(book: &Rulebook, text: &str, today: Day) -> (Vec<Line>, Vec<Wrong>) {
    let mut lines: Vec<Line> = Vec::new();
    let mut wrong = Vec::new();
    let mut order: [Option<usize>; 4] = [Some(0), Some(1), Some(2), Some(3)];
    let filled = |line: &&str| !line.trim().is_empty();
    for (row, line) in (1..).zip(text.lines().filter(filled).take(ROWS_MAX)) {
        let cells: Vec<&str> = line.split(['\t', ',', ',']).map(str::trim).collect();
        if row == 1
            && let Some(named) = headers(&cells)
        {
            order = named;
            continue;
        }
        let cell = |at: Option<usize>| at.and_then(|at| cells.get(at).copied()).unwrap_or_default();
        let [name, number, relation, birth] = order.map(cell);
        let mut bad = |column, said: String| wrong.push(Wrong { row, column, said });
        if name.is_empty() {
            bad(NAME, "没有填姓名".to_owned());
        }
        let known_by = match known_by((number, birth), today) {
            Ok(known_by) => Some(known_by),
            Err((column, said)) => {
                bad(column, said);
                None
            }
        };
        let related = relation_of(book, relation);
        if related.is_none() {
            let words = Relation::ALL.map(Relation::name).join("、");
            bad(RELATION, format!("填 {words} 中的一种"));
        }
        let same = |known: &Line| match known.known_by {
            KnownBy::Number(_) => Some(known.known_by) == known_by,
            KnownBy::Birth(_) => Some(known.known_by) == known_by && known.name == name,
        };
        if lines.iter().any(same) {
            let column = match known_by.and_then(KnownBy::number) {
                Some(_) => NUMBER,
                None => NAME,
            };
            bad(column, "和前面的一行是同一个人,请删去一行".to_owned());
        }
        if let (Some(known_by), Some(relation), false) = (known_by, related, name.is_empty()) {
            lines.push(Line {
                row,
                name: name.to_owned(),
                known_by,
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

/// Whether a cell says that there is no number: empty, 无, 暂无 and the like.
pub(crate) fn has_none(number: &str) -> bool {
    let parsed = IdNumber::parse(number, Day::default());
    number == NONE_YET || matches!(parsed, Err(domain::IdError::Missing))
}

/// The number, or the birth day of whoever has none; what is wrong, by column.
pub(crate) fn known_by(
    (number, birth): (&str, &str),
    today: Day,
) -> Result<KnownBy, (&'static str, String)> {
    match IdNumber::parse(number, today) {
        Ok(parsed) => return Ok(KnownBy::Number(parsed.number)),
        Err(domain::IdError::Missing) => {}
        Err(_) if number == NONE_YET => {}
        Err(error) => return Err((NUMBER, error.to_string())),
    }
    match birth {
        "" => Err((
            NUMBER,
            "没有填身份证号;新生儿、流浪走失人员等还没有号码的,身份证号写“无”,再加一列写出生日期,不知道的写“不详”"
                .to_owned(),
        )),
        NOT_KNOWN => Ok(KnownBy::Birth(None)),
        birth => match Day::parse(birth) {
            Ok(day) if day <= today => Ok(KnownBy::Birth(Some(day))),
            Ok(_) => Err((BIRTH, "出生日期在今天以后,请核对".to_owned())),
            Err(error) => Err((BIRTH, error.to_string())),
        },
    }
}

/// Where the columns stand when the first row names them.
pub(super) fn headers(cells: &[&str]) -> Option<[Option<usize>; 4]> {
    let place = |name: &str| cells.iter().position(|cell| *cell == name);
    let number = place(NUMBER).or_else(|| place("证件号码"))?;
    let relation = place(RELATION)
        .or_else(|| place("与户主关系"))
        .or_else(|| place("关系"))?;
    let name = place(NAME)?;
    Some([Some(name), Some(number), Some(relation), place(BIRTH)])
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

/// Whom the register has of the rows, in their order; and what is wrong with the others.
pub(super) async fn known(
    office: &Office,
    lines: &[Line],
    area: Option<AreaCode>,
) -> Done<(Vec<Option<PersonId>>, Vec<Wrong>)> {
    found_in(&office.store, lines, area).await
}

/// Who each row is, where the register has them: by number and name, or by name and birth day for whoever has
/// no number yet.
async fn found_in(
    on: &impl Reads,
    lines: &[Line],
    area: Option<AreaCode>,
) -> Done<(Vec<Option<PersonId>>, Vec<Wrong>)> {
    let numbers: Vec<IdNumber> = lines.iter().filter_map(|l| l.known_by.number()).collect();
    let by_number = by_number(on, &numbers).await?;
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    for line in lines {
        let person = match line.known_by {
            KnownBy::Number(number) => match by_number.get(number.as_str()) {
                Some(person) if !is_called(on, *person, &line.name).await? => {
                    wrong.push(misnamed(line));
                    None
                }
                person => person.copied(),
            },
            KnownBy::Birth(None) => None,
            KnownBy::Birth(Some(birth)) => match unnumbered(on, &line.name, birth, area).await? {
                Namesake::Nobody => None,
                Namesake::One(person) => Some(person),
                Namesake::Numbered => {
                    wrong.push(Wrong {
                        row: line.row,
                        column: NUMBER,
                        said: "登记里有同名同一天出生的人,已经有身份证号;是同一个人的请填他的号码;不是的,请先到户籍部门登记出生"
                            .to_owned(),
                    });
                    None
                }
            },
        };
        found.push(person);
    }
    Ok((found, wrong))
}

/// Who carries a name and a birth day in a county.
enum Namesake {
    Nobody,
    /// One, who has no number either.
    One(PersonId),
    /// Somebody with a number, or several.
    Numbered,
}

async fn unnumbered(
    on: &impl Reads,
    name: &str,
    birth: Day,
    area: Option<AreaCode>,
) -> Done<Namesake> {
    let Some(area) = area else {
        return Ok(Namesake::Nobody);
    };
    let token = Tokeniser::of(on).name_birth_area(name, birth, &area);
    let found = look_up_many(on, TokenField::NameBirthArea, &[token]).await?;
    let found: Vec<PersonId> = found.into_values().flatten().collect();
    let masked = identity::masked(on, &found).await?;
    let bare = |person: &PersonId| {
        let masked = masked.get(person);
        masked.is_none_or(|masked| masked.id_number.is_none())
    };
    Ok(match found.as_slice() {
        [] => Namesake::Nobody,
        [one] if bare(one) => Namesake::One(*one),
        _ => Namesake::Numbered,
    })
}

fn misnamed(line: &Line) -> Wrong {
    Wrong {
        row: line.row,
        column: NAME,
        said: "姓名和身份证号对不上,请对照证件".to_owned(),
    }
}

/// Whom the register has under these numbers.
pub(super) async fn by_number(
    on: &impl Reads,
    numbers: &[IdNumber],
) -> Done<BTreeMap<String, PersonId>> {
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
    let (known, wrong) = found_in(tx, lines, Some(area)).await?;
    if !wrong.is_empty() {
        return Ok(Err(wrong));
    }
    let at = office.clock.at();
    let unknown = lines
        .iter()
        .zip(&known)
        .filter(|(_, known)| known.is_none());
    let fresh: Vec<NewPerson> = unknown
        .map(|(line, _)| new_person(line, Some(area)))
        .collect();
    let count = fresh.len();
    let mut made = persons::create_many(tx, &at, fresh).await?.into_iter();
    if count > 0 {
        tx.record(
            Act::new(&at, who.login(), "person.take")
                .on("persons", count)
                .because("收件登记"),
        );
    }
    let found = lines.iter().zip(known).map(|(line, known)| {
        let id = known.or_else(|| made.next())?;
        Some((id, line.relation))
    });
    Ok(Ok(found.flatten().collect()))
}

/// Row 0 of no batch: told at a window, by nobody's file.
fn told_here() -> RowId {
    RowId::from_get(0)
}

/// Finds the person of a row in the register, or takes them into the record as somebody who lives nowhere here.
/// Whoever has no number is somebody new each time.
pub(super) async fn elsewhere(
    office: &Office,
    tx: &mut JournalTx,
    who: &Acting,
    line: &Line,
) -> Done<Result<PersonId, Wrong>> {
    let (known, wrong) = found_in(tx, std::slice::from_ref(line), None).await?;
    if let Some(wrong) = wrong.into_iter().next() {
        return Ok(Err(wrong));
    }
    if let Some(person) = known.into_iter().flatten().next() {
        return Ok(Ok(person));
    }
    let at = office.clock.at();
    let made = persons::create_many(tx, &at, vec![new_person(line, None)]).await?;
    let none = || CaseError::Refused("没有登记成,请再试一次".to_owned());
    let person = made.first().copied().ok_or_else(none)?;
    let act = Act::new(&at, who.login(), "person.take").on("person", person);
    tx.record(act.because("登记户外亲属"));
    Ok(Ok(person))
}

fn new_person(line: &Line, area: Option<AreaCode>) -> NewPerson {
    NewPerson {
        row: told_here(),
        sex: line.known_by.number().map(|number| number.sex()),
        birth: line.known_by.birth(),
        death: None,
        area,
        registered_area: None,
        urban_rural: None,
        status: PersonStatus::NotOnRegister,
        identity: NewIdentity {
            name: Some(line.name.clone()),
            id_number: line
                .known_by
                .number()
                .map(|number| number.as_str().to_owned()),
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

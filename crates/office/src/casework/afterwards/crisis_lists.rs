//! The lists of a 紧急通道 as its page shows them: whose help goes on, which carers were reached, what came of
//! looking again; and the letter of an extension.

use super::super::letters::{self, Letter};
use super::super::{CaseError, Done, fields, place_name, recognised};
use super::crisis_care::{EXTENSION, PRINTED, found, over_from, promised};
use super::{amount_in, paid_words};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::{AreaCode, CaseNo, Day, HouseholdId, PersonId};
use std::collections::{BTreeMap, HashMap};
use store::Act;
use store::crisis::care::{self, CrisisDoor, DoorKind, Extension};
use store::entitlements::{self, Entitlement};
use store::identity::Masked;
use store::tasks::{self, TaskState};
use store::visits::{self, Visit, VisitOutcome, VisitState};

const LETTER: &str = "延长救助告知书";
/// Its text, a paragraph a line, beside the procedures and in a place's own folder.
const TEXT: &str = "crisis-letter.csv";
/// The same for a recognition, of which nothing is paid.
const TEXT_RECOGNISED: &str = "crisis-letter-recognised.csv";
/// Whether somebody looks after the household, as the sweep's form asks it.
const CARED_FOR: &str = "生活照料已落实";
const NO: &str = "否";
const NAME: &str = "申请人姓名";

/// Help that goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtendedLine {
    /// Its number.
    pub no: i64,
    /// Whose file.
    pub household: i64,
    /// Who is paid, masked.
    pub payee: String,
    /// The programme.
    pub programme: String,
    /// Where.
    pub place: String,
    /// From which month to which.
    pub months: String,
    /// How much a month.
    pub amount: String,
    /// When and why it was taken back; empty while it was not.
    pub undone: String,
    /// Why it can no longer be taken back by one person; empty while it can.
    pub promised: String,
}

/// A door of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoorLine {
    /// Whose file; none without a household.
    pub household: Option<i64>,
    /// Who, masked.
    pub who: String,
    /// Who else lives there and may be the carer, masked.
    pub carers: String,
    /// Where.
    pub place: String,
    /// What for.
    pub about: String,
    /// By when.
    pub due: Day,
    /// How it stands.
    pub state: String,
    /// Whether somebody was met and said how it is.
    pub reached: bool,
    /// Whether the day is over and nobody was.
    pub late: bool,
    /// Whether something has to follow: nobody cares for them, or it is no longer so.
    pub follows: bool,
}

/// The lists of a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrisisLists {
    /// Whether it holds today.
    pub runs: bool,
    /// 到期自动延长.
    pub extended: Vec<ExtendedLine>,
    /// 照料人排查.
    pub sweep: Vec<DoorLine>,
    /// 结束后复核.
    pub rechecks: Vec<DoorLine>,
}

impl CrisisLists {
    /// How many of the swept were reached.
    #[must_use]
    pub fn reached(&self) -> usize {
        self.sweep.iter().filter(|line| line.reached).count()
    }

    /// How many of those looked at again have a result.
    #[must_use]
    pub fn settled(&self) -> usize {
        self.rechecks.iter().filter(|line| line.reached).count()
    }
}

/// The lists of a channel within somebody's places, without relatives.
///
/// # Errors
/// No right, no such channel there, or the record.
pub async fn lists(office: &Office, who: &Acting, no: i64) -> Done<CrisisLists> {
    let scope = who.scope(Right::CASE)?;
    let missing = || CaseError::NotFound(format!("没有编号为 {no} 的紧急通道"));
    let one = store::crisis::find(&office.store, no).await?;
    let one = one.filter(|one| scope.touches(&one.content.area));
    let one = one.ok_or_else(missing)?;
    let mut out = CrisisLists {
        runs: office.clock.today() < over_from(&one),
        ..CrisisLists::default()
    };
    let mut names = Names::default();
    for extension in care::extensions(&office.store, no).await? {
        let help = entitlements::find(&office.store, extension.content.entitlement).await?;
        let Some(help) = help.filter(|help| may(who, &help.area, help)) else {
            continue;
        };
        let line = extended(office, &mut names, (&extension, &help)).await?;
        out.extended.push(line);
    }
    for door in care::doors(&office.store, no).await? {
        let Some(line) = door_line(office, who, &mut names, &door).await? else {
            continue;
        };
        match door.kind {
            DoorKind::Sweep => out.sweep.push(line),
            DoorKind::Gap | DoorKind::Extended => out.rechecks.push(line),
        }
    }
    Ok(out)
}

fn may(who: &Acting, area: &AreaCode, help: &Entitlement) -> bool {
    let inside = who
        .scope(Right::CASE)
        .is_ok_and(|scope| scope.contains(area));
    inside && !who.is_kept_from(help.household) && !who.is_kept_from_person(help.payee)
}

#[derive(Default)]
struct Names {
    places: BTreeMap<AreaCode, String>,
    people: HashMap<PersonId, Masked>,
}

impl Names {
    async fn place(&mut self, office: &Office, area: &AreaCode) -> Done<String> {
        if let Some(known) = self.places.get(area) {
            return Ok(known.clone());
        }
        let name = place_name(office, area, office.clock.today()).await?;
        self.places.insert(*area, name.clone());
        Ok(name)
    }

    async fn person(&mut self, office: &Office, person: PersonId) -> Done<String> {
        if !self.people.contains_key(&person) {
            let read = store::identity::masked(&office.store, &[person]).await?;
            self.people.extend(read);
        }
        let known = self.people.get(&person).and_then(|one| one.name.clone());
        Ok(known.unwrap_or_else(|| "姓名未登记".to_owned()))
    }
}

async fn extended(
    office: &Office,
    names: &mut Names,
    (extension, help): (&Extension, &Entitlement),
) -> Done<ExtendedLine> {
    let content = &extension.content;
    let amount = amount_in(&office.store, help, help.from).await?;
    let promised = promised(&office.store, (extension.no, help)).await?;
    Ok(ExtendedLine {
        no: extension.no,
        household: help.household.get(),
        payee: names.person(office, help.payee).await?,
        programme: office.title(&help.programme),
        place: names.place(office, &help.area).await?,
        months: format!("{} 至 {}", content.from, content.last),
        amount: paid_words(help, amount),
        promised: promised.unwrap_or_default().to_owned(),
        undone: extension
            .undone
            .as_ref()
            .map_or_else(String::new, |(day, by, why)| {
                format!("{day} 由 {by} 撤销:{why}")
            }),
    })
}

/// What a door is about: its household, who is meant, where, and in words.
struct Behind {
    household: Option<HouseholdId>,
    person: PersonId,
    area: AreaCode,
    about: String,
}

async fn behind(office: &Office, door: &CrisisDoor) -> Done<Option<Behind>> {
    let on = &office.store;
    let help = match door.kind {
        DoorKind::Sweep => entitlements::find(on, door.about).await?,
        DoorKind::Extended => match care::extension(on, door.about).await? {
            Some(one) => entitlements::find(on, one.content.entitlement).await?,
            None => None,
        },
        DoorKind::Gap => {
            let row = store::cases::find(on, CaseNo::new(door.about)).await?;
            return Ok(row.map(|row| Behind {
                household: row.content.household,
                person: row.content.applicant,
                area: row.current.area,
                about: format!("办件 № {} 先受理后补材料", door.about),
            }));
        }
    };
    Ok(help.map(|help| Behind {
        household: Some(help.household),
        person: help.payee,
        area: help.area,
        about: match door.kind {
            DoorKind::Extended => format!("{} 延长过", office.title(&help.programme)),
            DoorKind::Sweep | DoorKind::Gap => office.title(&help.programme),
        },
    }))
}

async fn door_line(
    office: &Office,
    who: &Acting,
    names: &mut Names,
    door: &CrisisDoor,
) -> Done<Option<DoorLine>> {
    let Some(behind) = behind(office, door).await? else {
        return Ok(None);
    };
    let scope = who.scope(Right::CASE)?;
    let near = behind.household.is_some_and(|home| who.is_kept_from(home))
        || who.is_kept_from_person(behind.person);
    if near || !scope.contains(&behind.area) {
        return Ok(None);
    }
    let today = office.clock.today();
    let carers = match (door.kind, behind.household) {
        (DoorKind::Sweep, Some(home)) => carers(office, names, (home, behind.person)).await?,
        _ => String::new(),
    };
    let stands = stands(office, door).await?;
    Ok(Some(DoorLine {
        household: behind.household.map(HouseholdId::get),
        who: names.person(office, behind.person).await?,
        carers,
        place: names.place(office, &behind.area).await?,
        about: behind.about,
        due: door.due,
        late: !stands.reached && !stands.closed && door.due < today,
        state: stands.state,
        reached: stands.reached,
        follows: stands.follows,
    }))
}

async fn carers(
    office: &Office,
    names: &mut Names,
    (home, own): (HouseholdId, PersonId),
) -> Done<String> {
    let today = office.clock.today();
    let members = store::households::members(&office.store, home).await?;
    let now = members.iter().filter(|one| one.span.contains(today));
    let mut out = Vec::new();
    for member in now.filter(|one| one.person != own) {
        out.push(names.person(office, member.person).await?);
    }
    Ok(match out.is_empty() {
        true => "家里没有别人".to_owned(),
        false => out.join("、"),
    })
}

struct Stands {
    state: String,
    reached: bool,
    /// Whether nobody has to go any more.
    closed: bool,
    follows: bool,
}

/// What came of going to a door: its last visit and its task.
async fn stands(office: &Office, door: &CrisisDoor) -> Done<Stands> {
    let on = &office.store;
    let visits = visits::of_task(on, door.task).await?;
    let done: Vec<&Visit> = visits
        .iter()
        .filter(|visit| visit.state == VisitState::Done)
        .collect();
    let met = done
        .iter()
        .rev()
        .find(|visit| visit.outcome.is_some_and(|how| how != VisitOutcome::NotMet));
    if let Some(visit) = met {
        let day = visit.done.unwrap_or(visit.content.day);
        let how = visit.outcome.map_or("", crate::visits::outcome_word);
        let answers = visits::answers(on, visit.no).await?;
        let uncared = answers
            .iter()
            .any(|answer| answer.content.fact == CARED_FOR && answer.content.value == NO);
        let mut state = format!("{day} {how}");
        if !visit.because.is_empty() {
            state.push(':');
            state.push_str(&visit.because);
        }
        if uncared && door.kind == DoorKind::Sweep {
            state.push_str(";没有人照料,要另外安排");
        }
        let follows = uncared || visit.outcome == Some(VisitOutcome::False);
        return Ok(Stands {
            state,
            reached: true,
            closed: true,
            follows,
        });
    }
    let task = tasks::find(on, door.task).await?;
    let closed = task.is_some_and(|task| task.state != TaskState::Open);
    let state = match (done.last(), closed) {
        (_, true) => "任务已撤销".to_owned(),
        (Some(visit), false) => {
            let day = visit.done.unwrap_or(visit.content.day);
            format!("{day} 去过,没有见到人")
        }
        (None, false) => "还没有去".to_owned(),
    };
    Ok(Stands {
        state,
        reached: false,
        closed,
        follows: false,
    })
}

/// How many doors of channels are past their day, within the overseer's places; none for whoever oversees nothing.
///
/// # Errors
/// The record.
pub async fn late_doors(office: &Office, who: &Acting) -> Done<u64> {
    let Ok(scope) = who.scope(Right::CASE_OVERSEE) else {
        return Ok(0);
    };
    let late = care::late_doors(&office.store, office.clock.today()).await?;
    let own = late.iter().filter(|(.., area, _)| scope.contains(area));
    Ok(own.map(|(.., count)| count).sum())
}

/// Refuses the letter of an extension that was taken back.
fn still_stands(extension: &Extension) -> Done<()> {
    match &extension.undone {
        None => Ok(()),
        Some((day, ..)) => Err(CaseError::Refused(format!(
            "这一项延长 {day} 已经撤销,不再打印“{LETTER}”;请回紧急通道的名单看撤销的理由,家里还要救助的另外收件"
        ))),
    }
}

/// 延长救助告知书, with the name in full: the reading of it is in the chain before the letter leaves.
///
/// # Errors
/// No right, no such extension there, it was taken back, or the rulebook has no such letter.
pub async fn extension_letter(
    office: &Office,
    who: &Acting,
    (crisis, no): (i64, i64),
) -> Done<Letter> {
    let (one, extension, help) = found(office, who, (Right::CASE_HANDLE, crisis, no)).await?;
    still_stands(&extension)?;
    let file = match recognised::is_one(&help) {
        true => TEXT_RECOGNISED,
        false => TEXT,
    };
    let text = crate::rulebook::tables::text(office, file);
    let none = || CaseError::NotFound(format!("规则手册里没有 procedures/{file}"));
    let lines: Vec<&str> = text.ok_or_else(none)?.lines().skip(1).collect();
    let template = lines.join("\n\n");
    let amount = amount_in(&office.store, &help, help.from).await?;
    let content = &extension.content;
    let months = |month: domain::Month| format!("{} 年 {} 月", month.year(), month.month());
    let mut known = fields::Office::of(office, &help.area).all();
    known.extend(
        [
            (
                "文书编号",
                format!("紧急延〔{}〕第 {no} 号", content.day.year()),
            ),
            ("救助项目", office.title(&help.programme)),
            ("月保障金额", format!("{amount} 元")),
            ("起始月份", months(content.from)),
            ("延长末月", months(content.last)),
            ("延长事由", one.content.title.clone()),
            ("决定日期", content.day.to_string()),
        ]
        .map(|(name, value)| (name.to_owned(), value)),
    );
    let authority = format!("crisis-extension:{no}");
    let names = letters::named(office, who, &[help.payee], authority).await?;
    let name = names.get(&help.payee).cloned();
    known.insert(
        NAME.to_owned(),
        name.unwrap_or_else(|| "姓名未登记".to_owned()),
    );
    let text = letters::fill(&template, &known).map_err(|field| {
        let said =
            format!("“{LETTER}”缺“{field}”,没有写成;请管理规则的人改 {file} 或者 letters.csv");
        CaseError::Refused(said)
    })?;
    // Whoever takes it back meanwhile is seen in the same write that says it was printed.
    let mut tx = office.begin().await?;
    if !care::hold(&mut tx, no).await?
        && let Some(now) = care::extension(&tx, no).await?
    {
        still_stands(&now)?;
    }
    // From here on the family may have been told, and the extension is no longer one person's to take back.
    let printed = Act::new(&office.clock.at(), who.login(), PRINTED);
    tx.record(printed.on(EXTENSION, no).because(LETTER));
    office.end(tx).await?;
    Ok(Letter {
        title: LETTER.to_owned(),
        text,
        later: false,
    })
}

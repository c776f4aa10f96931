//! 签收人: who may sign for a letter — one of the people of the household, the recorded agent, or a form that
//! stands in their place, with its reason. Which forms there are, and by which way each goes, the rulebook's
//! list says. What is kept is a word and a number of the register, never a name.

use super::facts::{PERSON, Told};
use super::{Case, CaseError, DeliveryWay, Done, fields, gather, without_numbers, worklist};
use crate::access::Acting;
use crate::office::Office;
use domain::{Day, PersonId, Relation, age_in_years};
use rules::Rulebook;
use std::collections::BTreeSet;
use store::Reads;
use store::persons::{self, Person};

const PATH: &str = "procedures/receivers.csv";
/// Characters of a reason.
const WHY_CHARS_MAX: usize = 100;

/// Whom a line of the list means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Whose {
    Applicant,
    Relative,
    Agent,
    /// Somebody in the place of a child, or of whom the record says that they cannot act for themselves.
    Guardian,
    /// Nobody's hand: a form in the place of one.
    Instead,
}

/// A line of the list.
struct Form {
    name: String,
    ways: Vec<DeliveryWay>,
    whose: Whose,
    needs_reason: bool,
    /// Another official has to stand by.
    needs_witness: bool,
    /// The facts for which a guardian signs.
    facts: Vec<String>,
}

/// Who signs, as a form sends it.
#[derive(Clone, Copy, Debug)]
pub struct SignedBy<'f> {
    /// `本人`, `同住成年家属:12`, `留置送达` …: as [`choices`] offers it.
    pub who: &'f str,
    /// Why in this form; empty where the list asks for none.
    pub because: &'f str,
    /// The account of who stood by; empty where the list asks for nobody.
    pub witness: &'f str,
}

impl<'f> From<&'f str> for SignedBy<'f> {
    fn from(who: &'f str) -> Self {
        Self {
            who,
            because: "",
            witness: "",
        }
    }
}

/// One line to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receiver {
    /// What the form sends.
    pub value: String,
    /// What it says, names masked.
    pub label: String,
}

fn forms(book: &Rulebook) -> Done<Vec<Form>> {
    let wrong = |line: &str| {
        CaseError::Refused(format!(
            "规则手册 {PATH} 的一行读不懂:{line};请管理规则的人改正,现在不能登记送达"
        ))
    };
    let text = book.texts().get(PATH).map_or("", String::as_str);
    let mut out = Vec::new();
    for line in text.lines().skip(1).filter(|line| !line.trim().is_empty()) {
        let cells = rules::params::split(line);
        let [name, ways, whose, reason, ..] = cells.as_slice() else {
            return Err(wrong(line));
        };
        let ways: Option<Vec<DeliveryWay>> = ways.split('、').map(way).collect();
        let whose = match whose.as_str() {
            "申请人" => Some(Whose::Applicant),
            "成年家属" => Some(Whose::Relative),
            "代办人" => Some(Whose::Agent),
            "监护人" => Some(Whose::Guardian),
            "" => Some(Whose::Instead),
            _ => None,
        };
        let needs_reason = match reason.as_str() {
            "必填" => Some(true),
            "" => Some(false),
            _ => None,
        };
        let (Some(ways), Some(whose), Some(needs_reason)) = (ways, whose, needs_reason) else {
            return Err(wrong(line));
        };
        // A version signed before these columns asks for no witness.
        let more = |at: usize| cells.get(at).map_or("", String::as_str);
        let facts = more(6).split('、').filter(|fact| !fact.is_empty());
        out.push(Form {
            name: name.clone(),
            ways,
            whose,
            needs_reason,
            needs_witness: more(5) == "必填",
            facts: facts.map(str::to_owned).collect(),
        });
    }
    match out.is_empty() {
        true => Err(wrong("没有一种签收")),
        false => Ok(out),
    }
}

fn way(word: &str) -> Option<DeliveryWay> {
    match word {
        "当面" => Some(DeliveryWay::InPerson),
        "邮寄" => Some(DeliveryWay::Post),
        "公告" => Some(DeliveryWay::Public),
        "网上" => Some(DeliveryWay::Online),
        _ => None,
    }
}

/// What officials call a way.
pub(crate) fn way_word(way: DeliveryWay) -> &'static str {
    match way {
        DeliveryWay::InPerson => "当面",
        DeliveryWay::Post => "邮寄",
        DeliveryWay::Public => "公告",
        DeliveryWay::Online => "网上",
    }
}

/// The form of whoever reads a letter, signed in; no official chooses it.
///
/// # Errors
/// The list cannot be read, or has no such form.
pub(super) fn reading(book: &Rulebook) -> Done<String> {
    let mut forms = forms(book)?.into_iter();
    let own = |form: &Form| form.whose == Whose::Applicant && form.ways == [DeliveryWay::Online];
    forms.find(own).map(|form| form.name).ok_or_else(|| {
        CaseError::Refused(format!(
            "规则手册 {PATH} 没有网上这一种签收;告知书请到窗口领"
        ))
    })
}

/// Who signs by reading, in the words that are kept.
///
/// # Errors
/// The applicant is a child or dead, or somebody signs in their place; the list has no such form.
pub(super) async fn reader(office: &Office, on: &impl Reads, case: &Case) -> Done<String> {
    let name = reading(&office.book)?;
    let people = people(office, on, case, &forms(&office.book)?).await?;
    match people.applicant_signs && !people.guarded {
        true => Ok(name),
        false => {
            let said = "申请人不能自己签收,网上看不算送达;请家属或者监护人到窗口签收";
            Err(CaseError::Refused(said.to_owned()))
        }
    }
}

/// Refuses the way nobody but the applicant can go.
pub(super) fn by_hand(way: DeliveryWay) -> Done<()> {
    match way {
        DeliveryWay::InPerson | DeliveryWay::Post | DeliveryWay::Public => Ok(()),
        DeliveryWay::Online => {
            let said = "网上送达只由申请人自己登录阅读;请选当面、邮寄或者公告";
            Err(CaseError::Refused(said.to_owned()))
        }
    }
}

/// Who of a case could sign today.
struct People {
    applicant: PersonId,
    /// None where the applicant is a child, or dead.
    applicant_signs: bool,
    /// Grown-up members beside the applicant.
    relatives: Vec<(PersonId, Relation)>,
    agent: Option<PersonId>,
    /// Whether a guardian signs for the applicant.
    guarded: bool,
}

/// Whether the record says of somebody that they cannot act for themselves, or not wholly: at a door, in the
/// application, or from a department.
async fn cannot_act(office: &Office, on: &impl Reads, case: &Case, facts: &[String]) -> Done<bool> {
    let applicant = case.application.content.applicant.get();
    for fact in facts {
        let all = store::reviews::answered(on, fact).await?;
        let mut own = all
            .iter()
            .rev()
            .filter(|(_, person, _)| *person == applicant);
        if own.next().is_some_and(|(_, _, value)| value == "是") {
            return Ok(true);
        }
    }
    let known = match gather::gather(office, on, case).await {
        Ok(known) => known,
        // Nothing came yet that could say so.
        Err(CaseError::Refused(_)) => return Ok(false),
        Err(error) => return Err(error),
    };
    let mut own = known.things.iter();
    let own = own.find(|thing| thing.entity == PERSON && thing.key == applicant);
    Ok(own.is_some_and(|thing| {
        let mut told = thing.facts.iter();
        told.any(|one| facts.contains(&one.name) && one.value == Told::Yes(true))
    }))
}

async fn people(office: &Office, on: &impl Reads, case: &Case, forms: &[Form]) -> Done<People> {
    let content = &case.application.content;
    let ids: BTreeSet<PersonId> = content
        .members
        .iter()
        .map(|(person, _)| *person)
        .chain([content.applicant])
        .chain(content.helper)
        .collect();
    let ids: Vec<PersonId> = ids.into_iter().collect();
    let known = persons::get_many(on, &ids).await?;
    let today = office.clock.today();
    let years = fields::grown_up_years(&office.book).ok_or_else(|| {
        CaseError::Refused(
            "规则手册没有写满几岁算成年,不知道谁能签收;请管理规则的人补上".to_owned(),
        )
    })?;
    let of = |id: PersonId| known.iter().find(|person| person.id == id);
    let alive = |person: &Person| person.death.is_none_or(|day| day > today);
    let aged = |birth: Day| age_in_years(birth, today) >= years;
    // Nobody signs for another of whom it is not known that they are grown up.
    let grown = |id: PersonId| of(id).is_some_and(|p| alive(p) && p.birth.is_some_and(aged));
    let own = of(content.applicant);
    let facts = forms.iter().flat_map(|form| form.facts.iter().cloned());
    let facts: Vec<String> = facts.collect();
    let lives = own.is_some_and(alive);
    let child = own.is_some_and(|p| p.birth.is_some_and(|birth| !aged(birth)));
    let guarded = lives && (child || cannot_act(office, on, case, &facts).await?);
    let relatives = content.members.iter().copied();
    Ok(People {
        applicant: content.applicant,
        applicant_signs: own.is_none_or(|p| alive(p) && p.birth.is_none_or(aged)),
        relatives: relatives
            .filter(|(person, _)| *person != content.applicant && grown(*person))
            .collect(),
        agent: content.helper.filter(|person| grown(*person)),
        guarded,
    })
}

/// Who may be named as having signed, for the form on the page.
///
/// # Errors
/// The list cannot be read, or the record.
pub(super) async fn choices(office: &Office, on: &impl Reads, case: &Case) -> Done<Vec<Receiver>> {
    let forms = forms(&office.book)?;
    let people = people(office, on, case, &forms).await?;
    let ids: Vec<PersonId> = people.relatives.iter().map(|(person, _)| *person).collect();
    let ids = [
        ids,
        vec![people.applicant],
        people.agent.into_iter().collect(),
    ]
    .concat();
    let masked = store::identity::masked(on, &ids).await?;
    let name = |id: PersonId| {
        let name = masked.get(&id).and_then(|masked| masked.name.clone());
        name.unwrap_or_else(|| "姓名未登记".to_owned())
    };
    let mut out = Vec::new();
    let by_hand = |form: &Form| form.ways.iter().any(|way| by_hand(*way).is_ok());
    for form in forms.into_iter().filter(by_hand) {
        let ways: Vec<&str> = form.ways.iter().map(|way| way_word(*way)).collect();
        let reason = match (form.needs_reason, form.needs_witness) {
            (true, true) => ",写明理由和见证人",
            (true, false) => ",写明理由",
            (false, _) => "",
        };
        let mut offer = |value: String, who: String| {
            out.push(Receiver {
                value,
                label: format!("{}{who}({}{reason})", form.name, ways.join("、")),
            });
        };
        match form.whose {
            Whose::Applicant if people.applicant_signs => {
                offer(form.name.clone(), format!(" {}", name(people.applicant)));
            }
            Whose::Applicant => {}
            Whose::Relative => {
                for (person, relation) in &people.relatives {
                    let who = format!(" {}({})", name(*person), relation.name());
                    offer(format!("{}:{person}", form.name), who);
                }
            }
            Whose::Agent => {
                if let Some(agent) = people.agent {
                    offer(form.name.clone(), format!(" {}", name(agent)));
                }
            }
            Whose::Guardian if !people.guarded => {}
            Whose::Guardian | Whose::Instead => offer(form.name.clone(), String::new()),
        }
    }
    Ok(out)
}

/// Who signed, in the words that are kept.
///
/// # Errors
/// Nobody of the household, no recorded agent and no form of the list; a form that does not go with the way,
/// or without its reason.
pub(super) async fn named(
    office: &Office,
    on: &impl Reads,
    (who, case): (&Acting, &Case),
    (way, to): (DeliveryWay, SignedBy<'_>),
) -> Done<String> {
    by_hand(way)?;
    let refused = |said: String| CaseError::Refused(said);
    let because = to.because.trim();
    without_numbers(because)?;
    if because.chars().count() > WHY_CHARS_MAX {
        return Err(refused(format!("签收的理由写短些,最多 {WHY_CHARS_MAX} 字")));
    }
    let (name, person) = match to.who.trim().split_once(':') {
        Some((name, person)) => (name, Some(person)),
        None => (to.who.trim(), None),
    };
    let all = forms(&office.book)?;
    let form = all.iter().find(|form| form.name == name).ok_or_else(|| {
        let names: Vec<&str> = all.iter().map(|form| form.name.as_str()).collect();
        refused(format!("请从名单里选谁签收:{}", names.join("、")))
    })?;
    if !form.ways.contains(&way) {
        let ways: Vec<&str> = form.ways.iter().map(|way| way_word(*way)).collect();
        return Err(refused(format!(
            "“{name}”用于{}送达,不用于{}送达;请改选方式或者签收的人",
            ways.join("、"),
            way_word(way)
        )));
    }
    if form.needs_reason && because.is_empty() {
        return Err(refused(format!(
            "“{name}”要写明理由:为什么不能交给本人、家属或者代办人"
        )));
    }
    let stood_by = witness(office, on, (who, case), (form, to)).await?;
    let people = people(office, on, case, &all).await?;
    let who = match form.whose {
        Whose::Applicant if people.applicant_signs => String::new(),
        Whose::Applicant => {
            let said = "申请人未成年或者已经去世,不能签收;请选家属、监护人或者别的方式";
            return Err(refused(said.to_owned()));
        }
        Whose::Relative => {
            let mut relatives = people.relatives.iter();
            let found = relatives.find(|(id, _)| Some(id.to_string().as_str()) == person);
            let (id, relation) = found.ok_or_else(|| {
                refused(format!(
                    "“{name}”要从这一户的成年成员里选一位;不是这一户的人不能签收"
                ))
            })?;
            format!("({},人员 {id})", relation.name())
        }
        Whose::Agent => {
            let agent = people
                .agent
                .ok_or_else(|| refused(format!("这一件没有登记代办人,不能写“{name}”签收")))?;
            format!("(人员 {agent})")
        }
        Whose::Guardian if !people.guarded => {
            return Err(refused(format!(
                "申请人在登记里是成年人,“{}”也没有一项是“是”,不能由监护人签收;请选本人、家属或者别的方式,情况变了的先走访登记",
                form.facts.join("、")
            )));
        }
        Whose::Guardian | Whose::Instead => stood_by,
    };
    Ok(match because {
        "" => format!("{name}{who}"),
        why => format!("{name}{who}:{why}"),
    })
}

/// Who stood by, in the words that are kept; empty where nobody need.
async fn witness(
    office: &Office,
    on: &impl Reads,
    (who, case): (&Acting, &Case),
    (form, to): (&Form, SignedBy<'_>),
) -> Done<String> {
    let login = to.witness.trim();
    let name = &form.name;
    if !form.needs_witness {
        return Ok(String::new());
    }
    let said = match login {
        "" => format!("“{name}”要有见证人;请填在场的另一位工作人员的账号"),
        own if own == who.login() => format!("“{name}”的见证人不能填您自己;请填另一位的账号"),
        other if worklist::stands_by(office, on, who, case, other).await? => {
            return Ok(format!("(见证 {other})"));
        }
        other => {
            format!("账号 `{other}` 不能见证:要用在用的账号,辖区包括这里,又不用回避;请另填一位")
        }
    };
    Err(CaseError::Refused(said))
}

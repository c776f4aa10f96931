//! 审核: what is known on the left, what the rules say on the right, and what this person may do now. For the
//! township that proposes and the county that decides it is the same page.

use super::capsule::{Condition, Found, Shown};
use super::facts::{Facts, Source};
use super::first_help::{self, FirstHelpView};
use super::notice::{self, State};
use super::opinion::look_into;
use super::receivers::{self, Receiver};
use super::{
    Case, CaseError, Done, afterwards, fields, guard, letters, load, online, recusal, sample,
    worklist,
};
use crate::access::{Access, Acting, Right};
use crate::office::Office;
use crate::views::Choice;
use domain::procedure::Document;
use domain::{CaseNo, PersonId};
use std::collections::{BTreeMap, HashMap};
use store::cases::Subject;
use store::identity::Masked;
use store::notices::{ObjectionState, Proposal};

/// What the fields of a letter that say to whom it is end with.
const LETTER_TO: &str = "姓名";
/// Cases on the county's list.
const ROWS_MAX: u32 = 500;

/// Facts of one of them.
#[derive(Clone, Debug)]
pub struct Known {
    /// Who, masked; or the household.
    pub who: String,
    /// Fact, value, source.
    pub facts: Vec<[String; 3]>,
}

/// One objection.
#[derive(Clone, Debug)]
pub struct ObjectionLine {
    /// Its number.
    pub no: i64,
    /// When it came, and how.
    pub came: String,
    /// What it says.
    pub text: String,
    /// How it was settled; empty while it is open.
    pub settled: String,
}

/// What this person may do.
#[derive(Clone, Debug, Default)]
pub struct May {
    /// Write the opinion.
    pub opine: bool,
    /// Post the notice.
    pub post: bool,
    /// Complete the step of the notice.
    pub finish: bool,
    /// Take an objection at the window.
    pub object: bool,
    /// Settle objections.
    pub settle: bool,
    /// Sign the help before the papers.
    pub help_first: bool,
    /// Write down what was found in a case that is looked into.
    pub check: bool,
    /// Sign the decision.
    pub decide: bool,
    /// Hand the letter over.
    pub deliver: bool,
    /// Make it public.
    pub publish: bool,
}

impl May {
    /// What is to be done on the page, the most pressing first, with its part of the page; none where nothing is.
    #[must_use]
    pub fn first(&self) -> Option<(&'static str, &'static str)> {
        let all = [
            (self.opine, ("写初审意见", "opine")),
            (self.post, ("张贴公示", "post")),
            (self.settle, ("复查异议", "settle")),
            (self.help_first, ("作先行救助决定", "first-help")),
            (self.check && !self.decide, ("登记抽查结果", "check")),
            (self.decide, ("作决定", "decide")),
            (self.deliver, ("送达", "deliver")),
            (self.publish, ("公布", "publish")),
            (self.finish, ("办结公示", "hung")),
            (self.object, ("看公示、登记异议", "hung")),
        ];
        all.into_iter().find(|(may, _)| *may).map(|(_, page)| page)
    }
}

/// 审核页.
#[derive(Clone, Debug)]
pub struct Review {
    /// 办件编号.
    pub no: i64,
    /// The programme.
    pub title: String,
    /// Who applied, masked.
    pub applicant: String,
    /// Where.
    pub place: String,
    /// The open step; empty when it is closed.
    pub step: String,
    /// What is known.
    pub known: Vec<Known>,
    /// What the rules say; none with the reason why not.
    pub found: Result<Found, String>,
    /// The amount proposed, in words; empty for none.
    pub amount: String,
    /// The opinions, in words.
    pub opinions: Vec<String>,
    /// The notices, in words.
    pub notices: Vec<String>,
    /// The objections.
    pub objections: Vec<ObjectionLine>,
    /// Why this case is looked into before it is decided; empty where it is not.
    pub drawn: String,
    /// Its lot, in words anybody can compute again; empty where it has none.
    pub lot: String,
    /// What was found when it was looked into, in words.
    pub checks: Vec<String>,
    /// The decisions, in words, with their numbers.
    pub decisions: Vec<(i64, String)>,
    /// The letters that can be printed.
    pub letters: Vec<String>,
    /// Who may sign for what is handed over; empty while nothing is.
    pub receivers: Vec<Receiver>,
    /// That whoever it is to agreed to read it, and until when; empty where nothing waits for that.
    pub reading: String,
    /// Why this person stays away from the open step, and who else does; empty where nothing keeps them from it.
    pub recused: String,
    /// Why it cannot be decided yet; empty when it can.
    pub stands_against: String,
    /// Who can look into an objection together with this person.
    pub seconds: Vec<Choice>,
    /// What was settled before about cases like it.
    pub similar: Vec<afterwards::Similar>,
    /// 先行救助; none where the procedure has none.
    pub helps_first: Option<FirstHelpView>,
    /// What this person may do.
    pub may: May,
}

impl Review {
    /// The conditions, those that do not hold first, then those not known.
    #[must_use]
    pub fn conditions(&self) -> Vec<&Condition> {
        let found = self.found.iter();
        let mut all: Vec<&Condition> = found.flat_map(|found| &found.conditions).collect();
        all.sort_by_key(|c| match c.holds {
            Some(false) => 0,
            None => 1,
            Some(true) => 2,
        });
        all
    }

    /// The lines of the explanation.
    #[must_use]
    pub fn lines(&self) -> &[Shown] {
        self.found.as_ref().map_or(&[], |found| &found.lines)
    }
}

/// The page of one case.
///
/// # Errors
/// No right, no such case, or the record.
pub async fn review(access: &Access, who: &Acting, no: CaseNo) -> Done<Review> {
    let office = access.office();
    let case = load(office, who, no).await?;
    let on = &office.store;
    let words = fields::of_case(office, on, &case).await?;
    let word = |name: &str| words.get(name).cloned().unwrap_or_default();
    let state = notice::state(on, no).await?;
    let looked = look_into(office, &case).await;
    let helps_first = first_help::view(office, &case, looked.as_ref().ok()).await?;
    let (known, found) = match looked {
        Ok(judged) => (known(office, &case, &judged.facts).await?, Ok(judged.found)),
        Err(CaseError::Office(error)) => return Err(CaseError::Office(error)),
        Err(why) => (Vec::new(), Err(why.to_string())),
    };
    let similar = afterwards::similar(office, who, (&case, found.as_ref().ok())).await?;
    let decisions = store::decisions::of_case(on, no).await?;
    let heard = guard::heard(on, &case, office.clock.today()).await;
    let stands_against = match heard {
        Ok(_) => String::new(),
        Err(why) => why.to_string(),
    };
    let recused = recusal::against(office, on, who, &case).await?;
    let mut may = may(office, who, (&case, recused.as_deref()), &state);
    let asked = sample::Lots::default().asked(on, &case).await?;
    let checks = store::samples::checks(on, no).await?;
    // What is to be looked into is decided once it was.
    may.check = may.decide && asked.because(&case).is_some();
    may.decide &= !may.check || asked.check.is_some();
    Ok(Review {
        no: no.get(),
        title: word("救助项目"),
        applicant: match case.row.content.subject {
            Subject::Person(own) if own != case.row.content.applicant => {
                format!("{},由 {} 申请", word("受益人姓名"), word("申请人姓名"))
            }
            Subject::Person(_) | Subject::Household(_) => word("申请人姓名"),
        },
        place: fields::place(office, &case.standing.area).await?,
        step: case
            .standing
            .open
            .as_ref()
            .map_or_else(String::new, |open| open.name.clone()),
        amount: found
            .as_ref()
            .ok()
            .and_then(Found::amount)
            .filter(|fen| fen.get() > 0)
            .map_or_else(String::new, |fen| format!("{fen} 元")),
        known,
        found,
        opinions: state.opinions.iter().map(opinion_words).collect(),
        notices: state.notices.iter().map(notice_words).collect(),
        objections: state.objections.iter().map(objection_line).collect(),
        drawn: asked.because(&case).unwrap_or_default().to_owned(),
        lot: asked.ticket.as_ref().map_or_else(String::new, lot_words),
        checks: checks.iter().map(check_words).collect(),
        decisions: decisions
            .iter()
            .map(|one| (one.no, decision_words(one)))
            .collect(),
        letters: letters::printable(office, on, &case).await?,
        seconds: match may.settle {
            true => worklist::seconds(office, who, &case).await?,
            false => Vec::new(),
        },
        receivers: match may.deliver {
            true => receivers::choices(office, on, &case).await?,
            false => Vec::new(),
        },
        reading: match may.deliver {
            true => online::waits(office, on, &case)
                .await?
                .map(online::Wait::words),
            false => None,
        }
        .unwrap_or_default(),
        recused: recused.unwrap_or_default(),
        stands_against,
        similar,
        helps_first,
        may,
    })
}

/// What somebody may do at the open step; who stays away from it may still take what a neighbour objects.
pub(super) fn may(
    office: &Office,
    who: &Acting,
    (case, recused): (&Case, Option<&str>),
    state: &State,
) -> May {
    let Some(step) = case.open_step() else {
        return May::default();
    };
    let theirs = case.is_for(who) && case.standing.paused().is_none();
    let own = theirs && recused.is_none();
    let is_notice = guard::is_notice(&case.procedure, step);
    let hung = guard::of_open_step(case, &state.notices);
    let today = office.clock.today();
    let objected = state
        .objections
        .iter()
        .any(|one| hung.is_some_and(|hung| one.content.notice == hung.no));
    let open = state
        .objections
        .iter()
        .any(|one| one.state == ObjectionState::Open);
    let decided = case.standing.decided.is_some();
    let mut gives = step.gives.iter();
    let gives_letter =
        gives.any(|gives| case.procedure.document(gives).is_some_and(is_to_somebody));
    let publishes = guard::is_publication(step);
    let decides = guard::is_decision(step);
    May {
        opine: own && guard::is_opinion(step),
        post: own && is_notice && hung.is_none(),
        finish: own && is_notice && hung.is_some_and(|hung| objected || hung.content.last < today),
        object: theirs && is_notice && hung.is_some_and(|hung| hung.content.last >= today),
        settle: own && open && !is_notice,
        help_first: own && first_help::is_first_help(case) && who.may(Right::DECISION),
        check: false,
        decide: own && decides && who.may(Right::DECISION),
        deliver: own && decided && gives_letter && !publishes && !decides,
        publish: own && publishes,
    }
}

/// A letter is to somebody; the list of a month's payments is handed over to nobody.
pub(super) fn is_to_somebody(letter: &Document) -> bool {
    letter.fields.iter().any(|field| field.ends_with(LETTER_TO))
}

fn lot_words(ticket: &sample::Ticket) -> String {
    let entry = ticket
        .entry
        .map_or_else(|| "?".to_owned(), |no| no.to_string());
    format!(
        "当月第 {} 件;审计链第 {entry} 条的摘要 {},加冒号和办件编号取 SHA-256:{}",
        ticket.place, ticket.seed, ticket.lot
    )
}

fn check_words(one: &store::samples::Check) -> String {
    let content = &one.content;
    let found = sample::found_word(content.found);
    format!("{} {} {found}:{}", content.day, content.by, content.says)
}

fn opinion_words(one: &store::notices::Opinion) -> String {
    let content = &one.content;
    let proposes = match content.proposes {
        Proposal::Grant => "拟同意",
        Proposal::Refuse => "拟不予确认",
    };
    let amount = content
        .amount
        .map_or_else(String::new, |fen| format!(",{fen} 元"));
    format!(
        "{} {} {proposes}{amount}:{}",
        content.day, content.by, content.because
    )
}

fn notice_words(one: &store::notices::Notice) -> String {
    let content = &one.content;
    let taken = one
        .taken
        .as_ref()
        .map_or_else(String::new, |(_, why)| format!(",提前撤下:{why}"));
    format!(
        "{} {} 至 {}{taken}",
        content.document, content.from, content.last
    )
}

fn objection_line(one: &store::notices::Objection) -> ObjectionLine {
    let how = match one.state {
        ObjectionState::Open => String::new(),
        ObjectionState::Upheld => "属实".to_owned(),
        ObjectionState::Dismissed => "不属实".to_owned(),
    };
    ObjectionLine {
        no: one.no,
        came: format!("{} {}", one.content.day, one.content.told_by),
        text: one.content.text.clone(),
        settled: match how.as_str() {
            "" => how,
            how => format!(
                "{how}:{}({})",
                one.settled_because,
                one.settled_by.join("、")
            ),
        },
    }
}

fn decision_words(one: &store::decisions::Decision) -> String {
    let content = &one.content;
    let how = crate::casework::decision::decided_word(content.outcome);
    let amount = content
        .amount
        .map_or_else(String::new, |fen| format!(",{fen} 元"));
    let from = content
        .from
        .map_or_else(String::new, |month| format!(",{month} 起"));
    let reasons = content.reasons.replace('\n', ";");
    format!(
        "{} {} {how}{amount}{from} {reasons}",
        content.day, content.decider
    )
}

/// What is known, thing by thing; areas and those without a fact are left out.
async fn known(office: &Office, case: &Case, facts: &Facts) -> Done<Vec<Known>> {
    let people: Vec<PersonId> = facts
        .things
        .iter()
        .filter(|thing| thing.entity == "个人")
        .map(|thing| PersonId::new(thing.key))
        .collect();
    let masked: HashMap<PersonId, Masked> = store::identity::masked(&office.store, &people).await?;
    let program = office.rules_on(case.row.content.rules_day);
    let feeds: BTreeMap<&str, &str> = program
        .feeds
        .iter()
        .map(|feed| (feed.id.as_str(), feed.department.as_str()))
        .collect();
    let source = |source: &Option<Source>| match source {
        None => "户籍登记".to_owned(),
        Some(one) => {
            let name = feeds.get(one.name.as_str()).copied().unwrap_or(&one.name);
            format!("{name} {} {}", one.period, one.record)
        }
    };
    let mut out = Vec::new();
    for thing in &facts.things {
        let who = match thing.entity.as_str() {
            "个人" => {
                let masked = masked.get(&PersonId::new(thing.key));
                let name = masked.and_then(|masked| masked.name.clone());
                name.unwrap_or_else(|| "姓名未登记".to_owned())
            }
            "家庭" => "这一户".to_owned(),
            _ => continue,
        };
        let rows = thing.facts.iter().map(|fact| {
            let value = fact.value.words(&fact.name, &thing.entity, &program);
            [fact.name.clone(), value, source(&fact.source)]
        });
        let rows: Vec<[String; 3]> = rows.collect();
        if !rows.is_empty() {
            out.push(Known { who, facts: rows });
        }
    }
    Ok(out)
}

/// One line of the county's list.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// 办件编号.
    pub no: i64,
    /// The programme.
    pub title: String,
    /// Who applied, masked.
    pub applicant: String,
    /// Where.
    pub place: String,
    /// What was proposed.
    pub proposed: String,
    /// By when.
    pub due: String,
    /// Whether it was drawn, or is of a near relative.
    pub marks: Vec<String>,
}

/// What waits for a decision within somebody's places.
///
/// # Errors
/// No right, or the record.
pub async fn waiting(access: &Access, who: &Acting) -> Done<Vec<Waiting>> {
    let office = access.office();
    let scope = who.scope(Right::DECISION)?;
    let start = scope.start();
    let rows = store::cases::list_open(&office.store, start.as_ref(), 0, u32::MAX).await?;
    let mut out = Vec::new();
    let mut lots = sample::Lots::default();
    for row in rows {
        let procedure = office.procedure(&row.content.procedure, row.content.rules_day)?;
        let decides = procedure
            .step(&row.current.step)
            .is_some_and(guard::is_decision);
        let near = who.is_kept_from_person(row.content.applicant)
            || row.content.household.is_some_and(|h| who.is_kept_from(h));
        if !decides || near || !scope.contains(&row.current.area) {
            continue;
        }
        if out.len() >= usize::try_from(ROWS_MAX).unwrap_or(usize::MAX) {
            break;
        }
        let Some(case) = super::read(office, &office.store, row.no).await? else {
            continue;
        };
        let words = fields::of_case(office, &office.store, &case).await?;
        let opinions = store::notices::opinions(&office.store, row.no).await?;
        let asked = lots.asked(&office.store, &case).await?;
        let mut marks: Vec<String> = case.standing.told.iter().cloned().collect();
        if recusal::against(office, &office.store, who, &case)
            .await?
            .is_some()
        {
            marks.push("要回避".to_owned());
        }
        if asked.because(&case).is_some() {
            let done = asked.check.is_some();
            marks.push(if done { "抽查已核实" } else { "要抽查" }.to_owned());
        }
        out.push(Waiting {
            no: row.no.get(),
            title: words.get("救助项目").cloned().unwrap_or_default(),
            applicant: words.get("申请人姓名").cloned().unwrap_or_default(),
            place: fields::place(office, &row.current.area).await?,
            proposed: opinions.last().map_or_else(String::new, opinion_words),
            due: row
                .current
                .due
                .map_or_else(|| "—".to_owned(), |due| due.to_string()),
            marks,
        });
    }
    Ok(out)
}

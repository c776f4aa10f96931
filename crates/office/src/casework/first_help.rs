//! 先行救助: a small decision before the papers. The rule says whether help goes first and how much, within the
//! limit that is its parameter; a person signs, the money is paid at once, and the papers follow with their
//! deadline. The later decision takes it off.

use super::capsule::{self, Capsule};
use super::opinion::{Judged, look_into};
use super::{
    Case, CaseError, Completion, Done, Outcome, Writing, complete, load_with, without_numbers,
};
use super::{guard, paying, recorded};
use crate::access::{Acting, Right};
use crate::disbursement::{self, Grant, HelpFirst};
use crate::office::Office;
use domain::procedure::Ground;
use domain::{CaseNo, Fen, Month};
use store::entitlements::Cause;
use store::found_facts::NewFound;
use store::prompt::{self, NewHelp};
use store::{Act, Reads};

const YES: &str = "是";
/// Whoever writes down what the record itself tells.
const RECORD: &str = "system";

/// What somebody signs before the papers.
#[derive(Clone, Debug)]
pub struct HelpingFirst {
    /// Why it cannot wait.
    pub because: String,
    /// Less than the rule gives; none for what it gives.
    pub amount: Option<Fen>,
}

/// What the page of the case shows of it.
#[derive(Clone, Debug)]
pub struct FirstHelpView {
    /// What was given, in words; empty while nothing was.
    pub given: String,
    /// Why it cannot be signed now; empty when it can.
    pub against: String,
    /// What the rule gives, in words.
    pub amount: String,
}

pub(super) fn is_first_help(case: &Case) -> bool {
    let step = case.open_step();
    step.is_some_and(|step| step.ground == Some(Ground::FirstHelp))
}

/// What the rule gives before the papers, or why it does not.
fn ruled(office: &Office, judged: &Judged) -> Done<(HelpFirst, Fen)> {
    let refused = |said: String| CaseError::Refused(said);
    let book = disbursement::book(office)?;
    let programme = &judged.question.programme;
    let help = book
        .help_first(programme)
        .cloned()
        .ok_or_else(|| refused("发放办法没有写这一项怎么先行救助;请管理规则的人补上".to_owned()))?;
    let answers = help.rules.iter().map(|name| judged.holds(office, name));
    let answers: Vec<Option<bool>> = answers.flatten().collect();
    if !answers.contains(&Some(true)) {
        let said = match answers.contains(&None) {
            true => format!(
                "还缺 {};请先在“经办查实”登记,再作先行救助决定",
                judged.found.missing.join("、")
            ),
            false => {
                "按规则不能先行救助:要突发、紧急、马上要给,金额不超过小额线;请走一般程序".to_owned()
            }
        };
        return Err(refused(said));
    }
    let amount = judged.found.amount().filter(|fen| *fen > Fen::ZERO);
    let amount = amount.ok_or_else(|| refused("规则没有给出金额,不能先行救助".to_owned()))?;
    Ok((help, amount))
}

/// Signs the first help of a case; answers its number.
///
/// # Errors
/// The step is not open or not this person's, the rule does not let help go first, more than the rule gives, no
/// reason, or whoever signs found the facts out.
pub async fn sign(office: &Office, who: &Acting, no: CaseNo, signing: &HelpingFirst) -> Done<i64> {
    let case = load_with(office, who, Right::DECISION, no).await?;
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    if !is_first_help(&case) {
        return Err(refused(
            "现在不到先行救助这一步;请刷新页面,看看办到了哪一步",
        ));
    }
    super::is_own(who, &case)?;
    office.may_judge()?;
    let because = signing.because.trim();
    without_numbers(because)?;
    if because.is_empty() {
        return Err(refused("请写明为什么不能等手续"));
    }
    let judged = look_into(office, &case).await?;
    let (help, most) = ruled(office, &judged)?;
    let amount = signing.amount.unwrap_or(most);
    if amount > most || amount <= Fen::ZERO {
        let said = format!("先行救助不能超过规则给出的 {most} 元");
        return Err(CaseError::Refused(said));
    }
    let mut tx = office.begin().await?;
    // Read again inside the write: what was judged is what is signed.
    let mut case = super::read(office, &tx, no)
        .await?
        .filter(|now| now.row.last_seq == case.row.last_seq)
        .ok_or_else(|| refused("这一件刚有变化,请刷新后再签"))?;
    not_a_finder(office, &tx, who, &case).await?;
    let no = write(
        office,
        &mut tx,
        who,
        &mut case,
        (judged, &help, amount, because),
    )
    .await?;
    office.end(tx).await?;
    Ok(no)
}

/// Whoever found the facts out does not decide on them.
pub(super) async fn not_a_finder(
    office: &Office,
    on: &impl Reads,
    who: &Acting,
    case: &Case,
) -> Done<()> {
    let found = recorded::finders(office, on, case).await?;
    let same = store::recusals::same_person(on, who.user(), "self").await?;
    let mut mine = vec![who.login().to_owned()];
    for user in same {
        mine.extend(store::users::get(on, user).await?.map(|user| user.login));
    }
    match mine.iter().find(|login| found.contains(*login)) {
        None => Ok(()),
        Some(login) => Err(CaseError::Refused(format!(
            "{login} 查实了这一件的事实,不能再由同一个人作决定"
        ))),
    }
}

/// The first help with its money, its facts, and the step of the case: all of it or nothing.
async fn write(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    case: &mut Case,
    (judged, help, amount, because): (Judged, &HelpFirst, Fen, &str),
) -> Done<i64> {
    let step = case.open_step().cloned();
    let step = step.ok_or_else(|| CaseError::Refused("没有要办的步骤".to_owned()))?;
    let day = paying::today(office, case);
    let rules = capsule::keep_rules(office, tx).await?;
    let mut articles = judged.found.articles();
    articles.retain(|article| !article.trim().is_empty());
    if articles.is_empty() {
        articles.clone_from(&case.procedure.cites);
    }
    let capsule = Capsule::of(office, &judged.question, rules, judged.facts, judged.found);
    let cause = Cause::new("case", case.no());
    let month = Month::containing(day);
    let grant = Grant {
        entitle: paying::entitle_of(case, (month, amount), cause)?,
        kind: help.kind.clone(),
        case: case.no(),
        parts: vec![amount],
        day,
    };
    let entitlement = disbursement::grant(office, tx, who.login(), &grant).await?;
    let entitlement = entitlement
        .ok_or_else(|| CaseError::Refused("先行救助没有金额,没有写进记录".to_owned()))?;
    let at = office.clock.at();
    let new = NewHelp {
        case: case.no(),
        entitlement,
        amount,
        day,
        because: because.to_owned(),
        articles: articles.join("\n"),
        decider: who.login().to_owned(),
        capsule: capsule.text()?,
    };
    let no = prompt::help(tx, &at, &new).await?;
    tx.record(
        Act::new(&at, who.login(), "case.first-help")
            .on("first-help", no)
            .because(format!("先行救助 {amount} 元:{because}"))
            .under(format!("case:{}", case.no())),
    );
    note(office, tx, who, case, (&help.helped, &day.to_string(), no)).await?;
    let completion = Completion {
        step: &step.name,
        gave: step.gives.first().map_or("", String::as_str),
        decided: Some(Outcome::Granted),
        because,
        ..Completion::default()
    };
    complete(office, tx, who, case, completion).await?;
    Ok(no)
}

/// Writes down what the record itself tells of the first help, for the rules that read it month by month.
async fn note(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    case: &Case,
    (fact, value, help): (&str, &str, i64),
) -> Done<()> {
    if fact.is_empty() {
        return Ok(());
    }
    let row = NewFound {
        case: case.no(),
        household: case.row.content.household,
        person: None,
        fact: fact.to_owned(),
        value: value.to_owned(),
        because: format!("先行救助 {help}"),
        evidence: "先行救助决定和补办登记".to_owned(),
        photo: None,
        day: paying::today(office, case),
        by: RECORD.to_owned(),
    };
    recorded::keep(office, tx, who, &row).await?;
    Ok(())
}

/// The papers that follow a first help came, when the step that asks for them is done.
pub(super) async fn papers_came(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    (case, step): (&Case, &str),
) -> Done<()> {
    let papers = case.procedure.step(step).map(|step| &step.papers);
    if papers.is_none_or(Vec::is_empty) {
        return Ok(());
    }
    let Some(help) = prompt::help_of(tx, case.no()).await? else {
        return Ok(());
    };
    let given = case.papers.iter().filter(|paper| {
        papers.is_some_and(|papers| papers.contains(&paper.name))
            && paper.state != store::applications::PaperState::Given
    });
    if given.count() > 0 {
        return Ok(());
    }
    let book = disbursement::book(office)?;
    let fact = book.help_first(&case.row.content.programme);
    let fact = fact.map_or("", |help| help.papers.as_str());
    note(office, tx, who, case, (fact, YES, help.no)).await
}

/// Why a step that rests on a first help, or on money at the bank, cannot be done yet; none when it can.
pub(super) async fn before(office: &Office, on: &impl Reads, case: &Case) -> Done<Option<String>> {
    let Some(step) = case.open_step() else {
        return Ok(None);
    };
    match step.ground {
        Some(Ground::FirstHelp) => {
            let help = prompt::help_of(on, case.no()).await?;
            let since = guard::opened(case);
            let here = help.is_some_and(|help| Some(&help.at) >= since);
            Ok(
                (!here)
                    .then(|| format!("“{}”要有签署的先行救助决定;请打开“审核”页签署", step.name)),
            )
        }
        Some(Ground::Payment) => {
            let month = Month::containing(office.clock.today());
            let open = disbursement::not_with_the_bank(on, case.no(), month).await?;
            Ok(open.map(|why| format!("“{}”要等钱交了银行:{why}", step.name)))
        }
        _ => Ok(None),
    }
}

/// What the page of the review shows; none where the procedure of the case helps nobody first.
pub(super) async fn view(
    office: &Office,
    case: &Case,
    judged: Option<&Judged>,
) -> Done<Option<FirstHelpView>> {
    let mut steps = case.procedure.steps.iter();
    if !steps.any(|step| step.ground == Some(Ground::FirstHelp)) {
        return Ok(None);
    }
    let given = prompt::help_of(&office.store, case.no()).await?;
    let given = given.map_or_else(String::new, |help| {
        let content = help.content;
        format!(
            "{} {} 先行救助 {} 元:{}",
            content.day, content.decider, content.amount, content.because
        )
    });
    let (amount, against) = match judged.map(|judged| ruled(office, judged)) {
        Some(Ok((_, amount))) => (format!("{amount} 元"), String::new()),
        Some(Err(CaseError::Office(error))) => return Err(CaseError::Office(error)),
        Some(Err(why)) => (String::new(), why.to_string()),
        None => (String::new(), "没有可以依据的事实".to_owned()),
    };
    Ok(Some(FirstHelpView {
        given,
        against,
        amount,
    }))
}

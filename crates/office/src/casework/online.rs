//! 网上送达: the applicant reads a letter signed in, and that is its delivery, with its moment. It goes the way of
//! every other delivery: the same step, the same effect on payments, the same list of who may take a letter. Nobody
//! does it for them, and without their consent nothing is delivered by reading.

use super::decision::{self, REMEDY};
use super::letters::CONSENTS;
use super::receivers::{self, way_word};
use super::review::is_to_somebody;
use super::{Case, CaseError, DeliveryWay, Done, Writing, afterwards, guard, letters};
use crate::access::Acting;
use crate::desk::minute;
use crate::office::Office;
use crate::portal::PortalBook;
use domain::procedure::{Document, Ground};
use domain::{CaseNo, Day};
use store::decisions;
use store::reviews::{self, AfterState};
use store::{Act, At, Reads};

/// One letter of a case, as whoever it is to finds it.
#[derive(Clone, Debug)]
pub struct LetterLine {
    /// What it is called.
    pub title: String,
    /// When and how it was delivered, in words; empty while it was not, or where it need not be.
    pub delivered: String,
    /// Whether opening it is its delivery.
    pub delivers: bool,
    /// Whether it can be opened now.
    pub opens: bool,
}

/// How a letter was handed over.
struct Handed {
    way: DeliveryWay,
    day: Day,
    read_at: Option<At>,
}

impl Handed {
    fn words(&self) -> String {
        match &self.read_at {
            Some(at) => format!("{} 本人在网上看过,当时送达", minute(at)),
            None => format!("{} {}送达", self.day, way_word(self.way)),
        }
    }
}

/// What a letter of a decision waits for.
enum Stands {
    /// It rests on no decision, and need not be delivered.
    Plain,
    Handed(Handed),
    /// Its step is open: whoever reads it now has it.
    Waits,
    /// What it rests on is signed; another step comes before it is handed over.
    Later,
}

/// The letters to the applicant of a case, in the order of its steps.
pub(crate) async fn lines(office: &Office, on: &impl Reads, case: &Case) -> Done<Vec<LetterLine>> {
    let is_after = reviews::of_case(on, case.no()).await?.is_some();
    let mut titles = letters::printable(office, on, case).await?;
    if is_after {
        titles.extend(afterwards::printable(on, case).await?);
    }
    let mut out: Vec<LetterLine> = Vec::new();
    for title in titles {
        let Some(document) = own(case, &title) else {
            continue;
        };
        if out.iter().any(|line| line.title == title) {
            continue;
        }
        let stands = stands(on, case, document, is_after).await?;
        out.push(LetterLine {
            title,
            delivered: match &stands {
                Stands::Handed(handed) => handed.words(),
                Stands::Plain | Stands::Waits | Stands::Later => String::new(),
            },
            delivers: matches!(stands, Stands::Waits),
            opens: !matches!(stands, Stands::Later),
        });
    }
    Ok(out)
}

/// A letter that is to the applicant alone: what hangs or is published is not, nor what others sign.
fn own<'c>(case: &'c Case, title: &str) -> Option<&'c Document> {
    let document = case.procedure.document(title)?;
    let steps = case.procedure.steps.iter();
    let mut public = steps
        .filter(|step| step.gives.iter().any(|gives| gives == title))
        .filter(|step| guard::is_notice(&case.procedure, step) || guard::is_publication(step));
    let others = document.fields.iter().any(|field| field == CONSENTS);
    (is_to_somebody(document) && !others && public.next().is_none()).then_some(document)
}

async fn stands(on: &impl Reads, case: &Case, document: &Document, is_after: bool) -> Done<Stands> {
    if !document.template.contains(REMEDY) {
        return Ok(Stands::Plain);
    }
    let step = case.open_step().filter(|step| {
        let mut gives = step.gives.iter();
        gives.any(|gives| *gives == document.title) && case.standing.paused().is_none()
    });
    if is_after {
        let Some(signed) = afterwards::signed_for(on, case, &document.title).await? else {
            return Ok(Stands::Plain);
        };
        let waits = step.is_some_and(|step| step.ground == Some(Ground::Delivery));
        return Ok(match signed.effect {
            Some(effect) => Stands::Handed(Handed {
                way: effect.way,
                day: effect.day,
                read_at: effect.read_at,
            }),
            None if waits && signed.state == AfterState::Signed => Stands::Waits,
            None => Stands::Later,
        });
    }
    let Some(decided) = decision::newest(on, case.no()).await? else {
        return Ok(Stands::Plain);
    };
    let all = decisions::deliveries(on, decided.no).await?;
    let mut own = all.into_iter().rev();
    if let Some(handed) = own.find(|one| one.document == document.title) {
        return Ok(Stands::Handed(Handed {
            way: handed.way,
            day: handed.day,
            read_at: (handed.way == DeliveryWay::Online).then_some(handed.at),
        }));
    }
    let waits = case.standing.decided.is_some()
        && step.is_some_and(|step| !guard::is_decision(step) && !guard::is_publication(step));
    Ok(match waits {
        true => Stands::Waits,
        false => Stands::Later,
    })
}

/// Whether the rulebook has this way of delivery at all: one signed before it has not.
pub(crate) fn is_offered(office: &Office) -> bool {
    let days = PortalBook::of(office).is_ok_and(|book| book.reading_days.is_some());
    days && receivers::reading(&office.book).is_ok()
}

/// Writes down that the applicant agrees to be handed the letters of a case by reading them.
///
/// # Errors
/// The rulebook does not have this way, or the record.
pub(crate) async fn agree(
    office: &Office,
    tx: &mut Writing,
    actor: &str,
    case: CaseNo,
) -> Done<()> {
    if !is_offered(office) {
        let said = "现在的规则手册没有网上送达;告知书请到窗口领";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let at = office.clock.at();
    let day = office.clock.today();
    if decisions::agree_to_read(tx, &at, actor, (case, day)).await? {
        let act = Act::new(&at, actor, "letter.agree").on("case", case);
        tx.record(act.because("同意网上送达"));
    }
    Ok(())
}

/// 网上送达: the applicant opens a letter, and has it. The same as any delivery, by whoever reads.
///
/// # Errors
/// The letter waits for nobody, no consent was given, whoever reads may not sign for it, or the record.
pub(crate) async fn read(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    (case, title): (&mut Case, &str),
) -> Done<()> {
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    if decisions::agrees_to_read(tx, case.no()).await?.is_none() {
        return Err(refused("还没有同意网上送达;同意以后再打开,或者到窗口领"));
    }
    let all = lines(office, tx, case).await?;
    if !all.iter().any(|line| line.title == title && line.delivers) {
        return Err(refused("这份文书现在不用送达;请刷新页面"));
    }
    let receiver = receivers::reader(office, tx, case).await?;
    let handed = (DeliveryWay::Online, receiver.as_str());
    match reviews::of_case(tx, case.no()).await? {
        Some(_) => afterwards::hand_over(office, tx, who, case, handed).await?,
        None => {
            decision::hand_over(office, tx, who, case, handed).await?;
            None
        }
    };
    Ok(())
}

/// By when whoever agreed to read has to have read, counted from the day the letter could be read.
fn read_by(office: &Office, case: &Case) -> Option<Day> {
    let days = PortalBook::of(office).ok()?.reading_days?;
    let since = case.standing.open.as_ref()?.since;
    let calendar = office.calendar().ok()?;
    Some(calendar.add_workdays(since, days).ok()?.0)
}

/// Whether a letter waits to be read by somebody who agreed to that, and the last day it does; past that day the
/// office hands it over.
pub(crate) async fn waits(office: &Office, on: &impl Reads, case: &Case) -> Done<Option<Wait>> {
    if decisions::agrees_to_read(on, case.no()).await?.is_none() {
        return Ok(None);
    }
    let all = lines(office, on, case).await?;
    let Some(until) = read_by(office, case).filter(|_| all.iter().any(|line| line.delivers)) else {
        return Ok(None);
    };
    Ok(Some(Wait {
        until,
        over: until < office.clock.today(),
    }))
}

/// A letter that waits to be read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// The last day.
    until: Day,
    /// Whether that day is gone.
    over: bool,
}

impl Wait {
    /// As a mark of a list.
    pub(crate) fn mark(self) -> &'static str {
        match self.over {
            true => "网上没有看,请当面送达",
            false => "等本人网上看",
        }
    }

    /// In a sentence, for whoever hands it over.
    pub(crate) fn words(self) -> String {
        let Self { until, over } = self;
        match over {
            true => format!("申请人同意网上送达,到 {until} 没有看:请当面送达,见不到人的邮寄"),
            false => format!("申请人同意网上送达:等本人登录看到 {until};急的可以当面送达"),
        }
    }
}

//! 听取意见: what the family was told before a cut, and what they said. Both are kept as they were; a silence
//! is kept only once the time to answer is over.

use crate::at::At;
use crate::error::Result;
use crate::notices::add;
use crate::reviews::month_opt;
use crate::sql::statements;
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, Value, words};
use domain::{AreaCode, CaseNo, Day, Fen, Month};

pub use crate::decisions::DeliveryWay;

statements! {
    TELL = "insert into hearing_notices (hearing_notice_no, case_no, told_day, until_day, way, plan,
            from_month, last_month, amount, articles, by_login, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    NOTICES = "select hearing_notice_no, case_no, told_day, until_day, way, plan, articles, by_login, at,
            from_month, last_month, amount
        from hearing_notices where case_no = $1 order by hearing_notice_no";
    HEAR = "insert into hearings (hearing_no, hearing_notice_no, case_no, told_day, until_day, step, day,
            form, answer, words, by_login, with_login, at, digest)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    HEARINGS = "select hearing_no, hearing_notice_no, case_no, told_day, until_day, step, day, form, answer,
            words, by_login, with_login, at
        from hearings where case_no = $1 order by hearing_no";
    // Notices of open cases, the first to end first; whether somebody was heard since.
    RUNNING = "select n.hearing_notice_no, n.case_no, n.told_day, n.until_day, n.way, n.plan, n.articles,
            n.by_login, n.at, n.from_month, n.last_month, n.amount,
            (select count(*) from hearings h where h.hearing_notice_no = n.hearing_notice_no)
        from hearing_notices n join cases c on c.case_no = n.case_no
        where c.state = 'open' and c.area >= $1 and c.area < $2
        order by n.until_day, n.hearing_notice_no limit $3";
}

words! {
    /// How somebody was heard.
    HeardAs {
        /// 口头陈述.
        Spoken = "spoken",
        /// 书面意见.
        Written = "written",
        /// 当面听证.
        Hearing = "hearing",
        /// 没有提出.
        Nothing = "none",
    }
}

words! {
    /// What they answered.
    HeardAnswer {
        /// 同意.
        Agrees = "agrees",
        /// 不同意.
        Objects = "objects",
        /// 到期没有提出.
        Silent = "silent",
    }
}

/// A notice to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewHearingNotice {
    /// Of which case.
    pub case: CaseNo,
    /// On which day they were told.
    pub told: Day,
    /// Until when they may answer.
    pub until: Day,
    /// How they were told.
    pub way: DeliveryWay,
    /// What is meant to be done, and why.
    pub plan: String,
    /// From which month; none where no month is meant.
    pub from: Option<Month>,
    /// Of an exit, the last month paid.
    pub last: Option<Month>,
    /// The least that is to be paid a month; none for nothing.
    pub amount: Option<Fen>,
    /// On which articles, one a line.
    pub articles: String,
    /// Who told them.
    pub by: String,
}

/// 听取意见告知.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HearingNotice {
    /// Its number.
    pub no: i64,
    /// What it says.
    pub content: NewHearingNotice,
    /// When it was written down.
    pub at: At,
}

/// A hearing to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewHearing {
    /// The notice it answers: its number, the day told and the last day to answer.
    pub notice: (i64, Day, Day),
    /// Of which case.
    pub case: CaseNo,
    /// In which step.
    pub step: String,
    /// On which day.
    pub day: Day,
    /// How.
    pub form: HeardAs,
    /// What they answered.
    pub answer: HeardAnswer,
    /// Their words, without a name or number.
    pub words: String,
    /// Who heard them.
    pub by: String,
    /// Who heard them too; empty for nobody.
    pub with: String,
}

/// 意见记录 or 听证笔录.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hearing {
    /// Its number.
    pub no: i64,
    /// What it says.
    pub content: NewHearing,
    /// When it was written down.
    pub at: At,
}

/// Keeps a notice; answers its number.
pub async fn tell(tx: &mut JournalTx, at: &At, new: &NewHearingNotice) -> Result<i64> {
    let no = tx.take_numbers("hearing_notice", 1).await?;
    let columns = [
        ("hearing_notice_no", Value::from(no)),
        ("case_no", new.case.get().into()),
        ("told_day", new.told.to_string().into()),
        ("until_day", new.until.to_string().into()),
        ("way", new.way.into()),
        ("plan", new.plan.as_str().into()),
        ("from_month", new.from.map(|m| m.to_string()).into()),
        ("last_month", new.last.map(|m| m.to_string()).into()),
        ("amount", new.amount.map(Fen::get).into()),
        ("articles", new.articles.as_str().into()),
        ("by_login", new.by.as_str().into()),
        ("at", at.into()),
    ];
    add(tx, TELL, "hearing_notices", &columns).await?;
    Ok(no)
}

/// The notices of a case, oldest first.
pub async fn notices(on: &impl Reads, case: CaseNo) -> Result<Vec<HearingNotice>> {
    let rows = on.rows(NOTICES, vec![case.get().into()]).await?;
    rows.iter().map(notice).collect()
}

/// Keeps what was heard; answers its number.
pub async fn hear(tx: &mut JournalTx, at: &At, new: &NewHearing) -> Result<i64> {
    let no = tx.take_numbers("hearing", 1).await?;
    let (notice, told, until) = new.notice;
    let columns = [
        ("hearing_no", Value::from(no)),
        ("hearing_notice_no", notice.into()),
        ("case_no", new.case.get().into()),
        ("told_day", told.to_string().into()),
        ("until_day", until.to_string().into()),
        ("step", new.step.as_str().into()),
        ("day", new.day.to_string().into()),
        ("form", new.form.into()),
        ("answer", new.answer.into()),
        ("words", new.words.as_str().into()),
        ("by_login", new.by.as_str().into()),
        ("with_login", new.with.as_str().into()),
        ("at", at.into()),
    ];
    add(tx, HEAR, "hearings", &columns).await?;
    Ok(no)
}

/// What was heard in a case, oldest first.
pub async fn hearings(on: &impl Reads, case: CaseNo) -> Result<Vec<Hearing>> {
    let rows = on.rows(HEARINGS, vec![case.get().into()]).await?;
    rows.iter()
        .map(|row| {
            Ok(Hearing {
                no: row.int(0)?,
                content: NewHearing {
                    notice: (row.int(1)?, row.day(3)?, row.day(4)?),
                    case: CaseNo::new(row.int(2)?),
                    step: row.text(5)?,
                    day: row.day(6)?,
                    form: row.word(7, HeardAs::from_word)?,
                    answer: row.word(8, HeardAnswer::from_word)?,
                    words: row.text(9)?,
                    by: row.text(10)?,
                    with: row.text(11)?,
                },
                at: row.at(12)?,
            })
        })
        .collect()
}

/// Notices of the open cases of a place and all inside it, the first to end first, each with how often the
/// family was heard since.
pub async fn running(
    on: &impl Reads,
    area: Option<&AreaCode>,
    limit: u32,
) -> Result<Vec<(HearingNotice, u64)>> {
    let (from, below) = crate::areas::range(area);
    let rows = on.rows(RUNNING, vec![from, below, limit.into()]).await?;
    rows.iter()
        .map(|row| Ok((notice(row)?, crate::value::count(row.int(12)?))))
        .collect()
}

fn notice(row: &Row) -> Result<HearingNotice> {
    Ok(HearingNotice {
        no: row.int(0)?,
        content: NewHearingNotice {
            case: CaseNo::new(row.int(1)?),
            told: row.day(2)?,
            until: row.day(3)?,
            way: row.word(4, DeliveryWay::from_word)?,
            plan: row.text(5)?,
            from: month_opt(row, 9)?,
            last: month_opt(row, 10)?,
            amount: row.int_opt(11)?.map(Fen::new),
            articles: row.text(6)?,
            by: row.text(7)?,
        },
        at: row.at(8)?,
    })
}

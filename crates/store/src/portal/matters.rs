//! What residents say back: 好差评, 投诉, 更正 of a fact, and 求助登记.

use super::{opened, put};
use crate::areas::range;
use crate::at::At;
use crate::error::{Result, StoreError};
use crate::sessions::{Mark, Token};
use crate::sql::{Sql, statements};
use crate::tx::{JournalTx, Reads};
use crate::value::{Row, words};
use domain::{AreaCode, CaseNo, Day, PersonId};

statements! {
    ADD_RATING = "insert into ratings (rating_no, case_no, area, token, at, expires_at, answer, answered_by)
        values ($1, $2, $3, $4, $5, $6, '', '')
        on conflict (case_no) do update set token = excluded.token, expires_at = excluded.expires_at
            where ratings.grade is null";
    RATING_BY_TOKEN = "select rating_no, case_no, area, expires_at, grade, words, rated_at, due, answer,
            answered_at, answered_by
        from ratings where token = $1";
    RATING_OF = "select rating_no, case_no, area, expires_at, grade, words, rated_at, due, answer,
            answered_at, answered_by
        from ratings where case_no = $1";
    BAD_RATINGS_IN = "select rating_no, case_no, area, expires_at, grade, words, rated_at, due, answer,
            answered_at, answered_by
        from ratings
        where grade in ('bad', 'very-bad') and answered_at is null and area >= $1 and area < $2
        order by rated_at, rating_no limit $3";
    RATE = "update ratings set grade = $1, words = $2, rated_at = $3, due = $4
        where rating_no = $5 and grade is null";
    ANSWER_RATING = "update ratings set answer = $1, answered_at = $2, answered_by = $3
        where rating_no = $4 and grade in ('bad', 'very-bad') and answered_at is null";
    ADD_COMPLAINT = "insert into complaints (complaint_no, person_id, case_no, about_case, content, at)
        values ($1, $2, $3, $4, $5, $6)";
    COMPLAINT_OF = "select content, about_case from complaints where case_no = $1";
    ADD_CORRECTION = "insert into corrections (correction_no, person_id, area, fact, kind, source,
            department, office, content, at, due, state, because, answered_by)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'open', '', '')";
    CORRECTIONS_OF = "select correction_no, person_id, area, fact, kind, source, department, office,
            content, at, due, state, because, answered_at, answered_by
        from corrections where person_id = $1 order by correction_no desc";
    FIND_CORRECTION = "select correction_no, person_id, area, fact, kind, source, department, office,
            content, at, due, state, because, answered_at, answered_by
        from corrections where correction_no = $1";
    CORRECTIONS_IN = "select correction_no, person_id, area, fact, kind, source, department, office,
            content, at, due, state, because, answered_at, answered_by
        from corrections where state = 'open' and area >= $1 and area < $2
        order by correction_no limit $3";
    ANSWER_CORRECTION = "update corrections set state = $1, because = $2, answered_at = $3,
            answered_by = $4
        where correction_no = $5 and state = 'open'";
    ADD_HELP = "insert into helps (help_no, form_key, area, content, origin, at, day, state, answer,
            answered_by)
        values ($1, $2, $3, $4, $5, $6, $7, 'open', '', '') on conflict (form_key) do nothing";
    HELP_BY_KEY = "select help_no from helps where form_key = $1";
    COUNT_HELPS = "select count(*) from helps where origin = $1 and at > $2";
    FIND_HELP = "select help_no, area, content, at, day, state, answer from helps where help_no = $1";
    HELPS_IN = "select help_no, area, content, at, day, state, answer from helps
        where state = 'open' and area >= $1 and area < $2 order by help_no limit $3";
    ANSWER_HELP = "update helps set state = 'answered', answer = $1, answered_at = $2, answered_by = $3
        where help_no = $4 and state = 'open'";
}

words! {
    /// 好差评.
    Grade {
        /// 非常满意.
        VeryGood = "very-good",
        /// 满意.
        Good = "good",
        /// 基本满意.
        Fair = "fair",
        /// 不满意.
        Bad = "bad",
        /// 非常不满意.
        VeryBad = "very-bad",
    }
}

impl Grade {
    /// All of them, in the order of a form.
    pub const ALL: [Self; 5] = [
        Self::VeryGood,
        Self::Good,
        Self::Fair,
        Self::Bad,
        Self::VeryBad,
    ];

    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::VeryGood => "非常满意",
            Self::Good => "满意",
            Self::Fair => "基本满意",
            Self::Bad => "不满意",
            Self::VeryBad => "非常不满意",
        }
    }

    /// Whether it must be put right.
    #[must_use]
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Bad | Self::VeryBad)
    }
}

/// 评价 of a case.
#[derive(Clone, Debug)]
pub struct Rating {
    /// Its number.
    pub no: i64,
    /// Of which case.
    pub case: CaseNo,
    /// Where it was handled.
    pub area: AreaCode,
    /// Until when the token is good.
    pub expires_at: At,
    /// What was said; none while nothing was.
    pub grade: Option<Grade>,
    /// In words; empty for none.
    pub words: String,
    /// When.
    pub rated_at: Option<At>,
    /// By when it must be put right.
    pub due: Option<Day>,
    /// What was done about it.
    pub answer: String,
    /// When that was.
    pub answered_at: Option<At>,
    /// Who answered.
    pub answered_by: String,
}

async fn read_rating(on: &impl Reads, row: &Row) -> Result<Rating> {
    let words = match row.int_opt(5)? {
        Some(no) => opened(on, no).await?,
        None => String::new(),
    };
    let grade = row.text_opt(4)?;
    Ok(Rating {
        no: row.int(0)?,
        case: CaseNo::new(row.int(1)?),
        area: row.area(2)?,
        expires_at: row.at(3)?,
        grade: grade.as_deref().and_then(Grade::from_word),
        words,
        rated_at: row.at_opt(6)?,
        due: row.day_opt(7)?,
        answer: row.text(8)?,
        answered_at: row.at_opt(9)?,
        answered_by: row.text(10)?,
    })
}

async fn one_rating(on: &impl Reads, rows: Vec<Row>) -> Result<Option<Rating>> {
    match rows.first() {
        Some(row) => read_rating(on, row).await.map(Some),
        None => Ok(None),
    }
}

/// Makes the token by which a closed case is rated; none when it was rated already.
pub async fn invite_rating(
    tx: &mut JournalTx,
    (case, area): (CaseNo, &AreaCode),
    at: &At,
    expires_at: &At,
) -> Result<Option<Token>> {
    let no = tx.take_numbers("rating", 1).await?;
    let token = Token::random()?;
    let values = vec![
        no.into(),
        case.get().into(),
        area.full().into(),
        token.digest().into(),
        at.into(),
        expires_at.into(),
    ];
    Ok((tx.execute(ADD_RATING, values).await? == 1).then_some(token))
}

/// The rating a token is for.
pub async fn rating_by_token(on: &impl Reads, token: &Token) -> Result<Option<Rating>> {
    let rows = on
        .rows(RATING_BY_TOKEN, vec![token.digest().into()])
        .await?;
    one_rating(on, rows).await
}

/// The rating of a case.
pub async fn rating_of_case(on: &impl Reads, case: CaseNo) -> Result<Option<Rating>> {
    let rows = on.rows(RATING_OF, vec![case.get().into()]).await?;
    one_rating(on, rows).await
}

/// What was rated badly in a place and all inside it and waits for an answer, the first come first.
pub async fn bad_ratings_in(
    on: &impl Reads,
    area: Option<&AreaCode>,
    limit: u32,
) -> Result<Vec<Rating>> {
    let (from, below) = range(area);
    let mut out = Vec::new();
    for row in on
        .rows(BAD_RATINGS_IN, vec![from, below, limit.into()])
        .await?
    {
        out.push(read_rating(on, &row).await?);
    }
    Ok(out)
}

/// Keeps what somebody thinks, once; false when it was said before.
pub async fn rate(
    tx: &mut JournalTx,
    at: &At,
    no: i64,
    (grade, words): (Grade, &str),
    due: Option<Day>,
) -> Result<bool> {
    let words = match words {
        "" => None,
        words => Some(put(tx, words).await?),
    };
    let values = vec![
        grade.into(),
        words.into(),
        at.into(),
        due.map(|day| day.to_string()).into(),
        no.into(),
    ];
    Ok(tx.execute(RATE, values).await? == 1)
}

/// What was done about a bad rating.
pub async fn answer_rating(
    tx: &mut JournalTx,
    at: &At,
    by: &str,
    no: i64,
    answer: &str,
) -> Result<()> {
    let values = vec![answer.into(), at.into(), by.into(), no.into()];
    once(tx.execute(ANSWER_RATING, values).await?, "待整改的评价", no)
}

fn once(changed: u64, what: &'static str, id: i64) -> Result<()> {
    match changed {
        1 => Ok(()),
        _ => Err(StoreError::NotThere { what, id }),
    }
}

/// Keeps the text of a complaint with the case by which it is handled.
pub async fn add_complaint(
    tx: &mut JournalTx,
    at: &At,
    (person, case, about): (PersonId, CaseNo, Option<CaseNo>),
    text: &str,
) -> Result<i64> {
    let content = put(tx, text).await?;
    let no = tx.take_numbers("complaint", 1).await?;
    let values = vec![
        no.into(),
        person.get().into(),
        case.get().into(),
        about.map(CaseNo::get).into(),
        content.into(),
        at.into(),
    ];
    tx.execute(ADD_COMPLAINT, values).await?;
    Ok(no)
}

/// The text of the complaint a case handles, and the case it is about. Whoever asks has asked who may read it.
pub async fn complaint_of_case(
    on: &impl Reads,
    case: CaseNo,
) -> Result<Option<(String, Option<CaseNo>)>> {
    let rows = on.rows(COMPLAINT_OF, vec![case.get().into()]).await?;
    let Some(row) = rows.first() else {
        return Ok(None);
    };
    let text = opened(on, row.int(0)?).await?;
    Ok(Some((text, row.int_opt(1)?.map(CaseNo::new))))
}

words! {
    /// What somebody asks to be done to a fact.
    CorrectionKind {
        /// 更新: it was so and is no longer.
        Update = "update",
        /// 更正: it was never so.
        Rectify = "rectify",
        /// 补充: something is missing.
        Complement = "complement",
    }
}

impl CorrectionKind {
    /// All of them, in the order of a form.
    pub const ALL: [Self; 3] = [Self::Update, Self::Rectify, Self::Complement];

    /// What people call it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Update => "更新",
            Self::Rectify => "更正",
            Self::Complement => "补充",
        }
    }
}

words! {
    /// What became of it.
    CorrectionState {
        /// 在办.
        Open = "open",
        /// 采纳.
        Accepted = "accepted",
        /// 不采纳.
        Refused = "refused",
    }
}

/// What is asked about a fact. Has no printable form.
#[derive(Clone)]
pub struct NewCorrection {
    /// By whom, about themselves.
    pub person: PersonId,
    /// Where they live.
    pub area: AreaCode,
    /// Which fact.
    pub fact: String,
    /// What is to be done to it.
    pub kind: CorrectionKind,
    /// Where the fact comes from.
    pub source: String,
    /// Who owns it, in words.
    pub department: String,
    /// The organisation with an account here; empty where there is none.
    pub office: String,
    /// How it should be, and why.
    pub says: String,
    /// By when it is answered.
    pub due: Option<Day>,
}

/// 更正申请. Has no printable form.
#[derive(Clone)]
pub struct Correction {
    /// Its number.
    pub no: i64,
    /// What is asked.
    pub new: NewCorrection,
    /// When.
    pub at: At,
    /// What became of it.
    pub state: CorrectionState,
    /// The answer.
    pub because: String,
    /// When it was given.
    pub answered_at: Option<At>,
    /// By whom.
    pub answered_by: String,
}

/// Keeps what is asked.
pub async fn ask_correction(tx: &mut JournalTx, at: &At, new: &NewCorrection) -> Result<i64> {
    let content = put(tx, &new.says).await?;
    let no = tx.take_numbers("correction", 1).await?;
    let values = vec![
        no.into(),
        new.person.get().into(),
        new.area.full().into(),
        new.fact.as_str().into(),
        new.kind.into(),
        new.source.as_str().into(),
        new.department.as_str().into(),
        new.office.as_str().into(),
        content.into(),
        at.into(),
        new.due.map(|day| day.to_string()).into(),
    ];
    tx.execute(ADD_CORRECTION, values).await?;
    Ok(no)
}

pub(super) async fn read_correction(on: &impl Reads, row: &Row) -> Result<Correction> {
    Ok(Correction {
        no: row.int(0)?,
        new: NewCorrection {
            person: PersonId::new(row.int(1)?),
            area: row.area(2)?,
            fact: row.text(3)?,
            kind: row.word(4, CorrectionKind::from_word)?,
            source: row.text(5)?,
            department: row.text(6)?,
            office: row.text(7)?,
            says: opened(on, row.int(8)?).await?,
            due: row.day_opt(10)?,
        },
        at: row.at(9)?,
        state: row.word(11, CorrectionState::from_word)?,
        because: row.text(12)?,
        answered_at: row.at_opt(13)?,
        answered_by: row.text(14)?,
    })
}

/// What a person asked about their facts, newest first.
pub async fn corrections(on: &impl Reads, person: PersonId) -> Result<Vec<Correction>> {
    let mut out = Vec::new();
    for row in on.rows(CORRECTIONS_OF, vec![person.get().into()]).await? {
        out.push(read_correction(on, &row).await?);
    }
    Ok(out)
}

/// One of them.
pub async fn correction(on: &impl Reads, no: i64) -> Result<Option<Correction>> {
    match on.rows(FIND_CORRECTION, vec![no.into()]).await?.first() {
        Some(row) => read_correction(on, row).await.map(Some),
        None => Ok(None),
    }
}

/// Those that wait for an answer in a place and all inside it, the first come first.
pub async fn corrections_in(
    on: &impl Reads,
    area: Option<&AreaCode>,
    limit: u32,
) -> Result<Vec<Correction>> {
    corrections_listed(on, CORRECTIONS_IN, (area, limit)).await
}

/// What a question about a place and all inside it answers.
pub(super) async fn corrections_listed(
    on: &impl Reads,
    question: Sql,
    (area, limit): (Option<&AreaCode>, u32),
) -> Result<Vec<Correction>> {
    let (from, below) = range(area);
    let mut out = Vec::new();
    for row in on.rows(question, vec![from, below, limit.into()]).await? {
        out.push(read_correction(on, &row).await?);
    }
    Ok(out)
}

/// Answers one, once.
pub async fn answer_correction(
    tx: &mut JournalTx,
    at: &At,
    by: &str,
    no: i64,
    (state, because): (CorrectionState, &str),
) -> Result<()> {
    let values = vec![
        state.into(),
        because.into(),
        at.into(),
        by.into(),
        no.into(),
    ];
    once(
        tx.execute(ANSWER_CORRECTION, values).await?,
        "待答复的更正申请",
        no,
    )
}

words! {
    /// Whether somebody has answered.
    HelpState {
        /// 待处理.
        Open = "open",
        /// 已处理.
        Answered = "answered",
    }
}

/// Somebody asks for help. Has no printable form.
#[derive(Clone)]
pub struct NewHelp {
    /// The word that makes it one form.
    pub form_key: String,
    /// Where.
    pub area: AreaCode,
    /// As the office wrote it: name, telephone, need.
    pub content: String,
    /// From which place it was sent.
    pub origin: Mark,
    /// When.
    pub at: At,
    /// The same, as a day of the calendar.
    pub day: Day,
}

/// 求助登记. Has no printable form.
#[derive(Clone)]
pub struct Help {
    /// Its number.
    pub no: i64,
    /// Where.
    pub area: AreaCode,
    /// As the office wrote it.
    pub content: String,
    /// When.
    pub at: At,
    /// By when: the day it came.
    pub day: Day,
    /// Whether somebody has answered.
    pub state: HelpState,
    /// What was done.
    pub answer: String,
}

/// Keeps it, once for a form; answers its number.
pub async fn seek_help(tx: &mut JournalTx, new: &NewHelp) -> Result<i64> {
    let known = tx.rows(HELP_BY_KEY, vec![new.form_key.as_str().into()]);
    if let Some(row) = known.await?.first() {
        return row.int(0);
    }
    let content = put(tx, &new.content).await?;
    let no = tx.take_numbers("help", 1).await?;
    let values = vec![
        no.into(),
        new.form_key.as_str().into(),
        new.area.full().into(),
        content.into(),
        new.origin.into(),
        (&new.at).into(),
        new.day.to_string().into(),
    ];
    tx.execute(ADD_HELP, values).await?;
    Ok(no)
}

/// How many came from a place since a moment.
pub async fn helps_since(on: &impl Reads, origin: Mark, since: &At) -> Result<i64> {
    let rows = on
        .rows(COUNT_HELPS, vec![origin.into(), since.into()])
        .await?;
    rows.first().map_or(Ok(0), |row| row.int(0))
}

async fn read_help(on: &impl Reads, row: &Row) -> Result<Help> {
    Ok(Help {
        no: row.int(0)?,
        area: row.area(1)?,
        content: opened(on, row.int(2)?).await?,
        at: row.at(3)?,
        day: row.day(4)?,
        state: row.word(5, HelpState::from_word)?,
        answer: row.text(6)?,
    })
}

/// One of them.
pub async fn find_help(on: &impl Reads, no: i64) -> Result<Option<Help>> {
    match on.rows(FIND_HELP, vec![no.into()]).await?.first() {
        Some(row) => read_help(on, row).await.map(Some),
        None => Ok(None),
    }
}

/// Those that wait in a place and all inside it, the first come first.
pub async fn helps(on: &impl Reads, area: Option<&AreaCode>, limit: u32) -> Result<Vec<Help>> {
    let (from, below) = range(area);
    let mut out = Vec::new();
    for row in on.rows(HELPS_IN, vec![from, below, limit.into()]).await? {
        out.push(read_help(on, &row).await?);
    }
    Ok(out)
}

/// What was done about it, once.
pub async fn answer_help(
    tx: &mut JournalTx,
    at: &At,
    by: &str,
    no: i64,
    answer: &str,
) -> Result<()> {
    let values = vec![answer.into(), at.into(), by.into(), no.into()];
    once(tx.execute(ANSWER_HELP, values).await?, "待处理的求助", no)
}

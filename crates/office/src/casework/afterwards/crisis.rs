//! 紧急通道: help first, papers after, in a place, for some programmes, until a day. Somebody switches it on with
//! a document; it ends by itself. Who came through it is a list anybody responsible can take away.

use super::super::{CaseError, Done, without_numbers};
use super::{crisis_care, setting};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::{AreaCode, CaseNo, Day};
use store::applications::{Paper, PaperState};
use store::crisis::{self, Crisis, NewCrisis};
use store::{Act, JournalTx, cases};

/// Its settings, beside the procedures and in a place's own folder.
pub(super) const SETTINGS: &str = "crisis.csv";
const LONGEST: &str = "紧急通道最长";
const PAPERS: &str = "补交材料";
/// Channels on a page.
const SHOWN_MAX: u32 = 200;

/// What somebody switches on.
#[derive(Clone, Debug)]
pub struct Switch {
    /// What happened.
    pub title: String,
    /// Where.
    pub area: AreaCode,
    /// For which programmes.
    pub programmes: Vec<String>,
    /// On which document.
    pub because: String,
    /// The last day.
    pub last: Day,
}

/// One channel on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrisisLine {
    /// Its number.
    pub no: i64,
    /// What happened.
    pub title: String,
    /// Where.
    pub place: String,
    /// For what.
    pub programmes: String,
    /// On which document.
    pub because: String,
    /// From when to when.
    pub days: String,
    /// Whether it holds today.
    pub runs: bool,
    /// How it ended early; empty when it did not.
    pub ended: String,
    /// How many cases came through it.
    pub cases: usize,
}

/// One case that came through a channel; without a name, so that the list may be handed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Benefited {
    /// 办件编号.
    pub case: i64,
    /// The programme.
    pub programme: String,
    /// Where.
    pub place: String,
    /// When it was handed in.
    pub received: String,
    /// How it stands.
    pub state: String,
    /// By when the papers are due.
    pub papers_due: Day,
    /// The papers that still lack.
    pub lacking: Vec<String>,
    /// Whether they are late.
    pub late: bool,
}

/// 开通: switches a channel on from today.
///
/// # Errors
/// No right there, something is not said, no such programme, or longer than the rulebook allows.
pub async fn switch_on(office: &Office, who: &Acting, new: &Switch) -> Done<i64> {
    let scope = who.scope(Right::CRISIS)?;
    let refused = |said: String| CaseError::Refused(said);
    if !scope.contains(&new.area) {
        let said = format!("{} 不在您的辖区里,不能开通", new.area.as_str());
        return Err(CaseError::Forbidden(said));
    }
    for text in [&new.title, &new.because] {
        without_numbers(text)?;
        if text.trim().is_empty() {
            return Err(refused("请写明发生了什么、依据哪份文件".to_owned()));
        }
    }
    let today = office.clock.today();
    let longest = setting(office, SETTINGS, LONGEST)?;
    let papers_days = setting(office, SETTINGS, PAPERS)?;
    // Today is the first of its days.
    let further = i64::from(longest).saturating_sub(1);
    let latest = today.add_days(further).unwrap_or(today);
    if new.last < today || new.last > latest {
        let said =
            format!("截止日要在 {today} 到 {latest} 之间(最长 {longest} 天);再要开的,到时另作决定");
        return Err(refused(said));
    }
    if new.programmes.is_empty() {
        return Err(refused("请至少选一项救助".to_owned()));
    }
    for id in &new.programmes {
        if office.admission(id, today).is_none() {
            return Err(refused(format!("本地没有可以申请的救助项目 `{id}`")));
        }
    }
    let mut tx = office.begin().await?;
    if store::areas::find(&tx, &new.area, today).await?.is_none() {
        return Err(refused(format!("没有代码为 {} 的地区", new.area.as_str())));
    }
    let at = office.clock.at();
    let kept = NewCrisis {
        title: new.title.trim().to_owned(),
        area: new.area,
        programmes: new.programmes.clone(),
        because: new.because.trim().to_owned(),
        from: today,
        last: new.last,
        papers_days,
        by: who.login().to_owned(),
    };
    let no = crisis::open(&mut tx, &at, &kept).await?;
    tx.record(
        Act::new(&at, who.login(), "crisis.open")
            .on("crisis", no)
            .because(&kept.title)
            .under(&kept.because),
    );
    if let Some(one) = crisis::find(&tx, no).await? {
        crisis_care::care(office, &mut tx, who.login(), &one).await?;
    }
    office.end(tx).await?;
    Ok(no)
}

/// 关闭 before the last day.
///
/// # Errors
/// No right there, no such channel, no reason, or it has ended.
pub async fn end(office: &Office, who: &Acting, no: i64, because: &str) -> Done<()> {
    let scope = who.scope(Right::CRISIS)?;
    without_numbers(because)?;
    let mut tx = office.begin().await?;
    let found = crisis::find(&tx, no).await?;
    let found = found.filter(|one| scope.contains(&one.content.area));
    let found = found.ok_or_else(|| CaseError::NotFound(format!("没有编号为 {no} 的紧急通道")))?;
    let today = office.clock.today();
    if because.trim().is_empty() || found.content.last < today {
        let said = "请写明为什么提前关闭;已经到期的不用关";
        return Err(CaseError::Refused(said.to_owned()));
    }
    crisis::end(&mut tx, no, today, because.trim()).await?;
    let at = office.clock.at();
    tx.record(
        Act::new(&at, who.login(), "crisis.end")
            .on("crisis", no)
            .because(because.trim()),
    );
    // From today the normal rules hold, and whoever came through it is looked at again.
    if let Some(one) = crisis::find(&tx, no).await? {
        crisis_care::care(office, &mut tx, who.login(), &one).await?;
    }
    office.end(tx).await
}

/// The channels that hold today in a place for each of these programmes; none when one of them has none. What
/// is not handed in then follows later.
pub(in super::super) async fn spared(
    office: &Office,
    tx: &JournalTx,
    area: &AreaCode,
    (programmes, papers): (&[&str], &mut [Paper]),
) -> Done<Vec<Crisis>> {
    let today = office.clock.today();
    let mut out = Vec::new();
    for programme in programmes {
        let running = crisis::running(tx, today, area, programme).await?;
        let Some(first) = running.into_iter().next() else {
            return Ok(Vec::new());
        };
        out.push(first);
    }
    if let Some(first) = out.first() {
        for paper in papers
            .iter_mut()
            .filter(|paper| paper.state == PaperState::Missing)
        {
            paper.state = PaperState::Later;
            paper.because = format!("紧急通道 {}:先救助、后补材料", first.no);
        }
    }
    Ok(out)
}

/// Writes down that a case came through a channel, with the day its papers are due.
pub(in super::super) async fn through(
    office: &Office,
    tx: &mut JournalTx,
    crisis: &Crisis,
    case: CaseNo,
) -> Done<()> {
    let today = office.clock.today();
    let days = i64::from(crisis.content.papers_days);
    let due = today.add_days(days).unwrap_or(today);
    crisis::add_case(tx, &office.clock.at(), crisis.no, case, due).await?;
    Ok(())
}

/// The channels of somebody's places, newest first.
///
/// # Errors
/// No right, or the record.
pub async fn channels(office: &Office, who: &Acting) -> Done<Vec<CrisisLine>> {
    let scope = who.scope(Right::CASE)?;
    let today = office.clock.today();
    let mut out = Vec::new();
    for one in crisis::list(&office.store, SHOWN_MAX).await? {
        let content = &one.content;
        if !scope.touches(&content.area) {
            continue;
        }
        let titles = content.programmes.iter().map(|id| office.title(id));
        let running = content.from <= today
            && content.last >= today
            && one.ended.as_ref().is_none_or(|(day, _)| *day > today);
        out.push(CrisisLine {
            no: one.no,
            title: content.title.clone(),
            place: super::super::place_name(office, &content.area, today).await?,
            programmes: titles.collect::<Vec<_>>().join("、"),
            because: content.because.clone(),
            days: format!("{} 至 {}", content.from, content.last),
            runs: running,
            ended: one
                .ended
                .as_ref()
                .map_or_else(String::new, |(day, why)| format!("{day} 提前关闭:{why}")),
            cases: crisis::cases(&office.store, one.no).await?.len(),
        });
    }
    Ok(out)
}

/// 受益名单 of a channel within somebody's places.
///
/// # Errors
/// No right, no such channel there, or the record.
pub async fn benefited(office: &Office, who: &Acting, no: i64) -> Done<(String, Vec<Benefited>)> {
    let scope = who.scope(Right::CASE)?;
    let missing = || CaseError::NotFound(format!("没有编号为 {no} 的紧急通道"));
    let found = crisis::find(&office.store, no).await?;
    let found = found.filter(|one| scope.touches(&one.content.area));
    let found = found.ok_or_else(missing)?;
    let today = office.clock.today();
    let mut out = Vec::new();
    for (case, papers_due) in crisis::cases(&office.store, no).await? {
        let Some(row) = cases::find(&office.store, case).await? else {
            continue;
        };
        let near = who.is_kept_from_person(row.content.applicant)
            || row
                .content
                .household
                .is_some_and(|home| who.is_kept_from(home));
        if near || !scope.contains(&row.current.area) {
            continue;
        }
        let papers = store::applications::papers(&office.store, row.content.application).await?;
        let lacking: Vec<String> = papers
            .iter()
            .filter(|paper| paper.state != PaperState::Given)
            .map(|paper| paper.name.clone())
            .collect();
        let outcome = row.current.outcome.as_deref();
        let outcome = outcome.and_then(domain::casework::Outcome::from_word);
        out.push(Benefited {
            case: case.get(),
            programme: office.title(&row.content.programme),
            place: super::super::place_name(office, &row.current.area, today).await?,
            received: crate::desk::minute(&row.opened_at),
            state: match outcome {
                Some(outcome) => outcome.name().to_owned(),
                None => row.current.step.clone(),
            },
            papers_due,
            late: !lacking.is_empty() && papers_due < today,
            lacking,
        });
    }
    let seen = Act::new(&office.clock.at(), who.login(), "read.crisis")
        .on("crisis", no)
        .because("看受益名单");
    office.store.record_alone(seen).await?;
    Ok((found.content.title, out))
}

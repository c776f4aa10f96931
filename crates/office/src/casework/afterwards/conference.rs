//! 联席会议 and 一事一议: what several offices settled together about hard cases, kept so that the like can be found
//! again: by programme, circumstance and word, without a name.

use super::super::{CaseError, Done, load, without_numbers};
use super::entrusted::{MemberLine, TaskLine, of_meeting};
use crate::access::{Acting, Right};
use crate::office::Office;
use domain::{AreaCode, CaseNo, Day};
use store::Act;
use store::conferences::{self, Departs, Item, NewConference, NewItem};

/// Meetings and precedents on a page.
const SHOWN_MAX: u32 = 200;

/// A meeting to be written down.
#[derive(Clone, Debug)]
pub struct NewMinutes {
    /// Of which place.
    pub area: AreaCode,
    /// On which day.
    pub day: Day,
    /// What it is called.
    pub title: String,
    /// Which offices took part.
    pub offices: String,
    /// How many persons.
    pub attendees: u32,
}

/// An item of it.
#[derive(Clone, Debug)]
pub struct MinutesItem {
    /// About which case; none for a question by itself.
    pub case: Option<CaseNo>,
    /// In which programme.
    pub programme: String,
    /// The circumstances.
    pub circumstances: String,
    /// What was asked.
    pub question: String,
    /// What was settled.
    pub resolution: String,
    /// Whether it departs from the rule, and why.
    pub departs: Option<String>,
    /// On which articles, one a line.
    pub articles: String,
}

/// One meeting on a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConferenceLine {
    /// Its number.
    pub no: i64,
    /// What it is called.
    pub title: String,
    /// When.
    pub day: Day,
    /// Of which place.
    pub place: String,
    /// Which offices took part, and how many persons.
    pub offices: String,
}

/// One item as it may be read again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Precedent {
    /// Its number.
    pub no: i64,
    /// Of which meeting.
    pub conference: i64,
    /// When; empty on the page of the meeting itself.
    pub day: String,
    /// The case, for whoever may see it.
    pub case: Option<i64>,
    /// The programme.
    pub programme: String,
    /// The circumstances.
    pub circumstances: String,
    /// What was asked.
    pub question: String,
    /// What was settled.
    pub resolution: String,
    /// Why it departs from the rule; empty when it does not.
    pub departs: String,
    /// On which articles.
    pub articles: String,
}

/// One meeting with its items.
#[derive(Clone, Debug)]
pub struct Minutes {
    /// The meeting.
    pub line: ConferenceLine,
    /// What it settled.
    pub items: Vec<Precedent>,
    /// Who took part.
    pub members: Vec<MemberLine>,
    /// What it entrusted, and what came of it.
    pub tasks: Vec<TaskLine>,
    /// Whether this person may add to it.
    pub may_add: bool,
}

/// Writes a meeting down; answers its number.
///
/// # Errors
/// No right there, something is not said, or a day that has not come.
pub async fn hold(office: &Office, who: &Acting, new: &NewMinutes) -> Done<i64> {
    let scope = who.scope(Right::CONFERENCE)?;
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    if !scope.contains(&new.area) {
        return Err(CaseError::Forbidden("这个地方不在您的辖区里".to_owned()));
    }
    for text in [&new.title, &new.offices] {
        without_numbers(text)?;
        if text.trim().is_empty() {
            return Err(refused("请写明会议名称和参加的单位"));
        }
    }
    if new.attendees < 2 {
        return Err(refused("联席会议不能只有一个人;请填实际人数"));
    }
    if new.day > office.clock.today() {
        return Err(refused("会议还没有开,不能写纪要"));
    }
    let mut tx = office.begin().await?;
    let at = office.clock.at();
    let kept = NewConference {
        area: new.area,
        day: new.day,
        title: new.title.trim().to_owned(),
        offices: new.offices.trim().to_owned(),
        attendees: new.attendees,
        by: who.login().to_owned(),
    };
    let no = conferences::hold(&mut tx, &at, &kept).await?;
    tx.record(
        Act::new(&at, who.login(), "conference.hold")
            .on("conference", no)
            .because(&kept.title),
    );
    office.end(tx).await?;
    Ok(no)
}

/// Adds an item; answers its number.
///
/// # Errors
/// No right there, no such meeting or case, something is not said, or a name or number of somebody of the case
/// stands in it.
pub async fn add_item(office: &Office, who: &Acting, meeting: i64, new: &MinutesItem) -> Done<i64> {
    let scope = who.scope(Right::CONFERENCE)?;
    let missing = || CaseError::NotFound(format!("没有编号为 {meeting} 的联席会议"));
    let found = conferences::find(&office.store, meeting).await?;
    let found = found.filter(|one| scope.contains(&one.content.area));
    found.ok_or_else(missing)?;
    let refused = |said: String| CaseError::Refused(said);
    let because = new.departs.clone().unwrap_or_default();
    let texts = [
        &new.circumstances,
        &new.question,
        &new.resolution,
        &because,
        &new.articles,
    ];
    for text in texts {
        without_numbers(text)?;
    }
    let said_all = [&new.circumstances, &new.question, &new.resolution];
    if said_all.iter().any(|text| text.trim().is_empty()) {
        return Err(refused("请写明情形、议题和结论".to_owned()));
    }
    if new.departs.is_some() && because.trim().is_empty() {
        return Err(refused("与规定不同的结论,请写明理由".to_owned()));
    }
    let day = office.clock.today();
    if office.rules_on(day).file(&new.programme).is_none() {
        return Err(refused(format!("本地没有救助项目 `{}`", new.programme)));
    }
    if let Some(no) = new.case {
        let case = load(office, who, no).await?;
        no_names(office, &case, &texts).await?;
    }
    let mut tx = office.begin().await?;
    let kept = NewItem {
        conference: meeting,
        case: new.case,
        programme: new.programme.clone(),
        circumstances: new.circumstances.trim().to_owned(),
        question: new.question.trim().to_owned(),
        resolution: new.resolution.trim().to_owned(),
        departs: match new.departs {
            Some(_) => Departs::Yes,
            None => Departs::No,
        },
        because: because.trim().to_owned(),
        articles: new.articles.trim().to_owned(),
    };
    let no = conferences::add_item(&mut tx, &kept).await?;
    tx.record(
        Act::new(&office.clock.at(), who.login(), "conference.settle")
            .on("conference-item", no)
            .because(match new.departs {
                Some(_) => "与规定不同",
                None => "按规定",
            })
            .under(match new.case {
                Some(case) => format!("case:{case}"),
                None => format!("conference:{meeting}"),
            }),
    );
    office.end(tx).await?;
    Ok(no)
}

/// Nobody of the case is named in what others will read. The names are opened for this question alone, and the
/// opening is in the chain.
pub(super) async fn no_names(
    office: &Office,
    case: &super::super::Case,
    texts: &[&String],
) -> Done<()> {
    use store::identity::{self, Field, Grant};
    let content = &case.application.content;
    let mut people: Vec<_> = content.members.iter().map(|(person, _)| *person).collect();
    people.push(content.applicant);
    people.sort_unstable();
    people.dedup();
    let grant = Grant {
        at: office.clock.at(),
        actor: "system".to_owned(),
        purpose: "核对会议纪要里没有姓名".to_owned(),
        authority: format!("case:{}", case.no()),
        channel: "check".to_owned(),
        fields: vec![Field::Name],
    };
    let sealed = identity::sealed(&office.store, &people).await?;
    let opened = identity::reveal(&office.store, &grant, sealed).await?;
    let named = opened.iter().filter_map(|one| one.name.as_deref());
    let mut named = named.filter(|name| !name.trim().is_empty());
    match named.any(|name| texts.iter().any(|text| text.contains(name))) {
        true => {
            let said = "纪要里写了这一家人的姓名;请改成“申请人”“长子”这样的称呼,以后别人要查";
            Err(CaseError::Refused(said.to_owned()))
        }
        false => Ok(()),
    }
}

/// The meetings of somebody's places, newest first.
///
/// # Errors
/// No right, or the record.
pub async fn conferences(office: &Office, who: &Acting) -> Done<Vec<ConferenceLine>> {
    let scope = who.scope(Right::CASE)?;
    let mut out = Vec::new();
    for one in conferences::list(&office.store, None, SHOWN_MAX).await? {
        if scope.touches(&one.content.area) {
            out.push(line(office, &one).await?);
        }
    }
    Ok(out)
}

async fn line(office: &Office, one: &conferences::Conference) -> Done<ConferenceLine> {
    let content = &one.content;
    let today = office.clock.today();
    Ok(ConferenceLine {
        no: one.no,
        title: content.title.clone(),
        day: content.day,
        place: super::super::place_name(office, &content.area, today).await?,
        offices: format!("{},{} 人", content.offices, content.attendees),
    })
}

/// One meeting.
///
/// # Errors
/// No right, no such meeting there, or the record.
pub async fn minutes(office: &Office, who: &Acting, no: i64) -> Done<Minutes> {
    let scope = who.scope(Right::CASE)?;
    let missing = || CaseError::NotFound(format!("没有编号为 {no} 的联席会议"));
    let found = conferences::find(&office.store, no).await?;
    let found = found.filter(|one| scope.touches(&one.content.area));
    let found = found.ok_or_else(missing)?;
    let items = conferences::items(&office.store, no).await?;
    let adds = who.scope(Right::CONFERENCE);
    let mut shown = Vec::new();
    for item in &items {
        shown.push(precedent(office, who, (item, String::new())).await?);
    }
    let (members, tasks) = of_meeting(office, who, no).await?;
    Ok(Minutes {
        line: line(office, &found).await?,
        items: shown,
        members,
        tasks,
        may_add: adds.is_ok_and(|scope| scope.contains(&found.content.area)),
    })
}

/// 先例: what was settled before, by programme and word, wherever it was: it names nobody.
///
/// # Errors
/// No right, or the record.
pub async fn precedents(
    office: &Office,
    who: &Acting,
    (programme, word): (&str, &str),
) -> Done<Vec<Precedent>> {
    who.scope(Right::CASE)?;
    let word = word.trim();
    let found = conferences::search(&office.store, programme, word, SHOWN_MAX).await?;
    let mut out = Vec::new();
    for (item, day, _) in &found {
        out.push(precedent(office, who, (item, day.to_string())).await?);
    }
    Ok(out)
}

pub(super) async fn precedent(
    office: &Office,
    who: &Acting,
    (item, day): (&Item, String),
) -> Done<Precedent> {
    let content = &item.content;
    // The case behind it is told to those alone who may open it.
    let case = match content.case {
        None => None,
        Some(no) => match load(office, who, no).await {
            Ok(_) => Some(no.get()),
            Err(CaseError::Office(error)) => return Err(CaseError::Office(error)),
            Err(_) => None,
        },
    };
    Ok(Precedent {
        no: item.no,
        conference: content.conference,
        day,
        case,
        programme: office.title(&content.programme),
        circumstances: content.circumstances.clone(),
        question: content.question.clone(),
        resolution: content.resolution.clone(),
        departs: content.because.clone(),
        articles: content.articles.clone(),
    })
}

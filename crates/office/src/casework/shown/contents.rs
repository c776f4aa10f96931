//! 案卷目录: everything the file of a case holds, as one list to be read, printed or handed to an archive. It keeps
//! nothing of its own: each line is a record that stands elsewhere.

use super::super::{
    Done, PaperState, afterwards, fields, letters, load, note_look, online, receivers,
};
use crate::access::Acting;
use crate::office::Office;
use domain::CaseNo;
use store::decisions::{self, DecidedAs};
use store::photos::{self, AboutKind, PhotoAbout};
use store::{notices, reviews, visits};

/// 案卷目录.
#[derive(Clone, Debug)]
pub struct Contents {
    /// 办件编号.
    pub no: i64,
    /// The programme.
    pub title: String,
    /// Who applied, masked.
    pub applicant: String,
    /// Where.
    pub place: String,
    /// Where it stands.
    pub stands: String,
    /// What it holds, in the order of a file.
    pub rows: Vec<ContentsLine>,
}

/// One thing in a file.
#[derive(Clone, Debug)]
pub struct ContentsLine {
    /// 材料, 走访, 决定, 文书 …
    pub kind: &'static str,
    /// What it is called.
    pub name: String,
    /// On which day; empty where it has none.
    pub day: String,
    /// How it came or went.
    pub note: String,
}

fn line(kind: &'static str, name: impl Into<String>, day: String, note: String) -> ContentsLine {
    ContentsLine {
        kind,
        name: name.into(),
        day,
        note,
    }
}

/// What the file of a case holds. The look is in the chain first.
///
/// # Errors
/// No right, no such case, a near relative's, or the record.
pub async fn contents(office: &Office, who: &Acting, no: CaseNo) -> Done<Contents> {
    let case = load(office, who, no).await?;
    let on = &office.store;
    note_look(office, who, &case, "").await?;
    let received = case.application.content.received_day.to_string();
    let mut rows = vec![line(
        "申请",
        format!("申请登记 № {}", case.application.no),
        received,
        case.application.content.cause.name().to_owned(),
    )];
    for paper in &case.papers {
        let state = match paper.state {
            PaperState::Given => "已交",
            PaperState::Missing => "缺",
            PaperState::Later => "容缺后补",
        };
        rows.push(line("材料", &paper.name, String::new(), state.to_owned()));
    }
    let about = PhotoAbout::new(AboutKind::Application, case.application.no);
    for photo in photos::of(on, &about).await? {
        let day = crate::desk::minute(&photo.at);
        rows.push(line(
            "照片",
            photo.label,
            day,
            format!("第 {} 份", photo.no),
        ));
    }
    for visit in visits::of_application(on, case.application.no).await? {
        let day = visit.done.map_or_else(String::new, |day| day.to_string());
        let mut note = visit.visitors.join("、");
        if !visit.not_signed.is_empty() {
            note = format!("{note};住户没有签名:{}", visit.not_signed);
        }
        let name = format!("{} № {}", visit.content.step, visit.no);
        rows.push(line("走访", name, day, note));
    }
    for one in notices::opinions(on, no).await? {
        let (day, by) = (one.content.day.to_string(), one.content.by);
        rows.push(line(
            "意见",
            format!("{} № {}", one.content.step, one.no),
            day,
            by,
        ));
    }
    for one in notices::of_case(on, no).await? {
        let (from, last) = (one.content.from, one.content.last);
        let note = format!("公示到 {last}");
        rows.push(line("公示", one.content.document, from.to_string(), note));
    }
    for one in decisions::of_case(on, no).await? {
        let how = match one.content.outcome {
            DecidedAs::Granted => "同意",
            DecidedAs::Refused => "不予确认",
        };
        let name = format!("决定 № {}:{how}", one.no);
        rows.push(line(
            "决定",
            name,
            one.content.day.to_string(),
            one.content.decider,
        ));
        for handed in decisions::deliveries(on, one.no).await? {
            let way = receivers::way_word(handed.way);
            let note = format!("{way}送达,{}", handed.receiver);
            rows.push(line("送达", handed.document, handed.day.to_string(), note));
        }
    }
    for one in reviews::decisions(on, no).await? {
        let name = format!(
            "处理决定 № {}:{}",
            one.no,
            afterwards::kind_name(one.content.kind)
        );
        let note = one.effect.as_ref().map_or_else(String::new, |effect| {
            let way = receivers::way_word(effect.way);
            format!("{} {way}送达", effect.day)
        });
        rows.push(line("决定", name, one.content.day.to_string(), note));
    }
    let own = online::lines(office, on, &case).await?;
    let mut titles = letters::printable(office, on, &case).await?;
    titles.extend(own.iter().map(|one| one.title.clone()));
    let mut known: Vec<String> = Vec::new();
    for title in titles {
        if known.contains(&title) {
            continue;
        }
        let handed = own.iter().find(|one| one.title == title);
        let note = handed.map_or_else(String::new, |one| one.delivered.clone());
        rows.push(line("文书", &title, String::new(), note));
        known.push(title);
    }
    let words = fields::of_case(office, on, &case).await?;
    let word = |name: &str| words.get(name).cloned().unwrap_or_default();
    Ok(Contents {
        no: no.get(),
        title: word("救助项目"),
        applicant: word("申请人姓名"),
        place: crate::casework::place_name(office, &case.standing.area, office.clock.today())
            .await?,
        stands: case.stands(),
        rows,
    })
}

//! The page of what is kept until when, what goes next, what is gone and what is held.

use super::{Term, Terms, material};
use crate::access::{Acting, Right};
use crate::casework::Done;
use crate::desk::minute;
use crate::office::Office;
use domain::{Day, Month};
use std::collections::BTreeMap;
use store::keeping::{self as kept, Hold, Kept};

/// A material: how long it is kept, and what there is of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaterialRow {
    /// Its name in the rulebook.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// Who sent it; empty for what was worked out.
    pub department: String,
    /// For how long: `60 个月`, `长期`, or that nobody says.
    pub term: String,
    /// Whether the rulebook says it.
    pub is_known: bool,
    /// The oldest and the newest month there is.
    pub months: (Month, Month),
    /// How many files.
    pub files: usize,
    /// How many rows in them.
    pub rows: u64,
    /// The first day on which some of it is past its term.
    pub over: Option<Day>,
    /// The day some of it goes, where that was noted.
    pub goes_on: Option<Day>,
    /// Rows that go then or later, as noted.
    pub going: u64,
    /// Whether some of it is held.
    pub is_held: bool,
}

/// What was destroyed of a material and month.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DestroyedRow {
    /// What it is called.
    pub title: String,
    /// The month it told of.
    pub month: Month,
    /// How many files.
    pub files: u64,
    /// How many rows were in them.
    pub rows: u64,
    /// When.
    pub at: String,
}

/// 暂停销毁, as the page shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldRow {
    /// Its number.
    pub no: i64,
    /// Of what.
    pub title: String,
    /// From which month to which.
    pub months: (Month, Month),
    /// Why.
    pub because: String,
    /// When and by whom.
    pub asked: String,
    /// When, by whom and why it was ended; empty while it stands.
    pub ended: String,
    /// Whether this person may end it.
    pub ends: bool,
}

/// 保存期限.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeepingView {
    /// Every material of which something is there.
    pub materials: Vec<MaterialRow>,
    /// What was destroyed, the last first.
    pub destroyed: Vec<DestroyedRow>,
    /// Every hold, newest first.
    pub holds: Vec<HeldRow>,
    /// Days between the noting and the going.
    pub wait: u32,
    /// Whether this person may hold.
    pub may_hold: bool,
    /// What may be held: name in the rulebook and title.
    pub choices: Vec<(String, String)>,
}

/// What is kept until when, what goes next, what is gone and what is held.
///
/// # Errors
/// The right is missing, the rulebook does not say how long, or the record.
pub async fn shown(office: &Office, who: &Acting) -> Done<KeepingView> {
    who.scope(Right::KEEPING)?;
    let terms = Terms::of(office, office.clock.today())?;
    let holds = kept::holds(&office.store).await?;
    let files = kept::files(&office.store).await?;
    let mut of: BTreeMap<&str, Vec<&Kept>> = BTreeMap::new();
    for file in files.iter().filter(|file| !file.is_destroyed) {
        if let Some(material) = material(&file.kind) {
            of.entry(material).or_default().push(file);
        }
    }
    let materials = of
        .iter()
        .filter_map(|(id, files)| row(&terms, &holds, id, files));
    let mut materials: Vec<MaterialRow> = materials.collect();
    // What goes first stands first; what nobody says anything of needs somebody before all.
    materials.sort_by_key(|row| {
        (
            row.is_known,
            row.goes_on.or(row.over).map_or(i32::MAX, Day::epoch_days),
        )
    });
    let mut destroyed = kept::destroyed(&office.store).await?;
    destroyed.sort_by(|one, other| other.at.cmp(&one.at).then(one.month.cmp(&other.month)));
    let destroyed = destroyed.into_iter().map(|one| DestroyedRow {
        title: material(&one.kind).map_or(one.kind.clone(), |id| named(&terms, id, &one.kind)),
        month: one.month,
        files: one.files,
        rows: one.rows,
        at: minute(&one.at),
    });
    let choices = terms.all().map(|id| (id.to_owned(), terms.title(id).0));
    Ok(KeepingView {
        materials,
        destroyed: destroyed.collect(),
        holds: holds.iter().map(|hold| held(&terms, who, hold)).collect(),
        wait: terms.wait,
        may_hold: who.may(Right::KEEPING_HOLD),
        choices: choices.collect(),
    })
}

/// A material's title, with what kind of file it was.
fn named(terms: &Terms, id: &str, kind: &str) -> String {
    let (title, _) = terms.title(id);
    match kind.split_once('-') {
        Some(("link", _)) => format!("{title}:各行是谁的"),
        Some(("gap", _)) => format!("{title}:没有答复的人"),
        _ => title,
    }
}

fn row(terms: &Terms, holds: &[Hold], id: &str, files: &[&Kept]) -> Option<MaterialRow> {
    let term = terms.term(id);
    let (title, department) = terms.title(id);
    let months = files.iter().map(|file| file.month);
    let (oldest, newest) = (months.clone().min()?, months.max()?);
    let rows = |files: &mut dyn Iterator<Item = &&Kept>| files.map(|file| file.rows).sum();
    // Whose a row is stands in a file of its own: counted are the rows that came.
    let own = |file: &&&Kept| !file.kind.starts_with("link-") && !file.kind.starts_with("gap-");
    Some(MaterialRow {
        id: id.to_owned(),
        title,
        department,
        term: match term {
            Term::Months(months) => format!("{months} 个月"),
            Term::Always => "长期".to_owned(),
            Term::Unknown => "手册没有写,不销毁".to_owned(),
        },
        is_known: term != Term::Unknown,
        months: (oldest, newest),
        files: files.len(),
        rows: rows(&mut files.iter().filter(own)),
        over: term.over_from(oldest),
        goes_on: files.iter().filter_map(|file| file.goes_on).min(),
        going: rows(
            &mut files
                .iter()
                .filter(|file| file.goes_on.is_some())
                .filter(own),
        ),
        is_held: files
            .iter()
            .any(|file| holds.iter().any(|hold| hold.keeps(id, file.month))),
    })
}

fn held(terms: &Terms, who: &Acting, hold: &Hold) -> HeldRow {
    let content = &hold.content;
    let ended = hold.ended.as_ref();
    HeldRow {
        no: hold.no,
        title: match content.material.as_str() {
            "" => "所有材料".to_owned(),
            id => terms.title(id).0,
        },
        months: (content.from, content.to),
        because: content.because.clone(),
        asked: format!("{} {}", minute(&hold.at), content.by),
        ended: ended.map_or_else(String::new, |(by, because, at)| {
            format!("{} {by}:{because}", minute(at))
        }),
        ends: ended.is_none() && who.may(Right::KEEPING_END) && content.by != who.login(),
    }
}

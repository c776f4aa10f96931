//! 给谁申请 on the telephone: a programme for one person is for the applicant or for somebody of the register's
//! household who lives with them. Whoever was only typed is not certain, and the window applies for them.

use super::apply::{Form, Pick, StepView};
use super::draft::{Content, SELF};
use super::steps::Subject;
use crate::casework::Done;
use crate::office::Office;
use domain::PersonId;

/// The question.
pub(super) async fn whom(
    office: &Office,
    (content, subject): (&Content, &Subject),
    (programme, title): (&str, &str),
    view: &mut StepView,
) -> Done<()> {
    view.title = format!("《{title}》给谁申请?");
    view.help = match content.members.is_empty() {
        true => "这一项按人给。父母、监护人替孩子申请的,选孩子;可以选几位。",
        false => {
            "这一项按人给。父母、监护人替孩子申请的,选孩子;可以选几位。\
             上一题里自己写上的家人,要先看过证件:给他们申请的,请带证件到窗口办。"
        }
    }
    .to_owned();
    let on = |word: &str| {
        let named = content.whom.get(programme);
        named.is_some_and(|named| named.iter().any(|one| one == word))
    };
    let mut choices = vec![(SELF.to_owned(), "申请人本人".to_owned(), on(SELF))];
    let mut ids = Vec::new();
    for (person, relation) in &subject.others {
        if content.household.contains(&person.get()) {
            ids.push((*person, relation.name()));
        }
    }
    let people: Vec<_> = ids.iter().map(|(person, _)| *person).collect();
    let masked = store::identity::masked(&office.store, &people).await?;
    for (person, relation) in ids {
        let name = masked.get(&person).and_then(|m| m.name.clone());
        let name = name.unwrap_or_else(|| "姓名未登记".to_owned());
        let word = person.to_string();
        let chosen = on(&word);
        choices.push((word, format!("{name}({relation})"), chosen));
    }
    view.picks.push(Pick {
        name: "whom".to_owned(),
        way: "tick",
        choices,
        ..Pick::default()
    });
    Ok(())
}

/// For whom a programme is, in words.
pub(super) async fn named(office: &Office, content: &Content, programme: &str) -> Done<String> {
    let all: Vec<&String> = content.whom.get(programme).into_iter().flatten().collect();
    let ids = all.iter().filter_map(|one| one.parse().ok());
    let ids: Vec<_> = ids.map(PersonId::new).collect();
    let masked = store::identity::masked(&office.store, &ids).await?;
    let name = |m: store::identity::Masked| m.name.unwrap_or_else(|| "姓名未登记".to_owned());
    let mut names: Vec<String> = masked.into_values().map(name).collect();
    names.sort();
    if all.iter().any(|one| *one == SELF) {
        names.insert(0, "申请人本人".to_owned());
    }
    Ok(match names.is_empty() {
        true => "还没有选".to_owned(),
        false => names.join("、"),
    })
}

/// Takes the answer.
pub(super) fn take_whom(
    form: &Form,
    subject: &Subject,
    programme: &str,
    (content, view): (&mut Content, &mut StepView),
) -> bool {
    let theirs = |one: &String| {
        let ticked = |id: i64| content.household.contains(&id);
        let known = |id: i64| subject.others.iter().any(|(person, _)| person.get() == id);
        let id: Option<i64> = one.parse().ok();
        one == SELF || id.is_some_and(|id| ticked(id) && known(id))
    };
    let mut named: Vec<String> = form.all("whom").into_iter().filter(theirs).collect();
    named.dedup();
    if named.is_empty() {
        let said = "请选给谁申请;要给的人不在名单里的,带上证件到窗口办,这一项先回到开头去掉";
        view.slip("whom", said);
        return false;
    }
    content.whom.insert(programme.to_owned(), named);
    true
}

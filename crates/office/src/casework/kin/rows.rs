//! Rows of kin elsewhere in an application: each somebody who lives elsewhere, and whose they are where it is applied for
//! several.

use super::super::people::{self, KnownBy, Line, Wrong};
use super::super::{Done, Writing};
use super::{Named, askable, name_in, refused, relations, who_is};
use crate::access::Acting;
use crate::office::Office;
use domain::{CaseNo, IdNumber, PersonId};
use std::collections::{BTreeMap, BTreeSet};
use store::Reads;
use store::cases::{NewCase, Subject};
use store::identity;

/// The column that says whose kin somebody is.
const WHOSE: &str = "谁的亲属";
/// Its place without headers, from 0.
const WHOSE_AT: usize = 4;
/// Between several in it.
const AND: char = '、';
/// Why somebody an application names has no number: they are asked for more later.
const NOT_TOLD: &str = "申请时说不出号码";

/// Somebody typed on the same form: the row, the name as it was typed, and who they are in the record.
pub(crate) type Typed = (usize, String, PersonId);

/// A row.
pub(crate) struct KinRow {
    /// Who, and what they are to whom it is applied for.
    pub line: Line,
    /// Whose they are, by name or number; empty where the row says nothing of it.
    pub whose: Vec<String>,
}

/// Rows of an application: 姓名, 身份证号, 关系, 出生日期 for whoever has no number, and whose they are; the relation is to
/// whom it is applied for.
pub(crate) fn pasted(office: &Office, text: &str) -> Result<Vec<KinRow>, Vec<Wrong>> {
    let today = office.clock.today();
    let words = relations(&office.rules_on(today));
    let (lines, mut wrong) = people::pasted(&office.book, text, today);
    for line in &lines {
        if !words.iter().any(|word| word == line.relation.name()) {
            wrong.push(Wrong {
                row: line.row,
                column: "关系",
                said: format!("户外亲属填 {} 中的一种", words.join("、")),
            });
        }
    }
    if !wrong.is_empty() {
        return Err(wrong);
    }
    let mut whose = whose(text);
    let row = |line: Line| KinRow {
        whose: whose.remove(&line.row).unwrap_or_default(),
        line,
    };
    Ok(lines.into_iter().map(row).collect())
}

/// What the rows say of whose they are, by number of the row.
fn whose(text: &str) -> BTreeMap<usize, Vec<String>> {
    let filled = text.lines().filter(|line| !line.trim().is_empty());
    let cells = filled.map(|line| line.split(['\t', ',', ',']).map(str::trim));
    let cells: Vec<Vec<&str>> = cells.map(Iterator::collect).collect();
    let headed = cells
        .first()
        .filter(|first| people::headers(first).is_some());
    let at = match headed {
        Some(headers) => headers.iter().position(|cell| *cell == WHOSE),
        None => Some(WHOSE_AT),
    };
    let said = |cells: &Vec<&str>| {
        let cell = at.and_then(|at| cells.get(at).copied()).unwrap_or_default();
        let each = cell.split(AND).map(str::trim).filter(|one| !one.is_empty());
        each.map(str::to_owned).collect()
    };
    (1..).zip(cells.iter().map(said)).collect()
}

/// Names the rows of an application as kin of whom its cases for one person are about, where the rules read anything
/// of them. Each row is one person, in however many cases; whose they are is read by the names typed on the form.
pub(crate) async fn name_all(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    (cases, members): (&[CaseNo], &[PersonId]),
    (rows, typed): (&[KinRow], &[Typed]),
) -> Done<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let mut open: Vec<(CaseNo, PersonId, NewCase)> = Vec::new();
    for no in cases {
        let Some(case) = store::cases::find(tx, *no).await? else {
            continue;
        };
        if let Subject::Person(member) = case.content.subject
            && !askable(office, &case.content).1.is_empty()
        {
            open.push((*no, member, case.content));
        }
    }
    let subjects: BTreeSet<PersonId> = open.iter().map(|(_, member, _)| *member).collect();
    if subjects.is_empty() {
        return Err(refused(
            "申请的项目不看户外亲属的情况,不住在一起的父母、配偶、子女不用写",
        ));
    }
    for row in rows {
        let theirs = subjects_of(office, tx, &subjects, row, typed).await?;
        let line = &row.line;
        let person = who_is(office, tx, who, line).await?;
        for (no, member, content) in open.iter().filter(|(_, one, _)| theirs.contains(one)) {
            let named = Named {
                member: *member,
                relation: line.relation.name(),
                because: match line.known_by {
                    KnownBy::Number(_) => "",
                    KnownBy::Birth(_) => NOT_TOLD,
                },
            };
            named.may_be(office, content, line.known_by)?;
            name_in(office, tx, who, (*no, person), members, &named).await?;
        }
    }
    Ok(())
}

/// Of whom a row says it is, by name or number; of several it must say so.
async fn subjects_of(
    office: &Office,
    on: &impl Reads,
    subjects: &BTreeSet<PersonId>,
    row: &KinRow,
    typed: &[Typed],
) -> Done<BTreeSet<PersonId>> {
    let said = &row.whose;
    if said.is_empty() && subjects.len() == 1 {
        return Ok(subjects.clone());
    }
    if said.is_empty() {
        return Err(refused(format!(
            "替几个人申请的,要写明户外亲属是谁的:窗口收件的在每行最后一列“{WHOSE}”写他的姓名或者身份证号,几个人的用、隔开;\
             网上写的请在各办件的“户外亲属”里登记,这里写明不并入的理由"
        )));
    }
    let ids: Vec<PersonId> = subjects.iter().copied().collect();
    let masks = masks(on, &ids).await?;
    let mut out = BTreeSet::new();
    for word in said {
        let found: Vec<PersonId> = match IdNumber::parse(word, office.clock.today()) {
            Ok(parsed) => {
                let found = people::by_number(on, &[parsed.number]).await?;
                let theirs = |person: &PersonId| found.values().any(|found| found == person);
                ids.iter().copied().filter(theirs).collect()
            }
            Err(_) => called(word, &masks, typed),
        };
        out.insert(only(&found, row.line.row)?);
    }
    Ok(out)
}

/// Those it is applied for, each with as much of the name as anybody may see.
async fn masks(on: &impl Reads, ids: &[PersonId]) -> Done<Vec<(PersonId, String)>> {
    let mut masked = identity::masked(on, ids).await?;
    let mut out = Vec::new();
    for person in ids {
        let known = masked.remove(person).and_then(|masked| masked.name);
        out.push((*person, known.unwrap_or_default()));
    }
    Ok(out)
}

/// Whom a name means: whoever was typed by just that name; where nobody was, those nobody typed here whose masked
/// name fits, since of them no more is known.
fn called(word: &str, masks: &[(PersonId, String)], typed: &[Typed]) -> Vec<PersonId> {
    let named = |person: PersonId| {
        let mut own = typed.iter().filter(move |(.., of)| *of == person);
        own.any(|(_, name, _)| name.trim() == word)
    };
    let ids = masks.iter().map(|(person, _)| *person);
    let exact: Vec<PersonId> = ids.filter(|person| named(*person)).collect();
    if !exact.is_empty() {
        return exact;
    }
    let mask = identity::mask_name(word);
    let here = |person: PersonId| typed.iter().any(|(.., of)| *of == person);
    let fits = masks
        .iter()
        .filter(|(person, known)| !here(*person) && *known == mask);
    fits.map(|(person, _)| *person).collect()
}

/// The one that was found; of nobody or of several the row is told, and what to write.
fn only(found: &[PersonId], row: usize) -> Done<PersonId> {
    match found {
        [one] => Ok(*one),
        [] => Err(refused(format!(
            "户外亲属第 {row} 行:“{WHOSE}”写的不是这份申请替他申请、要看户外亲属的人;\
             请写被申请救助的人的姓名(在这张表上写了的,要一字不差)或者身份证号"
        ))),
        _ => Err(refused(format!(
            "户外亲属第 {row} 行:“{WHOSE}”写的姓名分不出是哪一位,请写身份证号"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::{called, only, whose};
    use domain::PersonId;

    #[test]
    fn a_row_says_whose_it_is_in_the_fifth_column_or_the_one_of_that_name() {
        let said = |text: &str| whose(text).into_iter().collect::<Vec<_>>();
        let both = vec!["甲".to_owned(), "乙".to_owned()];
        assert_eq!(said("丙,无,父母,不详,甲、 乙"), [(1, both.clone())]);
        assert_eq!(said("丙,无,父母,不详"), [(1, Vec::new())]);
        for number in ["身份证号", "证件号码"] {
            let headed = format!("姓名,谁的亲属,{number},关系\n\n丙,甲、乙,无,父母");
            assert_eq!(said(&headed).last(), Some(&(2, both.clone())), "{number}");
        }
    }

    /// Who is meant by a name, where 1 and 2 were typed and 3, 4 and 5 are known by their masked names only.
    fn check(word: &str, expected: &str) {
        let person = PersonId::new;
        let typed = [
            (1, "李强".to_owned(), person(1)),
            (2, "李明".to_owned(), person(2)),
        ];
        let masks = [(1, "李*"), (2, "李*"), (3, "王*"), (4, "赵*"), (5, "赵*")];
        let masks = masks.map(|(id, mask)| (person(id), mask.to_owned()));
        let told = match only(&called(word, &masks, &typed), 7) {
            Ok(one) => format!("是 {one}"),
            Err(why) => why.to_string(),
        };
        assert!(told.contains(expected) && !told.contains(word), "{told}");
    }

    #[test]
    fn typed_siblings_are_told_apart_by_their_whole_names_and_a_mask_is_asked_only_of_others() {
        check("李强", "是 1");
        check("李明", "是 2");
        check("李想", "第 7 行:“谁的亲属”写的不是");
        check("王芳", "是 3");
        check("赵云", "第 7 行:“谁的亲属”写的姓名分不出是哪一位");
        check("周七", "一字不差");
    }
}

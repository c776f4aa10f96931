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
        .filter(|first| first.contains(&people::NUMBER));
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
/// of them. Each row is one person, in however many cases.
pub(crate) async fn name_all(
    office: &Office,
    tx: &mut Writing,
    who: &Acting,
    (cases, members): (&[CaseNo], &[PersonId]),
    rows: &[KinRow],
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
        let theirs = subjects_of(office, tx, &subjects, &row.whose).await?;
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
    said: &[String],
) -> Done<BTreeSet<PersonId>> {
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
    let names = identity::masked(on, &ids).await?;
    let mut out = BTreeSet::new();
    for word in said {
        let of_number = match IdNumber::parse(word, office.clock.today()) {
            Ok(parsed) => Some(people::by_number(on, &[parsed.number]).await?),
            Err(_) => None,
        };
        let is_it = |person: &PersonId| match &of_number {
            Some(found) => found.values().any(|found| found == person),
            None => names
                .get(person)
                .and_then(|masked| masked.name.as_deref())
                .is_some_and(|name| name == identity::mask_name(word)),
        };
        let mut found = ids.iter().copied().filter(is_it);
        match (found.next(), found.next()) {
            (Some(one), None) => out.insert(one),
            (Some(_), Some(_)) => {
                let said = format!("“{WHOSE}”写的姓名分不出是哪一位,请写身份证号");
                return Err(refused(said));
            }
            (None, _) => {
                let said = format!(
                    "“{WHOSE}”要写被申请救助的人的姓名或者身份证号;这份申请没有替这一位申请要看户外亲属的项目"
                );
                return Err(refused(said));
            }
        };
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::whose;

    #[test]
    fn a_row_says_whose_it_is_in_the_fifth_column_or_the_one_of_that_name() {
        let said = |text: &str| whose(text).into_iter().collect::<Vec<_>>();
        let both = vec!["甲".to_owned(), "乙".to_owned()];
        assert_eq!(said("丙,无,父母,不详,甲、 乙"), [(1, both.clone())]);
        assert_eq!(said("丙,无,父母,不详"), [(1, Vec::new())]);
        let headed = "姓名,谁的亲属,身份证号,关系\n\n丙,甲、乙,无,父母";
        assert_eq!(said(headed).last(), Some(&(2, both)));
    }
}

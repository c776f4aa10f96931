//! 体检: looks for what the rules of the database should have made impossible, and for current
//! states that are not what their history leads to. Repairs nothing.

use crate::error::Result;
use crate::open::Store;
use crate::sql::{Sql, statements};
use crate::tx::Reads;
use crate::value::count;

/// Persons whose current field is not what the newest change made it.
macro_rules! differs {
    ($column:literal) => {
        concat!(
            "select count(*) from person p join person_change c on c.person_id = p.person_id
             where c.field = '",
            $column,
            "' and c.became is distinct from p.",
            $column,
            "
               and c.change_no = (select max(d.change_no) from person_change d
                   where d.person_id = c.person_id and d.field = c.field)"
        )
    };
}

statements! {
    OVERLAPS = "select count(*) from membership a join membership b
        on a.person_id = b.person_id and a.membership_id < b.membership_id
        where (b.to_day is null or a.from_day < b.to_day)
          and (a.to_day is null or b.from_day < a.to_day)";
    UNBALANCED = "select count(*) from feed_batch
        where state <> 'staged' and received <> applied + unchanged + refused + doubtful";
    OUTSIDE_LIFE = "select count(*) from membership m join person p on p.person_id = m.person_id
        where m.from_day < p.birth or m.from_day > p.death";
    SEX = differs!("sex");
    BIRTH = differs!("birth");
    DEATH = differs!("death");
    AREA = differs!("area");
    REGISTERED_AREA = differs!("registered_area");
    URBAN_RURAL = differs!("urban_rural");
    STATUS = differs!("status");
    WARNINGS = "select count(*) from warning w where (w.state = 'closed') <>
        (exists (select 1 from warning_event e
            where e.warning_id = w.warning_id and e.event = 'closed'))";
    TASKS = "select count(*) from task t where (t.state <> 'open') <>
        (exists (select 1 from task_event e
            where e.task_id = t.task_id and e.event in ('done', 'cancelled')))";
    WITHOUT_IDENTITY = "select count(*) from person p
        where not exists (select 1 from identity i where i.person_id = p.person_id)";
}

const QUESTIONS: [(Sql, &str); 13] = [
    (OVERLAPS, "同一人员的家庭成员期间重叠"),
    (UNBALANCED, "报送批次的行数不平"),
    (OUTSIDE_LIFE, "成员期间早于出生或晚于死亡"),
    (SEX, "人员性别与变更记录不符"),
    (BIRTH, "人员出生日期与变更记录不符"),
    (DEATH, "人员死亡日期与变更记录不符"),
    (AREA, "人员居住地区与变更记录不符"),
    (REGISTERED_AREA, "人员户籍地区与变更记录不符"),
    (URBAN_RURAL, "人员城乡与变更记录不符"),
    (STATUS, "人员登记状态与变更记录不符"),
    (WARNINGS, "预警状态与处置记录不符"),
    (TASKS, "任务状态与办理记录不符"),
    (WITHOUT_IDENTITY, "人员没有身份信息"),
];

/// Something the record should not contain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was found, in an official's words.
    pub what: String,
    /// How often.
    pub count: u64,
}

/// Examines the record; an empty answer means nothing was found. The chain is verified apart, by
/// [`crate::audit::verify`].
pub async fn examine(store: &Store) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for what in store.examine_file().await? {
        findings.push(Finding { what, count: 1 });
    }
    for (question, what) in QUESTIONS {
        let rows = store.rows(question, vec![]).await?;
        let count = rows.first().map_or(Ok(0), |row| row.int(0).map(count))?;
        if count > 0 {
            findings.push(Finding {
                what: what.to_owned(),
                count,
            });
        }
    }
    Ok(findings)
}

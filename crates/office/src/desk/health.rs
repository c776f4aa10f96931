//! 系统状况: what a look at the record, the chain and the rulebook finds.

use super::paging::grouped;
use super::{Desk, Told};
use crate::access::AccessBook;
use crate::space::{self, Room};
use crate::views::{HealthCheck, HealthView, Tone};
use store::Backend;

pub(super) async fn view(desk: &Desk) -> Told<HealthView> {
    let store = &desk.office.store;
    let mut checks = vec![chain(desk).await?];
    let kept = match store.backend() {
        Backend::Sqlite => "SQLite,在数据文件夹里",
        Backend::Postgres => "PostgreSQL",
    };
    checks.push(check("数据库", Tone::Good, kept.to_owned(), None));
    let findings = store::doctor::examine(store).await?;
    if findings.is_empty() {
        checks.push(check(
            "记录检查",
            Tone::Good,
            "没有发现不该有的内容".to_owned(),
            None,
        ));
    }
    for finding in findings {
        let found = format!("{} 处", grouped(finding.count));
        checks.push(check(
            &finding.what,
            Tone::Urgent,
            found,
            Some("请管理员运行 doudi doctor 查看"),
        ));
    }
    checks.push(backup(desk).await?);
    checks.extend(space(desk));
    checks.push(lake(desk).await?);
    let cases = &desk.tried().await?.cases;
    let failed = cases.iter().filter(|c| !c.passed()).count();
    let all = grouped(super::paging::count(cases.len()));
    checks.push(if failed == 0 {
        check(
            "规则案例",
            Tone::Good,
            format!("{all} 个案例全部通过"),
            None,
        )
    } else {
        check(
            "规则案例",
            Tone::Notice,
            format!("{all} 个案例里有 {failed} 个不符"),
            Some("请在规则手册里查看标 ✗ 的案例"),
        )
    });
    checks.push(calendar(desk));
    if let Some(missing) = desk.missing() {
        let advice = Some(missing.advice.as_str());
        checks.push(check("手册缺项", Tone::Notice, missing.found, advice));
    }
    Ok(HealthView {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        rulebook: desk.rulebook.clone(),
        checks,
    })
}

fn check(name: &str, tone: Tone, found: String, advice: Option<&str>) -> HealthCheck {
    HealthCheck {
        name: name.to_owned(),
        tone,
        found,
        advice: advice.map(str::to_owned),
    }
}

async fn chain(desk: &Desk) -> Told<HealthCheck> {
    let verdict = crate::audit::verify(&desk.office).await?;
    let entries = grouped(verdict.entries);
    Ok(match verdict.breaks.first() {
        None => check("审计链", Tone::Good, format!("{entries} 条,首尾相接"), None),
        Some(first) => {
            let found = format!(
                "{entries} 条,第 {} 条起不相接:{}",
                first.seq,
                first.kind.name()
            );
            check(
                "审计链",
                Tone::Urgent,
                found,
                Some("请保护现场,不要再写入,立即告诉管理员"),
            )
        }
    })
}

/// How old the newest copy is that was written down.
async fn backup(desk: &Desk) -> Told<HealthCheck> {
    const DAY: i64 = 86_400;
    let office = &desk.office;
    let book = AccessBook::read_signed(office.book(), &office.locality);
    let days = book.map_or(0, |book| book.settings().backup_days);
    let advice = match office.store.backend() {
        Backend::Sqlite => "请运行 doudi backup 目标文件夹,密钥另外保管",
        Backend::Postgres => {
            "请运行 doudi backup 目标文件夹,照写出来的步骤用 pg_dump 备份,再加 --confirm 登记"
        }
    };
    Ok(match crate::backup::newest(office, &office.store).await? {
        None => check(
            "备份",
            Tone::Notice,
            "还没有登记过备份".to_owned(),
            Some(advice),
        ),
        Some(newest) => {
            let found = format!("最近一次在{}({})", newest.ago(), newest.at);
            match newest.seconds > days.saturating_mul(DAY) {
                false => check("备份", Tone::Good, found, None),
                true => {
                    let found = format!("{found},超过 {days} 天");
                    check("备份", Tone::Notice, found, Some(advice))
                }
            }
        }
    })
}

/// How much room is left for all this.
fn space(desk: &Desk) -> Option<HealthCheck> {
    let found = space::of(&desk.office)?;
    let (tone, advice) = match found.room {
        Room::Enough => (Tone::Good, None),
        Room::Little => (Tone::Notice, Some(space::ADVICE)),
        Room::Full => (Tone::Urgent, Some(space::ADVICE)),
    };
    Some(check(space::NAME, tone, found.said, advice))
}

async fn lake(desk: &Desk) -> Told<HealthCheck> {
    let files = store::manifest::list_all(&desk.office.store).await?;
    let root = desk.office.lake.root();
    let missing = files
        .iter()
        .filter(|f| !root.join(&f.path).is_file())
        .count();
    let all = grouped(super::paging::count(files.len()));
    Ok(if missing == 0 {
        check("数据湖", Tone::Good, format!("{all} 个文件都在"), None)
    } else {
        check(
            "数据湖",
            Tone::Urgent,
            format!("{all} 个文件里缺 {missing} 个"),
            Some("请从备份恢复数据文件夹"),
        )
    })
}

/// Whether deadlines of the next year can be told.
fn calendar(desk: &Desk) -> HealthCheck {
    let next = desk.office.clock.today().year().saturating_add(1);
    let path = format!("calendars/{next}.csv");
    if desk.office.book.texts().contains_key(&path) {
        return check(
            "工作日历",
            Tone::Good,
            format!("有 {next} 年的放假安排"),
            None,
        );
    }
    let advice = format!("国务院办公厅公布后,在 /admin/calendar 导入 {next} 年");
    check(
        "工作日历",
        Tone::Notice,
        format!("没有 {next} 年的放假安排"),
        Some(&advice),
    )
}

//! 试算: the form of the page, and what it asks of the office's own trial; nothing is kept but the
//! last answers, so that a workbook or a printed sheet need not be worked out again.

use super::paging::choice;
use super::{Desk, Told, trial};
use crate::access::{Acting, Right};
use crate::error::OfficeError;
use crate::rulebook::{self, ChangeError};
use crate::simulate::setting::{Listed, numbers};
use crate::simulate::{self, Ask, AxisAsk, Cap, Report, Scenario};
use crate::views::{Choice, Download, ParameterChoice, ViewError, WhatIf, WhatIfAsk};
use domain::{Day, Month};
use engine::simulate::Roll;
use rules::plan::FileKind;
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

/// How many answers are held.
const ANSWERS_HELD: usize = 4;
/// How many months are tried beside the one chosen, the newest first.
const MONTHS_TRIED: usize = 12;
/// How many households may be looked at one by one.
const CURVES_SHOWN: usize = 6;

/// The last answers, at hand while another trial runs; and one trial at a time.
#[derive(Default)]
pub(super) struct Trials {
    held: Mutex<VecDeque<(WhatIfAsk, i64, Arc<Report>)>>,
    running: tokio::sync::Mutex<()>,
}

impl Trials {
    /// The answer to what is asked of a batch, from those at hand or worked out by its turn.
    async fn answer(
        &self,
        (ask, batch): (&WhatIfAsk, i64),
        trial: impl Future<Output = Told<Report>>,
    ) -> Told<Arc<Report>> {
        if let Some(report) = self.at_hand(ask, batch) {
            return Ok(report);
        }
        let _turn = self.running.lock().await;
        // Whoever was before may have asked the same.
        if let Some(report) = self.at_hand(ask, batch) {
            return Ok(report);
        }
        let report = Arc::new(trial.await?);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.push_front((ask.clone(), batch, Arc::clone(&report)));
        held.truncate(ANSWERS_HELD);
        Ok(report)
    }

    fn at_hand(&self, ask: &WhatIfAsk, batch: i64) -> Option<Arc<Report>> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held = held.iter();
        let found = held.find(|(asked, of, _)| asked == ask && *of == batch);
        found.map(|(.., report)| Arc::clone(report))
    }
}

pub(super) async fn whatif(desk: &Desk, who: &Acting, ask: Option<WhatIfAsk>) -> Told<WhatIf> {
    let months = desk.month_list().await?;
    let newest = months.first().copied();
    let chosen = ask
        .as_ref()
        .and_then(|a| Month::parse(&a.month).ok())
        .filter(|m| months.contains(m));
    let month = chosen.or(newest).ok_or_else(|| {
        ViewError::NotAnswerable("还没有任何月份的户籍登记来文,不能试算".to_owned())
    })?;
    let program = desk.office.program_of(month);
    let paying = program
        .files
        .iter()
        .filter(|f| f.kind == FileKind::Policy && !f.benefits.is_empty());
    let mut view = WhatIf {
        parameters: parameters(desk, month.first()),
        months: months
            .iter()
            .map(|m| choice(m.to_string(), m.to_string()))
            .collect(),
        programmes: paying.map(|f| choice(&f.id, &f.title)).collect(),
        versions: versions(desk, who).await?,
        ask: ask.clone(),
        problems: Vec::new(),
        result: None,
    };
    let Some(ask) = ask else { return Ok(view) };
    if chosen.is_none() {
        view.problems
            .push(format!("“月份” `{}` 没有数据,请重新选择", ask.month));
        return Ok(view);
    }
    match report((desk, who), &ask, month).await? {
        Ok(report) => view.result = Some(trial::result(desk, who, &report, month).await?),
        Err(problems) => view.problems = problems,
    }
    Ok(view)
}

/// The whole report as a workbook.
pub(super) async fn workbook(desk: &Desk, who: &Acting, ask: WhatIfAsk) -> Told<Download> {
    asks(&ask)?;
    let month = desk.chosen(Some(&ask.month)).await?;
    let report = report((desk, who), &ask, month).await?;
    let report = report.map_err(|problems| ViewError::NotAnswerable(problems.join(";")))?;
    let written = tokio::task::spawn_blocking(move || simulate::workbook(&report)).await;
    let bytes = written.map_err(|e| ViewError::Failed(e.to_string()))??;
    Ok(Download {
        file_name: format!("试算-{month}.xlsx"),
        bytes,
    })
}

/// What the page shows as PDF, naming nobody.
pub(super) async fn pdf(desk: &Desk, who: &Acting, ask: WhatIfAsk) -> Told<Download> {
    asks(&ask)?;
    let month = desk.chosen(Some(&ask.month)).await?;
    let report = report((desk, who), &ask, month).await?;
    let report = report.map_err(|problems| ViewError::NotAnswerable(problems.join(";")))?;
    let shown = trial::without_names(&report).await?;
    let written = tokio::task::spawn_blocking(move || super::trial_pdf(&shown)).await;
    let bytes = written.map_err(|e| ViewError::Failed(e.to_string()))??;
    Ok(Download {
        file_name: format!("试算-{month}.pdf"),
        bytes,
    })
}

/// Refuses to write a file of nothing.
fn asks(ask: &WhatIfAsk) -> Told<()> {
    if ask.changes.is_empty() && ask.version.is_empty() {
        let said = "没有写要试什么;请在试算页填好一个参数和新的数,算过以后再导出";
        return Err(ViewError::NotAnswerable(said.to_owned()));
    }
    Ok(())
}

/// The trial's report, from those at hand or worked out; or what is wrong with what was asked.
async fn report(
    (desk, who): (&Desk, &Acting),
    ask: &WhatIfAsk,
    month: Month,
) -> Told<Result<Arc<Report>, Vec<String>>> {
    let mut wanted = match understood(ask, month) {
        Ok(wanted) => wanted,
        Err(problems) => return Ok(Err(problems)),
    };
    match proposed((desk, who), &ask.version).await? {
        Ok(version) => wanted.scenarios.extend(version),
        Err(problems) => return Ok(Err(problems)),
    }
    let plan = match simulate::prepare(&desk.office, &wanted) {
        Ok(plan) => plan,
        Err(OfficeError::NotFound(said)) => return Ok(Err(vec![said])),
        Err(error) => return Err(error.into()),
    };
    // Asked for before the month is read: an answer is never held for a newer batch than its own.
    let batch = desk.newest_batch().await?;
    let run = tried(desk, (ask, &wanted), plan);
    desk.trials.answer((ask, batch), run).await.map(Ok)
}

/// The trial itself, with the months beside it where they are asked for.
async fn tried(
    desk: &Desk,
    (ask, wanted): (&WhatIfAsk, &Ask),
    plan: simulate::Plan,
) -> Told<Report> {
    let judgement = desk.judgement(wanted.month).await?;
    let data = Arc::clone(&judgement.data);
    let mut report = simulate::run(&desk.office, &data, plan, wanted, |_| {}).await?;
    if ask.every_month {
        let all = desk.month_list().await?;
        let months = all.get(..MONTHS_TRIED).unwrap_or(&all);
        report.months = simulate::by_month(&desk.office, (wanted, &report), months, |_| {}).await?;
    }
    Ok(report)
}

/// The versions somebody may see who may see the rules.
async fn versions(desk: &Desk, who: &Acting) -> Told<Vec<Choice>> {
    if !who.may(Right::RULEBOOK) {
        return Ok(Vec::new());
    }
    let open = rulebook::open_versions(&desk.office).await?.into_iter();
    let choices = open.map(|(no, why)| choice(no.to_string(), format!("第 {no} 版:{why}")));
    Ok(choices.collect())
}

/// A proposed version as a scenario of its own; none where none is asked for.
async fn proposed(
    (desk, who): (&Desk, &Acting),
    version: &str,
) -> Told<Result<Option<Scenario>, Vec<String>>> {
    if version.is_empty() {
        return Ok(Ok(None));
    }
    if !who.may(Right::RULEBOOK) {
        let said = "您看不到还没有签的规则改动,不能试;请让能看规则的人来试";
        return Ok(Err(vec![said.to_owned()]));
    }
    let Ok(no) = version.parse() else {
        return Ok(Err(vec![format!(
            "“还没有签的改动” `{version}` 不是版本的编号;请从清单里选"
        )]));
    };
    Ok(match rulebook::otherwise(&desk.office, no).await {
        Ok(rules) => Ok(Some(Scenario {
            name: format!("第 {no} 版"),
            rules,
            ..Scenario::default()
        })),
        Err(ChangeError::Office(error)) => return Err(error.into()),
        Err(why) => Err(vec![why.to_string()]),
    })
}

/// What the form asks, as the trial takes it.
fn understood(ask: &WhatIfAsk, month: Month) -> Result<Ask, Vec<String>> {
    let mut problems = Vec::new();
    let mut scenarios: BTreeMap<u32, Scenario> = BTreeMap::new();
    for change in &ask.changes {
        let (parameter, value) = (change.parameter.trim(), change.value.trim());
        // The form's first line has a parameter in it, whether or not a number is meant.
        if value.is_empty() && !ask.version.is_empty() {
            continue;
        }
        if value.is_empty() {
            problems.push("“改为” 没有填;写一个数,如 850,或者一个选项,如 分档".to_owned());
            continue;
        }
        if parameter.is_empty() {
            problems.push("“参数” 请在清单里选择一个".to_owned());
            continue;
        }
        let (place, name) = match change.scenario.trim() {
            "二" => (2, "方案二"),
            "三" => (3, "方案三"),
            _ => (1, "方案一"),
        };
        let scenario = scenarios.entry(place).or_insert_with(|| Scenario {
            name: name.to_owned(),
            ..Scenario::default()
        });
        scenario.settings.push(format!("{parameter}={value}"));
    }
    let cap = cap(ask).unwrap_or_else(|said| {
        problems.push(said);
        None
    });
    let chosen = chosen(&ask.households).unwrap_or_else(|said| {
        problems.push(said);
        Vec::new()
    });
    if !problems.is_empty() {
        return Err(problems);
    }
    let line = ask.line.trim();
    Ok(Ask {
        month,
        scenarios: scenarios.into_values().collect(),
        cap,
        line: (!line.is_empty()).then(|| line.to_owned()),
        by: Vec::new(),
        roll: if ask.keep_roll {
            Roll::AsItIs
        } else {
            Roll::Follows
        },
        axis: Some(AxisAsk {
            chosen,
            ..AxisAsk::default()
        }),
    })
}

fn cap(ask: &WhatIfAsk) -> Result<Option<Cap>, String> {
    let money = ask.cap.trim();
    if money.is_empty() {
        return Ok(None);
    }
    let programme = ask.cap_for.trim();
    let text = if programme.is_empty() {
        money.to_owned()
    } else {
        format!("{programme}={money}")
    };
    Cap::parse(&text).map(Some)
}

/// Ids of household files, however they are parted.
fn chosen(text: &str) -> Result<Vec<i64>, String> {
    let words = text
        .split(|c: char| c.is_whitespace() || [',', '，', '、', ';', '；'].contains(&c))
        .filter(|w| !w.is_empty());
    let mut out: Vec<i64> = Vec::new();
    for word in words {
        let id = word.parse().map_err(|_| {
            format!("“家庭” `{word}` 不是家庭档案的编号;编号在档案的地址里,如 /households/42 的 42")
        })?;
        if !out.contains(&id) {
            out.push(id);
        }
    }
    if out.len() > CURVES_SHOWN {
        return Err(format!("“家庭” 一次最多看 {CURVES_SHOWN} 户"));
    }
    Ok(out)
}

/// The place's numbers on a day; rows that say one number for several files are one choice.
fn parameters(desk: &Desk, day: Day) -> Vec<ParameterChoice> {
    let mut out: Vec<ParameterChoice> = Vec::new();
    for one in numbers(&desk.office.book, &desk.office.locality, day) {
        let shown = shown(&one);
        if !out.iter().any(|p| p.id == shown.id && p.now == shown.now) {
            out.push(shown);
        }
    }
    // Two files that state different numbers by one name are told apart by the file.
    let ids: Vec<String> = out.iter().map(|p| p.id.clone()).collect();
    out.retain(|p| ids.iter().filter(|id| **id == p.id).count() == 1);
    out
}

fn shown(one: &Listed) -> ParameterChoice {
    let keys = one.written();
    let suffix = if keys.is_empty() {
        String::new()
    } else {
        format!("@{keys}")
    };
    let since = one.from.map_or(String::new(), |d| format!("{d} 起 · "));
    let of = if one.keys.is_empty() {
        String::new()
    } else {
        format!(" · {}", one.keys.join(" · "))
    };
    ParameterChoice {
        id: format!("{}{suffix}", one.number.name),
        title: format!("{}{of}", one.number.name),
        now: format!("{} {}", one.number.value, one.number.unit)
            .trim()
            .to_owned(),
        source: format!("{since}{}", one.source),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn ask(changes: &[(&str, &str, &str)], households: &str) -> WhatIfAsk {
        let change =
            |(parameter, value, scenario): &(&str, &str, &str)| crate::views::WhatIfChange {
                parameter: (*parameter).to_owned(),
                value: (*value).to_owned(),
                scenario: (*scenario).to_owned(),
            };
        WhatIfAsk {
            changes: changes.iter().map(change).collect(),
            households: households.to_owned(),
            ..WhatIfAsk::default()
        }
    }

    fn check(ask: &WhatIfAsk, expected: &str) {
        let month = Month::new(2026, 8).unwrap_or_else(|| Month::containing(Day::default()));
        let told = match understood(ask, month) {
            Ok(wanted) => wanted
                .scenarios
                .iter()
                .map(|s| format!("{}:{}", s.name, s.settings.join(" ")))
                .chain(wanted.axis.map(|a| format!("{:?}", a.chosen)))
                .collect::<Vec<_>>()
                .join(" "),
            Err(problems) => problems.join(" "),
        };
        assert_eq!(told, expected);
    }

    #[test]
    fn changes_of_one_scenario_are_tried_together_and_of_others_beside() {
        check(
            &ask(
                &[("甲", "1", "一"), ("乙", "2", "二"), ("丙", "3", "一")],
                "42、7",
            ),
            "方案一:甲=1 丙=3 方案二:乙=2 [42, 7]",
        );
    }

    #[test]
    fn what_is_left_out_or_no_number_of_a_file_is_told_by_its_field() {
        check(
            &ask(&[("甲", " ", "一")], ""),
            "“改为” 没有填;写一个数,如 850,或者一个选项,如 分档",
        );
        check(
            &ask(&[("甲", "1", "一")], "H0000005"),
            "“家庭” `H0000005` 不是家庭档案的编号;编号在档案的地址里,如 /households/42 的 42",
        );
    }

    async fn answered_of(households: u64) -> Told<Report> {
        Ok(Report {
            month: String::new(),
            place: String::new(),
            made: String::new(),
            households,
            persons: 0,
            line: String::new(),
            notes: Vec::new(),
            scenarios: Vec::new(),
            months: Vec::new(),
        })
    }

    /// How many households an answer is of, where it is there at the first look.
    fn now(answer: impl Future<Output = Told<Arc<Report>>>) -> Option<u64> {
        let mut looks = Context::from_waker(Waker::noop());
        match pin!(answer).poll(&mut looks) {
            Poll::Ready(answer) => answer.ok().map(|report| report.households),
            Poll::Pending => None,
        }
    }

    #[test]
    fn an_answer_at_hand_is_given_while_another_trial_runs_and_only_one_runs() {
        let (first, second) = (ask(&[("甲", "1", "一")], ""), ask(&[("甲", "2", "一")], ""));
        let trials = Trials::default();
        assert_eq!(now(trials.answer((&first, 1), answered_of(1))), Some(1));
        {
            let mut long = pin!(trials.answer((&second, 1), std::future::pending()));
            let mut looks = Context::from_waker(Waker::noop());
            assert!(long.as_mut().poll(&mut looks).is_pending());
            let known = now(trials.answer((&first, 1), answered_of(9)));
            assert_eq!(known, Some(1), "it stands there already");
            let newer = now(trials.answer((&first, 2), answered_of(9)));
            assert_eq!(newer, None, "of a newer batch it waits for its turn");
        }
        // Given up by whoever asked, it lets the next one in.
        assert_eq!(now(trials.answer((&first, 2), answered_of(3))), Some(3));
    }
}

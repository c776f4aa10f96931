//! The lines of a 流程: 步骤, 遇有, 时限, 暂停, 公示, 起发, 核查周期. A line that cannot be read is told
//! and left out; the others are read all the same.

use super::Builder;
use super::procedures::{Around, Draft, LimitSpots, StepSpots, behind, joined, list, texts};
use crate::ast::{BlockStmt, Name};
use crate::plan::{FilePlan, Type};
use crate::problem::{Span, nearest};
use crate::unit::Unit;
use crate::value::Value;
use domain::procedure::{
    Circumstance, Counted, Ground, Length, Next, Pause, PaysFrom, PublicNotice, ReviewCycle, Step,
    StepLimit, TimeLimit, When,
};
use std::collections::BTreeSet;

/// The machine counts no further; a century is no deadline.
const DAYS_MAX: u32 = 36_600;

impl Builder<'_> {
    /// The name behind a statement's keyword.
    fn line_name(&mut self, block: &BlockStmt, what: &str, help: &str) -> Option<Name> {
        let name = joined(&block.head);
        if name.is_none() {
            let said = format!("`{}` 之后没有写{what}", block.keyword.text);
            self.error("name-missing", block.keyword.span, said, help);
        }
        name
    }

    pub(super) fn step(
        &mut self,
        block: &BlockStmt,
        draft: &mut Draft,
        around: &Around<'_>,
    ) -> Option<()> {
        let words = [
            "谁",
            "两人",
            "不同人",
            "限",
            "自",
            "抽查比例",
            "凭",
            "材料",
            "给出",
            "下一步",
            "当",
        ];
        let clauses = self.clauses(block, &words);
        let help = "如 步骤 受理  谁 窗口经办  限 1 个工作日  下一步 经济状况调查";
        let name = self.line_name(block, "步骤的名称", help)?;
        if draft.procedure.step(&name.text).is_some() {
            let said = format!("步骤 `{}` 写了两次", name.text);
            self.error("step-twice", name.span, said, "换一个名称,或者合成一步");
            return None;
        }
        let who = list(behind(&clauses, "谁").unwrap_or(&[]));
        if who.is_empty() {
            let said = format!("步骤 `{}` 没有写谁来办", name.text);
            self.error(
                "step-who",
                name.span,
                said,
                "写上 谁 角色,角色在 access.md 里",
            );
        }
        who.iter().for_each(|w| self.known_role(w, around));
        let mut spots = StepSpots {
            name: name.span,
            other_than: list(behind(&clauses, "不同人").unwrap_or(&[])),
            papers: list(behind(&clauses, "材料").unwrap_or(&[])),
            from: behind(&clauses, "自").and_then(joined),
            ..StepSpots::default()
        };
        let mut limit = None;
        if let Some(words) = behind(&clauses, "限") {
            spots.limit = joined(words).map_or(block.keyword.span, |n| n.span);
            let length = self.length(words, spots.limit, draft)?;
            limit = Some(StepLimit {
                length,
                from: spots.from.as_ref().map(|n| n.text.clone()),
            });
        } else if let Some(from) = &spots.from {
            let said = format!("步骤 `{}` 写了 自,没有写 限", name.text);
            self.error(
                "limit-missing",
                from.span,
                said,
                "写上 限 几个工作日,或删去 自",
            );
        }
        let sample = match behind(&clauses, "抽查比例") {
            Some(words) => self.share(words, &name, draft),
            None => None,
        };
        let ground = self.ground(behind(&clauses, "凭"), &name);
        let gives = list(behind(&clauses, "给出").unwrap_or(&[]));
        self.named_twice("材料", &spots.papers);
        self.named_twice("给出", &gives);
        let next = self.nexts(block, &mut spots, draft)?;
        draft.procedure.steps.push(Step {
            name: name.text,
            who: texts(&who),
            persons: if behind(&clauses, "两人").is_some() {
                2
            } else {
                1
            },
            other_than: texts(&spots.other_than),
            limit,
            sample,
            papers: texts(&spots.papers),
            gives: texts(&gives),
            ground,
            next,
        });
        draft.steps.push(spots);
        Some(())
    }

    fn known_role(&mut self, role: &Name, around: &Around<'_>) {
        if around.roles.is_empty() || around.roles.contains(&role.text) {
            return;
        }
        let near = nearest(&role.text, around.roles.iter().map(String::as_str));
        let help = near.map_or_else(
            || {
                let all: Vec<&str> = around.roles.iter().map(String::as_str).collect();
                format!("access.md 里的角色有:{}", all.join("、"))
            },
            |n| format!("是不是 `{n}`?"),
        );
        let said = format!("access.md 里没有 `{}` 这个角色", role.text);
        self.error("role-unknown", role.span, said, help);
    }

    fn named_twice(&mut self, what: &str, names: &[Name]) {
        let mut seen = BTreeSet::new();
        for name in names.iter().filter(|n| !seen.insert(n.text.as_str())) {
            let said = format!("同一步的 {what} 里写了两次 `{}`", name.text);
            self.error("paper-twice", name.span, said, "删去一处");
        }
    }

    /// 下一步 a [当 x] 下一步 b
    fn nexts(
        &mut self,
        block: &BlockStmt,
        spots: &mut StepSpots,
        draft: &mut Draft,
    ) -> Option<Vec<Next>> {
        let mut out: Vec<Next> = Vec::new();
        let mut behind_next = false;
        for (word, words) in &block.clauses {
            match word.text.as_str() {
                "下一步" => {
                    let Some(step) = joined(words) else {
                        let said = "`下一步` 之后没有写步骤";
                        let help = "写上一步的名称;`步骤`、`公示`、`时限` 这些句首的词不能作名称";
                        self.error("next-missing", word.span, said, help);
                        return None;
                    };
                    out.push(Next {
                        step: step.text.clone(),
                        when: When::default(),
                    });
                    spots.next.push(step);
                    behind_next = true;
                    continue;
                }
                "当" => {
                    let when = self.when(word, words, draft)?;
                    match out.last_mut().filter(|_| behind_next) {
                        Some(next) => next.when = when,
                        None => self.stray_when(word),
                    }
                }
                _ => {}
            }
            behind_next = false;
        }
        Some(out)
    }

    fn stray_when(&mut self, word: &Name) {
        let help = "写成 下一步 一步的名称 当 情形";
        self.error("when-stray", word.span, "这个 当 前面没有要它管的话", help);
    }

    /// Circumstances with 或 between.
    fn when(&mut self, word: &Name, words: &[Name], draft: &mut Draft) -> Option<When> {
        if let Some(other) = words
            .iter()
            .find(|w| matches!(w.text.as_str(), "且" | "非"))
        {
            let said = format!("流程里的 当 只能用 或,不能用 `{}`", other.text);
            let help = "把同时要的几样写成一个 遇有";
            self.error("when-words", other.span, said, help);
            return None;
        }
        let names: Vec<Name> = words.split(|w| w.text == "或").filter_map(joined).collect();
        if names.is_empty() {
            self.error(
                "when-missing",
                word.span,
                "`当` 之后没有写情形",
                "如 当 公示有异议",
            );
            return None;
        }
        let any_of = texts(&names);
        draft.whens.extend(names);
        Some(When { any_of })
    }

    /// `3 个工作日`, `7 天`, `6 个月`, `当日`, `初审天数 个工作日`.
    fn length(&mut self, words: &[Name], at: Span, draft: &mut Draft) -> Option<Length> {
        let help = "如 限 3 个工作日、限 7 天、限 6 个月、限 当日,数也可以是参数";
        let written: String = words.iter().map(|w| w.text.as_str()).collect();
        if written == "当日" {
            return Some(Length {
                count: 0,
                counted: Counted::Days,
            });
        }
        let ([count, unit] | [count, unit, ..]) = words else {
            let said = format!("期限要写几个工作日、几天或者几个月,这里是 `{written}`");
            self.error("limit-form", at, said, help);
            return None;
        };
        let counted = match unit.text.as_str() {
            "个工作日" | "工作日" => Counted::Workdays,
            "天" | "日" => Counted::Days,
            "个月" | "月" => Counted::Months,
            _ => {
                let said = format!("期限要写几个工作日、几天或者几个月,这里是 `{written}`");
                self.error("limit-form", at, said, help);
                return None;
            }
        };
        let number = match count.text.parse::<u32>() {
            Ok(number) => number,
            Err(_) => self.counted_param(count, counted, draft)?,
        };
        if number == 0 && !draft.open || number > DAYS_MAX {
            let said = format!("期限 `{written}` 不是一个可以办事的期限");
            self.error("limit-size", at, said, "当天办完的写 限 当日");
            return None;
        }
        Some(Length {
            count: number,
            counted,
        })
    }

    /// A whole number of days or months from a parameter.
    fn counted_param(&mut self, name: &Name, counted: Counted, draft: &mut Draft) -> Option<u32> {
        let unit = match counted {
            Counted::Months => "月",
            Counted::Workdays | Counted::Days => "天",
        };
        let Some((ty, value)) = self.own_param(&name.text) else {
            if self.current.broken.contains(&name.text) || !draft.whole {
                return None;
            }
            let known: Vec<String> = self.current.names.keys().cloned().collect();
            let near = nearest(&name.text, known.iter().map(String::as_str));
            let help = near.map_or_else(
                || format!("写一个整数,或先写 参数 {} : {unit}", name.text),
                |n| format!("是不是 `{n}`?"),
            );
            let said = format!("这个流程里没有参数 `{}`", name.text);
            self.error("limit-param", name.span, said, help);
            return None;
        };
        if ty != Unit::parse(unit).map_or(ty, Type::Num) || !matches!(ty, Type::Num(_)) {
            let said = format!(
                "参数 `{}` 是 {},这里要 {unit}",
                name.text,
                self.type_name(ty)
            );
            let help = format!("写成 参数 {} : {unit}", name.text);
            self.error("limit-unit", name.span, said, help);
            return None;
        }
        let Some(Value::Num(ratio)) = value else {
            draft.open = true;
            return Some(0);
        };
        let whole = ratio.den() == 1;
        let number = u32::try_from(ratio.num()).ok().filter(|_| whole);
        if number.is_none() {
            let said = format!("参数 `{}` 不是一个整数", name.text);
            self.error("limit-whole", name.span, said, "期限写整数");
        }
        number
    }

    /// What a step rests on.
    fn ground(&mut self, words: Option<&[Name]>, step: &Name) -> Option<Ground> {
        let words = words?;
        let word = joined(words);
        let text = word.as_ref().map_or("", |w| w.text.as_str());
        let found = Ground::ALL.into_iter().find(|g| g.word() == text);
        if found.is_none() {
            let said = format!("步骤 `{}` 的 凭 后面是 `{text}`", step.text);
            let at = word.map_or(step.span, |w| w.span);
            let help = "写 凭 核对(要有核对报告)、凭 走访(要有走访记录)、凭 意见(要先写意见和理由)、凭 核实(要写明核实情况)、凭 决定(要先签署决定)、凭 听取意见(要有本人的意见记录)、凭 处理决定(要先签署变更、停发一类的决定)、凭 先行救助(要先签署先行救助决定)、凭 交银行(要把即时发放的钱交了银行)、凭 送达(要有送达记录)或 凭 协办(要有部门的答复)";
            self.error("ground-unknown", at, said, help);
        }
        found
    }

    /// A share in hundredths of a percent: `30%`, or a parameter.
    fn share(&mut self, words: &[Name], step: &Name, draft: &mut Draft) -> Option<u32> {
        let written = joined(words);
        let ratio = match written.as_ref().map(|n| n.text.as_str()) {
            Some(text) if text.ends_with('%') => {
                Self::scaled(text.trim_end_matches('%'), Unit::RATIO)
                    .and_then(|r| r.div(crate::value::Ratio::whole(100)))
            }
            Some(name) => match self.own_param(name) {
                Some((ty, value)) if ty == Type::Num(Unit::RATIO) => match value {
                    Some(Value::Num(ratio)) => Some(ratio),
                    _ => {
                        draft.open = true;
                        return None;
                    }
                },
                _ => None,
            },
            None => None,
        };
        let share = ratio
            .and_then(|r| r.num().checked_mul(10_000)?.checked_div(r.den()))
            .and_then(|n| u32::try_from(n).ok())
            .filter(|n| (1..=10_000).contains(n));
        if share.is_none() {
            let at = written.map_or(step.span, |n| n.span);
            let said = format!("步骤 `{}` 的抽查比例不是一个比例", step.text);
            let help = "写百分数,如 抽查比例 30%,或写一个 比例 的参数";
            self.error("share-form", at, said, help);
        }
        share
    }

    pub(super) fn circumstance(
        &mut self,
        block: &BlockStmt,
        draft: &mut Draft,
        around: &Around<'_>,
    ) -> Option<()> {
        let clauses = self.clauses(block, &["谁", "说明"]);
        let help = "如 遇有 公示有异议  谁 窗口经办  说明 公示期内有人提出异议";
        let name = self.line_name(block, "是什么情形", help)?;
        let known = &draft.procedure.circumstances;
        if known.iter().any(|c| c.name == name.text) {
            let said = format!("情形 `{}` 写了两次", name.text);
            self.error("circumstance-twice", name.span, said, "删去一处");
            return None;
        }
        let who = list(behind(&clauses, "谁").unwrap_or(&[]));
        who.iter().for_each(|w| self.known_role(w, around));
        let said = behind(&clauses, "说明").and_then(joined);
        draft.procedure.circumstances.push(Circumstance {
            name: name.text,
            said: said.map_or(String::new(), |n| n.text),
            who: texts(&who),
            always: None,
            places: vec![],
        });
        draft.circumstances.push(name.span);
        Some(())
    }

    pub(super) fn time_limit(
        &mut self,
        block: &BlockStmt,
        draft: &mut Draft,
        plan: &FilePlan,
        around: &Around<'_>,
    ) -> Option<()> {
        let clauses = self.clauses(block, &["自", "至", "当", "延至", "不计", "依据"]);
        let at = joined(&block.head).map_or(block.keyword.span, |n| n.span);
        let length = self.length(&block.head, at, draft)?;
        let ends = ["自", "至"].map(|w| behind(&clauses, w).and_then(joined));
        let [Some(from), Some(to)] = ends else {
            let said = "时限 没有写 自 哪一步 至 哪一步";
            let help = "如 时限 30 个工作日 自 受理 至 审核确认";
            self.error("limit-ends", at, said, help);
            return None;
        };
        let without = list(behind(&clauses, "不计").unwrap_or(&[]));
        let (mut when, mut extended) = (When::default(), None);
        let mut last = "";
        for (word, words) in &block.clauses {
            match (word.text.as_str(), &mut extended) {
                ("延至", _) => {
                    extended = Some((self.longer(words, word, length, draft)?, When::default()));
                }
                ("当", Some((_, why))) if last == "延至" => {
                    *why = self.when(word, words, draft)?
                }
                ("当", _) => when = self.when(word, words, draft)?,
                _ => {}
            }
            last = word.text.as_str();
        }
        if extended
            .as_ref()
            .is_some_and(|(_, why)| why.any_of.is_empty())
        {
            let said = "延至 没有写 当 什么情形";
            self.error("limit-longer", at, said, "如 延至 45 当 公示有异议");
        }
        let cites = self.cited(block, &block.keyword, plan, around);
        draft.procedure.limits.push(TimeLimit {
            length,
            from: from.text.clone(),
            to: to.text.clone(),
            when,
            extended,
            without: texts(&without),
            cites,
        });
        draft.limits.push(LimitSpots {
            at,
            from,
            to,
            without,
        });
        Some(())
    }

    /// 延至 45 [个工作日]: longer than the limit, counted in the same way.
    fn longer(
        &mut self,
        words: &[Name],
        word: &Name,
        length: Length,
        draft: &mut Draft,
    ) -> Option<Length> {
        let at = joined(words).map_or(word.span, |n| n.span);
        let unit = match length.counted {
            Counted::Workdays => "个工作日",
            Counted::Days => "天",
            Counted::Months => "个月",
        };
        let mut whole = words.to_vec();
        if let [only] = words {
            whole.push(Name {
                text: unit.to_owned(),
                span: only.span,
            });
        }
        let longer = self.length(&whole, at, draft)?;
        if longer.counted != length.counted || longer.count <= length.count && !draft.open {
            let said = format!("延至的期限不比 {} {unit} 长", length.count);
            self.error("limit-longer", at, said, "延至 写总的期限,单位相同");
        }
        Some(longer)
    }

    /// 暂停 reason 最多 n 个工作日, or 不限 in writing.
    pub(super) fn pause(
        &mut self,
        block: &BlockStmt,
        draft: &mut Draft,
        plan: &FilePlan,
        around: &Around<'_>,
    ) -> Option<()> {
        let clauses = self.clauses(block, &["最多", "不限", "依据"]);
        let help = "如 暂停 等待申请人补正材料 最多 10 个工作日";
        let reason = self.line_name(block, "为什么暂停", help)?;
        if draft.procedure.pause(&reason.text).is_some() {
            let said = format!("暂停的理由 `{}` 写了两次", reason.text);
            self.error("pause-twice", reason.span, said, "删去一处");
            return None;
        }
        let (most, open) = (behind(&clauses, "最多"), behind(&clauses, "不限"));
        if most.is_some() == open.is_some() {
            let said = format!("暂停 `{}` 没有写最多停多久", reason.text);
            let help = "写 最多 几个工作日;依据的条款确实没有期限的,写 不限";
            self.error("pause-open", reason.span, said, help);
        }
        let at_most = match most {
            Some(words) => {
                let at = joined(words).map_or(reason.span, |n| n.span);
                Some(self.length(words, at, draft)?)
            }
            None => None,
        };
        let cites = self.cited(block, &reason, plan, around);
        draft.procedure.pauses.push(Pause {
            reason: reason.text,
            at_most,
            cites,
        });
        Some(())
    }

    /// 公示 step、step 字段 a、b [不公示 当 x] 依据 …
    pub(super) fn notice(
        &mut self,
        block: &BlockStmt,
        draft: &mut Draft,
        plan: &FilePlan,
        around: &Around<'_>,
    ) -> Option<()> {
        let clauses = self.clauses(block, &["字段", "不公示", "当", "依据"]);
        if draft.procedure.notice.is_some() {
            let help = "合成一行;几步都公示的,写 公示 初审公示、再次公示  字段 …";
            self.error("notice-twice", block.keyword.span, "公示 写了两次", help);
            return None;
        }
        let steps = list(&block.head);
        let fields = list(behind(&clauses, "字段").unwrap_or(&[]));
        if steps.is_empty() || fields.is_empty() {
            let said = "公示 要写在哪一步公示、公示哪些字段";
            let help = "如 公示 初审公示  字段 申请人姓名、家庭成员数、拟保障金额";
            self.error("notice-form", block.keyword.span, said, help);
            return None;
        }
        self.public_fields(&fields, around);
        let unless = match block.clauses.iter().find(|(w, _)| w.text == "当") {
            Some((word, words)) => self.when(word, words, draft)?,
            None => When::default(),
        };
        let cites = self.cited(block, &block.keyword, plan, around);
        draft.procedure.notice = Some(PublicNotice {
            steps: texts(&steps),
            fields: texts(&fields),
            unless,
            cites,
        });
        draft.notice = steps;
        Some(())
    }

    pub(super) fn pays_from(
        &mut self,
        block: &BlockStmt,
        draft: &mut Draft,
        plan: &FilePlan,
        around: &Around<'_>,
    ) -> Option<()> {
        self.clauses(block, &["依据"]);
        let word = self.line_name(block, "从哪个月起发", "写 起发 次月 或 起发 当月")?;
        let month = match word.text.as_str() {
            "当月" => PaysFrom::SameMonth,
            "次月" => PaysFrom::NextMonth,
            other => {
                let said = format!("没有 起发 `{other}`");
                self.error("pays-from", word.span, said, "写 起发 次月 或 起发 当月");
                return None;
            }
        };
        self.cited(block, &word, plan, around);
        draft.procedure.pays_from = Some(month);
        Some(())
    }

    /// 核查周期 12 个月 [当 x] 依据 …
    pub(super) fn review(
        &mut self,
        block: &BlockStmt,
        draft: &mut Draft,
        plan: &FilePlan,
        around: &Around<'_>,
    ) -> Option<()> {
        self.clauses(block, &["当", "依据"]);
        let at = joined(&block.head).map_or(block.keyword.span, |n| n.span);
        let every = self.length(&block.head, at, draft)?;
        let when = match block.clauses.iter().find(|(w, _)| w.text == "当") {
            Some((word, words)) => self.when(word, words, draft)?,
            None => When::default(),
        };
        let cites = self.cited(block, &block.keyword, plan, around);
        draft
            .procedure
            .reviews
            .push(ReviewCycle { every, when, cites });
        Some(())
    }
}

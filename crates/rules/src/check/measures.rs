//! 指标: what a figure says of itself, the distributions of a file and the groups it is told apart by.

use super::Builder;
use super::scope::Frame;
use crate::ast::{Head, MeasureWords, Name, Path, Stmt};
use crate::plan::{Body, FileKind, FilePlan, Home, ItemId, Measure, MeasureKind, Type};
use crate::unit::Unit;
use domain::AreaLevel;

impl Builder<'_> {
    /// A figure with its words. One that does not say what it counts, whence and for whom cannot be
    /// read by anybody who did not write it.
    pub(super) fn measure(
        &mut self,
        name: &Name,
        kind: MeasureKind,
        words: &MeasureWords,
        plan: &mut FilePlan,
    ) -> Option<()> {
        if plan.kind != FileKind::Indicator {
            let said = format!("`{}` 只能写在指标文件里", name.text);
            let help = "在 indicators/ 里另写一个 指标 文件";
            self.error("measure-place", name.span, said, help);
            return None;
        }
        let is_rate = matches!(kind, MeasureKind::Rate(_));
        let clauses = [
            ("分子", words.part.is_some() || !is_rate),
            ("分母", words.whole.is_some() || !is_rate),
            ("来源", words.source.is_some()),
            ("层级", !words.levels.is_empty()),
            (
                "依据 或 出处",
                !words.cites.is_empty() || words.origin.is_some(),
            ),
        ];
        let missing: Vec<&str> = clauses.iter().filter(|c| !c.1).map(|c| c.0).collect();
        if !missing.is_empty() {
            let said = format!("指标 `{}` 没有写 {}", name.text, missing.join("、"));
            let help = "在下一行补上,如 分子 在册的人 分母 全部居民 来源 民政名册 层级 县、乡镇、村 依据 社会救助法 第十八条";
            self.error("measure-words", name.span, said, help);
        }
        let mut levels = Vec::new();
        for word in &words.levels {
            let found = AreaLevel::ALL
                .into_iter()
                .find(|level| level.name() == word.text || level.name().starts_with(&word.text));
            match found {
                Some(level) => levels.push(level),
                None => {
                    let all: Vec<&str> = AreaLevel::ALL.iter().map(|l| l.name()).collect();
                    let help = format!("写 {}", all.join("、"));
                    let said = format!("没有 `{}` 这一级地区", word.text);
                    self.error("measure-level", word.span, said, help);
                }
            }
        }
        levels.sort_unstable();
        levels.dedup();
        let text = |words: &Option<Name>| words.as_ref().map_or(String::new(), |w| w.text.clone());
        let cites = if words.cites.is_empty() {
            vec![]
        } else {
            self.cites(&words.cites, name, plan)
        };
        plan.measures.push(Measure {
            name: name.text.clone(),
            kind,
            part: text(&words.part),
            whole: text(&words.whole),
            source: text(&words.source),
            levels,
            cites,
            origin: text(&words.origin),
        });
        Some(())
    }

    /// 分布: its quantities are computed in the same file, so that they can be shown with it.
    pub(super) fn spread(
        &mut self,
        name: &Name,
        stmt: &Stmt,
        words: &MeasureWords,
        plan: &mut FilePlan,
    ) -> Option<()> {
        let Stmt::Spread {
            value,
            weight,
            line,
            median,
            ..
        } = stmt
        else {
            return None;
        };
        if plan.measures.iter().any(|m| m.name == name.text) {
            let said = format!("`{}` 写了两次", name.text);
            self.error("name-twice", name.span, said, "换一个名称");
            return None;
        }
        let income = self.own_number(value, None, plan);
        let unit = income.and_then(|id| self.item(id)).map(|i| i.ty);
        let weights = self.own_number(weight, Unit::parse("人").map(Type::Num), plan);
        let line = self.own_number(line, unit, plan);
        let median = match median {
            None => Some(None),
            Some(m) => self
                .own_number(m, Some(Type::Num(Unit::RATIO)), plan)
                .map(Some),
        };
        let kind = MeasureKind::Spread {
            value: income?,
            weight: weights?,
            line: line?,
            median: median?,
        };
        self.measure(name, kind, words, plan)
    }

    /// A number this file computes for its own entity, in the unit wanted.
    fn own_number(&mut self, name: &Name, wanted: Option<Type>, plan: &FilePlan) -> Option<ItemId> {
        let id = self.named(name)?;
        let item = self.item(id)?;
        let (ty, home, file) = (item.ty, item.home, item.file);
        let computed = !matches!(item.body, Body::Param(_)) && file == self.current.file;
        if !computed || home != Home::Entity(plan.entity) || !matches!(ty, Type::Num(_)) {
            let said = format!("`{}` 不是这个文件里算出的数", name.text);
            let help = format!("先写 计算 {} : 单位 = …", name.text);
            self.error("spread-quantity", name.span, said, help);
            return None;
        }
        if let Some(wanted) = wanted.filter(|w| *w != ty) {
            let (want, have) = (self.type_name(wanted), self.type_name(ty));
            let said = format!("`{}` 要是 {want},却是 {have}", name.text);
            self.error("spread-unit", name.span, said, format!("换算成 {want}"));
            return None;
        }
        Some(id)
    }

    fn named(&mut self, name: &Name) -> Option<ItemId> {
        let path = Path {
            parts: vec![name.clone()],
        };
        self.resolve(&path, Frame::default()).map(|(id, _)| id)
    }

    /// 按: each is a quantity of the file with members, or a yes or no.
    pub(super) fn groups(&mut self, head: &Head, plan: &mut FilePlan) {
        if plan.kind != FileKind::Indicator {
            return;
        }
        for name in &head.by {
            let Some(id) = self.named(name) else { continue };
            let Some(item) = self.item(id) else { continue };
            let (ty, home) = (item.ty, item.home);
            let parted = matches!(ty, Type::Enum(_) | Type::Bool);
            if !parted || home != Home::Entity(plan.entity) || matches!(item.body, Body::Param(_)) {
                let said = format!("不能按 `{}` 分组:它不是每一个对象各自的类别", name.text);
                let help = "先写 归类,或写 输入 一个枚举的事实";
                self.error("group-type", name.span, said, help);
                continue;
            }
            plan.groups.push(id);
        }
    }
}

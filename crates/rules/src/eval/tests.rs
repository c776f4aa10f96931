//! The evaluator against small rule texts: what they share.

mod judging;
mod values;

use super::Evaluator;
use crate::plan::{Home, ItemId, Program};
use crate::rulebook::{Rulebook, SourceText};
use crate::show;
use crate::situation::{InstanceId, ListId, Moments, Situation};
use domain::{Day, Month};

pub(crate) const FACTS: &str = "# 事实

```规则
实体 家庭 个人 地区
枚举 城乡 : 城镇 农村
枚举 残疾等级 : 一级 < 二级 < 三级 < 四级 < 无
枚举 病类 : 重病 普通
枚举 叠加方式 : 取合计 取最大
枚举 家庭类型 : 老年 残疾 普通
枚举 儿童保障 : 特困供养 儿童生活费
关系 成员 : 家庭 → 个人 至多 30
关系 就医 : 家庭 → 个人 至多 100
身份 低保 : 个人
身份 低保户 : 家庭
身份 特困 : 个人
事实 月工资 : 元/月 0..100000 , 个人 , 来源 走访 , 敏感 , 保留 36 月
事实 出生日期 : 日期 , 个人 , 来源 走访 , 一般 , 保留 长期
事实 残疾等级 : 残疾等级 , 个人 , 来源 走访 , 敏感 , 保留 36 月
事实 患重病 : 是否 , 个人 , 来源 走访 , 敏感 , 保留 36 月
事实 自付 : 元 0..100000 , 个人 , 来源 走访 , 敏感 , 保留 36 月
事实 结算日 : 日期 , 个人 , 来源 走访 , 敏感 , 保留 36 月
事实 儿童保障选择 : 儿童保障 , 个人 , 来源 走访 , 一般 , 保留 36 月
事实 年收入 : 元/年 0..10000000 , 家庭 , 来源 走访 , 敏感 , 保留 36 月
事实 人数 : 人 1..30 , 家庭 , 来源 走访 , 一般 , 保留 36 月
事实 存款 : 元 0..100000000 , 家庭 , 来源 走访 , 敏感 , 保留 36 月
事实 甲 : 是否 , 家庭 , 来源 走访 , 一般 , 保留 36 月
事实 乙 : 是否 , 家庭 , 来源 走访 , 一般 , 保留 36 月
```
";

pub(crate) const DIBAO: &str = "# 低保

```规则
政策 dibao 每 家庭 每 月   2026-07-01 起施行
输入 年收入 : 元/年
输入 人数 : 人
输入 存款 : 元
参数 低保标准 : 元/人月 按 地区 城乡 { 2026-07-01 起 1180 元/人月 示例值 }
参数 叠加 : 叠加方式 { 2026-07-01 起 取最大 示例值 }
计算 月收入 : 元/月 = 年收入 / 12 月/年
计算 人均月收入 : 元/人月 = 月收入 / 不低于(人数, 1 人)
计算 存款限额 : 元 = 低保标准 * 12 月 * 人数
条件 收入低于标准 : 人均月收入 < 低保标准
  依据 社会救助法 第十八条  否则 人均月收入 {人均月收入} 不低于低保标准 {低保标准}
条件 存款未超限 : 存款 <= 存款限额
  依据 社会救助法 第十八条  否则 存款 {存款} 超过限额 {存款限额}
分项 成员.增发 : 元/月 取 叠加
  重残 : 低保标准 * 1 人 * 30% 当 成员.残疾等级 <= 二级
  重病 : 低保标准 * 1 人 * 20% 当 成员.患重病
给付 低保金 : 元/月 = (低保标准 - 人均月收入) * 人数 + 合计(成员.增发)
  依据 社会救助法 第二十条
给予 低保户 起 次月初(认定日)
给予 成员.低保 当 非 成员.特困 起 次月初(认定日)
```
";

pub(crate) fn day(text: &str) -> Day {
    Day::parse(text).unwrap()
}

pub(crate) fn monthly() -> Moments {
    Moments::monthly(Month::parse("2026-08").unwrap())
}

/// The program of some rule texts, which must be without a fault.
pub(crate) fn program(texts: &[&str]) -> Program {
    let mut sources = vec![SourceText {
        path: "facts.md".to_owned(),
        text: FACTS.to_owned(),
    }];
    for (at, text) in texts.iter().enumerate() {
        sources.push(SourceText {
            path: format!("policies/p{at}.md"),
            text: (*text).to_owned(),
        });
    }
    let book = Rulebook::read(sources);
    let (program, linking) = book.program("", day("2026-08-01"));
    let errors: Vec<String> = book
        .check()
        .iter()
        .chain(&linking)
        .filter(|p| p.severity == crate::Severity::Error)
        .map(|p| p.show(book.texts().get(&p.path).map_or("", String::as_str)))
        .collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
    program
}

/// A policy of one household with the given statements.
pub(crate) fn small(statements: &str) -> Program {
    program(&[&format!(
        "# 试\n\n```规则\n政策 t 每 家庭 每 月 2026-07-01 起施行\n{statements}\n```\n"
    )])
}

pub(crate) struct Given<'p> {
    pub(crate) program: &'p Program,
    pub(crate) it: Situation,
    pub(crate) home: InstanceId,
    pub(crate) members: Vec<InstanceId>,
    list: Option<ListId>,
}

impl<'p> Given<'p> {
    /// A household with so many members, the list complete.
    pub(crate) fn household(program: &'p Program, members: usize) -> Self {
        let (entity, person) = (
            program.dict.entity("家庭").unwrap(),
            program.dict.entity("个人").unwrap(),
        );
        let mut it = Situation::new();
        let home = it.add(entity, 1);
        it.set_place(home, "990101", Some(0));
        let list = program
            .dict
            .relation("成员")
            .map(|r| it.add_list(home, r, true));
        let mut people = Vec::new();
        for key in 0..members {
            let at = it.add(person, i64::try_from(key).unwrap());
            it.set_place(at, "990101", Some(0));
            it.set_household(at, home);
            it.add_row(list.unwrap(), Some(at));
            people.push(at);
        }
        Self {
            program,
            it,
            home,
            members: people,
            list,
        }
    }

    fn named(&self, name: &str) -> ItemId {
        let own = format!("t.{name}");
        let found = self.program.find(&own).or_else(|| self.program.find(name));
        found
            .or_else(|| {
                let at = self.program.items.iter().position(|i| i.name == name)?;
                Some(ItemId(u32::try_from(at).unwrap()))
            })
            .unwrap_or_else(|| panic!("no {name}"))
    }

    /// `存款 200; 成员.月工资 100, ？`
    pub(crate) fn set(&mut self, text: &str) -> &mut Self {
        for part in text.split(';').map(str::trim).filter(|p| !p.is_empty()) {
            let (name, cells) = part.split_once(' ').unwrap();
            let bare = name.strip_prefix("成员.");
            let item = self.named(bare.unwrap_or(name));
            let it = self.program.item(item).unwrap();
            for (at, cell) in cells.split(',').enumerate() {
                let value = show::parse_cell(cell, it.ty, &self.program.dict).unwrap();
                match (bare, it.home) {
                    (None, _) => self.it.set(self.home, item, value),
                    (Some(_), Home::Rows(_)) => {
                        self.it.set_in_row(self.list.unwrap(), at, item, value);
                    }
                    (Some(_), Home::Entity(_)) => self.it.set(self.members[at], item, value),
                }
            }
        }
        self
    }

    fn incomplete(&mut self) -> &mut Self {
        self.it.list_mut(self.list.unwrap()).unwrap().complete = false;
        self
    }

    pub(crate) fn value(&self, name: &str) -> String {
        let item = self.named(name);
        let mut eval = Evaluator::new(self.program, &self.it, monthly());
        let value = eval.value(item, self.home);
        show::value(
            value,
            self.program.item(item).unwrap().ty,
            &self.program.dict,
        )
    }
}

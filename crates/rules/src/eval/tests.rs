//! The evaluator against small rule texts.

use super::{
    Claim, Evaluator, NoteKind, Place, Verdict, Yield, claim, resolve_exclusions, result_text,
};
use crate::plan::{FileId, Home, ItemId, Program};
use crate::rulebook::{Rulebook, SourceText};
use crate::show;
use crate::situation::{InstanceId, ListId, Moments, Situation};
use crate::value::Value;
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

    fn value(&self, name: &str) -> String {
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

fn check(statements: &str, given: &str, wants: &[(&str, &str)]) {
    let program = small(statements);
    let members = given
        .split(';')
        .filter(|p| p.trim().starts_with("成员."))
        .map(|p| p.split(',').count())
        .max();
    let mut it = Given::household(&program, members.unwrap_or(0));
    it.set(given);
    for (name, want) in wants {
        assert_eq!(it.value(name), *want, "{name} with {given}");
    }
}

fn check_dibao(given: &str, result: &str, money: &str) {
    let program = program(&[DIBAO]);
    let mut it = Given::household(&program, 0);
    it.set(given);
    let mut eval = Evaluator::new(&program, &it.it, monthly());
    let outcome = eval
        .outcome(program.file("dibao").unwrap().0, it.home)
        .unwrap();
    assert_eq!(result_text(&program, &outcome), result, "{given}");
    assert_eq!(it.value("低保金"), money, "{given}");
}

#[test]
fn equal_to_the_standard_is_not_below_it() {
    check_dibao(
        "年收入 42480; 人数 3; 存款 20000",
        "不符合 收入低于标准",
        "0.00 元/月",
    );
}

#[test]
fn one_fen_a_year_below_the_standard_is_eligible() {
    check_dibao("年收入 42479.99; 人数 3; 存款 20000", "符合", "0.00 元/月");
    check_dibao("年收入 42479.64; 人数 3; 存款 20000", "符合", "0.03 元/月");
}

#[test]
fn an_unknown_fact_is_asked_for_not_counted_as_zero() {
    check_dibao(
        "年收入 28800; 人数 3; 存款 ？",
        "待查 存款未超限",
        "1,140.00 元/月",
    );
    check_dibao("年收入 28800; 人数 3", "待查 存款未超限", "1,140.00 元/月");
}

#[test]
fn a_false_condition_outweighs_an_unknown_one() {
    check_dibao(
        "年收入 ？; 人数 1; 存款 99999999",
        "不符合 存款未超限",
        "？",
    );
}

#[test]
fn a_fraction_keeps_its_worth_under_its_name() {
    let text = "输入 年收入 : 元/年
        计算 月 : 元/月 = 年收入 / 12 月/年
        计算 人均 : 元/人月 = 月 / 3 人
        计算 合 : 元/月 = 人均 * 3 人
        计算 整 : 元/人月 = 人均 , 四舍五入到分";
    check(
        text,
        "年收入 17400",
        &[
            ("人均", "≈ 483.33 元/人月"),
            ("合", "1,450.00 元/月"),
            ("整", "483.33 元/人月"),
        ],
    );
}

#[test]
fn logic_has_three_answers() {
    let text = "输入 甲 : 是否
        输入 乙 : 是否
        计算 且 : 是否 = 甲 且 乙
        计算 或 : 是否 = 甲 或 乙
        计算 非 : 是否 = 非 甲
        计算 选 : 是否 = 若 甲 则 乙 否则 乙
        计算 知 : 是否 = 知道(甲)";
    let text = text
        .replace("计算 且 ", "计算 两者 ")
        .replace("计算 或 ", "计算 其一 ")
        .replace("计算 非 ", "计算 反 ");
    let all = |given: &str, want: [&str; 5]| {
        let names = ["两者", "其一", "反", "选", "知"];
        let wants: Vec<(&str, &str)> = names.into_iter().zip(want).collect();
        check(&text, given, &wants);
    };
    all("甲 是; 乙 是", ["是", "是", "否", "是", "是"]);
    all("甲 是; 乙 ？", ["？", "是", "否", "？", "是"]);
    all("甲 否; 乙 ？", ["否", "？", "是", "？", "是"]);
    all("甲 ？; 乙 是", ["？", "是", "？", "？", "否"]);
    all("甲 ？; 乙 否", ["否", "？", "？", "？", "否"]);
    all("甲 ？; 乙 ？", ["？", "？", "？", "？", "否"]);
}

const WAGES: &str = "计算 总 : 元/月 = 合计(成员.月工资)
    计算 高的 : 元/月 = 合计(成员.月工资 : 成员.月工资 > 100 元/月)
    计算 有病 : 人 = 人数(成员 : 成员.患重病)
    计算 有人病 : 是否 = 任一(成员 : 成员.患重病)
    计算 全病 : 是否 = 全部(成员 : 成员.患重病)";

#[test]
fn a_complete_list_adds_up() {
    check(
        WAGES,
        "成员.月工资 100, 200.50; 成员.患重病 是, 否",
        &[
            ("总", "300.50 元/月"),
            ("高的", "200.50 元/月"),
            ("有病", "1 人"),
            ("有人病", "是"),
            ("全病", "否"),
        ],
    );
}

#[test]
fn one_unknown_row_makes_a_total_unknown() {
    check(
        WAGES,
        "成员.月工资 100, ？; 成员.患重病 是, ？",
        &[
            ("总", "？"),
            ("高的", "？"),
            ("有病", "？"),
            ("有人病", "是"),
            ("全病", "？"),
        ],
    );
    check(
        WAGES,
        "成员.患重病 否, ？",
        &[("有人病", "？"), ("全病", "否")],
    );
}

#[test]
fn an_empty_complete_list_is_zero_and_all_of_it_holds() {
    check(
        WAGES,
        "甲 是",
        &[
            ("总", "0.00 元/月"),
            ("有病", "0 人"),
            ("有人病", "否"),
            ("全病", "是"),
        ],
    );
}

#[test]
fn an_incomplete_list_answers_only_what_its_rows_settle() {
    let program = small(WAGES);
    let mut it = Given::household(&program, 2);
    it.incomplete()
        .set("成员.月工资 100, 200; 成员.患重病 是, 否");
    for (name, want) in [
        ("总", "？"),
        ("有病", "？"),
        ("有人病", "是"),
        ("全病", "否"),
    ] {
        assert_eq!(it.value(name), want, "{name}");
    }
    it.set("成员.患重病 否, 否");
    assert_eq!(it.value("有人病"), "？");
    it.set("成员.患重病 是, 是");
    assert_eq!(it.value("全病"), "？");
}

#[test]
fn what_is_known_of_a_sum_is_at_least_that() {
    let text = "# 试\n\n```规则\n预警 t 每 家庭 每 月 2026-07-01 起施行
        计算 已知 : 元/月 = 已知合计(成员.月工资)
        触发 过线 : 已知 > 250 元/月
          说明 已知 {已知}  派发 verify_visit 给 居住地乡镇 限 5 个工作日 紧急 不超过(已知 / 250 元/月 * 10 分值, 100 分值)\n```\n";
    let program = program(&[text]);
    let mut it = Given::household(&program, 3);
    it.incomplete().set("成员.月工资 100, 200.50, ？");
    assert_eq!(it.value("已知"), "300.50 元/月");
    let mut eval = Evaluator::new(&program, &it.it, monthly());
    let outcome = eval.outcome(FileId(0), it.home).unwrap();
    assert_eq!(outcome.verdict, None);
    let fired: Vec<&str> = outcome.fired.iter().map(|f| f.text.as_str()).collect();
    assert_eq!(fired, ["已知 300.50 元/月"]);
    assert_eq!(
        show::value(
            outcome.fired[0].urgency,
            crate::plan::Type::Num(crate::unit::Unit::base("分值").unwrap()),
            &program.dict
        ),
        "12.02 分值"
    );
    it.set("成员.月工资 100, ？, ？");
    let mut eval = Evaluator::new(&program, &it.it, monthly());
    assert!(eval.outcome(FileId(0), it.home).unwrap().fired.is_empty());
}

#[test]
fn a_person_in_two_rows_is_counted_once() {
    let program = small("计算 人 : 人 = 人数(就医)\n计算 行 : 次 = 条数(就医)");
    let mut it = Given::household(&program, 2);
    let list = it
        .it
        .add_list(it.home, program.dict.relation("就医").unwrap(), true);
    for person in [0, 1, 0] {
        it.it.add_row(list, Some(it.members[person]));
    }
    assert_eq!(
        (it.value("人").as_str(), it.value("行").as_str()),
        ("2 人", "3 次")
    );
}

#[test]
fn the_first_class_that_holds_is_taken_unless_one_above_is_unknown() {
    let text = "输入 甲 : 是否
        输入 乙 : 是否
        归类 类 : 家庭类型 取首个
          老年 : 甲
          残疾 : 乙
          其余 : 普通
        归类 各类 : 家庭类型 取每项
          老年 : 甲
          残疾 : 乙
        计算 有老 : 是否 = 老年 属于 各类";
    check(
        text,
        "甲 是; 乙 ？",
        &[("类", "老年"), ("各类", "？"), ("有老", "？")],
    );
    check(text, "甲 ？; 乙 是", &[("类", "？")]);
    check(
        text,
        "甲 否; 乙 是",
        &[("类", "残疾"), ("各类", "残疾"), ("有老", "否")],
    );
    check(text, "甲 否; 乙 否", &[("类", "普通"), ("各类", "（无）")]);
    check(
        text,
        "甲 是; 乙 是",
        &[("各类", "老年、残疾"), ("有老", "是")],
    );
}

#[test]
fn a_row_whose_test_is_false_counts_zero_even_if_its_amount_is_unknown() {
    let text = "输入 甲 : 是否
        输入 乙 : 是否
        输入 存款 : 元
        分项 和 : 元 取合计
          一 : 存款 当 甲
          二 : 300 元 当 乙 封顶 200 元
        分项 大 : 元 取最大
          一 : 存款 当 甲
          二 : 300 元 当 乙 封顶 200 元";
    check(
        text,
        "甲 否; 乙 是; 存款 ？",
        &[("和", "200.00 元"), ("大", "200.00 元")],
    );
    check(
        text,
        "甲 是; 乙 是; 存款 500",
        &[("和", "700.00 元"), ("大", "500.00 元")],
    );
    check(text, "甲 是; 乙 否; 存款 ？", &[("和", "？"), ("大", "？")]);
    check(text, "甲 否; 乙 ？; 存款 1", &[("和", "？")]);
    check(
        text,
        "甲 否; 乙 否; 存款 1",
        &[("和", "0.00 元"), ("大", "0.00 元")],
    );
}

#[test]
fn history_reads_what_was_recorded_for_the_day() {
    let program = small(
        "输入 存款 : 元
        计算 上月在保 : 是否 = 当时(低保户, 上月末)
        计算 起于 : 日期 = 当时(低保户.起, 上月末)
        计算 今年享受过 : 是否 = 曾(低保户, 年初, 上月末)
        计算 上月存款 : 元 = 当时(存款, 上月末)",
    );
    let mut it = Given::household(&program, 0);
    let names = ["上月在保", "起于", "今年享受过", "上月存款"];
    let values = |it: &Given<'_>| names.map(|n| it.value(n));
    assert_eq!(values(&it), ["？", "？", "？", "？"]);
    let status = program.find("低保户").unwrap();
    it.it.complete_status(it.home, status);
    assert_eq!(values(&it), ["否", "？", "否", "？"]);
    it.it
        .add_status(it.home, status, day("2026-02-01"), Some(day("2026-04-30")));
    assert_eq!(values(&it), ["否", "？", "是", "？"]);
    it.it.add_status(it.home, status, day("2026-07-01"), None);
    it.it.record_month(
        it.home,
        program.find("存款").unwrap(),
        monthly().month.prev(),
        Value::whole(500),
    );
    assert_eq!(values(&it), ["是", "2026-07-01", "是", "5.00 元"]);
    assert_eq!(it.value("低保户"), "是");
    assert_eq!(it.value("低保户.止"), "？");
}

#[test]
fn a_person_without_a_household_is_neither_in_nor_out() {
    let person = "# 人\n\n```规则\n政策 t 每 个人 每 月 2026-07-01 起施行
        计算 户在保 : 是否 = 本户.低保户\n```\n";
    let program = program(&[person]);
    let mut it = Given::household(&program, 1);
    it.it.complete_statuses(it.home);
    let loose = it.it.add(program.dict.entity("个人").unwrap(), 9);
    let item = program.find("t.户在保").unwrap();
    let mut eval = Evaluator::new(&program, &it.it, monthly());
    assert_eq!(eval.value(item, it.members[0]), Value::Bool(false));
    assert_eq!(eval.value(item, loose), Value::Unknown);
    let gaps = eval.gaps(&[item], loose);
    assert_eq!(
        gaps.iter().map(|g| g.name(&program)).collect::<Vec<_>>(),
        ["所在的户"]
    );
}

#[test]
fn a_parameter_without_a_number_is_unknown_with_a_note() {
    let program = program(&[DIBAO]);
    let mut it = Given::household(&program, 0);
    it.it.set_place(it.home, "990101", None);
    it.set("年收入 100; 人数 1; 存款 0");
    let item = program.find("dibao.存款限额").unwrap();
    let mut eval = Evaluator::new(&program, &it.it, monthly());
    assert_eq!(eval.value(item, it.home), Value::Unknown);
    let gaps = eval.gaps(&[item], it.home);
    assert_eq!(
        gaps.iter().map(|g| g.name(&program)).collect::<Vec<_>>(),
        ["城乡"]
    );

    it.it.set_place(it.home, "990101", Some(1));
    let early = Moments::monthly(Month::parse("2026-05").unwrap());
    let mut eval = Evaluator::new(&program, &it.it, early);
    assert_eq!(eval.value(item, it.home), Value::Unknown);
    assert_eq!(
        eval.notes().iter().map(|n| n.kind).collect::<Vec<_>>(),
        [NoteKind::NoParameter]
    );
    let gaps = eval.gaps(&[item], it.home);
    assert_eq!(
        gaps.iter().map(|g| g.name(&program)).collect::<Vec<_>>(),
        ["参数 低保标准 的数"]
    );
}

#[test]
fn division_by_zero_is_unknown_with_a_note() {
    let program = small("输入 年收入 : 元/年\n输入 人数 : 人\n计算 人均 : 元/人年 = 年收入 / 人数");
    let mut it = Given::household(&program, 0);
    it.set("年收入 100; 人数 0");
    let mut eval = Evaluator::new(&program, &it.it, monthly());
    let item = program.find("t.人均").unwrap();
    assert_eq!(eval.value(item, it.home), Value::Unknown);
    assert_eq!(
        eval.notes().iter().map(|n| n.kind).collect::<Vec<_>>(),
        [NoteKind::DivisionByZero]
    );
    assert!(
        eval.gaps(&[item], it.home)[0]
            .name(&program)
            .contains("算不出")
    );
}

#[test]
fn the_facts_to_ask_for_are_those_that_decide() {
    let text = "计算 成员.可算 : 是否 = 成员.患重病 且 成员.月工资 > 10 元/月
        计算 数 : 人 = 人数(成员 : 成员.可算)
        条件 有人 : 数 >= 1 人  依据 社会救助法 第十八条  否则 没有人";
    let program = small(text);
    let mut it = Given::household(&program, 3);
    it.set("成员.患重病 否, 是, ？; 成员.月工资 ？, ？, 20");
    let mut eval = Evaluator::new(&program, &it.it, monthly());
    let outcome = eval.outcome(FileId(0), it.home).unwrap();
    assert_eq!(outcome.verdict, Some(Verdict::Pending));
    let told: Vec<String> = outcome
        .missing
        .iter()
        .map(|g| crate::explain::gap_text(&eval, it.home, g))
        .collect();
    assert_eq!(told, ["成员 2 的月工资", "成员 3 的患重病"]);
}

#[test]
fn a_status_is_proposed_from_the_month_after_the_decision() {
    let program = program(&[DIBAO]);
    let mut it = Given::household(&program, 2);
    it.set("年收入 0; 人数 2; 存款 0; 成员.残疾等级 无, 一级; 成员.患重病 否, 是");
    let special = program.find("特困").unwrap();
    it.it.complete_statuses(it.members[0]);
    it.it
        .add_status(it.members[1], special, day("2026-01-01"), None);
    let case = Moments::case(day("2026-08-03"), Some(day("2026-08-20")));
    let mut eval = Evaluator::new(&program, &it.it, case);
    let outcome = eval.outcome(FileId(0), it.home).unwrap();
    assert_eq!(outcome.verdict, Some(Verdict::Eligible));
    let to: Vec<(InstanceId, Option<Day>)> =
        outcome.grants.iter().map(|g| (g.at, g.from)).collect();
    let from = Some(day("2026-09-01"));
    assert_eq!(to, [(it.home, from), (it.members[0], from)]);
    assert_eq!(it.value("低保金"), "2,714.00 元/月");
}

#[test]
fn a_window_is_whole_and_ends_before_the_day() {
    let text = "计算 近 : 元 = 合计(成员.自付 : 成员.结算日 属于 近 3 月)
        计算 本 : 元 = 合计(成员.自付 : 成员.结算日 属于 本年)
        计算 十天 : 元 = 合计(成员.自付 : 成员.结算日 属于 近 10 天)";
    check(
        text,
        "成员.自付 1, 10, 100, 1000; 成员.结算日 2026-04-30, 2026-05-01, 2026-07-31, 2026-08-01",
        &[
            ("近", "110.00 元"),
            ("本", "1,111.00 元"),
            ("十天", "100.00 元"),
        ],
    );
}

#[test]
fn a_given_quantity_is_not_computed() {
    check_dibao(
        "人均月收入 1180; 人数 3; 存款 0",
        "不符合 收入低于标准",
        "0.00 元/月",
    );
    check_dibao(
        "人均月收入 1179.99; 人数 3; 存款 0; 低保标准 1180",
        "符合",
        "0.03 元/月",
    );
}

#[test]
fn dates_count_in_whole_years_and_stop_at_the_end_of_a_month() {
    let text = "计算 成年 : 人 = 人数(成员 : 周岁(成员.出生日期, 月末) >= 18 岁)
        计算 到期 : 日期 = 月末 + 1 月
        计算 月初后 : 日期 = 次月初(上月末)";
    check(
        text,
        "成员.出生日期 2008-08-31, 2008-09-01, 2008-02-29",
        &[
            ("成年", "2 人"),
            ("到期", "2026-09-30"),
            ("月初后", "2026-08-01"),
        ],
    );
}

const TWO_PROGRAMMES: &str = "不并给 tekun orphan : 先 tekun  依据 社会救助法 第十八条";

fn check_exclusion(
    line: &str,
    claims: [(Option<bool>, Option<bool>, i128); 2],
    choice: Value,
    want: Option<(usize, Yield)>,
) {
    let policy = |id: &str, title: &str| {
        format!(
            "# {title}\n\n```规则\n政策 {id} 每 个人 每 月 2026-07-01 起施行
            输入 患重病 : 是否
            条件 有病 : 患重病  依据 社会救助法 第十八条  否则 没有病
            给付 {title}金 : 元/月 = 100 元/月  依据 社会救助法 第十八条\n```\n"
        )
    };
    let matrix = format!("# 并给\n\n```规则\n{line}\n```\n");
    let program = program(&[
        &policy("tekun", "特困供养"),
        &policy("orphan", "儿童生活费"),
        &matrix,
    ]);
    let claims: Vec<Claim> = claims
        .into_iter()
        .enumerate()
        .map(|(at, (verdict, held, amount))| Claim {
            file: program.file(["tekun", "orphan"][at]).unwrap().0,
            verdict,
            held,
            amount: Value::whole(amount),
        })
        .collect();
    let got = resolve_exclusions(&program, &claims, |_| choice);
    let want: Vec<(FileId, Yield)> = want
        .into_iter()
        .map(|(at, y)| (claims[at].file, y))
        .collect();
    assert_eq!(
        got.iter().map(|r| (r.file, r.outcome)).collect::<Vec<_>>(),
        want,
        "{line}"
    );
}

#[test]
fn the_second_is_not_paid_while_the_first_is_held() {
    let yes = Some(true);
    check_exclusion(
        TWO_PROGRAMMES,
        [(yes, yes, 5), (yes, yes, 5)],
        Value::Unknown,
        Some((1, Yield::Withheld)),
    );
    check_exclusion(
        TWO_PROGRAMMES,
        [(yes, Some(false), 5), (yes, yes, 5)],
        Value::Unknown,
        None,
    );
    check_exclusion(
        TWO_PROGRAMMES,
        [(None, None, 5), (yes, yes, 5)],
        Value::Unknown,
        Some((1, Yield::Undecided)),
    );
    check_exclusion(
        TWO_PROGRAMMES,
        [(yes, yes, 5), (Some(false), yes, 5)],
        Value::Unknown,
        None,
    );
}

#[test]
fn the_chosen_one_is_paid_and_the_difference_is_made_up() {
    let yes = Some(true);
    let choice = "不并给 tekun orphan : 自选 儿童保障选择  依据 社会救助法 第十八条";
    let both = [(yes, yes, 500), (yes, yes, 800)];
    check_exclusion(choice, both, Value::Sym(0), Some((1, Yield::Withheld)));
    check_exclusion(choice, both, Value::Sym(1), Some((0, Yield::Withheld)));
    check_exclusion(choice, both, Value::Unknown, Some((1, Yield::Undecided)));
    let top_up = "不并给 tekun orphan : 补差  依据 社会救助法 第十八条";
    let rest = |n| Some((1, Yield::Reduced(crate::Ratio::whole(n))));
    check_exclusion(top_up, both, Value::Unknown, rest(300));
    check_exclusion(
        top_up,
        [(yes, yes, 900), (yes, yes, 800)],
        Value::Unknown,
        rest(0),
    );
}

#[test]
fn a_claim_reads_the_roll_where_the_file_gives_a_status() {
    let program = program(&[DIBAO]);
    let mut it = Given::household(&program, 0);
    it.set("年收入 0; 人数 1; 存款 0");
    it.it.complete_statuses(it.home);
    let mut eval = Evaluator::new(&program, &it.it, monthly());
    let got = claim(&mut eval, FileId(0), it.home).unwrap();
    assert_eq!(
        (got.verdict, got.held, got.amount),
        (Some(true), Some(false), Value::whole(118_000))
    );
}

#[test]
fn an_unknown_total_lies_between_what_is_known_and_the_ranges() {
    let program = small(WAGES);
    let mut it = Given::household(&program, 2);
    it.set("成员.月工资 100, ？");
    let item = program.find("t.总").unwrap();
    let mut eval = Evaluator::new(&program, &it.it, monthly());
    let range = eval.range_of(item, Place::own(it.home)).unwrap();
    assert_eq!(
        (range.low, range.high),
        (crate::Ratio::whole(10_000), crate::Ratio::whole(10_010_000))
    );
}

//! Values: three answers, lists, classes, history, dates.

use super::{Given, day, monthly, program, small};
use crate::eval::{Evaluator, Place};
use crate::plan::FileId;
use crate::show;
use crate::value::Value;

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
fn before_the_first_roll_nobody_knows_who_held_a_status() {
    let program = small(
        "计算 上月在保 : 是否 = 当时(低保户, 上月末)
        计算 年初在保 : 是否 = 当时(低保户, 年初)
        计算 上月享受 : 是否 = 曾(低保户, 上月末, 月初)
        计算 今年享受过 : 是否 = 曾(低保户, 年初, 上月末)",
    );
    let mut it = Given::household(&program, 0);
    let names = ["上月在保", "年初在保", "上月享受", "今年享受过"];
    let values = |it: &Given<'_>| names.map(|n| it.value(n));
    let status = program.find("低保户").unwrap();
    it.it
        .complete_status_from(it.home, status, day("2026-07-01"));
    assert_eq!(values(&it), ["否", "？", "否", "？"]);
    it.it
        .add_status(it.home, status, day("2026-02-01"), Some(day("2026-04-30")));
    assert_eq!(values(&it), ["否", "？", "否", "是"]);
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

//! Verdicts, what is missing, proposals and exclusions.

use super::{DIBAO, Given, day, monthly, program, small};
use crate::eval::{
    Claim, Evaluator, NoteKind, Verdict, Yield, claim, resolve_exclusions, result_text,
};
use crate::plan::FileId;
use crate::situation::{InstanceId, Moments};
use crate::value::Value;
use domain::{Day, Month};

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
fn learning_a_fact_never_changes_what_was_already_known() {
    let program = program(&[DIBAO]);
    let facts = [
        "年收入 30000",
        "人数 2",
        "存款 99999",
        "成员.残疾等级 无, 一级",
        "成员.患重病 是, 否",
    ];
    let values = |mask: usize| -> Vec<Value> {
        let mut it = Given::household(&program, 2);
        for (at, fact) in facts.iter().enumerate() {
            if mask >> at & 1 == 1 {
                it.set(fact);
            }
        }
        let mut eval = Evaluator::new(&program, &it.it, monthly());
        let plan = &program.files[0];
        let own = plan.items.iter().chain(&plan.verdict);
        own.map(|item| eval.value(*item, it.home)).collect()
    };
    let whole = values(0b11111);
    assert!(whole.iter().filter(|v| v.is_known()).count() > 6);
    for mask in 0..0b11111 {
        for (got, want) in values(mask).iter().zip(&whole) {
            assert!(
                !got.is_known() || got == want,
                "{mask:05b}: {got:?} then {want:?}"
            );
        }
    }
}

//! What officials read: snapshots of explanations, and formulas printed back.

use super::{Detail, explain};
use crate::eval::Evaluator;
use crate::eval::tests::{DIBAO, Given, monthly, program, small};
use crate::plan::FileId;
use crate::situation::SourceRef;
use crate::value::Value;

fn told(it: &Given<'_>) -> String {
    let mut eval = Evaluator::new(it.program, &it.it, monthly());
    explain(&mut eval, FileId(0), it.home, Detail::Whole)
        .unwrap()
        .to_string()
}

fn same(got: &str, want: &str) {
    let want = want.trim_start_matches('\n');
    assert_eq!(got, want, "got:\n{got}");
}

#[test]
fn every_quantity_is_told_after_those_it_uses() {
    let program = program(&[DIBAO]);
    let mut it = Given::household(&program, 2);
    it.set("年收入 45000.00; 人数 3; 存款 ？; 成员.残疾等级 无, 一级; 成员.患重病 否, ？");
    same(
        &told(&it),
        "
低保:不符合 收入低于标准
  年收入 = 45,000.00 元/年
  月收入 = 年收入 / 12 月/年 = 45,000.00 元/年 / 12 月/年 = 3,750.00 元/月
  人数 = 3 人
  人均月收入 = 月收入 / 不低于(人数, 1 人) = 3,750.00 元/月 / 不低于(3 人, 1 人) = 1,250.00 元/人月
  城乡 = 城镇
  低保标准 = 1,180.00 元/人月 · 示例值(2026-07-01 起)
  存款限额 = 低保标准 * 12 月 * 人数 = 1,180.00 元/人月 * 12 月 * 3 人 = 42,480.00 元
✗ 收入低于标准 = 人均月收入 < 低保标准 = 1,250.00 元/人月 < 1,180.00 元/人月 · 超出 70.00 元/人月 · 依据 社会救助法 第十八条
    人均月收入 1,250.00 元/人月 不低于低保标准 1,180.00 元/人月
  存款 = ？
？ 存款未超限 = 存款 <= 存款限额 = ？ <= 42,480.00 元 · 依据 社会救助法 第十八条
  成员.残疾等级
      成员 1 = 无
      成员 2 = 一级
  成员.患重病
    ✗ 成员 1
    ？ 成员 2
  叠加 = 取最大 · 示例值(2026-07-01 起)
  成员.增发 = 取 叠加
      成员 1 = 0.00 元/月
      成员 2 = ？ · 重残 354.00 元/月;重病 ？
  低保金 = (低保标准 - 人均月收入) * 人数 + 合计(成员.增发) = (1,180.00 元/人月 - 1,250.00 元/人月) * 3 人 + ？ = ？(四舍五入到分) · 不论怎样都是 144.00 元/月 · 依据 社会救助法 第二十条
      成员 1 = 0.00 元/月
      成员 2 = ？ ←
",
    );
}

#[test]
fn rows_that_decide_and_records_are_pointed_at() {
    let program = small(
        "输入 甲 : 是否
        输入 存款 : 元
        计算 总工资 : 元/月 = 合计(成员.月工资 : 成员.残疾等级 < 无)
        归类 类 : 家庭类型 取首个
          老年 : 甲 说明 有老人
          残疾 : 任一(成员 : 成员.残疾等级 <= 二级) 说明 有重残的人
          其余 : 普通
        分项 扣减 : 元 取最大
          存 : 存款 * 10% 封顶 100 元
          定额 : 30 元 当 甲
        条件 有重残 : 任一(成员 : 成员.残疾等级 <= 二级)  依据 社会救助法 第十八条  否则 没有重残的人
        条件 钱不多 : 存款 <= 5000 元 且 非 甲  依据 社会救助法 第十八条  否则 存款 {存款} 太多",
    );
    let mut it = Given::household(&program, 3);
    it.set("甲 否; 成员.残疾等级 无, 二级, ？; 成员.月工资 100, ？, 200");
    let bank = SourceRef {
        row_id: 7,
        feed: "bank_balance".to_owned(),
        period: "2026-08".to_owned(),
    };
    let deposit = program.find("存款").unwrap();
    it.it
        .set_from(it.home, deposit, Value::whole(120_000), Some(bank));
    same(
        &told(&it),
        "
试:符合
  成员.月工资
      成员 1 = 100.00 元/月
      成员 2 = ？
      成员 3 = 200.00 元/月
  成员.残疾等级
      成员 1 = 无
      成员 2 = 二级
      成员 3 = ？
  总工资 = 合计(成员.月工资 : 成员.残疾等级 < 无) = ？ · 暂计 0.00 元/月 至 100,200.00 元/月
    ✗ 成员 1 = 100.00 元/月
    ✓ 成员 2 = ？ ←
    ？ 成员 3 = 200.00 元/月 ←
✗ 甲
  类 = 取首个 = 残疾
    ✗ 老年 : 甲 · 有老人
    ✓ 残疾 : 任一(成员 : 成员.残疾等级 <= 二级) · 有重残的人 ←
      普通 : 其余
  存款 = 1,200.00 元 · 来自 bank_balance 2026-08
  扣减 = 取最大 = 100.00 元
      存 : 1,200.00 元 * 10% = 100.00 元 · 封顶 100 元 ←
    ✗ 定额 = 0.00 元
✓ 有重残 = 任一(成员 : 成员.残疾等级 <= 二级) · 依据 社会救助法 第十八条
    ✗ 成员 1 : 无 <= 二级
    ✓ 成员 2 : 二级 <= 二级 ←
    ？ 成员 3 : ？ <= 二级
✓ 钱不多 = 存款 <= 5000 元 且 非 甲 = 1,200.00 元 <= 5000 元 且 非 否 · 存款 还差 3,800.00 元 · 依据 社会救助法 第十八条
",
    );
}

#[test]
fn a_formula_is_printed_as_it_is_written() {
    let check = |ty: &str, formula: &str| {
        let text = format!(
            "输入 年收入 : 元/年\n输入 人数 : 人\n输入 存款 : 元\n输入 甲 : 是否\n输入 乙 : 是否\n计算 量 : {ty} = {formula}"
        );
        let program = small(&text);
        let it = Given::household(&program, 0);
        let mut eval = Evaluator::new(&program, &it.it, monthly());
        let told = explain(&mut eval, FileId(0), it.home, Detail::File).unwrap();
        let line = told.lines.iter().find(|l| l.name == "量").unwrap();
        assert_eq!(line.formula.as_deref(), Some(formula));
    };
    check("元", "存款 - (存款 - 1.50 元)");
    check("元", "存款 - 1 元 - 2 元");
    check("元", "-(存款 + 1 元) * 30%");
    check("元/月", "年收入 / 12 月/年 * 2");
    check("是否", "(甲 或 乙) 且 非 (甲 且 乙)");
    check("是否", "非 甲 且 存款 + 1 元 >= 2 元");
    check("是否", "若 甲 则 乙 否则 非 乙");
    check("元", "(若 甲 则 存款 否则 0 元) + 1 元");
    check(
        "元",
        "最小(存款, 1 元, 2 元) + 不超过(存款, 3 元) + 段内(存款, 1 元, 2 元)",
    );
    check(
        "是否",
        "任一(成员 : 成员.结算日 属于 近 3 月 且 成员.残疾等级 属于 {一级, 二级})",
    );
    check("元/月", "合计(成员.月工资 : 知道(成员.月工资))");
    check("日期", "次月初(月初) + 6 月");
    check("是否", "当时(低保户, 上月末) 或 曾(低保户, 年初, 基准日)");
}

#[test]
fn the_quantities_of_other_files_stand_as_results_in_a_short_explanation() {
    let means = "# 收入\n\n```规则\n政策 means 每 家庭 每 月 2026-07-01 起施行
        输入 年收入 : 元/年\n计算 月收入 : 元/月 = 年收入 / 12 月/年\n```\n";
    let policy = "# 政策\n\n```规则\n政策 t 每 家庭 每 月 2026-07-01 起施行
        引用 means.月收入
        条件 低 : 月收入 < 100 元/月  依据 社会救助法 第十八条  否则 收入 {月收入} 高\n```\n";
    let program = program(&[means, policy]);
    let mut it = Given::household(&program, 0);
    it.set("年收入 1100");
    let (file, _) = program.file("t").unwrap();
    let names = |detail| {
        let mut eval = Evaluator::new(&program, &it.it, monthly());
        let told = explain(&mut eval, file, it.home, detail).unwrap();
        told.lines
            .into_iter()
            .map(|l| (l.name, l.file))
            .collect::<Vec<_>>()
    };
    let other = Some("收入".to_owned());
    let line = |name: &str, file: Option<String>| (name.to_owned(), file);
    assert_eq!(
        names(Detail::File),
        [line("月收入", other.clone()), line("低", None)]
    );
    assert_eq!(
        names(Detail::Whole),
        [
            line("年收入", None),
            line("月收入", other),
            line("低", None)
        ]
    );
}

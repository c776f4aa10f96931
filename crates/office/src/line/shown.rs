//! 候选线的样子: each method with its formula, its numbers, what moves it, and whom it would reach.

use super::Incomes;
use super::inputs::{Inputs, Survey};
use super::methods::{self, Eles, Fit, Martin, Undefined};
use crate::views::{LineCandidate, LinePage, LineReach, LineSensitivity, LineTable};

const GUIDE: &str = "民政部等部门2011年关于规范城乡低保标准制定和调整的指导意见";
const MARTIN: &str = "Ravallion,Poverty Lines in Theory and Practice,世界银行 LSMS 133,1998";
const LLUCH: &str = "Lluch,The Extended Linear Expenditure System,European Economic Review,1973";
const MEDIAN: &str = "欧盟统计局的贫困风险线:收入中位数的一个比例";
const BASKET: &str =
    "Rowntree,Poverty: A Study of Town Life,1901;基本生活费用支出法见民政部等部门2011年指导意见";

/// A line from its inputs, so that each can be moved.
type Line<'a> = Box<dyn Fn(&[f64]) -> Result<f64, Undefined> + 'a>;

/// A method with what it reads.
struct Method<'a> {
    name: &'a str,
    formula: &'a str,
    worked: String,
    source: &'a str,
    inputs: Vec<(&'a str, f64)>,
    line: Line<'a>,
    error: Option<f64>,
}

/// The page.
pub(super) fn page(inputs: &Inputs, problems: Vec<String>, incomes: Option<&Incomes>) -> LinePage {
    let survey = &inputs.survey;
    let food = inputs.number("必需食品支出").unwrap_or(0.0);
    let martin = methods::martin(food, &survey.food());
    let eles = methods::eles(&survey.incomes, &survey.kinds);
    let mut all = published(inputs);
    all.push(basket(inputs));
    all.extend(martins(food, survey, martin.as_ref().ok()));
    all.push(system(survey, eles.as_ref().ok()));
    let mut tables = vec![basket_table(inputs)];
    tables.extend(martin.ok().map(|m| martin_table(&m, &inputs.survey_source)));
    tables.extend(eles.ok().map(|e| eles_table(&e, &inputs.survey_source)));
    LinePage {
        inputs: inputs.shown.clone(),
        problems,
        month: incomes.map(|i| i.month.clone()),
        unknown: incomes.map(|i| i.unknown),
        candidates: all.into_iter().map(|m| candidate(m, incomes)).collect(),
        tables,
    }
}

fn published(inputs: &Inputs) -> Vec<Method<'static>> {
    let number = |name: &str| inputs.number(name).unwrap_or(0.0);
    let pair = |[first, second]: [&'static str; 2]| {
        let (a, b) = (number(first), number(second));
        (vec![(first, a), (second, b)], a, b)
    };
    let two = |inputs: &[f64], of: fn(f64, f64) -> Result<f64, Undefined>| match inputs {
        [a, b] => of(*a, *b),
        _ => Err(Undefined::NotPositive),
    };
    let (spending, a, b) = pair(["人均消费支出", "消费比例"]);
    let consumption = Method {
        name: "消费支出比例法",
        formula: "人均消费支出 × 消费比例",
        worked: format!("{a:.2} × {:.2}%", b * 100.0),
        source: GUIDE,
        inputs: spending,
        line: Box::new(move |x| two(x, methods::share)),
        error: None,
    };
    let (median, a, b) = pair(["人均可支配收入中位数", "收入比例"]);
    let income = Method {
        name: "收入比例法",
        formula: "人均可支配收入中位数 × 收入比例",
        worked: format!("{a:.2} × {:.2}%", b * 100.0),
        source: MEDIAN,
        inputs: median,
        line: Box::new(move |x| two(x, methods::share)),
        error: None,
    };
    let (food, a, b) = pair(["必需食品支出", "恩格尔系数"]);
    let engel = Method {
        name: "恩格尔系数法",
        formula: "必需食品支出 ÷ 最低收入家庭的恩格尔系数",
        worked: format!("{a:.2} ÷ {:.2}%", b * 100.0),
        source: GUIDE,
        inputs: food,
        line: Box::new(move |x| two(x, methods::engel)),
        error: None,
    };
    vec![consumption, income, engel]
}

/// Every kind of the basket moves on its own.
fn basket(inputs: &Inputs) -> Method<'_> {
    let mut kinds: Vec<(&str, f64)> = Vec::new();
    for row in &inputs.basket {
        let cost = row.quantity * row.price;
        match kinds.iter_mut().find(|(kind, _)| *kind == row.kind) {
            Some((_, sum)) => *sum += cost,
            None => kinds.push((&row.kind, cost)),
        }
    }
    let parts: Vec<String> = kinds
        .iter()
        .map(|(kind, sum)| format!("{kind} {sum:.2}"))
        .collect();
    Method {
        name: "市场菜篮子法",
        formula: "各样用量 × 单价,相加",
        worked: parts.join(" + "),
        source: BASKET,
        inputs: kinds,
        line: Box::new(|sums| {
            let items: Vec<(f64, f64)> = sums.iter().map(|sum| (1.0, *sum)).collect();
            methods::basket(&items)
        }),
        error: None,
    }
}

/// Both lines; food line, all food and all spending of the survey are moved.
fn martins<'a>(food: f64, survey: &'a Survey, martin: Option<&Martin>) -> [Method<'a>; 2] {
    let moved = move |x: &[f64]| match x {
        [line, eaten, spent] => {
            let points: Vec<(f64, f64)> = survey
                .food()
                .iter()
                .map(|(food, all)| (food * eaten, (all - food) * spent + food * eaten))
                .collect();
            methods::martin(*line, &points)
        }
        _ => Err(Undefined::NotPositive),
    };
    let inputs = vec![
        ("必需食品支出", food),
        ("各户食品支出", 1.0),
        ("各户其他支出", 1.0),
    ];
    let fit = martin.map(|m| m.fit);
    let curve = |fit: Fit| format!("α {:.4},β {:.4}", fit.intercept, fit.slope);
    [
        Method {
            name: "马丁法低线",
            formula: "食物线 × (2 − α);食品份额 = α + β ln(支出 ÷ 食物线)",
            worked: fit.map_or_else(String::new, |f| {
                format!("{food:.2} × (2 − {:.4});{}", f.intercept, curve(f))
            }),
            source: MARTIN,
            inputs: inputs.clone(),
            line: Box::new(move |x| moved(x).map(|m| m.lower)),
            error: martin.map(|m| m.lower_error),
        },
        Method {
            name: "马丁法高线",
            formula: "食品支出恰好等于食物线的户的全部支出:y(α + β ln(y ÷ 食物线)) = 食物线",
            worked: fit.map_or_else(String::new, |f| format!("食物线 {food:.2};{}", curve(f))),
            source: MARTIN,
            inputs,
            line: Box::new(move |x| moved(x).map(|m| m.upper)),
            error: martin.map(|m| m.upper_error),
        },
    ]
}

/// Incomes and each kind of spending are moved.
fn system<'a>(survey: &'a Survey, eles: Option<&Eles>) -> Method<'a> {
    let mut inputs: Vec<(&str, f64)> = vec![("各户收入", 1.0)];
    inputs.extend(survey.kinds.iter().map(|(name, _)| (name.as_str(), 1.0)));
    Method {
        name: "扩展线性支出系统",
        formula: "各类支出 = aᵢ + bᵢ × 收入;线 = Σaᵢ ÷ (1 − Σbᵢ)",
        worked: eles.map_or_else(String::new, |e| {
            format!("{:.2} ÷ (1 − {:.4})", e.total.intercept, e.total.slope)
        }),
        source: LLUCH,
        inputs,
        line: Box::new(|x| {
            let Some((of_income, of_kinds)) = x.split_first() else {
                return Err(Undefined::TooFew);
            };
            let incomes: Vec<f64> = survey.incomes.iter().map(|i| i * of_income).collect();
            let kinds = survey.kinds.iter().zip(of_kinds);
            let kinds: Vec<(String, Vec<f64>)> = kinds
                .map(|((name, v), times)| (name.clone(), v.iter().map(|x| x * times).collect()))
                .collect();
            methods::eles(&incomes, &kinds).map(|e| e.line)
        }),
        error: eles.map(|e| e.line_error),
    }
}

fn candidate(method: Method<'_>, incomes: Option<&Incomes>) -> LineCandidate {
    let numbers: Vec<f64> = method.inputs.iter().map(|(_, n)| *n).collect();
    let line = (method.line)(&numbers);
    let moved = |at: usize, times: f64| {
        let mut numbers = numbers.clone();
        if let Some(number) = numbers.get_mut(at) {
            *number *= times;
        }
        (method.line)(&numbers)
    };
    let told = |line: Result<f64, Undefined>| line.map_or_else(|e| e.to_string(), money);
    let sensitivity = method
        .inputs
        .iter()
        .enumerate()
        .map(|(at, (name, _))| LineSensitivity {
            input: (*name).to_owned(),
            less: told(moved(at, 0.9)),
            little_more: told(moved(at, 1.01)),
            more: told(moved(at, 1.1)),
        });
    let sensitivity = sensitivity.collect();
    let reached = |line: Result<f64, Undefined>| Some(reach(incomes?, line.ok()?));
    LineCandidate {
        method: method.name.to_owned(),
        formula: method.formula.to_owned(),
        worked: method.worked.clone(),
        line: told(line),
        yuan: line.ok(),
        error: method.error.filter(|_| line.is_ok()).map(money),
        reach: reached(line),
        reach_little_more: reached(moved(0, 1.01)),
        sensitivity,
        source: method.source.to_owned(),
    }
}

/// Whom a line in 元 would reach: those whose income is below it, and what is missing to it.
fn reach(incomes: &Incomes, yuan: f64) -> LineReach {
    let line = yuan * 100.0;
    let mut out = LineReach {
        persons: 0,
        households: 0,
        gap: String::new(),
    };
    let mut gap = 0.0;
    for (income, heads) in incomes
        .known
        .iter()
        .take_while(|(income, _)| *income < line)
    {
        out.persons = out.persons.saturating_add(*heads);
        out.households = out.households.saturating_add(1);
        let heads = u32::try_from(*heads).unwrap_or(u32::MAX);
        gap += (line - income) * f64::from(heads);
    }
    out.gap = format!("{:.2} 元/月", gap / 100.0);
    out
}

fn money(yuan: f64) -> String {
    format!("{yuan:.2} 元/人月")
}

fn basket_table(inputs: &Inputs) -> LineTable {
    let columns = [
        "类别",
        "品名",
        "每人每月用量",
        "单价(元)",
        "费用(元)",
        "来源",
    ];
    let rows = inputs.basket.iter().map(|row| {
        vec![
            row.kind.clone(),
            row.name.clone(),
            format!("{} {}", row.quantity, row.unit),
            format!("{:.2}", row.price),
            format!("{:.2}", row.quantity * row.price),
            row.source.clone(),
        ]
    });
    LineTable {
        title: "市场菜篮子".to_owned(),
        columns: columns.map(str::to_owned).to_vec(),
        rows: rows.collect(),
    }
}

fn martin_table(martin: &Martin, source: &str) -> LineTable {
    let columns = ["量", "估计值", "标准误"];
    let fit = martin.fit;
    let row = |name: &str, value: String, error: String| vec![name.to_owned(), value, error];
    LineTable {
        title: format!(
            "马丁法:食品份额对支出对数的回归({} 户,R² {:.4};{source})",
            fit.points, fit.r2
        ),
        columns: columns.map(str::to_owned).to_vec(),
        rows: vec![
            row(
                "α(支出等于食物线的户的食品份额)",
                format!("{:.4}", fit.intercept),
                format!("{:.4}", fit.intercept_error),
            ),
            row(
                "β",
                format!("{:.4}", fit.slope),
                format!("{:.4}", fit.slope_error),
            ),
            row("低线", money(martin.lower), money(martin.lower_error)),
            row("高线", money(martin.upper), money(martin.upper_error)),
        ],
    }
}

fn eles_table(eles: &Eles, source: &str) -> LineTable {
    let columns = [
        "类别",
        "a",
        "a 的标准误",
        "b",
        "b 的标准误",
        "R²",
        "基本需求(元/人月)",
        "标准误",
    ];
    let row = |name: &str, fit: Fit, need: f64, error: f64| {
        let four = |x: f64| format!("{x:.4}");
        let two = |x: f64| format!("{x:.2}");
        vec![
            name.to_owned(),
            two(fit.intercept),
            two(fit.intercept_error),
            four(fit.slope),
            four(fit.slope_error),
            four(fit.r2),
            two(need),
            two(error),
        ]
    };
    let mut rows: Vec<Vec<String>> = eles
        .categories
        .iter()
        .map(|c| row(&c.name, c.fit, c.need, c.need_error))
        .collect();
    rows.push(row("合计", eles.total, eles.line, eles.line_error));
    LineTable {
        title: format!(
            "扩展线性支出系统:各类支出对收入的回归({} 户;{source})",
            eles.total.points
        ),
        columns: columns.map(str::to_owned).to_vec(),
        rows,
    }
}

//! 六种办法: pure functions from numbers to a candidate line. They propose; nobody is bound by them.
//!
//! All amounts are of one person and month, in one money; nothing here knows which.

use std::fmt;

/// A straight line through points by least squares, with what its errors say.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fit {
    /// Intercept.
    pub intercept: f64,
    /// Slope.
    pub slope: f64,
    /// Standard error of the intercept.
    pub intercept_error: f64,
    /// Standard error of the slope.
    pub slope_error: f64,
    /// 判定系数.
    pub r2: f64,
    /// How many points.
    pub points: usize,
}

/// Why a line cannot be worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Undefined {
    /// Fewer than three households, or all with the same income.
    TooFew,
    /// A number that must be above zero is not.
    NotPositive,
    /// More than all of one more yuan would be spent, so nothing is basic.
    SpendsAll,
    /// The food share never falls to what the food line needs.
    NoCrossing,
}

impl fmt::Display for Undefined {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooFew => "户数太少,或者各户收入都一样,画不出一条线",
            Self::NotPositive => "有一个数应当大于零,却不是",
            Self::SpendsAll => "收入每多一元,支出多一元以上,这一办法没有意义",
            Self::NoCrossing => "食品占支出的份额降不到食物线要的那么低,算不出高线",
        })
    }
}

/// 比例法: a share of average consumption or of the median income.
///
/// # Errors
/// A number that is not above zero.
pub fn share(base: f64, ratio: f64) -> Result<f64, Undefined> {
    positive(&[base, ratio])?;
    Ok(base * ratio)
}

/// 恩格尔系数法: what necessary food costs by the share of food in what the poorest spend.
///
/// # Errors
/// A number that is not above zero.
pub fn engel(food: f64, coefficient: f64) -> Result<f64, Undefined> {
    positive(&[food, coefficient])?;
    Ok(food / coefficient)
}

/// 市场菜篮子法: quantities by prices, added up.
///
/// # Errors
/// An empty basket.
pub fn basket(items: &[(f64, f64)]) -> Result<f64, Undefined> {
    let sum = items.iter().map(|(quantity, price)| quantity * price).sum();
    positive(&[sum])?;
    Ok(sum)
}

/// 马丁法: the two lines around the cost of necessary food.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Martin {
    /// The food share of those who spend exactly the food line, and how it falls with the logarithm.
    pub fit: Fit,
    /// 低线: the food line and what those spend on other things who could just buy the food.
    pub lower: f64,
    /// Its standard error.
    pub lower_error: f64,
    /// 高线: what those spend in all who do buy food for the food line.
    pub upper: f64,
    /// Its standard error.
    pub upper_error: f64,
}

/// 马丁法 from households: food and all spending of a head. Share of food s = α + β ln(y/z); the lower
/// line is z(2 − α), the upper one the y at which s·y is z.
///
/// # Errors
/// Too few households, or a share that never falls far enough.
pub fn martin(food_line: f64, households: &[(f64, f64)]) -> Result<Martin, Undefined> {
    positive(&[food_line])?;
    let points: Vec<(f64, f64)> = households
        .iter()
        .filter(|(food, all)| *all > 0.0 && *food >= 0.0)
        .map(|(food, all)| ((all / food_line).ln(), food / all))
        .collect();
    let (fit, spreads) = fit(&points)?;
    let (alpha, beta) = (fit.intercept, fit.slope);
    let share_at = |times: f64| alpha + beta * times.ln();
    let times = crossing(|times| times * share_at(times) - 1.0)?;
    // By the implicit function times·(α + β ln times) = 1.
    let steep = share_at(times) + beta;
    if steep <= 0.0 {
        return Err(Undefined::NoCrossing);
    }
    let (by_alpha, by_beta) = (-times / steep, -times * times.ln() / steep);
    let variance = spreads.variance(by_alpha, by_beta);
    Ok(Martin {
        fit,
        lower: food_line * (2.0 - alpha),
        lower_error: food_line * fit.intercept_error,
        upper: food_line * times,
        upper_error: food_line * variance.max(0.0).sqrt(),
    })
}

/// Where a rising function passes zero between one and a hundred times the food line.
fn crossing(of: impl Fn(f64) -> f64) -> Result<f64, Undefined> {
    let (mut low, mut high) = (1.0, 1.0);
    if of(low) >= 0.0 {
        // Those who spend the food line in all already eat for it.
        return Ok(low);
    }
    while of(high) < 0.0 {
        low = high;
        high *= 1.05;
        if high > 100.0 {
            return Err(Undefined::NoCrossing);
        }
    }
    for _ in 0..100 {
        let middle = f64::midpoint(low, high);
        if of(middle) < 0.0 {
            low = middle;
        } else {
            high = middle;
        }
    }
    Ok(f64::midpoint(low, high))
}

/// 扩展线性支出系统: what is spent on one kind of thing.
#[derive(Clone, Debug, PartialEq)]
pub struct Category {
    /// Its name.
    pub name: String,
    /// Spending = a + b · income.
    pub fit: Fit,
    /// 基本需求: what is spent on it at the line.
    pub need: f64,
    /// Its standard error.
    pub need_error: f64,
}

/// 扩展线性支出系统 whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Eles {
    /// Kind by kind.
    pub categories: Vec<Category>,
    /// All spending by income.
    pub total: Fit,
    /// 基本需求支出: Σa / (1 − Σb).
    pub line: f64,
    /// Its standard error, by the delta method.
    pub line_error: f64,
}

/// 扩展线性支出系统 (Lluch 1973): every kind of spending by least squares on income, all with the same
/// incomes, so that the equations may be estimated one by one.
///
/// # Errors
/// Too few households, or spending that rises by more than income.
pub fn eles(incomes: &[f64], kinds: &[(String, Vec<f64>)]) -> Result<Eles, Undefined> {
    let sums: Vec<f64> = (0..incomes.len())
        .map(|at| kinds.iter().filter_map(|(_, spent)| spent.get(at)).sum())
        .collect();
    let pair = |spent: &[f64]| -> Vec<(f64, f64)> {
        incomes.iter().copied().zip(spent.iter().copied()).collect()
    };
    let (total, all) = fit(&pair(&sums))?;
    let left = 1.0 - total.slope;
    if left <= 0.0 {
        return Err(Undefined::SpendsAll);
    }
    let line = total.intercept / left;
    // How the line moves with the intercept and the slope of all spending.
    let (by_a, by_b) = (1.0 / left, line / left);
    let line_variance = all.variance(by_a, by_b);
    let mut categories = Vec::new();
    for (name, spent) in kinds {
        let points = pair(spent);
        let (own, spreads) = fit(&points)?;
        // Residuals of this kind and of all spending move together; the incomes are the same.
        let together = covariance(&points, &own, &pair(&sums), &total);
        let cross = all.inverse[0] * by_a
            + all.inverse[1] * (by_b + line * by_a)
            + all.inverse[2] * line * by_b;
        let variance = spreads.variance(1.0, line)
            + own.slope * own.slope * line_variance
            + 2.0 * own.slope * together * cross;
        categories.push(Category {
            name: name.clone(),
            need: own.intercept + own.slope * line,
            need_error: variance.max(0.0).sqrt(),
            fit: own,
        });
    }
    Ok(Eles {
        categories,
        total,
        line,
        line_error: line_variance.max(0.0).sqrt(),
    })
}

/// How intercept and slope spread together: residual variance times the inverse of the normal matrix.
#[derive(Clone, Copy)]
struct Spreads {
    residual: f64,
    /// Intercept with itself, with the slope, slope with itself.
    inverse: [f64; 3],
}

impl Spreads {
    /// The variance of what moves so much with the intercept and so much with the slope.
    fn variance(&self, by_intercept: f64, by_slope: f64) -> f64 {
        let [aa, ab, bb] = self.inverse;
        let sum = aa * by_intercept * by_intercept
            + 2.0 * ab * by_intercept * by_slope
            + bb * by_slope * by_slope;
        self.residual * sum
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::as_conversions,
    reason = "a survey has far fewer households than a float counts exactly"
)]
fn size(n: usize) -> f64 {
    n as f64
}

/// Ordinary least squares of y on x, by the centred normal equations.
fn fit(points: &[(f64, f64)]) -> Result<(Fit, Spreads), Undefined> {
    let n = size(points.len());
    if points.len() < 3 {
        return Err(Undefined::TooFew);
    }
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (x, y) = (mean(&|p| p.0), mean(&|p| p.1));
    let sum =
        |of: &dyn Fn(f64, f64) -> f64| -> f64 { points.iter().map(|p| of(p.0 - x, p.1 - y)).sum() };
    let (xx, xy, yy) = (sum(&|a, _| a * a), sum(&|a, b| a * b), sum(&|_, b| b * b));
    if xx <= 0.0 || !xx.is_finite() {
        return Err(Undefined::TooFew);
    }
    let slope = xy / xx;
    let intercept = y - slope * x;
    let left: f64 = points
        .iter()
        .map(|p| (p.1 - intercept - slope * p.0).powi(2))
        .sum();
    let spreads = Spreads {
        residual: left / (n - 2.0),
        inverse: [1.0 / n + x * x / xx, -x / xx, 1.0 / xx],
    };
    Ok((
        Fit {
            intercept,
            slope,
            intercept_error: spreads.variance(1.0, 0.0).sqrt(),
            slope_error: spreads.variance(0.0, 1.0).sqrt(),
            r2: if yy > 0.0 { 1.0 - left / yy } else { 1.0 },
            points: points.len(),
        },
        spreads,
    ))
}

/// How the residuals of two lines over the same x move together.
fn covariance(a: &[(f64, f64)], line_a: &Fit, b: &[(f64, f64)], line_b: &Fit) -> f64 {
    let left = |p: &(f64, f64), line: &Fit| p.1 - line.intercept - line.slope * p.0;
    let products = a
        .iter()
        .zip(b)
        .map(|(p, q)| left(p, line_a) * left(q, line_b));
    products.sum::<f64>() / (size(a.len()) - 2.0)
}

fn positive(numbers: &[f64]) -> Result<(), Undefined> {
    let all = numbers.iter().all(|n| n.is_finite() && *n > 0.0);
    if all {
        Ok(())
    } else {
        Err(Undefined::NotPositive)
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        clippy::indexing_slicing,
        clippy::print_stderr,
        reason = "a test that fails should stop where it failed; a test skipped says so"
    )]
    use super::*;
    use std::collections::HashMap;
    use std::io::Read;
    use std::path::PathBuf;

    fn near(have: f64, want: f64, digits: f64) {
        assert!((have - want).abs() <= digits, "{have} is not {want}");
    }

    /// Ten families of Gujarati, Basic Econometrics, table 3.2: weekly income and consumption. The
    /// book prints 24.4545 (6.4138), 0.5091 (0.0357), r² 0.9621.
    const CONSUMPTION: [f64; 10] = [
        70.0, 65.0, 90.0, 95.0, 110.0, 115.0, 120.0, 140.0, 155.0, 150.0,
    ];
    const INCOME: [f64; 10] = [
        80.0, 100.0, 120.0, 140.0, 160.0, 180.0, 200.0, 220.0, 240.0, 260.0,
    ];

    #[test]
    fn least_squares_are_those_of_gujarati() {
        let all = eles(&INCOME, &[("全部".to_owned(), CONSUMPTION.to_vec())]).unwrap();
        near(all.total.intercept, 24.4545, 5e-5);
        near(all.total.slope, 0.5091, 5e-5);
        near(all.total.intercept_error, 6.4138, 5e-5);
        near(all.total.slope_error, 0.0357, 5e-5);
        near(all.total.r2, 0.9621, 5e-5);
        // 24.4545 / (1 − 0.5091); its error by hand from the book's x̄ 170, Σx² 322000, σ² 42.1591.
        near(all.line, 49.8148, 5e-4);
        near(all.line_error, 9.699, 5e-3);
        // One kind of spending is all spending.
        near(all.categories[0].need, all.line, 1e-9);
        near(all.categories[0].need_error, all.line_error, 1e-9);
    }

    #[test]
    fn the_needs_of_all_kinds_add_up_to_the_line() {
        let half: Vec<f64> = CONSUMPTION
            .iter()
            .zip(INCOME)
            .map(|(c, i)| 0.3 * c + 0.05 * i)
            .collect();
        let rest: Vec<f64> = CONSUMPTION.iter().zip(&half).map(|(c, h)| c - h).collect();
        let kinds = [("甲".to_owned(), half), ("乙".to_owned(), rest)];
        let all = eles(&INCOME, &kinds).unwrap();
        let sum: f64 = all.categories.iter().map(|c| c.need).sum();
        near(sum, all.line, 1e-9);
        near(all.line, 49.8148, 5e-4);
    }

    /// B. S. Rowntree, Poverty: A Study of Town Life (1901), York 1899, a family of five, in pence a
    /// week: food 12s 9d, rent 4s, clothing 2s 3d, fuel 1s 10d, all else 10d; together 21s 8d.
    #[test]
    fn the_basket_is_that_of_rowntree() {
        let pence = [12.0 * 12.0 + 9.0, 48.0, 27.0, 22.0, 10.0];
        let items: Vec<(f64, f64)> = pence.into_iter().map(|price| (1.0, price)).collect();
        near(basket(&items).unwrap(), 21.0 * 12.0 + 8.0, 1e-9);
    }

    /// Orshansky's threshold rests on the third of their income families spent on food in 1955: three
    /// times the plan's cost (G. M. Fisher, Social Security Bulletin 55/4, 1992).
    #[test]
    fn a_third_for_food_is_three_times_the_food() {
        near(engel(1033.0, 1.0 / 3.0).unwrap(), 3099.0, 1e-6);
    }

    /// Eurostat's at-risk-of-poverty line is 60 % of the median equivalised income.
    #[test]
    fn a_share_of_the_median_is_that_share() {
        near(share(23_515.0, 0.6).unwrap(), 14_109.0, 1e-6);
    }

    /// Shares that follow α + β ln(y/z) exactly give α, β and both lines back: Ravallion, Poverty
    /// Lines in Theory and Practice (LSMS 133, 1998): the lower line z(2 − α), and the upper line where
    /// what is spent on food is z.
    #[test]
    fn martins_lines_are_found_again_from_an_exact_curve() {
        let (z, alpha, beta) = (300.0, 0.6, -0.15);
        let one = |times: f64| {
            let all = z * times;
            (all * (alpha + beta * times.ln()), all)
        };
        let households: Vec<(f64, f64)> = [0.8, 1.0, 1.4, 2.0, 3.0, 5.0].map(one).to_vec();
        let lines = martin(z, &households).unwrap();
        near(lines.fit.intercept, alpha, 1e-9);
        near(lines.fit.slope, beta, 1e-9);
        near(lines.lower, 420.0, 1e-6);
        let times: f64 = lines.upper / z;
        near(times * (alpha + beta * times.ln()), 1.0, 1e-9);
        assert!(lines.lower < lines.upper && lines.upper_error < 1e-3);
    }

    #[test]
    fn what_cannot_be_worked_out_says_why() {
        assert_eq!(share(0.0, 0.4), Err(Undefined::NotPositive));
        assert_eq!(basket(&[]), Err(Undefined::NotPositive));
        assert_eq!(martin(300.0, &[(1.0, 2.0)]), Err(Undefined::TooFew));
        let spends = |of: f64| {
            eles(
                &[1.0, 2.0, 3.0],
                &[("甲".to_owned(), vec![of, 2.0 * of, 3.0 * of])],
            )
        };
        assert_eq!(spends(1.5).unwrap_err(), Undefined::SpendsAll);
    }

    fn microdata(name: &str) -> Option<Vec<HashMap<String, String>>> {
        let root = std::env::var_os("DOUDI_SHARED").map_or_else(
            || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
            PathBuf::from,
        );
        let path = root.join("data/microdata").join(name);
        let Ok(bytes) = std::fs::read(&path) else {
            eprintln!("SKIPPED: no {} (set DOUDI_SHARED)", path.display());
            return None;
        };
        let mut text = String::new();
        flate2::read::GzDecoder::new(bytes.as_slice())
            .read_to_string(&mut text)
            .unwrap();
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        Some(reader.deserialize().map(Result::unwrap).collect())
    }

    /// 24,238 real households (Pakistan 2015–16): Engel's law holds, and the lines stand in order.
    #[test]
    fn the_methods_hold_on_a_real_survey() {
        let (Some(households), Some(members)) = (
            microdata("pslm2015_households.csv.gz"),
            microdata("pslm2015_members.csv.gz"),
        ) else {
            return;
        };
        let mut heads: HashMap<String, (f64, f64)> = HashMap::new();
        for member in &members {
            let head = heads.entry(member["hh"].clone()).or_default();
            head.0 += 1.0;
            head.1 += member["work_income_year"].parse::<f64>().unwrap_or(0.0);
        }
        let kinds = [
            "exp_food",
            "exp_clothing",
            "exp_housing",
            "exp_health",
            "exp_education",
        ];
        let (mut incomes, mut food) = (Vec::new(), Vec::new());
        let mut spent: Vec<(String, Vec<f64>)> = kinds
            .iter()
            .map(|k| ((*k).to_owned(), Vec::new()))
            .collect();
        for household in &households {
            let Some((persons, income)) = heads.get(&household["hh"]) else {
                continue;
            };
            let number =
                |name: &str| household[name].parse::<f64>().unwrap_or(0.0) / persons / 12.0;
            // The poorer half by spending: near the line the curves are straight enough.
            let all = number("exp_nondurable_total");
            if all <= 0.0 || all > 4_000.0 || *income <= 0.0 || income / persons / 12.0 > 6_000.0 {
                continue;
            }
            food.push((number("exp_food"), all));
            incomes.push(income / persons / 12.0);
            for (name, values) in &mut spent {
                values.push(number(name));
            }
        }
        assert!(incomes.len() > 10_000, "{}", incomes.len());
        let lines = martin(1_000.0, &food).unwrap();
        assert!(lines.fit.slope < 0.0, "Engel: {:?}", lines.fit);
        assert!(
            1_000.0 < lines.lower && lines.lower < lines.upper,
            "{lines:?}"
        );
        let system = eles(&incomes, &spent).unwrap();
        let needs: f64 = system.categories.iter().map(|c| c.need).sum();
        near(needs, system.line, 1e-6);
        assert!(
            system.line > 0.0 && system.line_error > 0.0 && system.line_error < 0.1 * system.line
        );
    }
}

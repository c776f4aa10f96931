//! The rules' own explanation as lines of a page; members are named there as any page may name them.

use super::names::Names;
use crate::views::{Distance, ExplainLine, LineKind, Mark};
use rules::Program;
use rules::explain::{self, Explanation, Line, RowLine, Scope};
use rules::situation::Situation;

/// The lines of an explanation.
pub(super) fn lines(
    program: &Program,
    situation: &Situation,
    told: &Explanation,
    names: &Names,
) -> Vec<ExplainLine> {
    let mut out = Vec::new();
    for line in &told.lines {
        let mut head = one(line);
        // A quantity of rows is nothing but its rows; of others only the rows that decide are told.
        let all = matches!(line.scope, Scope::Rows(_));
        if all && head.kind == LineKind::Fact {
            head.result = in_one_line(program, situation, line, names);
            out.push(head);
            continue;
        }
        out.push(head);
        for row in line.rows.iter().filter(|r| all || r.decides) {
            out.push(of_row(program, situation, line, row, names));
        }
    }
    out
}

fn one(line: &Line) -> ExplainLine {
    let mut result = line.result.clone();
    if let Some(rounding) = &line.rounding {
        result = format!("{result}({rounding})");
    }
    if let Some(tentative) = &line.tentative {
        result = format!("{result} · {tentative}");
    }
    let cites = line.cites.join("、");
    let told = [
        Some(cites),
        line.file.as_ref().map(|f| format!("见《{f}》")),
        line.note.clone(),
        line.reason.clone(),
    ];
    let told: Vec<String> = told
        .into_iter()
        .flatten()
        .filter(|t| !t.is_empty())
        .collect();
    ExplainLine {
        kind: kind(line.kind),
        name: line.name.clone(),
        formula: line.formula.clone().unwrap_or_default(),
        with_numbers: line.numbers.clone().unwrap_or_default(),
        result,
        mark: line.mark.map(mark),
        article: told.join(" · "),
        distance: line
            .distance
            .as_ref()
            .map(|text| distance(text, line.numbers.as_deref().unwrap_or_default())),
    }
}

/// Facts of the members side by side: they need no line each.
fn in_one_line(program: &Program, situation: &Situation, line: &Line, names: &Names) -> String {
    let told = line.rows.iter().map(|row| {
        let value = match row.mark {
            Some(mark) if row.result.is_empty() => word_of(mark),
            _ => row.result.as_str(),
        };
        format!("{} {value}", label(program, situation, row, names))
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() {
        line.result.clone()
    } else {
        told.join(";")
    }
}

fn word_of(mark: explain::Mark) -> &'static str {
    match mark {
        explain::Mark::Yes => "是",
        explain::Mark::No => "否",
        explain::Mark::Unknown => rules::show::UNKNOWN,
    }
}

fn label(program: &Program, situation: &Situation, row: &RowLine, names: &Names) -> String {
    let person = row.row.and_then(|(list, at)| {
        let row = situation.list(list)?.rows.get(usize::try_from(at).ok()?)?;
        let instance = situation.instance(row.target?)?;
        (program.dict.entity_name(instance.entity) == "个人").then_some(instance.key)
    });
    person.map_or_else(
        || row.label.clone(),
        |p| format!("{} {}", row.label, names.name(p)),
    )
}

fn of_row(
    program: &Program,
    situation: &Situation,
    line: &Line,
    row: &RowLine,
    names: &Names,
) -> ExplainLine {
    let label = label(program, situation, row, names);
    ExplainLine {
        kind: kind(line.kind),
        name: format!("{} · {label}", line.name),
        formula: String::new(),
        with_numbers: row.formula.clone().unwrap_or_default(),
        result: row
            .mark
            .filter(|_| row.result.is_empty())
            .map_or_else(|| row.result.clone(), |m| word_of(m).to_owned()),
        mark: row.mark.map(mark),
        article: row.note.clone().unwrap_or_default(),
        distance: None,
    }
}

fn kind(kind: explain::LineKind) -> LineKind {
    match kind {
        explain::LineKind::Fact | explain::LineKind::Status => LineKind::Fact,
        explain::LineKind::Parameter => LineKind::Parameter,
        explain::LineKind::Condition | explain::LineKind::Trigger => LineKind::Condition,
        explain::LineKind::Benefit => LineKind::Benefit,
        explain::LineKind::Formula
        | explain::LineKind::Classify
        | explain::LineKind::Itemise
        | explain::LineKind::Verdict
        | explain::LineKind::Rate => LineKind::Quantity,
    }
}

pub(super) fn mark(mark: explain::Mark) -> Mark {
    match mark {
        explain::Mark::Yes => Mark::Holds,
        explain::Mark::No => Mark::Fails,
        explain::Mark::Unknown => Mark::Unknown,
    }
}

/// The threshold is what stands on the right of a single comparison, which other tests may stand
/// beside.
fn distance(text: &str, numbers: &str) -> Distance {
    let compares = |part: &&str| part.contains(['<', '>', '≤', '≥']);
    let parts = numbers
        .split(" 且 ")
        .flat_map(|part| part.split(" 或 "))
        .map(str::trim);
    let compared: Vec<&str> = parts.filter(compares).collect();
    let numbers = if let [only] = compared.as_slice() {
        *only
    } else {
        ""
    };
    let sides = ["<=", ">=", "≤", "≥", "<", ">"].iter().find_map(|sign| {
        let (left, right) = numbers.split_once(sign)?;
        (!right.contains(['<', '>', '≤', '≥'])).then_some((left.trim(), right.trim()))
    });
    let percent = sides.and_then(|(left, right)| {
        let (left, right) = (hundredths(left)?, hundredths(right)?);
        u32::try_from(left.checked_mul(100)?.checked_div(right)?).ok()
    });
    Distance {
        text: text.to_owned(),
        limit: sides.map_or_else(|| "见算式".to_owned(), |(_, right)| right.to_owned()),
        percent,
    }
}

/// `1,180.00 元/人月` as 118000, for drawing only; none when more than one number stands there.
fn hundredths(text: &str) -> Option<i64> {
    let mut words = text
        .split_whitespace()
        .filter(|w| w.starts_with(|c: char| c.is_ascii_digit()));
    let first: String = words.next()?.chars().filter(|c| *c != ',').collect();
    if words.next().is_some()
        || text.contains(['+', '*', '/', '×', '÷', '(']) && !text.contains("元/")
    {
        return None;
    }
    let (whole, part) = first.split_once('.').unwrap_or((&first, ""));
    let part: String = part.chars().chain("00".chars()).take(2).collect();
    whole
        .parse::<i64>()
        .ok()?
        .checked_mul(100)?
        .checked_add(part.parse().ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(numbers: &str, expected: &str) {
        let told = distance("还差 1.00 元", numbers);
        assert_eq!(format!("{} {:?}", told.limit, told.percent), expected);
    }

    #[test]
    fn the_threshold_is_the_right_side_of_the_only_comparison() {
        check(
            "846.50 元/人月 < 1,180.00 元/人月",
            "1,180.00 元/人月 Some(71)",
        );
        check(
            "9,363.72 元 > 3,000.00 元 且 非 否",
            "3,000.00 元 Some(312)",
        );
    }

    #[test]
    fn of_several_comparisons_none_is_the_threshold() {
        check("1 套 <= 1 套 或 113.12 平方米 <= 18 平方米", "见算式 None");
        check("", "见算式 None");
    }
}

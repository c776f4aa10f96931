//! 不并给: which of several kinds of help for one person or household may be paid together.
//!
//! It reads the roll, not only the results ("Meaning" 10), so that a fact one programme has not
//! asked for does not stall another.

use super::{Evaluator, Place, order};
use crate::plan::Arith;
use crate::plan::{Exclusion, ExclusionRule, FileId, Program, Type};
use crate::situation::InstanceId;
use crate::value::{Ratio, Value};
use std::cmp::Ordering;

/// 一项待遇: one programme's claim for the person or household.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claim {
    /// The file.
    pub file: FileId,
    /// What the rules say; unknown is 待查.
    pub verdict: Option<bool>,
    /// Whether its status is held on the roll; the verdict itself where the file gives none.
    pub held: Option<bool>,
    /// Its amount, all benefits together.
    pub amount: Value,
}

/// 处理: what becomes of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yield {
    /// Not paid while the other is.
    Withheld,
    /// Paid only this much.
    Reduced(Ratio),
    /// A person must first say or find out something.
    Undecided,
}

/// 不并给结果: one line of the matrix that touches the claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// Its place in `Program::exclusions`.
    pub exclusion: usize,
    /// Whose claim gives way.
    pub file: FileId,
    /// For whose sake.
    pub other: FileId,
    /// How far.
    pub outcome: Yield,
}

/// The claim of a file for an instance; none when there is no such file.
pub fn claim(eval: &mut Evaluator<'_>, file: FileId, at: InstanceId) -> Option<Claim> {
    let plan = eval.program().files.get(file.at())?;
    let verdict = eval.verdict(file, at);
    let own = plan.grants.iter().filter(|g| g.relation.is_none());
    let held = own.fold(None, |held: Option<Option<bool>>, grant| {
        let answer = eval.item(grant.status, Place::own(at)).truth();
        Some(match held {
            Some(Some(true)) => Some(true),
            None | Some(Some(false)) => answer,
            Some(None) => answer.filter(|a| *a),
        })
    });
    let mut amount = Value::Num(Ratio::ZERO);
    for (benefit, _) in &plan.benefits {
        amount = match (amount, eval.item(*benefit, Place::own(at))) {
            (Value::Num(a), Value::Num(b)) => {
                super::num::arith(Arith::Add, a, b).map_or(Value::Unknown, Value::Num)
            }
            _ => Value::Unknown,
        };
    }
    Some(Claim {
        file,
        verdict,
        held: held.unwrap_or(verdict),
        amount,
    })
}

/// Resolves the matrix over the claims of one person or household. `choice` answers the fact
/// named by 自选. Lines that touch no two claims, and claims that stay as they are, are left out.
pub fn resolve_exclusions(
    program: &Program,
    claims: &[Claim],
    choice: impl Fn(&str) -> Value,
) -> Vec<Resolution> {
    let find = |id: &str| {
        let (file, _) = program.file(id)?;
        claims.iter().find(|c| c.file == file).copied()
    };
    let mut out = Vec::new();
    for (place, line) in program.exclusions.iter().enumerate() {
        let (Some(a), Some(b)) = (find(&line.a), find(&line.b)) else {
            continue;
        };
        let found = match &line.rule {
            ExclusionRule::First(id) if *id == line.b => first(b, a),
            ExclusionRule::First(_) => first(a, b),
            ExclusionRule::TopUp => top_up(a, b),
            ExclusionRule::Choice(fact) => chosen(program, line, fact, choice(fact), a, b),
        };
        if let Some((yields, other, outcome)) = found {
            out.push(Resolution {
                exclusion: place,
                file: yields,
                other,
                outcome,
            });
        }
    }
    out
}

type Found = Option<(FileId, FileId, Yield)>;

/// Not B while A is held.
fn first(a: Claim, b: Claim) -> Found {
    match (b.verdict, a.held) {
        (Some(false), _) | (_, Some(false)) => None,
        (_, Some(true)) => Some((b.file, a.file, Yield::Withheld)),
        (_, None) => Some((b.file, a.file, Yield::Undecided)),
    }
}

/// Of B only what exceeds A, never below 0.
fn top_up(a: Claim, b: Claim) -> Found {
    let outcome = match (b.verdict, a.held, a.amount, b.amount) {
        (Some(false), ..) | (_, Some(false), ..) => return None,
        (_, Some(true), Value::Num(a), Value::Num(b)) => {
            let rest = super::num::arith(Arith::Sub, b, a)?;
            let below = order(rest, Ratio::ZERO) == Ordering::Less;
            Yield::Reduced(if below { Ratio::ZERO } else { rest })
        }
        _ => Yield::Undecided,
    };
    Some((b.file, a.file, outcome))
}

/// The one the fact names; only where both could be had.
fn chosen(
    program: &Program,
    line: &Exclusion,
    fact: &str,
    choice: Value,
    a: Claim,
    b: Claim,
) -> Found {
    if a.verdict == Some(false) || b.verdict == Some(false) {
        return None;
    }
    let Value::Sym(member) = choice else {
        return Some((b.file, a.file, Yield::Undecided));
    };
    match side(program, line, fact, member) {
        Some(true) => Some((b.file, a.file, Yield::Withheld)),
        Some(false) => Some((a.file, b.file, Yield::Withheld)),
        None => Some((b.file, a.file, Yield::Undecided)),
    }
}

/// Which side a member names: by the file's id, title or benefit, else by its place.
fn side(program: &Program, line: &Exclusion, fact: &str, member: u16) -> Option<bool> {
    let fact = program.dict.facts.iter().find(|f| f.name == fact)?;
    let Type::Enum(e) = fact.ty else {
        return None;
    };
    let name = program.dict.member_name(e, member);
    let names = |id: &str| {
        program.file(id).is_some_and(|(_, f)| {
            f.id == name
                || f.title == name
                || f.benefits
                    .iter()
                    .filter_map(|(b, _)| program.item(*b))
                    .any(|b| b.name == name)
        })
    };
    match (names(&line.a), names(&line.b), member) {
        (true, false, _) | (false, false, 0) => Some(true),
        (false, true, _) | (false, false, 1) => Some(false),
        _ => None,
    }
}

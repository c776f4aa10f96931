//! A later decision in words: the same for the official's page and the resident's.

use super::{AfterKind, kind_name, supplement, write_off};
use domain::{Fen, Month};
use store::reviews::NewAfterDecision;

/// What was decided, and the amounts with their months. Nothing is paid of a recognition, and nothing but a
/// recognition is decided of nothing.
pub(crate) fn said(content: &NewAfterDecision) -> (&'static str, String) {
    let month = |month: Option<Month>| month.map_or_else(|| "—".to_owned(), |m| m.to_string());
    let (before, after) = (content.before, content.after.unwrap_or(Fen::ZERO));
    let recognised = before == Fen::ZERO;
    let from = month(content.from);
    let what = match (content.step.as_str(), content.kind) {
        (write_off::NAME, _) => write_off::NAME,
        (supplement::NAME, _) => supplement::NAME,
        (_, AfterKind::Stopped) if recognised => "取消认定",
        (_, AfterKind::Restored) if recognised && after == Fen::ZERO => "变更认定",
        (_, AfterKind::Kept) if recognised => "继续认定",
        (_, kind) => kind_name(kind),
    };
    let amounts = match (content.kind, content.step.as_str()) {
        (_, write_off::NAME) => format!("已经退回 {after} 元,其余不再追回"),
        (AfterKind::Kept, supplement::NAME) => "新增的不追回".to_owned(),
        (AfterKind::Recover, supplement::NAME) => format!("补充追回 {after} 元"),
        (AfterKind::Recover, _) => format!("追回 {after} 元"),
        (AfterKind::Kept, _) if recognised => "继续认定,没有变化".to_owned(),
        (AfterKind::Kept, _) => format!("每月仍是 {before} 元"),
        (AfterKind::Restored, _) if recognised && after == Fen::ZERO => {
            format!("按变更后的家庭认定,从 {from} 起")
        }
        (AfterKind::Stopped, _) if recognised => format!("从 {from} 起不再认定"),
        (AfterKind::Stopped, _) => format!("每月 {before} 元,从 {from} 起停发"),
        (AfterKind::Exit, _) => format!(
            "每月由 {before} 元改为 {after} 元,从 {from} 起,发到 {}",
            month(content.last)
        ),
        (AfterKind::Raised | AfterKind::Restored | AfterKind::Cut, _) => {
            format!("每月由 {before} 元改为 {after} 元,从 {from} 起")
        }
    };
    (what, amounts)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{CaseNo, Day};

    fn check(step: &str, kind: AfterKind, (before, after): (i64, i64), expected: (&str, &str)) {
        let month = Month::new(2026, 10);
        let content = NewAfterDecision {
            case: CaseNo::new(1),
            entitlement: 1,
            step: step.to_owned(),
            kind,
            day: Day::default(),
            before: Fen::new(before),
            after: Some(Fen::new(after)),
            from: month,
            last: month,
            reasons: String::new(),
            articles: String::new(),
            remedy: String::new(),
            looked_by: String::new(),
            heard: Err(String::new()),
            decider: String::new(),
            capsule: String::new(),
        };
        let (what, amounts) = said(&content);
        assert_eq!((what, amounts.as_str()), expected);
    }

    #[test]
    fn what_is_written_off_is_never_told_as_money_to_give_back() {
        check(
            write_off::NAME,
            AfterKind::Recover,
            (0, 30_000),
            ("核销", "已经退回 300.00 元,其余不再追回"),
        );
        check(
            "决定",
            AfterKind::Recover,
            (0, 30_000),
            ("追回", "追回 300.00 元"),
        );
    }

    #[test]
    fn a_recognition_is_ended_or_changed_and_no_money_is_named() {
        check(
            "决定",
            AfterKind::Stopped,
            (0, 0),
            ("取消认定", "从 2026-10 起不再认定"),
        );
        check(
            "决定",
            AfterKind::Restored,
            (0, 0),
            ("变更认定", "按变更后的家庭认定,从 2026-10 起"),
        );
        check(
            "决定",
            AfterKind::Stopped,
            (86_000, 0),
            ("停发", "每月 860.00 元,从 2026-10 起停发"),
        );
    }
}

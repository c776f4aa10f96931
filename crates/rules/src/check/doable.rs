//! Whether a 流程 can be carried to its end by those it names: a decision has an opinion before it and a letter
//! with the remedies behind it, every role can do its step by access.md, and every letter given is written.
//! Each of these once let a case come to a step that nobody could do.

use super::Builder;
use super::procedures::{Around, Draft};
use super::ways::Map;
use domain::procedure::{Document, Ground, Procedure, Purpose, RELATIVE, Step};
use std::collections::BTreeSet;

/// The right to do a step in the list of one's work.
const HANDLE: &str = "case.handle";
/// The right by which somebody goes along to a door.
const VISIT: &str = "visit.report";
/// The field only the part of a letter about remedies names.
const REMEDY: &str = "复议机关";
/// Steps after a decision within which its letter is given: it may be carried out before.
const LETTER_WITHIN: usize = 3;
/// How names of letters end; a paper a step gives that is called so has to be written in notices/.
const LETTERS: [&str; 4] = ["通知书", "告知书", "决定书", "答复书"];

/// The right that what a step rests on is written with; none where doing the step is all.
fn own_right(step: &Step) -> Option<&'static str> {
    match step.ground? {
        Ground::Verification => Some("verification.handle"),
        Ground::Visit => Some(VISIT),
        Ground::Decision | Ground::Adjustment | Ground::FirstHelp => Some("decision.sign"),
        Ground::Assist => Some("assist.answer"),
        Ground::Opinion
        | Ground::Finding
        | Ground::Hearing
        | Ground::Delivery
        | Ground::Payment => None,
    }
}

fn decides(step: &Step) -> bool {
    matches!(step.ground, Some(Ground::Decision | Ground::Adjustment))
}

impl Builder<'_> {
    /// Everything that keeps those a procedure names from carrying a case to its end.
    pub(super) fn doable(&mut self, draft: &Draft, letters: &[Document], around: &Around<'_>) {
        // No case is opened of 其他: it tells who does what outside the cases.
        if !draft.whole || draft.procedure.purpose == Purpose::Other {
            return;
        }
        let map = Map::of(&draft.procedure);
        self.roles_can(draft, around);
        self.opinion_before(draft, &map);
        self.letter_behind(draft);
        // A book of procedures alone has no letters to name.
        if !letters.is_empty() {
            self.letters_written(draft);
        }
        self.relatives_told(draft);
    }

    fn roles_can(&mut self, draft: &Draft, around: &Around<'_>) {
        if around.rights.is_empty() {
            return;
        }
        let has = |role: &str, right: &str| {
            let roles = around.rights.get(right);
            roles.is_some_and(|roles| roles.contains(role))
        };
        for (step, spots) in draft.procedure.steps.iter().zip(&draft.steps) {
            let own = own_right(step);
            for role in &step.who {
                let handles = has(role, HANDLE) && step.ground != Some(Ground::Assist);
                let along = step.persons > 1 && has(role, VISIT);
                if handles || along || own.is_some_and(|right| has(role, right)) {
                    continue;
                }
                let right = own.unwrap_or(HANDLE);
                let said = format!("`{role}` 办不了“{}”:access.md 没有给他 {right}", step.name);
                let help = format!("换一个角色,或者在 access.md 的 {right} 一行加上 {role}");
                self.error("step-right", spots.name, said, help);
            }
            if let Some(right) = own.filter(|right| !step.who.iter().any(|role| has(role, right))) {
                let word = step.ground.map_or("", Ground::word);
                let said = format!(
                    "“{}”凭 {word},写在 谁 里的没有一个能写:access.md 的 {right} 里没有他们",
                    step.name
                );
                let help = format!("谁 里加上有 {right} 的角色");
                self.error("step-ground-right", spots.name, said, help);
            }
        }
    }

    /// Nobody signs what nobody proposed.
    fn opinion_before(&mut self, draft: &Draft, map: &Map<'_>) {
        let steps = &draft.procedure.steps;
        let opinions = steps.iter();
        let opinions = opinions.filter(|step| step.ground == Some(Ground::Opinion));
        let names: Vec<String> = opinions.map(|step| step.name.clone()).collect();
        let around = map.without_passing(&names);
        for (at, step) in steps.iter().enumerate() {
            if step.ground != Some(Ground::Decision) || !around.contains(&at) {
                continue;
            }
            let span = draft.steps.get(at).map_or(draft.at, |spots| spots.name);
            let said = format!("不写意见也能走到“{}”,那时决定签不了", step.name);
            let help = "在它前面每条路上都有一步写 凭 意见";
            self.error("decision-opinion", span, said, help);
        }
    }

    /// What is decided is told with the remedies, whichever way it goes.
    fn letter_behind(&mut self, draft: &Draft) {
        let own = &draft.procedure;
        for (step, spots) in own.steps.iter().zip(&draft.steps) {
            if step.ground != Some(Ground::Decision) {
                continue;
            }
            for next in &step.next {
                if within(own, &next.step, LETTER_WITHIN) {
                    continue;
                }
                let said = format!(
                    "“{}”以后走“{}”,没有一份写着{REMEDY}的文书,决定签不了",
                    step.name, next.step
                );
                let help = "在它后面的送达一步写 给出 带救济途径的文书";
                self.error("decision-letter", spots.name, said, help);
            }
        }
    }

    fn letters_written(&mut self, draft: &Draft) {
        let own = &draft.procedure;
        for (step, spots) in own.steps.iter().zip(&draft.steps) {
            let called = |gives: &&String| LETTERS.iter().any(|end| gives.ends_with(end));
            for gives in step.gives.iter().filter(called) {
                let told = draft.letters.iter().any(|name| name.text == *gives);
                if own.document(gives).is_none() && !told {
                    let said = format!("“{}”给出的 `{gives}` 在 notices/ 里没有", step.name);
                    let help = "在 notices/ 里写这份文书的字段和正文,并写进 文书 一行";
                    self.error("letter-unwritten", spots.name, said, help);
                }
            }
        }
    }

    /// What staff declare of their relatives is a circumstance of every case that is decided.
    fn relatives_told(&mut self, draft: &Draft) {
        let own = &draft.procedure;
        let told = own.circumstances.iter().any(|one| one.name == RELATIVE);
        if told || !own.steps.iter().any(decides) {
            return;
        }
        let said = format!("流程 `{}` 要作决定,没有写 遇有 {RELATIVE}", own.id);
        let help = format!("加一行 遇有 {RELATIVE}  谁 窗口经办、县级审核  说明 …");
        self.error("relatives-untold", draft.at, said, help);
    }
}

/// Whether a letter with the remedies is given by a step or by one of the next ones.
fn within(procedure: &Procedure, first: &str, most: usize) -> bool {
    let mut open: BTreeSet<&str> = BTreeSet::from([first]);
    for _ in 0..most {
        let here: Vec<&Step> = open.iter().filter_map(|at| procedure.step(at)).collect();
        let letter = |step: &&Step| {
            let mut given = step.gives.iter().filter_map(|g| procedure.document(g));
            given.any(|letter| letter.fields.iter().any(|field| field == REMEDY))
        };
        if here.iter().any(letter) {
            return true;
        }
        let next = here.iter().flat_map(|step| &step.next);
        open = next.map(|next| next.step.as_str()).collect();
    }
    false
}

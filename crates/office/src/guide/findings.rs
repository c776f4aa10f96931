//! What a family is told of each programme: why it is possible and what will be looked up, what it
//! still wants, or why not.

use super::answers::Answers;
use super::card::Card;
use super::check::{Finding, State};
use super::questions::Way;
use super::settle::{Bench, Given, Key, One, Want, judge};
use rules::eval::Evaluator;
use rules::explain::{Detail, LineKind, Mark, explain};
use rules::plan::{Body, FileId, FilePlan, ItemId};
use rules::situation::{InstanceId, Moments};
use std::collections::{BTreeMap, BTreeSet, HashSet};

impl Bench<'_> {
    pub(super) fn findings(&self, states: &BTreeMap<Key, One>) -> Vec<Finding> {
        let given = self.given(states, |one| *one == One::Possible);
        let situation = self.situation(states, &given, &HashSet::new());
        let mut eval = self.evaluator(&situation);
        let sure = self.sure();
        let cards = self.guide.programmes.list.iter().enumerate();
        cards
            .filter_map(|(at, card)| self.finding(at, card, states, (&given, &sure), &mut eval))
            .collect()
    }

    /// Conditions that hold for anybody who lives: they are no reason.
    fn sure(&self) -> HashSet<ItemId> {
        let count = self.guide.questions.iter().find(|q| q.way == Way::Members);
        let one = count
            .map(|q| Answers::default().with(&q.id, "1"))
            .unwrap_or_default();
        let Some(anybody) = self.guide.reader().family(&one) else {
            return HashSet::new();
        };
        let moments = Moments::case(self.guide.day, None);
        let mut eval = Evaluator::new(&self.guide.program, &anybody.situation, moments);
        let mut out = HashSet::new();
        for (_, file) in (0..self.guide.programmes.list.len()).filter_map(|at| self.guide.file(at))
        {
            let of_home = Some(file.entity) == self.guide.program.dict.entity("家庭");
            let who = match of_home {
                true => Some(anybody.household),
                false => anybody.members.first().copied(),
            };
            for condition in &file.conditions {
                if who.is_some_and(|who| eval.value(*condition, who).truth() == Some(true)) {
                    out.insert(*condition);
                }
            }
        }
        out
    }

    fn finding(
        &self,
        at: usize,
        card: &Card,
        states: &BTreeMap<Key, One>,
        (given, sure): (&Given, &HashSet<ItemId>),
        eval: &mut Evaluator<'_>,
    ) -> Option<Finding> {
        let (id, file) = self.guide.file(at)?;
        let of: Vec<(InstanceId, &One)> = self
            .subjects(at)
            .into_iter()
            .filter_map(|who| states.get(&(at, who)).map(|one| (who, one)))
            .collect();
        let possible: Vec<InstanceId> = of
            .iter()
            .filter(|(_, one)| **one == One::Possible)
            .map(|(who, _)| *who)
            .collect();
        let wants: BTreeSet<Want> = of
            .iter()
            .filter_map(|(_, one)| match one {
                One::Wants(wants) => Some(wants),
                One::Possible | One::Refused => None,
            })
            .flatten()
            .copied()
            .collect();
        let waits = of.iter().any(|(_, one)| matches!(one, One::Wants(_)));
        let state = match (possible.is_empty(), waits) {
            (false, _) => State::Possible,
            (true, true) => State::Wants,
            (true, false) => State::Refused,
        };
        let mut out = Finding {
            id: card.id.clone(),
            title: card.title.clone(),
            called: card.called.clone(),
            state,
            whom: possible.iter().filter_map(|who| self.named(*who)).collect(),
            reasons: Vec::new(),
            amount: None,
            verify: Vec::new(),
            wants: Vec::new(),
            follows: Vec::new(),
        };
        match state {
            State::Possible => {
                if possible.iter().all(|who| judge(eval, file, *who).0) {
                    out.verify.push("能不能和别的救助一起领".to_owned());
                }
                for who in possible.iter().take(1) {
                    self.explain(id, *who, sure, eval, &mut out);
                }
                out.follows = self.follows(file, &possible, given);
            }
            State::Wants => {
                let questions: BTreeSet<usize> = wants.iter().map(|(q, _)| *q).collect();
                let words = |q: &usize| Some(self.guide.questions.get(*q)?.words.clone());
                out.wants = questions.iter().filter_map(words).collect();
            }
            State::Refused => out.reasons = self.refusals(file, &of, eval),
        }
        Some(out)
    }

    fn named(&self, who: InstanceId) -> Option<String> {
        let at = self.family.members.iter().position(|m| *m == who)?;
        Some(self.member(at))
    }

    /// The conditions that hold, in numbers, and what is left to look up.
    fn explain(
        &self,
        id: FileId,
        who: InstanceId,
        sure: &HashSet<ItemId>,
        eval: &mut Evaluator<'_>,
        out: &mut Finding,
    ) {
        let Some(said) = explain(eval, id, who, Detail::File) else {
            return;
        };
        let program = &self.guide.program;
        for line in said.lines.iter().filter(|l| l.kind == LineKind::Condition) {
            let cites = line.cites.join("、");
            let plain =
                |n: &&str| n.chars().any(char::is_numeric) && !n.contains(['？', '非', '或']);
            let numbers = line.numbers.as_deref().filter(plain);
            match line.mark {
                Some(Mark::Yes) if sure.contains(&line.item) => {}
                Some(Mark::Yes) => out.reasons.push(match numbers {
                    Some(numbers) => format!("{}:{numbers}({cites})", line.name),
                    None => format!("{}({cites})", line.name),
                }),
                Some(Mark::Unknown) => out.verify.push(line.name.clone()),
                Some(Mark::No) | None => {}
            }
        }
        let amounts: Vec<String> = said
            .outcome
            .benefits
            .iter()
            .filter(|(_, value)| value.is_known())
            .filter_map(|(item, value)| {
                let item = program.item(*item)?;
                let shown = rules::show::value(*value, item.ty, &program.dict);
                Some(format!("{} {shown}", item.name))
            })
            .collect();
        out.amount = (!amounts.is_empty()).then(|| amounts.join(",再加"));
    }

    /// Other programmes that must be granted first: those without whose status this one fails.
    fn follows(&self, file: &FilePlan, possible: &[InstanceId], given: &Given) -> Vec<String> {
        let own: HashSet<ItemId> = file.grants.iter().map(|g| g.status).collect();
        let statuses: BTreeSet<ItemId> = given.keys().map(|(status, _)| *status).collect();
        let mut names: Vec<String> = Vec::new();
        for status in statuses.difference(&own.into_iter().collect()) {
            let mut fewer = given.clone();
            fewer.retain(|(of, _), _| of != status);
            let without = self.situation(&BTreeMap::new(), &fewer, &HashSet::new());
            let mut eval = self.evaluator(&without);
            if possible.iter().any(|who| !judge(&mut eval, file, *who).0) {
                continue;
            }
            let from = given.iter().filter(|((of, _), _)| of == status);
            for (programme, _) in from.flat_map(|(_, keys)| keys) {
                let card = self.guide.programmes.list.get(*programme);
                names.extend(card.map(|c| c.called.clone()));
            }
        }
        names.sort();
        names.dedup();
        names
    }

    /// Why not: for whom fewest conditions fail, each reason with its articles.
    fn refusals(
        &self,
        file: &FilePlan,
        of: &[(InstanceId, &One)],
        eval: &mut Evaluator<'_>,
    ) -> Vec<String> {
        let mut best: Option<Vec<ItemId>> = None;
        let mut whose = None;
        for (who, _) in of {
            let failing: Vec<ItemId> = file
                .conditions
                .iter()
                .filter(|c| eval.value(**c, *who).truth() == Some(false))
                .copied()
                .collect();
            if !failing.is_empty() && best.as_ref().is_none_or(|b| failing.len() < b.len()) {
                best = Some(failing);
                whose = Some(*who);
            }
        }
        let (Some(failing), Some(who)) = (best, whose) else {
            return Vec::new();
        };
        let said = |condition: ItemId| {
            let cites = match &self.guide.program.item(condition)?.body {
                Body::Condition { cites, .. } => cites.join("、"),
                _ => String::new(),
            };
            Some(format!("{}({cites})", eval.reason(condition, who)?))
        };
        failing.into_iter().filter_map(said).collect()
    }
}

//! Judging a family until nothing changes: what one programme would give, another may ask for.
//!
//! A programme that is possible counts as given, one that waits is unknown, and the rest is as the
//! family says; each is judged by the decision's own evaluator.

use super::Guide;
use super::answers::{Answers, Family, field};
use super::questions::{Question, Way};
use domain::Month;
use rules::Value;
use rules::eval::{Evaluator, Gap};
use rules::plan::{FilePlan, ItemId, RelId};
use rules::situation::{InstanceId, Moments, Situation};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

/// Rounds after which results that follow from one another must have settled.
const ROUNDS_MAX: usize = 8;

/// What one programme says of one of the family.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum One {
    Possible,
    Refused,
    /// The questions it waits for, each with whom.
    Wants(BTreeSet<Want>),
}

/// A question and whom it is for.
pub(super) type Want = (usize, Option<usize>);
/// Statuses that would be given to somebody, each with the programmes that give it.
pub(super) type Given = HashMap<(ItemId, InstanceId), Vec<Key>>;
/// A programme and one of the family.
pub(super) type Key = (usize, InstanceId);

/// One judging of a family.
pub(super) struct Bench<'a> {
    pub guide: &'a Guide,
    pub family: &'a Family,
    pub open: HashSet<ItemId>,
    pub asked: &'a Answers,
}

impl<'a> Bench<'a> {
    pub(super) fn new(guide: &'a Guide, family: &'a Family, asked: &'a Answers) -> Self {
        let mut bench = Self {
            guide,
            family,
            open: HashSet::new(),
            asked,
        };
        let reader = guide.reader();
        for question in &guide.questions {
            if question.way == Way::Tick && asked.asked.contains(&question.id) {
                continue;
            }
            for item in question.tells.iter().copied() {
                let whose = reader.whose(item, None, family);
                if whose.iter().any(|at| !family.closed.contains(&(item, *at))) {
                    bench.open.insert(item);
                }
            }
        }
        bench
    }

    /// Whom a programme is judged for.
    pub(super) fn subjects(&self, at: usize) -> Vec<InstanceId> {
        let Some((_, file)) = self.guide.file(at) else {
            return Vec::new();
        };
        if Some(file.entity) == self.guide.program.dict.entity("家庭") {
            vec![self.family.household]
        } else {
            self.family.members.clone()
        }
    }

    /// Judges until nothing changes: what one programme gives, another may ask for.
    pub(super) fn settle(&self) -> BTreeMap<Key, One> {
        let mut states: BTreeMap<Key, One> = BTreeMap::new();
        for at in 0..self.guide.programmes.list.len() {
            for who in self.subjects(at) {
                states.insert((at, who), One::Wants(BTreeSet::new()));
            }
        }
        for _ in 0..ROUNDS_MAX {
            let next = self.round(&states);
            if next == states {
                break;
            }
            states = next;
        }
        self.spare(&mut states);
        states
    }

    /// What may come of one programme must not speak against another: whoever is refused only for the
    /// sake of a status nobody has given yet may choose.
    fn spare(&self, states: &mut BTreeMap<Key, One>) {
        let given = self.given(states, |one| *one == One::Possible);
        let statuses: BTreeSet<ItemId> = given.keys().map(|(status, _)| *status).collect();
        let before = states.clone();
        for status in statuses {
            let mut fewer = given.clone();
            fewer.retain(|(of, _), _| *of != status);
            let situation = self.situation(&before, &fewer, &HashSet::new());
            let mut eval = self.evaluator(&situation);
            for (key, one) in states.iter_mut().filter(|(_, one)| **one == One::Refused) {
                let Some((_, file)) = self.guide.file(key.0) else {
                    continue;
                };
                let (against, left) = judge(&mut eval, file, key.1);
                if !against && self.wants(&left, &before, &HashMap::new()).is_empty() {
                    *one = One::Possible;
                }
            }
        }
    }

    fn round(&self, before: &BTreeMap<Key, One>) -> BTreeMap<Key, One> {
        let given = self.given(before, |one| *one == One::Possible);
        let waiting = self.given(before, |one| matches!(one, One::Wants(_)));
        let open = self.situation(before, &given, &waiting.keys().copied().collect());
        let closed = self.situation(before, &given, &HashSet::new());
        let mut wide = self.evaluator(&open);
        let mut narrow = self.evaluator(&closed);
        let mut out = BTreeMap::new();
        for key in before.keys() {
            let Some((_, file)) = self.guide.file(key.0) else {
                continue;
            };
            let (refused, missing) = judge(&mut wide, file, key.1);
            let one = if refused {
                One::Refused
            } else {
                let (against, left) = judge(&mut narrow, file, key.1);
                if !against && self.wants(&left, before, &waiting).is_empty() {
                    One::Possible
                } else {
                    One::Wants(self.wants(&missing, before, &waiting))
                }
            };
            out.insert(*key, one);
        }
        out
    }

    pub(super) fn evaluator<'s>(&'s self, situation: &'s Situation) -> Evaluator<'s> {
        let moments = Moments::case(self.guide.day, None);
        Evaluator::new(&self.guide.program, situation, moments).asking(self.open.clone())
    }

    /// Statuses that programmes in some state would give, each with the programmes.
    pub(super) fn given(&self, states: &BTreeMap<Key, One>, state: impl Fn(&One) -> bool) -> Given {
        let mut out = Given::new();
        for (key, _) in states.iter().filter(|(_, one)| state(one)) {
            let Some((_, file)) = self.guide.file(key.0) else {
                continue;
            };
            for grant in &file.grants {
                let whom = match grant.relation {
                    Some(_) => self.family.members.clone(),
                    None => vec![key.1],
                };
                for at in whom {
                    out.entry((grant.status, at)).or_default().push(*key);
                }
            }
        }
        out
    }

    /// The family with what follows from results: what is possible counts as given, what is waited
    /// for is unknown, the rest is as the family says.
    pub(super) fn situation(
        &self,
        states: &BTreeMap<Key, One>,
        given: &Given,
        unknown: &HashSet<(ItemId, InstanceId)>,
    ) -> Situation {
        let mut situation = self.family.situation.clone();
        let last_month = Month::containing(self.guide.day).first().add_days(-1);
        for ((status, at), held) in &self.family.statuses {
            if *held {
                // On the roll last month, as the question says.
                let from = last_month.unwrap_or(self.guide.day);
                situation.add_status(*at, *status, from, None);
            } else if !unknown.contains(&(*status, *at)) {
                situation.complete_status(*at, *status);
            } else if let Some(day) = last_month {
                // Whatever will be given, it was not given last month.
                situation.record(*at, *status, None, Some(day), Value::Bool(false));
            }
        }
        for (status, at) in given.keys() {
            situation.add_status(*at, *status, self.guide.day, None);
        }
        for (key, _) in states.iter().filter(|(_, one)| **one == One::Possible) {
            let verdict = self.guide.file(key.0).and_then(|(_, file)| file.verdict);
            if let Some(verdict) = verdict {
                situation.set(key.1, verdict, Value::Bool(true));
            }
        }
        situation
    }

    /// The questions that fill gaps; what no question fills is left to the office.
    fn wants(&self, gaps: &[Gap], before: &BTreeMap<Key, One>, waiting: &Given) -> BTreeSet<Want> {
        let mut out = BTreeSet::new();
        for gap in gaps {
            match gap {
                Gap::Fact { item, at } => out.extend(self.asks(*item, *at)),
                Gap::Status { item, at } => {
                    out.extend(self.asks(*item, *at));
                    for key in waiting.get(&(*item, *at)).into_iter().flatten() {
                        if let Some(One::Wants(wants)) = before.get(key) {
                            out.extend(wants);
                        }
                    }
                }
                Gap::Cell { item, list, .. } => {
                    let owner = self.family.situation.list(*list).map(|l| l.owner);
                    out.extend(owner.and_then(|at| self.asks(*item, at)));
                }
                Gap::List { relation, at } => out.extend(self.asks_list(*relation, *at)),
                Gap::History { .. }
                | Gap::Parameter { .. }
                | Gap::Household { .. }
                | Gap::Area { .. }
                | Gap::Target { .. }
                | Gap::Moment(_)
                | Gap::Arithmetic { .. } => {}
            }
        }
        out
    }

    fn scope(&self, question: &Question, at: InstanceId) -> Option<usize> {
        let member = self.family.members.iter().position(|m| *m == at);
        member.filter(|_| question.each)
    }

    fn asks(&self, item: ItemId, at: InstanceId) -> Option<Want> {
        if self.family.closed.contains(&(item, at)) {
            return None;
        }
        self.first(at, |question| question.tells.contains(&item))
    }

    fn asks_list(&self, relation: RelId, at: InstanceId) -> Option<Want> {
        if self.family.closed_lists.contains(&(relation, at)) {
            return None;
        }
        self.first(at, |question| question.lists.contains(&relation))
    }

    /// The first question that was not answered and tells this; of each, only once it is known how
    /// many there are.
    fn first(&self, at: InstanceId, tells: impl Fn(&Question) -> bool) -> Option<Want> {
        let questions = &self.guide.questions;
        let answered = |q: &Question| match q.way {
            Way::Tick => self.asked.asked.contains(&q.id),
            Way::Choose | Way::Number | Way::Members => {
                let name = field(&q.id, self.scope(q, at));
                self.asked.filled.contains_key(&name)
            }
            Way::Facts => false,
        };
        let open = |(_, q): &(usize, &Question)| tells(q) && !answered(q);
        let (place, question) = questions.iter().enumerate().find(open)?;
        if question.each && !self.family.counted {
            let mut all = questions.iter().enumerate();
            let (count, members) = all.find(|(_, q)| q.way == Way::Members)?;
            // Whoever does not know how many there are is not asked again.
            return (!answered(members)).then_some((count, None));
        }
        Some((place, self.scope(question, at)))
    }
}

/// Whether a condition is false, and what the unknown ones lack.
pub(super) fn judge(
    eval: &mut Evaluator<'_>,
    file: &FilePlan,
    who: InstanceId,
) -> (bool, Vec<Gap>) {
    let mut unknown = Vec::new();
    for condition in &file.conditions {
        match eval.value(*condition, who).truth() {
            Some(true) => {}
            Some(false) => return (true, Vec::new()),
            None => unknown.push(*condition),
        }
    }
    let gaps = eval.gaps(&unknown, who);
    (false, gaps)
}

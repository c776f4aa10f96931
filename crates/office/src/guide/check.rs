//! 我能申请什么: from what a family has answered, each programme is 可能符合, 不符合 with the reason, or
//! still wants an answer; the next question is the one most programmes wait for.
//!
//! The rules are the decision's own and are judged by its own evaluator. What only an office can find
//! out is not asked and not guessed: it stands beside a 可能符合 as what will be looked up.

use super::Guide;
use super::answers::{Answers, Reader, Slip, field};
use super::questions::{Question, Way};
use super::settle::{Bench, Key, One};
use domain::Day;
use rules::plan::{FileId, FilePlan, Type};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// In larger families the page most programmes wait for comes next, without trying.
const TRIED_MEMBERS_MAX: usize = 8;
/// How many questions are tried before one is chosen, and with how many answers each.
const TRIED_MAX: usize = 4;
const TRIES: usize = 3;
/// What turning a page costs beside a field, and the scale in which worth is compared.
const WORK_OF_A_PAGE: usize = 4;
const SCALE: usize = 10_000;

/// Divides by every small number of questions a programme may still want.
const SHARES: u64 = 27_720;

/// In which order questions are asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// The one most programmes wait for.
    Deciding,
    /// The first in the table that some programme waits for.
    Table,
}

/// How a programme stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// 可能符合: nothing speaks against it, nothing is left to ask.
    Possible,
    /// 还差什么
    Wants,
    /// 不符合
    Refused,
}

/// One programme's standing.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The programme's id.
    pub id: String,
    /// Its name in the law.
    pub title: String,
    /// What people call it.
    pub called: String,
    /// How it stands.
    pub state: State,
    /// Whom it is for, where it is for persons: 第 2 位家人.
    pub whom: Vec<String>,
    /// Why, with the articles.
    pub reasons: Vec<String>,
    /// What it pays by these answers, where all of it is known.
    pub amount: Option<String>,
    /// What the office looks up.
    pub verify: Vec<String>,
    /// The questions still open.
    pub wants: Vec<String>,
    /// What other programme it follows from.
    pub follows: Vec<String>,
}

/// A question as a page shows it.
#[derive(Clone, Debug, Serialize)]
pub struct Asking {
    /// Its id.
    pub id: String,
    /// The question.
    pub words: String,
    /// What helps to answer it.
    pub help: String,
    /// Whether any number of choices may be ticked.
    pub ticks: bool,
    /// Its fields.
    pub fields: Vec<Field>,
    /// How many programmes wait for it.
    pub decides: usize,
}

/// A field of a question.
#[derive(Clone, Debug, Serialize)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// Whose, where each is asked: 第 2 位家人.
    pub whom: String,
    /// What is asked, where a page asks several things.
    pub words: String,
    /// What helps.
    pub help: String,
    /// What can be chosen; empty for what is typed.
    pub choices: Vec<String>,
    /// Whether a number is typed.
    pub number: bool,
}

/// Where a family stands.
#[derive(Clone, Debug, Serialize)]
pub struct Standing {
    /// Every programme.
    pub findings: Vec<Finding>,
    /// The pages still to answer; none when everything is decided. The first page has several.
    pub next: Vec<Asking>,
}

impl Guide {
    /// Where a family stands by its answers so far. Nothing is kept.
    pub fn check(&self, answers: &Answers) -> Standing {
        self.check_in(answers, Order::Deciding)
    }

    /// Pages in the whole table; all that is ticked is one.
    pub fn pages(&self) -> usize {
        let others = self.questions.iter().filter(|q| q.way != Way::Tick);
        others.count().saturating_add(1)
    }

    pub(super) fn check_in(&self, answers: &Answers, order: Order) -> Standing {
        let Some(family) = self.reader().family(answers) else {
            return Standing {
                findings: Vec::new(),
                next: Vec::new(),
            };
        };
        let bench = Bench::new(self, &family, answers);
        let states = bench.settle();
        Standing {
            findings: bench.findings(&states),
            next: bench.next(&states, order),
        }
    }

    /// What is wrong with the answers to a question; whom it was asked for stands in the fields.
    pub fn slips(&self, question: &str, fields: &[String], answers: &Answers) -> Vec<Slip> {
        let Some(question) = self.questions.iter().find(|q| q.id == question) else {
            return Vec::new();
        };
        let found = self.reader().slips(
            question,
            &self.scopes(question, fields),
            answers,
            &self.asked_facts(question, fields),
        );
        // Facts known for one are not asked again beside those asked of another.
        found
            .into_iter()
            .filter(|slip| fields.contains(&slip.field))
            .collect()
    }

    /// Takes the answer to a question out again.
    pub fn forget(&self, question: &str, answers: &mut Answers) {
        answers.asked.retain(|asked| asked != question);
        let Some(question) = self.questions.iter().find(|q| q.id == question) else {
            return;
        };
        let facts = question
            .facts
            .iter()
            .filter_map(|(_, at)| self.program.dict.facts.get(*at));
        let mut names: Vec<&str> = facts.map(|f| f.name.as_str()).collect();
        names.push(&question.id);
        answers.filled.retain(|field, _| {
            let of = field.rsplit_once('-').map_or(field.as_str(), |(of, _)| of);
            !names.contains(&of) && !names.contains(&field.as_str())
        });
    }

    fn scopes(&self, question: &Question, fields: &[String]) -> Vec<Option<usize>> {
        if !question.each {
            return vec![None];
        }
        let members = fields
            .iter()
            .filter_map(|f| f.rsplit_once('-')?.1.parse::<usize>().ok());
        let members: BTreeSet<usize> = members.filter_map(|m| m.checked_sub(1)).collect();
        members.into_iter().map(Some).collect()
    }

    fn asked_facts(&self, question: &Question, fields: &[String]) -> Vec<usize> {
        let asked = |at: &usize| {
            let fact = self.program.dict.facts.get(*at);
            let name = fact.map_or("", |f| f.name.as_str());
            fields
                .iter()
                .any(|f| f == name || f.rsplit_once('-').is_some_and(|(of, _)| of == name))
        };
        question
            .facts
            .iter()
            .map(|(_, at)| *at)
            .filter(asked)
            .collect()
    }

    /// How many programmes are decided by these answers.
    fn decided(&self, answers: &Answers) -> usize {
        let Some(family) = self.reader().family(answers) else {
            return 0;
        };
        let states = Bench::new(self, &family, answers).settle();
        let waits = |(key, one): (&Key, &One)| matches!(one, One::Wants(_)).then_some(key.0);
        let waiting: BTreeSet<usize> = states.iter().filter_map(waits).collect();
        self.programmes.list.len().saturating_sub(waiting.len())
    }

    pub(super) fn reader(&self) -> Reader<'_> {
        Reader {
            program: &self.program,
            questions: &self.questions,
            area: &self.area,
        }
    }

    pub(super) fn file(&self, at: usize) -> Option<(FileId, &FilePlan)> {
        self.program.file(&self.programmes.list.get(at)?.id)
    }
}

impl Bench<'_> {
    /// The page to answer next: all that is ticked comes first and at once.
    fn next(&self, states: &BTreeMap<Key, One>, order: Order) -> Vec<Asking> {
        let questions = self.guide.questions.iter().enumerate();
        let ticks: Vec<(usize, &Question)> = questions
            .filter(|(_, q)| q.way == Way::Tick && !self.asked.asked.contains(&q.id))
            .collect();
        if !ticks.is_empty() {
            return ticks
                .into_iter()
                .map(|(_, q)| self.asking(q, &BTreeSet::from([None]), 0))
                .collect();
        }
        let mut waiting: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
        let mut whom: BTreeMap<usize, BTreeSet<Option<usize>>> = BTreeMap::new();
        for ((programme, _), one) in states {
            if let One::Wants(wants) = one {
                for (question, member) in wants {
                    waiting.entry(*programme).or_default().insert(*question);
                    whom.entry(*question).or_default().insert(*member);
                }
            }
        }
        let mut weight: BTreeMap<usize, (u64, usize)> = BTreeMap::new();
        for questions in waiting.values() {
            let many = u64::try_from(questions.len()).unwrap_or(u64::MAX).max(1);
            for question in questions {
                let (sum, programmes) = weight.entry(*question).or_default();
                *sum = sum.saturating_add(SHARES / many);
                *programmes = programmes.saturating_add(1);
            }
        }
        let best = match order {
            Order::Deciding => self.most_deciding(&weight, &whom),
            Order::Table => weight.keys().next().copied(),
        };
        let Some((place, (_, decides))) = best.and_then(|p| Some((p, weight.get(&p)?))) else {
            return Vec::new();
        };
        let (Some(question), Some(whom)) = (self.guide.questions.get(place), whom.get(&place))
        else {
            return Vec::new();
        };
        vec![self.asking(question, whom, *decides)]
    }

    fn asking(
        &self,
        question: &Question,
        whom: &BTreeSet<Option<usize>>,
        decides: usize,
    ) -> Asking {
        let mut fields = Vec::new();
        for member in whom {
            let named = member.map_or_else(String::new, |m| self.member(m));
            match question.way {
                Way::Tick | Way::Choose => fields.push(Field {
                    name: field(&question.id, *member),
                    whom: named,
                    words: String::new(),
                    help: String::new(),
                    choices: question.choices.iter().map(|c| c.label.clone()).collect(),
                    number: false,
                }),
                Way::Number | Way::Members => fields.push(Field {
                    name: field(&question.id, *member),
                    whom: named,
                    words: String::new(),
                    help: String::new(),
                    choices: Vec::new(),
                    number: true,
                }),
                Way::Facts => {
                    let at = member.map_or(Some(self.family.household), |m| {
                        self.family.members.get(m).copied()
                    });
                    for (item, fact) in &question.facts {
                        if at.is_some_and(|at| !self.family.closed.contains(&(*item, at))) {
                            fields.extend(self.fact_field(*fact, *member, &named));
                        }
                    }
                }
            }
        }
        Asking {
            id: question.id.clone(),
            words: question.words.clone(),
            help: question.help.clone(),
            ticks: question.way == Way::Tick,
            fields,
            decides,
        }
    }

    fn fact_field(&self, fact: usize, member: Option<usize>, whom: &str) -> Option<Field> {
        let dict = &self.guide.program.dict;
        let fact = dict.facts.get(fact)?;
        let ask = fact.ask.as_ref()?;
        let choices = match fact.ty {
            Type::Bool => vec!["是".to_owned(), "否".to_owned()],
            Type::Enum(e) => dict.enum_of(e).map_or(Vec::new(), |e| e.members.clone()),
            _ => Vec::new(),
        };
        Some(Field {
            name: field(&fact.name, member),
            whom: whom.to_owned(),
            words: ask.words.clone(),
            help: ask.help.clone().unwrap_or_default(),
            choices,
            number: matches!(fact.ty, Type::Num(_)),
        })
    }

    /// Of the questions most programmes wait for, the one after which most are decided: each is tried
    /// with a few answers as different as can be. What the table asks early comes before the rest. Of two that decide as much, the one that more
    /// programmes wait for, then the one that stands first in the table.
    fn most_deciding(
        &self,
        weight: &BTreeMap<usize, (u64, usize)>,
        whom: &BTreeMap<usize, BTreeSet<Option<usize>>>,
    ) -> Option<usize> {
        let mut places: Vec<usize> = weight.keys().copied().collect();
        let early = |p: &usize| self.guide.questions.get(*p).is_some_and(|q| q.early);
        if places.iter().any(early) {
            places.retain(early);
        }
        places.sort_by_key(|p| std::cmp::Reverse(weight.get(p).map_or(0, |(sum, _)| *sum)));
        if places.len() < 2 || self.family.members.len() > TRIED_MEMBERS_MAX {
            return places.first().copied();
        }
        let now = self.guide.decided(self.asked).saturating_mul(TRIES);
        let scored = places.into_iter().take(TRIED_MAX).filter_map(|place| {
            let question = self.guide.questions.get(place)?;
            let asking = self.asking(question, whom.get(&place)?, 0);
            let decided: usize = (0..TRIES)
                .map(|at| self.guide.decided(&tried(&asking, self.asked, at)))
                .sum();
            // A page with many fields is more work than one with a single field.
            let work = asking.fields.len().saturating_add(WORK_OF_A_PAGE);
            let worth = decided.saturating_sub(now).saturating_mul(SCALE) / work;
            let sum = weight.get(&place).map_or(0, |(sum, _)| *sum);
            Some(((worth, sum, std::cmp::Reverse(place)), place))
        });
        scored.max().map(|(_, place)| place)
    }

    pub(super) fn member(&self, at: usize) -> String {
        match at {
            0 => "您本人".to_owned(),
            _ => format!("第 {} 位家人", at.saturating_add(1)),
        }
    }
}

impl Guide {
    /// The day its rules are read on.
    pub fn day(&self) -> Day {
        self.day
    }
}

/// A page answered in one of a few ways: the first choice, the last, or one between; nothing, little or
/// much; an old, a grown or a young person.
fn tried(asking: &Asking, asked: &Answers, at: usize) -> Answers {
    const NUMBERS: [&str; TRIES] = ["0", "3", "100000"];
    const DAYS: [&str; TRIES] = ["1940-01", "1985-01", "2018-01"];
    let mut answers = asked.clone();
    for field in &asking.fields {
        let last = field.choices.len().saturating_sub(1);
        let chosen = field.choices.get(last.saturating_mul(at) / (TRIES - 1));
        let typed = if field.number { NUMBERS } else { DAYS };
        let value = chosen.map_or_else(|| typed.get(at).copied(), |c| Some(c.as_str()));
        if let Some(value) = value {
            answers = answers.with(&field.name, value);
        }
    }
    answers.done(&asking.id)
}

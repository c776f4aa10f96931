//! 问几句才够: walks through the questions as a family whose facts are all on record would answer them,
//! and counts the pages. For measuring only; nothing here is shown to a resident.

use super::Guide;
use super::answers::{Answers, NOT_SURE, field};
use super::check::{Order, Standing, State};
use super::questions::{Choice, Question, Told, Way};
use rules::eval::Evaluator;
use rules::plan::{Home, ItemId, RelId, Type};
use rules::situation::InstanceId;
use rules::{Ratio, Value};
use serde::Serialize;

/// Pages after which a walk is given up: more than there are questions.
const PAGES_MAX: usize = 80;

/// One family as the record knows it.
pub struct Record<'e, 'p> {
    /// Its facts.
    pub eval: &'e mut Evaluator<'p>,
    /// The household.
    pub household: InstanceId,
    /// Who counts in it.
    pub members: Vec<InstanceId>,
}

/// How a walk went.
#[derive(Clone, Debug, Serialize)]
pub struct Walk {
    /// Pages answered until everything was decided.
    pub pages: usize,
    /// Programmes decided after each page.
    pub decided: Vec<usize>,
    /// The questions, in order.
    pub asked: Vec<String>,
    /// Where it ended.
    pub standing: Standing,
}

impl Guide {
    /// Walks a family through the questions.
    pub fn walk(&self, family: &mut Record<'_, '_>, order: Order) -> Walk {
        let mut answers = Answers::default();
        let mut walk = Walk {
            pages: 0,
            decided: Vec::new(),
            asked: Vec::new(),
            standing: self.check_in(&answers, order),
        };
        while walk.pages < PAGES_MAX {
            let findings = &walk.standing.findings;
            let decided = findings.iter().filter(|f| f.state != State::Wants).count();
            if walk.pages > 0 {
                walk.decided.push(decided);
            }
            if walk.standing.next.is_empty() {
                break;
            }
            for asking in std::mem::take(&mut walk.standing.next) {
                let Some(question) = self.questions.iter().find(|q| q.id == asking.id) else {
                    continue;
                };
                for name in asking.fields.iter().map(|f| &f.name) {
                    answers = self.reply(family, question, name, answers);
                }
                walk.asked.push(question.id.clone());
                answers = answers.done(&question.id);
            }
            walk.pages = walk.pages.saturating_add(1);
            walk.standing = self.check_in(&answers, order);
        }
        walk
    }

    fn reply(
        &self,
        family: &mut Record<'_, '_>,
        question: &Question,
        name: &str,
        answers: Answers,
    ) -> Answers {
        let member = name
            .rsplit_once('-')
            .and_then(|(_, at)| at.parse::<usize>().ok()?.checked_sub(1))
            .filter(|_| question.each);
        let said = match question.way {
            Way::Tick => {
                let ticked = question.choices.iter().filter(|c| self.ticks(family, c));
                let labels: Vec<String> = ticked.map(|c| c.label.clone()).collect();
                return labels
                    .iter()
                    .fold(answers, |answers, label| answers.with(name, label));
            }
            Way::Choose => {
                let fits = |c: &&Choice| {
                    !c.yes.is_empty() && c.yes.iter().all(|t| self.fits(family, t, member))
                };
                question.choices.iter().find(fits).map(|c| c.label.clone())
            }
            Way::Members => Some(family.members.len().to_string()),
            Way::Number => question.typed.iter().find_map(|told| match told {
                Told::Typed(item, times) => {
                    let Value::Num(n) = self.truth(family, *item, member) else {
                        return None;
                    };
                    self.text(Value::Num(n.div(Ratio::whole(*times))?), *item)
                }
                Told::Value(..) | Told::Rows(..) => None,
            }),
            Way::Facts => question.facts.iter().find_map(|(item, fact)| {
                let fact = self.program.dict.facts.get(*fact)?;
                if field(&fact.name, member) != name {
                    return None;
                }
                self.text(self.truth(family, *item, member), *item)
            }),
        };
        answers.with(name, said.as_deref().unwrap_or(NOT_SURE))
    }

    fn text(&self, value: Value, item: ItemId) -> Option<String> {
        let ty = self.program.item(item)?.ty;
        Some(match (value, ty) {
            (Value::Unknown, _) => return None,
            (Value::Num(n), Type::Num(unit)) => rules::show::plain(n, unit),
            _ => rules::show::value(value, ty, &self.program.dict),
        })
    }

    /// The true value: of the household, of this member, or of the first row of their list.
    fn truth(&self, family: &mut Record<'_, '_>, item: ItemId, member: Option<usize>) -> Value {
        let Some(home) = self.program.item(item).map(|i| i.home) else {
            return Value::Unknown;
        };
        match home {
            Home::Entity(entity) if Some(entity) == self.program.dict.entity("家庭") => {
                family.eval.value(item, family.household)
            }
            Home::Entity(_) => match family.members.get(member.unwrap_or(0)) {
                Some(who) => family.eval.value(item, *who),
                None => Value::Unknown,
            },
            Home::Rows(relation) => match self.first_row(family, relation) {
                Some((list, row)) => family.eval.row_value(item, list, row),
                None => Value::Unknown,
            },
        }
    }

    fn first_row(
        &self,
        family: &Record<'_, '_>,
        relation: RelId,
    ) -> Option<(rules::situation::ListId, usize)> {
        let situation = family.eval.situation();
        family.members.iter().find_map(|who| {
            let list = situation.list_of(*who, relation)?;
            let has = !situation.list(list)?.rows.is_empty();
            has.then_some((list, 0))
        })
    }

    /// Whether a case holds: somebody's true value is known and is not the one of those without it.
    fn ticks(&self, family: &mut Record<'_, '_>, choice: &Choice) -> bool {
        let many = family.members.len();
        choice.no.iter().any(|told| match told {
            Told::Value(items, value) => items.iter().any(|item| {
                (0..many).any(|member| {
                    let truth = self.truth(family, *item, Some(member));
                    truth.is_known() && truth != *value
                })
            }),
            Told::Typed(..) | Told::Rows(..) => false,
        })
    }

    fn fits(&self, family: &mut Record<'_, '_>, told: &Told, member: Option<usize>) -> bool {
        match told {
            Told::Value(items, value) => items.iter().take(1).all(|item| {
                // What nobody records of a family is no reason to choose otherwise.
                let truth = self.truth(family, *item, member);
                truth == *value || !truth.is_known()
            }),
            Told::Typed(..) => false,
            Told::Rows(relation, rows) => match rows.first() {
                None => self.first_row(family, *relation).is_none(),
                Some(row) => row
                    .iter()
                    .take(1)
                    .all(|(item, value)| self.truth(family, *item, member) == *value),
            },
        }
    }
}

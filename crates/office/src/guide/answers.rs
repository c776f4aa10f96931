//! What a family has answered so far: words of a form and nothing else. They live in the page and are
//! never written down.

use super::questions::{Question, Told, Way};
use rules::plan::{Body, Home, ItemId, Program, RelId, Type};
use rules::situation::{InstanceId, Situation};
use rules::{Ratio, Value};
use std::collections::{BTreeMap, HashMap, HashSet};

/// 不清楚.
pub const NOT_SURE: &str = "？";
/// Longest word of an answer that is read, in bytes.
const ANSWER_BYTES_MAX: usize = 200;
/// A larger number is a slip of the finger.
const NUMBER_MAX: i128 = 1_000_000_000;

/// 回答: by the name of a field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answers {
    /// Questions answered, in order.
    pub asked: Vec<String>,
    /// What was filled in, by field.
    pub filled: BTreeMap<String, Vec<String>>,
}

impl Answers {
    /// Fills in a field.
    #[must_use]
    pub fn with(mut self, field: &str, value: &str) -> Self {
        let filled = self.filled.entry(field.to_owned()).or_default();
        filled.push(value.to_owned());
        self
    }

    /// Says that a question was answered.
    #[must_use]
    pub fn done(mut self, question: &str) -> Self {
        self.asked.retain(|q| q != question);
        self.asked.push(question.to_owned());
        self
    }

    fn one(&self, field: &str) -> Option<&str> {
        let filled = self.filled.get(field)?.first()?.trim();
        (!filled.is_empty() && filled.len() <= ANSWER_BYTES_MAX).then_some(filled)
    }
}

/// The field of a question or fact: of the household, or of the member with a number from 1.
pub(super) fn field(name: &str, member: Option<usize>) -> String {
    match member {
        Some(at) => format!("{name}-{}", at.saturating_add(1)),
        None => name.to_owned(),
    }
}

/// A wrong answer: the field and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slip {
    /// The field.
    pub field: String,
    /// What is wrong with it and what to write.
    pub said: String,
}

/// What is known of the family, ready for the rules.
pub(super) struct Family {
    pub situation: Situation,
    pub household: InstanceId,
    pub members: Vec<InstanceId>,
    /// Whether it was said how many there are.
    pub counted: bool,
    /// What there is nothing more to ask about.
    pub closed: HashSet<(ItemId, InstanceId)>,
    /// Lists there is nothing more to ask about.
    pub closed_lists: HashSet<(RelId, InstanceId)>,
    /// Statuses as the family says: on the roll or not.
    pub statuses: HashMap<(ItemId, InstanceId), bool>,
}

/// Puts answers together.
pub(super) struct Reader<'a> {
    pub program: &'a Program,
    pub questions: &'a [Question],
    pub area: &'a str,
}

impl Reader<'_> {
    /// How many live together, once it was said.
    pub(super) fn count(&self, answers: &Answers) -> Option<usize> {
        let question = self.questions.iter().find(|q| q.way == Way::Members)?;
        answers.one(&question.id)?.parse().ok()
    }

    /// The family as far as it is known.
    pub(super) fn family(&self, answers: &Answers) -> Option<Family> {
        let dict = &self.program.dict;
        let (home, person) = (dict.entity("家庭")?, dict.entity("个人")?);
        let relation = dict.relation("成员")?;
        let most = dict.relation_of(relation).map_or(1, |r| r.at_most);
        let most = usize::try_from(most).unwrap_or(1);
        let mut situation = Situation::new();
        let household = situation.add(home, 1);
        let counted = self.count(answers);
        let mut members = Vec::new();
        let list = situation.add_list(household, relation, counted.is_some());
        for key in (1..).take(counted.unwrap_or(1).clamp(1, most)) {
            let member = situation.add(person, key);
            situation.set_household(member, household);
            situation.add_row(list, Some(member));
            members.push(member);
        }
        for at in members.iter().chain([&household]) {
            situation.set_place(*at, self.area, None);
        }
        let mut family = Family {
            situation,
            household,
            members,
            counted: counted.is_some(),
            closed: HashSet::new(),
            closed_lists: HashSet::new(),
            statuses: HashMap::new(),
        };
        for question in self.questions {
            self.take(question, answers, &mut family);
        }
        Some(family)
    }

    fn take(&self, question: &Question, answers: &Answers, family: &mut Family) {
        let members = family.members.len();
        let scopes: Vec<Option<usize>> = match question.each {
            true => (0..members).map(Some).collect(),
            false => vec![None],
        };
        for scope in scopes {
            let name = field(&question.id, scope);
            match question.way {
                Way::Tick if !answers.asked.contains(&question.id) => {}
                Way::Tick => {
                    let ticked = answers.filled.get(&name);
                    for choice in &question.choices {
                        let yes = ticked.is_some_and(|t| t.contains(&choice.label));
                        let told = if yes { &choice.yes } else { &choice.no };
                        self.tell(told, None, scope, family);
                    }
                }
                Way::Choose => {
                    let Some(answer) = answers.one(&name) else {
                        continue;
                    };
                    self.close(question, scope, family);
                    let chosen = question.choices.iter().find(|c| c.label == answer);
                    if let Some(choice) = chosen {
                        self.tell(&choice.yes, None, scope, family);
                    }
                }
                Way::Number | Way::Members => {
                    let Some(answer) = answers.one(&name) else {
                        continue;
                    };
                    self.close(question, scope, family);
                    let typed = self.number(question, answer).ok();
                    self.tell(&question.typed, typed, scope, family);
                }
                Way::Facts => {
                    for (item, fact) in &question.facts {
                        let Some(fact) = self.program.dict.facts.get(*fact) else {
                            continue;
                        };
                        let Some(answer) = answers.one(&field(&fact.name, scope)) else {
                            continue;
                        };
                        let value = self.fact(fact.ty, *item, answer).unwrap_or(Value::Unknown);
                        self.tell(&[Told::Value(vec![*item], value)], None, scope, family);
                    }
                }
            }
        }
    }

    fn close(&self, question: &Question, scope: Option<usize>, family: &mut Family) {
        for item in question.tells.iter().copied() {
            for at in self.whose(item, scope, family) {
                family.closed.insert((item, at));
            }
        }
        for relation in question.lists.iter().copied() {
            for at in owners(self.program, relation, scope, family) {
                family.closed_lists.insert((relation, at));
            }
        }
    }

    /// Whose quantity an answer tells: the household's, this member's, or every member's.
    pub(super) fn whose(
        &self,
        item: ItemId,
        scope: Option<usize>,
        family: &Family,
    ) -> Vec<InstanceId> {
        let Some(item) = self.program.item(item) else {
            return Vec::new();
        };
        let person = self.program.dict.entity("个人");
        let of_person = match item.home {
            Home::Entity(entity) => Some(entity) == person,
            Home::Rows(relation) => {
                let relation = self.program.dict.relation_of(relation);
                relation.is_some_and(|r| Some(r.owner) == person)
            }
        };
        match (of_person, scope) {
            (false, _) => vec![family.household],
            (true, Some(at)) => family.members.get(at).copied().into_iter().collect(),
            (true, None) => family.members.clone(),
        }
    }

    fn tell(&self, told: &[Told], typed: Option<Ratio>, scope: Option<usize>, family: &mut Family) {
        for told in told {
            match told {
                Told::Value(items, value) => {
                    for item in items {
                        for at in self.whose(*item, scope, family) {
                            self.set(*item, at, *value, family);
                        }
                    }
                }
                Told::Typed(item, times) => {
                    let value = typed.and_then(|n| n.mul(Ratio::whole(*times)));
                    let value = value.map_or(Value::Unknown, Value::Num);
                    for at in self.whose(*item, scope, family) {
                        self.set(*item, at, value, family);
                    }
                }
                Told::Rows(relation, rows) => {
                    let owners = owners(self.program, *relation, scope, family);
                    for (place, owner) in owners.into_iter().enumerate() {
                        // What a family has stands under the first of them; the others have none.
                        let rows = if place == 0 { rows.as_slice() } else { &[] };
                        self.rows(*relation, owner, rows, family);
                    }
                }
            }
        }
    }

    fn set(&self, item: ItemId, at: InstanceId, value: Value, family: &mut Family) {
        family.closed.insert((item, at));
        let Some(of) = self.program.item(item) else {
            return;
        };
        match (&of.body, of.home, value) {
            (_, _, Value::Unknown) => {}
            (Body::Status, _, Value::Bool(held)) => {
                family.statuses.insert((item, at), held);
            }
            (Body::Fact, _, Value::Sym(member)) if of.name == "城乡" => {
                family.situation.set_place(at, self.area, Some(member));
            }
            (_, Home::Rows(relation), value) => {
                let Some(list) = family.situation.list_of(at, relation) else {
                    return;
                };
                let rows = family.situation.list(list).map_or(0, |l| l.rows.len());
                for row in 0..rows {
                    family.situation.set_in_row(list, row, item, value);
                }
            }
            (_, Home::Entity(_), value) => family.situation.set(at, item, value),
        }
    }

    fn rows(
        &self,
        relation: RelId,
        owner: InstanceId,
        rows: &[Vec<(ItemId, Value)>],
        family: &mut Family,
    ) {
        family.closed_lists.insert((relation, owner));
        let target = self
            .program
            .dict
            .relation_of(relation)
            .and_then(|r| r.target);
        let list = family.situation.add_list(owner, relation, true);
        for row in rows {
            let there = target.map(|entity| family.situation.add(entity, 0));
            let place = family.situation.add_row(list, there);
            for (item, value) in row {
                match (self.program.item(*item).map(|i| i.home), there) {
                    (Some(Home::Rows(_)), _) => {
                        family.situation.set_in_row(list, place, *item, *value);
                    }
                    (Some(Home::Entity(_)), Some(there)) => {
                        family.situation.set(there, *item, *value);
                    }
                    (Some(Home::Entity(_)), None) | (None, _) => {}
                }
            }
        }
    }

    /// Looks at the fields of a page.
    pub(super) fn slips(
        &self,
        question: &Question,
        members: &[Option<usize>],
        answers: &Answers,
        facts: &[usize],
    ) -> Vec<Slip> {
        let mut out = Vec::new();
        for scope in members {
            let mut look = |name: &str, checked: &dyn Fn(&str) -> Result<(), String>| {
                let field = field(name, *scope);
                let said = match answers.one(&field) {
                    None => Err("还没有回答;不知道就选“不清楚”".to_owned()),
                    Some(NOT_SURE) => Ok(()),
                    Some(answer) => checked(answer),
                };
                if let Err(said) = said {
                    out.push(Slip { field, said });
                }
            };
            match question.way {
                Way::Tick => {}
                Way::Choose => look(&question.id, &|answer| {
                    let known = question.choices.iter().any(|c| c.label == answer);
                    known
                        .then_some(())
                        .ok_or_else(|| "请在选项里选一个".to_owned())
                }),
                Way::Number | Way::Members => look(&question.id, &|answer| {
                    self.number(question, answer).map(|_| ())
                }),
                Way::Facts => {
                    for (item, at) in &question.facts {
                        if let Some(fact) = self
                            .program
                            .dict
                            .facts
                            .get(*at)
                            .filter(|_| facts.contains(at))
                        {
                            look(&fact.name, &|answer| {
                                self.fact(fact.ty, *item, answer).map(|_| ())
                            });
                        }
                    }
                }
            }
        }
        out
    }

    /// A typed number, in the machine's scale of what it tells.
    fn number(&self, question: &Question, text: &str) -> Result<Ratio, String> {
        let plain = text.trim_end_matches(['元', '块', '人', '口', '套', '平']);
        let said = || format!("`{text}` 不是数;只写数字,如 1500");
        let ty = question.typed.iter().find_map(|t| match t {
            Told::Typed(item, _) => self.program.item(*item).map(|i| i.ty),
            Told::Value(..) | Told::Rows(..) => None,
        });
        let ty = ty.ok_or_else(said)?;
        let value = rules::show::parse_cell(plain.trim(), ty, &self.program.dict);
        let Ok(Value::Num(n)) = value else {
            return Err(said());
        };
        let most = match question.way {
            Way::Members => {
                let members = self.program.dict.relation("成员");
                let members = members.and_then(|r| self.program.dict.relation_of(r));
                i128::from(members.map_or(1, |r| r.at_most))
            }
            Way::Tick | Way::Choose | Way::Number | Way::Facts => NUMBER_MAX,
        };
        let least = i128::from(question.way == Way::Members);
        let whole = question.way != Way::Members || n.den() == 1;
        if n < Ratio::whole(least) || n > Ratio::whole(most) || !whole {
            return Err(format!("`{text}` 不合适;请核对以后重写"));
        }
        Ok(n)
    }

    /// A fact as a resident writes it.
    fn fact(&self, ty: Type, item: ItemId, text: &str) -> Result<Value, String> {
        if text == NOT_SURE {
            return Ok(Value::Unknown);
        }
        let dict = &self.program.dict;
        let value = match ty {
            Type::Day => rules::show::parse_cell(&day(text), ty, dict)
                .map_err(|_| format!("`{text}` 不是日期;写成 1954-03,或者 1954-03-08")),
            Type::Num(_) => rules::show::parse_cell(text.trim_end_matches(['元', '块']), ty, dict)
                .map_err(|_| format!("`{text}` 不是数;只写数字,如 1500")),
            Type::Bool | Type::Enum(_) | Type::Set(_) | Type::Area => {
                rules::show::parse_cell(text, ty, dict)
            }
        }?;
        let bounds = self.program.item(item).and_then(|i| i.bounds);
        if let (Value::Num(n), Some(bounds)) = (value, bounds) {
            let least = Ratio::new(bounds.num_min, bounds.den_min);
            let most = Ratio::new(bounds.num_max, bounds.den_min);
            let fits = least.is_none_or(|l| l <= n) && most.is_none_or(|m| n <= m);
            if !fits {
                return Err(format!("`{text}` 太大或者太小;请核对以后重写"));
            }
        }
        Ok(value)
    }
}

/// 1954年3月, 1954.3, 1954/3/8 and 195403 as the rules write them.
fn day(text: &str) -> String {
    let text = text.trim().trim_end_matches(['日', '月', '号']);
    let parts: Vec<&str> = text
        .split(['年', '月', '.', '/', '-', ' '])
        .filter(|p| !p.is_empty())
        .collect();
    let joined = match parts.as_slice() {
        [all] if all.len() == 6 || all.len() == 8 => {
            let cut = [all.get(0..4), all.get(4..6), all.get(6..8)];
            cut.into_iter().flatten().collect::<Vec<_>>()
        }
        _ => parts,
    };
    let two = |p: &&str| format!("{p:0>2}");
    joined.iter().map(two).collect::<Vec<_>>().join("-")
}

fn owners(
    program: &Program,
    relation: RelId,
    scope: Option<usize>,
    family: &Family,
) -> Vec<InstanceId> {
    let owner = program.dict.relation_of(relation).map(|r| r.owner);
    if owner == program.dict.entity("家庭") {
        return vec![family.household];
    }
    match scope {
        Some(at) => family.members.get(at).copied().into_iter().collect(),
        None => family.members.clone(),
    }
}

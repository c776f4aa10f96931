//! The questions of 我能申请什么, read from the table and from the dictionary's 问. A question knows
//! which facts its answer tells; it never says who is entitled.

use super::{cell, rows};
use rules::dict::FactDef;
use rules::plan::{Body, Home, ItemId, Program, RelId, Type};
use rules::{Rulebook, Value};

/// The table of questions.
pub(super) const CHECK: &str = "guide/check.csv";

/// How a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// 勾: any of the choices, or none.
    Tick,
    /// 选: one of the choices.
    Choose,
    /// 数: a number.
    Number,
    /// 人数: how many live together; each is asked for from then on.
    Members,
    /// 事实: facts of the dictionary, each by its own 问.
    Facts,
}

/// What an answer tells.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Told {
    /// A value; unknown only says that there is nothing more to ask.
    Value(Vec<ItemId>, Value),
    /// The number typed, so many times.
    Typed(ItemId, i128),
    /// The rows of somebody's list, whole.
    Rows(RelId, Vec<Vec<(ItemId, Value)>>),
}

/// A choice of a question.
#[derive(Clone, Debug)]
pub(super) struct Choice {
    pub label: String,
    pub yes: Vec<Told>,
    pub no: Vec<Told>,
}

/// A question.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub id: String,
    pub each: bool,
    /// 先问: before the others, as long as some programme waits for it.
    pub early: bool,
    pub way: Way,
    pub words: String,
    pub help: String,
    pub choices: Vec<Choice>,
    /// What a number tells.
    pub typed: Vec<Told>,
    /// The facts asked for, as places in the dictionary.
    pub facts: Vec<(ItemId, usize)>,
    /// The quantities an answer may tell.
    pub tells: Vec<ItemId>,
    /// The lists an answer may tell.
    pub lists: Vec<RelId>,
}

/// All questions of a place, in the order of the table; facts that stand in none of its rows follow.
pub(super) fn read(
    book: &Rulebook,
    program: &Program,
    problems: &mut Vec<String>,
) -> Vec<Question> {
    let mut out: Vec<Question> = Vec::new();
    for (line, row) in rows(book, CHECK, problems) {
        let mut wrong = |said: String| problems.push(format!("{CHECK} 第 {line} 行:{said}"));
        let id = cell(&row, 0);
        if out.last().is_none_or(|q| q.id != id) {
            match opened(&row) {
                Ok(question) => out.push(question),
                Err(said) => wrong(said),
            }
        }
        let Some(question) = out.last_mut().filter(|q| q.id == id) else {
            continue;
        };
        if let Err(said) = fill(question, &row, program) {
            wrong(said);
        }
    }
    let asked: Vec<ItemId> = out.iter().flat_map(|q| &q.facts).map(|(i, _)| *i).collect();
    for (at, fact) in program.dict.facts.iter().enumerate() {
        let Some(item) = fact_item(program, fact).filter(|i| !asked.contains(i)) else {
            continue;
        };
        if let Some(ask) = &fact.ask {
            out.push(Question {
                id: fact.name.clone(),
                each: program.dict.entity_name(fact.entity) == "个人",
                early: false,
                way: Way::Facts,
                words: ask.words.clone(),
                help: String::new(),
                choices: Vec::new(),
                typed: Vec::new(),
                facts: vec![(item, at)],
                tells: Vec::new(),
                lists: Vec::new(),
            });
        }
    }
    for question in &mut out {
        question.tells = question.items();
        question.lists = question.relations(program);
    }
    out
}

fn opened(row: &[String]) -> Result<Question, String> {
    let each = match cell(row, 1) {
        "全家" => false,
        "每人" => true,
        other => return Err(format!("问谁 `{other}` 写 全家 或者 每人")),
    };
    let way = match cell(row, 2) {
        "勾" => Way::Tick,
        "选" => Way::Choose,
        "数" => Way::Number,
        "人数" => Way::Members,
        "事实" => Way::Facts,
        other => return Err(format!("填法 `{other}` 写 勾、选、数、人数 或者 事实")),
    };
    Ok(Question {
        id: cell(row, 0).to_owned(),
        each,
        early: cell(row, 8) == "先",
        way,
        words: cell(row, 3).to_owned(),
        help: cell(row, 4).to_owned(),
        choices: Vec::new(),
        typed: Vec::new(),
        facts: Vec::new(),
        tells: Vec::new(),
        lists: Vec::new(),
    })
}

fn fill(question: &mut Question, row: &[String], program: &Program) -> Result<(), String> {
    let told = |text: &str| -> Result<Vec<Told>, String> {
        text.split(';')
            .map(str::trim)
            .filter(|t| !t.is_empty())
            .map(|t| one(t, program))
            .collect()
    };
    match question.way {
        Way::Tick | Way::Choose => question.choices.push(Choice {
            label: cell(row, 5).to_owned(),
            yes: told(cell(row, 6))?,
            no: told(cell(row, 7))?,
        }),
        Way::Number | Way::Members => question.typed.extend(told(cell(row, 6))?),
        Way::Facts => {
            for name in cell(row, 6).split(';').map(str::trim) {
                let facts = program.dict.facts.iter().enumerate();
                let fact = facts.into_iter().find(|(_, f)| f.name == name);
                let Some((at, fact)) = fact.filter(|(_, f)| f.ask.is_some()) else {
                    return Err(format!("facts.md 里没有写了 问 的事实 `{name}`"));
                };
                let item = fact_item(program, fact);
                question.facts.extend(item.map(|item| (item, at)));
            }
        }
    }
    Ok(())
}

fn fact_item(program: &Program, fact: &FactDef) -> Option<ItemId> {
    let named = |i: &rules::plan::Item| {
        i.name == fact.name && i.home == Home::Entity(fact.entity) && matches!(i.body, Body::Fact)
    };
    let at = program.items.iter().position(named)?;
    u32::try_from(at).ok().map(ItemId)
}

/// `事实 = 值`, `量 = #`, `量 = # * 12`, `关系 : 列 = 值、列 = 值 | …`.
fn one(text: &str, program: &Program) -> Result<Told, String> {
    if let Some((name, list)) = text.split_once(':')
        && !name.contains('=')
    {
        return list_of(name.trim(), list, program);
    }
    let (name, value) = text
        .split_once('=')
        .map(|(name, value)| (name.trim(), value.trim()))
        .ok_or_else(|| format!("`{text}` 写成 事实 = 值"))?;
    let items = items(name, program)?;
    if let Some(times) = value.strip_prefix('#') {
        let times = times.trim().trim_start_matches('*').trim();
        let times = match times {
            "" => 1,
            number => number
                .parse()
                .map_err(|_| format!("`{value}` 写成 # 或者 # * 12"))?,
        };
        return items
            .first()
            .map(|item| Told::Typed(*item, times))
            .ok_or_else(|| unknown(name));
    }
    let value = valued(value, &items, program)?;
    Ok(Told::Value(items, value))
}

fn unknown(name: &str) -> String {
    format!("没有 `{name}` 这个事实或者量;写成 事实,或者 文件编号.量")
}

/// All quantities of a name: 城乡 is one of the household and one of each person.
fn items(name: &str, program: &Program) -> Result<Vec<ItemId>, String> {
    let found: Vec<ItemId> = (0..)
        .map(ItemId)
        .zip(&program.items)
        .filter(|(_, i)| i.path == name)
        .map(|(id, _)| id)
        .collect();
    if found.is_empty() {
        Err(unknown(name))
    } else {
        Ok(found)
    }
}

fn valued(text: &str, items: &[ItemId], program: &Program) -> Result<Value, String> {
    let ty = items.first().and_then(|i| program.item(*i)).map(|i| i.ty);
    rules::show::parse_cell(text, ty.unwrap_or(Type::Bool), &program.dict)
}

fn list_of(name: &str, list: &str, program: &Program) -> Result<Told, String> {
    let relation = program
        .dict
        .relation(name)
        .ok_or_else(|| format!("没有 `{name}` 这个关系"))?;
    let mut out = Vec::new();
    for row in list.split('|').map(str::trim).filter(|r| !r.is_empty()) {
        let mut cells = Vec::new();
        for part in row.split('、').map(str::trim) {
            let (column, value) = part
                .split_once('=')
                .map(|(c, v)| (c.trim(), v.trim()))
                .ok_or_else(|| format!("`{part}` 写成 列 = 值"))?;
            // A column of the list, or a quantity of whom the row leads to.
            let own = format!("{name}.{column}");
            let items = items(&own, program).or_else(|_| items(column, program))?;
            let value = valued(value, &items, program)?;
            cells.extend(items.first().map(|item| (*item, value)));
        }
        out.push(cells);
    }
    Ok(Told::Rows(relation, out))
}

impl Told {
    fn items(&self) -> Vec<ItemId> {
        match self {
            Self::Value(items, _) => items.clone(),
            Self::Typed(item, _) => vec![*item],
            Self::Rows(..) => Vec::new(),
        }
    }
}

impl Question {
    fn told(&self) -> impl Iterator<Item = &Told> {
        let of = self.choices.iter().flat_map(|c| c.yes.iter().chain(&c.no));
        of.chain(&self.typed)
    }

    fn items(&self) -> Vec<ItemId> {
        let facts = self.facts.iter().map(|(item, _)| *item);
        self.told().flat_map(Told::items).chain(facts).collect()
    }

    fn relations(&self, program: &Program) -> Vec<RelId> {
        let members = program.dict.relation("成员");
        let members = members.filter(|_| self.way == Way::Members);
        let told = self.told().filter_map(|t| match t {
            Told::Rows(relation, _) => Some(*relation),
            Told::Value(..) | Told::Typed(..) => None,
        });
        told.chain(members).collect()
    }
}

//! 表单: what is asked at a door, from the rulebook. Which step it belongs to the rulebook says too: the
//! one that gives the record the form is named after.

use super::Said;
use crate::casework::{CaseError, Done};
use crate::error::OfficeError;
use crate::office::Office;
use domain::procedure::Step;
use rules::ast::{BlockStmt, Stmt};
use rules::plan::Type;
use rules::value::Value;

/// Where facts seen at a door come from, by their source in facts.md.
pub(super) const SOURCE: &str = "走访";
const HOUSEHOLD: &str = "家庭";
const FORM: &str = "表单";
const FIELD: &str = "项";
const SIGNED: &str = "签名";
const PLACES: &str = "localities/";

/// A form.
#[derive(Clone, Debug)]
pub(super) struct Form {
    /// Its id.
    pub(super) id: String,
    /// The record it makes: 入户调查表.
    pub(super) record: String,
    /// What is asked, in order.
    pub(super) fields: Vec<Field>,
    /// Whether it is signed at the door.
    pub(super) is_signed: bool,
}

/// 项.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) fact: String,
    /// Asked once for the household; else for each person.
    pub(super) of_home: bool,
    pub(super) question: String,
    pub(super) required: bool,
    pub(super) hint: String,
    pub(super) choices: Vec<String>,
}

/// The form of a step, if it is one of going to a door.
pub(super) fn of<'f>(forms: &'f [Form], step: &Step) -> Option<&'f Form> {
    forms.iter().find(|form| step.gives.contains(&form.record))
}

/// The forms of the place and of the country. What a place asks for a record the country has a form for is asked
/// after the country's own questions; a question it words itself takes the place of the country's.
pub(super) fn forms(office: &Office) -> Done<Vec<Form>> {
    let program = office.rules_on(office.clock.today());
    let own = format!("{PLACES}{}/", office.locality);
    let (mut here, mut common): (Vec<Form>, Vec<Form>) = (Vec::new(), Vec::new());
    for parsed in office.book.parsed() {
        let out = match parsed.path.starts_with(PLACES) {
            true if parsed.path.starts_with(&own) => &mut here,
            true => continue,
            false => &mut common,
        };
        let mut inside = false;
        for statement in &parsed.file.statements {
            let Stmt::Block(block) = &statement.kind else {
                inside = false;
                continue;
            };
            match (block.keyword.text.as_str(), block.head.as_slice()) {
                (FORM, [id, record, ..]) => {
                    inside = true;
                    out.push(Form {
                        id: id.text.clone(),
                        record: record.text.clone(),
                        fields: Vec::new(),
                        is_signed: false,
                    });
                }
                (FIELD, _) if inside => {
                    if let Some(form) = out.last_mut() {
                        form.fields.push(field(&program, block, &parsed.path)?);
                    }
                }
                (SIGNED, _) if inside => {
                    if let Some(form) = out.last_mut() {
                        form.is_signed = true;
                    }
                }
                _ => inside = false,
            }
        }
    }
    for own in here {
        match common.iter_mut().find(|form| form.record == own.record) {
            None => common.push(own),
            Some(form) => form.take(own),
        }
    }
    Ok(common)
}

impl Form {
    /// Asks more; a fact that is asked already is asked in the new words. Signed it is where either is.
    fn take(&mut self, own: Self) {
        self.is_signed |= own.is_signed;
        for field in own.fields {
            match self.fields.iter_mut().find(|one| one.fact == field.fact) {
                Some(one) => *one = field,
                None => self.fields.push(field),
            }
        }
    }
}

fn field(program: &rules::Program, block: &BlockStmt, path: &str) -> Done<Field> {
    let name = block.head.first().map_or("", |word| word.text.as_str());
    let fact = program.dict.facts.iter().find(|fact| fact.name == name);
    let wrong = |why: &str| {
        let said = format!("规则 {path} 的表单里,“{name}”{why};请改规则");
        CaseError::Office(OfficeError::Other(said))
    };
    let fact = fact.ok_or_else(|| wrong("不是事实表里的事实"))?;
    if fact.source != SOURCE {
        return Err(wrong("的来源不是走访"));
    }
    let clause = |name: &str| block.clauses.iter().find(|(clause, _)| clause.text == name);
    let (hint, choices) = match fact.ty {
        Type::Bool => (String::new(), vec!["是".to_owned(), "否".to_owned()]),
        Type::Enum(one) => {
            let members = program.dict.enum_of(one).map(|e| e.members.clone());
            (String::new(), members.unwrap_or_default())
        }
        Type::Set(_) => ("可以写几项,用、隔开".to_owned(), Vec::new()),
        Type::Day => ("日期,如 2026-08-01".to_owned(), Vec::new()),
        Type::Num(unit) => (format!("数字,单位 {unit}"), Vec::new()),
        Type::Area => return Err(wrong("是地区,不能在表单里填")),
    };
    Ok(Field {
        fact: fact.name.clone(),
        of_home: program.dict.entity_name(fact.entity) == HOUSEHOLD,
        question: clause("问").map_or_else(String::new, |(_, words)| {
            words.iter().map(|word| word.text.as_str()).collect()
        }),
        required: clause("必填").is_some(),
        hint,
        choices,
    })
}

/// An answer is to a question of the form, of the right kind, and within what the fact can be.
pub(super) fn check(office: &Office, form: &Form, said: &Said) -> Done<()> {
    let fact = said.fact.as_str();
    let asked = |field: &&Field| field.fact == fact && field.of_home == said.person.is_none();
    if !form.fields.iter().any(|field| asked(&field)) {
        return Err(CaseError::Refused(format!("表单里没有“{fact}”这一项")));
    }
    let program = office.rules_on(office.clock.today());
    let known = program.dict.facts.iter().find(|known| known.name == fact);
    let Some(known) = known else {
        return Err(CaseError::Refused(format!("没有名为“{fact}”的事实")));
    };
    let value = rules::show::parse_cell(&said.value, known.ty, &program.dict)
        .map_err(|why| CaseError::Refused(format!("“{fact}”:{why}")))?;
    let (Value::Num(number), Some((least, most))) = (value, known.range) else {
        return Ok(());
    };
    match number < least || number > most {
        true => Err(CaseError::Refused(format!(
            "“{fact}”超出了可能的范围,请核对"
        ))),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::Form;

    #[test]
    fn a_form_a_place_has_signed_stays_signed_with_the_countrys_questions() {
        let form = |is_signed| Form {
            id: "door".to_owned(),
            record: "入户调查表".to_owned(),
            fields: Vec::new(),
            is_signed,
        };
        for (country, place, signed) in [
            (false, true, true),
            (true, false, true),
            (false, false, false),
        ] {
            let mut whole = form(country);
            whole.take(form(place));
            assert_eq!(whole.is_signed, signed);
        }
    }
}

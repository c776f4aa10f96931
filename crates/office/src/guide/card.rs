//! What residents are told of a programme: gist, rule, article, papers, where to go and what is paid,
//! each read from the file that already says it.

use super::search::Text;
use super::{PROGRAMMES, cell, rows};
use domain::Day;
use rules::plan::{Body, FileKind, FilePlan, Program, TextPart, Type};
use rules::{Ratio, Rulebook, Value};
use serde::Serialize;
use std::collections::HashSet;

/// One programme, in words.
#[derive(Clone, Debug, Serialize)]
pub struct Card {
    /// Its id in the rules.
    pub id: String,
    /// Its name in the law.
    pub title: String,
    /// What people call it.
    pub called: String,
    /// The gist of its rule file.
    pub gist: String,
    /// What must hold, with the article of each.
    pub terms: Vec<Term>,
    /// The articles, each once.
    pub articles: Vec<String>,
    /// What is paid here.
    pub pays: Vec<Pays>,
    /// Where to apply.
    pub apply: String,
    /// The papers to bring; empty when none are named.
    pub papers: String,
    /// How long it may take, one line a limit.
    pub limits: Vec<String>,
    /// Its rule file.
    pub path: String,
}

/// A condition of a programme.
#[derive(Clone, Debug, Serialize)]
pub struct Term {
    /// Its name.
    pub name: String,
    /// The article.
    pub article: String,
}

/// A number of the place.
#[derive(Clone, Debug, Serialize)]
pub struct Pays {
    /// The parameter's name.
    pub name: String,
    /// From the least to the most paid today.
    pub amount: String,
    /// The document.
    pub source: String,
    /// Whether it is an example and no place's real number.
    pub example: bool,
}

/// The programmes of a place and the texts they are found by.
#[derive(Default)]
pub(super) struct Programmes {
    pub list: Vec<Card>,
    pub texts: Vec<Text>,
    /// Ids of the table, those the place does not take as well.
    pub known: HashSet<String>,
}

impl Programmes {
    pub(super) fn read(
        book: &Rulebook,
        locality: &str,
        program: &Program,
        day: Day,
        problems: &mut Vec<String>,
    ) -> Self {
        let examples = examples(book, locality);
        let mut out = Self::default();
        for (line, row) in rows(book, PROGRAMMES, problems) {
            let id = cell(&row, 0);
            out.known.insert(id.to_owned());
            let Some((_, file)) = program.file(id) else {
                // Another place's programme, or one of another year.
                if !anywhere(book, id) {
                    problems.push(format!(
                        "{PROGRAMMES} 第 {line} 行:没有编号为 `{id}` 的政策;核对编号"
                    ));
                }
                continue;
            };
            let mut card = card(book, program, file);
            cell(&row, 1).clone_into(&mut card.called);
            cell(&row, 2).clone_into(&mut card.apply);
            cell(&row, 3).clone_into(&mut card.papers);
            let procedure = cell(&row, 4);
            let decided = decided_by(book, id).filter(|decided| *decided != procedure);
            if let Some(decided) = decided {
                problems.push(format!(
                    "{PROGRAMMES} 第 {line} 行:`{id}` 由流程 `{decided}` 认定,这里写的是 `{procedure}`;改成 `{decided}`"
                ));
            }
            if !procedure.is_empty() {
                match Procedure::find(book, procedure) {
                    Some(found) => {
                        if card.papers.is_empty() {
                            card.papers = found.papers;
                        }
                        card.limits = found.limits;
                    }
                    None => problems.push(format!(
                        "{PROGRAMMES} 第 {line} 行:procedures/ 里没有 `{procedure}` 这个流程"
                    )),
                }
            }
            for path in cell(&row, 5).split(';').map(str::trim) {
                if path.is_empty() {
                    continue;
                }
                match pays(program, path, day, &examples) {
                    Ok(found) => card.pays.extend(found),
                    Err(said) => problems.push(format!("{PROGRAMMES} 第 {line} 行:{said}")),
                }
            }
            out.texts.push(text(book, program, file, &card));
            out.list.push(card);
        }
        let listed = |file: &&FilePlan| out.known.contains(&file.id);
        let missing = program.files.iter().filter(|f| is_programme(program, f));
        for file in missing.filter(|f| !listed(f)) {
            problems.push(format!(
                "{PROGRAMMES}:{} 给钱或者给身份,却没有写在表里;加一行 `{}`,写明到哪里申请",
                file.path, file.id
            ));
        }
        out
    }
}

/// Whether residents can be given something by a file: it decides about them and gives.
fn is_programme(program: &Program, file: &FilePlan) -> bool {
    let of_people = ["家庭", "个人"].contains(&program.dict.entity_name(file.entity));
    file.kind == FileKind::Policy
        && of_people
        && file.verdict.is_some()
        && !(file.benefits.is_empty() && file.grants.is_empty())
}

fn anywhere(book: &Rulebook, id: &str) -> bool {
    book.parsed()
        .iter()
        .filter_map(|p| p.head())
        .any(|head| head.id.text == id)
}

fn card(book: &Rulebook, program: &Program, file: &FilePlan) -> Card {
    let mut terms = Vec::new();
    let mut articles: Vec<String> = Vec::new();
    for item in file.conditions.iter().filter_map(|c| program.item(*c)) {
        if let Body::Condition { cites, .. } = &item.body {
            let article = cites.join("、");
            if !articles.contains(&article) {
                articles.push(article.clone());
            }
            terms.push(Term {
                name: item.name.clone(),
                article,
            });
        }
    }
    Card {
        id: file.id.clone(),
        title: file.title.clone(),
        called: String::new(),
        gist: gist(book.texts().get(&file.path).map_or("", String::as_str)),
        terms,
        articles,
        pays: Vec::new(),
        apply: String::new(),
        papers: String::new(),
        limits: Vec::new(),
        path: file.path.clone(),
    }
}

/// The paragraph that begins with 要旨.
fn gist(text: &str) -> String {
    let gist = |line: &str| {
        let rest = line.strip_prefix("要旨")?;
        Some(rest.trim_start_matches([':', '：']).trim().to_owned())
    };
    text.lines().find_map(gist).unwrap_or_default()
}

/// The prose of a rule file: what stands before its first block and table.
fn prose(text: &str) -> String {
    text.lines()
        .take_while(|line| !line.starts_with("```") && !line.starts_with("## 案例"))
        .filter(|line| !line.starts_with('#') && !line.starts_with('|'))
        .collect::<Vec<_>>()
        .join("\n")
}

fn text(book: &Rulebook, program: &Program, file: &FilePlan, card: &Card) -> Text {
    let mut said = String::new();
    for item in file.conditions.iter().filter_map(|c| program.item(*c)) {
        if let Body::Condition { otherwise, .. } = &item.body {
            said.push_str(&item.name);
            said.push('\n');
            for part in otherwise {
                if let TextPart::Words(words) = part {
                    said.push_str(words);
                }
            }
            said.push('\n');
        }
    }
    let named: Vec<&str> = file
        .benefits
        .iter()
        .filter_map(|(b, _)| program.item(*b))
        .map(|i| i.name.as_str())
        .collect();
    let whole = book.texts().get(&file.path).map_or("", String::as_str);
    Text {
        parts: vec![
            (
                format!("{}\n{}\n{}", card.title, card.called, named.join("\n")),
                4,
            ),
            (card.gist.clone(), 2),
            (prose(whole), 1),
            (said, 1),
            (format!("{}\n{}", card.apply, card.papers), 1),
            (law(book, file, program), 1),
        ],
    }
}

/// The gists of the instruments a file stands on; what many stand on tells little and is left to the
/// weight of rare words.
fn law(book: &Rulebook, file: &FilePlan, program: &Program) -> String {
    let Some(document) = book.document("law.md") else {
        return String::new();
    };
    let cites: String = file
        .conditions
        .iter()
        .filter_map(|c| program.item(*c))
        .filter_map(|i| match &i.body {
            Body::Condition { cites, .. } => Some(cites.join(" ")),
            _ => None,
        })
        .collect();
    let mut out = String::new();
    for table in &document.tables {
        let column = |name: &str| table.header.iter().position(|c| c.text == name);
        let (Some(name), Some(gist)) = (column("名称"), column("要旨")) else {
            continue;
        };
        for row in &table.rows {
            let named = row.get(name).is_some_and(|n| cites.contains(&n.text));
            if let Some(gist) = row.get(gist).filter(|_| named) {
                out.push_str(&gist.text);
                out.push('\n');
            }
        }
    }
    out
}

/// Files and parameters of a place that are marked 示例值.
fn examples(book: &Rulebook, locality: &str) -> HashSet<(String, String)> {
    let base = book.base_of(locality);
    let places = [Some(locality), base].into_iter().flatten();
    let mut unread = Vec::new();
    let all = places.flat_map(|place| {
        let path = format!("localities/{place}/parameters.csv");
        rows(book, &path, &mut unread)
    });
    let all: Vec<_> = all.collect();
    all.into_iter()
        .filter(|(_, row)| row.iter().any(|c| c.contains("示例值")))
        .map(|(_, row)| (cell(&row, 0).to_owned(), cell(&row, 1).to_owned()))
        .collect()
}

/// What a parameter gives on a day, from the least to the most; nothing where it gives nothing.
fn pays(
    program: &Program,
    path: &str,
    day: Day,
    examples: &HashSet<(String, String)>,
) -> Result<Option<Pays>, String> {
    let item = program.find(path).and_then(|id| program.item(id));
    let Some(item) = item else {
        return Err(format!("没有 `{path}` 这个参数;写成 文件编号.参数"));
    };
    let (Body::Param(param), Type::Num(unit)) = (&item.body, item.ty) else {
        return Err(format!("`{path}` 不是钱数或者比例的参数"));
    };
    let today = |from: Day, to: Option<Day>| from <= day && to.is_none_or(|to| day <= to);
    let mut least: Option<Ratio> = None;
    let mut most: Option<Ratio> = None;
    let mut source = String::new();
    for value in param.values.iter().filter(|v| today(v.from, v.to)) {
        let Value::Num(n) = value.value else { continue };
        if n.num() == 0 {
            continue;
        }
        source.clone_from(&value.source);
        least = Some(least.map_or(n, |l| l.min(n)));
        most = Some(most.map_or(n, |m| m.max(n)));
    }
    let (Some(least), Some(most)) = (least, most) else {
        return Ok(None);
    };
    let shown = |n: Ratio| rules::show::number(n, unit);
    let amount = if least == most {
        shown(most)
    } else {
        format!("{} 到 {}", shown(least), shown(most))
    };
    let file = path.split('.').next().unwrap_or_default().to_owned();
    Ok(Some(Pays {
        example: examples.contains(&(file, item.name.clone())),
        name: item.name.clone(),
        amount,
        source,
    }))
}

/// The procedure of the country by which a programme is decided; none where nobody applies for it here.
fn decided_by<'b>(book: &'b Rulebook, id: &str) -> Option<&'b str> {
    let own = |path: &str| path.starts_with("procedures/");
    let files = book.parsed().iter().filter(|parsed| own(&parsed.path));
    let statements = files.flat_map(|parsed| &parsed.file.statements);
    let mut blocks = statements.filter_map(|statement| match &statement.kind {
        rules::ast::Stmt::Block(block) if block.keyword.text == "流程" => Some(block),
        _ => None,
    });
    let found = blocks.find(|block| {
        let says = |clause: &str, word: &str| {
            let of = block.clauses.iter().find(|(name, _)| name.text == clause);
            of.is_some_and(|(_, words)| words.iter().any(|one| one.text == word))
        };
        says("用于", "认定") && says("适用", id)
    });
    found.and_then(|block| Some(block.head.first()?.text.as_str()))
}

/// What residents need of a procedure.
struct Procedure {
    papers: String,
    limits: Vec<String>,
}

impl Procedure {
    fn find(book: &Rulebook, id: &str) -> Option<Self> {
        let mut inside = false;
        let mut found: Option<Self> = None;
        for statement in book.parsed().iter().flat_map(|p| &p.file.statements) {
            let rules::ast::Stmt::Block(block) = &statement.kind else {
                continue;
            };
            let words = |names: &[rules::ast::Name]| {
                names.iter().map(|n| n.text.as_str()).collect::<String>()
            };
            let clause = |name: &str| {
                let of = block.clauses.iter().find(|(k, _)| k.text == name);
                of.map(|(_, names)| words(names))
            };
            match block.keyword.text.as_str() {
                "流程" => {
                    inside = block.head.first().is_some_and(|n| n.text == id);
                    if inside {
                        found = Some(Self {
                            papers: String::new(),
                            limits: Vec::new(),
                        });
                    }
                }
                "步骤" if inside => {
                    if let (Some(it), Some(papers)) = (found.as_mut(), clause("材料"))
                        && it.papers.is_empty()
                    {
                        it.papers = papers;
                    }
                }
                "时限" if inside => {
                    let (Some(it), Some(from), Some(to)) =
                        (found.as_mut(), clause("自"), clause("至"))
                    else {
                        continue;
                    };
                    let most = words(&block.head);
                    let when = clause("当").map_or(String::new(), |w| format!("({w}的)"));
                    it.limits.push(format!("从{from}到{to}不超过 {most}{when}"));
                }
                _ => {}
            }
        }
        found
    }
}

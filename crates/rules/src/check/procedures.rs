//! 流程: the words of a procedure become steps, limits and circumstances; every name must lead
//! somewhere. Whether the way as a whole can be gone is checked in `ways`.

pub(crate) use super::letters::Field;
use super::{Builder, Parsed, Source, day_of};
use crate::ast::{BlockStmt, Name, Statement, Stmt};
use crate::plan::{Body, EntityId, FileKind, FilePlan, Period, Type};
use crate::problem::{Problem, Span, nearest};
use crate::value::Value;
use domain::procedure::{Circumstance, Procedure, Purpose};
use domain::{AreaCode, Day};
use std::collections::{BTreeMap, BTreeSet};

/// What 用于 may say.
const PURPOSES: [(&str, Purpose); 9] = [
    ("认定", Purpose::Admission),
    ("核查", Purpose::Review),
    ("变更", Purpose::Change),
    ("渐退", Purpose::GradualExit),
    ("停发", Purpose::Ending),
    ("追回", Purpose::Recovery),
    ("投诉", Purpose::Complaint),
    ("走访", Purpose::Visit),
    ("其他", Purpose::Other),
];

/// What stands around the procedures in the rulebook.
#[derive(Default)]
pub(crate) struct Around<'a> {
    /// 角色 of access.md; none when the rulebook has no such file.
    pub roles: BTreeSet<String>,
    /// 权限 of access.md: the roles that have each right, by its code; none when the rulebook has no such file.
    pub rights: BTreeMap<String, BTreeSet<String>>,
    /// Ids of the policies, whatever the day.
    pub policies: BTreeSet<&'a str>,
    /// notices/fields.md; none when the rulebook has no such file.
    pub fields: Vec<Field>,
    /// All texts by path.
    pub texts: Option<&'a BTreeMap<String, String>>,
}

/// A procedure with the places of its words, for telling what is wrong with the way.
pub(super) struct Draft {
    pub procedure: Procedure,
    /// Where its id stands.
    pub at: Span,
    pub steps: Vec<StepSpots>,
    pub limits: Vec<LimitSpots>,
    /// Circumstances named by 当, and by 自.
    pub whens: Vec<Name>,
    /// Where each circumstance is declared.
    pub circumstances: Vec<Span>,
    /// Steps of 公示.
    pub notice: Vec<Name>,
    /// Titles behind 文书.
    pub letters: Vec<Name>,
    /// A number it needs has not been filled in by the place.
    pub open: bool,
    /// Whether every statement could be read.
    pub whole: bool,
}

#[derive(Default)]
pub(super) struct StepSpots {
    pub name: Span,
    pub limit: Span,
    pub from: Option<Name>,
    pub next: Vec<Name>,
    pub other_than: Vec<Name>,
    pub papers: Vec<Name>,
}

pub(super) struct LimitSpots {
    pub at: Span,
    pub from: Name,
    pub to: Name,
    pub without: Vec<Name>,
}

/// A clause and the words behind it.
type Clause<'a> = (&'a Name, &'a [Name]);

/// The procedures in force, each with no error of its own; and every mistake.
pub(crate) fn build(source: &Source<'_>, around: &Around<'_>) -> (Vec<Procedure>, Vec<Problem>) {
    let mut builder = Builder::new(source);
    builder.dictionary();
    // The program of the same day tells them.
    builder.problems.clear();
    let letters = builder.letters(around);
    let mut out: Vec<(Procedure, Span)> = Vec::new();
    for file in source.files.clone() {
        for section in sections(file) {
            let before = builder.problems.len();
            let Some(mut draft) = builder.procedure(file, &section, around) else {
                continue;
            };
            builder.ways(&draft);
            builder.letters_given(&mut draft, &letters, around);
            builder.doable(&draft, &letters, around);
            builder.twice(&out, &draft);
            let told = builder.problems.iter().skip(before);
            let errors = told
                .filter(|p| p.severity == crate::Severity::Error)
                .count();
            if errors == 0 && !draft.open {
                out.push((draft.procedure, draft.at));
            }
        }
    }
    (out.into_iter().map(|(p, _)| p).collect(), builder.problems)
}

/// The statements of a file, cut before each 流程. What stands before the first is no procedure's.
fn sections(file: &Parsed) -> Vec<Vec<&Statement>> {
    let mut out: Vec<Vec<&Statement>> = Vec::new();
    for statement in &file.file.statements {
        if is_head(&statement.kind) {
            out.push(vec![statement]);
        } else if let Some(open) = out.last_mut() {
            open.push(statement);
        }
    }
    out
}

fn is_head(stmt: &Stmt) -> bool {
    matches!(stmt, Stmt::Block(b) if b.keyword.text == "流程")
}

/// Names between 、, each joined from the words it was cut into.
pub(crate) fn list(words: &[Name]) -> Vec<Name> {
    words
        .split(|w| matches!(w.text.as_str(), "、" | ","))
        .filter_map(joined)
        .collect()
}

pub(super) fn joined(words: &[Name]) -> Option<Name> {
    let (first, last) = (words.first()?, words.last()?);
    Some(Name {
        text: words.iter().map(|w| w.text.as_str()).collect(),
        span: first.span.to(last.span),
    })
}

pub(super) fn texts(names: &[Name]) -> Vec<String> {
    names.iter().map(|n| n.text.clone()).collect()
}

pub(super) fn behind<'a>(clauses: &[Clause<'a>], word: &str) -> Option<&'a [Name]> {
    clauses
        .iter()
        .find(|(name, _)| name.text == word)
        .map(|(_, words)| *words)
}

/// What 参数 and 依据 are checked against: a file that decides nothing.
pub(super) fn bare_plan(id: &str, path: &str, from: Day, to: Option<Day>) -> FilePlan {
    FilePlan {
        id: id.to_owned(),
        title: String::new(),
        path: path.to_owned(),
        kind: FileKind::Policy,
        entity: EntityId(0),
        period: Period::Occasion,
        from,
        to,
        items: vec![],
        inputs: vec![],
        conditions: vec![],
        benefits: vec![],
        verdict: None,
        grants: vec![],
        dispatches: vec![],
        properties: vec![],
        rows: None,
        reads: vec![],
        groups: vec![],
        measures: vec![],
    }
}

impl Builder<'_> {
    /// One 流程 with the statements behind it, when it is in force.
    fn procedure(
        &mut self,
        file: &Parsed,
        section: &[&Statement],
        around: &Around<'_>,
    ) -> Option<Draft> {
        let (first, rest) = section.split_first()?;
        let Stmt::Block(head) = &first.kind else {
            return None;
        };
        self.current = super::Current {
            path: file.path.clone(),
            whole: file.whole,
            entity: Some(EntityId(0)),
            kind: Some(FileKind::Policy),
            ..Default::default()
        };
        let mut draft = self.procedure_head(head, file, around)?;
        self.current.id.clone_from(&draft.procedure.id);
        let own = &draft.procedure;
        let mut plan = bare_plan(&own.id, &own.path, own.from, own.to);
        let cites = self.cited(head, &head.keyword, &plan, around);
        draft.procedure.cites = cites;
        for statement in rest {
            if let Stmt::Param(param) = &statement.kind {
                self.procedure_param(param, &mut plan, &mut draft);
            }
        }
        for statement in rest {
            let read = match &statement.kind {
                Stmt::Block(block) => self.procedure_line(block, &mut draft, &plan, around),
                Stmt::Param(_) | Stmt::Note(_) => Some(()),
                _ => {
                    let said = "流程里不能写这一句";
                    let help = "流程里只写 步骤、遇有、时限、暂停、公示、文书、公开字段、起发、核查周期和参数";
                    self.error("procedure-line", statement.span, said, help);
                    None
                }
            };
            draft.whole &= read.is_some();
        }
        if draft.steps.is_empty() && draft.whole {
            let said = format!("流程 `{}` 没有一个步骤", draft.procedure.id);
            self.error(
                "procedure-empty",
                draft.at,
                said,
                "写上 步骤 …,第一步写在最前",
            );
            return None;
        }
        Some(draft)
    }

    fn procedure_head(
        &mut self,
        head: &BlockStmt,
        file: &Parsed,
        around: &Around<'_>,
    ) -> Option<Draft> {
        let clauses = self.clauses(head, &["起施行", "止", "用于", "适用", "依据"]);
        let (Some(id), Some(title)) = (head.head.first(), head.head.get(1)) else {
            let help = "如 流程 dibao 最低生活保障办理 2021-07-01 起施行  用于 认定";
            let said = "流程 之后要写编号、名称和施行日期";
            self.error("procedure-head", head.keyword.span, said, help);
            return None;
        };
        let dates: Vec<&Name> = head
            .head
            .iter()
            .skip(2)
            .chain(behind(&clauses, "起施行").unwrap_or(&[]))
            .collect();
        if dates.is_empty() || behind(&clauses, "起施行").is_none() {
            let said = format!("流程 `{}` 没有写从哪天起施行", id.text);
            let help = "在名称后写上日期,如 2021-07-01 起施行";
            self.error("procedure-date", id.span, said, help);
            return None;
        }
        let mut days = Vec::new();
        for date in dates {
            let Some(day) = day_of(date) else {
                let said = format!("没有 `{}` 这一天", date.text);
                self.error("date-none", date.span, said, "核对年月日");
                return None;
            };
            days.push(day);
        }
        let (from, to) = (*days.first()?, days.get(1).copied());
        if from > self.source.day || to.is_some_and(|t| t < self.source.day) {
            return None;
        }
        let purpose = self.purpose(&clauses, id)?;
        let programmes = list(behind(&clauses, "适用").unwrap_or(&[]));
        for name in &programmes {
            self.known_policy(name, around);
        }
        Some(Draft {
            procedure: Procedure {
                id: id.text.clone(),
                title: title.text.clone(),
                path: file.path.clone(),
                from,
                to,
                cites: vec![],
                purpose,
                programmes: texts(&programmes),
                steps: vec![],
                circumstances: vec![],
                limits: vec![],
                pauses: vec![],
                notice: None,
                documents: vec![],
                published: vec![],
                pays_from: None,
                reviews: vec![],
            },
            at: id.span,
            steps: vec![],
            limits: vec![],
            whens: vec![],
            circumstances: vec![],
            notice: vec![],
            letters: vec![],
            open: false,
            whole: file.whole,
        })
    }

    fn purpose(&mut self, clauses: &[Clause<'_>], id: &Name) -> Option<Purpose> {
        let words = behind(clauses, "用于").and_then(joined);
        let all = PURPOSES.map(|(w, _)| w);
        let Some(word) = words else {
            let said = format!("流程 `{}` 没有写用于什么", id.text);
            let help = format!("写上 用于 其中一样:{}", all.join("、"));
            self.error("purpose-missing", id.span, said, help);
            return None;
        };
        let found = PURPOSES.iter().find(|(w, _)| *w == word.text);
        if found.is_none() {
            let said = format!("没有 用于 `{}`", word.text);
            let help = format!("可以写:{}", all.join("、"));
            self.error("purpose-unknown", word.span, said, help);
        }
        found.map(|(_, p)| *p)
    }

    fn known_policy(&mut self, name: &Name, around: &Around<'_>) {
        if around.policies.is_empty() || around.policies.contains(name.text.as_str()) {
            return;
        }
        let near = nearest(&name.text, around.policies.iter().copied());
        let help = near.map_or_else(
            || "写政策文件的编号".to_owned(),
            |n| format!("是不是 `{n}`?"),
        );
        let said = format!("没有 `{}` 这个政策", name.text);
        self.error("programme-unknown", name.span, said, help);
    }

    /// A number or a yes-or-no the place fills in. A 是否 is a 情形 of all its cases.
    fn procedure_param(
        &mut self,
        param: &crate::ast::ParamStmt,
        plan: &mut FilePlan,
        draft: &mut Draft,
    ) {
        if let Some(key) = param.keys.first() {
            let said = format!(
                "流程里的参数 `{}` 不能按 `{}` 分",
                param.name.text, key.text
            );
            let help = "一个地方写一个数;各乡镇不同的,写成两个流程文件";
            self.error("procedure-param", key.span, said, help);
            draft.whole = false;
            return;
        }
        if self.param(param, plan).is_none() {
            draft.whole = false;
            return;
        }
        let name = &param.name.text;
        let Some((ty, value)) = self.own_param(name) else {
            return;
        };
        self.one_number(param, draft, (ty, value.is_none()));
        draft.open |= value.is_none();
        if ty == Type::Bool {
            let (general, places) = self.by_place(name);
            draft.procedure.circumstances.push(Circumstance {
                name: name.clone(),
                said: String::new(),
                who: vec![],
                always: Some(general),
                places,
            });
            draft.circumstances.push(param.name.span);
        }
    }

    /// What a 是否 says of the widest area on the day, and where inside it it says otherwise.
    fn by_place(&self, name: &str) -> (bool, Vec<(AreaCode, bool)>) {
        let item = self.current.names.get(name).and_then(|id| self.item(*id));
        let Some(Body::Param(param)) = item.map(|item| &item.body) else {
            return (false, vec![]);
        };
        let day = self.source.day;
        let now = param.values.iter().filter(|v| v.from <= day);
        let mut now: Vec<_> = now.filter(|v| v.to.is_none_or(|to| day <= to)).collect();
        now.sort_by_key(|v| (v.area.len(), v.from));
        let yes = |v: &&crate::plan::ParamValue| v.value == Value::Bool(true);
        let general = now.first().is_some_and(yes);
        let narrower = now.iter().skip(1);
        let places = narrower.filter_map(|v| Some((AreaCode::parse(&v.area).ok()?, yes(v))));
        (general, places.collect())
    }

    /// A place that takes one of the programmes fills in the number, and only one; a switch may differ from
    /// township to township.
    fn one_number(
        &mut self,
        param: &crate::ast::ParamStmt,
        draft: &Draft,
        (ty, missing): (Type, bool),
    ) {
        let name = &param.name;
        let served = &draft.procedure.programmes;
        let adopted = self.source.adopted;
        // With the procedure's own id among them it was told with the parameter.
        let told = adopted.contains(&draft.procedure.id) || !param.values.is_empty();
        if missing && !told && served.iter().any(|p| adopted.contains(p)) {
            let said = format!(
                "`{}` 没有数:{} 采用了这个流程适用的政策,参数表里却没有它",
                name.text, self.source.place
            );
            let help = format!(
                "在 parameters.csv 加一行:{},{},…",
                draft.procedure.id, name.text
            );
            self.error("param-open", name.span, said, help);
        }
        let day = self.source.day;
        let id = self.current.names.get(&name.text).copied();
        let several = id
            .and_then(|id| self.item(id))
            .is_some_and(|item| match &item.body {
                Body::Param(p) => {
                    let now = |v: &&crate::plan::ParamValue| {
                        v.from <= day && v.to.is_none_or(|to| day <= to)
                    };
                    let mut values = p.values.iter().filter(now).map(|v| v.value);
                    let first = values.next();
                    values.any(|v| Some(v) != first)
                }
                _ => false,
            });
        if several && ty != Type::Bool {
            let said = format!("`{}` 在几个地区的数不同,一个流程只能用一个", name.text);
            let help = "参数表里只留一行;各地区不同的,各写一个流程文件";
            self.error("procedure-param", name.span, said, help);
        }
    }

    /// A parameter of the procedure at hand: its type, and its value on the day.
    pub(super) fn own_param(&self, name: &str) -> Option<(Type, Option<Value>)> {
        let item = self.item(*self.current.names.get(name)?)?;
        let Body::Param(param) = &item.body else {
            return None;
        };
        let day = self.source.day;
        let now = param
            .values
            .iter()
            .find(|v| v.from <= day && v.to.is_none_or(|to| day <= to));
        Some((item.ty, now.map(|v| v.value)))
    }

    /// The clauses of a statement; one that may not stand there, or stands twice, is told.
    pub(super) fn clauses<'b>(
        &mut self,
        block: &'b BlockStmt,
        allowed: &[&str],
    ) -> Vec<Clause<'b>> {
        let mut out: Vec<Clause<'b>> = Vec::new();
        for (name, words) in &block.clauses {
            let again = ["当", "下一步", "依据"];
            if !allowed.contains(&name.text.as_str()) {
                let said = format!("`{}` 一行里不能写 `{}`", block.keyword.text, name.text);
                let help = format!("这一行可以写:{}", allowed.join("、"));
                self.error("clause-unknown", name.span, said, help);
            } else if !again.contains(&name.text.as_str())
                && out.iter().any(|(n, _)| n.text == name.text)
            {
                let said = format!("`{}` 一行里写了两次 `{}`", block.keyword.text, name.text);
                let help = "只写一次;几样东西用 、 隔开";
                self.error("clause-twice", name.span, said, help);
            } else {
                out.push((name, words));
            }
        }
        out
    }

    pub(super) fn cited(
        &mut self,
        block: &BlockStmt,
        name: &Name,
        plan: &FilePlan,
        around: &Around<'_>,
    ) -> Vec<String> {
        let text = around.texts.and_then(|t| t.get(&self.current.path));
        let cites: Vec<Name> = block
            .clauses
            .iter()
            .filter(|(n, _)| n.text == "依据")
            .filter_map(|(_, words)| {
                let whole = joined(words)?;
                let written = text.and_then(|t| t.get(whole.span.start..whole.span.end));
                Some(Name {
                    text: written.map_or(whole.text, str::to_owned),
                    span: whole.span,
                })
            })
            .collect();
        self.cites(&cites, name, plan)
    }

    fn procedure_line(
        &mut self,
        block: &BlockStmt,
        draft: &mut Draft,
        plan: &FilePlan,
        around: &Around<'_>,
    ) -> Option<()> {
        match block.keyword.text.as_str() {
            "步骤" => self.step(block, draft, around),
            "遇有" => self.circumstance(block, draft, around),
            "时限" => self.time_limit(block, draft, plan, around),
            "暂停" => self.pause(block, draft, plan, around),
            "公示" => self.notice(block, draft, plan, around),
            "公开字段" => {
                self.clauses(block, &[]);
                let fields = list(&block.head);
                self.public_fields(&fields, around);
                draft.procedure.published.extend(texts(&fields));
                Some(())
            }
            "文书" => {
                self.clauses(block, &[]);
                draft.letters.extend(list(&block.head));
                Some(())
            }
            "起发" => self.pays_from(block, draft, plan, around),
            "核查周期" => self.review(block, draft, plan, around),
            // A form belongs to the visit, not to the way.
            _ => Some(()),
        }
    }
}

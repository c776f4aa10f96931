//! 文书 and fields: a letter shows the fields listed for it and no others; a public notice shows only
//! those that may be public.

use super::Builder;
use super::procedures::{Around, Draft, bare_plan, behind, list, texts};
use crate::ast::{BlockStmt, Name, Stmt};
use crate::problem::{Problem, Span, nearest};
use domain::letters;
use domain::procedure::Document;
use std::collections::BTreeSet;

/// A row of notices/fields.md.
pub(crate) struct Field {
    /// The field: 申请人姓名.
    pub name: String,
    /// Whether it tells something about a person.
    pub personal: bool,
    /// Whether it may be shown to everybody.
    pub public: bool,
    /// Whether a letter to the person may show it.
    pub letter: bool,
}

/// Where the text of a letter begins.
const TEXT: &str = "## 正文";

impl Builder<'_> {
    /// All 文书 of notices/ in force, each checked against its template.
    pub(super) fn letters(&mut self, around: &Around<'_>) -> Vec<Document> {
        let mut out: Vec<Document> = Vec::new();
        for file in self.source.files.clone() {
            if !in_notices(&file.path) {
                continue;
            }
            for statement in &file.file.statements {
                let Stmt::Block(block) = &statement.kind else {
                    continue;
                };
                if block.keyword.text != "文书" {
                    continue;
                }
                self.current = super::Current {
                    path: file.path.clone(),
                    whole: file.whole,
                    ..Default::default()
                };
                let Some((letter, at)) = self.letter(block, around) else {
                    continue;
                };
                let twice = |d: &&Document| d.title == letter.title || d.id == letter.id;
                if let Some(other) = out.iter().find(twice) {
                    let said = format!("文书 `{}` 写了两份,另一份在 {}", letter.title, other.path);
                    self.error("letter-twice", at, said, "留一份;地方自己的用 替换");
                    continue;
                }
                out.push(letter);
            }
        }
        out
    }

    /// 文书 id title 字段 a、b 依据 …, with the text below `## 正文`.
    fn letter(&mut self, block: &BlockStmt, around: &Around<'_>) -> Option<(Document, Span)> {
        let clauses = self.clauses(block, &["字段", "依据"]);
        let [id, title] = block.head.as_slice() else {
            let said = "文书 之后要写编号和名称";
            let help = "如 文书 acceptance_slip 受理通知书  字段 申请人姓名、受理日期";
            self.error("letter-form", block.keyword.span, said, help);
            return None;
        };
        let fields = list(behind(&clauses, "字段").unwrap_or(&[]));
        for field in &fields {
            self.letter_field(field, around);
        }
        let plan = bare_plan(&id.text, &self.current.path, self.source.day, None);
        let cites = if block.clauses.iter().any(|(w, _)| w.text == "依据") {
            self.cited(block, id, &plan, around)
        } else {
            vec![]
        };
        let text = around.texts.and_then(|t| t.get(&self.current.path));
        let (start, template) = text.and_then(|t| template(t)).unwrap_or_default();
        if template.trim().is_empty() {
            let said = format!("文书 `{}` 没有正文", title.text);
            let help = format!("在规则块后面写 {TEXT},字段写成 {{{{申请人姓名}}}}");
            self.error("letter-text", title.span, said, help);
            return None;
        }
        let used = self.template_fields(template, start, &fields);
        for field in fields
            .iter()
            .filter(|f| used.as_ref().is_some_and(|u| !u.contains(&f.text)))
        {
            let said = format!("字段 `{}` 在正文里没有用到", field.text);
            self.error("field-unused", field.span, said, "删去它;文书只写用得着的");
        }
        Some((
            Document {
                id: id.text.clone(),
                title: title.text.clone(),
                path: self.current.path.clone(),
                fields: texts(&fields),
                cites,
                template: template.trim().to_owned(),
            },
            id.span,
        ))
    }

    fn letter_field(&mut self, field: &Name, around: &Around<'_>) {
        let Some(known) = self.known_field(field, around) else {
            return;
        };
        if !known.letter {
            let said = format!("`{}` 不能写进文书", field.text);
            let help = "文书只写办这件事用得着的;见 notices/fields.md";
            self.error("field-secret", field.span, said, help);
        }
    }

    /// Fields shown to everybody.
    pub(super) fn public_fields(&mut self, fields: &[Name], around: &Around<'_>) {
        for field in fields {
            let Some(known) = self.known_field(field, around) else {
                continue;
            };
            if !known.public {
                let said = format!("`{}` 不能公示,也不能公布", field.text);
                let open = around.fields.iter().filter(|f| f.public && f.personal);
                let open: Vec<&str> = open.map(|f| f.name.as_str()).collect();
                let help = format!("关于人的字段,只可以公开:{}", open.join("、"));
                self.error("field-public", field.span, said, help);
            }
        }
    }

    fn known_field<'f>(&mut self, field: &Name, around: &'f Around<'_>) -> Option<&'f Field> {
        let found = around.fields.iter().find(|f| f.name == field.text);
        if found.is_none() && !around.fields.is_empty() {
            let near = nearest(&field.text, around.fields.iter().map(|f| f.name.as_str()));
            let help = near.map_or_else(
                || "先在 notices/fields.md 里写这个字段,写明能不能公开".to_owned(),
                |n| format!("是不是 `{n}`?"),
            );
            let said = format!("notices/fields.md 里没有 `{}` 这个字段", field.text);
            self.error("field-unknown", field.span, said, help);
        }
        found
    }

    /// The fields a template quotes; none after a bracket that could not be read.
    fn template_fields(
        &mut self,
        template: &str,
        start: usize,
        fields: &[Name],
    ) -> Option<BTreeSet<String>> {
        let mut used = BTreeSet::new();
        let mut at: usize = 0;
        while let Some(open) = template.get(at..).and_then(|t| t.find("{{")) {
            let from = at.saturating_add(open);
            let name_from = from.saturating_add(2);
            let rest = template.get(name_from..).unwrap_or("");
            let Some(length) = rest
                .find("}}")
                .filter(|l| !rest.get(..*l).unwrap_or("").contains('\n'))
            else {
                let place = Span::new(start.saturating_add(from), start.saturating_add(name_from));
                self.error(
                    "field-bracket",
                    place,
                    "字段的括号没有收尾",
                    "写成 {{申请人姓名}}",
                );
                return None;
            };
            at = name_from.saturating_add(length).saturating_add(2);
            let name = rest.get(..length).unwrap_or("").trim();
            if !fields.iter().any(|f| f.text == name) {
                let place = Span::new(start.saturating_add(from), start.saturating_add(at));
                let said = format!("正文里的 `{name}` 不在这份文书的 字段 里");
                let near = nearest(name, fields.iter().map(|f| f.text.as_str()));
                let help = near.map_or_else(
                    || "能给人看的,在 字段 里加上;不能的,从正文里删去".to_owned(),
                    |n| format!("是不是 `{n}`?"),
                );
                self.error("field-unlisted", place, said, help);
            }
            used.insert(name.to_owned());
        }
        Some(used)
    }

    /// The letters a procedure gives: those its 文书 names, and those its steps give by their title.
    pub(super) fn letters_given(
        &mut self,
        draft: &mut Draft,
        letters: &[Document],
        around: &Around<'_>,
    ) {
        let steps = &draft.procedure.steps;
        let gives: BTreeSet<&str> = steps
            .iter()
            .flat_map(|s| &s.gives)
            .map(String::as_str)
            .collect();
        let mut seen = BTreeSet::new();
        for name in &draft.letters {
            if !seen.insert(name.text.as_str()) {
                let said = format!("文书 `{}` 写了两次", name.text);
                self.error("letter-twice", name.span, said, "删去一处");
            } else if !letters.iter().any(|d| d.title == name.text) {
                let known = letters.iter().map(|d| d.title.as_str());
                let help = nearest(&name.text, known).map_or_else(
                    || "在 notices/ 里写这份文书的字段和正文".to_owned(),
                    |n| format!("是不是 `{n}`?"),
                );
                let said = format!("notices/ 里没有 `{}` 这份文书", name.text);
                self.error("letter-unknown", name.span, said, help);
            } else if !gives.contains(name.text.as_str()) && draft.whole {
                let said = format!("没有一步给出 `{}`", name.text);
                let help = format!("在给出它的一步写 给出 {}", name.text);
                self.error("letter-never", name.span, said, help);
            }
        }
        let given = |d: &&Document| gives.contains(d.title.as_str());
        let documents: Vec<Document> = letters.iter().filter(given).cloned().collect();
        self.shown_on_notice(draft, &documents, around);
        draft.procedure.documents = documents;
        if draft.whole {
            self.fields_filled(draft, around);
        }
    }

    /// Tells of fields that nothing fills at the step that gives their letter: it could never be printed. Only a
    /// warning, so that a version signed before goes on.
    fn fields_filled(&mut self, draft: &Draft, around: &Around<'_>) {
        let procedure = &draft.procedure;
        for (step, spots) in procedure.steps.iter().zip(&draft.steps) {
            let given = step.gives.iter().filter_map(|g| procedure.document(g));
            for document in given {
                for (field, known) in letters::lacking(procedure, step, document) {
                    if !around.fields.iter().any(|f| f.name == field) {
                        // Told where the letter lists it.
                        continue;
                    }
                    let said = format!(
                        "“{}”给出的 `{}` 里,`{field}` 到这一步还没有来处,这份文书打印不出来",
                        step.name, document.title
                    );
                    let wants: Vec<&str> = known.iter().map(|one| one.wants()).collect();
                    let help = match wants.is_empty() {
                        true => format!(
                            "从 {} 的字段和正文里删去它;程序里没有一处填这个字段",
                            document.path
                        ),
                        false => format!(
                            "给出它的一步要合一条:{};或者从 {} 里删去这个字段",
                            wants.join(";"),
                            document.path
                        ),
                    };
                    let told = Problem::warning("letter-field-empty", spots.name, said);
                    self.tell(told.help(help));
                }
            }
        }
    }

    /// What hangs during 公示 tells of a person only what 公示 lists.
    fn shown_on_notice(&mut self, draft: &Draft, documents: &[Document], around: &Around<'_>) {
        let Some(notice) = &draft.procedure.notice else {
            return;
        };
        for name in &draft.notice {
            let gives = draft
                .procedure
                .step(&name.text)
                .map_or(&[][..], |s| s.gives.as_slice());
            for document in documents.iter().filter(|d| gives.contains(&d.title)) {
                let personal = |f: &&String| {
                    let known = around.fields.iter().find(|k| k.name == **f);
                    known.is_some_and(|k| k.personal) && !notice.fields.contains(f)
                };
                if let Some(field) = document.fields.iter().find(personal) {
                    let said = format!(
                        "`{}` 给出的 `{}` 里有 `{field}`,公示 一行没有写它",
                        name.text, document.title
                    );
                    let help = "公示 一行写全,或换一份不含它的公示单";
                    self.error("notice-field", name.span, said, help);
                }
            }
        }
    }

    /// A programme is decided by one procedure, and an id stands for one.
    pub(super) fn twice(&mut self, before: &[(domain::procedure::Procedure, Span)], draft: &Draft) {
        let own = &draft.procedure;
        for (other, _) in before {
            if other.id == own.id {
                let said = format!("流程 `{}` 在同一天有两个,另一个在 {}", own.id, other.path);
                let help = "给前一个写上 止 的日期,或在 locality.md 里写 替换";
                self.error("procedure-twice", draft.at, said, help);
                return;
            }
            let both = own.programmes.iter().find(|p| other.programmes.contains(p));
            if let Some(policy) = both.filter(|_| other.purpose == own.purpose) {
                let said = format!(
                    "`{policy}` 有两个同样用处的流程:`{}` 和 `{}`",
                    other.id, own.id
                );
                let help = "在一个流程的 适用 里删去它,或改写 用于";
                self.error("programme-twice", draft.at, said, help);
            }
        }
    }
}

/// Whether a path is a letter's: notices/ of the nation or of a place.
pub(super) fn in_notices(path: &str) -> bool {
    let own = path
        .strip_prefix("localities/")
        .and_then(|p| p.split_once('/'))
        .map(|(_, p)| p);
    own.unwrap_or(path).starts_with("notices/")
}

/// The text below `## 正文` up to the next heading of that level, and where it begins.
fn template(text: &str) -> Option<(usize, &str)> {
    let mut at = 0_usize;
    let mut start = None;
    for line in text.split_inclusive('\n') {
        let here = at;
        at = at.saturating_add(line.len());
        match start {
            None if line.trim_end() == TEXT => start = Some(at),
            Some(from) if line.starts_with("## ") => return Some((from, text.get(from..here)?)),
            _ => {}
        }
    }
    start.and_then(|from| Some((from, text.get(from..)?)))
}

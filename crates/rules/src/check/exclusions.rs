//! 不并给: the interaction matrix.

use super::Builder;
use crate::ast::{self, Name, Stmt};
use crate::plan::{Exclusion, ExclusionRule};

impl Builder<'_> {
    pub(super) fn check_exclusions(&mut self) {
        for file in &self.source.files.clone() {
            self.current = super::Current {
                path: file.path.clone(),
                ..Default::default()
            };
            for statement in &file.file.statements {
                let Stmt::Exclude { a, b, rule, cites } = &statement.kind else {
                    continue;
                };
                // A pair of which one is not in force that day does not bind.
                if [a, b]
                    .iter()
                    .any(|n| !self.file_index.contains_key(&n.text))
                {
                    continue;
                }
                let entity = |n: &Name| {
                    self.file_index
                        .get(&n.text)
                        .and_then(|f| self.files.get(f.at()))
                        .map(|f| f.entity)
                };
                if entity(a) != entity(b) {
                    self.error(
                        "exclude-entity",
                        a.span,
                        format!(
                            "`{}` 和 `{}` 不是同一种实体的政策,不能写 不并给",
                            a.text, b.text
                        ),
                        format!("在 `{}` 的文件里写成一条 条件", b.text),
                    );
                    continue;
                }
                let rule = match rule {
                    ast::ExcludeText::First(n) if n.text == a.text || n.text == b.text => {
                        ExclusionRule::First(n.text.clone())
                    }
                    ast::ExcludeText::First(n) => {
                        self.error(
                            "exclude-first",
                            n.span,
                            format!("先给的 `{}` 不是这两个之一", n.text),
                            format!("写 先 {} 或 先 {}", a.text, b.text),
                        );
                        continue;
                    }
                    ast::ExcludeText::Choice(n) => ExclusionRule::Choice(n.text.clone()),
                    ast::ExcludeText::TopUp => ExclusionRule::TopUp,
                };
                let plan = self.files.iter().find(|f| f.path == file.path).cloned();
                let cites = match plan {
                    Some(plan) => self.cites(cites, a, &plan),
                    None => cites.iter().map(|c| c.text.clone()).collect(),
                };
                self.exclusions.push(Exclusion {
                    a: a.text.clone(),
                    b: b.text.clone(),
                    rule,
                    cites,
                });
            }
        }
    }
}

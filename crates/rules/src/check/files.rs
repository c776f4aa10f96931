//! Statements of a rule file, in the order written.

use super::scope::Frame;
use super::{Builder, day_of};
use crate::ast::{Head, Path, Statement, Stmt, TypeText};
use crate::plan::{
    Body, Bounds, Expr, FileId, FileKind, FilePlan, Home, Item, ItemId, Period, RelId, Type,
};
use crate::problem::Span;
use crate::unit::Unit;
use crate::value::Value;

impl Builder<'_> {
    pub(super) fn check_file(&mut self, at: usize) {
        let Some(parsed) = self.source.files.get(at).copied() else {
            return;
        };
        self.current = super::Current {
            path: parsed.path.clone(),
            ..Default::default()
        };
        let Some(head) = parsed.head() else { return };
        let Some(mut plan) = self.head(head, &parsed.title) else {
            return;
        };
        let file = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.current.id.clone_from(&plan.id);
        self.current.whole = parsed.whole;
        let statements = &parsed.file.statements;
        self.current.later = statements
            .iter()
            .filter(|s| !matches!(s.kind, Stmt::Use(_)))
            .flat_map(|s| super::defines(&s.kind))
            .collect();
        self.current.file = Some(file);
        self.current.kind = Some(plan.kind);
        self.current.entity = Some(plan.entity);
        plan.rows = self
            .dict
            .relations
            .iter()
            .position(|r| r.feed.as_deref() == Some(&plan.id))
            .and_then(|i| u32::try_from(i).ok())
            .map(RelId);
        self.current.own_rows = plan.rows;
        self.file_index.insert(plan.id.clone(), file);
        for statement in &parsed.file.statements {
            self.statement(&statement.kind, statement.span, &mut plan);
        }
        self.groups(head, &mut plan);
        self.verdict(&mut plan);
        self.must_say_something(&parsed.file.statements, head);
        plan.reads = self.current.reads.iter().copied().collect();
        plan.reads.sort_unstable();
        if plan.kind == FileKind::Feed {
            self.finish_feed(&plan);
        }
        self.files.push(plan);
    }

    pub(super) fn head(&mut self, head: &Head, title: &str) -> Option<FilePlan> {
        let kind = match head.keyword.text.as_str() {
            "政策" => FileKind::Policy,
            "预警" => FileKind::Warning,
            "评估" => FileKind::Assessment,
            "指标" => FileKind::Indicator,
            _ => FileKind::Feed,
        };
        let period = match head.period.text.as_str() {
            "月" => Period::Month,
            "季" => Period::Quarter,
            "年" => Period::Year,
            "次" => Period::Occasion,
            other => {
                self.error(
                    "period-unknown",
                    head.period.span,
                    format!("没有 `每 {other}`"),
                    "写 每 月、每 季、每 年 或 每 次",
                );
                return None;
            }
        };
        let entity = self.entity(&head.entity)?;
        let Some(written) = &head.from else {
            let said = format!("`{}` 没有写从哪天起施行", head.id.text);
            self.error(
                "head-date",
                head.id.span,
                said,
                "在行末写上日期,如 2026-07-01 起施行",
            );
            return None;
        };
        for day in head.from.iter().chain(&head.to) {
            if day_of(day).is_none() {
                let said = format!("没有 `{}` 这一天", day.text);
                self.error("date-none", day.span, said, "核对年月日");
                return None;
            }
        }
        let from = day_of(written)?;
        Some(FilePlan {
            id: head.id.text.clone(),
            title: title.to_owned(),
            path: self.current.path.clone(),
            kind,
            entity,
            period,
            from,
            to: head.to.as_ref().and_then(day_of),
            items: vec![],
            inputs: vec![],
            conditions: vec![],
            benefits: vec![],
            verdict: None,
            grants: vec![],
            dispatches: vec![],
            properties: vec![],
            measures: vec![],
            groups: vec![],
            rows: None,
            reads: vec![],
        })
    }

    fn statement(&mut self, stmt: &Stmt, span: Span, plan: &mut FilePlan) {
        let own = match stmt {
            Stmt::Use(_) => None,
            _ => super::defines(stmt).pop(),
        };
        self.current.defining = own.unwrap_or_default();
        let told = match stmt {
            Stmt::Use(path) => self.use_path(path),
            Stmt::Input(path, ty) => self.input(path, ty, plan),
            Stmt::Param(param) => self.param(param, plan),
            Stmt::Compute {
                name,
                ty,
                expr,
                rounding,
            } => self.compute(name, ty, expr, rounding.as_ref(), plan),
            Stmt::Classify {
                name,
                ty,
                first,
                rows,
                otherwise,
            } => self.classify(name, ty, *first, rows, otherwise.as_ref(), plan),
            Stmt::Itemise {
                name,
                ty,
                mode,
                rows,
            } => self.itemise(name, ty, mode, rows, plan),
            Stmt::Condition {
                name,
                expr,
                cites,
                otherwise,
            } => self.condition(name, expr, cites, otherwise.as_ref(), plan),
            Stmt::Benefit {
                name,
                ty,
                expr,
                rounding,
                cites,
            } => self.benefit(name, ty, expr, rounding.as_ref(), cites, plan),
            Stmt::Grant {
                path,
                when,
                from,
                to,
            } => self.grant(path, [when.as_ref(), from.as_ref(), to.as_ref()], plan),
            Stmt::Trigger(trigger) => self.trigger(trigger, plan),
            Stmt::Rate {
                name,
                num,
                den,
                words,
            } => self.rate(name, num, den, words, plan),
            Stmt::Spread { name, words, .. } => self.spread(name, stmt, words, plan),
            Stmt::Property {
                item,
                along,
                rising,
            } => self.property(item, along, *rising, plan),
            Stmt::Head(head) if head.id.text != plan.id => {
                let said = format!("这个文件已经是 `{}`,又写了一个 `{}`", plan.id, head.id.text);
                self.error("two-heads", span, said, "一个文件只写一个;另写一个文件");
                None
            }
            _ => Some(()),
        };
        // Problems were told where they were met; the next statement is checked all the same.
        if told.is_none() {
            self.current.broken.extend(super::defines(stmt));
        }
    }

    fn use_path(&mut self, path: &Path) -> Option<()> {
        let words: Vec<&str> = path.parts.iter().map(|p| p.text.as_str()).collect();
        let row = words.iter().take(2).find_map(|w| self.dict.relation(w));
        let frame = Frame {
            row,
            inside_aggregate: row.is_some(),
        };
        let (id, _) = self.resolve(path, frame)?;
        let key = match words.as_slice() {
            ["本户" | "本地", ..] => return Some(()),
            [first, _file, name] if self.dict.relation(first).is_some() => {
                format!("{first}.{name}")
            }
            [_file, rest @ ..] => rest.join("."),
            [] => return None,
        };
        if key == "符合" {
            return Some(());
        }
        if self.current.names.get(&key) == Some(&id) {
            return Some(());
        }
        self.define(&key, id, path.span());
        Some(())
    }

    fn input(&mut self, path: &Path, ty: &TypeText, plan: &mut FilePlan) -> Option<()> {
        let declared = self.resolve_type(ty)?;
        let text = path.text();
        let Some(id) = self.entity_items.get(&(plan.entity, text.clone())).copied() else {
            let known: Vec<String> = self
                .entity_items
                .keys()
                .filter(|(e, _)| *e == plan.entity)
                .map(|(_, n)| n.clone())
                .collect();
            let near =
                crate::problem::nearest(&text, known.iter().map(String::as_str)).map(str::to_owned);
            let said = format!(
                "facts.md 里没有{}的事实 `{text}`",
                self.dict.entity_name(plan.entity)
            );
            let help = near.map_or_else(
                || "先在 facts.md 里写这个事实和它的来源".to_owned(),
                |n| format!("是不是 `{n}`?"),
            );
            self.error("input-unknown", path.span(), said, help);
            return None;
        };
        let have = self.item(id)?.ty;
        if have != declared {
            let said = format!(
                "`{text}` 在 facts.md 里是 {},这里写成 {}",
                self.type_name(have),
                self.type_name(declared)
            );
            let help = format!("写成 输入 {text} : {}", self.type_name(have));
            self.error("input-type", path.span(), said, help);
            return None;
        }
        plan.inputs.push(id);
        self.define(&text, id, path.span());
        Some(())
    }

    /// Where a quantity's values live: `成员.计入` has one a row.
    pub(super) fn home(&mut self, path: &Path, plan: &FilePlan) -> Option<(Home, String, String)> {
        let words: Vec<&str> = path.parts.iter().map(|p| p.text.as_str()).collect();
        match words.as_slice() {
            [name] => Some((
                Home::Entity(plan.entity),
                (*name).to_owned(),
                (*name).to_owned(),
            )),
            [rel, name] => {
                let Some(id) = self.dict.relation(rel) else {
                    let known = self.dict.relations.iter().map(|r| r.name.as_str());
                    let help = crate::problem::nearest(rel, known).map_or_else(
                        || "关系先在 facts.md 里写".to_owned(),
                        |n| format!("是不是 `{n}`?"),
                    );
                    let said = format!("没有 `{rel}` 这个关系");
                    self.error("relation-unknown", path.span(), said, help);
                    return None;
                };
                if self.dict.relation_of(id).map(|r| r.owner) != Some(plan.entity) {
                    let (said, help) = self.wrong_owner(id);
                    self.error("relation-owner", path.span(), said, help);
                    return None;
                }
                Some((Home::Rows(id), (*name).to_owned(), format!("{rel}.{name}")))
            }
            _ => {
                self.error(
                    "two-steps",
                    path.span(),
                    format!("`{}` 隔了两步关系,一个文件只能看一步", path.text()),
                    "把里面的一步写成另一个文件的量,再引用它",
                );
                None
            }
        }
    }

    pub(super) fn frame(home: Home) -> Frame {
        match home {
            Home::Rows(rel) => Frame {
                row: Some(rel),
                inside_aggregate: false,
            },
            Home::Entity(_) => Frame::default(),
        }
    }

    pub(super) fn put(
        &mut self,
        name: (Home, String, String),
        ty: Type,
        body: Body,
        bounds: Option<Bounds>,
        span: Span,
        plan: &mut FilePlan,
    ) -> ItemId {
        let (home, short, key) = name;
        let path = format!("{}.{key}", plan.id);
        let id = self.add(Item {
            name: short,
            path,
            file: self.current.file,
            home,
            ty,
            body,
            bounds,
            span,
        });
        self.define(&key, id, span);
        plan.items.push(id);
        id
    }

    pub(super) fn put_unusable(
        &mut self,
        home: (Home, String, String),
        ty: Type,
        span: Span,
        plan: &mut FilePlan,
    ) {
        let expr = Expr {
            kind: crate::plan::ExprKind::Literal(Value::Unknown),
            ty,
            bounds: None,
            span,
        };
        self.put(
            home,
            ty,
            Body::Formula {
                expr,
                rounding: None,
            },
            None,
            span,
            plan,
        );
    }

    pub(super) fn declared(
        &mut self,
        what: &str,
        declared: Type,
        expr: &Expr,
        span: Span,
    ) -> Option<()> {
        if declared == expr.ty {
            return Some(());
        }
        let said = format!(
            "`{what}` 声明为 {},但算式是 {}",
            self.type_name(declared),
            self.type_name(expr.ty)
        );
        let help = self.unit_way(declared, expr.ty);
        self.error("declared-unit", span, said, help);
        None
    }

    /// How to get from the unit of a formula to the one declared: by a quantity at hand if there
    /// is one.
    fn unit_way(&self, declared: Type, have: Type) -> String {
        let shown = self.type_name(have);
        let (Type::Num(d), Type::Num(e)) = (declared, have) else {
            return format!("把声明改成 {shown}");
        };
        let single = |u: &Unit| u.to_string().chars().count() == 1;
        if let Some(by) = e.divide(d).filter(single) {
            let by = match self.named_of_unit(by) {
                Some(name) => format!(" `{name}`"),
                None => format!("一个 {by} 的量"),
            };
            return format!("除以{by},或把声明改成 {shown}");
        }
        if let Some(by) = d.divide(e).filter(single) {
            let by = match self.named_of_unit(by) {
                Some(name) => format!("乘以 `{name}` 或 1 {by}"),
                None => format!("乘以一个 {by} 的量,如 * 1 {by}"),
            };
            return format!("{by},或把声明改成 {shown}");
        }
        format!("把声明改成 {shown}")
    }

    /// The first quantity of this file measured in a unit.
    fn named_of_unit(&self, unit: Unit) -> Option<&str> {
        let own = self
            .current
            .names
            .iter()
            .filter_map(|(n, id)| Some((*id, n, self.item(*id)?)));
        own.filter(|(_, _, i)| i.ty == Type::Num(unit) && matches!(i.home, Home::Entity(_)))
            .min_by_key(|(id, n, _)| (*id, n.len()))
            .map(|(_, n, _)| n.as_str())
    }

    fn verdict(&mut self, plan: &mut FilePlan) {
        if plan.conditions.is_empty() {
            return;
        }
        let Some(file) = self.current.file else {
            return;
        };
        let path = format!("{}.符合", plan.id);
        plan.verdict = Some(self.add(Item {
            name: "符合".to_owned(),
            path,
            file: Some(file),
            home: Home::Entity(plan.entity),
            ty: Type::Bool,
            body: Body::Verdict(file),
            bounds: None,
            span: Span::default(),
        }));
    }

    fn must_say_something(&mut self, statements: &[Statement], head: &Head) {
        let silent = |s: &Statement| {
            matches!(
                s.kind,
                Stmt::Head(_) | Stmt::Use(_) | Stmt::Input(..) | Stmt::Note(_)
            )
        };
        let told = !self.current.whole || !self.current.broken.is_empty();
        if !told && head.keyword.text != "来文" && statements.iter().all(silent) {
            let said = format!("`{}` 什么也没有规定", head.id.text);
            self.error("file-empty", head.id.span, said, "写上 条件、计算 或 给付");
        }
    }
}

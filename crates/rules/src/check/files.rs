//! Statements of a rule file, in the order written.

use super::scope::Frame;
use super::{Builder, day_of};
use crate::ast::{self, Head, Name, ParamStmt, Path, RoundText, Stmt, Text, TriggerStmt, TypeText};
use crate::plan::{
    AmountRow, Body, Bounds, ClassRow, Dispatch, Exclusion, ExclusionRule, Expr, FileId, FileKind,
    FilePlan, Grant, Home, Item, ItemId, ItemiseMode, Param, ParamKey, ParamValue, Period,
    Property, RelId, TextPart, Type,
};
use crate::problem::{Problem, Span};
use crate::unit::Unit;
use crate::value::{Direction, Ratio, Rounding, Value};

impl Builder<'_> {
    pub(super) fn check_file(&mut self, at: usize) {
        let Some(parsed) = self.source.files.get(at).copied() else { return };
        self.current = super::Current { path: parsed.path.clone(), ..Default::default() };
        let Some(head) = parsed.head() else { return };
        let Some(mut plan) = self.head(head, &parsed.title) else { return };
        let file = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.current.id.clone_from(&plan.id);
        self.current.file = Some(file);
        self.current.kind = Some(plan.kind);
        self.current.entity = Some(plan.entity);
        plan.rows = self.dict.relations.iter().position(|r| r.feed.as_deref() == Some(&plan.id)).and_then(|i| u32::try_from(i).ok()).map(RelId);
        self.current.own_rows = plan.rows;
        self.file_index.insert(plan.id.clone(), file);
        for statement in &parsed.file.statements {
            self.statement(&statement.kind, statement.span, &mut plan);
        }
        self.verdict(&mut plan);
        self.must_say_something(&plan, head);
        plan.reads = self.current.reads.iter().copied().collect();
        plan.reads.sort_unstable();
        if plan.kind == FileKind::Feed {
            self.finish_feed(&plan);
        }
        self.files.push(plan);
    }

    fn head(&mut self, head: &Head, title: &str) -> Option<FilePlan> {
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
                self.error("period-unknown", head.period.span, format!("没有 `每 {other}`"), "写 每 月、每 季、每 年 或 每 次");
                return None;
            }
        };
        let entity = self.entity(&head.entity)?;
        let Some(from) = head.from.as_ref().and_then(day_of) else {
            let span = head.from.as_ref().map_or(head.id.span, |d| d.span);
            self.error("head-date", span, "没有写从哪天起施行,或日期不存在", "在行末写上日期,如 2026-07-01 起施行");
            return None;
        };
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
            rows: None,
            reads: vec![],
        })
    }

    fn statement(&mut self, stmt: &Stmt, span: Span, plan: &mut FilePlan) {
        let told = match stmt {
            Stmt::Use(path) => self.use_path(path),
            Stmt::Input(path, ty) => self.input(path, ty, plan),
            Stmt::Param(param) => self.param(param, plan),
            Stmt::Compute { name, ty, expr, rounding } => self.compute(name, ty, expr, rounding.as_ref(), plan),
            Stmt::Classify { name, ty, first, rows, otherwise } => self.classify(name, ty, *first, rows, otherwise.as_ref(), plan),
            Stmt::Itemise { name, ty, mode, rows } => self.itemise(name, ty, mode, rows, plan),
            Stmt::Condition { name, expr, cites, otherwise } => self.condition(name, expr, cites, otherwise.as_ref(), plan),
            Stmt::Benefit { name, ty, expr, rounding, cites } => self.benefit(name, ty, expr, rounding.as_ref(), cites, plan),
            Stmt::Grant { path, when, from, to } => self.grant(path, [when.as_ref(), from.as_ref(), to.as_ref()], plan),
            Stmt::Trigger(trigger) => self.trigger(trigger, plan),
            Stmt::Rate { name, num, den } => self.rate(name, num, den, plan),
            Stmt::Property { item, along, rising } => self.property(item, along, *rising, plan),
            Stmt::Head(head) if head.id.text != plan.id => {
                self.error("two-heads", span, "一个文件只写一个政策、预警、评估、指标或来文", "另写一个文件");
                None
            }
            _ => Some(()),
        };
        // Problems were told where they were met; the next statement is checked all the same.
        let _told = told;
    }

    fn use_path(&mut self, path: &Path) -> Option<()> {
        let words: Vec<&str> = path.parts.iter().map(|p| p.text.as_str()).collect();
        let row = words.iter().take(2).find_map(|w| self.dict.relation(w));
        let frame = Frame { row, inside_aggregate: row.is_some() };
        let (id, _) = self.resolve(path, frame)?;
        let key = match words.as_slice() {
            ["本户" | "本地", ..] => return Some(()),
            [first, _file, name] if self.dict.relation(first).is_some() => format!("{first}.{name}"),
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
            let known: Vec<String> = self.entity_items.keys().filter(|(e, _)| *e == plan.entity).map(|(_, n)| n.clone()).collect();
            let near = crate::problem::nearest(&text, known.iter().map(String::as_str)).map(str::to_owned);
            let said = format!("facts.md 里没有{}的事实 `{text}`", self.dict.entity_name(plan.entity));
            let help = near.map_or_else(|| "先在 facts.md 里写这个事实和它的来源".to_owned(), |n| format!("是不是 `{n}`?"));
            self.error("input-unknown", path.span(), said, help);
            return None;
        };
        let have = self.item(id)?.ty;
        if have != declared {
            let said = format!("`{text}` 在 facts.md 里是 {},这里写成 {}", self.type_name(have), self.type_name(declared));
            let help = format!("写成 输入 {text} : {}", self.type_name(have));
            self.error("input-type", path.span(), said, help);
            return None;
        }
        plan.inputs.push(id);
        self.define(&text, id, path.span());
        Some(())
    }

    fn param(&mut self, stmt: &ParamStmt, plan: &mut FilePlan) -> Option<()> {
        let ty = self.resolve_type(&stmt.ty)?;
        let mut keys = Vec::new();
        for key in &stmt.keys {
            if key.text == "地区" {
                keys.push(ParamKey::Area);
            } else if let Some(e) = self.dict.enumeration(&key.text) {
                keys.push(ParamKey::Enum(e));
            } else {
                self.error("key-unknown", key.span, format!("参数不能按 `{}` 分:它不是枚举", key.text), "写 地区、城乡 或 facts.md 里的枚举");
                return None;
            }
        }
        let mut values: Vec<ParamValue> = Vec::new();
        for row in &stmt.values {
            let value = self.expr(&row.value, Frame::default(), Some(ty))?;
            let crate::plan::ExprKind::Literal(literal) = value.kind else {
                self.error("param-literal", row.value.span, "参数的值要写一个数", "算出来的量用 计算");
                return None;
            };
            if value.ty != ty {
                let said = format!("`{}` 是 {},这里的值是 {}", stmt.name.text, self.type_name(ty), self.type_name(value.ty));
                self.error("param-unit", row.value.span, said, format!("写成 {} 的数", self.type_name(ty)));
                return None;
            }
            let Some(from) = day_of(&row.from) else {
                self.error("date-none", row.from.span, format!("没有 `{}` 这一天", row.from.text), "核对年月日");
                return None;
            };
            if values.last().is_some_and(|v| v.from >= from) {
                self.error("param-order", row.from.span, "参数的日期要从早到晚", "按日期排好");
            }
            let Some(source) = &row.source else {
                self.error("param-source", row.from.span, format!("`{}` 的这个数没有写来源", stmt.name.text), "在后面写上文件名;没有文件的写 示例值");
                return None;
            };
            if let Some(last) = values.last_mut() {
                last.to = from.add_days(-1);
            }
            let width = keys.iter().filter(|k| matches!(k, ParamKey::Enum(_))).count();
            values.push(ParamValue { area: String::new(), keys: vec![None; width], from, to: None, value: literal, source: source.text.clone() });
        }
        self.fill(stmt, ty, &keys, &mut values, plan)?;
        let bounds = self.param_bounds(&values, ty);
        let path = format!("{}.{}", plan.id, stmt.name.text);
        let body = Body::Param(Param { keys, values });
        let item = Item { name: stmt.name.text.clone(), path, file: self.current.file, home: Home::Entity(plan.entity), ty, body, bounds, span: stmt.name.span };
        let id = self.add(item);
        self.define(&stmt.name.text, id, stmt.name.span);
        plan.items.push(id);
        Some(())
    }

    /// Rows of the locality's parameters.csv that fill this parameter.
    fn fill(&mut self, stmt: &ParamStmt, ty: Type, keys: &[ParamKey], values: &mut Vec<ParamValue>, plan: &FilePlan) -> Option<()> {
        let filled = self.source.filled;
        let mine: Vec<_> = filled
            .rows
            .iter()
            .filter(|r| r.file == plan.id && r.name == stmt.name.text)
            // A number for a time in which this version is not in force fills another version.
            .filter(|r| plan.to.is_none_or(|to| r.from.is_none_or(|f| f <= to)) && r.to.is_none_or(|t| t >= plan.from))
            .collect();
        if !mine.is_empty() && !values.is_empty() {
            let said = format!("`{}` 已在规则里写了数,各地不能再改", stmt.name.text);
            self.error("param-override", stmt.name.span, said, "删去规则里的数,或删去 parameters.csv 里的行;真有不同规定的,替换整个文件");
            return None;
        }
        for row in mine {
            let path = filled.path.clone();
            let mut fail = |code: &'static str, said: String, help: String| {
                self.problems.push(Problem::error(code, row.span, said).help(help).at(&path));
            };
            let shown = match ty {
                Type::Num(unit) => unit.to_string(),
                _ => String::new(),
            };
            if !row.unit.is_empty() && !shown.is_empty() && Unit::parse(&row.unit) != Unit::parse(&shown) {
                fail("param-unit", format!("第 {} 行 `{}` 的单位是 `{}`,规则里是 {shown}", row.number, row.name, row.unit), format!("把数换算成 {shown}"));
                continue;
            }
            let Some(value) = crate::show::parse_cell(&row.value, ty, &self.dict).ok().filter(|v| v.is_known()) else {
                let problem = Problem::error("param-value", row.span, format!("第 {} 行 `{}` 的值 `{}` 读不懂", row.number, row.name, row.value)).help("写一个数,比例可写 25%;枚举写它的成员").at(&path);
                self.problems.push(problem);
                continue;
            };
            let Some(from) = row.from else { continue };
            let mut members = Vec::new();
            for key in keys {
                let ParamKey::Enum(e) = key else { continue };
                let name = self.dict.enum_of(*e).map_or("", |x| x.name.as_str());
                let written = row.keys.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
                members.push(written.filter(|w| *w != "其余").and_then(|w| self.dict.member(*e, w)));
                if let Some(w) = written
                    && w != "其余"
                    && self.dict.member(*e, w).is_none()
                {
                    let problem = Problem::error("param-member", row.span, format!("第 {} 行的键:`{name}` 里没有 `{w}`", row.number)).help("核对枚举的成员").at(&path);
                    self.problems.push(problem);
                }
            }
            values.push(ParamValue { area: row.area.clone(), keys: members, from, to: row.to, value, source: row.source.clone() });
        }
        values.sort_by(|a, b| (&a.area, &a.keys, a.from).cmp(&(&b.area, &b.keys, b.from)));
        self.close_periods(stmt, values);
        Some(())
    }

    /// An open period ends the day before the next begins; overlaps and gaps are told.
    fn close_periods(&mut self, stmt: &ParamStmt, values: &mut [ParamValue]) {
        let mut at: usize = 1;
        while let Some(next) = values.get(at).cloned() {
            if let Some(earlier) = values.get_mut(at.saturating_sub(1))
                && earlier.area == next.area
                && earlier.keys == next.keys
            {
                let day_before = next.from.add_days(-1);
                match earlier.to {
                    None => earlier.to = day_before,
                    Some(to) if Some(to) != day_before => {
                        let (code, word) = if Some(to) > day_before { ("param-overlap", "重叠") } else { ("param-gap", "空缺") };
                        let said = format!("`{}` 的两段日期{word}:前一段到 {to},后一段从 {} 起", stmt.name.text, next.from);
                        self.error(code, stmt.name.span, said, "前一段的 止 写成后一段 起 的前一天,或留空");
                    }
                    Some(_) => {}
                }
            }
            at = at.saturating_add(1);
        }
    }

    fn param_bounds(&self, values: &[ParamValue], ty: Type) -> Option<Bounds> {
        let Type::Num(_) = ty else { return None };
        let numbers: Vec<Ratio> = values.iter().filter_map(|v| match v.value {
            Value::Num(r) => Some(r),
            _ => None,
        }).collect();
        let Some(first) = numbers.first() else {
            // An open parameter: any whole amount up to ten million 元, or a ratio in ten-thousandths.
            return Bounds::between(Ratio::new(0, 10_000)?, Ratio::new(10_000_000_001, 10_000)?);
        };
        let mut bounds = Bounds::constant(*first);
        for number in &numbers {
            let (a, b) = bounds.aligned(Bounds::constant(*number))?;
            bounds = a.union(b);
        }
        Some(bounds)
    }

    /// Where a quantity's values live: `成员.计入` has one a row.
    fn home(&mut self, path: &Path, plan: &FilePlan) -> Option<(Home, String, String)> {
        let words: Vec<&str> = path.parts.iter().map(|p| p.text.as_str()).collect();
        match words.as_slice() {
            [name] => Some((Home::Entity(plan.entity), (*name).to_owned(), (*name).to_owned())),
            [rel, name] => {
                let Some(id) = self.dict.relation(rel) else {
                    self.error("relation-unknown", path.span(), format!("没有 `{rel}` 这个关系"), "关系先在 facts.md 里写");
                    return None;
                };
                if self.dict.relation_of(id).map(|r| r.owner) != Some(plan.entity) {
                    self.error("relation-owner", path.span(), format!("`{rel}` 不是这个文件的实体的关系"), "换一个实体的文件来写");
                    return None;
                }
                Some((Home::Rows(id), (*name).to_owned(), format!("{rel}.{name}")))
            }
            _ => {
                self.error("two-steps", path.span(), format!("`{}` 隔了两步", path.text()), "一个文件只能看一步");
                None
            }
        }
    }

    fn frame(home: Home) -> Frame {
        match home {
            Home::Rows(rel) => Frame { row: Some(rel), inside_aggregate: false },
            Home::Entity(_) => Frame::default(),
        }
    }

    fn put(&mut self, name: (Home, String, String), ty: Type, body: Body, bounds: Option<Bounds>, span: Span, plan: &mut FilePlan) -> ItemId {
        let (home, short, key) = name;
        let path = format!("{}.{key}", plan.id);
        let id = self.add(Item { name: short, path, file: self.current.file, home, ty, body, bounds, span });
        self.define(&key, id, span);
        plan.items.push(id);
        id
    }

    fn declared(&mut self, what: &str, declared: Type, expr: &Expr, span: Span) -> Option<()> {
        if declared == expr.ty {
            return Some(());
        }
        let said = format!("`{what}` 声明为 {},但算式是 {}", self.type_name(declared), self.type_name(expr.ty));
        let help = match (declared, expr.ty) {
            (Type::Num(d), Type::Num(e)) => match (e.divide(d), d.divide(e)) {
                (Some(x), _) if x.to_string().chars().count() == 1 => format!("除以一个 {x} 的量,或把声明改成 {e}"),
                (_, Some(x)) if x.to_string().chars().count() == 1 => format!("乘以一个 {x} 的量(如 * 1 {x}),或把声明改成 {e}"),
                _ => format!("把声明改成 {e}"),
            },
            _ => format!("把声明改成 {}", self.type_name(expr.ty)),
        };
        self.error("declared-unit", span, said, help);
        None
    }

    fn rounding(&mut self, text: Option<&RoundText>, ty: Type) -> Option<Option<Rounding>> {
        let Some(text) = text else { return Some(None) };
        let direction = match text.how.text.as_str() {
            "四舍五入" => Direction::HalfUp,
            "进" => Direction::Up,
            "舍" => Direction::Down,
            other => {
                self.error("rounding-how", text.how.span, format!("没有 `{other}` 这种舍入"), "写 四舍五入、进 或 舍");
                return None;
            }
        };
        let money = matches!(ty, Type::Num(u) if u.money_power() == 1);
        let step = match (text.step.text.as_str(), &text.number) {
            ("分", None) if money => Some(Ratio::whole(1)),
            ("角", None) if money => Some(Ratio::whole(10)),
            ("元", None) if money => Some(Ratio::whole(100)),
            (unit, Some(number)) => match (Unit::parse(unit), ty) {
                (Some(u), Type::Num(mine)) if u == mine || (unit == "元" && money) => Self::scaled(&number.text, if u == mine { mine } else { u }),
                _ => None,
            },
            (unit, None) => (Unit::parse(unit).map(Type::Num) == Some(ty)).then(|| Ratio::whole(1)),
        };
        let Some(step) = step.filter(|s| *s > Ratio::ZERO) else {
            let said = format!("不能舍入到 `{}`:这个量是 {}", text.step.text, self.type_name(ty));
            self.error("rounding-step", text.step.span, said, "钱舍入到 分、角、元;其他写数和单位,如 四舍五入 到 0.01 分值");
            return None;
        };
        Some(Some(Rounding { direction, step }))
    }

    fn compute(&mut self, name: &Path, ty: &TypeText, expr: &ast::Expr, rounding: Option<&RoundText>, plan: &mut FilePlan) -> Option<()> {
        let home = self.home(name, plan)?;
        let ty = self.resolve_type(ty)?;
        let expr = self.expr(expr, Self::frame(home.0), Some(ty));
        let rounding = self.rounding(rounding, ty);
        let (expr, rounding) = match (expr, rounding) {
            (Some(e), Some(r)) if self.declared(&name.text(), ty, &e, name.span()).is_some() => (e, r),
            _ => {
                // The name still counts as known, so that one mistake is told once.
                self.put_unusable(home, ty, name.span(), plan);
                return None;
            }
        };
        let bounds = match (expr.bounds, rounding) {
            (Some(b), Some(r)) => b.rounded(r),
            (b, _) => b,
        };
        self.put(home, ty, Body::Formula { expr, rounding }, bounds, name.span(), plan);
        Some(())
    }

    fn put_unusable(&mut self, home: (Home, String, String), ty: Type, span: Span, plan: &mut FilePlan) {
        let expr = Expr { kind: crate::plan::ExprKind::Literal(Value::Unknown), ty, bounds: None, span };
        self.put(home, ty, Body::Formula { expr, rounding: None }, None, span, plan);
    }

    fn classify(&mut self, name: &Path, ty: &TypeText, first: bool, rows: &[ast::ClassRow], otherwise: Option<&Name>, plan: &mut FilePlan) -> Option<()> {
        let home = self.home(name, plan)?;
        let ty = self.resolve_type(ty)?;
        let Type::Enum(e) = ty else {
            self.error("classify-type", name.span(), format!("归类 `{}` 的类型要是枚举", name.text()), "先在 facts.md 里写 枚举,或写 {甲, 乙}");
            return None;
        };
        if first && otherwise.is_none() {
            self.error("classify-rest", name.span(), format!("归类 `{}` 取首个,没有写 其余", name.text()), "在最后加一行 其余 : 类名");
        }
        let mut out = Vec::new();
        for row in rows {
            let member = self.member(e, &row.value);
            let when = self.truth(&row.when, Self::frame(home.0));
            if let (Some(value), Some(when)) = (member, when) {
                out.push(ClassRow { value, when, note: row.note.as_ref().map(|n| n.text.clone()) });
            }
        }
        let rest = otherwise.and_then(|o| self.member(e, o));
        let ty = if first { ty } else { Type::Set(e) };
        self.put(home, ty, Body::Classify { rows: out, otherwise: rest, first }, None, name.span(), plan);
        Some(())
    }

    fn member(&mut self, e: crate::plan::EnumId, name: &Name) -> Option<u16> {
        let found = self.dict.member(e, &name.text);
        if found.is_none() {
            let members = self.dict.enum_of(e).map(|x| x.members.clone()).unwrap_or_default();
            let said = format!("`{}` 里没有 `{}`", self.type_name(Type::Enum(e)), name.text);
            self.error("member-unknown", name.span, said, format!("它的成员是:{}", members.join("、")));
        }
        found
    }

    fn itemise(&mut self, name: &Path, ty: &TypeText, mode: &ast::ModeText, rows: &[ast::AmountRow], plan: &mut FilePlan) -> Option<()> {
        let home = self.home(name, plan)?;
        let ty = self.resolve_type(ty)?;
        let frame = Self::frame(home.0);
        let mode = match mode {
            ast::ModeText::Sum => ItemiseMode::Sum,
            ast::ModeText::Max => ItemiseMode::Max,
            ast::ModeText::Param(param) => self.mode_param(param)?,
        };
        let mut out: Vec<AmountRow> = Vec::new();
        let mut bounds: Option<Bounds> = Some(Bounds::constant(Ratio::ZERO));
        for row in rows {
            let amount = self.number_expr(&row.amount, frame);
            let when = match &row.when {
                Some(w) => Some(self.truth(w, frame)?),
                None => None,
            };
            let cap = match &row.cap {
                Some(c) => Some(self.number_expr(c, frame)?),
                None => None,
            };
            let amount = amount?;
            self.declared(&row.label.text, ty, &amount, row.label.span)?;
            let zero = Bounds::constant(Ratio::ZERO);
            let part = amount.bounds.and_then(|b| b.aligned(zero)).map(|(b, z)| b.union(z));
            bounds = bounds.zip(part).and_then(|(a, b)| if mode == ItemiseMode::Max { a.aligned(b).map(|(a, b)| a.union(b)) } else { a.add(b) });
            out.push(AmountRow { label: row.label.text.clone(), amount, when, cap });
        }
        if bounds.is_some_and(|b| !b.fits()) {
            self.overflow(name.span());
        }
        self.put(home, ty, Body::Itemise { mode, rows: out }, bounds, name.span(), plan);
        Some(())
    }

    fn mode_param(&mut self, name: &Name) -> Option<ItemiseMode> {
        let path = Path { parts: vec![name.clone()] };
        let (id, _) = self.resolve(&path, Frame::default())?;
        let Type::Enum(e) = self.item(id)?.ty else {
            self.error("itemise-mode", name.span, format!("`{}` 不是 {{取合计, 取最大}} 的参数", name.text), "写成 参数 叠加 : {取合计, 取最大} 按 地区");
            return None;
        };
        if self.dict.member(e, "取合计") != Some(0) || self.dict.member(e, "取最大") != Some(1) {
            self.error("itemise-mode", name.span, format!("`{}` 的成员要依次是 取合计、取最大", name.text), "改枚举的成员和次序");
            return None;
        }
        Some(ItemiseMode::ByParam(id))
    }

    fn condition(&mut self, name: &Name, expr: &ast::Expr, cites: &[Name], otherwise: Option<&Text>, plan: &mut FilePlan) -> Option<()> {
        let Some(text) = otherwise.filter(|t| !t.words.text.is_empty()) else {
            self.error("condition-reason", name.span, format!("条件 `{}` 没有写 否则", name.text), "写上不符合时对人说的话,如 否则 人均月收入 {人均月收入} 不低于标准");
            return None;
        };
        let cites = self.cites(cites, name, plan);
        let expr = self.truth(expr, Frame::default())?;
        let otherwise = self.text(text, plan);
        let home = (Home::Entity(plan.entity), name.text.clone(), name.text.clone());
        let id = self.put(home, Type::Bool, Body::Condition { expr, cites, otherwise }, None, name.span, plan);
        plan.conditions.push(id);
        Some(())
    }

    fn text(&mut self, text: &Text, plan: &FilePlan) -> Vec<TextPart> {
        let mut out = Vec::new();
        let whole = text.words.text.as_str();
        let base = text.words.span.start;
        let mut from = 0;
        for (span, expr) in &text.quotes {
            let open = span.start.saturating_sub(base).saturating_sub(1);
            out.push(TextPart::Words(whole.get(from..open).unwrap_or("").to_owned()));
            out.extend(self.expr(expr, Frame::default(), None).map(TextPart::Quote));
            from = span.end.saturating_sub(base).saturating_add(1);
        }
        out.push(TextPart::Words(whole.get(from..).unwrap_or("").to_owned()));
        let _ = plan;
        out
    }

    fn benefit(&mut self, name: &Name, ty: &TypeText, expr: &ast::Expr, rounding: Option<&RoundText>, cites: &[Name], plan: &mut FilePlan) -> Option<()> {
        let ty = self.resolve_type(ty)?;
        let cites = self.cites(cites, name, plan);
        let expr = self.expr(expr, Frame::default(), Some(ty))?;
        self.declared(&name.text, ty, &expr, name.span)?;
        let money = matches!(ty, Type::Num(u) if u.money_power() == 1);
        let rounding = self.rounding(rounding, ty)?.or(money.then_some(Rounding { direction: Direction::HalfUp, step: Ratio::whole(1) }));
        let bounds = match (expr.bounds, rounding) {
            (Some(b), Some(r)) => b.rounded(r),
            (b, _) => b,
        };
        let home = (Home::Entity(plan.entity), name.text.clone(), name.text.clone());
        let id = self.put(home, ty, Body::Formula { expr, rounding }, bounds, name.span, plan);
        plan.benefits.push((id, cites));
        Some(())
    }

    fn grant(&mut self, path: &Path, parts: [Option<&ast::Expr>; 3], plan: &mut FilePlan) -> Option<()> {
        let words: Vec<&str> = path.parts.iter().map(|p| p.text.as_str()).collect();
        let (relation, entity, name) = match words.as_slice() {
            [name] => (None, plan.entity, *name),
            [rel, name] => {
                let id = self.dict.relation(rel);
                let target = id.and_then(|i| self.dict.relation_of(i)).and_then(|r| r.target);
                (id, target.unwrap_or(plan.entity), *name)
            }
            _ => (None, plan.entity, ""),
        };
        let status = self.entity_items.get(&(entity, name.to_owned())).copied().filter(|id| self.item(*id).is_some_and(|i| matches!(i.body, Body::Status)));
        let Some(status) = status else {
            let known: Vec<String> = self.dict.statuses.iter().map(|s| s.name.clone()).collect();
            let near = crate::problem::nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
            let help = near.map_or_else(|| "先在 facts.md 里写 身份".to_owned(), |n| format!("是不是 `{n}`?"));
            self.error("status-unknown", path.span(), format!("没有 `{}` 这个身份", path.text()), help);
            return None;
        };
        let frame = Frame { row: relation, inside_aggregate: false };
        let [when, from, to] = parts;
        let when = match when {
            Some(w) => Some(self.truth(w, frame)?),
            None => None,
        };
        let mut day = |e: Option<&ast::Expr>| -> Option<Option<Expr>> {
            let Some(e) = e else { return Some(None) };
            let day = self.expr(e, frame, Some(Type::Day))?;
            if day.ty != Type::Day {
                self.error("not-day", e.span, "起、止 后面要写日期", "如 起 次月初(认定日)");
                return None;
            }
            Some(Some(day))
        };
        let (from, to) = (day(from)?, day(to)?);
        plan.grants.push(Grant { status, relation, when, from, to });
        Some(())
    }

    fn trigger(&mut self, stmt: &TriggerStmt, plan: &mut FilePlan) -> Option<()> {
        let expr = self.truth(&stmt.expr, Frame::default())?;
        let text = stmt.text.as_ref().map(|t| self.text(t, plan)).unwrap_or_default();
        let (Some(procedure), Some(to), Some(days)) = (&stmt.procedure, &stmt.to, &stmt.working_days) else {
            self.error("trigger-dispatch", stmt.name.span, format!("触发 `{}` 没有写派发给谁、限几天", stmt.name.text), "如 派发 verify_visit 给 居住地乡镇 限 10 个工作日");
            return None;
        };
        let urgency = match &stmt.urgency {
            Some(u) => {
                let u = self.number_expr(u, Frame::default())?;
                if Some(u.ty) != Unit::base("分值").map(Type::Num) {
                    self.error("urgency-unit", u.span, format!("紧急 要用 分值,却是 {}", self.type_name(u.ty)), "乘以或加上若干 分值");
                    return None;
                }
                Some(u)
            }
            None => None,
        };
        let home = (Home::Entity(plan.entity), stmt.name.text.clone(), stmt.name.text.clone());
        let id = self.put(home, Type::Bool, Body::Trigger { expr }, None, stmt.name.span, plan);
        let number = |n: &Name| n.text.parse::<u32>().ok();
        plan.dispatches.push(Dispatch {
            trigger: id,
            text,
            procedure: procedure.text.clone(),
            to: to.text.clone(),
            working_days: number(days)?,
            silent_days: stmt.silent_days.as_ref().and_then(number),
            urgency,
        });
        Some(())
    }

    fn rate(&mut self, name: &Name, num: &ast::Expr, den: &ast::Expr, plan: &mut FilePlan) -> Option<()> {
        let num = self.number_expr(num, Frame::default())?;
        let den = self.number_expr(den, Frame::default())?;
        let (Type::Num(x), Type::Num(y)) = (num.ty, den.ty) else { return None };
        let ty = Type::Num(x.divide(y)?);
        let home = (Home::Entity(plan.entity), name.text.clone(), name.text.clone());
        self.put(home, ty, Body::Rate { num, den }, None, name.span, plan);
        Some(())
    }

    fn property(&mut self, item: &Name, along: &Name, rising: bool, plan: &mut FilePlan) -> Option<()> {
        let mut find = |n: &Name| self.resolve(&Path { parts: vec![n.clone()] }, Frame::default()).map(|(id, _)| id);
        let (item, along) = (find(item)?, find(along)?);
        plan.properties.push(Property { item, along, rising });
        Some(())
    }

    /// Articles cited: the instrument stands in law.md and was in force when the rule begins.
    fn cites(&mut self, cites: &[Name], name: &Name, plan: &FilePlan) -> Vec<String> {
        if cites.iter().all(|c| c.text.is_empty()) {
            if plan.kind == FileKind::Policy {
                self.error("cite-missing", name.span, format!("`{}` 没有写依据", name.text), "写上文件和条款,如 依据 社会救助法 第十八条");
            }
            return vec![];
        }
        for cite in cites.iter().filter(|_| !self.source.law.is_empty()) {
            let word = cite.text.split_whitespace().next().unwrap_or("");
            let known = self.source.law.iter().filter(|l| l.name == word).collect::<Vec<_>>();
            let (code, said, help) = if known.is_empty() {
                let near = crate::problem::nearest(word, self.source.law.iter().map(|l| l.name.as_str()));
                let help = near.map_or_else(|| "先在 law.md 里登记这个文件".to_owned(), |n| format!("是不是 `{n}`?"));
                ("cite-unknown", format!("law.md 里没有 `{word}`"), help)
            } else if !known.iter().any(|l| l.to.is_none_or(|to| to >= plan.from)) {
                ("cite-repealed", format!("`{word}` 在这个文件施行时已经失效"), "改引用现行的文件".to_owned())
            } else if !known.iter().any(|l| plan.to.is_none_or(|to| l.from <= to)) {
                ("cite-future", format!("`{word}` 在这个文件施行时还没有生效"), "核对文件的日期".to_owned())
            } else if let Some(article) = missing_article(&cite.text, word, &known) {
                ("cite-article", format!("law.md 里的 `{word}` 没有登记 {article}"), "在 law.md 的 所依条款 里补上,或核对条款".to_owned())
            } else {
                continue;
            };
            self.error(code, cite.span, said, help);
        }
        cites.iter().map(|c| c.text.clone()).collect()
    }

    fn verdict(&mut self, plan: &mut FilePlan) {
        if plan.conditions.is_empty() {
            return;
        }
        let Some(file) = self.current.file else { return };
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

    fn must_say_something(&mut self, plan: &FilePlan, head: &Head) {
        let empty = plan.items.is_empty() && plan.grants.is_empty() && plan.rows.is_none();
        if empty {
            self.error("file-empty", head.id.span, format!("`{}` 什么也没有规定", plan.id), "写上 条件、计算 或 给付");
        }
    }

    pub(super) fn check_exclusions(&mut self) {
        for file in &self.source.files.clone() {
            self.current = super::Current { path: file.path.clone(), ..Default::default() };
            for statement in &file.file.statements {
                let Stmt::Exclude { a, b, rule, cites } = &statement.kind else { continue };
                // A pair of which one is not in force that day does not bind.
                if [a, b].iter().any(|n| !self.file_index.contains_key(&n.text)) {
                    continue;
                }
                let entity = |n: &Name| self.file_index.get(&n.text).and_then(|f| self.files.get(f.at())).map(|f| f.entity);
                if entity(a) != entity(b) {
                    self.error("exclude-entity", a.span, format!("`{}` 和 `{}` 不是同一种实体的政策", a.text, b.text), "在后者的文件里写成 条件");
                    continue;
                }
                let rule = match rule {
                    ast::ExcludeText::First(n) if n.text == a.text || n.text == b.text => ExclusionRule::First(n.text.clone()),
                    ast::ExcludeText::First(n) => {
                        self.error("exclude-first", n.span, format!("先给的 `{}` 不是这两个之一", n.text), format!("写 先 {} 或 先 {}", a.text, b.text));
                        continue;
                    }
                    ast::ExcludeText::Choice(n) => ExclusionRule::Choice(n.text.clone()),
                    ast::ExcludeText::TopUp => ExclusionRule::TopUp,
                };
                let cites = cites.iter().map(|c| c.text.clone()).collect();
                self.exclusions.push(Exclusion { a: a.text.clone(), b: b.text.clone(), rule, cites });
            }
        }
    }
}

fn missing_article(cite: &str, word: &str, known: &[&super::Instrument]) -> Option<String> {
    let rest = cite.strip_prefix(word)?.trim();
    rest.split(['、', ',', '\u{FF0C}', ' '])
        .map(str::trim)
        .filter(|a| a.starts_with('第'))
        .find(|a| known.iter().all(|l| !l.articles.is_empty() && !l.articles.iter().any(|x| a.starts_with(x.as_str()))))
        .map(str::to_owned)
}

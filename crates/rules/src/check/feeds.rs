//! 来文 files: their rows become a relation, their columns items, before any file is checked.

use super::Builder;
use super::scope::Frame;
use crate::ast::{ColumnStmt, FeedLine, Name, Statement, Stmt, TypeText};
use crate::dict::Relation;
use crate::feed::{ColumnKind, FeedColumn, FeedPlan, KnownBy};
use crate::plan::{Body, EntityId, FilePlan, Home, ItemId, RelId, Type};

const ROWS_MAX: u32 = 1_000;

impl Builder<'_> {
    /// Relations and columns of all feeds: other files may read them.
    pub(super) fn declare_feeds(&mut self) {
        for file in &self.source.files.clone() {
            let Some(head) = file.head().filter(|h| h.keyword.text == "来文") else {
                continue;
            };
            self.current = super::Current {
                path: file.path.clone(),
                ..Default::default()
            };
            let Some(entity) = self.entity(&head.entity) else {
                continue;
            };
            let mut columns = Vec::new();
            for statement in &file.file.statements {
                if let Stmt::Column(column) = &statement.kind {
                    columns.extend(self.feed_column(column).map(|kind| (column, kind)));
                }
            }
            let rows = file.file.statements.iter().find_map(|s| match &s.kind {
                Stmt::Rows {
                    name,
                    key,
                    date,
                    at_most,
                    ..
                } => Some((name, key, date, *at_most)),
                _ => None,
            });
            let Some((name, key, date, at_most)) = rows else {
                self.error(
                    "feed-rows",
                    head.id.span,
                    format!("来文 `{}` 没有写 行", head.id.text),
                    "如 行 参保 : 个人 主键 参保月份 日期 参保月份",
                );
                continue;
            };
            for column in key.iter().chain(date) {
                if !columns.iter().any(|(c, _)| c.name.text == column.text) {
                    self.error(
                        "feed-key",
                        column.span,
                        format!("`{}` 不是这个来文的列", column.text),
                        "主键和日期写 列 里 → 右边的名称",
                    );
                }
            }
            self.feed_key(key, &columns);
            let (owner, founds) = self.feed_owner(file, entity, &columns);
            let known_by = self.feed_known_by(file, entity, &columns);
            let typed = columns
                .iter()
                .filter_map(|(c, k)| column_type(*k).map(|t| (c.name.text.clone(), t)))
                .collect();
            let rel = self.feed_relation(Relation {
                name: name.text.clone(),
                owner: entity,
                target: None,
                feed: Some(head.id.text.clone()),
                columns: typed,
                date_column: date.as_ref().map(|d| d.text.clone()),
                key_columns: key.iter().map(|k| k.text.clone()).collect(),
                at_most: at_most.unwrap_or(ROWS_MAX),
            });
            let mut plans = Vec::new();
            for (column, kind) in columns {
                plans.push(self.column_item(rel, &name.text, column, kind));
            }
            for plan in &mut plans {
                let keyed = key.iter().any(|k| k.text == plan.name);
                plan.tells_apart = keyed || owner.contains(&plan.name);
            }
            self.feeds.push(FeedPlan {
                id: head.id.text.clone(),
                title: file.title.clone(),
                department: String::new(),
                cycle: String::new(),
                whole: false,
                encoding: String::new(),
                keep_months: None,
                change_limit: None,
                damage_limit: None,
                elsewhere_limit: None,
                companion: false,
                entity,
                from: head
                    .from
                    .as_ref()
                    .and_then(super::day_of)
                    .unwrap_or(self.source.day),
                rows: Some(rel),
                date_column: date.as_ref().map(|d| d.text.clone()),
                owner,
                known_by,
                founds,
                columns: plans,
                refusals: vec![],
                yields: vec![],
                grants: vec![],
            });
        }
    }

    /// 主键 of several columns: each once, and each filled, or two rows with a gap would be one.
    fn feed_key(&mut self, key: &[Name], columns: &[(&ColumnStmt, ColumnKind)]) {
        for (at, part) in key.iter().enumerate() {
            if key.iter().take(at).any(|k| k.text == part.text) {
                self.error(
                    "feed-key-twice",
                    part.span,
                    format!("主键里 `{}` 写了两次", part.text),
                    "一列只写一次",
                );
            }
            let column = columns.iter().find(|(c, _)| c.name.text == part.text);
            if key.len() > 1 && column.is_some_and(|(c, _)| !c.required) {
                self.error(
                    "feed-key-gap",
                    part.span,
                    format!("`{}` 可以不填,不能和别的列一起作主键", part.text),
                    "在这一列后面写 必填,或者主键里不写它",
                );
            }
        }
    }

    /// 拒收 as a quantity of the rows, so that both evaluators can answer it.
    fn refusal(&mut self, plan: &FilePlan, expr: crate::plan::Expr, at: usize) -> ItemId {
        let name = format!("拒收{}", at.saturating_add(1));
        let home = plan.rows.map_or(Home::Entity(plan.entity), Home::Rows);
        let span = expr.span;
        let mut item = super::plain_item(
            &name,
            home,
            Type::Bool,
            Body::Formula {
                expr,
                rounding: None,
            },
            span,
        );
        item.path = format!("{}.{name}", plan.id);
        item.file = self.current.file;
        self.add(item)
    }

    /// A 行 that names a relation of facts.md fills that relation; another name makes a new one.
    fn feed_relation(&mut self, rows: Relation) -> RelId {
        if let Some(id) = self.dict.relation(&rows.name)
            && let Some(known) = self.dict.relations.get_mut(id.at())
            && known.owner == rows.owner
            && known.feed.is_none()
        {
            *known = Relation {
                target: known.target,
                at_most: known.at_most,
                ..rows
            };
            return id;
        }
        let id = RelId(u32::try_from(self.dict.relations.len()).unwrap_or(u32::MAX));
        self.dict.relations.push(rows);
        id
    }

    fn feed_column(&mut self, column: &ColumnStmt) -> Option<ColumnKind> {
        if let TypeText::Named(name) = &column.ty {
            match name.text.as_str() {
                "证件号" => return Some(ColumnKind::IdNumber),
                "姓名" => return Some(ColumnKind::PersonName),
                "卡号" => return Some(ColumnKind::Card),
                "文本" => return Some(ColumnKind::Text),
                "整数" => return Some(ColumnKind::Integer),
                "月份" => return Some(ColumnKind::Month),
                _ => {}
            }
        }
        Some(match self.resolve_type(&column.ty)? {
            Type::Num(unit) => ColumnKind::Number(unit),
            Type::Bool => ColumnKind::Bool,
            Type::Day => ColumnKind::Day,
            Type::Enum(e) | Type::Set(e) => ColumnKind::Enum(e),
            Type::Area => ColumnKind::Text,
        })
    }

    /// 归属: columns of 文本 that every row fills; a household is told by one, and only it is founded.
    fn feed_owner(
        &mut self,
        file: &super::Parsed,
        entity: EntityId,
        columns: &[(&ColumnStmt, ColumnKind)],
    ) -> (Vec<String>, bool) {
        let entity = self.dict.entity_name(entity).to_owned();
        let written = file.file.statements.iter().find_map(|s| match &s.kind {
            Stmt::Owner { columns, founds } => Some((columns, founds, s.span)),
            _ => None,
        });
        let Some((names, founds, span)) = written else {
            if let (true, Some(head)) = (entity == "家庭", file.head()) {
                self.error(
                    "owner-missing",
                    head.id.span,
                    format!("来文 `{}` 一户一行,没有写哪一列是户号", head.id.text),
                    "加一行,如 归属 户号",
                );
            }
            return (vec![], false);
        };
        let filled = |name: &str| {
            columns
                .iter()
                .any(|(c, kind)| c.name.text == name && *kind == ColumnKind::Text && c.required)
        };
        for name in names.iter().filter(|n| !filled(&n.text)) {
            self.error(
                "owner-column",
                name.span,
                format!("归属的 `{}` 不是一列必填的文本", name.text),
                format!("写成 列 … → {} : 文本 必填", name.text),
            );
        }
        if entity != "个人" && (entity != "家庭" || names.len() > 1) {
            self.error(
                "owner-entity",
                span,
                format!("{entity}的来文不能这样写归属"),
                "家庭只写户号一列;个人可以写几列,如 归属 户号 人号;其他的不写",
            );
        }
        if let Some(word) = founds
            && (entity != "家庭" || !filled("居住地区"))
        {
            self.error(
                "owner-founds",
                word.span,
                "立户只用在家庭的来文里,并且要有居住地区",
                "加一列 列 … → 居住地区 : 文本 必填,或删去 立户",
            );
        }
        let names = names.iter().map(|n| n.text.clone()).collect();
        (names, founds.is_some())
    }

    /// 认人: a 日期 and perhaps a 文本 of a feed of persons that has a 姓名.
    fn feed_known_by(
        &mut self,
        file: &super::Parsed,
        entity: EntityId,
        columns: &[(&ColumnStmt, ColumnKind)],
    ) -> Option<KnownBy> {
        let (birth, area, span) = file.file.statements.iter().find_map(|s| match &s.kind {
            Stmt::KnownBy { birth, area } => Some((birth, area.as_ref(), s.span)),
            _ => None,
        })?;
        let named = columns.iter().any(|(_, k)| *k == ColumnKind::PersonName);
        if self.dict.entity_name(entity) != "个人" || !named {
            self.error(
                "known-by-entity",
                span,
                "认人只写在个人的来文里,并且要有一列姓名",
                "没有姓名的来文按证件号或者归属认人,删去这一行",
            );
        }
        let wanted = [
            (Some(birth), ColumnKind::Day, "日期"),
            (area, ColumnKind::Text, "文本"),
        ];
        for (name, kind, word) in wanted {
            let Some(name) = name else { continue };
            let fits = |(c, k): &(&ColumnStmt, ColumnKind)| c.name.text == name.text && *k == kind;
            if !columns.iter().any(fits) {
                self.error(
                    "known-by-column",
                    name.span,
                    format!("认人的 `{}` 不是一列{word}", name.text),
                    format!("写成 列 … → {} : {word}", name.text),
                );
            }
        }
        Some(KnownBy {
            birth: birth.text.clone(),
            area: area.map(|a| a.text.clone()),
        })
    }

    fn column_item(
        &mut self,
        rel: RelId,
        rows: &str,
        column: &ColumnStmt,
        kind: ColumnKind,
    ) -> FeedColumn {
        let item = column_type(kind).map(|ty| {
            let path = format!("{rows}.{}", column.name.text);
            let mut item =
                super::plain_item(&path, Home::Rows(rel), ty, Body::Column, column.name.span);
            column.name.text.clone_into(&mut item.name);
            item.bounds = column_bounds(kind);
            self.add(item)
        });
        if column.credit_code && kind != ColumnKind::Text {
            self.error(
                "credit-code",
                column.name.span,
                format!("`{}` 不是文本,不能写 信用代码", column.name.text),
                "写成 列 … → … : 文本 信用代码,或删去 信用代码",
            );
        }
        if let Some(id) = item {
            self.refuse_forbidden(&column.name);
            self.columns.insert((rel, column.name.text.clone()), id);
        }
        FeedColumn {
            headers: column.headers.iter().map(|h| h.text.clone()).collect(),
            name: column.name.text.clone(),
            kind,
            required: column.required,
            codes: column.codes.as_ref().map(|c| c.text.clone()),
            scientific: column.scientific,
            credit_code: column.credit_code,
            tells_apart: false,
            item,
            fact: None,
        }
    }

    /// The feed's own line, and its refusals with what they say.
    fn own_lines(
        &mut self,
        plan: &FilePlan,
        statements: &[Statement],
    ) -> (FeedLine, Vec<(ItemId, String)>) {
        let mut refusals = Vec::new();
        let mut line = FeedLine::default();
        for statement in statements {
            match &statement.kind {
                Stmt::FeedLine(l) => line = l.clone(),
                Stmt::Refuse { expr, text } => {
                    let frame = Frame {
                        row: plan.rows,
                        inside_aggregate: true,
                    };
                    let said = text
                        .as_ref()
                        .map_or(String::new(), |t| t.words.text.clone());
                    if said.is_empty() {
                        self.error(
                            "refuse-reason",
                            statement.span,
                            "拒收 没有写 说明",
                            "写上拒收的理由,如 说明 工资不能为负",
                        );
                    }
                    if let Some(expr) = self.truth(expr, frame) {
                        refusals.push((self.refusal(plan, expr, refusals.len()), said));
                    }
                }
                _ => {}
            }
        }
        (line, refusals)
    }

    /// After a feed's statements: its own line, refusals, and the facts it yields.
    pub(super) fn finish_feed(&mut self, plan: &FilePlan) {
        let Some(at) = self.feeds.iter().position(|f| f.id == plan.id) else {
            return;
        };
        let Some(parsed) = self
            .source
            .files
            .iter()
            .find(|f| f.path == plan.path)
            .copied()
        else {
            return;
        };
        let (line, refusals) = self.own_lines(plan, &parsed.file.statements);
        let Some(department) = &line.department else {
            if !self.current.whole {
                return;
            }
            let span = parsed.head().map_or(crate::Span::default(), |h| h.id.span);
            let said = format!("来文 `{}` 没有写部门", plan.id);
            let help = "加一行:部门 … 周期 每月 编码 自动 保留 36 月 变动上限 5%";
            self.error("feed-department", span, said, help);
            return;
        };
        let hundredths = |share: Option<&Name>| {
            let r = Self::scaled(&share?.text, crate::unit::Unit::RATIO)?;
            u32::try_from(r.num().checked_mul(100)?.checked_div(r.den())?).ok()
        };
        let (change, damage, elsewhere) = (
            hundredths(line.change_limit.as_ref()),
            hundredths(line.damage_limit.as_ref()),
            hundredths(line.elsewhere_limit.as_ref()),
        );
        let fact_of = |name: &str| {
            let from_here = self.dict.facts.iter().any(|f| {
                // What is seen at the door may also come as a list of what was seen.
                let seen = f.source == "走访" && plan.path.starts_with("localities/");
                f.name == name && f.entity == plan.entity && (f.source == plan.id || seen)
            });
            let built_in = name == "城乡";
            self.entity_items
                .get(&(plan.entity, name.to_owned()))
                .copied()
                .filter(|_| from_here || built_in)
        };
        let yields = plan
            .items
            .iter()
            .filter_map(|id| Some((fact_of(&self.item(*id)?.name)?, *id)))
            .collect();
        let facts: Vec<_> = self
            .feeds
            .get(at)
            .map(|f| f.columns.iter().map(|c| fact_of(&c.name)).collect())
            .unwrap_or_default();
        let Some(feed) = self.feeds.get_mut(at) else {
            return;
        };
        department.text.clone_into(&mut feed.department);
        feed.cycle = line.cycle.map_or(String::new(), |c| c.text);
        feed.whole = line.whole;
        feed.encoding = line.encoding.map_or(String::new(), |c| c.text);
        feed.keep_months = line.keep_months;
        feed.change_limit = change;
        feed.damage_limit = damage;
        feed.elsewhere_limit = elsewhere;
        feed.companion = line.companion;
        feed.refusals = refusals;
        feed.yields = yields;
        feed.grants.clone_from(&plan.grants);
        for (column, fact) in feed.columns.iter_mut().zip(facts) {
            column.fact = fact;
        }
    }
}

/// The type rules see; identity and free text are seen by none.
fn column_type(kind: ColumnKind) -> Option<Type> {
    Some(match kind {
        ColumnKind::IdNumber | ColumnKind::PersonName | ColumnKind::Card | ColumnKind::Text => {
            return None;
        }
        ColumnKind::Integer => Type::Num(crate::unit::Unit::RATIO),
        ColumnKind::Number(unit) => Type::Num(unit),
        ColumnKind::Bool => Type::Bool,
        ColumnKind::Day | ColumnKind::Month => Type::Day,
        ColumnKind::Enum(e) => Type::Enum(e),
    })
}

/// What a cell may hold: up to a hundred million 元, or a million of anything else, both ways.
fn column_bounds(kind: ColumnKind) -> Option<crate::plan::Bounds> {
    let (most, den) = match kind {
        ColumnKind::Number(unit) if unit.money_power() != 0 => (10_000_000_000, 1),
        ColumnKind::Number(_) => (1_000_000 * crate::plan::FACT_DEN, crate::plan::FACT_DEN),
        ColumnKind::Integer => (1_000_000_000, 1),
        _ => return None,
    };
    Some(crate::plan::Bounds {
        num_min: -most,
        num_max: most,
        den_min: den,
        den_max: den,
    })
}

//! facts.md: entities, enumerations, relations, statuses and facts become items.

use super::{Builder, plain_item};
use crate::ast::{FactStmt, Name, Stmt, TypeText};
use crate::dict::{Asking, Enumeration, FactDef, Relation, Sensitivity, StatusDef};
use crate::plan::{Body, Bounds, EntityId, Home, Type};
use crate::problem::nearest;
use crate::unit::Unit;
use crate::value::Ratio;

/// Rows a relation may have for one owner when 至多 is not written.
const ROWS_MAX: u32 = 1_000;

/// Units measured with decimals; facts in other units are whole numbers (of 分, for money).
const FRACTIONAL: [&str; 7] = ["比例", "套", "平方米", "亩", "公里", "时", "分值"];

impl Builder<'_> {
    /// Entities, enumerations and relations first: facts and files name them.
    pub(super) fn dictionary(&mut self) {
        let files = self.source.files.clone();
        for file in &files {
            self.current.path.clone_from(&file.path);
            for statement in &file.file.statements {
                match &statement.kind {
                    Stmt::Entities(names) => {
                        let fresh = names
                            .iter()
                            .filter(|n| !self.dict.entities.contains(&n.text));
                        self.dict
                            .entities
                            .extend(fresh.map(|n| n.text.clone()).collect::<Vec<_>>());
                    }
                    Stmt::Forbidden(names) => {
                        self.forbidden.extend(names.iter().map(|n| n.text.clone()));
                    }
                    Stmt::Enumeration {
                        name,
                        members,
                        ordered,
                    } => self.enumeration(name, members, *ordered),
                    _ => {}
                }
            }
        }
        for file in &files {
            self.current.path.clone_from(&file.path);
            for statement in &file.file.statements {
                if let Stmt::Relation {
                    name,
                    owner,
                    target,
                    at_most,
                } = &statement.kind
                {
                    self.relation(name, owner, target, *at_most);
                }
            }
        }
    }

    fn enumeration(&mut self, name: &Name, members: &[Name], ordered: bool) {
        if self.dict.enumeration(&name.text).is_some() {
            let said = format!("枚举 `{}` 写了两次", name.text);
            self.error("enum-twice", name.span, said, "只留一处");
            return;
        }
        for (at, member) in members.iter().enumerate() {
            if members.iter().take(at).any(|m| m.text == member.text) {
                let said = format!("枚举 `{}` 里 `{}` 写了两次", name.text, member.text);
                self.error("member-twice", member.span, said, "删去一个");
            }
        }
        let members = members.iter().map(|m| m.text.clone()).collect();
        self.dict.enums.push(Enumeration {
            name: name.text.clone(),
            members,
            ordered,
        });
    }

    fn relation(&mut self, name: &Name, owner: &Name, target: &Name, at_most: Option<u32>) {
        let (Some(owner), Some(target)) = (self.entity(owner), self.entity(target)) else {
            return;
        };
        if self.dict.relation(&name.text).is_some() {
            let said = format!("关系 `{}` 写了两次", name.text);
            self.error("relation-twice", name.span, said, "只留一处");
            return;
        }
        self.dict.relations.push(Relation {
            name: name.text.clone(),
            owner,
            target: Some(target),
            feed: None,
            columns: vec![],
            date_column: None,
            key_columns: vec![],
            at_most: at_most.unwrap_or(ROWS_MAX),
        });
    }

    pub(super) fn entity(&mut self, name: &Name) -> Option<EntityId> {
        let found = self.dict.entity(&name.text);
        if found.is_none() {
            let near = nearest(&name.text, self.dict.entities.iter().map(String::as_str))
                .map(str::to_owned);
            let said = format!("没有 `{}` 这个实体", name.text);
            let help = near.map_or_else(
                || format!("facts.md 里的实体是:{}", self.dict.entities.join("、")),
                |n| format!("是不是 `{n}`?"),
            );
            self.error("entity-unknown", name.span, said, help);
        }
        found
    }

    /// Statuses, built-in and declared facts become the first items.
    pub(super) fn declare_facts(&mut self) {
        for at in 0..self.dict.entities.len() {
            let entity = EntityId(u32::try_from(at).unwrap_or(u32::MAX));
            let mut built_in = vec![("地区", Type::Area)];
            built_in.extend(
                self.dict
                    .enumeration("城乡")
                    .map(|e| ("城乡", Type::Enum(e))),
            );
            for (name, ty) in built_in {
                let home = Home::Entity(entity);
                let id = self.add(plain_item(
                    name,
                    home,
                    ty,
                    Body::Fact,
                    crate::Span::default(),
                ));
                self.entity_items.insert((entity, name.to_owned()), id);
            }
        }
        for file in &self.source.files.clone() {
            self.current.path.clone_from(&file.path);
            for statement in &file.file.statements {
                match &statement.kind {
                    Stmt::Status { name, entity } => self.status(name, entity),
                    Stmt::Fact(fact) => self.fact(fact),
                    _ => {}
                }
            }
        }
    }

    fn status(&mut self, name: &Name, entity: &Name) {
        let Some(owner) = self.entity(entity) else {
            return;
        };
        if self.taken(owner, name) {
            return;
        }
        let home = Home::Entity(owner);
        let id = self.add(plain_item(
            &name.text,
            home,
            Type::Bool,
            Body::Status,
            name.span,
        ));
        self.entity_items.insert((owner, name.text.clone()), id);
        for (suffix, body) in [("起", Body::StatusStart(id)), ("止", Body::StatusEnd(id))] {
            let whole = format!("{}.{suffix}", name.text);
            let end = self.add(plain_item(&whole, home, Type::Day, body, name.span));
            self.entity_items.insert((owner, whole), end);
        }
        self.dict.statuses.push(StatusDef {
            name: name.text.clone(),
            entity: owner,
            span: name.span,
        });
    }

    fn taken(&mut self, owner: EntityId, name: &Name) -> bool {
        let taken = self.entity_items.contains_key(&(owner, name.text.clone()));
        if taken {
            let said = format!("`{}` 已经是这个实体的事实或身份", name.text);
            self.error("fact-twice", name.span, said, "只留一处,或换一个名称");
        }
        taken
    }

    /// Least and greatest value of a fact that is a number.
    fn fact_range(&mut self, fact: &FactStmt, ty: Type) -> Option<(Ratio, Ratio)> {
        let name = &fact.name.text;
        let (said, help) = match (&fact.range, ty) {
            (None, Type::Num(_)) => {
                let said = format!("数值事实 `{name}` 没有写范围");
                (said, "在单位后面写上 最小..最大,如 元/月 0..100000")
            }
            (Some(_), Type::Bool | Type::Day | Type::Enum(_) | Type::Set(_) | Type::Area) => {
                let said = format!("事实 `{name}` 是 {},没有大小范围", self.type_name(ty));
                (said, "删去范围")
            }
            (None, _) => return None,
            (Some((low, high)), Type::Num(unit)) => {
                let range = Self::scaled(&low.text, unit).zip(Self::scaled(&high.text, unit));
                let fits = |(low, high): &(Ratio, Ratio)| {
                    fraction_bounds(*low, *high).is_some_and(Bounds::fits)
                };
                match range.filter(fits) {
                    None => (format!("事实 `{name}` 的范围太大,放不下"), "核对数和单位"),
                    Some((low, high)) if low > high => {
                        (format!("事实 `{name}` 的范围前大后小"), "写成 最小..最大")
                    }
                    Some(range) => return Some(range),
                }
            }
        };
        self.error("fact-range", fact.name.span, said, help);
        None
    }

    /// What a rule could read must not be what no decision may rest on.
    pub(super) fn refuse_forbidden(&mut self, name: &Name) {
        if self.forbidden.contains(&name.text) {
            let said = format!("`{}` 不得用来判断一个人能不能得到帮助", name.text);
            let help = "删去它;只是随文件带来、规则不看的,写成 文本 列";
            self.error("fact-forbidden", name.span, said, help);
        }
    }

    fn fact(&mut self, fact: &FactStmt) {
        let (Some(owner), Some(ty)) = (self.entity(&fact.entity), self.resolve_type(&fact.ty))
        else {
            return;
        };
        if self.taken(owner, &fact.name) {
            return;
        }
        self.refuse_forbidden(&fact.name);
        let range = self.fact_range(fact, ty);
        let Some(source) = &fact.source else {
            let said = format!("事实 `{}` 没有写来源", fact.name.text);
            self.error(
                "fact-source",
                fact.name.span,
                said,
                "写上 来文 编号,或 来源 走访、来源 申请",
            );
            return;
        };
        let home = Home::Entity(owner);
        let mut item = plain_item(&fact.name.text, home, ty, Body::Fact, fact.name.span);
        // A fact of the month is a whole number of 分 or of its unit.
        item.bounds = range.and_then(|(low, high)| {
            Some(Bounds {
                num_min: low.num().checked_div(low.den())?,
                num_max: high.num().checked_div(high.den())?,
                den_min: 1,
                den_max: 1,
            })
        });
        if let Type::Num(unit) = ty
            && FRACTIONAL.iter().any(|u| Unit::parse(u) == Some(unit))
        {
            item.bounds = range.and_then(|(low, high)| fraction_bounds(low, high));
        }
        let id = self.add(item);
        self.entity_items
            .insert((owner, fact.name.text.clone()), id);
        let sensitivity = if fact.sensitive {
            Sensitivity::Sensitive
        } else {
            Sensitivity::Ordinary
        };
        let ask = self.asking(fact, owner);
        self.dict.facts.push(FactDef {
            name: fact.name.text.clone(),
            ty,
            range,
            entity: owner,
            source: source.text.clone(),
            sensitivity,
            keep_months: fact.keep_months,
            ask,
            span: fact.name.span,
        });
    }

    /// How a resident is asked: only for what a family knows of itself, and in words.
    fn asking(&mut self, fact: &FactStmt, owner: EntityId) -> Option<Asking> {
        let (words, help) = fact.ask.as_ref()?;
        let name = &fact.name.text;
        if !["家庭", "个人"].contains(&self.dict.entity_name(owner)) {
            let said = format!("`{name}` 不是家庭或者个人的事实,不能问居民");
            self.error("fact-ask", words.span, said, "删去 问");
            return None;
        }
        if words.text.is_empty() {
            let said = format!("`{name}` 的 问 后面没有写问什么");
            let help = "写上居民看得懂的问法,如 问 残疾人证上写的是几级";
            self.error("fact-ask", fact.name.span, said, help);
            return None;
        }
        Some(Asking {
            words: words.text.clone(),
            help: help.as_ref().map(|h| h.text.clone()),
        })
    }

    /// A number as written, in the machine's scale of the unit.
    pub(super) fn scaled(text: &str, unit: Unit) -> Option<Ratio> {
        let (sign, digits) = text.strip_prefix('-').map_or((1, text), |d| (-1, d));
        let (whole, decimals) = digits.split_once('.').unwrap_or((digits, ""));
        let joined: i128 = format!("{whole}{decimals}").parse().ok()?;
        let den = 10_i128.checked_pow(u32::try_from(decimals.len()).ok()?)?;
        let value = Ratio::new(joined.checked_mul(sign)?, den)?;
        match unit.money_power() {
            0 => Some(value),
            1 => value.mul(Ratio::whole(100)),
            -1 => value.div(Ratio::whole(100)),
            _ => None,
        }
    }

    pub(super) fn resolve_type(&mut self, ty: &TypeText) -> Option<Type> {
        match ty {
            TypeText::Named(name) => {
                let found = self.named_type(&name.text);
                if found.is_none() {
                    let text = name.text.as_str();
                    let known = self.dict.enums.iter().map(|e| e.name.as_str());
                    let known = known
                        .chain(crate::unit::BASES)
                        .chain(["是否", "日期", "比例"]);
                    let help = nearest(text, known).map_or_else(
                        || {
                            format!(
                                "枚举先在 facts.md 里写;单位由这些组成:{}",
                                crate::unit::BASES.join("、")
                            )
                        },
                        |n| format!("是不是 `{n}`?"),
                    );
                    let said = format!("`{text}` 不是单位,也不是枚举");
                    self.error("type-unknown", name.span, said, help);
                }
                found
            }
            TypeText::Members(members, _) => {
                let members: Vec<String> = members.iter().map(|m| m.text.clone()).collect();
                let at = self
                    .dict
                    .enums
                    .iter()
                    .position(|e| e.name.is_empty() && e.members == members);
                let at = at.unwrap_or_else(|| {
                    self.dict.enums.push(Enumeration {
                        name: String::new(),
                        members,
                        ordered: false,
                    });
                    self.dict.enums.len().saturating_sub(1)
                });
                u32::try_from(at)
                    .ok()
                    .map(|i| Type::Enum(crate::plan::EnumId(i)))
            }
        }
    }

    pub(super) fn named_type(&self, text: &str) -> Option<Type> {
        match text {
            "是否" => Some(Type::Bool),
            "日期" | "月份" => Some(Type::Day),
            _ => {
                let unit = || Unit::parse(text).map(Type::Num);
                self.dict.enumeration(text).map(Type::Enum).or_else(unit)
            }
        }
    }

    /// A type's name for people.
    pub(super) fn type_name(&self, ty: Type) -> String {
        match ty {
            Type::Num(unit) => unit.to_string(),
            Type::Bool => "是否".to_owned(),
            Type::Day => "日期".to_owned(),
            Type::Area => "地区".to_owned(),
            Type::Enum(e) | Type::Set(e) => self.dict.enum_of(e).map_or(String::new(), |e| {
                if e.name.is_empty() {
                    format!("{{{}}}", e.members.join("、"))
                } else {
                    e.name.clone()
                }
            }),
        }
    }
}

/// Ratios and plain counts may be recorded with up to four decimals.
fn fraction_bounds(low: Ratio, high: Ratio) -> Option<Bounds> {
    let den = crate::plan::FACT_DEN;
    let num = |r: Ratio| r.num().checked_mul(den)?.checked_div(r.den());
    Some(Bounds {
        num_min: num(low)?,
        num_max: num(high)?,
        den_min: den,
        den_max: den,
    })
}

//! Finds what a written name means at its place.

use super::Builder;
use crate::ast::Path;
use crate::feed::ColumnKind;
use crate::plan::{Body, EntityId, Home, ItemId, RelId, Step};
use crate::problem::{Span, nearest};

/// The place an expression stands at.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Frame {
    /// The relation whose row is at hand.
    pub row: Option<RelId>,
    /// Whether the rows of a relation may be counted here.
    pub inside_aggregate: bool,
}

impl Builder<'_> {
    /// What a path means, without telling a problem.
    pub(super) fn lookup(&self, path: &Path, frame: Frame) -> Option<(ItemId, Step)> {
        let words: Vec<&str> = path.parts.iter().map(|p| p.text.as_str()).collect();
        let own = self.current.entity?;
        if let Some(id) = self.current.names.get(&words.join(".")) {
            return Some((*id, self.step_of(*id, &words, frame)?));
        }
        match words.as_slice() {
            [name] => self.own_name(own, name),
            [first, rest @ ..] => {
                if let Some(rel) = self.dict.relation(first) {
                    return self.row_name(rel, rest, frame);
                }
                if let Some((entity, step)) = self.back(first) {
                    return self.entity_name(entity, rest).map(|id| (id, step));
                }
                if let Some(id) = self.entity_items.get(&(own, words.join("."))) {
                    return Some((*id, Step::Own));
                }
                self.file_name(own, first, rest, frame)
            }
            [] => None,
        }
    }

    fn step_of(&self, id: ItemId, words: &[&str], frame: Frame) -> Option<Step> {
        let item = self.item(id)?;
        if let Home::Rows(rel) = item.home {
            return (frame.row == Some(rel)).then_some(Step::Row);
        }
        let first = words.first().copied().unwrap_or("");
        if words.len() > 1 {
            if let Some((_, step)) = self.back(first) {
                return Some(step);
            }
            if let Some(rel) = self.dict.relation(first) {
                return (frame.row == Some(rel)).then_some(Step::Row);
            }
        }
        Some(Step::Own)
    }

    fn own_name(&self, own: EntityId, name: &str) -> Option<(ItemId, Step)> {
        // A status and 地区, 城乡 need no 输入; other facts do.
        let id = *self.entity_items.get(&(own, name.to_owned()))?;
        let free = matches!(self.item(id)?.body, Body::Status) || name == "地区" || name == "城乡";
        free.then_some((id, Step::Own))
    }

    /// 本户 and 本地.
    pub(super) fn back(&self, word: &str) -> Option<(EntityId, Step)> {
        match word {
            "本户" => Some((self.dict.entity("家庭")?, Step::Household)),
            "本地" => Some((self.dict.entity("地区")?, Step::Area)),
            _ => None,
        }
    }

    fn row_name(&self, rel: RelId, rest: &[&str], frame: Frame) -> Option<(ItemId, Step)> {
        if frame.row != Some(rel) {
            return None;
        }
        if let [name] = rest
            && let Some(id) = self.columns.get(&(rel, (*name).to_owned()))
        {
            return Some((*id, Step::Row));
        }
        let target = self.dict.relation_of(rel)?.target?;
        self.entity_name(target, rest).map(|id| (id, Step::Row))
    }

    /// A fact, a status, its days, or `file.name`, of an entity one step away.
    fn entity_name(&self, entity: EntityId, rest: &[&str]) -> Option<ItemId> {
        if let Some(id) = self.entity_items.get(&(entity, rest.join("."))) {
            return Some(*id);
        }
        let [file, name] = rest else { return None };
        let id = *self.index.get(&format!("{file}.{name}"))?;
        (self.item(id)?.home == Home::Entity(entity)).then_some(id)
    }

    fn file_name(
        &self,
        own: EntityId,
        file: &str,
        rest: &[&str],
        frame: Frame,
    ) -> Option<(ItemId, Step)> {
        let id = *self.index.get(&format!("{file}.{}", rest.join(".")))?;
        match self.item(id)?.home {
            Home::Entity(entity) => (entity == own).then_some((id, Step::Own)),
            Home::Rows(rel) => (frame.row == Some(rel)).then_some((id, Step::Row)),
        }
    }

    /// What a path means; tells why it means nothing.
    pub(super) fn resolve(&mut self, path: &Path, frame: Frame) -> Option<(ItemId, Step)> {
        if let Some(found) = self.lookup(path, frame) {
            self.note_read(found.0);
            return Some(found);
        }
        if self.told_before(path) {
            return None;
        }
        let (code, said, help) = self.why_not(path, frame);
        // A name of a statement that could not be read is not missing.
        if self.current.whole || code != "name-unknown" {
            self.error(code, path.span(), said, help);
        }
        None
    }

    /// Whether what keeps the name from being known was told at another place.
    fn told_before(&self, path: &Path) -> bool {
        let in_ring = path.parts.iter().any(|p| {
            let ring = (self.current.path.clone(), p.text.clone());
            self.rings.contains(&ring)
        });
        in_ring || self.current.broken.contains(&path.text())
    }

    pub(super) fn note_read(&mut self, id: ItemId) {
        if let Some(file) = self.item(id).and_then(|i| i.file)
            && Some(file) != self.current.file
        {
            self.current.reads.insert(file);
        }
    }

    fn why_not(&self, path: &Path, frame: Frame) -> (&'static str, String, String) {
        let text = path.text();
        let words: Vec<&str> = path.parts.iter().map(|p| p.text.as_str()).collect();
        let first = words.first().copied().unwrap_or("");
        if self.current.defining == text {
            let said = format!("`{text}` 用到了自己");
            let help = "上月的数用 当时(量, 上月末);本月的另起一个名称";
            return ("name-self", said, help.to_owned());
        }
        if self.current.later.contains(&text) {
            let said = format!("`{text}` 写在后面,这里还没有");
            return ("name-later", said, format!("把 `{text}` 移到前面:先写再用"));
        }
        if let Some(own) = self.current.entity {
            if words.len() == 1 && self.entity_items.contains_key(&(own, text.clone())) {
                let said = format!("`{text}` 是事实,但这个文件没有写它是输入");
                return (
                    "input-missing",
                    said,
                    format!("在前面加一行:输入 {text} : {}", self.fact_type(own, &text)),
                );
            }
            if let Some(rel) = self.dict.relation(first) {
                return self.why_not_row(rel, own, &text, frame);
            }
            if words.len() > 1 && self.file_index.contains_key(first) {
                return self.why_not_file(first, &words, own);
            }
            if words.len() > 1 && self.back(first).is_none() {
                return self.why_no_file(first, &words);
            }
        }
        let near = nearest(&text, self.known_names().iter().map(String::as_str)).map(str::to_owned);
        let help = near.map_or_else(
            || "先用 输入、引用、参数 或 计算 写出它,再使用".to_owned(),
            |n| format!("是不是 `{n}`?"),
        );
        ("name-unknown", format!("没有 `{text}` 这个量"), help)
    }

    fn fact_type(&self, own: EntityId, name: &str) -> String {
        let id = self.entity_items.get(&(own, name.to_owned()));
        id.and_then(|i| self.item(*i))
            .map_or(String::new(), |i| self.type_name(i.ty))
    }

    fn why_not_row(
        &self,
        rel: RelId,
        own: EntityId,
        text: &str,
        frame: Frame,
    ) -> (&'static str, String, String) {
        let name = self.dict.relation_of(rel).map_or("", |r| r.name.as_str());
        let owner = self.dict.relation_of(rel).map(|r| r.owner);
        let second = text.split('.').nth(1).and_then(|n| self.dict.relation(n));
        if second.is_some() || frame.row.is_some_and(|r| r != rel) {
            let said = format!("`{text}` 隔了两步关系,一个文件只能看一步");
            return (
                "two-steps",
                said,
                "把里面的一步写成另一个文件的量,再引用它".to_owned(),
            );
        }
        if frame.row.is_none() && owner == Some(own) {
            let said = format!("`{text}` 每一行各有一个值,不能直接用");
            return (
                "row-outside",
                said,
                format!("用 合计({text})、任一({name} : …) 等把各行合起来"),
            );
        }
        if owner != Some(own) {
            let (said, help) = self.wrong_owner(rel);
            return ("relation-owner", said, help);
        }
        if let Some(kind) = self.identity_column(rel, text) {
            let said = format!("`{text}` 是{kind},规则里不能用");
            return (
                "identity-column",
                said,
                "规则只看事实,不看是谁;去掉这一处".to_owned(),
            );
        }
        let known: Vec<String> = self
            .columns
            .keys()
            .filter(|(r, _)| *r == rel)
            .map(|(_, n)| format!("{name}.{n}"))
            .collect();
        let target = self.dict.relation_of(rel).and_then(|r| r.target);
        let facts = self
            .entity_items
            .keys()
            .filter(|(e, _)| Some(*e) == target)
            .map(|(_, n)| format!("{name}.{n}"));
        let all: Vec<String> = known
            .into_iter()
            .chain(facts)
            .chain(self.current.names.keys().cloned())
            .collect();
        let help = nearest(text, all.iter().map(String::as_str)).map_or_else(
            || format!("先在 facts.md 里写这个事实,或用 计算 {text} 算出它"),
            |n| format!("是不是 `{n}`?"),
        );
        ("name-unknown", format!("没有 `{text}` 这个量"), help)
    }

    /// A relation of another entity's: whose it is, and what to do.
    pub(super) fn wrong_owner(&self, rel: RelId) -> (String, String) {
        let relation = self.dict.relation_of(rel);
        let name = relation.map_or("", |r| r.name.as_str());
        let owner = relation.map_or("", |r| self.dict.entity_name(r.owner));
        let own = self.current.entity.map_or("", |e| self.dict.entity_name(e));
        let help = format!("写一个每 {owner} 的文件,再用 本户.、本地. 或关系引用它的量");
        (format!("`{name}` 是{owner}的关系,这个文件是{own}的"), help)
    }

    /// 证件号, 姓名, 卡号 and 文本 are read from a feed but never by a rule.
    fn identity_column(&self, rel: RelId, text: &str) -> Option<&'static str> {
        let (_, name) = text.split_once('.')?;
        let feed = self.feeds.iter().find(|f| f.rows == Some(rel))?;
        let column = feed.columns.iter().find(|c| c.name == name)?;
        match column.kind {
            ColumnKind::IdNumber => Some("证件号"),
            ColumnKind::PersonName => Some("姓名"),
            ColumnKind::Card => Some("卡号"),
            ColumnKind::Text => Some("文本"),
            _ => None,
        }
    }

    fn why_no_file(&self, file: &str, words: &[&str]) -> (&'static str, String, String) {
        let rest = words.get(1..).unwrap_or(&[]).join(".");
        let mut known: Vec<&str> = self.file_index.keys().map(String::as_str).collect();
        known.sort_unstable();
        let help = nearest(file, known).map_or_else(
            || "核对文件的编号;那个文件当日要在施行".to_owned(),
            |n| format!("是不是 `{n}.{rest}`?"),
        );
        (
            "name-unknown",
            format!("没有 `{file}` 这个文件或关系"),
            help,
        )
    }

    fn why_not_file(
        &self,
        file: &str,
        words: &[&str],
        own: EntityId,
    ) -> (&'static str, String, String) {
        let name = words.get(1..).unwrap_or(&[]).join(".");
        let found = self
            .index
            .get(&format!("{file}.{name}"))
            .and_then(|i| self.item(*i));
        if let Some(item) = found
            && let Home::Entity(entity) = item.home
            && entity != own
        {
            let said = format!(
                "`{file}` 是{}的文件,这里是{}",
                self.dict.entity_name(entity),
                self.dict.entity_name(own)
            );
            let help = match self.dict.entity_name(entity) {
                "家庭" => format!("写成 本户.{file}.{name}"),
                "地区" => format!("写成 本地.{file}.{name}"),
                _ => format!("写成 成员.{file}.{name},并用 合计、任一 等合起来"),
            };
            return ("file-entity", said, help);
        }
        let prefix = format!("{file}.");
        let known = self.index.keys().filter_map(|k| k.strip_prefix(&prefix));
        let help = nearest(&name, known).map_or_else(
            || format!("文件 `{file}` 里没有它;看那个文件写了哪些量"),
            |n| format!("是不是 `{file}.{n}`?"),
        );
        (
            "name-unknown",
            format!("文件 `{file}` 里没有 `{name}`"),
            help,
        )
    }

    fn known_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.current.names.keys().cloned().collect();
        if let Some(own) = self.current.entity {
            names.extend(
                self.entity_items
                    .keys()
                    .filter(|(e, _)| *e == own)
                    .map(|(_, n)| n.clone()),
            );
        }
        names.extend(self.file_index.keys().map(|f| format!("{f}.符合")));
        names.sort();
        names
    }

    /// Puts a name of this file; tells when it is taken.
    pub(super) fn define(&mut self, key: &str, id: ItemId, span: Span) {
        if self.current.names.insert(key.to_owned(), id).is_some() {
            let said = format!("`{key}` 在这个文件里写了两次");
            self.error("name-twice", span, said, "换一个名称,或删去一处");
        }
    }
}

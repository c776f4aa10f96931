//! 参数: dated numbers, in the rule text or filled by the locality.

use super::scope::Frame;
use super::{Builder, day_of};
use crate::ast::ParamStmt;
use crate::params::Row;
use crate::plan::{Body, Bounds, EnumId, FilePlan, Home, Item, Param, ParamKey, ParamValue, Type};
use crate::problem::{Problem, Span};
use crate::unit::Unit;
use crate::value::{Ratio, Value};

/// Tables with more cells than this are looked up, not checked cell by cell.
const CELLS_MAX: u32 = 10_000;

impl Builder<'_> {
    pub(super) fn param(&mut self, stmt: &ParamStmt, plan: &mut FilePlan) -> Option<()> {
        let ty = self.resolve_type(&stmt.ty)?;
        let mut keys = Vec::new();
        for key in &stmt.keys {
            if key.text == "地区" {
                keys.push(ParamKey::Area);
            } else if let Some(e) = self.dict.enumeration(&key.text) {
                keys.push(ParamKey::Enum(e));
            } else {
                self.error(
                    "key-unknown",
                    key.span,
                    format!("参数不能按 `{}` 分:它不是枚举", key.text),
                    "写 地区、城乡 或 facts.md 里的枚举",
                );
                return None;
            }
        }
        let mut values = self.written_values(stmt, ty, &keys)?;
        self.fill(stmt, ty, &keys, &mut values, plan)?;
        let bounds = self.param_bounds(&values, ty, stmt.name.span);
        let path = format!("{}.{}", plan.id, stmt.name.text);
        let body = Body::Param(Param { keys, values });
        let item = Item {
            name: stmt.name.text.clone(),
            path,
            file: self.current.file,
            home: Home::Entity(plan.entity),
            ty,
            body,
            bounds,
            span: stmt.name.span,
        };
        let id = self.add(item);
        self.define(&stmt.name.text, id, stmt.name.span);
        plan.items.push(id);
        Some(())
    }

    /// The dated values written in the rule text.
    fn written_values(
        &mut self,
        stmt: &ParamStmt,
        ty: Type,
        keys: &[ParamKey],
    ) -> Option<Vec<ParamValue>> {
        let width = keys
            .iter()
            .filter(|k| matches!(k, ParamKey::Enum(_)))
            .count();
        let mut values: Vec<ParamValue> = Vec::new();
        for row in &stmt.values {
            let value = self.expr(&row.value, Frame::default(), Some(ty))?;
            let crate::plan::ExprKind::Literal(literal) = value.kind else {
                let said = format!("参数 `{}` 的值要写一个数", stmt.name.text);
                self.error("param-literal", row.value.span, said, "算出来的量用 计算");
                return None;
            };
            if value.ty != ty {
                let (want, have) = (self.type_name(ty), self.type_name(value.ty));
                let said = format!("`{}` 是 {want},这里的值是 {have}", stmt.name.text);
                self.error(
                    "param-unit",
                    row.value.span,
                    said,
                    format!("写成 {want} 的数"),
                );
                return None;
            }
            let Some(from) = day_of(&row.from) else {
                let said = format!("没有 `{}` 这一天", row.from.text);
                self.error("date-none", row.from.span, said, "核对年月日");
                return None;
            };
            if values.last().is_some_and(|v| v.from >= from) {
                let said = format!("参数 `{}` 的日期要从早到晚", stmt.name.text);
                self.error("param-order", row.from.span, said, "按日期排好");
            }
            let Some(source) = &row.source else {
                let said = format!("`{}` 的这个数没有写来源", stmt.name.text);
                let help = "在后面写上文件名;没有文件的写 示例值";
                self.error("param-source", row.from.span, said, help);
                return None;
            };
            if let Some(last) = values.last_mut() {
                last.to = from.add_days(-1);
            }
            values.push(ParamValue {
                area: String::new(),
                keys: vec![None; width],
                from,
                to: None,
                value: literal,
                source: source.text.clone(),
            });
        }
        Some(values)
    }

    /// Rows of the locality's parameters.csv that fill this parameter.
    fn fill(
        &mut self,
        stmt: &ParamStmt,
        ty: Type,
        keys: &[ParamKey],
        values: &mut Vec<ParamValue>,
        plan: &FilePlan,
    ) -> Option<()> {
        let filled = self.source.filled;
        let mine: Vec<_> = filled
            .rows
            .iter()
            .filter(|r| r.file == plan.id && r.name == stmt.name.text)
            // A number for a time in which this version is not in force fills another version.
            .filter(|r| {
                plan.to.is_none_or(|to| r.from.is_none_or(|f| f <= to))
                    && r.to.is_none_or(|t| t >= plan.from)
            })
            .collect();
        if !mine.is_empty() && !values.is_empty() {
            let said = format!("`{}` 已在规则里写了数,各地不能再改", stmt.name.text);
            self.error(
                "param-override",
                stmt.name.span,
                said,
                "删去规则里的数,或删去 parameters.csv 里的行;真有不同规定的,替换整个文件",
            );
            return None;
        }
        let mut unread = false;
        for row in mine {
            match self.filled_value(row, stmt, ty, keys) {
                Some(value) => values.push(value),
                None => unread = true,
            }
        }
        values.sort_by(|a, b| (&a.area, &a.keys, a.from).cmp(&(&b.area, &b.keys, b.from)));
        self.close_periods(stmt, values);
        if unread {
            // What a row in error would have said is not missed.
            return Some(());
        }
        self.complete(stmt, keys, values);
        if values.is_empty() && self.source.adopted.contains(&plan.id) {
            let said = format!(
                "`{}` 没有数:{} 采用了这个文件,参数表里却没有它",
                stmt.name.text, self.source.place
            );
            let help = format!("在 parameters.csv 加一行:{},{},…", plan.id, stmt.name.text);
            self.error("param-open", stmt.name.span, said, help);
        }
        Some(())
    }

    /// A row of parameters.csv as a dated value of this parameter.
    fn filled_value(
        &mut self,
        row: &Row,
        stmt: &ParamStmt,
        ty: Type,
        keys: &[ParamKey],
    ) -> Option<ParamValue> {
        let number = row.number;
        let shown = match ty {
            Type::Num(unit) => unit.to_string(),
            _ => String::new(),
        };
        if !row.unit.is_empty()
            && !shown.is_empty()
            && Unit::parse(&row.unit) != Unit::parse(&shown)
        {
            let said = format!(
                "第 {number} 行 `{}` 的单位是 `{}`,规则里是 {shown}",
                row.name, row.unit
            );
            self.fail_row("param-unit", row, said, format!("把数换算成 {shown}"));
            return None;
        }
        let value = crate::show::parse_cell(&row.value, ty, &self.dict)
            .ok()
            .filter(|v| v.is_known());
        let Some(value) = value else {
            let said = format!("第 {number} 行 `{}` 的值 `{}` 读不懂", row.name, row.value);
            self.fail_row(
                "param-value",
                row,
                said,
                "写一个数,比例可写 25%;枚举写它的成员".to_owned(),
            );
            return None;
        };
        let digits = row.area.bytes().all(|b| b.is_ascii_digit());
        let level = digits && [2, 4, 6, 9, 12].contains(&row.area.len());
        if !(row.area.is_empty() || level) {
            let said = format!("第 {number} 行的地区 `{}` 不是行政区划代码", row.area);
            self.fail_row(
                "param-area",
                row,
                said,
                "写 2、4、6、9 或 12 位数字;全国的留空".to_owned(),
            );
            return None;
        }
        let members = self.row_members(row, stmt, keys)?;
        Some(ParamValue {
            area: row.area.clone(),
            keys: members,
            from: row.from?,
            to: row.to,
            value,
            source: row.source.clone(),
        })
    }

    /// The members of a row's keys, in the parameter's order; `None` inside is 其余.
    fn row_members(
        &mut self,
        row: &Row,
        stmt: &ParamStmt,
        keys: &[ParamKey],
    ) -> Option<Vec<Option<u16>>> {
        let number = row.number;
        if row.keys.iter().any(|(_, value)| value.is_empty()) {
            // Told when the table was read.
            return None;
        }
        let known: Vec<String> = stmt.keys.iter().map(|k| k.text.clone()).collect();
        if let Some((extra, _)) = row.keys.iter().find(|(k, _)| !known.contains(k)) {
            let said = format!("第 {number} 行:参数 `{}` 不按 `{extra}` 分", row.name);
            let help = match known.is_empty() {
                true => "删去这个键".to_owned(),
                false => format!("它按 {} 分", known.join("、")),
            };
            self.fail_row("param-key", row, said, help);
            return None;
        }
        let mut members = Vec::new();
        for key in keys {
            let ParamKey::Enum(e) = key else { continue };
            let name = self.type_name(Type::Enum(*e));
            let written = row
                .keys
                .iter()
                .find(|(k, _)| *k == name)
                .map(|(_, v)| v.as_str());
            let Some(word) = written.filter(|w| *w != "其余") else {
                members.push(None);
                continue;
            };
            let member = self.dict.member(*e, word);
            if member.is_none() {
                let all = self
                    .dict
                    .enum_of(*e)
                    .map_or(String::new(), |x| x.members.join("、"));
                let said = format!("第 {number} 行的键:`{name}` 里没有 `{word}`");
                self.fail_row("param-member", row, said, format!("它的成员是:{all}"));
                return None;
            }
            members.push(member);
        }
        Some(members)
    }

    fn fail_row(&mut self, code: &'static str, row: &Row, said: String, help: String) {
        self.problems.push(
            Problem::error(code, row.span, said)
                .help(help)
                .at(&row.path),
        );
    }

    /// Every combination of keys has a value on the day, in every area that has one.
    fn complete(&mut self, stmt: &ParamStmt, keys: &[ParamKey], values: &[ParamValue]) {
        let day = self.source.day;
        let in_force = |v: &&ParamValue| v.from <= day && v.to.is_none_or(|to| day <= to);
        let now: Vec<&ParamValue> = values.iter().filter(in_force).collect();
        if now.is_empty() {
            if !values.is_empty() {
                let said = format!("`{}` 在 {day} 没有数", stmt.name.text);
                let help = "这个文件那天在施行;补上从那天起的数,或把施行日期写晚";
                self.error("param-none", stmt.name.span, said, help);
            }
            return;
        }
        let mut areas: Vec<&str> = now.iter().map(|v| v.area.as_str()).collect();
        areas.sort_unstable();
        areas.dedup();
        let enums: Vec<(EnumId, u16)> = keys
            .iter()
            .filter_map(|k| match k {
                ParamKey::Enum(e) => {
                    let members = self.dict.enum_of(*e)?.members.len();
                    Some((*e, u16::try_from(members).ok()?))
                }
                ParamKey::Area => None,
            })
            .collect();
        let cells = enums
            .iter()
            .try_fold(1_u32, |n, (_, m)| n.checked_mul(u32::from(*m)));
        if cells.is_none_or(|n| n > CELLS_MAX) {
            return;
        }
        for area in areas {
            let near: Vec<&ParamValue> = now
                .iter()
                .copied()
                .filter(|v| area.starts_with(v.area.as_str()))
                .collect();
            if let Some(missing) = missing_cell(&enums, &near) {
                let cell: Vec<String> = enums
                    .iter()
                    .zip(missing)
                    .map(|((e, _), m)| {
                        format!(
                            "{}={}",
                            self.type_name(Type::Enum(*e)),
                            self.dict.member_name(*e, m)
                        )
                    })
                    .collect();
                let place = if area.is_empty() {
                    String::new()
                } else {
                    format!("{area} ")
                };
                let said = format!("`{}` 缺一格:{place}{}", stmt.name.text, cell.join(";"));
                let help = "补上这一格;不给的写 0,或加一行 其余(键留空)";
                self.error("param-cell", stmt.name.span, said, help);
                return;
            }
        }
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
                if earlier.from == next.from {
                    let said = format!("`{}` 从 {} 起有两个数", stmt.name.text, next.from);
                    self.error(
                        "param-overlap",
                        stmt.name.span,
                        said,
                        "只留一行,或核对日期、地区和键",
                    );
                }
                match earlier.to {
                    None => earlier.to = day_before,
                    Some(to) if Some(to) != day_before => {
                        let (code, word) = if Some(to) > day_before {
                            ("param-overlap", "重叠")
                        } else {
                            ("param-gap", "空缺")
                        };
                        let said = format!(
                            "`{}` 的两段日期{word}:前一段到 {to},后一段从 {} 起",
                            stmt.name.text, next.from
                        );
                        self.error(
                            code,
                            stmt.name.span,
                            said,
                            "前一段的 止 写成后一段 起 的前一天,或留空",
                        );
                    }
                    Some(_) => {}
                }
            }
            at = at.saturating_add(1);
        }
    }

    fn param_bounds(&mut self, values: &[ParamValue], ty: Type, span: Span) -> Option<Bounds> {
        let Type::Num(_) = ty else { return None };
        let numbers: Vec<Ratio> = values
            .iter()
            .filter_map(|v| match v.value {
                Value::Num(r) => Some(r),
                _ => None,
            })
            .collect();
        let Some(first) = numbers.first() else {
            // An open parameter: any whole amount up to ten million 元, or a ratio in ten-thousandths.
            return Bounds::between(Ratio::new(0, 10_000)?, Ratio::new(10_000_000_001, 10_000)?);
        };
        let mut bounds = Some(Bounds::constant(*first));
        for number in &numbers {
            let both = bounds.and_then(|b| b.aligned(Bounds::constant(*number)));
            bounds = both.map(|(a, b)| a.union(b));
        }
        self.fits_or_tell(Some(bounds), span)
    }
}

/// The first combination of members that no value covers.
fn missing_cell(enums: &[(EnumId, u16)], values: &[&ParamValue]) -> Option<Vec<u16>> {
    let mut cell: Vec<u16> = vec![0; enums.len()];
    loop {
        let covers = |v: &&ParamValue| {
            v.keys
                .iter()
                .zip(&cell)
                .all(|(have, want)| have.is_none_or(|h| h == *want))
        };
        if !values.iter().any(covers) {
            return Some(cell);
        }
        // The next combination, counting from the last key.
        let mut at = enums.len();
        loop {
            at = at.checked_sub(1)?;
            let (place, (_, members)) = (cell.get_mut(at)?, enums.get(at)?);
            *place = place.saturating_add(1);
            if *place < *members {
                break;
            }
            *place = 0;
        }
    }
}

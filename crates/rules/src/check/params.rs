//! 参数: dated numbers, in the rule text or filled by the locality.

use super::scope::Frame;
use super::{Builder, day_of};
use crate::ast::ParamStmt;
use crate::plan::{Body, Bounds, FilePlan, Home, Item, Param, ParamKey, ParamValue, Type};
use crate::problem::Problem;
use crate::unit::Unit;
use crate::value::{Ratio, Value};

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
        let mut values: Vec<ParamValue> = Vec::new();
        for row in &stmt.values {
            let value = self.expr(&row.value, Frame::default(), Some(ty))?;
            let crate::plan::ExprKind::Literal(literal) = value.kind else {
                self.error(
                    "param-literal",
                    row.value.span,
                    "参数的值要写一个数",
                    "算出来的量用 计算",
                );
                return None;
            };
            if value.ty != ty {
                let said = format!(
                    "`{}` 是 {},这里的值是 {}",
                    stmt.name.text,
                    self.type_name(ty),
                    self.type_name(value.ty)
                );
                self.error(
                    "param-unit",
                    row.value.span,
                    said,
                    format!("写成 {} 的数", self.type_name(ty)),
                );
                return None;
            }
            let Some(from) = day_of(&row.from) else {
                self.error(
                    "date-none",
                    row.from.span,
                    format!("没有 `{}` 这一天", row.from.text),
                    "核对年月日",
                );
                return None;
            };
            if values.last().is_some_and(|v| v.from >= from) {
                self.error(
                    "param-order",
                    row.from.span,
                    "参数的日期要从早到晚",
                    "按日期排好",
                );
            }
            let Some(source) = &row.source else {
                self.error(
                    "param-source",
                    row.from.span,
                    format!("`{}` 的这个数没有写来源", stmt.name.text),
                    "在后面写上文件名;没有文件的写 示例值",
                );
                return None;
            };
            if let Some(last) = values.last_mut() {
                last.to = from.add_days(-1);
            }
            let width = keys
                .iter()
                .filter(|k| matches!(k, ParamKey::Enum(_)))
                .count();
            values.push(ParamValue {
                area: String::new(),
                keys: vec![None; width],
                from,
                to: None,
                value: literal,
                source: source.text.clone(),
            });
        }
        self.fill(stmt, ty, &keys, &mut values, plan)?;
        let bounds = self.param_bounds(&values, ty);
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
        for row in mine {
            let path = filled.path.clone();
            let mut fail = |code: &'static str, said: String, help: String| {
                self.problems
                    .push(Problem::error(code, row.span, said).help(help).at(&path));
            };
            let shown = match ty {
                Type::Num(unit) => unit.to_string(),
                _ => String::new(),
            };
            if !row.unit.is_empty()
                && !shown.is_empty()
                && Unit::parse(&row.unit) != Unit::parse(&shown)
            {
                fail(
                    "param-unit",
                    format!(
                        "第 {} 行 `{}` 的单位是 `{}`,规则里是 {shown}",
                        row.number, row.name, row.unit
                    ),
                    format!("把数换算成 {shown}"),
                );
                continue;
            }
            let Some(value) = crate::show::parse_cell(&row.value, ty, &self.dict)
                .ok()
                .filter(|v| v.is_known())
            else {
                let problem = Problem::error(
                    "param-value",
                    row.span,
                    format!(
                        "第 {} 行 `{}` 的值 `{}` 读不懂",
                        row.number, row.name, row.value
                    ),
                )
                .help("写一个数,比例可写 25%;枚举写它的成员")
                .at(&path);
                self.problems.push(problem);
                continue;
            };
            let Some(from) = row.from else { continue };
            let mut members = Vec::new();
            for key in keys {
                let ParamKey::Enum(e) = key else { continue };
                let name = self.dict.enum_of(*e).map_or("", |x| x.name.as_str());
                let written = row
                    .keys
                    .iter()
                    .find(|(k, _)| k == name)
                    .map(|(_, v)| v.as_str());
                members.push(
                    written
                        .filter(|w| *w != "其余")
                        .and_then(|w| self.dict.member(*e, w)),
                );
                if let Some(w) = written
                    && w != "其余"
                    && self.dict.member(*e, w).is_none()
                {
                    let problem = Problem::error(
                        "param-member",
                        row.span,
                        format!("第 {} 行的键:`{name}` 里没有 `{w}`", row.number),
                    )
                    .help("核对枚举的成员")
                    .at(&path);
                    self.problems.push(problem);
                }
            }
            values.push(ParamValue {
                area: row.area.clone(),
                keys: members,
                from,
                to: row.to,
                value,
                source: row.source.clone(),
            });
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

    fn param_bounds(&self, values: &[ParamValue], ty: Type) -> Option<Bounds> {
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
        let mut bounds = Bounds::constant(*first);
        for number in &numbers {
            let (a, b) = bounds.aligned(Bounds::constant(*number))?;
            bounds = a.union(b);
        }
        Some(bounds)
    }
}

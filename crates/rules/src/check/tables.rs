//! Parameters looked up by their keys.

use super::Builder;
use super::scope::Frame;
use crate::ast::{Ex, Expr as Written, Name, Path};
use crate::plan::{Body, Expr, ExprKind, ParamKey, Type};
use crate::problem::Span;

impl Builder<'_> {
    /// Keys not written: the entity's own fact (or this file's quantity) of that enumeration's name.
    pub(super) fn own_keys(&mut self, keys: &[ParamKey], span: Span) -> Option<Vec<Option<Expr>>> {
        keys.iter().map(|key| self.own_key(*key, span)).collect()
    }

    #[expect(
        clippy::option_option,
        reason = "outer: told a problem; inner: 地区 needs no expression"
    )]
    fn own_key(&mut self, key: ParamKey, span: Span) -> Option<Option<Expr>> {
        let ParamKey::Enum(e) = key else {
            return Some(None);
        };
        let name = self.type_name(Type::Enum(e));
        let path = Path {
            parts: vec![Name {
                text: name.clone(),
                span,
            }],
        };
        let found = self.lookup(&path, Frame::default());
        let Some((id, step)) =
            found.filter(|(id, _)| self.item(*id).is_some_and(|i| i.ty == Type::Enum(e)))
        else {
            let said = format!("这个参数要按 `{name}` 查,这里没有叫 `{name}` 的事实");
            self.error(
                "key-missing",
                span,
                said,
                format!("写成 参数名[{name}的值],或加一行 输入 {name} : {name}"),
            );
            return None;
        };
        self.note_read(id);
        self.item_ref(id, step, span).map(Some)
    }

    pub(super) fn table(&mut self, path: &Path, keys: &[Written], frame: Frame) -> Option<Expr> {
        let span = path.span();
        let (id, _) = self.resolve(path, frame)?;
        let item = self.item(id)?;
        let (ty, bounds) = (item.ty, item.bounds);
        let Body::Param(param) = &item.body else {
            self.error(
                "not-table",
                span,
                format!("`{}` 不是参数,不能查表", path.text()),
                "去掉方括号;要按类取数,把它写成 参数 … 按 …",
            );
            return None;
        };
        let wanted = param.keys.clone();
        let mut given: Vec<Option<Expr>> = wanted.iter().map(|_| None).collect();
        for key in keys {
            let at = self.key_place(&wanted, &given, key, frame);
            let Some(at) = at else {
                let names: Vec<String> = wanted
                    .iter()
                    .map(|k| match k {
                        ParamKey::Area => "地区".to_owned(),
                        ParamKey::Enum(e) => self.type_name(Type::Enum(*e)),
                    })
                    .collect();
                let said = format!("`{}` 没有这样的键", path.text());
                self.error(
                    "key-wrong",
                    key.span,
                    said,
                    format!("它的键是:{}", names.join("、")),
                );
                return None;
            };
            let want = wanted.get(at).and_then(|k| match k {
                ParamKey::Enum(e) => Some(Type::Enum(*e)),
                ParamKey::Area => None,
            });
            let expr = self.expr(key, frame, want)?;
            if let Some(slot) = given.get_mut(at) {
                *slot = Some(expr);
            }
        }
        let mut out = Vec::new();
        for (key, expr) in wanted.iter().zip(given) {
            out.push(match expr {
                Some(expr) => Some(expr),
                None => self.own_key(*key, span)?,
            });
        }
        Some(Expr {
            kind: ExprKind::Param(id, out),
            ty,
            bounds,
            span,
        })
    }

    /// Which key a written one fills: by its type, else a member's name; each only once.
    fn key_place(
        &mut self,
        wanted: &[ParamKey],
        given: &[Option<Expr>],
        key: &Written,
        frame: Frame,
    ) -> Option<usize> {
        let ty = match &key.kind {
            Ex::Path(path) => self
                .lookup(path, frame)
                .and_then(|(id, _)| self.item(id))
                .map(|i| i.ty),
            _ => None,
        };
        let bare = match &key.kind {
            Ex::Path(path) if path.parts.len() == 1 => Some(path.text()),
            _ => None,
        };
        wanted.iter().enumerate().position(|(at, k)| {
            let ParamKey::Enum(e) = k else { return false };
            let free = given.get(at).is_some_and(Option::is_none);
            let by_type = ty == Some(Type::Enum(*e));
            let by_name = bare
                .as_ref()
                .is_some_and(|b| self.dict.member(*e, b).is_some());
            free && (by_type || by_name || (ty.is_none() && bare.is_none()))
        })
    }
}

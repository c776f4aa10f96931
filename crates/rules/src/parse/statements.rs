//! Statements that carry formulas.

use super::{Got, Mark, Parser, STATEMENTS};
use crate::ast::{
    AmountRow, ClassRow, ExcludeText, Head, ModeText, Name, ParamRow, ParamStmt, RoundText, Stmt,
    Text, TriggerStmt, TypeText,
};
use crate::lex::Kind;
use crate::problem::{Problem, Span, nearest};

impl Parser<'_> {
    pub(super) fn statement(&mut self) -> Got<Stmt> {
        let Kind::Word(word) = self.kind().clone() else {
            let said = format!("一句话要以语句词开头,这里却是 {}", self.found());
            return self.fail(
                "statement-start",
                said,
                "语句词如 政策、输入、参数、计算、条件、给付",
            );
        };
        let keyword = self.name("语句词")?;
        match word.as_str() {
            "政策" | "预警" | "评估" | "指标" | "来文" => self.head(keyword),
            "引用" => self.path("要引用的量").map(Stmt::Use),
            "输入" => {
                let name = self.path("事实名")?;
                Some(Stmt::Input(name, self.typed("输入的名称")?))
            }
            "参数" => self.param(),
            "计算" => self.compute(),
            "归类" => self.classify(),
            "分项" => self.itemise(),
            "条件" => self.condition(),
            "给付" => self.benefit(),
            "给予" => self.grant(),
            "不并给" => self.exclude(),
            "触发" => self.trigger(),
            "比率" => self.rate(),
            "分布" => self.spread(),
            "性质" => self.property(),
            "行" => self.rows(),
            "归属" => self.owner(),
            "认人" => self.known_by(),
            _ if STATEMENTS.contains(&word.as_str()) => self.block_statement(keyword),
            _ => {
                let near = nearest(&word, STATEMENTS);
                let help = near.map_or(
                    "语句词如 政策、输入、参数、计算、条件、给付".to_owned(),
                    |n| format!("是不是 `{n}`?"),
                );
                let said = format!("`{word}` 不是语句词");
                self.problems
                    .push(Problem::error("statement-unknown", keyword.span, said).help(help));
                None
            }
        }
    }

    fn head(&mut self, keyword: Name) -> Got<Stmt> {
        let id = self.name("文件的编号")?;
        self.word("每", "编号")?;
        let entity = self.name("实体(家庭、个人、地区)")?;
        self.word("每", "实体")?;
        let period = self.name("月、季、年或次")?;
        let mut head = Head {
            keyword,
            id,
            entity,
            period,
            by: vec![],
            from: None,
            to: None,
        };
        if self.eat_word("按") {
            while let Kind::Word(_) = self.kind() {
                head.by.push(self.name("枚举")?);
                self.eat_sign("、");
            }
        }
        if let Kind::Date(text) = self.kind().clone() {
            head.from = Some(self.date_name(text));
            self.word("起施行", "日期")?;
            if let Kind::Date(text) = self.kind().clone() {
                head.to = Some(self.date_name(text));
                self.word("止", "日期")?;
            }
        }
        Some(Stmt::Head(head))
    }

    pub(super) fn date_name(&mut self, text: String) -> Name {
        let span = self.here();
        self.step();
        Name { text, span }
    }

    /// `: type`
    pub(super) fn typed(&mut self, after: &str) -> Got<TypeText> {
        self.sign(":", after)?;
        let span = self.here();
        if !self.eat_sign("{") {
            return self
                .name("类型(单位、是否、日期或枚举)")
                .map(TypeText::Named);
        }
        let mut members = vec![self.name("枚举的成员")?];
        while self.eat_sign(",") || self.eat_sign("、") {
            members.push(self.name("枚举的成员")?);
        }
        self.sign("}", "枚举的成员")?;
        Some(TypeText::Members(members, span.to(self.last())))
    }

    fn param(&mut self) -> Got<Stmt> {
        let name = self.name("参数名")?;
        let ty = self.typed("参数名")?;
        let mut param = ParamStmt {
            name,
            ty,
            keys: vec![],
            values: vec![],
        };
        if self.eat_word("按") {
            while matches!(self.kind(), Kind::Word(w) if !STATEMENTS.contains(&w.as_str())) {
                param.keys.push(self.name("键")?);
                self.eat_sign("、");
            }
        }
        if *self.peek_over_lines() == Kind::Sign("{") {
            self.skip_lines_and_notes();
            self.step();
            loop {
                self.skip_lines_and_notes();
                if self.is_sign("}") {
                    self.mark(Mark::Close);
                    self.step();
                    break;
                }
                if self.eat_sign(";") {
                    continue;
                }
                self.mark(Mark::Row);
                param.values.push(self.param_row()?);
            }
        }
        Some(Stmt::Param(param))
    }

    fn param_row(&mut self) -> Got<ParamRow> {
        let Kind::Date(text) = self.kind().clone() else {
            let said = format!("参数的每一行以日期开头,这里却是 {}", self.found());
            return self.fail("param-date", said, "写成:2026-07-01 起 1180 元/人月 文件名");
        };
        let from = self.date_name(text);
        self.word("起", "日期")?;
        let value = self.expr()?;
        let source = self.raw_until_or_brace();
        Some(ParamRow {
            from,
            value,
            source: (!source.text.is_empty()).then_some(source),
        })
    }

    fn raw_until_or_brace(&mut self) -> Name {
        let start = self.here();
        let mut end = start.start;
        let first = self.at;
        while !matches!(
            self.kind(),
            Kind::Newline | Kind::End | Kind::Note(_) | Kind::Sign(";" | "}")
        ) {
            end = self.here().end;
            self.step();
        }
        self.marks.push((first, Mark::Raw(self.at)));
        let span = Span::new(start.start, end);
        Name {
            text: self
                .text
                .get(span.start..span.end)
                .unwrap_or("")
                .trim()
                .to_owned(),
            span,
        }
    }

    fn compute(&mut self) -> Got<Stmt> {
        let name = self.path("要计算的量")?;
        let ty = self.typed("量的名称")?;
        self.sign("=", "类型")?;
        let expr = self.expr()?;
        let rounding = self.rounding()?;
        Some(Stmt::Compute {
            name,
            ty,
            expr,
            rounding,
        })
    }

    fn rounding(&mut self) -> Got<Option<RoundText>> {
        let comma = *self.peek_over_lines() == Kind::Sign(",");
        if !comma {
            return Some(None);
        }
        self.skip_lines_and_notes();
        self.step();
        let how = self.name("四舍五入、进 或 舍")?;
        // 进到元 is one word; 四舍五入 到 0.01 分值 is several.
        for (prefix, how_text) in [("四舍五入到", "四舍五入"), ("进到", "进"), ("舍到", "舍")]
        {
            if let Some(unit) = how.text.strip_prefix(prefix) {
                let rounding = Name {
                    text: how_text.to_owned(),
                    span: how.span,
                };
                if !unit.is_empty() {
                    let step = Name {
                        text: unit.to_owned(),
                        span: how.span,
                    };
                    return Some(Some(RoundText {
                        how: rounding,
                        step,
                        number: None,
                    }));
                }
                return self.round_step(rounding);
            }
        }
        if !["四舍五入", "进", "舍"].contains(&how.text.as_str()) {
            let said = format!("没有 `{}` 这种舍入", how.text);
            self.problems.push(
                Problem::error("rounding-how", how.span, said)
                    .help("写 四舍五入到、进到 或 舍到,如 , 四舍五入到分"),
            );
            return None;
        }
        self.word("到", "舍入的办法")?;
        self.round_step(how)
    }

    fn round_step(&mut self, how: Name) -> Got<Option<RoundText>> {
        let number = match self.kind().clone() {
            Kind::Number(text) => Some(self.date_name(text)),
            _ => None,
        };
        let step = self.name("分、角、元或带单位的数")?;
        Some(Some(RoundText { how, step, number }))
    }

    /// Begins rows: `;` or a new line each; ends before a statement word.
    fn row_follows(&mut self) -> bool {
        while matches!(self.kind(), Kind::Newline | Kind::Note(_) | Kind::Sign(";")) {
            self.step();
        }
        let label = matches!(self.kind(), Kind::Word(_) | Kind::Number(_));
        let colon = matches!(
            self.tokens.get(self.at.saturating_add(1)).map(|t| &t.kind),
            Some(Kind::Sign(":"))
        );
        if label && colon {
            self.mark(Mark::Row);
        }
        label && colon
    }

    fn classify(&mut self) -> Got<Stmt> {
        let name = self.path("归类的名称")?;
        let ty = self.typed("归类的名称")?;
        let how = self.name("取首个 或 取每项")?;
        let first = match how.text.as_str() {
            "取首个" => true,
            "取每项" => false,
            _ => {
                let said = format!("归类后面应写 取首个 或 取每项,却是 `{}`", how.text);
                self.problems.push(
                    Problem::error("classify-mode", how.span, said)
                        .help("一人一类写 取首个,可以多类写 取每项"),
                );
                return None;
            }
        };
        let (mut rows, mut otherwise) = (Vec::new(), None);
        while self.row_follows() {
            let value = self.name("类")?;
            self.sign(":", "类名")?;
            if otherwise.is_some() {
                let said = format!("`{}` 写在 其余 后面,轮不到它", value.text);
                let problem = Problem::error("classify-rest", value.span, said);
                self.problems.push(problem.help("把 其余 移到最后一行"));
            }
            if value.text == "其余" {
                otherwise = Some(self.name("其余的类")?);
                continue;
            }
            let when = self.expr()?;
            let note = self.eat_word("说明").then(|| self.raw_until(&[]));
            rows.push(ClassRow { value, when, note });
        }
        Some(Stmt::Classify {
            name,
            ty,
            first,
            rows,
            otherwise,
        })
    }

    fn itemise(&mut self) -> Got<Stmt> {
        let name = self.path("分项的名称")?;
        let ty = self.typed("分项的名称")?;
        let how = self.name("取合计、取最大 或 取 参数")?;
        let mode = match how.text.as_str() {
            "取合计" => ModeText::Sum,
            "取最大" => ModeText::Max,
            "取" => ModeText::Param(self.name("参数名")?),
            _ => {
                let said = format!("分项后面应写 取合计 或 取最大,却是 `{}`", how.text);
                self.problems.push(
                    Problem::error("itemise-mode", how.span, said)
                        .help("叠加写 取合计,只取最高写 取最大"),
                );
                return None;
            }
        };
        let mut rows = Vec::new();
        while self.row_follows() {
            let label = self.name("项名")?;
            self.sign(":", "项名")?;
            let amount = self.expr()?;
            let (mut when, mut cap) = (None, None);
            loop {
                if self.eat_word("当") {
                    when = Some(self.expr()?);
                } else if self.eat_word("封顶") {
                    cap = Some(self.expr()?);
                } else {
                    break;
                }
            }
            rows.push(AmountRow {
                label,
                amount,
                when,
                cap,
            });
        }
        Some(Stmt::Itemise {
            name,
            ty,
            mode,
            rows,
        })
    }

    fn condition(&mut self) -> Got<Stmt> {
        let name = self.name("条件的名称")?;
        self.sign(":", "条件的名称")?;
        let expr = self.expr()?;
        let (mut cites, mut otherwise) = (Vec::new(), None);
        while let Some(keyword) = self.eat_word_over_lines(&["依据", "否则"]) {
            if keyword.text == "依据" {
                cites.push(self.raw_until(&["依据", "否则"]));
            } else {
                otherwise = Some(self.text_until(&["依据"]));
            }
        }
        Some(Stmt::Condition {
            name,
            expr,
            cites,
            otherwise,
        })
    }

    fn benefit(&mut self) -> Got<Stmt> {
        let name = self.name("给付的名称")?;
        let ty = self.typed("给付的名称")?;
        self.sign("=", "类型")?;
        let expr = self.expr()?;
        let rounding = self.rounding()?;
        let mut cites = Vec::new();
        while self.eat_word_over_lines(&["依据"]).is_some() {
            cites.push(self.raw_until(&["依据"]));
        }
        Some(Stmt::Benefit {
            name,
            ty,
            expr,
            rounding,
            cites,
        })
    }

    fn grant(&mut self) -> Got<Stmt> {
        let path = self.path("身份")?;
        let (mut when, mut from, mut to) = (None, None, None);
        loop {
            if self.eat_word("当") {
                when = Some(self.expr()?);
            } else if self.eat_word("起") {
                from = Some(self.expr()?);
            } else if self.eat_word("止") {
                to = Some(self.expr()?);
            } else {
                break;
            }
        }
        Some(Stmt::Grant {
            path,
            when,
            from,
            to,
        })
    }

    fn exclude(&mut self) -> Got<Stmt> {
        let a = self.name("第一个政策")?;
        let b = self.name("第二个政策")?;
        self.sign(":", "两个政策")?;
        let how = self.name("先、自选 或 补差")?;
        let rule = match how.text.as_str() {
            "先" => ExcludeText::First(self.name("先给的政策")?),
            "自选" => ExcludeText::Choice(self.name("记录选择的事实")?),
            "补差" => ExcludeText::TopUp,
            _ => {
                let said = format!("不并给的办法应是 先、自选 或 补差,却是 `{}`", how.text);
                self.problems.push(
                    Problem::error("exclude-rule", how.span, said)
                        .help("如 不并给 tekun disability_care : 先 tekun"),
                );
                return None;
            }
        };
        let mut cites = Vec::new();
        while self.eat_word_over_lines(&["依据"]).is_some() {
            cites.push(self.raw_until(&["依据"]));
        }
        Some(Stmt::Exclude { a, b, rule, cites })
    }

    fn trigger(&mut self) -> Got<Stmt> {
        let name = self.name("触发的名称")?;
        self.sign(":", "触发的名称")?;
        let expr = self.expr()?;
        let mut trigger = TriggerStmt {
            name,
            expr,
            text: None,
            procedure: None,
            to: None,
            working_days: None,
            silent_days: None,
            urgency: None,
        };
        while let Some(word) =
            self.eat_word_over_lines(&["说明", "派发", "给", "限", "静默", "紧急"])
        {
            match word.text.as_str() {
                "说明" => trigger.text = Some(self.text_until(&["派发", "紧急", "静默"])),
                "派发" => trigger.procedure = Some(self.name("流程")?),
                "给" => trigger.to = Some(self.name("谁")?),
                "限" => trigger.working_days = Some(self.count(&["个工作日", "工作日"])?),
                "静默" => trigger.silent_days = Some(self.count(&["天"])?),
                _ => trigger.urgency = Some(self.expr()?),
            }
        }
        Some(Stmt::Trigger(Box::new(trigger)))
    }

    /// A whole number and the word behind it.
    pub(super) fn count(&mut self, units: &[&str]) -> Got<Name> {
        let text = match self.kind() {
            Kind::Number(digits) if digits.parse::<u32>().is_ok() => digits.clone(),
            _ => {
                let said = format!("这里应写一个整数,却是 {}", self.found());
                return self.fail("count-missing", said, "写上整数,如 10");
            }
        };
        let number = self.date_name(text);
        if !units.iter().any(|u| self.eat_word(u)) {
            let unit = units.first().copied().unwrap_or("");
            let said = format!("整数之后应写 `{unit}`,却是 {}", self.found());
            return self.fail("count-unit", said, &format!("补上 `{unit}`"));
        }
        Some(number)
    }

    fn property(&mut self) -> Got<Stmt> {
        let item = self.name("量")?;
        self.word("随", "量")?;
        let along = self.name("量")?;
        let how = self.name("不增 或 不减")?;
        if how.text != "不增" && how.text != "不减" {
            let said = format!("性质应写 不增 或 不减,却是 `{}`", how.text);
            self.problems.push(
                Problem::error("property-form", how.span, said)
                    .help("如 性质 抗风险分 随 健康档 不减"),
            );
            return None;
        }
        Some(Stmt::Property {
            item,
            along,
            rising: how.text == "不减",
        })
    }

    fn text_until(&mut self, stops: &[&str]) -> Text {
        let words = self.raw_until(stops);
        let mut quotes = Vec::new();
        let mut from = 0;
        while let Some(open) = words.text.get(from..).and_then(|t| t.find('{')) {
            let start = from.saturating_add(open).saturating_add(1);
            let Some(len) = words.text.get(start..).and_then(|t| t.find('}')) else {
                break;
            };
            let base = words.span.start.saturating_add(start);
            let span = Span::new(base, base.saturating_add(len));
            let tokens = crate::lex::cut(self.text, span);
            let mut inner = Parser::new(self.text, tokens);
            let expr = inner.expr();
            self.problems.append(&mut inner.problems);
            if let Some(expr) = expr {
                quotes.push((span, expr));
            }
            from = start.saturating_add(len);
        }
        Text { words, quotes }
    }
}

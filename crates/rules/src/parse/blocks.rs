//! Statements of the dictionary, of feeds, and of the typed blocks without formulas.

use super::{Got, Mark, Parser, STATEMENTS};
use crate::ast::{BlockStmt, ColumnStmt, FactStmt, FeedLine, Name, Stmt};
use crate::lex::Kind;

/// Clause words inside the typed blocks.
const CLAUSES: [&str; 30] = [
    "谁",
    "限",
    "自",
    "至",
    "材料",
    "给出",
    "下一步",
    "当",
    "延至",
    "依据",
    "最多",
    "字段",
    "模板",
    "不公示",
    "问",
    "必填",
    "显示",
    "以",
    "起施行",
    "两人",
    "人",
    "止",
    "用于",
    "适用",
    "不同人",
    "抽查比例",
    "凭",
    "不计",
    "不限",
    "说明",
];

impl Parser<'_> {
    pub(super) fn block_statement(&mut self, keyword: Name) -> Got<Stmt> {
        match keyword.text.as_str() {
            "实体" => Some(Stmt::Entities(self.names_on_line()?)),
            "不得使用" => Some(Stmt::Forbidden(self.names_on_line()?)),
            "枚举" => self.enumeration(),
            "关系" => self.relation(),
            "身份" => {
                let name = self.name("身份名")?;
                self.sign(":", "身份名")?;
                Some(Stmt::Status {
                    name,
                    entity: self.name("实体")?,
                })
            }
            "事实" => self.fact(),
            "部门" => self.feed_line(),
            "列" => self.column(),
            "拒收" => {
                let expr = self.expr()?;
                let said = self.eat_word_over_lines(&["说明"]).is_some();
                Some(Stmt::Refuse {
                    expr,
                    text: said.then(|| crate::ast::Text {
                        words: self.raw_until(&[]),
                        quotes: vec![],
                    }),
                })
            }
            _ => self.typed_block(keyword),
        }
    }

    fn names_on_line(&mut self) -> Got<Vec<Name>> {
        let mut names = vec![self.name("名称")?];
        loop {
            self.eat_sign("、");
            self.eat_sign(",");
            match self.kind() {
                Kind::Word(_) => names.push(self.name("名称")?),
                _ => return Some(names),
            }
        }
    }

    fn enumeration(&mut self) -> Got<Stmt> {
        let name = self.name("枚举名")?;
        self.sign(":", "枚举名")?;
        let mut members = vec![self.name("枚举的成员")?];
        let mut ordered = false;
        loop {
            if self.eat_sign("<") {
                ordered = true;
            } else {
                self.eat_sign("、");
                self.eat_sign(",");
            }
            let next_line = *self.kind() == Kind::Newline
                && matches!(self.peek_over_lines(), Kind::Word(w) if !STATEMENTS.contains(&w.as_str()));
            if next_line {
                self.skip_lines_and_notes();
            }
            match self.kind() {
                Kind::Word(w) if !STATEMENTS.contains(&w.as_str()) => {
                    members.push(self.name("枚举的成员")?)
                }
                _ => {
                    return Some(Stmt::Enumeration {
                        name,
                        members,
                        ordered,
                    });
                }
            }
        }
    }

    fn relation(&mut self) -> Got<Stmt> {
        let name = self.name("关系名")?;
        self.sign(":", "关系名")?;
        let owner = self.name("谁的关系")?;
        self.sign("→", "实体")?;
        let target = self.name("到谁")?;
        let at_most = self.at_most()?;
        Some(Stmt::Relation {
            name,
            owner,
            target,
            at_most,
        })
    }

    /// 行 name : entity 主键 col… 日期 col [至多 n]
    pub(super) fn rows(&mut self) -> Got<Stmt> {
        let name = self.name("行的名称")?;
        self.sign(":", "行的名称")?;
        let entity = self.name("实体")?;
        let (mut key, mut date) = (Vec::new(), None);
        loop {
            if self.eat_word("主键") {
                key.push(self.name("主键的列")?);
                while matches!(self.kind(), Kind::Word(word) if word != "日期" && word != "至多")
                {
                    key.push(self.name("主键的列")?);
                }
            } else if self.eat_word("日期") {
                date = Some(self.name("日期的列")?);
            } else {
                break;
            }
        }
        let at_most = self.at_most()?;
        Some(Stmt::Rows {
            name,
            entity,
            key,
            date,
            at_most,
        })
    }

    fn at_most(&mut self) -> Got<Option<u32>> {
        if !self.eat_word("至多") {
            return Some(None);
        }
        self.whole("至多").map(Some)
    }

    fn whole(&mut self, after: &str) -> Got<u32> {
        if let Kind::Number(text) = self.kind()
            && let Ok(n) = text.parse()
        {
            self.step();
            return Some(n);
        }
        let said = format!("`{after}` 之后应写一个整数,却是 {}", self.found());
        self.fail("count-missing", said, "写上整数,如 10")
    }

    fn fact(&mut self) -> Got<Stmt> {
        let name = self.name("事实名")?;
        let ty = self.typed("事实名")?;
        let range = match self.kind() {
            Kind::Number(_) | Kind::Sign("-") => Some(self.range()?),
            _ => None,
        };
        self.eat_sign(",");
        let entity = self.name("这是谁的事实(家庭、个人、地区)")?;
        let mut fact = FactStmt {
            name,
            ty,
            range,
            entity,
            source: None,
            sensitive: false,
            keep_months: None,
            ask: None,
        };
        loop {
            self.eat_sign(",");
            match self.kind().clone() {
                Kind::Word(w) if w == "来文" || w == "来源" => {
                    self.step();
                    fact.source = Some(self.name("来源")?);
                    while self.eat_sign("、") {
                        self.name("来源")?;
                    }
                }
                Kind::Word(w) if w == "敏感" || w == "一般" => {
                    self.step();
                    fact.sensitive = w == "敏感";
                }
                Kind::Word(w) if w == "保留" => {
                    self.step();
                    fact.keep_months = self.keep()?;
                }
                // The last of a fact's words: what a resident is asked, to the end of the line.
                Kind::Word(w) if w == "问" => {
                    self.step();
                    let words = self.raw_until(&["说明"]);
                    let help = self.eat_word("说明").then(|| self.raw_until(&[]));
                    fact.ask = Some((words, help));
                    return Some(Stmt::Fact(fact));
                }
                _ => return Some(Stmt::Fact(fact)),
            }
        }
    }

    fn keep(&mut self) -> Got<Option<u32>> {
        if self.eat_word("长期") {
            return Some(None);
        }
        let months = self.whole("保留")?;
        self.word("月", "月数")?;
        Some(Some(months))
    }

    /// `0..1000` or `-100..1000`: the two points are two signs.
    fn range(&mut self) -> Got<(Name, Name)> {
        let low = self.signed_number()?;
        if !(self.eat_sign(".") && self.eat_sign(".")) {
            let said = format!("范围应写成 最小..最大,这里却是 {}", self.found());
            return self.fail("range-form", said, "如 0..100000");
        }
        Some((low, self.signed_number()?))
    }

    fn signed_number(&mut self) -> Got<Name> {
        let start = self.here();
        if self.is_sign("-") {
            self.mark(Mark::Sign);
        }
        let minus = self.eat_sign("-");
        if let Kind::Number(digits) = self.kind().clone() {
            self.step();
            let text = if minus { format!("-{digits}") } else { digits };
            return Some(Name {
                text,
                span: start.to(self.last()),
            });
        }
        let said = format!("范围里应写数,却是 {}", self.found());
        self.fail("range-form", said, "如 0..100000")
    }

    fn feed_line(&mut self) -> Got<Stmt> {
        let mut line = FeedLine {
            department: Some(self.name("部门名")?),
            ..FeedLine::default()
        };
        let words = [
            "周期",
            "全量",
            "编码",
            "保留",
            "变动上限",
            "错行上限",
            "外地上限",
            "随附",
        ];
        while let Some(word) = self.eat_word_over_lines(&words) {
            match word.text.as_str() {
                "周期" => line.cycle = Some(self.name("每月、每日 或 实时")?),
                "全量" => line.whole = true,
                "编码" => line.encoding = Some(self.name("编码")?),
                "保留" => line.keep_months = self.keep()?,
                "随附" => {
                    self.word("校验文件", "随附")?;
                    line.companion = true;
                }
                "外地上限" => {
                    line.elsewhere_limit = Some(self.share("elsewhere-limit", "外地上限")?);
                }
                "错行上限" => line.damage_limit = Some(self.share("damage-limit", "错行上限")?),
                _ => line.change_limit = Some(self.share("change-limit", "变动上限")?),
            }
        }
        Some(Stmt::FeedLine(line))
    }

    /// A percentage behind a word.
    fn share(&mut self, code: &'static str, of: &str) -> Got<Name> {
        let Kind::Percent(text) = self.kind().clone() else {
            let said = format!("{of}应写百分数,却是 {}", self.found());
            return self.fail(code, said, &format!("如 {of} 5%"));
        };
        Some(self.date_name(text))
    }

    fn column(&mut self) -> Got<Stmt> {
        let mut headers = vec![self.header()?];
        while self.eat_bar() {
            headers.push(self.header()?);
        }
        self.sign("→", "表头")?;
        let name = self.name("列在规则里的名称")?;
        let ty = self.typed("列的名称")?;
        let mut column = ColumnStmt {
            headers,
            name,
            ty,
            required: false,
            codes: None,
            scientific: false,
            credit_code: false,
        };
        loop {
            if self.eat_word("必填") {
                column.required = true;
            } else if self.eat_word("科学计数") {
                column.scientific = true;
            } else if self.eat_word("信用代码") {
                column.credit_code = true;
            } else if self.eat_word("码表") {
                column.codes = Some(self.raw_until(&["必填"]));
            } else {
                return Some(Stmt::Column(column));
            }
        }
    }

    /// 归属 column… [立户]
    pub(super) fn owner(&mut self) -> Got<Stmt> {
        let mut columns = vec![self.name("列名")?];
        let mut founds = None;
        while let Kind::Word(word) = self.kind() {
            if word == "立户" {
                founds = Some(self.name("立户")?);
                break;
            }
            columns.push(self.name("列名")?);
        }
        Some(Stmt::Owner { columns, founds })
    }

    /// 认人 birth [area]
    pub(super) fn known_by(&mut self) -> Got<Stmt> {
        let birth = self.name("出生日期的列")?;
        let area = match self.kind() {
            Kind::Word(_) => Some(self.name("户籍地区的列")?),
            _ => None,
        };
        Some(Stmt::KnownBy { birth, area })
    }

    fn eat_bar(&mut self) -> bool {
        let bar = matches!(self.kind(), Kind::Stray('|' | '｜'));
        if bar {
            self.step();
        }
        bar
    }

    /// A header as printed: words and brackets up to `|` or `→`.
    fn header(&mut self) -> Got<Name> {
        let start = self.here();
        let first = self.at;
        let mut end = start.start;
        while !matches!(
            self.kind(),
            Kind::Newline | Kind::End | Kind::Note(_) | Kind::Sign("→") | Kind::Stray('|' | '｜')
        ) {
            end = self.here().end;
            self.step();
        }
        if end == start.start {
            let said = format!("这里应写表头,却是 {}", self.found());
            return self.fail("header-missing", said, "如 列 身份证号 → 身份证号 : 证件号");
        }
        self.marks.push((first, Mark::Raw(self.at)));
        let span = crate::problem::Span::new(start.start, end);
        Some(Name {
            text: self
                .text
                .get(span.start..span.end)
                .unwrap_or("")
                .trim()
                .to_owned(),
            span,
        })
    }

    /// Keyword, head words, then clauses with the words behind each, up to the next statement.
    fn typed_block(&mut self, keyword: Name) -> Got<Stmt> {
        let mut block = BlockStmt {
            keyword,
            head: vec![],
            clauses: vec![],
        };
        loop {
            let span = self.here();
            let word = match self.kind().clone() {
                Kind::End | Kind::Sign(";") | Kind::Note(_) => return Some(Stmt::Block(block)),
                Kind::Newline => {
                    let goes_on = matches!(self.peek_over_lines(), Kind::Word(w) if CLAUSES.contains(&w.as_str()));
                    if !goes_on {
                        return Some(Stmt::Block(block));
                    }
                    self.skip_lines_and_notes();
                    continue;
                }
                Kind::Word(w)
                    if STATEMENTS.contains(&w.as_str()) && !CLAUSES.contains(&w.as_str()) =>
                {
                    return Some(Stmt::Block(block));
                }
                Kind::Word(w) | Kind::Number(w) | Kind::Date(w) => w,
                Kind::Percent(w) => format!("{w}%"),
                Kind::Sign(s) => s.to_owned(),
                Kind::Stray(c) => c.to_string(),
            };
            self.mark(Mark::Word);
            self.step();
            let name = Name { text: word, span };
            if CLAUSES.contains(&name.text.as_str()) {
                block.clauses.push((name, vec![]));
            } else if let Some((_, words)) = block.clauses.last_mut() {
                words.push(name);
            } else {
                block.head.push(name);
            }
        }
    }
}

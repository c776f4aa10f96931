//! 比率 and 分布: figures, with the words they say of themselves.

use super::{Got, Parser};
use crate::ast::{MeasureWords, Stmt};
use crate::problem::Problem;

impl Parser<'_> {
    pub(super) fn rate(&mut self) -> Got<Stmt> {
        let name = self.name("比率的名称")?;
        self.sign("=", "比率的名称")?;
        let whole = self.expr()?;
        match whole.kind {
            crate::ast::Ex::Arith("/", num, den) => Some(Stmt::Rate {
                name,
                num: *num,
                den: *den,
                words: self.measure_words()?,
            }),
            _ => {
                let said = "比率要写成 分子 / 分母".to_owned();
                self.problems.push(
                    Problem::error("rate-form", whole.span, said)
                        .help("如 比率 可及率 = 人数(甲) / 人数(乙)"),
                );
                None
            }
        }
    }

    pub(super) fn spread(&mut self) -> Got<Stmt> {
        let name = self.name("分布的名称")?;
        self.sign(":", "分布的名称")?;
        let value = self.name("收入的量")?;
        self.word("权数", "收入的量")?;
        let weight = self.name("权数的量")?;
        self.word("线", "权数的量")?;
        let line = self.name("贫困线的量")?;
        let median = if self.eat_word("中位") {
            Some(self.name("相对线占中位数的比例")?)
        } else {
            None
        };
        Some(Stmt::Spread {
            name,
            value,
            weight,
            line,
            median,
            words: self.measure_words()?,
        })
    }

    /// 分子 … 分母 … 来源 … 层级 … 依据 … 出处 …, in any order, each on this line or a following one.
    fn measure_words(&mut self) -> Got<MeasureWords> {
        const CLAUSES: [&str; 6] = ["分子", "分母", "来源", "层级", "依据", "出处"];
        let mut words = MeasureWords::default();
        while let Some(keyword) = self.eat_word_over_lines(&CLAUSES) {
            if keyword.text == "层级" {
                words.levels.push(self.name("级别")?);
                while self.eat_sign("、") {
                    words.levels.push(self.name("级别")?);
                }
                continue;
            }
            let said = self.raw_until(&CLAUSES);
            match keyword.text.as_str() {
                "分子" => words.part = Some(said),
                "分母" => words.whole = Some(said),
                "来源" => words.source = Some(said),
                "依据" => words.cites.push(said),
                // The parser knows no sixth.
                _ => words.origin = Some(said),
            }
        }
        Some(words)
    }
}

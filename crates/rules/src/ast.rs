//! What a rule block says, as written: names are not looked up yet. Every node knows its place.

use crate::problem::Span;

/// A word with its place.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Name {
    /// As written.
    pub text: String,
    /// Where.
    pub span: Span,
}

/// A name or a chain of names: `成员.计入`, `本户.dibao.符合`.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Path {
    /// The parts, at least one.
    pub parts: Vec<Name>,
}

impl Path {
    /// Where it is written.
    pub fn span(&self) -> Span {
        let first = self.parts.first().map_or(Span::default(), |n| n.span);
        self.parts.last().map_or(first, |n| first.to(n.span))
    }

    /// As written, with points.
    pub fn text(&self) -> String {
        let parts: Vec<&str> = self.parts.iter().map(|n| n.text.as_str()).collect();
        parts.join(".")
    }
}

/// One rule file's statements in order.
#[derive(Clone, Debug, Default)]
pub struct File {
    /// The statements.
    pub statements: Vec<Statement>,
}

/// A statement with its place and the remarks that stand on its lines.
#[derive(Clone, Debug)]
pub struct Statement {
    /// What it says.
    pub kind: Stmt,
    /// Where.
    pub span: Span,
}

/// A typed place for a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TypeText {
    /// A unit, an enumeration, 是否, 日期 or a column type.
    Named(Name),
    /// `{a, b}`
    Members(Vec<Name>, Span),
}

/// 分子 分母 来源 层级 依据 出处: what a measure says of itself, in words for people.
#[derive(Clone, Debug, Default)]
pub struct MeasureWords {
    /// 分子
    pub part: Option<Name>,
    /// 分母
    pub whole: Option<Name>,
    /// 来源
    pub source: Option<Name>,
    /// 层级: 县、乡镇、村
    pub levels: Vec<Name>,
    /// 依据
    pub cites: Vec<Name>,
    /// 出处: a study or report that is no instrument.
    pub origin: Option<Name>,
}

/// The statements.
#[derive(Clone, Debug)]
pub enum Stmt {
    /// 政策 | 预警 | 评估 | 指标 | 来文 id 每 entity 每 period [按 enum…] day 起施行 [day 止]
    Head(Head),
    /// 引用 path
    Use(Path),
    /// 输入 name : type
    Input(Path, TypeText),
    /// 参数
    Param(ParamStmt),
    /// 计算
    Compute {
        /// The quantity.
        name: Path,

        /// Its type.
        ty: TypeText,

        /// The formula.
        expr: Expr,

        /// The written rounding.
        rounding: Option<RoundText>,
    },
    /// 归类
    Classify {
        /// The quantity.
        name: Path,

        /// The enumeration.
        ty: TypeText,

        /// 取首个 (true) or 取每项.
        first: bool,

        /// The rows, in order.
        rows: Vec<ClassRow>,

        /// The member of 其余.
        otherwise: Option<Name>,
    },
    /// 分项
    Itemise {
        /// The quantity.
        name: Path,

        /// Its unit.
        ty: TypeText,

        /// How the rows come together.
        mode: ModeText,

        /// The rows, in order.
        rows: Vec<AmountRow>,
    },
    /// 条件
    Condition {
        /// Its name.
        name: Name,

        /// What must be true.
        expr: Expr,

        /// 依据
        cites: Vec<Name>,

        /// 否则
        otherwise: Option<Text>,
    },
    /// 给付
    Benefit {
        /// Its name.
        name: Name,

        /// Its unit.
        ty: TypeText,

        /// The formula.
        expr: Expr,

        /// The written rounding.
        rounding: Option<RoundText>,

        /// 依据
        cites: Vec<Name>,
    },
    /// 给予
    Grant {
        /// The status, behind its relation if one is written.
        path: Path,

        /// 当
        when: Option<Expr>,

        /// 起
        from: Option<Expr>,

        /// 止
        to: Option<Expr>,
    },
    /// 不并给
    Exclude {
        /// The first policy.
        a: Name,

        /// The second policy.
        b: Name,

        /// How they are resolved.
        rule: ExcludeText,

        /// 依据
        cites: Vec<Name>,
    },
    /// 触发
    Trigger(Box<TriggerStmt>),
    /// 比率
    Rate {
        /// Its name.
        name: Name,
        /// The numerator.
        num: Expr,
        /// The denominator.
        den: Expr,
        /// What it says of itself.
        words: MeasureWords,
    },
    /// 分布
    Spread {
        /// Its name.
        name: Name,
        /// The income, by its name in the file.
        value: Name,
        /// 权数
        weight: Name,
        /// 线
        line: Name,
        /// 中位: the share of the median that is the relative line.
        median: Option<Name>,
        /// What it says of itself.
        words: MeasureWords,
    },
    /// 行
    Rows {
        /// The relation.
        name: Name,

        /// Whose rows.
        entity: Name,

        /// 主键: the columns that together make a row one.
        key: Vec<Name>,

        /// 日期
        date: Option<Name>,

        /// 至多
        at_most: Option<u32>,
    },
    /// 归属
    Owner {
        /// The columns that tell whose a row is, where it has no id number.
        columns: Vec<Name>,

        /// 立户: an unknown household is taken into the record.
        founds: Option<Name>,
    },
    /// 认人
    KnownBy {
        /// The column of the birth date.
        birth: Name,

        /// The column of the area of registration.
        area: Option<Name>,
    },
    /// 性质
    Property {
        /// The quantity.
        item: Name,

        /// What it follows.
        along: Name,

        /// 不减 (true) or 不增.
        rising: bool,
    },
    /// 注 on a line of its own.
    Note(String),
    /// 实体
    Entities(Vec<Name>),
    /// 不得使用: what no fact may be, because no decision may rest on it.
    Forbidden(Vec<Name>),
    /// 枚举
    Enumeration {
        /// Its name.
        name: Name,

        /// Its members in order.
        members: Vec<Name>,

        /// Whether `<` stands between them.
        ordered: bool,
    },
    /// 关系
    Relation {
        /// Its name.
        name: Name,

        /// Whose rows.
        owner: Name,

        /// Whom a row leads to.
        target: Name,

        /// 至多
        at_most: Option<u32>,
    },
    /// 身份
    Status {
        /// Its name.
        name: Name,
        /// Who holds it.
        entity: Name,
    },
    /// 事实
    Fact(FactStmt),
    /// 部门 … 周期 … 编码 … 保留 … 变动上限 (feeds)
    FeedLine(FeedLine),
    /// 列
    Column(ColumnStmt),
    /// 拒收
    Refuse {
        /// Which rows.
        expr: Expr,
        /// 说明
        text: Option<Text>,
    },
    /// 流程, 步骤, 时限, 暂停, 公示, 文书, 表单, 项, 公开字段, 采用, 替换: keyword and clauses.
    Block(BlockStmt),
}

/// The head of a file.
#[derive(Clone, Debug)]
pub struct Head {
    /// 政策 | 预警 | 评估 | 指标 | 来文
    pub keyword: Name,
    /// The file's id.
    pub id: Name,
    /// 每 entity
    pub entity: Name,
    /// 每 月|季|年|次
    pub period: Name,
    /// 按 enum…
    pub by: Vec<Name>,
    /// 起施行
    pub from: Option<Name>,
    /// 止
    pub to: Option<Name>,
}

/// 参数
#[derive(Clone, Debug)]
pub struct ParamStmt {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeText,
    /// 按
    pub keys: Vec<Name>,
    /// `{ date 起 value source }`
    pub values: Vec<ParamRow>,
}

/// A dated value in the rule text.
#[derive(Clone, Debug)]
pub struct ParamRow {
    /// 起
    pub from: Name,
    /// The value.
    pub value: Expr,
    /// The document.
    pub source: Option<Name>,
}

/// A written rounding.
#[derive(Clone, Debug)]
pub struct RoundText {
    /// 四舍五入 | 进 | 舍
    pub how: Name,
    /// 分 | 角 | 元 | a number and a unit
    pub step: Name,
    /// The number before the unit, if written.
    pub number: Option<Name>,
}

/// A row of 归类.
#[derive(Clone, Debug)]
pub struct ClassRow {
    /// The member.
    pub value: Name,
    /// When.
    pub when: Expr,
    /// 说明
    pub note: Option<Name>,
}

/// A row of 分项.
#[derive(Clone, Debug)]
pub struct AmountRow {
    /// Its label.
    pub label: Name,
    /// Its amount.
    pub amount: Expr,
    /// 当
    pub when: Option<Expr>,
    /// 封顶
    pub cap: Option<Expr>,
}

/// 取合计 | 取最大 | 取 parameter
#[derive(Clone, Debug)]
pub enum ModeText {
    /// 取合计
    Sum,
    /// 取最大
    Max,
    /// 取 parameter
    Param(Name),
}

/// 先 A | 自选 fact | 补差
#[derive(Clone, Debug)]
pub enum ExcludeText {
    /// 先
    First(Name),
    /// 自选
    Choice(Name),
    /// 补差
    TopUp,
}

/// Words that may quote {names}.
#[derive(Clone, Debug, Default)]
pub struct Text {
    /// As written.
    pub words: Name,
    /// The quoted expressions and their places, in order.
    pub quotes: Vec<(Span, Expr)>,
}

/// 触发
#[derive(Clone, Debug)]
pub struct TriggerStmt {
    /// Its name.
    pub name: Name,
    /// When it fires.
    pub expr: Expr,
    /// 说明
    pub text: Option<Text>,
    /// 派发
    pub procedure: Option<Name>,
    /// 给
    pub to: Option<Name>,
    /// 限 n 个工作日
    pub working_days: Option<Name>,
    /// 静默 n 天
    pub silent_days: Option<Name>,
    /// 紧急
    pub urgency: Option<Expr>,
}

/// 事实
#[derive(Clone, Debug)]
pub struct FactStmt {
    /// Its name.
    pub name: Name,
    /// Its type.
    pub ty: TypeText,
    /// `0..1000` in the type's unit.
    pub range: Option<(Name, Name)>,
    /// Whose.
    pub entity: Name,
    /// 来文 or 来源
    pub source: Option<Name>,
    /// 敏感 | 一般
    pub sensitive: bool,
    /// 保留 n 月
    pub keep_months: Option<u32>,
    /// 问: how a resident is asked for it, and 说明.
    pub ask: Option<(Name, Option<Name>)>,
}

/// The feed's own line.
#[derive(Clone, Debug, Default)]
pub struct FeedLine {
    /// 部门
    pub department: Option<Name>,
    /// 周期
    pub cycle: Option<Name>,
    /// 全量: each file is the whole list, so that the newest stands in the place of the older ones.
    pub whole: bool,
    /// 编码
    pub encoding: Option<Name>,
    /// 保留 n 月
    pub keep_months: Option<u32>,
    /// 变动上限, in percent as written.
    pub change_limit: Option<Name>,
    /// 错行上限, in percent as written.
    pub damage_limit: Option<Name>,
    /// 外地上限, in percent as written.
    pub elsewhere_limit: Option<Name>,
    /// 随附 校验文件
    pub companion: bool,
}

/// 列
#[derive(Clone, Debug)]
pub struct ColumnStmt {
    /// The header and its other spellings.
    pub headers: Vec<Name>,
    /// The name in rules.
    pub name: Name,
    /// Its type.
    pub ty: TypeText,
    /// 必填
    pub required: bool,
    /// 码表 file
    pub codes: Option<Name>,
    /// 科学计数
    pub scientific: bool,
    /// 信用代码
    pub credit_code: bool,
}

/// A statement of the typed blocks that carry no formula of their own.
#[derive(Clone, Debug)]
pub struct BlockStmt {
    /// 流程, 步骤 …
    pub keyword: Name,
    /// Its first words (id, name).
    pub head: Vec<Name>,
    /// Clauses by their keyword, in order, with the words behind each.
    pub clauses: Vec<(Name, Vec<Name>)>,
}

/// An expression as written.
#[derive(Clone, Debug)]
pub struct Expr {
    /// What it says.
    pub kind: Ex,
    /// Where.
    pub span: Span,
}

/// Forms of expressions as written.
#[derive(Clone, Debug)]
pub enum Ex {
    /// A number with its unit, if written; `true` for a percentage.
    Number(Name, Option<Name>, bool),
    /// A day.
    Date(Name),
    /// 是 | 否
    Truth(bool),
    /// A name or chain.
    Path(Path),
    /// `table[key, …]`
    Table(Path, Vec<Expr>),
    /// `f(…)`, for the functions without a relation.
    Call(Name, Vec<Expr>),
    /// `合计(关系.x : 条件)` and its kin.
    Aggregate {
        /// 合计, 人数 …
        function: Name,

        /// The relation, or what is added up over it.
        over: Box<Expr>,

        /// Which rows.
        filter: Option<Box<Expr>>,
    },
    /// 非
    Not(Box<Expr>),
    /// A unary minus.
    Negate(Box<Expr>),
    /// 且
    And(Vec<Expr>),
    /// 或
    Or(Vec<Expr>),
    /// < <= = ≠ >= >
    Compare(&'static str, Box<Expr>, Box<Expr>),
    /// + - * /
    Arith(&'static str, Box<Expr>, Box<Expr>),
    /// 属于
    In(Box<Expr>, Box<SetText>),
    /// 若 … 则 … 否则 …
    If(Box<Expr>, Box<Expr>, Box<Expr>),
}

/// A set behind 属于.
#[derive(Clone, Debug)]
pub enum SetText {
    /// {a, b}
    Members(Vec<Expr>),
    /// a 取每项 name
    Path(Path),
    /// 本月 | 上月 | 本年
    Named(Name),
    /// 近 n 月 | 近 n 天
    Past(Expr, Name),
}

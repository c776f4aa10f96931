//! 文书的来处: from which record each field of a letter is filled, and whether the way of a procedure to the step
//! that gives the letter passes that record. What nothing fills is never printed; better told when the rulebook
//! is checked than at the window.

use crate::casework::Outcome;
use crate::procedure::{Document, Ground, Procedure, Step};
use std::collections::BTreeSet;

/// What fills a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Supplier {
    /// The place's own words: offices, telephones.
    Place,
    /// The application: who, how many, which programme.
    Case,
    /// The acceptance and the days counted from it.
    Received,
    /// What the applicant was told to bring.
    Papers,
    /// The report of the verification.
    Verification,
    /// The reason for which the procedure was ended.
    Ending,
    /// What was written when the complaint was answered.
    Reply,
    /// The public notice as it hangs.
    Notice,
    /// The signed decision, with the facts it rests on.
    Decision,
    /// The signed decision about help already given.
    Adjustment,
    /// What the family was told before it is heard.
    Hearing,
    /// The batch in which the first month was paid.
    Payment,
}

/// The field a complaint is answered with.
pub const REPLY: &str = "答复内容";
/// The field that says for which reasons.
pub const REASONS: &str = "全部理由";

impl Supplier {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Place,
        Self::Case,
        Self::Received,
        Self::Papers,
        Self::Verification,
        Self::Ending,
        Self::Reply,
        Self::Notice,
        Self::Decision,
        Self::Adjustment,
        Self::Hearing,
        Self::Payment,
    ];

    /// The fields it fills.
    #[must_use]
    pub const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Place => &[
                "决定机关",
                "受理机构",
                "咨询电话",
                "监督电话",
                "复议机关",
                "诉讼法院",
            ],
            Self::Case => &[
                "文书编号",
                "申请人姓名",
                "授权成员姓名",
                "监护人姓名",
                "受益人姓名",
                "家庭成员数",
                "救助项目",
                "办件编号",
            ],
            Self::Received => &["受理日期", "办结期限", "跳过的假日"],
            Self::Papers => &["缺少的材料", "补正期限"],
            Self::Verification => &["核对结果", "提出意见期限"],
            Self::Ending => &[REASONS, "依据条文", "决定日期"],
            Self::Reply => &[REPLY],
            Self::Notice => &[
                "公示范围",
                "公示起始日",
                "公示截止日",
                "拟保障金额",
                "救助金额",
                "供养形式",
            ],
            Self::Decision => &[
                "决定日期",
                REASONS,
                "依据条文",
                "月保障金额",
                "金额组成",
                "救助金额",
                "起始月份",
                "公示范围",
                "供养形式",
            ],
            Self::Adjustment => &[
                "决定日期",
                REASONS,
                "变更事由",
                "终止事由",
                "依据条文",
                "变更前金额",
                "变更后金额",
                "起始月份",
                "停发月份",
                "渐退期截止月份",
                "追回金额",
                "追回期间",
                "退回期限",
                "补充追回金额",
                "已退金额",
                "核销金额",
            ],
            Self::Hearing => &[REASONS, "变更事由", "依据条文", "提出意见期限", "决定日期"],
            Self::Payment => &["发放月份", "合计户数", "合计人数", "合计金额"],
        }
    }

    /// What a procedure must have before the step for it, as the author of rules reads it.
    #[must_use]
    pub const fn wants(self) -> &'static str {
        match self {
            Self::Place | Self::Case | Self::Received => "任何一步都有",
            Self::Papers => "有 材料 的一步,材料不齐时转到给出这份文书的一步,这一步后面还有一步",
            Self::Verification => "前面有 凭 核对 的一步",
            Self::Ending => "前面没有 凭 决定 的一步,后面没有 下一步",
            Self::Reply => "用于 投诉 的流程",
            Self::Notice => "公示 的一步给出",
            Self::Decision => "前面有 凭 决定 的一步",
            Self::Adjustment => "前面有 凭 处理决定 的一步",
            Self::Hearing => "这一步或者后面有 凭 听取意见 的一步",
            Self::Payment => "前面有 凭 决定 的一步",
        }
    }

    /// Whether it has something to fill with when a step gives its letter.
    #[must_use]
    pub fn stands(self, procedure: &Procedure, step: &Step) -> bool {
        let before = |ground: Ground| {
            let mut all = procedure.steps.iter().filter(|s| s.ground == Some(ground));
            all.any(|from| leads(procedure, &from.name, &step.name))
        };
        match self {
            Self::Place | Self::Case | Self::Received => true,
            Self::Papers => asks_for_papers(procedure, step),
            Self::Verification => before(Ground::Verification),
            Self::Ending => ends(procedure, step),
            Self::Reply => procedure.purpose == crate::procedure::Purpose::Complaint,
            Self::Notice => {
                let notice = procedure.notice.as_ref();
                notice.is_some_and(|notice| notice.steps.contains(&step.name))
            }
            Self::Decision | Self::Payment => before(Ground::Decision),
            Self::Adjustment => before(Ground::Adjustment),
            Self::Hearing => {
                let mut all = procedure.steps.iter();
                all.any(|to| {
                    to.ground == Some(Ground::Hearing) && leads(procedure, &step.name, &to.name)
                })
            }
        }
    }
}

/// Whether a way leads from one step to another; each leads to itself.
fn leads(procedure: &Procedure, from: &str, to: &str) -> bool {
    let mut seen: BTreeSet<&str> = BTreeSet::new();
    let mut ahead = vec![from];
    while let Some(name) = ahead.pop() {
        if name == to {
            return true;
        }
        if let Some(step) = procedure.step(name).filter(|step| seen.insert(&step.name)) {
            ahead.extend(step.next.iter().map(|next| next.step.as_str()));
        }
    }
    false
}

fn asks_for_papers(procedure: &Procedure, step: &Step) -> bool {
    let mut asking = procedure.steps.iter().filter(|s| !s.papers.is_empty());
    let told = asking.any(|asks| {
        let mut ways = asks.next.iter();
        ways.any(|next| !next.when.any_of.is_empty() && next.step == step.name)
    });
    told && !step.next.is_empty()
}

/// Whether a step ends a procedure that leads to a decision before anything was decided, and tells why.
#[must_use]
pub fn ends(procedure: &Procedure, step: &Step) -> bool {
    let decides = |one: &&Step| matches!(one.ground, Some(Ground::Decision | Ground::Adjustment));
    let mut deciding = procedure.steps.iter().filter(decides).peekable();
    if deciding.peek().is_none() || !step.next.is_empty() {
        return false;
    }
    let mut letters = step
        .gives
        .iter()
        .filter_map(|title| procedure.document(title));
    letters.any(|letter| letter.fields.iter().any(|field| field == REASONS))
        && !deciding.any(|from| leads(procedure, &from.name, &step.name))
}

/// The step by which a procedure is ended before a decision, with its letter; none where it has none.
#[must_use]
pub fn ending(procedure: &Procedure) -> Option<(&Step, &Document)> {
    let step = procedure.steps.iter().find(|step| ends(procedure, step))?;
    let mut letters = step
        .gives
        .iter()
        .filter_map(|title| procedure.document(title));
    Some((
        step,
        letters.find(|letter| letter.fields.iter().any(|field| field == REASONS))?,
    ))
}

/// How a case ends that nothing was decided of, by its last step.
pub(crate) fn outcome_at(procedure: &Procedure, step: &str) -> Outcome {
    match ending(procedure).is_some_and(|(ending, _)| ending.name == step) {
        true => Outcome::Ended,
        false => Outcome::Done,
    }
}

/// The fields of a letter that nothing fills when this step gives it, each with who would fill it.
#[must_use]
pub fn lacking<'d>(
    procedure: &Procedure,
    step: &Step,
    document: &'d Document,
) -> Vec<(&'d str, Vec<Supplier>)> {
    let fields = document.fields.iter().map(String::as_str);
    let open = fields.filter_map(|field| {
        let fills = |one: &Supplier| one.fields().contains(&field);
        let known: Vec<Supplier> = Supplier::ALL.into_iter().filter(fills).collect();
        let filled = known.iter().any(|one| one.stands(procedure, step));
        (!filled).then_some((field, known))
    });
    open.collect()
}

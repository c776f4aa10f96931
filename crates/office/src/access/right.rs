//! 权限: the rights the program knows. Who has them stands in the rulebook, `access/access.md`.

/// One thing that may be seen or done, by its code in the rulebook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Right(&'static str);

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident = $code:literal;)*) => {
        impl Right {
            $($(#[$doc])* pub const $name: Right = Right($code);)*
            /// Every right the program knows.
            pub const ALL: &[Right] = &[$(Right::$name),*];
        }
    };
}

rights! {
    /// 自己的账号.
    ACCOUNT = "account.own";
    /// 看总览.
    OVERVIEW = "overview.view";
    /// 公布数据: sign what everybody may read.
    PUBLISH = "figures.publish";
    /// 看预警.
    WARNING = "warning.view";
    /// 看救助名册.
    ROLL = "roll.view";
    /// 看家庭档案.
    HOUSEHOLD = "household.view";
    /// 看完整证件号.
    REVEAL = "identity.reveal";
    /// 看谁看过这一户.
    OPENING = "opening.view";
    /// 查找.
    SEARCH = "search.use";
    /// 看行政区划.
    AREA = "area.view";
    /// 看部门来文.
    FEED = "feed.view";
    /// 认人: whose a doubtful row is.
    DOUBT = "doubt.answer";
    /// 报送部门来文.
    FEED_DELIVER = "feed.deliver";
    /// 撤回一批来文.
    FEED_UNDO = "feed.undo";
    /// 下载退回明细.
    FEED_EXPORT = "feed.export";
    /// 同意别人的导出.
    EXPORT_AGREE = "export.agree";
    /// 看导出、申请导出.
    EXPORT = "export.view";
    /// 看保存期限.
    KEEPING = "keeping.view";
    /// 暂停销毁.
    KEEPING_HOLD = "keeping.hold";
    /// 恢复销毁.
    KEEPING_END = "keeping.end";
    /// 调标试算.
    TRIAL = "trial.view";
    /// 看办件.
    CASE = "case.view";
    /// 收件受理.
    CASE_ACCEPT = "case.accept";
    /// 经办流程步骤.
    CASE_HANDLE = "case.handle";
    /// 答复协办: what another department was asked about a case.
    ASSIST = "assist.answer";
    /// 看无人承办和逾期的办件.
    CASE_OVERSEE = "case.oversee";
    /// 督办: urge a township about what is late there.
    URGE = "case.urge";
    /// 上报线索.
    CLUE_REPORT = "clue.report";
    /// 报告入户调查.
    VISIT_REPORT = "visit.report";
    /// 看照片和扫描件.
    PHOTO = "photo.view";
    /// 信息核对:建批次、看差异、催办、出报告.
    VERIFY = "verification.handle";
    /// 登记和撤回核对授权.
    VERIFY_CONSENT = "verification.consent";
    /// 看核对请求、交答复.
    VERIFY_ANSWER = "verification.answer";
    /// 导出核对请求.
    VERIFY_EXPORT = "verification.export";
    /// 看核对报告.
    VERIFY_REPORT = "verification.report";
    /// 签署审核确认决定.
    DECISION = "decision.sign";
    /// 列入定期核查.
    REVIEW_OPEN = "review.open";
    /// 开通和关闭紧急通道.
    CRISIS = "crisis.switch";
    /// 记联席会议纪要.
    CONFERENCE = "conference.record";
    /// 自己申请、查自己的办件.
    PORTAL = "portal.apply";
    /// 代办申请.
    CASE_ASSIST = "case.assist";
    /// 办居民事项:核身、求助、评价整改.
    RESIDENT_HANDLE = "resident.handle";
    /// 答复居民的更正申请.
    CORRECTION_ANSWER = "correction.answer";
    /// 看工单.
    TICKET = "ticket.view";
    /// 登记工单.
    TICKET_TAKE = "ticket.take";
    /// 答复、转办、办结工单.
    TICKET_HANDLE = "ticket.handle";
    /// 看政策找人的推送和答复.
    FIND = "find.view";
    /// 确认并推送.
    FIND_PUSH = "find.push";
    /// 答复推送.
    FIND_ANSWER = "find.answer";
    /// 看困难家庭查询的记录.
    LOOKUP_VIEW = "lookup.view";
    /// 困难家庭查询、反馈效果、说明.
    LOOKUP = "lookup.use";
    /// 清查未查询先救助.
    LOOKUP_OVERSEE = "lookup.oversee";
    /// 看发放批次.
    PAYMENT = "payment.view";
    /// 开账、编制发放批次.
    PAYMENT_PREPARE = "payment.prepare";
    /// 核查发放批次、接收回盘.
    PAYMENT_CHECK = "payment.check";
    /// 批准、封存发放批次.
    PAYMENT_APPROVE = "payment.approve";
    /// 交银行、下载发放文件.
    PAYMENT_FILE = "payment.file";
    /// 看政策规则.
    RULEBOOK = "rulebook.view";
    /// 提出规则改动.
    RULEBOOK_PROPOSE = "rulebook.propose";
    /// 导入年份工作日历.
    CALENDAR_IMPORT = "calendar.import";
    /// 批准规则改动的影响预览.
    RULEBOOK_APPROVE = "rulebook.approve";
    /// 签发规则.
    RULEBOOK_SIGN = "rulebook.sign";
    /// 看运行状况.
    HEALTH = "health.view";
    /// 看用户与机构.
    USER = "user.view";
    /// 建立和停用账号、机构.
    USER_MANAGE = "user.manage";
    /// 授予和收回角色、重置口令.
    ROLE_GRANT = "role.grant";
    /// 看疑点、调阅办件.
    FLAGS = "audit.flags";
    /// 看审计日志.
    AUDIT = "audit.view";
}

impl Right {
    /// Its code in the rulebook.
    #[must_use]
    pub fn code(self) -> &'static str {
        self.0
    }

    /// The right with a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|right| right.0 == code)
    }
}

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
    /// 下载退回明细.
    FEED_EXPORT = "feed.export";
    /// 调标试算.
    TRIAL = "trial.view";
    /// 报告入户调查.
    VISIT_REPORT = "visit.report";
    /// 签署审核确认决定.
    DECISION = "decision.sign";
    /// 看政策规则.
    RULEBOOK = "rulebook.view";
    /// 看运行状况.
    HEALTH = "health.view";
    /// 看用户与机构.
    USER = "user.view";
    /// 建立和停用账号、机构.
    USER_MANAGE = "user.manage";
    /// 授予和收回角色、重置口令.
    ROLE_GRANT = "role.grant";
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

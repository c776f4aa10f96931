//! Surrogate keys given by the store. An id number is never a key: it may be missing, shared or wrong.

macro_rules! surrogate {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(i64);

        impl $name {
            /// The key as the store gave it.
            #[must_use]
            pub const fn new(key: i64) -> Self {
                Self(key)
            }

            /// The key as the store and the lake write it.
            #[must_use]
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

surrogate! {
    /// 人员编号: one person, whatever numbers the person has carried.
    PersonId;
    /// 家庭编号: one assistance household, whoever belongs to it.
    HouseholdId;
    /// 预警编号.
    WarningId;
    /// 任务编号.
    TaskId;
    /// 经办人编号: the official or grid worker a task goes to.
    WorkerId;
    /// 申请编号.
    ApplicationNo;
    /// 个案编号.
    CaseNo;
}

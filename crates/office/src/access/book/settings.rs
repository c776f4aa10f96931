//! 设置: the numbers a place sets for itself.

/// The numbers of sign-in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// 口令最短, in characters.
    pub password_chars: usize,
    /// 口令有效, in days; 0 for ever.
    pub password_days: i64,
    /// 动态口令 is 必须.
    pub second_factor_needed: bool,
    /// 无操作退出, in seconds.
    pub idle_seconds: i64,
    /// 最长登录, in seconds.
    pub longest_seconds: i64,
    /// 平板离线, in seconds; longer than any session.
    pub offline_seconds: i64,
    /// 再次确认, in seconds.
    pub confirm_seconds: i64,
    /// 输动态口令, in seconds.
    pub code_seconds: i64,
    /// 接口令牌, in seconds.
    pub program_seconds: i64,
    /// 试错不等.
    pub free_failures: u32,
    /// 首次等待, in seconds.
    pub first_wait: i64,
    /// 最长等待, in seconds.
    pub longest_wait: i64,
    /// 多处试错, in an hour.
    pub many_failures: usize,
    /// 每处登录, a minute.
    pub tries_each: u32,
    /// 全部登录, a minute.
    pub tries_all: u32,
    /// 每处打开, a minute, without signing in.
    pub visits_each: u32,
    /// 全部打开, a minute, without signing in.
    pub visits_all: u32,
    /// 每令牌调用, a minute.
    pub calls_each: u32,
    /// 全部调用, a minute.
    pub calls_all: u32,
    /// 每小时看明文.
    pub reveals_an_hour: u64,
    /// 备份提醒, in days.
    pub backup_days: i64,
    /// 读错上限, in percent of a file's rows.
    pub unread_percent: u64,
    /// 读错起算: a file of fewer rows is not judged by shares.
    pub judged_rows: u64,
    /// 乱码上限, in names of a file.
    pub garbled_names: u64,
    /// 空间提醒, in percent of the disk that is free.
    pub space_notice: u64,
    /// 空间告警, in percent of the disk that is free.
    pub space_urgent: u64,
    /// 演示账号从简 is 是.
    pub demo_is_simple: bool,
}

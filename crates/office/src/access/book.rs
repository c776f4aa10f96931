//! The rulebook's `access/access.md`: roles, rights, purposes and the numbers of sign-in. Read once
//! when the office opens; what is not written there is not allowed.

use super::right::Right;
use rules::Rulebook;
use rules::markdown::Table;
use std::collections::{BTreeMap, BTreeSet};
use values::Values;

mod check;
mod lacking;
mod settings;
mod values;

pub use lacking::Lack;
pub(crate) use lacking::with_rows;
pub use settings::Settings;

/// Where it stands in the rulebook.
pub const PATH: &str = "access/access.md";
/// Passwords nobody may choose.
const WEAK: &str = "access/weak.csv";
/// Lines of a menu that somebody takes in at a glance.
pub const MENU_MOST: usize = 7;

macro_rules! named {
    ($(#[$outer:meta])* $name:ident { $($(#[$inner:meta])* $case:ident = $word:literal),+ $(,)? }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$inner])* $case),+ }
        impl $name {
            /// The rulebook's word.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self { $(Self::$case => $word),+ }
            }
            fn from_word(word: &str) -> Option<Self> {
                match word { $($word => Some(Self::$case),)+ _ => None }
            }
        }
    };
}

named! {
    /// What a role can come near.
    Class {
        /// Residents.
        Resident = "居民",
        /// Those who handle cases.
        Casework = "业务",
        /// Those who lead.
        Leader = "领导",
        /// Those who supervise and read the chain.
        Oversight = "监督",
        /// The three administrators.
        Guard = "三员",
        /// Other bodies.
        Outside = "外部",
        /// Third parties who investigate by commission.
        ThirdParty = "第三方",
    }
}

named! {
    /// What kind of thing a right lets somebody do.
    Nature {
        /// See.
        See = "看",
        /// Report what was seen.
        Report = "报",
        /// Handle.
        Handle = "办",
        /// Sign a decision.
        Decide = "决定",
        /// Keep accounts.
        Accounts = "管账号",
        /// Give roles.
        Grant = "授权",
        /// Read the chain.
        Audit = "审计",
        /// One's own account.
        Own = "自己",
    }
}

impl Nature {
    /// Whether it takes a person: no program signs, keeps accounts or gives roles.
    #[must_use]
    pub fn takes_a_person(self) -> bool {
        matches!(self, Self::Decide | Self::Accounts | Self::Grant)
    }
}

named! {
    /// How far a right reaches.
    Reach {
        /// The places of the grant and all inside them.
        Area = "辖区",
        /// Only with a grant over all places of this office.
        Whole = "全域",
        /// Nothing personal in it.
        Undivided = "不分",
        /// One's own only.
        Own = "本人",
    }
}

named! {
    /// How much of a name or number is shown.
    Masking {
        /// Masked.
        Masked = "遮盖",
        /// In full.
        Clear = "明文",
        /// There is none.
        None = "无",
    }
}

/// 角色.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// Its code, as grants keep it.
    pub code: String,
    /// Its name.
    pub title: String,
    /// What it can come near.
    pub class: Class,
    /// What its holder does.
    pub gist: String,
}

/// Who has a right, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Which right.
    pub right: Right,
    /// Its name.
    pub title: String,
    /// What it lets somebody do.
    pub nature: Nature,
    /// How far it reaches.
    pub reach: Reach,
    /// How much is shown.
    pub masking: Masking,
    /// Whether a purpose must be told each time.
    pub purpose_needed: bool,
    /// The roles that have it, by code.
    pub roles: BTreeSet<String>,
}

/// A code and its word: a purpose, a relation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its code.
    pub code: String,
    /// Its word.
    pub title: String,
    /// What it means, where that is written.
    pub gist: String,
}

/// 权限手册, read and checked.
#[derive(Clone, Debug, Default)]
pub struct AccessBook {
    roles: Vec<Role>,
    apart: BTreeMap<(String, String), String>,
    menu: BTreeMap<String, Vec<String>>,
    rules: BTreeMap<Right, Rule>,
    purposes: Vec<Named>,
    relations: Vec<Named>,
    settings: Settings,
    weak: BTreeSet<String>,
    lacks: Vec<Lack>,
}

impl AccessBook {
    /// Reads the access rules of a place: its own, or those of all.
    ///
    /// # Errors
    /// Every mistake, each in one sentence; without the file, one that says so.
    pub fn read(book: &Rulebook, locality: &str) -> Result<Self, Vec<String>> {
        Self::read_beside(book, locality, None)
    }

    /// The same of a version that was signed under an older program: what only this program knows is no
    /// mistake of it.
    ///
    /// # Errors
    /// Every other mistake.
    pub(crate) fn read_signed(book: &Rulebook, locality: &str) -> Result<Self, Vec<String>> {
        Self::read_beside(book, locality, Some(&lacking::Own::of_the_program()))
    }

    fn read_beside(
        book: &Rulebook,
        locality: &str,
        own: Option<&lacking::Own>,
    ) -> Result<Self, Vec<String>> {
        let Some(document) = book.document(&Self::path(book, locality)) else {
            return Err(vec![format!(
                "规则手册里没有 {PATH},谁也不能登录;请补上这份文件"
            )]);
        };
        let mut reader = Reader {
            tables: &document.tables,
            wrong: Vec::new(),
        };
        let mut access = Self::default();
        access.roles = reader.roles();
        access.apart = reader.apart(&access.roles);
        access.menu = reader.menu(&access.roles);
        access.rules = reader.rules(&access.roles);
        access.lacks = own.map_or_else(Vec::new, |own| own.rights(&access.rules));
        access.purposes = reader.named("用途", "用途", "说明");
        access.relations = reader.named("近亲属", "关系", "");
        let (settings, lacks) = reader.settings(own);
        access.settings = settings;
        access.lacks.extend(lacks);
        let weak = book.texts().get(WEAK).map_or("", String::as_str);
        access.weak = weak
            .lines()
            .skip(1)
            .map(|line| line.trim().to_lowercase())
            .filter(|word| !word.is_empty())
            .collect();
        let mut wrong = reader.wrong;
        if wrong.is_empty() {
            wrong = check::wrong(&access);
        }
        if wrong.is_empty() {
            Ok(access)
        } else {
            Err(wrong)
        }
    }

    /// The mistakes of the access rules in a rulebook that has some, for every place, each once.
    #[must_use]
    pub fn findings(book: &Rulebook) -> Vec<String> {
        if book.document(PATH).is_none() {
            return Vec::new();
        }
        let places = book.localities().iter().map(|place| place.id.as_str());
        let mut all: Vec<String> = places
            .chain([""])
            .filter_map(|place| Self::read(book, place).err())
            .flatten()
            .collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Where a place's access rules stand: in its own file, or in that of all.
    pub(crate) fn path(book: &Rulebook, locality: &str) -> String {
        let own = book.path_in(locality, "access.md");
        match book.document(&own) {
            Some(_) => own,
            None => PATH.to_owned(),
        }
    }

    /// What a version signed under an older program does not say yet.
    #[must_use]
    pub fn lacks(&self) -> &[Lack] {
        &self.lacks
    }

    /// A right that is not written yet.
    pub(super) fn lack(&self, right: Right) -> Option<&Lack> {
        self.lacks.iter().find(|lack| lack.right == Some(right))
    }

    /// The lines of the menu a role sees first, in their order; none where nothing is written.
    #[must_use]
    pub fn menu(&self, role: &str) -> &[String] {
        self.menu.get(role).map_or(&[], Vec::as_slice)
    }

    /// The roles, in the order of the file.
    #[must_use]
    pub fn roles(&self) -> &[Role] {
        &self.roles
    }

    /// A role by its code.
    #[must_use]
    pub fn role(&self, code: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.code == code)
    }

    /// A role by its code or its name.
    #[must_use]
    pub fn role_named(&self, word: &str) -> Option<&Role> {
        self.roles
            .iter()
            .find(|role| role.code == word || role.title == word)
    }

    /// Who has a right, and how.
    #[must_use]
    pub fn rule(&self, right: Right) -> Option<&Rule> {
        self.rules.get(&right)
    }

    /// Every rule, by code.
    pub fn rules(&self) -> impl Iterator<Item = &Rule> {
        self.rules.values()
    }

    /// Whether a role has a right.
    #[must_use]
    pub fn allows(&self, role: &str, right: Right) -> bool {
        self.rules
            .get(&right)
            .is_some_and(|rule| rule.roles.contains(role))
    }

    /// Why two roles cannot be held by one person; none when they can.
    #[must_use]
    pub fn apart(&self, one: &str, other: &str) -> Option<&str> {
        let key = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        self.apart
            .get(&key(one, other))
            .or_else(|| self.apart.get(&key(other, one)))
            .map(String::as_str)
    }

    /// The purposes a full number may be seen for.
    #[must_use]
    pub fn purposes(&self) -> &[Named] {
        &self.purposes
    }

    /// The relations that keep an official from a case.
    #[must_use]
    pub fn relations(&self) -> &[Named] {
        &self.relations
    }

    /// The numbers of sign-in.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Whether a password is one that everybody tries first.
    #[must_use]
    pub fn is_weak(&self, password: &str) -> bool {
        self.weak.contains(&password.to_lowercase())
    }
}

/// Reads tables by the heading above them.
struct Reader<'a> {
    tables: &'a [Table],
    wrong: Vec<String>,
}

impl Reader<'_> {
    /// The rows under a heading, cut to the columns asked for; a missing table or column is told.
    fn rows<const N: usize>(&mut self, heading: &str, columns: [&str; N]) -> Vec<[String; N]> {
        let Some(table) = self.tables.iter().find(|t| t.heading == heading) else {
            self.wrong.push(format!("{PATH}:没有“{heading}”一节的表"));
            return Vec::new();
        };
        let place = |name: &str| table.header.iter().position(|cell| cell.text == name);
        let places = columns.map(place);
        for (name, place) in columns.iter().zip(places) {
            if place.is_none() && !name.is_empty() {
                self.wrong
                    .push(format!("{PATH}:“{heading}”的表没有“{name}”一列"));
            }
        }
        let cell = |row: &[rules::markdown::Cell], place: Option<usize>| {
            place
                .and_then(|at| row.get(at))
                .map_or(String::new(), |cell| cell.text.clone())
        };
        table
            .rows
            .iter()
            .map(|row| places.map(|place| cell(row, place)))
            .collect()
    }

    fn word<T>(&mut self, heading: &str, said: &str, meaning: fn(&str) -> Option<T>) -> Option<T> {
        let found = meaning(said);
        if found.is_none() {
            self.wrong
                .push(format!("{PATH}:“{heading}”里的 `{said}` 不是认得的词"));
        }
        found
    }

    fn roles(&mut self) -> Vec<Role> {
        let mut out: Vec<Role> = Vec::new();
        for [code, title, class, gist] in self.rows("角色", ["代号", "角色", "类别", "做什么"])
        {
            if out.iter().any(|r| r.code == code || r.title == title) {
                self.wrong.push(format!("{PATH}:角色 `{title}` 写了两次"));
            }
            let Some(class) = self.word("角色", &class, Class::from_word) else {
                continue;
            };
            out.push(Role {
                code,
                title,
                class,
                gist,
            });
        }
        out
    }

    /// The roles a cell names: roles, or whole classes.
    fn meant(&mut self, roles: &[Role], cell: &str) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        for word in cell.split('、').map(str::trim).filter(|w| !w.is_empty()) {
            let found: Vec<&Role> = roles
                .iter()
                .filter(|r| r.title == word || r.class.word() == word)
                .collect();
            if found.is_empty() {
                self.wrong
                    .push(format!("{PATH}:`{word}` 不是“角色”表里的角色或类别"));
            }
            out.extend(found.into_iter().map(|r| r.code.clone()));
        }
        out
    }

    fn apart(&mut self, roles: &[Role]) -> BTreeMap<(String, String), String> {
        let mut out = BTreeMap::new();
        for [one, other, why] in self.rows("不能由一个人兼任", ["甲", "乙", "理由"]) {
            let (left, right) = (self.meant(roles, &one), self.meant(roles, &other));
            for a in &left {
                for b in right.iter().filter(|b| *b != a) {
                    out.insert((a.clone(), b.clone()), why.clone());
                }
            }
        }
        out
    }

    /// A version without the section shows every line at once.
    fn menu(&mut self, roles: &[Role]) -> BTreeMap<String, Vec<String>> {
        const HEADING: &str = "菜单";
        let mut out = BTreeMap::new();
        if !self.tables.iter().any(|table| table.heading == HEADING) {
            return out;
        }
        for [title, first] in self.rows(HEADING, ["角色", "先列"]) {
            let lines: Vec<String> = first
                .split('、')
                .map(|line| line.trim().to_owned())
                .collect();
            if lines.len() > MENU_MOST {
                self.wrong.push(format!(
                    "{PATH}:“{HEADING}”里 `{title}` 先列了 {} 项,最多 {MENU_MOST} 项;其余的在“更多”里",
                    lines.len()
                ));
            }
            match roles.iter().find(|role| role.title == title) {
                Some(role) => {
                    out.insert(role.code.clone(), lines);
                }
                None => self
                    .wrong
                    .push(format!("{PATH}:“{HEADING}”里没有 `{title}` 这个角色")),
            }
        }
        out
    }

    fn rules(&mut self, roles: &[Role]) -> BTreeMap<Right, Rule> {
        const HEADING: &str = "权限";
        let columns = ["代号", "权限", "性质", "范围", "遮盖", "用途", "角色"];
        let mut out = BTreeMap::new();
        for [code, title, nature, reach, masking, purpose, who] in self.rows(HEADING, columns) {
            let right = self.word(HEADING, &code, Right::from_code);
            let nature = self.word(HEADING, &nature, Nature::from_word);
            let reach = self.word(HEADING, &reach, Reach::from_word);
            let masking = self.word(HEADING, &masking, Masking::from_word);
            let purpose_needed = self.word(HEADING, &purpose, |word| match word {
                "必填" => Some(true),
                "不填" => Some(false),
                _ => None,
            });
            let roles = self.meant(roles, &who);
            let (Some(right), Some(nature), Some(reach), Some(masking), Some(purpose_needed)) =
                (right, nature, reach, masking, purpose_needed)
            else {
                continue;
            };
            let rule = Rule {
                right,
                title,
                nature,
                reach,
                masking,
                purpose_needed,
                roles,
            };
            if out.insert(right, rule).is_some() {
                self.wrong.push(format!("{PATH}:权限 `{code}` 写了两次"));
            }
        }
        out
    }

    fn named(&mut self, heading: &str, title: &str, gist: &str) -> Vec<Named> {
        let rows = self.rows(heading, ["代号", title, gist]);
        rows.into_iter()
            .map(|[code, title, gist]| Named { code, title, gist })
            .collect()
    }

    fn settings(&mut self, own: Option<&lacking::Own>) -> (Settings, Vec<Lack>) {
        let rows = self.rows(lacking::SETTINGS, ["设置", "值"]).into_iter();
        let mut rows = rows.map(|[name, value]| (name, value)).collect();
        let lacks = own.map_or_else(Vec::new, |own| own.fill(&mut rows));
        let mut values = Values {
            rows,
            wrong: Vec::new(),
        };
        let settings = Settings {
            password_chars: values.number("口令最短", 8..=64),
            password_days: values.number("口令有效", 0..=3_650),
            second_factor_needed: values.choice("动态口令", "必须", "自愿"),
            idle_seconds: values.seconds("无操作退出", 60, 1..=240),
            longest_seconds: values.seconds("最长登录", 3_600, 1..=24),
            // No shorter than the longest session: whoever comes after it has signed in anew.
            offline_seconds: values.seconds("平板离线", 3_600, 24..=168),
            confirm_seconds: values.seconds("再次确认", 60, 1..=240),
            code_seconds: values.seconds("输动态口令", 60, 1..=30),
            program_seconds: values.seconds("接口令牌", 86_400, 1..=366),
            free_failures: values.number("试错不等", 1..=20),
            first_wait: values.number("首次等待", 1..=3_600),
            longest_wait: values.number("最长等待", 1..=86_400),
            many_failures: values.number("多处试错", 5..=1_000),
            tries_each: values.number("每处登录", 1..=10_000),
            tries_all: values.number("全部登录", 1..=100_000),
            visits_each: values.number("每处打开", 1..=100_000),
            visits_all: values.number("全部打开", 1..=1_000_000),
            calls_each: values.number("每令牌调用", 1..=100_000),
            calls_all: values.number("全部调用", 1..=1_000_000),
            reveals_an_hour: values.number("每小时看明文", 1..=10_000),
            backup_days: values.number("备份提醒", 1..=31),
            unread_percent: values.number("读错上限", 1..=100),
            judged_rows: values.number("读错起算", 1..=10_000),
            garbled_names: values.number("乱码上限", 0..=1_000),
            space_notice: values.number("空间提醒", 1..=90),
            space_urgent: values.number("空间告警", 1..=90),
            demo_is_simple: values.choice("演示账号从简", "是", "否"),
        };
        let left: Vec<String> = values.rows.into_keys().collect();
        self.wrong.extend(values.wrong);
        for name in left {
            self.wrong
                .push(format!("{PATH}:程序里没有名为 `{name}` 的设置"));
        }
        (settings, lacks)
    }
}

#[cfg(test)]
mod tests;

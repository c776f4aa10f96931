//! What surrounds every page: the place, the menu, the search box, the display size.

use office::access::{Acting, MENU_MOST, Right, Stage, Visitor};
use office::views::Place;

use crate::assets;
use crate::look::Icon;

/// The frame of a page, for `templates/base.html`.
pub(crate) struct Shell {
    /// Title of the page, which is also its one `h1`.
    pub(crate) title: String,
    /// Where and when we are.
    pub(crate) place: Place,
    /// The page's own address, to come back to after the display size changed.
    pub(crate) here: String,
    /// What was searched for.
    pub(crate) words: String,
    /// 长辈版.
    pub(crate) large: bool,
    /// The word of a resident's forms; none where no resident is signed in.
    pub(crate) resident: Option<String>,
    /// Who is signed in; none at the door.
    pub(crate) signed_in: Option<SignedIn>,
    active: Option<Menu>,
}

/// Who is signed in, as every page shows it.
pub(crate) struct SignedIn {
    /// Their name.
    pub(crate) name: String,
    /// Name of their account.
    pub(crate) login: String,
    /// Their roles, or how far they have come.
    pub(crate) roles: String,
    /// The word of their forms.
    pub(crate) word: String,
    /// Whether the search box is for them.
    pub(crate) searches: bool,
    /// The lines of the menu they see first.
    menu: Vec<Menu>,
    /// The others they may open.
    more: Vec<Menu>,
}

impl SignedIn {
    /// Whose session it is.
    pub(crate) fn of(visitor: &Visitor) -> Self {
        let who = &visitor.acting;
        let whole = visitor.stage == Stage::Whole;
        let (menu, more) = menu_of(who);
        Self {
            name: who.name().to_owned(),
            login: who.login().to_owned(),
            roles: if whole {
                who.role_titles().join("、")
            } else {
                "登录还没有完成".to_owned()
            },
            word: visitor.form_word.clone(),
            searches: who.may(Right::SEARCH),
            menu,
            more,
        }
    }

    /// The first page they may open.
    pub(crate) fn home(&self) -> &'static str {
        self.menu.first().map_or("/account", |menu| menu.line().0)
    }
}

/// What somebody may open, as the access rules list it: first their daily work, then the rest.
fn menu_of(who: &Acting) -> (Vec<Menu>, Vec<Menu>) {
    parted(|menu| who.may(menu.right()), &who.menu_first())
}

/// What may be opened: first what is named, or everything where nothing of it is, but never more lines than a list of
/// the rules may have; then the rest.
fn parted(may: impl Fn(&Menu) -> bool, named: &[&str]) -> (Vec<Menu>, Vec<Menu>) {
    let may: Vec<Menu> = Menu::ALL.into_iter().filter(may).collect();
    let mut first: Vec<Menu> = Vec::new();
    for name in named {
        let found = may.iter().find(|menu| menu.line().2 == *name);
        first.extend(found.filter(|menu| !first.contains(menu)).copied());
    }
    if first.is_empty() {
        first.clone_from(&may);
    }
    first.truncate(MENU_MOST);
    let rest = may.into_iter().filter(|menu| !first.contains(menu));
    let rest = rest.collect();
    (first, rest)
}

/// The places an official can go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Menu {
    Inbox,
    Visits,
    Grid,
    Reviews,
    Overview,
    Reports,
    Urge,
    Warnings,
    Programmes,
    Indicators,
    Feeds,
    Deliver,
    Assists,
    Verify,
    Payments,
    Rulebook,
    WhatIf,
    Line,
    Areas,
    Users,
    Audit,
    Flags,
    Health,
    Tickets,
    Finds,
    Targets,
    Lookup,
    Exports,
}

impl Menu {
    /// In the order of the menu.
    const ALL: [Menu; 28] = [
        Menu::Inbox,
        Menu::Visits,
        Menu::Grid,
        Menu::Reviews,
        Menu::Overview,
        Menu::Reports,
        Menu::Urge,
        Menu::Warnings,
        Menu::Targets,
        Menu::Programmes,
        Menu::Indicators,
        Menu::Feeds,
        Menu::Assists,
        Menu::Deliver,
        Menu::Verify,
        Menu::Payments,
        Menu::Users,
        Menu::Audit,
        Menu::Flags,
        Menu::Health,
        Menu::Rulebook,
        Menu::WhatIf,
        Menu::Line,
        Menu::Areas,
        Menu::Tickets,
        Menu::Finds,
        Menu::Lookup,
        Menu::Exports,
    ];

    /// The right that opens it.
    fn right(self) -> Right {
        match self {
            Menu::Inbox => Right::CASE_HANDLE,
            Menu::Visits | Menu::Grid => Right::VISIT_REPORT,
            Menu::Reviews => Right::CASE,
            Menu::Overview | Menu::Reports => Right::OVERVIEW,
            Menu::Urge => Right::URGE,
            Menu::Flags => Right::FLAGS,
            Menu::Warnings | Menu::Targets => Right::WARNING,
            Menu::Programmes => Right::ROLL,
            Menu::Feeds => Right::FEED,
            Menu::Deliver => Right::FEED_DELIVER,
            Menu::Assists => Right::ASSIST,
            Menu::Verify => Right::VERIFY_ANSWER,
            Menu::Payments => Right::PAYMENT,
            Menu::Rulebook => Right::RULEBOOK,
            Menu::Indicators => Right::OVERVIEW,
            Menu::WhatIf | Menu::Line => Right::TRIAL,
            Menu::Areas => Right::AREA,
            Menu::Users => Right::USER,
            Menu::Audit => Right::AUDIT,
            Menu::Health => Right::HEALTH,
            Menu::Tickets => Right::TICKET,
            Menu::Finds => Right::FIND,
            Menu::Lookup => Right::LOOKUP_VIEW,
            Menu::Exports => Right::EXPORT,
        }
    }

    /// Address, short name, long name and icon.
    fn line(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Menu::Inbox => ("/inbox", "待办", "我的待办", "clock"),
            Menu::Visits => ("/visits", "走访", "走访清单", "home"),
            Menu::Grid => ("/grid", "网格", "我的网格", "map-pin"),
            Menu::Reports => ("/reports", "月报", "月报", "printer"),
            Menu::Urge => ("/lead/urge", "督办", "督办", "flag"),
            Menu::Flags => ("/audit/flags", "疑点", "疑点", "alert-circle"),
            Menu::Targets => ("/targets", "名单", "政策找人名单", "users-group"),
            Menu::Reviews => ("/reviews", "后续", "后续管理", "history"),
            Menu::Overview => ("/", "总览", "总览", "layout-dashboard"),
            Menu::Warnings => ("/warnings", "预警", "预警线索", "bell"),
            Menu::Programmes => ("/programmes", "名册", "救助名册", "users-group"),
            Menu::Verify => ("/verify", "核对", "信息核对", "scale"),
            Menu::Feeds => ("/feeds", "来文", "部门来文", "file-import"),
            Menu::Assists => ("/dept/tasks", "协办", "部门协办", "route"),
            Menu::Deliver => ("/dept/upload", "报送", "数据报送", "file-import"),
            Menu::Payments => ("/payments", "发放", "发放批次", "coin"),
            Menu::Rulebook => ("/rulebook", "政策", "政策规则", "book-2"),
            Menu::WhatIf => ("/whatif", "试算", "调标试算", "calculator"),
            Menu::Indicators => ("/indicators", "指标", "指标", "scale"),
            Menu::Line => ("/line", "定线", "低保定线", "coin"),
            Menu::Areas => ("/areas", "区划", "行政区划", "sitemap"),
            Menu::Users => ("/admin/users", "用户", "用户与机构", "user"),
            Menu::Audit => ("/audit", "日志", "审计日志", "history"),
            Menu::Health => ("/health", "状况", "运行状况", "heartbeat"),
            Menu::Tickets => ("/tickets", "工单", "工单", "flag"),
            Menu::Finds => ("/finds", "找人", "政策找人", "route"),
            Menu::Lookup => ("/lookup", "查询", "困难家庭查询", "id"),
            Menu::Exports => ("/exports", "导出", "导出", "table"),
        }
    }
}

/// A line of the menu.
pub(crate) struct MenuLine {
    pub(crate) href: &'static str,
    pub(crate) text: &'static str,
    pub(crate) long: &'static str,
    pub(crate) icon: Icon,
    pub(crate) active: bool,
}

impl Shell {
    /// A frame around a page.
    pub(crate) fn new(title: String, menu: Option<Menu>, place: Place, here: String) -> Shell {
        Shell {
            title,
            place,
            here,
            words: String::new(),
            large: false,
            resident: None,
            signed_in: None,
            active: menu,
        }
    }

    /// The menu of whoever is signed in, with the page's own line marked.
    pub(crate) fn menu(&self) -> Vec<MenuLine> {
        self.lines(|who| &who.menu)
    }

    /// What stands under 更多.
    pub(crate) fn more(&self) -> Vec<MenuLine> {
        self.lines(|who| &who.more)
    }

    /// Whether the page's own line stands there.
    pub(crate) fn is_in_more(&self) -> bool {
        self.more().iter().any(|line| line.active)
    }

    fn lines(&self, of: impl Fn(&SignedIn) -> &Vec<Menu>) -> Vec<MenuLine> {
        let open = self.signed_in.iter().flat_map(of);
        open.map(|menu| {
            let (href, text, long, icon) = menu.line();
            MenuLine {
                href,
                text,
                long,
                icon: Icon(icon),
                active: self.active == Some(*menu),
            }
        })
        .collect()
    }

    /// The page to go back to when lost.
    pub(crate) fn home(&self) -> &'static str {
        match (&self.signed_in, &self.resident) {
            (Some(who), _) => who.home(),
            (None, Some(_)) => "/my",
            (None, None) => "/home",
        }
    }

    /// The word every form of this session carries; empty at the door.
    pub(crate) fn word(&self) -> &str {
        match (&self.signed_in, &self.resident) {
            (Some(who), _) => &who.word,
            (None, Some(word)) => word,
            (None, None) => "",
        }
    }

    /// An icon.
    pub(crate) fn icon(&self, name: &'static str) -> Icon {
        Icon(name)
    }

    /// The address of one of our own assets.
    pub(crate) fn asset(&self, path: &str) -> String {
        assets::url(path)
    }
}

#[cfg(test)]
mod tests {
    #![expect(
        clippy::unwrap_used,
        reason = "a test that fails should stop where it failed"
    )]
    use super::{Menu, parted};
    use office::access::{AccessBook, MENU_MOST};

    fn check(roles: &[&str], named: &[&str], lines: (usize, usize)) -> Vec<Menu> {
        let book = AccessBook::read(&office::rulebook::read(None).unwrap(), "demo").unwrap();
        let allows = |menu: &Menu| roles.iter().any(|role| book.allows(role, menu.right()));
        let (first, rest) = parted(allows, named);
        assert_eq!((first.len(), rest.len()), lines, "{roles:?}");
        first
    }

    #[test]
    fn a_role_that_may_open_more_than_the_most_lines_has_its_own_first() {
        let book = AccessBook::read(&office::rulebook::read(None).unwrap(), "demo").unwrap();
        for role in book.roles() {
            let opens = Menu::ALL.iter();
            let opens = opens.filter(|menu| book.allows(&role.code, menu.right()));
            let (opens, own) = (opens.count(), book.menu(&role.code).len());
            assert!(opens <= MENU_MOST || own > 0, "{}: {opens}", role.title);
        }
    }

    #[test]
    fn nobody_sees_more_lines_first_than_the_rules_may_list() {
        // A list signed before this role had its own, and two roles whose lists are read together.
        check(&["grid_worker"], &[], (MENU_MOST, 3));
        let two = [
            "我的待办",
            "总览",
            "走访清单",
            "指标",
            "预警线索",
            "救助名册",
            "工单",
            "月报",
        ];
        let first = check(
            &["case_officer", "assistance_adviser"],
            &two,
            (MENU_MOST, 9),
        );
        assert_eq!(first.last(), Some(&Menu::Tickets));
        check(&["security_admin"], &[], (2, 0));
    }

    #[test]
    fn what_a_role_sees_first_is_in_the_menu_and_open_to_it() {
        let book = office::rulebook::read(None).ok();
        let book = book.and_then(|book| AccessBook::read(&book, "demo").ok());
        let first: Vec<(&str, &String)> = book
            .iter()
            .flat_map(AccessBook::roles)
            .flat_map(|role| {
                let lines = book.iter().flat_map(|book| book.menu(&role.code));
                lines.map(|line| (role.code.as_str(), line))
            })
            .collect();
        assert!(first.len() > 30, "{first:?}");
        let opens = |(role, name): &(&str, &String)| {
            let menu = Menu::ALL.iter().find(|menu| menu.line().2 == *name);
            let book = book.as_ref();
            menu.is_some_and(|menu| book.is_some_and(|book| book.allows(role, menu.right())))
        };
        let wrong: Vec<_> = first.iter().filter(|one| !opens(one)).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
    }
}

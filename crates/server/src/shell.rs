//! What surrounds every page: the place, the menu, the search box, the display size.

use office::access::{Right, Stage, Visitor};
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
    /// Their roles, or how far they have come.
    pub(crate) roles: String,
    /// The word of their forms.
    pub(crate) word: String,
    /// Whether the search box is for them.
    pub(crate) searches: bool,
    /// The lines of the menu they may open.
    menu: Vec<Menu>,
}

impl SignedIn {
    /// Whose session it is.
    pub(crate) fn of(visitor: &Visitor) -> Self {
        let who = &visitor.acting;
        let whole = visitor.stage == Stage::Whole;
        Self {
            name: who.name().to_owned(),
            roles: if whole {
                who.role_titles().join("、")
            } else {
                "登录还没有完成".to_owned()
            },
            word: visitor.form_word.clone(),
            searches: who.may(Right::SEARCH),
            menu: Menu::ALL
                .into_iter()
                .filter(|menu| who.may(menu.right()))
                .collect(),
        }
    }

    /// The first page they may open.
    pub(crate) fn home(&self) -> &'static str {
        self.menu.first().map_or("/account", |menu| menu.line().0)
    }
}

/// The places an official can go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Menu {
    Inbox,
    Visits,
    Reviews,
    Overview,
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
    Health,
    Tickets,
    Finds,
    Lookup,
}

impl Menu {
    /// In the order of the menu.
    const ALL: [Menu; 22] = [
        Menu::Inbox,
        Menu::Visits,
        Menu::Reviews,
        Menu::Overview,
        Menu::Warnings,
        Menu::Programmes,
        Menu::Indicators,
        Menu::Feeds,
        Menu::Assists,
        Menu::Deliver,
        Menu::Verify,
        Menu::Payments,
        Menu::Users,
        Menu::Audit,
        Menu::Health,
        Menu::Rulebook,
        Menu::WhatIf,
        Menu::Line,
        Menu::Areas,
        Menu::Tickets,
        Menu::Finds,
        Menu::Lookup,
    ];

    /// The right that opens it.
    fn right(self) -> Right {
        match self {
            Menu::Inbox => Right::CASE_HANDLE,
            Menu::Visits => Right::VISIT_REPORT,
            Menu::Reviews => Right::CASE,
            Menu::Overview => Right::OVERVIEW,
            Menu::Warnings => Right::WARNING,
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
        }
    }

    /// Address, short name, long name and icon.
    fn line(self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self {
            Menu::Inbox => ("/inbox", "待办", "我的待办", "clock"),
            Menu::Visits => ("/visits", "走访", "走访清单", "home"),
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
        let open = self.signed_in.iter().flat_map(|who| &who.menu);
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

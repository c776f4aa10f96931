//! What surrounds every page: the place, the menu, the search box, the display size.

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
    active: Option<Menu>,
}

/// The places an official can go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Menu {
    Overview,
    Warnings,
    Programmes,
    Feeds,
    Rulebook,
    WhatIf,
    Areas,
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
            active: menu,
        }
    }

    /// The menu with the page's own line marked.
    pub(crate) fn menu(&self) -> Vec<MenuLine> {
        [
            (Menu::Overview, "/", "总览", "总览", "layout-dashboard"),
            (Menu::Warnings, "/warnings", "预警", "预警线索", "bell"),
            (
                Menu::Programmes,
                "/programmes",
                "名册",
                "救助名册",
                "users-group",
            ),
            (Menu::Feeds, "/feeds", "来文", "部门来文", "file-import"),
            (Menu::Rulebook, "/rulebook", "政策", "政策规则", "book-2"),
            (Menu::WhatIf, "/whatif", "试算", "调标试算", "calculator"),
            (Menu::Areas, "/areas", "区划", "行政区划", "sitemap"),
        ]
        .into_iter()
        .map(|(menu, href, text, long, icon)| MenuLine {
            href,
            text,
            long,
            icon: Icon(icon),
            active: self.active == Some(menu),
        })
        .collect()
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

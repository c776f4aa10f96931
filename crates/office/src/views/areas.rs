//! 区划: an area, the way up from it and what lies directly below.

use serde::Serialize;

use super::Count;

/// One area with its neighbours up and down; a whole country is walked one level at a time.
#[derive(Clone, Debug, Serialize)]
pub struct AreaTree {
    /// From the top down to the area itself.
    pub trail: Vec<AreaRow>,
    /// The area.
    pub here: AreaRow,
    /// Directly below it.
    pub below: Vec<AreaRow>,
}

/// One area.
#[derive(Clone, Debug, Serialize)]
pub struct AreaRow {
    /// 12-digit code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// 省 市 县 乡 村.
    pub level: String,
    /// 城镇 or 农村, where it is known.
    pub urban_rural: Option<String>,
    /// How many areas lie directly below.
    pub children: u64,
    /// Persons living there; `None` where no register was received.
    pub persons: Option<u64>,
    /// Households living there.
    pub households: Option<u64>,
    /// Open warnings.
    pub warnings: Count,
}

//! 求助登记: whoever needs help now says who, where and what, without signing in; the township sees it at
//! once and answers the same day.

use super::book::PortalBook;
use super::claim::written;
use super::mobile;
use crate::access::Access;
use crate::casework::{CaseError, Done};
use domain::{AreaCode, AreaLevel};
use serde::{Deserialize, Serialize};
use store::Act;
use store::portal::{self, NewHelp};

/// Longest text of a need, and of a name.
const NEED_CHARS_MAX: usize = 300;
const NAME_CHARS_MAX: usize = 40;
/// Seconds in which they are counted.
const COUNT_SECONDS: i64 = 3_600;

/// What somebody fills in. Has no printable form.
#[derive(Clone, Default)]
pub struct HelpForm {
    /// The word that makes it one form.
    pub form_key: String,
    /// Who needs help.
    pub name: String,
    /// A telephone.
    pub phone: String,
    /// The village.
    pub area: String,
    /// Where exactly, if it is elsewhere.
    pub place: String,
    /// What is needed.
    pub need: String,
}

/// As it lies under seal.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Need {
    pub name: String,
    pub phone: String,
    pub place: String,
    pub need: String,
}

/// Keeps what somebody needs; answers the number. The same form again answers the same one.
///
/// # Errors
/// Something is not filled in, or too many came from one place.
pub async fn seek_help(access: &Access, form: &HelpForm, origin: &str) -> Done<i64> {
    let office = access.office();
    let store = &office.store;
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    let name = form.name.trim();
    if name.is_empty() || name.chars().count() > NAME_CHARS_MAX {
        return Err(refused("请填求助人的姓名"));
    }
    let phone = mobile(&form.phone).ok_or_else(|| refused("请填 11 位的手机号,好联系您"))?;
    let today = office.clock.today();
    let area = AreaCode::parse(&form.area).map_err(|_| refused("请选在哪个村(社区)"))?;
    let known = store::areas::find(store, &area, today).await?;
    let village = known.filter(|known| known.level == AreaLevel::Village);
    let village = village.ok_or_else(|| refused("请选在哪个村(社区)"))?;
    let need = form.need.trim();
    if need.is_empty() {
        return Err(refused("请写需要什么帮助"));
    }
    let place = form.place.trim();
    if need.chars().count() > NEED_CHARS_MAX || place.chars().count() > NEED_CHARS_MAX {
        return Err(refused("写得太长了,请写短一些"));
    }
    if form.form_key.trim().is_empty() {
        return Err(refused("页面过期了,请刷新以后再填"));
    }
    let mark = store::sessions::origin_mark(store, origin);
    let since = jiff::SignedDuration::from_secs(COUNT_SECONDS);
    let since = office.clock.now().checked_sub(since).unwrap_or_default();
    let count = portal::helps_since(store, mark, &store::At::from(since)).await?;
    if count >= PortalBook::of(office)?.helps_here {
        return Err(refused("这个地方登记得太多了,请直接打救助电话"));
    }
    let content = Need {
        name: name.to_owned(),
        phone,
        place: place.to_owned(),
        need: need.to_owned(),
    };
    let new = NewHelp {
        form_key: form.form_key.clone(),
        area: village.code,
        content: written(&content)?,
        origin: mark,
        at: office.clock.at(),
        day: today,
    };
    let mut tx = store.write().await?;
    let no = portal::seek_help(&mut tx, &new).await?;
    tx.record(Act::new(&new.at, "unknown", "help.seek").on("help", no));
    let source = format!("help:{no}");
    let record = (source.as_str(), "求助");
    let whose = (new.area, None);
    crate::channels::with_record(office, &mut tx, record, whose, "unknown").await?;
    tx.commit().await?;
    Ok(no)
}

//! 核对是谁: a resident says their name and number. Only what the register knows for certain — this number,
//! this name, this telephone — binds the account; everybody else is told the same and shows their papers at
//! the window.

use super::send::Known;
use super::sign_in::{give_code, right_code};
use super::{Resident, home_of, mobile};
use crate::access::{Access, Acting, Right};
use crate::casework::{CaseError, Done, place_name};
use crate::desk::minute;
use crate::office::Office;
use domain::{AreaCode, AreaLevel, IdNumber, PersonId};
use serde::{Deserialize, Serialize};
use store::identity::{mask_name, mask_number, mask_phone};
use store::portal::{self, CodeFor};
use store::tokens::{TokenField, Tokeniser, look_up_many};
use store::{Act, Reads};

/// Accounts of one place that are read for the window.
const WAITING_READ: u32 = 500;

/// What somebody says of themselves. Has no printable form.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct Claim {
    pub name: String,
    pub number: String,
    pub area: String,
}

/// An account that waits for the window.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Number of the account.
    pub no: i64,
    /// Name, masked.
    pub name: String,
    /// Number, masked.
    pub number: String,
    /// Where they live.
    pub place: String,
    /// When they said so.
    pub at: String,
    /// Whether the register has this number under this name.
    pub known: bool,
    /// The telephone the account was opened with, masked: is it in the hand of whoever stands here?
    pub phone: String,
}

/// The person of a number and a name, exactly as the register has them.
pub(super) async fn exact(
    on: &impl Reads,
    number: &IdNumber,
    name: &str,
) -> Done<Option<PersonId>> {
    Ok(match exact_of(on, number, name).await? {
        Known::Certain(person) => Some(person),
        Known::Another | Known::Nobody => None,
    })
}

/// What the register says of a name and a number, told apart for the office alone.
pub(super) async fn exact_of(on: &impl Reads, number: &IdNumber, name: &str) -> Done<Known> {
    let token = Tokeniser::of(on).id_number(number);
    let found = look_up_many(on, TokenField::IdNumber, &[token]).await?;
    let Some(person) = found.get(&token).and_then(|list| list.first()).copied() else {
        return Ok(Known::Nobody);
    };
    Ok(match portal::is_called(on, person, name).await? {
        true => Known::Certain(person),
        false => Known::Another,
    })
}

/// Says who one is. The answer is the same whatever the register knows.
///
/// # Errors
/// The number is none, the place is none, or the account is bound already.
pub async fn claim(
    access: &Access,
    who: &Resident,
    (name, number, area): (&str, &str, &str),
) -> Done<()> {
    let office = access.office();
    if who.person.is_some() {
        return Err(CaseError::Refused("已经核对过您是谁了".to_owned()));
    }
    let (name, number, area) = checked(office, (name, number, area)).await?;
    let at = office.clock.at();
    let content = Claim {
        name: name.clone(),
        number: number.as_str().to_owned(),
        area: area.as_str().to_owned(),
    };
    let mut tx = office.store.write().await?;
    portal::claim(&mut tx, &at, who.no, (&written(&content)?, &area)).await?;
    let act = Act::new(&at, who.actor(), "resident.claim");
    tx.record(act.on("resident", who.no));
    let found = exact(&tx, &number, &name).await?;
    if let (Some(person), Some(token)) = (found, portal::phone_token(&tx, who.no).await?) {
        let of_phone = look_up_many(&tx, TokenField::Phone, &[token]).await?;
        let own = of_phone.get(&token).map_or(&[][..], Vec::as_slice);
        let free = portal::by_person(&tx, person).await?.is_none();
        // One telephone in the register of one person: anything else is for the window.
        if own == [person] && free {
            portal::bind(&mut tx, &at, "register", who.no, person).await?;
            let act = Act::new(&at, "system", "resident.bind").on("resident", who.no);
            tx.record(
                act.under(format!("person:{person}"))
                    .because("登记电话一致"),
            );
        }
    }
    tx.commit().await?;
    Ok(())
}

/// A name, a number and a village as somebody typed them.
pub(super) async fn checked(
    office: &Office,
    (name, number, area): (&str, &str, &str),
) -> Done<(String, IdNumber, AreaCode)> {
    let refused = |said: &str| CaseError::Refused(said.to_owned());
    let name = name.trim();
    if name.is_empty() {
        return Err(refused("请填姓名,和身份证上一样"));
    }
    if number.trim().is_empty() {
        return Err(refused("请填身份证号"));
    }
    let today = office.clock.today();
    let number = IdNumber::parse(number, today)
        .map_err(|error| CaseError::Refused(error.to_string()))?
        .number;
    let area = AreaCode::parse(area).map_err(|_| refused("请选您住的村(社区)"))?;
    let known = store::areas::find(&office.store, &area, today).await?;
    let village = known.filter(|known| known.level == AreaLevel::Village);
    let village = village.ok_or_else(|| refused("请选您住的村(社区)"))?;
    Ok((name.to_owned(), number, village.code))
}

pub(super) fn written(content: &impl Serialize) -> Done<String> {
    serde_json::to_string(content).map_err(|_| CaseError::Refused("填的内容存不下".to_owned()))
}

pub(super) fn read<T: for<'a> Deserialize<'a>>(text: &str) -> Done<T> {
    let broken = "存下的内容读不出来;请管理员运行 doudi doctor";
    serde_json::from_str(text)
        .map_err(|_| CaseError::Office(crate::OfficeError::Other(broken.to_owned())))
}

/// The accounts of somebody's places that wait for their papers to be seen.
pub(super) async fn waiting(office: &Office, who: &Acting) -> Done<Vec<Waiting>> {
    let scope = who.scope(Right::RESIDENT_HANDLE)?;
    let store = &office.store;
    let today = office.clock.today();
    let mut out = Vec::new();
    let mut found = Vec::new();
    for place in scope.each_place() {
        found.extend(portal::waiting(store, place.as_ref(), WAITING_READ).await?);
    }
    for one in found {
        let Some(text) = one.claim(store).await? else {
            continue;
        };
        let claim: Claim = read(&text)?;
        let Ok(area) = AreaCode::parse(&claim.area) else {
            continue;
        };
        let number = IdNumber::parse(&claim.number, today).ok();
        let known = match &number {
            Some(parsed) => exact(store, &parsed.number, &claim.name).await?.is_some(),
            None => false,
        };
        out.push(Waiting {
            no: one.no,
            name: mask_name(&claim.name),
            number: mask_number(&claim.number),
            place: place_name(office, &area, today).await?,
            at: one.claimed_at.as_ref().map_or_else(String::new, minute),
            known,
            phone: mask_phone(&one.phone(store).await?),
        });
    }
    Ok(out)
}

/// Sends a code to the telephone of an account that waits: whoever stands at the window reads it out, and
/// shows by that that the account is theirs.
///
/// # Errors
/// No right, another place, or too many codes.
pub async fn claim_code(access: &Access, who: &Acting, no: i64) -> Done<()> {
    let office = access.office();
    theirs(office, who, no).await?;
    let none = || CaseError::NotFound(format!("没有编号为 {no} 的待核对账户"));
    let known = portal::find(&office.store, no).await?.ok_or_else(none)?;
    let phone = known.phone(&office.store).await?;
    let said = "窗口核对您的救助账户,验证码";
    give_code(access, (&phone, CodeFor::Claim), who.login(), said).await?;
    Ok(())
}

/// The official saw the card and heard the code of the account's own telephone: both bind the account. A
/// name and a number alone are known to others as well.
///
/// # Errors
/// No right, another place, the number is not the one that was said, the code is not the telephone's, or the
/// register has nobody of it.
pub async fn confirm_claim(
    access: &Access,
    who: &Acting,
    no: i64,
    (number, code): (&str, &str),
) -> Done<()> {
    let office = access.office();
    let claim = theirs(office, who, no).await?;
    let today = office.clock.today();
    let typed = IdNumber::parse(number, today)
        .map_err(|error| CaseError::Refused(error.to_string()))?
        .number;
    if typed.as_str() != claim.number {
        let said = "证件上的号码和本人在网上填的不一样,没有核对成;请本人在手机上重新填";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let found = exact(&office.store, &typed, &claim.name).await?;
    let none = "登记里没有这个姓名和号码的人;请先在“收件”里登记,再回来核对";
    let person = found.ok_or_else(|| CaseError::Refused(none.to_owned()))?;
    if who.is_kept_from_person(person) {
        return Err(crate::views::ViewError::kept_from().into());
    }
    let twice = || {
        let said = "这个人已经有一个账户;换了手机的,请先在下面注销原来的";
        CaseError::Refused(said.to_owned())
    };
    if portal::by_person(&office.store, person).await?.is_some() {
        return Err(twice());
    }
    let gone = || CaseError::NotFound(format!("没有编号为 {no} 的待核对账户"));
    let account = portal::find(&office.store, no).await?.ok_or_else(gone)?;
    let phone = account.phone(&office.store).await?;
    if !right_code(access, (&phone, CodeFor::Claim), code).await? {
        let said = "本人手机上的验证码不对;先点“发验证码到这个手机”,请本人当面念给您。念不出来的,不是本人的手机,不要核对";
        return Err(CaseError::Refused(said.to_owned()));
    }
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    if portal::by_person(&tx, person).await?.is_some() {
        return Err(twice());
    }
    portal::bind(&mut tx, &at, who.login(), no, person).await?;
    let act = Act::new(&at, who.login(), "resident.bind").on("resident", no);
    tx.record(
        act.under(format!("person:{person}"))
            .because("当面核对证件和手机"),
    );
    tx.commit().await?;
    Ok(())
}

/// 注销账户: the account of the card's number, or of the telephone in somebody's hand, is closed; its sessions
/// end. The telephone may open a new account then, and the person may bind another.
///
/// # Errors
/// No right, nobody of one's places has such an account, or it is one's own or a near relative's.
pub async fn close_account(office: &Office, who: &Acting, typed: &str) -> Done<()> {
    let scope = who.scope(Right::RESIDENT_HANDLE)?;
    let store = &office.store;
    let none = || CaseError::Refused("您辖区里没有这个证件或者手机号的账户".to_owned());
    let (known, why) = match mobile(typed) {
        Some(phone) => {
            let token = Tokeniser::of(store).phone(&phone);
            (portal::by_phone(store, token).await?, "当面核对手机,注销")
        }
        None => {
            let number = IdNumber::parse(typed.trim(), office.clock.today())
                .map_err(|error| CaseError::Refused(error.to_string()))?
                .number;
            let token = Tokeniser::of(store).id_number(&number);
            let found = look_up_many(store, TokenField::IdNumber, &[token]).await?;
            let person = found.get(&token).and_then(|list| list.first()).copied();
            let person = person.ok_or_else(none)?;
            (portal::by_person(store, person).await?, "当面核对证件,注销")
        }
    };
    let known = known.ok_or_else(none)?;
    let person = known.person.ok_or_else(none)?;
    let (home, area) = home_of(office, store, person).await?;
    if !area.is_some_and(|area| scope.contains(&area)) {
        return Err(none());
    }
    if who.is_kept_from_person(person) || home.is_some_and(|home| who.is_kept_from(home)) {
        return Err(crate::views::ViewError::kept_from().into());
    }
    let at = office.clock.at();
    let mut tx = store.write().await?;
    portal::close(&mut tx, &at, known.no).await?;
    let act = Act::new(&at, who.login(), "resident.close").on("resident", known.no);
    tx.record(act.under(format!("person:{person}")).because(why));
    tx.commit().await?;
    Ok(())
}

/// What was said is not so: the resident may say it again.
///
/// # Errors
/// No right, another place, or no reason.
pub async fn refuse_claim(office: &Office, who: &Acting, no: i64, because: &str) -> Done<()> {
    theirs(office, who, no).await?;
    crate::casework::without_numbers(because)?;
    if because.trim().is_empty() {
        return Err(CaseError::Refused("请写明为什么没有核对成".to_owned()));
    }
    let at = office.clock.at();
    let mut tx = office.store.write().await?;
    let known = portal::find(&tx, no).await?;
    if let Some(known) = known {
        portal::unclaim(&mut tx, &known).await?;
        let phone = known.phone(&tx).await?;
        let body = "您在网上填的姓名和身份证号没有核对成,请对照证件重新填,或者带证件到窗口办。";
        portal::post(&mut tx, &at, "claim", (&phone, body)).await?;
    }
    let act = Act::new(&at, who.login(), "resident.claim-refused");
    tx.record(act.on("resident", no).because(because.trim()));
    tx.commit().await?;
    Ok(())
}

async fn theirs(office: &Office, who: &Acting, no: i64) -> Done<Claim> {
    let scope = who.scope(Right::RESIDENT_HANDLE)?;
    let none = || CaseError::NotFound(format!("没有编号为 {no} 的待核对账户"));
    let known = portal::find(&office.store, no).await?.ok_or_else(none)?;
    let text = known.claim(&office.store).await?;
    let claim: Claim = read(
        &text
            .filter(|_| known.person.is_none() && known.closed_at.is_none())
            .ok_or_else(none)?,
    )?;
    let area = AreaCode::parse(&claim.area).map_err(|_| none())?;
    match scope.contains(&area) {
        true => Ok(claim),
        false => Err(none()),
    }
}

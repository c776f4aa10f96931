//! J8 3 and 4, the first day of a county: its list of 120 villages taken in with what is wrong in it told, the
//! administrator's first sign-in, an account made by one and its role given by another, and what its holder sees.

use super::page::{Page, Scripts, word};
use super::place::Place;
use super::{DESK, PHONE, nothing_found};
use crate::staff::NEW_PASSWORD;
use office::access::code_at;
use office::areas::{self, Ask};
use std::fmt::Write;

/// The county above its villages, as its first list has it.
const ABOVE: &str = "code,name,level,parent,urban_rural_code\n11,某市,1,,\n1101,市辖区,2,11,\n\
    110199,某县,3,1101,\n110199001,城东街道,4,110199,\n110199002,城西街道,4,110199,\n";
const VILLAGES: u64 = 120;
/// Townships the villages are spread over.
const TOWNSHIPS: u64 = 2;

#[test]
fn j8_an_administrator_makes_an_account_that_sees_its_own_township_only() {
    let Some(chrome) = super::chrome::Chrome::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let guards = [
        ("admin", "系统管理员", "110199"),
        ("secadmin", "安全保密管理员", "110199"),
    ];
    let place = Place::of_people(&folder, ABOVE, &guards);
    villages(&place, folder.path());
    let mut admin = place.page(&chrome, DESK, Scripts::On);
    first_sign_in(&place, &mut admin, "admin", &place.people["admin"].password);
    assert_eq!(admin.heading(), "用户与机构", "{}", admin.text());
    admin.judge_both("J8 3 users");
    admin.fill("账号", "wang");
    admin.fill("姓名", "王经办");
    admin.choose("机构", "民政局");
    admin.press("button", "建账号");
    let given = word(&admin.tell("document.querySelector('[role=status] p').innerText"));
    assert!(given.len() >= 12, "{}", admin.text());
    admin.judge_both("J8 3 an account made");
    let mut secadmin = place.page(&chrome, PHONE, Scripts::Off);
    let password = &place.people["secadmin"].password;
    first_sign_in(&place, &mut secadmin, "secadmin", password);
    secadmin.open("/admin/users");
    grants(&mut secadmin);
    let mut wang = place.page(&chrome, DESK, Scripts::On);
    first_sign_in(&place, &mut wang, "wang", given.trim());
    wang.open("/areas");
    let text = wang.text();
    assert!(
        text.contains("城东街道") && !text.contains("城西街道"),
        "{text}"
    );
    wang.judge_both("J8 3 one's own township");
    // Names of places are public; figures of another township are not told.
    wang.open("/areas/110199002");
    assert_eq!(wang.figure_text("待处置预警"), "未知", "{}", wang.text());
    wang.judge_both("J8 3 another's township");
    wang.open("/cases?area=110199002");
    assert!(!wang.text().contains("城西街道"), "{}", wang.text());
    wang.open("/admin/users");
    assert_eq!(wang.status(), 403);
    nothing_found([admin, secadmin, wang]);
}

/// J8 4: the villages come in one list; what is wrong is told by its line, and the same list changes nothing.
fn villages(place: &Place, folder: &std::path::Path) {
    let mut rows = "code,name,level,parent,urban_rural_code\n".to_owned();
    for at in 0..VILLAGES {
        let township = format!("11019900{}", 1 + at % TOWNSHIPS);
        let no = 1 + at / TOWNSHIPS;
        writeln!(
            rows,
            "{township}{no:03},第{no}村村民委员会,5,{township},220"
        )
        .unwrap();
    }
    rows.push_str(
        "110199009001,没有上级的村,5,110199009,220\n11019900100X,写错代码的村,5,110199001,220\n",
    );
    let list = folder.join("120村.csv");
    std::fs::write(&list, rows).unwrap();
    let office = place.access.office();
    let take = || {
        place
            .runtime
            .block_on(areas::import(office, &list, Ask::default()))
            .unwrap()
    };
    let taken = take();
    assert_eq!(taken.added, VILLAGES, "{taken:?}");
    assert_eq!(taken.refused.len(), 2, "{:?}", taken.refused);
    assert!(
        taken
            .refused
            .iter()
            .all(|told| told.line > VILLAGES && !told.reason.is_empty())
    );
    let again = take();
    assert_eq!(
        (again.added, again.changed, again.ended),
        (0, 0, 0),
        "{again:?}"
    );
}

/// The first sign-in: another password and a phone before anything else.
fn first_sign_in(place: &Place, page: &mut Page, login: &str, given: &str) {
    page.open("/sign-in");
    page.fill("账号", login);
    page.fill("口令", given);
    page.press("button", "登录");
    assert_eq!(page.heading(), "改口令", "{}", page.text());
    page.open("/admin/users");
    assert_ne!(page.heading(), "用户与机构", "nothing before the password");
    page.open("/account/password");
    page.fill("现在的口令", given);
    page.fill("新口令", NEW_PASSWORD);
    page.fill("再输一次新口令", NEW_PASSWORD);
    page.press("button", "改口令");
    assert_eq!(page.heading(), "绑定动态口令", "{}", page.text());
    let address = page.tell("document.querySelector('a[href^=\"otpauth:\"]').getAttribute('href')");
    let secret = word(&address);
    let secret = secret.split("secret=").nth(1).unwrap();
    let secret = secret.split('&').next().unwrap();
    page.fill("六位数字", &code_at(secret, place.watch.now()).unwrap());
    page.press("button", "绑定");
    if page.has("link", "继续") {
        page.press("link", "继续");
    }
    page.open("/");
    if page.status() == 403 {
        page.open("/admin/users");
    }
}

/// The role for a township, which is written by its name; a name nobody has, first.
fn grants(page: &mut Page) {
    for (place, done) in [("城北街道", false), ("城东街道", true)] {
        assert_eq!(page.unfold("授予角色 wang"), 1, "{}", page.text());
        page.choose("角色", "窗口经办");
        page.fill("辖区", place);
        page.fill("理由", "窗口上岗");
        page.press("button", "授予 wang");
        assert_eq!(
            page.status(),
            if done { 200 } else { 422 },
            "{}",
            page.text()
        );
        page.judge_both(&format!("J8 3 a role for {place}"));
    }
    assert!(
        page.text().contains("窗口经办 · 城东街道"),
        "{}",
        page.text()
    );
}

//! The first sign-in and the next, as everybody meets them: a password of one's own, a phone, a code.

use super::chrome::Chrome;
use super::page::{Page, Scripts, word};
use super::place::Place;
use super::{DESK, PHONE, nothing_found};
use crate::staff::NEW_PASSWORD;
use office::access::code_at;

#[test]
fn somebody_new_changes_the_password_binds_a_phone_and_comes_back_with_a_code() {
    let Some(chrome) = Chrome::start() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let place = Place::strict(&folder, &["wang", "li"]);
    let mut on = place.page(&chrome, DESK, Scripts::On);
    first_time(&place, &mut on, "wang");
    let mut off = place.page(&chrome, PHONE, Scripts::Off);
    first_time(&place, &mut off, "li");
    nothing_found([on, off]);
}

fn first_time(place: &Place, page: &mut Page, login: &str) {
    page.open("/inbox");
    assert_eq!(page.place(), "/sign-in?next=%2Finbox");
    page.judge("the door");
    page.fill("账号", login);
    page.fill("口令", "a guess");
    page.press("button", "登录");
    assert_eq!((page.status(), page.has("alert", "")), (422, true));
    page.judge("a wrong password");
    let given = &place.people[login].password;
    page.fill("口令", given);
    page.enter("口令");
    assert_eq!(page.heading(), "改口令");
    page.judge("the first password");
    page.fill("现在的口令", given);
    page.fill("新口令", NEW_PASSWORD);
    page.fill("再输一次新口令", "另一句话");
    page.press("button", "改口令");
    assert!(page.text().contains("两次输入的新口令不一样"));
    page.judge("two passwords");
    page.fill("现在的口令", given);
    page.fill("新口令", NEW_PASSWORD);
    page.fill("再输一次新口令", NEW_PASSWORD);
    page.press("button", "改口令");
    assert_eq!(page.heading(), "绑定动态口令");
    page.judge("binding a phone");
    let address = page.tell("document.querySelector('a[href^=\"otpauth:\"]').getAttribute('href')");
    let address = word(&address);
    let secret = address
        .split("secret=")
        .nth(1)
        .expect("a secret for the phone");
    let secret = secret.split('&').next().unwrap().to_owned();
    page.fill("六位数字", "000000");
    page.press("button", "绑定");
    page.judge("a wrong code");
    page.fill("六位数字", &code_at(&secret, place.watch.now()).unwrap());
    page.press("button", "绑定");
    assert!(page.text().contains("动态口令绑好了"), "{}", page.text());
    page.judge("signed in");
    page.press("button", "退出");
    assert_eq!(page.heading(), "登录");
    page.open("/inbox");
    page.fill("账号", login);
    page.fill("口令", NEW_PASSWORD);
    page.press("button", "登录");
    assert_eq!(page.heading(), "动态口令");
    page.judge("the code");
    place.watch.advance(30);
    page.fill(
        "手机上现在的六位数字",
        &code_at(&secret, place.watch.now()).unwrap(),
    );
    page.press("button", "继续");
    assert_eq!(page.heading(), "我的待办");
    page.judge("where one wanted to go");
}

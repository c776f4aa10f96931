//! J1: a resident applies on a phone with large letters, from the code on the telephone to the case that is
//! under way; the same with the keyboard alone on a desk.

use super::page::{Page, Scripts};
use super::place::{Cases, Place, demo};
use super::{DESK, PHONE, nothing_found};
use crate::county::Faults;
use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use std::io::Write;
use std::path::Path;

/// More questions than this and nobody finishes.
const QUESTIONS_MAX: usize = 60;
/// What is applied for: one whose facts only the resident knows, one that wants a paper.
const WANTED: [&str; 2] = ["临时救助", "最低生活保障边缘家庭"];

#[test]
fn j1_a_resident_applies_on_a_phone_with_large_letters_to_a_case_under_way() {
    let Some((chrome, county, place)) = demo(Faults::None, Cases::WithAPast) else {
        return;
    };
    let filled = place
        .runtime
        .block_on(office::portal::demo::fill(&place.access));
    assert!(filled.unwrap().is_some(), "no resident has an open case");
    let mut phone = place.page(&chrome, PHONE, Scripts::On);
    phone.open("/");
    phone.press("button", "长辈版");
    let size = phone.tell("parseFloat(getComputedStyle(document.querySelector('p')).fontSize)");
    assert!(
        size.as_f64().is_some_and(|size| size >= 24.0),
        "J1 1 {size} px"
    );
    phone.judge("J1 1 large letters");
    phone.press("link", "申请救助");
    enter(&mut phone, &place);
    phone.judge("J1 3 what for");
    for wanted in WANTED {
        phone.click("checkbox", wanted);
    }
    phone.press("button", "下一步");
    if phone.has("checkbox", "") && !phone.has("textbox", "家人的姓名") {
        phone.judge("J1 3 who lives together");
        phone.press("button", "下一步");
    }
    member(&mut phone);
    // J1 5: the browser is closed; another one finds the same question.
    let heading = phone.heading();
    let mut other = place.page(&chrome, PHONE, Scripts::Off);
    other.open("/my");
    enter(&mut other, &place);
    other.judge("J1 5 a draft");
    other.press("link", "接着填");
    assert_eq!(other.heading(), heading, "J1 5 the same question");
    // Without scripts the display size is kept by the other browser alone.
    questions(&mut phone, county.folder.path());
    sent(&mut phone);
    let mut desk = place.page(&chrome, DESK, Scripts::On);
    by_keyboard(&mut desk, &place);
    nothing_found([phone, other, desk]);
}

/// J1 3: a code by telephone.
fn enter(page: &mut Page, place: &Place) {
    page.judge("J1 3 the door");
    page.fill("手机号", office::portal::demo::PHONE);
    page.press("button", "取验证码");
    page.judge("J1 3 a code was sent");
    page.fill("短信里的验证码", &code(place));
    page.press("button", "登录");
}

/// The code of the newest message.
pub(super) fn code(place: &Place) -> String {
    let sent = place
        .runtime
        .block_on(office::portal::demo::outbox(&place.access));
    let body = sent.unwrap().remove(0).body;
    let mut digits = body.split(|c: char| !c.is_ascii_digit());
    digits.find(|part| part.len() == 6).unwrap().to_owned()
}

/// J1 3 and 4: a member without a number, with a wrong one, with the right one.
fn member(page: &mut Page) {
    page.click("radio", "还有一位");
    page.fill("家人的姓名", "林小满");
    page.choose("是您的什么人", "父母");
    page.press("button", "下一步");
    page.judge("J1 3 something to mend");
    let focus = page.tell("document.activeElement.id");
    assert_eq!(focus, "problems", "J1 3 focus on the summary");
    page.click("link", "请填家人的身份证号");
    assert_eq!(
        page.tell("document.activeElement.id"),
        "number",
        "J1 3 to the field"
    );
    page.click("radio", "还有一位");
    page.fill("家人的身份证号", "990101195403121283");
    page.press("button", "下一步");
    assert!(page.text().contains("校验位"), "J1 4 {}", page.text());
    page.judge("J1 4 a wrong last digit");
    page.click("radio", "还有一位");
    page.fill("家人的身份证号", "990101195403121282");
    page.press("button", "下一步");
    assert!(
        page.text().contains("出生 1954-03-12"),
        "J1 4 {}",
        page.text()
    );
    page.judge("J1 4 birth day and sex");
    page.click("radio", "没有了");
    page.press("button", "下一步");
}

/// J1 6 to 8: the questions, two photos, the signature, one answer changed.
fn questions(page: &mut Page, folder: &Path) {
    let mut papers = 0;
    for _ in 0..QUESTIONS_MAX {
        page.judge("J1 a question");
        if page.heading().starts_with("核对您的回答") {
            break;
        }
        if page.heading().starts_with("拍一张") {
            papers += 1;
            if papers == 1 {
                photos(page, folder);
                continue;
            }
            page.click("checkbox", "现在没有,以后再交");
        } else if page.has("checkbox", "我看过了,同意授权") {
            page.click("checkbox", "我看过了,同意授权");
        } else {
            let unsure = page.click_all("radio", "不清楚") + page.click_all("checkbox", "不清楚");
            assert!(unsure > 0, "nothing to answer: {}", page.text());
        }
        page.press("button", "下一步");
    }
    let check = page.text();
    assert!(check.contains("已签 2026-09-14"), "J1 7 {check}");
    assert!(check.contains("版本 "), "J1 7 {check}");
    assert!(check.contains("照片 2 张"), "J1 6 {check}");
    page.press("link", "改 申请");
    page.judge("J1 8 one answer again");
    page.press("button", "下一步");
    assert!(
        page.heading().starts_with("核对您的回答"),
        "J1 8 {}",
        page.heading()
    );
}

/// J1 6: a small photo and one of 9 MB, made smaller before it is sent.
fn photos(page: &mut Page, folder: &Path) {
    let paper = page.heading();
    let here = page.place();
    for (side, name) in [(200, "small.png"), (1_750, "large.png")] {
        let file = folder.join(name);
        std::fs::write(&file, noise(side)).unwrap();
        if page.place() != here {
            page.open(&here);
        }
        assert_eq!(page.heading(), paper);
        let label = if side == 200 { "“" } else { "再加一张" };
        page.attach(label, &file);
        page.until("(document.querySelector('[data-shrink-said]') || {innerText: ''}).innerText.includes('KB')");
        let size = page.tell("document.querySelector('input[type=file]').files[0].size");
        assert!(
            size.as_u64().is_some_and(|size| size < 1_000_000),
            "J1 6 {size} bytes"
        );
        page.judge("J1 6 a photo");
        page.press("button", "下一步");
    }
}

/// A picture nothing can be left out of: so many bytes as there are points, three times.
pub(crate) fn noise(side: u32) -> Vec<u8> {
    let mut state = 990_101_u32;
    let mut rows = Vec::new();
    for _ in 0..side {
        rows.extend([0]);
        for _ in 0..side * 3 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            rows.push(state.to_be_bytes()[0]);
        }
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::none());
    packed.write_all(&rows).unwrap();
    let packed = packed.finish().unwrap();
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut chunk = |kind: &[u8], body: &[u8]| {
        out.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        let mut sum = Crc::new();
        sum.update(kind);
        sum.update(body);
        out.extend(kind);
        out.extend(body);
        out.extend(sum.sum().to_be_bytes());
    };
    let mut head = [side.to_be_bytes(), side.to_be_bytes()].concat();
    head.extend([8, 2, 0, 0, 0]);
    chunk(b"IHDR", &head);
    chunk(b"IDAT", &packed);
    chunk(b"IEND", &[]);
    out
}

/// J1 9 and 10: the same form sent by two hands, one number; then where it stands.
fn sent(page: &mut Page) {
    let first = "(() => { const form = document.querySelector('form[action$=\"/send\"]'); \
        return fetch(form.action, {method: 'POST', body: new URLSearchParams(new FormData(form))}) \
        .then(answer => answer.status); })()";
    assert_eq!(page.tell(first), 200, "J1 9 the first hand");
    page.press("button", "确认无误,提交");
    let said = page.text();
    assert_eq!(
        said.matches("办件编号 №").count(),
        WANTED.len(),
        "J1 9 {said}"
    );
    page.judge("J1 9 sent");
    page.press("link", "看办到哪一步");
    let my = page.text();
    for words in ["受理中", "承办", "城东街道", "最迟"] {
        assert!(my.contains(words), "J1 10 {words}: {my}");
    }
    assert_eq!(my.matches("临时救助 №").count(), 1, "J1 9 one case: {my}");
    page.judge("J1 10 one's own cases");
    for place in [
        "/my/consent",
        "/my/data",
        "/my/complaint",
        "/sos",
        "/outbox",
    ] {
        page.open(place);
        page.judge(place);
    }
    let told = page.text();
    let told = told
        .lines()
        .find(|line| line.contains("您的救助申请已收到"));
    let told = told.unwrap_or_else(|| panic!("J1 9 no message: {}", page.text()));
    assert!(told.contains('№') && !told.contains("收入"), "J1 9 {told}");
}

/// The door and the first question with the keyboard alone.
fn by_keyboard(page: &mut Page, place: &Place) {
    page.open("/my/sign-in");
    page.fill("手机号", office::portal::demo::PHONE);
    page.enter("手机号");
    page.fill("短信里的验证码", &code(place));
    page.enter("短信里的验证码");
    assert!(page.has("heading", "我的办件"), "{}", page.text());
    page.judge("by keyboard");
}

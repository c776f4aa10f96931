//! J2: a grid worker takes the visits along, fills a form where there is no network, comes back, and chooses
//! where somebody else wrote meanwhile; after signing out nothing of anybody is left on the tablet.

use super::page::{Network, Page, Scripts, word};
use super::place::{Cases, Place, demo};
use super::{DESK, PHONE, nothing_found};
use crate::county::Faults;

/// A grid worker of the township.
const WORKER: &str = "li2";
/// Two questions of the form about the household.
const SAFE: &str = "住房安全";
const HARD: &str = "生活难以维持";

/// What lies on the tablet, as whoever found it could read it: names of stores and caches, and every byte as text.
const LIES: &str = "(async () => { const out = []; const plain = what => new TextDecoder('latin1').decode(what); \
    const utf = what => new TextDecoder('utf-8').decode(what); \
    for (const {name} of await indexedDB.databases()) { out.push('db ' + name); \
      const base = await new Promise(ok => { const r = indexedDB.open(name); r.onsuccess = () => ok(r.result); }); \
      for (const store of base.objectStoreNames) { \
        const rows = await new Promise(ok => { const r = base.transaction(store).objectStore(store).getAll(); r.onsuccess = () => ok(r.result); }); \
        for (const row of rows) { out.push(Object.keys(row).join() + JSON.stringify(row)); \
          if (row.body) out.push(utf(row.body), plain(row.body)); } } base.close(); } \
    for (const name of await caches.keys()) { out.push('cache ' + name); const cache = await caches.open(name); \
      for (const request of await cache.keys()) { out.push(request.url); \
        if (!request.url.includes('/assets/')) out.push(await (await cache.match(request)).text()); } } \
    return out.join('\\n'); })()";

/// Waits for words in the tablet's part of the page.
fn until(page: &mut Page, words: &str) {
    page.until(&format!(
        "(document.getElementById('tablet') || document.body).innerText.includes('{words}')"
    ));
}

/// The newest answers of a visit, as the record has them.
fn answers(place: &Place, visit: i64) -> Vec<String> {
    let office = place.access.office();
    let all = place.runtime.block_on(async {
        let tx = office.begin().await.unwrap();
        store::visits::answers(&tx, visit).await.unwrap()
    });
    let all = all.into_iter();
    all.map(|one| format!("{} {} {}", one.actor, one.content.fact, one.content.value))
        .collect()
}

/// The first door on the list: the visit's address.
fn begun(page: &mut Page) -> String {
    page.open("/visits");
    page.press("button", "开始走访");
    let door = page.place();
    assert!(door.starts_with("/visit/"), "{}", page.text());
    door
}

#[test]
fn a_visit_is_filled_in_without_network_and_nothing_is_left_after_signing_out() {
    let Some((chrome, county, place)) = demo(Faults::Planted, Cases::WithAPast) else {
        return;
    };
    let mut li = place.enter(&chrome, WORKER, PHONE, Scripts::On);
    let door = begun(&mut li);
    let visit: i64 = door.rsplit('/').next().unwrap().parse().unwrap();
    li.judge("J2 2 the form");
    li.open("/visits");
    until(&mut li, "带到平板");
    li.click("button", "带到平板");
    until(&mut li, "没有网络也能填");
    li.judge("J2 1 taken along");

    li.network(Network::Off);
    li.open(&door);
    until(&mut li, "离线,0 份未同步");
    li.judge("J2 2 without network");
    li.choose(SAFE, "是");
    until(&mut li, "离线,1 份未同步");
    li.choose(HARD, "是");
    let photo = county.folder.path().join("door.png");
    std::fs::write(&photo, crate::found_out::SIGNATURE).unwrap();
    li.attach("拍照或者选照片", &photo);
    until(&mut li, "离线,2 份未同步");
    li.judge("J2 2 filled in without network");
    assert_eq!(answers(&place, visit), Vec::<String>::new());
    // What lies there cannot be read: not the question, not the answer, not the place.
    let lies = word(&li.tell(LIES));
    assert!(
        lies.contains("db doudi-tablet") && lies.contains("cache doudi-"),
        "{lies}"
    );
    for words in [SAFE, HARD, "共同生活", "IHDR"] {
        assert!(!lies.contains(words), "{words} lies on the tablet");
    }
    // The page loaded anew finds the key with the worker, and the drafts with it.
    li.open("/visits");
    until(&mut li, "离线,2 份未同步");
    li.open(&door);
    until(&mut li, "离线,2 份未同步");
    assert_eq!(li.chosen(SAFE), "是");

    let mut wang = place.enter(&chrome, "wang", DESK, Scripts::Off);
    wang.open(&door);
    wang.click("DisclosureTriangle", "全家");
    wang.choose(HARD, "否");
    wang.press("button", "先保存");
    assert!(wang.text().contains("已保存 1 项"), "{}", wang.text());
    li.network(Network::On);
    until(&mut li, "有两个答案");
    assert!(
        li.text().contains("您填的是“是”,wang 填的是“否”"),
        "{}",
        li.text()
    );
    li.judge("J2 3 both are shown");
    assert!(answers(&place, visit).contains(&format!("{WORKER} {SAFE} 是")));
    assert!(!answers(&place, visit).contains(&format!("{WORKER} {HARD} 是")));
    li.click("button", "用我填的“是”");
    until(&mut li, "已同步");
    li.judge("J2 3 synced");
    let all = answers(&place, visit);
    assert_eq!(
        all.last().unwrap(),
        &format!("{WORKER} {HARD} 是"),
        "{all:?}"
    );
    li.open(&door);
    assert!(li.text().contains("PNG 图片"), "{}", li.text());
    li.tell("document.querySelector('details.photo').open = true");
    // It is fetched only when somebody comes to see it.
    let seen = "(() => { const photo = document.querySelector('details.photo img'); photo.loading = 'eager'; \
        photo.scrollIntoView(); return photo.decode().then(() => true, () => false); })()";
    assert_eq!(li.tell(seen), true, "the photo is not shown");
    li.judge("J2 6 the photo");
    left(&mut li);
    ended(&chrome, &place, &door);
    nothing_found([li, wang]);
}

/// J2 7: after signing out nothing of anybody is there.
fn left(page: &mut Page) {
    page.press("button", "退出");
    assert!(page.place().starts_with("/sign-in"), "{}", page.place());
    let lies = word(&page.tell(LIES));
    assert_eq!(lies, "", "something is left on the tablet");
    page.judge("J2 7 signed out");
}

/// A session that fell asleep while its tablet was away: nothing can be read until the same person signs in again,
/// and nothing is lost.
fn slept(place: &Place, page: &mut Page, door: &str) {
    page.open("/visits");
    until(page, "带到平板");
    page.click("button", "带到平板");
    until(page, "没有网络也能填");
    page.network(Network::Off);
    page.open(door);
    until(page, "离线,0 份未同步");
    page.choose(SAFE, "否");
    until(page, "离线,1 份未同步");
    place.watch.advance(2 * 3600);
    page.network(Network::On);
    until(page, "请重新登录");
    assert!(page.text().contains("已上锁"), "{}", page.text());
    page.judge("J2 3 asleep");
    page.open("/visits");
    assert!(page.place().starts_with("/sign-in"), "{}", page.place());
    page.fill("账号", WORKER);
    page.fill("口令", &place.people[WORKER].password);
    page.press("button", "登录");
    page.open("/visits");
    until(page, "已同步");
    let visit: i64 = door.rsplit('/').next().unwrap().parse().unwrap();
    let all = answers(place, visit);
    assert_eq!(
        all.last().unwrap(),
        &format!("{WORKER} {SAFE} 否"),
        "{all:?}"
    );
}

/// An account that was ended while its tablet was away: at the first contact everything goes.
fn ended(chrome: &super::chrome::Chrome, place: &Place, door: &str) {
    let mut page = place.enter(chrome, WORKER, PHONE, Scripts::On);
    slept(place, &mut page, door);
    page.network(Network::Off);
    page.open(door);
    page.choose(SAFE, "是");
    until(&mut page, "离线,1 份未同步");
    let ending = place.access.disable(office::access::By::Machine, WORKER);
    place.runtime.block_on(ending).unwrap();
    page.network(Network::On);
    until(&mut page, "全部清除");
    let lies = word(&page.tell(LIES));
    assert!(!lies.contains("db doudi-tablet"), "{lies}");
    assert!(!lies.contains(SAFE), "{lies}");
    page.judge("J2 7 an ended account");
    nothing_found([page]);
}

//! The pictures of README and docs, taken from the real program's demo: `cargo xtask screenshots`.

mod png;

use super::chrome::Chrome;
use super::page::{Page, Scripts};
use super::{DESK, PHONE, nothing_found};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where the pictures go is told by this name.
const FOLDER: &str = "DOUDI_PICTURES";
/// A picture of more bytes is too heavy for a page of text.
const BYTES_MAX: usize = 200_000;

/// The demo, served by the program itself.
struct Demo {
    child: Child,
    address: String,
    passwords: BTreeMap<String, String>,
    folder: tempfile::TempDir,
}

impl Demo {
    fn start(program: &Path) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut child = Command::new(program)
            .args(["demo", "--persons", "20000", "--port", "0", "--data"])
            .arg(folder.path().join("demo"))
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut passwords = BTreeMap::new();
        let mut address = None;
        for line in lines {
            let line = line.unwrap();
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["请打开", at, ..] => {
                    address = Some((*at).to_owned());
                    break;
                }
                [login, password, _role, _area] if login.is_ascii() => {
                    passwords.insert((*login).to_owned(), (*password).to_owned());
                }
                _ => {}
            }
        }
        Self {
            child,
            address: address.expect("the demo opens its pages"),
            passwords,
            folder,
        }
    }

    /// Somebody of the register who could come to the counter: name and number.
    fn somebody(&self) -> [String; 2] {
        let feeds = self.folder.path().join("demo/county/feeds/2026-08");
        let register = crate::county::Table::read(&feeds.join("register.csv"));
        let rows = register.columns(["姓名", "身份证号", "与户主关系", "居住地区", "出生日期"]);
        let mut fit = rows
            .into_iter()
            .filter(|[_, number, relation, area, birth]| {
                *relation == "户主"
                    && number.len() == 18
                    && area.starts_with("990101001")
                    && *birth < "1960"
            });
        let [name, number, ..] = fit.next().expect("somebody heads a household");
        [name.to_owned(), number.to_owned()]
    }

    fn enter(&self, chrome: &Chrome, login: &str) -> Page {
        let mut page = Page::new(chrome, &self.address, DESK, Scripts::On);
        page.open("/sign-in");
        page.fill("账号", login);
        page.fill("口令", &self.passwords[login]);
        page.press("button", "登录");
        page
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Who opens what, and what the picture is called.
const PICTURES: [(&str, &str, &str); 10] = [
    ("overview", "chen", "/"),
    ("warnings", "chen", "/warnings"),
    ("review2", "chen", "/review2"),
    ("reviews", "chen", "/reviews"),
    ("payments", "chen", "/payments"),
    ("changes", "chen", "/rulebook/changes"),
    ("line", "chen", "/line"),
    ("inbox", "wang", "/inbox"),
    ("verify", "zhao", "/verify"),
    ("ask", "", "/guide"),
];

#[test]
#[ignore = "writes docs/images; run by `cargo xtask screenshots`"]
fn the_pictures_of_the_docs_are_taken_anew() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else {
        panic!("{FOLDER} does not say where the pictures go; run `cargo xtask screenshots`");
    };
    let program = crate::kill::program().expect("the program is built");
    let chrome = Chrome::start().expect("pictures are taken with chromium");
    let demo = Demo::start(&program);
    std::fs::create_dir_all(&folder).unwrap();
    let mut pages: BTreeMap<&str, Page> = BTreeMap::new();
    for (name, login, path) in PICTURES {
        let page = pages.entry(login).or_insert_with(|| match login {
            "" => Page::new(&chrome, &demo.address, DESK, Scripts::On),
            login => demo.enter(&chrome, login),
        });
        page.open(path);
        take(page, &folder, name);
    }
    let chen = pages.get_mut("chen").unwrap();
    household(chen, &folder);
    let wang = pages.get_mut("wang").unwrap();
    counter(wang, &demo, &folder);
    let mut phone = Page::new(&chrome, &demo.address, DESK, Scripts::On);
    let mut outbox = Page::new(&chrome, &demo.address, DESK, Scripts::On);
    resident(&mut phone, &mut outbox, &folder);
    let mut li = demo.enter(&chrome, "li2");
    tablet(&mut li, &folder);
    // What takes longest comes last.
    tried(pages.get_mut("chen").unwrap(), &folder);
    nothing_found(pages.into_values().chain([phone, outbox, li]));
}

/// The file of a household somebody left out may be entitled to.
fn household(page: &mut Page, folder: &Path) {
    page.open("/warnings");
    let home =
        page.tell("document.querySelector('main a[href^=\"/households/\"]').getAttribute('href')");
    page.open(&format!("{}#results", home.as_str().unwrap()));
    take(page, folder, "household");
}

/// Another standard, tried.
fn tried(page: &mut Page, folder: &Path) {
    page.open("/whatif");
    page.choose("参数", "低保标准");
    page.fill("改为", "900");
    page.send("试算", "document.body.innerText.includes('导出工作簿')");
    take(page, folder, "simulate");
}

/// The counter with somebody who came, and a case.
fn counter(page: &mut Page, demo: &Demo, folder: &Path) {
    let [name, number] = demo.somebody();
    page.open("/accept");
    page.fill("姓名", &name);
    page.fill("身份证号", &number);
    page.press("button", "查找");
    page.click("checkbox", "最低生活保障");
    page.press("button", "查看要问什么");
    take(page, folder, "accept");
    page.open("/inbox");
    let case = page.tell("document.querySelector('main a[href^=\"/case/\"]').getAttribute('href')");
    page.open(case.as_str().unwrap());
    take(page, folder, "case");
}

/// What a resident sees on a phone.
fn resident(page: &mut Page, outbox: &mut Page, folder: &Path) {
    page.open("/my");
    page.fill("手机号", office::portal::demo::PHONE);
    page.press("button", "取验证码");
    // The code is asked for where it was sent from: another page reads it meanwhile.
    outbox.open("/outbox");
    let text = outbox.text();
    let mut digits = text.split(|c: char| !c.is_ascii_digit());
    let code = digits.find(|part| part.len() == 6).unwrap().to_owned();
    page.fill("短信里的验证码", &code);
    page.press("button", "登录");
    page.open("/my");
    take(page, folder, "my");
    page.open("/apply");
    take(page, folder, "apply");
}

/// A visit taken along on a tablet.
fn tablet(page: &mut Page, folder: &Path) {
    page.open("/visits");
    page.press("button", "开始走访");
    take(page, folder, "visit");
}

/// Both widths of a page.
fn take(page: &mut Page, folder: &Path, name: &str) {
    for (width, of) in [(DESK, ""), (PHONE, "-phone")] {
        page.resize(width);
        page.judge(name);
        let small = png::in_few_colours(&page.picture());
        assert!(small.len() < BYTES_MAX, "{name}{of}: {} bytes", small.len());
        std::fs::write(folder.join(format!("{name}{of}.png")), small).unwrap();
    }
    page.resize(DESK);
}

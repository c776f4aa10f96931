//! The pictures of README and docs, taken from the real program's demo: `cargo xtask screenshots`.

use super::chrome::Chrome;
use super::page::{Page, Scripts};
use super::{DESK, PHONE, nothing_found};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Where the pictures go is told by this name.
const FOLDER: &str = "DOUDI_PICTURES";

/// The demo, served by the program itself.
struct Demo {
    child: Child,
    address: String,
    passwords: BTreeMap<String, String>,
    _folder: tempfile::TempDir,
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
            _folder: folder,
        }
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
const PICTURES: [(&str, &str, &str); 9] = [
    ("overview", "chen", "/"),
    ("warnings", "chen", "/warnings"),
    ("indicators", "zhou", "/indicators"),
    ("feeds", "chen", "/feeds"),
    ("inbox", "wang", "/inbox"),
    ("rulebook", "chen", "/rulebook"),
    ("payments", "chen", "/payments"),
    ("check", "", "/check"),
    ("guide", "", "/guide"),
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
    let mut pages = Vec::new();
    for (name, login, path) in PICTURES {
        let mut page = match login {
            "" => Page::new(&chrome, &demo.address, DESK, Scripts::On),
            login => demo.enter(&chrome, login),
        };
        page.open(path);
        take(&mut page, &folder, name);
        pages.push(page);
    }
    let mut page = demo.enter(&chrome, "chen");
    page.open("/warnings?kind=missing_out");
    let home =
        page.tell("document.querySelector('main a[href^=\"/households/\"]').getAttribute('href')");
    page.open(&format!("{}#results", home.as_str().unwrap()));
    take(&mut page, &folder, "household");
    page.open("/whatif");
    page.choose("参数", "低保标准");
    page.fill("改为", "900");
    page.send("试算", "document.body.innerText.includes('导出工作簿')");
    take(&mut page, &folder, "whatif");
    pages.push(page);
    nothing_found(pages);
}

/// Both widths of a page.
fn take(page: &mut Page, folder: &Path, name: &str) {
    for (width, of) in [(DESK, ""), (PHONE, "-phone")] {
        page.resize(width);
        page.judge(name);
        std::fs::write(folder.join(format!("{name}{of}.png")), page.picture()).unwrap();
    }
    page.resize(DESK);
}

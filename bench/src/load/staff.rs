//! Who works in the county, and what each of them may open.
//!
//! The sessions are made at the machine, as an administrator makes one: three hundred people do not type
//! their passwords from one address in a minute, and the product would not let them.

use super::client::{Client, Cookie, Request};
use super::{NOW, Options};
use anyhow::{Context, Result, anyhow, bail};
use office::access::{Access, By, NewAccount};
use office::{Clock, Database, Office, Setting, Watch};
use pinyin::ToPinyin as _;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Names taken from the register to be searched for.
const NAMES_MAX: usize = 2_000;
/// Links of a kind taken from the pages of a place.
const LINKS_MAX: usize = 200;
/// Lists walked for them.
const PAGES_WALKED: usize = 6;
/// Warnings opened to find the household each is about.
const WARNINGS_OPENED: usize = 12;

/// Of ten officials: role, and whether for the county or a township.
const ROLES: [(&str, bool); 10] = [
    ("窗口经办", false),
    ("窗口经办", false),
    ("窗口经办", false),
    ("窗口经办", false),
    ("窗口经办", false),
    ("网格员", false),
    ("乡镇审核", false),
    ("核对员", true),
    ("县级审核", true),
    ("县级审核", true),
];
/// Organisation of the demo everybody here belongs to.
const ORGANISATION: &str = "demo-mz";

/// Somebody signed in.
pub struct Official {
    role: &'static str,
    area: String,
    secret: String,
    word: String,
}

/// Adds the officials to the county unless they are there, and signs them in.
pub async fn signed_in(options: &Options, data: &Path) -> Result<Vec<Official>> {
    let setting = Setting {
        folder: data.to_owned(),
        database: match &options.postgres {
            Some(address) => Database::Postgres {
                address: address.clone(),
            },
            None => Database::Sqlite,
        },
        rulebook: None,
        locality: "demo".to_owned(),
        clock: Clock::fixed(NOW).context(NOW)?,
    };
    let office = Arc::new(Office::open(setting).await?);
    // Sessions end by the machine's clock, like everything of signing in.
    let access = Access::open(Arc::clone(&office), Watch::Machine)?;
    let towns = towns(data)?;
    let (known, _) = access.accounts(By::Machine).await?;
    let mut out = Vec::new();
    for at in 0..options.sessions {
        let login = format!("load{at:03}");
        let Some((role, whole)) = ROLES.get(at % ROLES.len()) else {
            bail!("no role")
        };
        let area = match whole {
            true => towns.first().and_then(|town| town.get(..6)),
            false => towns
                .get(at / ROLES.len() % towns.len())
                .map(String::as_str),
        };
        let area = area.context("the county has no townships")?;
        if !known.iter().any(|row| row.login == login) {
            let new = NewAccount {
                login: login.clone(),
                name: format!("压测{at:03}"),
                organisation: ORGANISATION.to_owned(),
            };
            access.add_account(By::Machine, &new).await?;
            let given = access.grant(By::Machine, &login, role, area, None, "bench");
            given.await?;
        }
        let begun = access.session_at_the_machine(&login, "bench").await?;
        let secret = begun.secret.text();
        let visitor = access.visitor(&secret).await?;
        out.push(Official {
            role,
            area: area.to_owned(),
            secret,
            word: visitor.context("the session")?.form_word,
        });
    }
    drop(access);
    let office = Arc::into_inner(office).ok_or_else(|| anyhow!("somebody holds the office"))?;
    office.close().await;
    Ok(out)
}

/// Codes of the townships.
fn towns(data: &Path) -> Result<Vec<String>> {
    let mut reader = csv::Reader::from_path(data.join("county/areas.csv"))?;
    let mut out = Vec::new();
    for row in reader.records() {
        let row = row?;
        if let Some(code) = row.get(0).filter(|code| code.len() == 9) {
            out.push(code.to_owned());
        }
    }
    Ok(out)
}

/// What the officials of a role and place may open.
#[derive(Default)]
struct Links {
    cases: Vec<String>,
    households: Vec<String>,
    warnings: Vec<String>,
    /// Pages that have no number.
    open: Vec<&'static str>,
}

/// Everything that may be asked for.
pub struct Pages {
    /// The officials, by number.
    pub officials: Vec<Official>,
    /// Which of `groups` each belongs to.
    group: Vec<usize>,
    groups: Vec<Links>,
    names: Vec<String>,
    numbers: Vec<String>,
}

/// Pages that have no number, and their address.
const PLAIN: [(&str, &str); 8] = [
    ("inbox", "/inbox"),
    ("all cases", "/cases"),
    ("warnings", "/warnings"),
    ("payments", "/payments"),
    ("overview", "/"),
    ("doubts", "/doubts"),
    ("indicators", "/indicators"),
    ("public notices", "/notice"),
];

impl Pages {
    /// Walks through the lists of each role and place once.
    pub async fn found(port: u16, data: &Path, officials: Vec<Official>) -> Result<Self> {
        let mut known: BTreeMap<(&str, String), usize> = BTreeMap::new();
        let (mut groups, mut group) = (Vec::new(), Vec::new());
        let mut client = Client::new(port);
        for official in &officials {
            let key = (official.role, official.area.clone());
            let at = match known.get(&key) {
                Some(at) => *at,
                None => {
                    groups.push(links(&mut client, &Cookie::of(&official.secret)).await?);
                    known.insert(key, groups.len() - 1);
                    groups.len() - 1
                }
            };
            group.push(at);
        }
        let (names, numbers) = people(data)?;
        Ok(Self {
            officials,
            group,
            groups,
            names,
            numbers,
        })
    }

    /// How much there is, in a line.
    pub fn told(&self) -> String {
        let sum = |of: fn(&Links) -> usize| self.groups.iter().map(of).sum::<usize>();
        format!(
            "{} roles and places, {} cases, {} households, {} warnings, {} names",
            self.groups.len(),
            sum(|g| g.cases.len()),
            sum(|g| g.households.len()),
            sum(|g| g.warnings.len()),
            self.names.len()
        )
    }

    /// Somebody who may, and what to ask.
    pub fn request(
        &self,
        page: &str,
        below: &mut impl FnMut(u64) -> u64,
    ) -> Option<(usize, Request)> {
        let able: Vec<usize> = (0..self.officials.len())
            .filter(|at| self.may(*at, page))
            .collect();
        let official = *picked(&able, below)?;
        let links = self.groups.get(*self.group.get(official)?)?;
        let who = self.officials.get(official)?;
        let plain = PLAIN.iter().find(|(name, _)| *name == page);
        let (path, form) = match (page, plain) {
            (_, Some((_, path))) => ((*path).to_owned(), None),
            ("case file", _) => (picked(&links.cases, below)?.clone(), None),
            ("household file", _) => (picked(&links.households, below)?.clone(), None),
            ("warning file", _) => (picked(&links.warnings, below)?.clone(), None),
            _ => {
                let words = match page {
                    "search by name" => picked(&self.names, below)?.clone(),
                    "search by id number" => picked(&self.numbers, below)?.clone(),
                    _ => initials(picked(&self.names, below)?),
                };
                let form = format!("form={}&q={}", who.word, coded(&words));
                ("/search".to_owned(), Some(form))
            }
        };
        let request = Request {
            cookie: Cookie::of(&who.secret),
            path,
            form,
        };
        Some((official, request))
    }

    fn may(&self, official: usize, page: &str) -> bool {
        let links = self.group.get(official).and_then(|at| self.groups.get(*at));
        links.is_some_and(|links| match page {
            "case file" => !links.cases.is_empty(),
            "household file" => !links.households.is_empty(),
            "warning file" => !links.warnings.is_empty(),
            _ if page.starts_with("search") => links.open.contains(&"/search"),
            _ => PLAIN
                .iter()
                .any(|(name, path)| *name == page && links.open.contains(path)),
        })
    }
}

fn picked<'a, T>(all: &'a [T], below: &mut impl FnMut(u64) -> u64) -> Option<&'a T> {
    let many = u64::try_from(all.len()).ok()?;
    all.get(usize::try_from(below(many)).ok()?)
}

async fn links(client: &mut Client, cookie: &Cookie) -> Result<Links> {
    let mut out = Links::default();
    let plain = PLAIN.iter().map(|(_, path)| *path);
    for path in plain.chain(["/search"]) {
        let page = client.get(path, cookie).await?;
        if page.status == 200 {
            out.open.push(path);
        }
    }
    for list in ["/inbox", "/cases", "/warnings"] {
        let mut next = Some(list.to_owned());
        for _ in 0..PAGES_WALKED {
            let Some(path) = next.take() else { break };
            let page = client.get(&path, cookie).await?;
            if page.status != 200 {
                break;
            }
            let text = String::from_utf8_lossy(&page.body).into_owned();
            numbered(&text, "/case/", &mut out.cases);
            numbered(&text, "/households/", &mut out.households);
            numbered(&text, "/warnings/", &mut out.warnings);
            next = onward(&text, list);
        }
    }
    for path in out.warnings.clone().into_iter().take(WARNINGS_OPENED) {
        let page = client.get(&path, cookie).await?;
        let text = String::from_utf8_lossy(&page.body).into_owned();
        numbered(&text, "/households/", &mut out.households);
    }
    if !out.households.is_empty() {
        // A link is no right: who may not open a household's file does not ask for one.
        let first = out.households.first().cloned().unwrap_or_default();
        if client.get(&first, cookie).await?.status != 200 {
            out.households.clear();
        }
    }
    Ok(out)
}

/// Addresses of a kind in a page: what comes before, a number, and its end.
fn numbered(text: &str, before: &str, into: &mut Vec<String>) {
    for rest in text.split(&format!("href=\"{before}")).skip(1) {
        let number = rest.split('"').next().unwrap_or_default();
        let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        let address = format!("{before}{number}");
        if plain && into.len() < LINKS_MAX && !into.contains(&address) {
            into.push(address);
        }
    }
}

/// The next page of a list.
fn onward(text: &str, list: &str) -> Option<String> {
    let mut links = text.split("href=\"").skip(1);
    let link = links.find(|rest| {
        let begins = rest.starts_with(&format!("{list}?"));
        begins
            && rest
                .split("</a>")
                .next()
                .is_some_and(|a| a.contains("下一页"))
    })?;
    let address = link.split('"').next()?;
    Some(address.replace("&amp;", "&").replace("&#38;", "&"))
}

/// Names and id numbers of the register, from its beginning to its end.
fn people(data: &Path) -> Result<(Vec<String>, Vec<String>)> {
    let feeds = data.join("county/feeds");
    let mut months: Vec<_> = std::fs::read_dir(&feeds)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    months.sort();
    let file = months.last().context("no feeds")?.join("register.csv");
    let bytes = std::fs::read(&file).with_context(|| file.display().to_string())?;
    let text = match std::str::from_utf8(&bytes) {
        Ok(text) => std::borrow::Cow::Borrowed(text),
        Err(_) => encoding_rs::GB18030.decode(&bytes).0,
    };
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .from_reader(text.trim_start_matches('\u{FEFF}').as_bytes());
    let header = reader.headers()?.clone();
    let place = |column: &str| header.iter().position(|name| name == column);
    let (name, number) = (
        place("姓名").context("no 姓名 in the register")?,
        place("身份证号").context("no 身份证号 in the register")?,
    );
    let lines = bytes.iter().filter(|byte| **byte == b'\n').count();
    let every = (lines / NAMES_MAX).max(1);
    let (mut names, mut numbers) = (Vec::new(), Vec::new());
    for (at, row) in reader.records().enumerate() {
        if at % every != 0 {
            continue;
        }
        let row = row?;
        let short = |name: &&str| (2..=4).contains(&name.chars().count());
        names.extend(row.get(name).filter(short).map(str::to_owned));
        numbers.extend(row.get(number).filter(|n| n.len() == 18).map(str::to_owned));
    }
    Ok((names, numbers))
}

/// What somebody types who types first letters.
fn initials(name: &str) -> String {
    let letter = |c: char| c.to_pinyin().and_then(|sound| sound.plain().chars().next());
    name.chars().filter_map(letter).collect()
}

fn coded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

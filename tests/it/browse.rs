//! A browser without JavaScript in the hands of one person. Pages are opened, links followed, and forms sent
//! as the page has them: a field, choice or button that the page does not show cannot be sent, and neither
//! can a form whose required fields are empty.

mod address;
mod typed;
mod upload;

use crate::staff::{NEW_PASSWORD, Signed, Staff};
use address::{unwritten, written};
use axum::Router;
use axum::body::Body;
use axum::http::Request;
use axum::http::response::Parts;
use http_body_util::BodyExt;
use office::access::code_at;
use std::cell::RefCell;
use std::collections::BTreeMap;
use tower::ServiceExt;

/// The cookie of an official's session.
const SESSION: &str = "doudi_session";
/// Redirects after one another before somebody goes round in a circle.
const REDIRECTS_MAX: usize = 6;

/// What came back.
pub(crate) struct Page {
    pub(crate) status: u16,
    /// Where it is, after redirects, with its query.
    pub(crate) place: String,
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
}

/// What one request was answered, redirects not followed.
pub(crate) struct Told {
    pub(crate) status: u16,
    /// Where it leads; empty when it stays.
    pub(crate) place: String,
    pub(crate) body: String,
    pub(crate) bytes: Vec<u8>,
}

/// Sends fields to an address as somebody signed in, whether or not a page has such a form.
pub(crate) async fn ask(
    router: &Router,
    who: &Signed,
    method: &str,
    path: &str,
    fields: &[(&str, &str)],
) -> Told {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.append_pair("form", &who.word);
    form.extend_pairs(fields);
    let cookie = format!("{SESSION}={}", who.secret);
    let (parts, bytes) = sent(router, &cookie, method, path, form.finish()).await;
    let place = parts.headers.get("location");
    Told {
        status: parts.status.as_u16(),
        place: place.map_or("", |p| p.to_str().unwrap()).to_owned(),
        body: String::from_utf8_lossy(&bytes).into_owned(),
        bytes,
    }
}

async fn sent(
    router: &Router,
    cookie: &str,
    method: &str,
    path: &str,
    body: String,
) -> (Parts, Vec<u8>) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "127.0.0.1:8642")
        .header("sec-fetch-site", "same-origin")
        .header("content-type", "application/x-www-form-urlencoded")
        .header("cookie", cookie)
        .body(Body::from(body))
        .unwrap();
    let answer = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = answer.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes().to_vec();
    (parts, bytes)
}

/// What stands in a hidden field of a page; empty where there is none.
pub(crate) fn hidden(body: &str, name: &str) -> String {
    let from = body.split(&format!("name=\"{name}\" value=\"")).nth(1);
    let value = from.unwrap_or_default().split('"').next();
    value.unwrap_or_default().to_owned()
}

/// Somebody at a browser.
pub(crate) struct Person {
    router: Router,
    cookies: RefCell<BTreeMap<String, String>>,
}

impl Person {
    /// Somebody who has not signed in.
    pub(crate) fn passing_by(router: &Router) -> Self {
        Self {
            router: router.clone(),
            cookies: RefCell::default(),
        }
    }

    /// Somebody who signed in elsewhere.
    pub(crate) fn of(router: &Router, who: &Signed) -> Self {
        Self {
            router: router.clone(),
            cookies: RefCell::new([(SESSION.to_owned(), who.secret.clone())].into()),
        }
    }

    /// A new account, signed in through the pages, with whatever they ask for.
    pub(crate) async fn enter(
        router: &Router,
        staff: &Staff,
        login: &str,
        role: &str,
        area: &str,
    ) -> Self {
        let given = staff.add(login, role, area).await;
        let me = Self::passing_by(router);
        let door = me.read(&me.read("/").await.link("/sign-in")).await;
        let typed = [("login", login), ("password", given.tell())];
        let mut page = me.send(&door, "/sign-in", &typed).await;
        let mut phone = String::new();
        for _ in 0..4 {
            page = match page.path() {
                "/account/password" => {
                    let new = [
                        ("old", given.tell()),
                        ("new", NEW_PASSWORD),
                        ("again", NEW_PASSWORD),
                    ];
                    me.send(&page, "/account/password", &new).await
                }
                "/account/second-factor" => {
                    phone = page.between("secret mono\">", "<").replace(' ', "");
                    let code = code_at(&phone, staff.watch.now()).unwrap();
                    me.send(&page, "/account/second-factor", &[("code", &code)])
                        .await
                }
                "/sign-in/code" => {
                    let code = code_at(&phone, staff.watch.now()).unwrap();
                    me.send(&page, "/sign-in/code", &[("code", &code)]).await
                }
                _ => break,
            };
        }
        assert!(
            page.status == 200 && !page.place.starts_with("/sign-in"),
            "{login}: {}",
            page.place
        );
        me
    }

    /// Opens a page.
    pub(crate) async fn open(&self, path: &str) -> Page {
        self.go("GET", path, String::new()).await
    }

    /// Opens a page that is there.
    pub(crate) async fn read(&self, path: &str) -> Page {
        let page = self.open(path).await;
        assert_eq!(page.status, 200, "{path}: {}", page.words());
        page
    }

    /// Sends the form of a page that goes to an address and has all that is filled in.
    pub(crate) async fn send(&self, page: &Page, action: &str, fill: &[(&str, &str)]) -> Page {
        let (method, body) = page.filled(action, fill);
        match method.as_str() {
            "post" => self.go("POST", action, body).await,
            _ => {
                self.go("GET", &format!("{action}?{body}"), String::new())
                    .await
            }
        }
    }

    /// The same, and it is taken: what is told otherwise stops the test.
    pub(crate) async fn done(&self, page: &Page, action: &str, fill: &[(&str, &str)]) -> Page {
        let after = self.send(page, action, fill).await;
        assert_eq!(after.status, 200, "{action} {fill:?}: {}", after.words());
        after
    }

    async fn go(&self, method: &str, path: &str, body: String) -> Page {
        let (mut method, mut path, mut body) = (method.to_owned(), path.to_owned(), body);
        for _ in 0..REDIRECTS_MAX {
            path = written(&path);
            let cookies = self.cookies.borrow().clone();
            let cookies = cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"));
            let cookie = cookies.collect::<Vec<_>>().join("; ");
            let body = std::mem::take(&mut body);
            let (parts, bytes) = sent(&self.router, &cookie, &method, &path, body).await;
            for cookie in parts.headers.get_all("set-cookie") {
                let pair = cookie.to_str().unwrap().split(';').next().unwrap();
                let (name, value) = pair.split_once('=').unwrap();
                let mut cookies = self.cookies.borrow_mut();
                cookies.insert(name.to_owned(), value.to_owned());
            }
            let Some(next) = parts.headers.get("location") else {
                return Page {
                    status: parts.status.as_u16(),
                    place: path,
                    body: String::from_utf8_lossy(&bytes).into_owned(),
                    bytes,
                };
            };
            next.to_str().unwrap().clone_into(&mut path);
            "GET".clone_into(&mut method);
        }
        panic!("{path} leads round in a circle")
    }
}

impl Page {
    /// Its address without the query.
    pub(crate) fn path(&self) -> &str {
        self.place.split('?').next().unwrap_or_default()
    }

    /// The number at the end of its address.
    pub(crate) fn number(&self) -> i64 {
        let last = self.path().rsplit('/').next().unwrap();
        last.parse()
            .unwrap_or_else(|_| panic!("{}: {}", self.place, self.words()))
    }

    pub(crate) fn has(&self, words: &str) -> bool {
        self.body.contains(words) || self.words().contains(words)
    }

    /// Stops where some words are not on the page.
    pub(crate) fn says(&self, words: &[&str]) {
        for word in words {
            assert!(
                self.has(word),
                "{}: no {word}\n{}",
                self.place,
                self.words()
            );
        }
    }

    /// What stands between two pieces of its text.
    pub(crate) fn between(&self, begin: &str, end: &str) -> String {
        let rest = self.body.split(begin).nth(1);
        let rest = rest.unwrap_or_else(|| panic!("{}: no {begin}\n{}", self.place, self.words()));
        rest.split(end).next().unwrap().trim().to_owned()
    }

    /// Addresses that links of the page lead to.
    pub(crate) fn links(&self) -> Vec<String> {
        let tags = tags(&self.body);
        let links = tags.iter().filter(|tag| tag.name == "a");
        links.filter_map(|tag| tag.get("href")).collect()
    }

    /// The link that begins so; a page without it stops the test.
    pub(crate) fn link(&self, begins: &str) -> String {
        let link = self
            .links()
            .into_iter()
            .find(|link| link.starts_with(begins));
        link.unwrap_or_else(|| panic!("{}: no link to {begins}\n{}", self.place, self.words()))
    }

    /// Whether some form of the page takes all this.
    pub(crate) fn takes(&self, action: &str, fill: &[(&str, &str)]) -> bool {
        forms(&self.body)
            .iter()
            .any(|form| form.action == action && form.with(fill).is_ok())
    }

    /// The names of fields that begin so, in the form that goes to an address.
    pub(crate) fn fields(&self, action: &str, begins: &str) -> Vec<String> {
        let forms = forms(&self.body);
        let own = forms.iter().filter(|form| form.action == action);
        let names = own.flat_map(|form| form.fields.iter().map(|field| field.name.clone()));
        names.filter(|name| name.starts_with(begins)).collect()
    }

    /// What a field stands at or offers.
    pub(crate) fn choices(&self, action: &str, name: &str) -> Vec<String> {
        let forms = forms(&self.body);
        let own = forms.iter().filter(|form| form.action == action);
        let fields = own.flat_map(|form| form.fields.iter().filter(|field| field.name == name));
        fields
            .flat_map(|field| match field.options.is_empty() {
                true => vec![field.value.clone()],
                false => field
                    .options
                    .iter()
                    .map(|(value, _)| value.clone())
                    .collect(),
            })
            .collect()
    }

    fn filled(&self, action: &str, fill: &[(&str, &str)]) -> (String, String) {
        let mut why = Vec::new();
        let mut own: Vec<Form> = forms(&self.body);
        own.retain(|form| unwritten(&form.action) == unwritten(action));
        // A page that asks and does at one address is meant to do.
        own.sort_by_key(|form| form.method != "post");
        for form in &own {
            match form.with(fill) {
                Ok(pairs) => {
                    let mut out = form_urlencoded::Serializer::new(String::new());
                    out.extend_pairs(pairs);
                    return (form.method.clone(), out.finish());
                }
                Err(said) => why.push(said),
            }
        }
        panic!(
            "{}: no form to {action} takes {fill:?}: {why:?}\n{}",
            self.place,
            self.words()
        )
    }

    /// The words of the page without its tags, for whoever reads why a test stopped.
    pub(crate) fn words(&self) -> String {
        let main = self.body.split("<main").nth(1).unwrap_or(&self.body);
        let mut out = String::new();
        let mut inside = true;
        for c in main.chars() {
            match c {
                '<' => inside = true,
                '>' => {
                    inside = false;
                    out.push(' ');
                }
                c if !inside => out.push(c),
                _ => {}
            }
        }
        let out = unescaped(&out);
        out.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

struct Tag {
    name: String,
    attributes: Vec<(String, String)>,
    /// What stands behind it, up to the next tag.
    text: String,
}

impl Tag {
    fn get(&self, name: &str) -> Option<String> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.clone())
    }

    fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

/// The tags of a page in order.
fn tags(body: &str) -> Vec<Tag> {
    let mut out = Vec::new();
    let mut rest = body;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let mut quoted = false;
        let end = rest.find(|c| {
            quoted ^= c == '"';
            c == '>' && !quoted
        });
        let Some(end) = end else { break };
        let (tag, behind) = (&rest[..end], &rest[end + 1..]);
        let text = behind.split('<').next().unwrap_or_default();
        out.push(read_tag(tag, text));
        rest = behind;
    }
    out
}

fn read_tag(tag: &str, text: &str) -> Tag {
    let (name, mut rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start();
        if rest.is_empty() || rest == "/" {
            break;
        }
        let end = rest
            .find(|c: char| c == '=' || c.is_whitespace())
            .unwrap_or(rest.len());
        let key = rest[..end].to_owned();
        rest = &rest[end..];
        let Some(value) = rest.strip_prefix("=\"") else {
            attributes.push((key, String::new()));
            rest = rest.strip_prefix('=').unwrap_or(rest);
            continue;
        };
        let end = value.find('"').unwrap_or(value.len());
        attributes.push((key, unescaped(&value[..end])));
        rest = value.get(end + 1..).unwrap_or_default();
    }
    Tag {
        name: name.to_lowercase(),
        attributes,
        text: unescaped(text),
    }
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    let text = text.replace("&quot;", "\"").replace("&#34;", "\"");
    let text = text.replace("&#39;", "'").replace("&#38;", "&");
    text.replace("&#60;", "<")
        .replace("&#62;", ">")
        .replace("&amp;", "&")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Hidden,
    Typed,
    Ticked,
    Chosen,
    Button,
}

struct Field {
    kind: Kind,
    name: String,
    value: String,
    on: bool,
    required: bool,
    options: Vec<(String, bool)>,
}

struct Form {
    action: String,
    method: String,
    fields: Vec<Field>,
}

fn forms(body: &str) -> Vec<Form> {
    let mut out: Vec<Form> = Vec::new();
    let mut open = false;
    for tag in tags(body) {
        if tag.name == "form" {
            open = true;
            out.push(Form {
                action: tag.get("action").unwrap_or_default(),
                method: tag.get("method").unwrap_or_default().to_lowercase(),
                fields: Vec::new(),
            });
            continue;
        }
        open &= tag.name != "/form";
        let Some(form) = out.last_mut().filter(|_| open) else {
            continue;
        };
        if tag.name == "option" {
            let value = tag
                .get("value")
                .unwrap_or_else(|| tag.text.trim().to_owned());
            if let Some(field) = form.fields.last_mut() {
                field.options.push((value, tag.has("selected")));
            }
            continue;
        }
        let kind = match (tag.name.as_str(), tag.get("type").as_deref()) {
            ("input", Some("hidden")) => Kind::Hidden,
            ("input", Some("checkbox" | "radio")) => Kind::Ticked,
            ("input" | "textarea", _) => Kind::Typed,
            ("select", _) => Kind::Chosen,
            ("button", _) => Kind::Button,
            _ => continue,
        };
        if tag.has("disabled") {
            continue;
        }
        form.fields.push(Field {
            kind,
            name: tag.get("name").unwrap_or_default(),
            value: match tag.name.as_str() {
                "textarea" => tag.text.clone(),
                _ => tag.get("value").unwrap_or_default(),
            },
            on: tag.has("checked"),
            required: tag.has("required"),
            options: Vec::new(),
        });
    }
    out
}

impl Form {
    /// The pairs a browser would send, or why it would not.
    fn with(&self, fill: &[(&str, &str)]) -> Result<Vec<(String, String)>, String> {
        for (name, value) in fill {
            let fits = self.fields.iter().any(|field| {
                field.name == *name
                    && match field.kind {
                        Kind::Hidden | Kind::Ticked | Kind::Button => field.value == *value,
                        Kind::Typed => true,
                        Kind::Chosen => field.options.iter().any(|(known, _)| known == value),
                    }
            });
            if !fits {
                let names: Vec<String> = self
                    .fields
                    .iter()
                    .map(|f| format!("{}={}", f.name, f.value))
                    .collect();
                return Err(format!(
                    "no {name} that can be {value}, of {}",
                    names.join(" ")
                ));
            }
        }
        let filled = |name: &str| {
            fill.iter()
                .find(|(known, _)| *known == name)
                .map(|(_, v)| *v)
        };
        let mut out = Vec::new();
        for field in &self.fields {
            let value = match field.kind {
                Kind::Hidden => Some(field.value.clone()),
                Kind::Typed => Some(filled(&field.name).unwrap_or(&field.value).to_owned()),
                Kind::Ticked => {
                    let chosen = fill
                        .iter()
                        .any(|(n, v)| *n == field.name && *v == field.value);
                    // A group of radio buttons somebody chose from is no longer at its first choice.
                    let stays = field.on && filled(&field.name).is_none();
                    (chosen || stays).then(|| field.value.clone())
                }
                Kind::Chosen => {
                    let stands = field
                        .options
                        .iter()
                        .find(|(_, on)| *on)
                        .or(field.options.first());
                    let stands = stands.map(|(value, _)| value.clone());
                    filled(&field.name).map(str::to_owned).or(stands)
                }
                Kind::Button => {
                    (filled(&field.name) == Some(&field.value)).then(|| field.value.clone())
                }
            };
            let empty = value.as_deref().is_none_or(str::is_empty);
            if field.required && empty && field.kind != Kind::Ticked {
                return Err(format!("{} is required and empty", field.name));
            }
            out.extend(value.map(|value| (field.name.clone(), value)));
        }
        // With no button named, the only one is pressed.
        let buttons: Vec<&Field> = self
            .fields
            .iter()
            .filter(|field| field.kind == Kind::Button)
            .collect();
        let pressed = buttons
            .iter()
            .any(|b| fill.iter().any(|(n, v)| *n == b.name && *v == b.value));
        if let ([one], false) = (buttons.as_slice(), pressed)
            && !one.name.is_empty()
        {
            out.push((one.name.clone(), one.value.clone()));
        }
        for name in self
            .fields
            .iter()
            .filter(|f| f.kind == Kind::Ticked && f.required)
        {
            if !out.iter().any(|(sent, _)| *sent == name.name) {
                return Err(format!("{} is required and not chosen", name.name));
            }
        }
        Ok(out)
    }
}

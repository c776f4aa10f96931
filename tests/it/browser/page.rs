//! One page of the browser, used as a person uses it, and judged after each step.

mod both;
mod click;
mod judge;
mod keys;
mod many;
mod network;

pub(crate) use keys::Key;
pub(crate) use network::Network;

use super::chrome::Chrome;
use serde_json::{Value, json};
use std::path::PathBuf;

/// What we run in a page runs in a world of its own: the page's content policy stays as it is.
const WORLD: &str = "judge";
/// Chooses a line of a list, by the whole of it or by a part.
const PICK: &str = "function(line) { const found = [...this.options].find(o => o.text.trim() === line) || \
    [...this.options].find(o => o.text.includes(line)); if (!found) return false; \
    this.value = found.value; this.dispatchEvent(new Event('input', {bubbles: true})); \
    this.dispatchEvent(new Event('change', {bubbles: true})); return true; }";

/// Whether the page's own scripts run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scripts {
    On,
    Off,
}

/// What came when an address was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Came {
    /// A page, with its status.
    Page(i64),
    /// A file or a text that is no page.
    Other,
}

/// A page in a browser of its own: nobody else's cookies.
pub(crate) struct Page {
    chrome: Chrome,
    session: String,
    frame: String,
    address: String,
    /// The document that is shown, and how it came.
    loader: String,
    loaded: Vec<String>,
    answers: Vec<(String, i64, String)>,
    downloads: Vec<(String, String, bool)>,
    world: Option<i64>,
    width: u32,
    scripts: Scripts,
    /// Workers whose network was taken away, by target and session.
    workers: Vec<(String, String)>,
    /// Whether the network was ever taken away.
    away: bool,
    faults: Vec<String>,
    findings: Vec<String>,
}

impl Page {
    /// A new one, so wide, over a server.
    pub(crate) fn new(chrome: &Chrome, address: &str, width: u32, scripts: Scripts) -> Self {
        let context = chrome.ask("", "Target.createBrowserContext", json!({}));
        let context = word(&context["browserContextId"]);
        let target = chrome.ask(
            "",
            "Target.createTarget",
            json!({"url": "about:blank", "browserContextId": context}),
        );
        let target = json!({"targetId": target["targetId"], "flatten": true});
        let session = chrome.ask("", "Target.attachToTarget", target);
        let session = word(&session["sessionId"]);
        let downloads = json!({"behavior": "allowAndName", "browserContextId": context,
            "downloadPath": chrome.downloads(), "eventsEnabled": true});
        chrome.ask("", "Browser.setDownloadBehavior", downloads);
        for domain in ["Page", "Runtime", "Log", "Network", "DOM", "Audits"] {
            chrome.ask(&session, &format!("{domain}.enable"), json!({}));
        }
        let ask = |method: &str, parameters| chrome.ask(&session, method, parameters);
        ask("Page.setLifecycleEventsEnabled", json!({"enabled": true}));
        ask("Emulation.setScrollbarsHidden", json!({"hidden": true}));
        let tree = ask("Page.getFrameTree", json!({}));
        let mut page = Self {
            chrome: chrome.clone(),
            frame: word(&tree["frameTree"]["frame"]["id"]),
            loader: word(&tree["frameTree"]["frame"]["loaderId"]),
            session,
            address: address.to_owned(),
            loaded: Vec::new(),
            answers: Vec::new(),
            downloads: Vec::new(),
            world: None,
            width,
            scripts,
            workers: Vec::new(),
            away: false,
            faults: Vec::new(),
            findings: Vec::new(),
        };
        page.resize(width);
        page.let_scripts(scripts);
        page
    }

    fn let_scripts(&self, scripts: Scripts) {
        if self.scripts == Scripts::Off {
            let off = json!({"value": scripts == Scripts::Off});
            self.ask("Emulation.setScriptExecutionDisabled", off);
        }
    }

    /// Makes it another width.
    pub(crate) fn resize(&mut self, width: u32) {
        self.width = width;
        let height = if width < 600 { 700 } else { 800 };
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.ask("Emulation.setDeviceMetricsOverride", size);
    }

    fn ask(&self, method: &str, parameters: Value) -> Value {
        self.chrome.ask(&self.session, method, parameters)
    }

    /// Opens one of our addresses.
    pub(crate) fn open(&mut self, path: &str) -> Came {
        self.look();
        let url = format!("{}{path}", self.address);
        let told = self.ask("Page.navigate", json!({"url": url}));
        let error = told["errorText"].as_str().unwrap_or_default();
        let Some(loader) = told["loaderId"].as_str().filter(|_| error.is_empty()) else {
            assert!(
                error.is_empty() || error == "net::ERR_ABORTED",
                "{path}: {error}"
            );
            return Came::Other;
        };
        self.arrive(loader.to_owned())
    }

    /// Waits until a document is there with everything that belongs to it.
    fn arrive(&mut self, loader: String) -> Came {
        while !self.loaded.contains(&loader) {
            self.chrome.wait(&format!("{loader} to load"));
            self.look();
        }
        self.loader = loader;
        self.world = None;
        let answer = self.answers.iter().rfind(|(of, ..)| *of == self.loader);
        match answer {
            Some((_, status, kind)) if kind == "text/html" => Came::Page(*status),
            _ => Came::Other,
        }
    }

    /// The status of the page that is shown.
    pub(crate) fn status(&self) -> i64 {
        let answer = self.answers.iter().rfind(|(of, ..)| *of == self.loader);
        answer.map_or(0, |(_, status, _)| *status)
    }

    /// Sorts what happened since.
    fn look(&mut self) {
        for event in self.chrome.happened(&self.session) {
            let what = &event["params"];
            match event["method"].as_str().unwrap_or_default() {
                "Page.lifecycleEvent" if what["name"] == "load" => {
                    self.loaded.push(word(&what["loaderId"]));
                }
                "Network.responseReceived" if what["type"] == "Document" => {
                    let answer = &what["response"];
                    let status = answer["status"].as_i64().unwrap_or_default();
                    let kind = word(&answer["mimeType"]);
                    self.answers.push((word(&what["loaderId"]), status, kind));
                }
                "Network.loadingFailed" if what["canceled"] != true => {
                    let error = what["errorText"].as_str().unwrap_or_default();
                    // What cannot be reached because we took the network away is no fault.
                    if self.away && error == network::AWAY {
                        continue;
                    }
                    self.fault(format!("network: {error} {}", what["blockedReason"]));
                }
                "Runtime.exceptionThrown" => {
                    self.fault(format!("exception: {}", what["exceptionDetails"]));
                }
                "Runtime.consoleAPICalled" if what["type"] == "error" => {
                    self.fault(format!("console: {}", what["args"]));
                }
                "Log.entryAdded" if what["entry"]["level"] == "error" => {
                    let text = what["entry"]["text"].as_str().unwrap_or_default();
                    // Chromium writes one such line for every answer of 4xx, also the ones we mean.
                    if !text.starts_with("Failed to load resource") {
                        self.fault(format!("log: {text}"));
                    }
                }
                "Audits.issueAdded" if what["issue"]["code"] == "ContentSecurityPolicyIssue" => {
                    self.fault(format!("content policy: {}", what["issue"]["details"]));
                }
                "Browser.downloadWillBegin" => {
                    let (id, name) = (word(&what["guid"]), word(&what["suggestedFilename"]));
                    self.downloads.push((id, name, false));
                }
                "Browser.downloadProgress" if what["state"] == "completed" => {
                    for one in &mut self.downloads {
                        one.2 |= what["guid"] == one.0.as_str();
                    }
                }
                _ => {}
            }
        }
    }

    fn fault(&mut self, said: String) {
        self.faults.push(said.chars().take(400).collect());
    }

    /// The value of an expression, or of what it promises, computed beside the page's own scripts.
    pub(crate) fn tell(&mut self, expression: &str) -> Value {
        let world = match self.world {
            Some(world) => world,
            None => {
                let wanted = json!({"frameId": self.frame, "worldName": WORLD});
                let made = self.ask("Page.createIsolatedWorld", wanted);
                let world = made["executionContextId"].as_i64().unwrap();
                self.world = Some(world);
                world
            }
        };
        let told = self.ask(
            "Runtime.evaluate",
            json!({"expression": expression, "contextId": world, "awaitPromise": true,
                "returnByValue": true}),
        );
        assert!(
            told["exceptionDetails"].is_null(),
            "{}: {}",
            expression.chars().take(200).collect::<String>(),
            told["exceptionDetails"]
        );
        told["result"]["value"].clone()
    }

    /// Everything one reads on the page.
    pub(crate) fn text(&mut self) -> String {
        word(&self.tell("document.body.innerText"))
    }

    /// The path and the question of the address.
    pub(crate) fn place(&mut self) -> String {
        word(&self.tell("location.pathname + location.search"))
    }

    /// The one heading of the page.
    pub(crate) fn heading(&mut self) -> String {
        word(&self.tell("(document.querySelector('h1') || {innerText: ''}).innerText"))
    }

    /// Waits until an expression holds; the page changes in place.
    pub(crate) fn until(&mut self, expression: &str) {
        let watch = format!(
            "new Promise(done => {{ const holds = () => {expression}; if (holds()) return done(true); \
             const seen = new MutationObserver(() => {{ if (holds()) {{ seen.disconnect(); done(true); }} }}); \
             seen.observe(document, {{childList: true, subtree: true, attributes: true}}); }})"
        );
        self.tell(&watch);
    }

    /// What has a role and a name: within the main part of the page first, whole names before
    /// beginnings.
    fn found(&self, role: &str, name: &str) -> Vec<i64> {
        let document = self.ask("DOM.getDocument", json!({"depth": 0}));
        let root = document["root"]["backendNodeId"].clone();
        let within = |root: &Value, role: &str| {
            let wanted = json!({"backendNodeId": root, "role": role});
            let told = self.ask("Accessibility.queryAXTree", wanted);
            told["nodes"].as_array().cloned().unwrap_or_default()
        };
        let main = within(&root, "main");
        let parts = main.iter().map(|main| main["backendDOMNodeId"].clone());
        for part in parts.chain([root.clone()]) {
            let all: Vec<(String, i64)> = within(&part, role)
                .iter()
                .filter(|node| node["ignored"] != true)
                .filter_map(|node| {
                    let name = word(&node["name"]["value"]);
                    Some((name.trim().to_owned(), node["backendDOMNodeId"].as_i64()?))
                })
                .collect();
            let those = |fits: &dyn Fn(&str) -> bool| -> Vec<i64> {
                let fitting = all.iter().filter(|(name, _)| fits(name));
                fitting.map(|(_, node)| *node).collect()
            };
            let exact = those(&|said| said == name);
            if !exact.is_empty() {
                return exact;
            }
            let begins = those(&|said| said.starts_with(name));
            if !begins.is_empty() {
                return begins;
            }
        }
        Vec::new()
    }

    /// Whether something with this role and name can be used.
    pub(crate) fn has(&self, role: &str, name: &str) -> bool {
        !self.found(role, name).is_empty()
    }

    /// How many there are.
    pub(crate) fn count(&self, role: &str, name: &str) -> usize {
        self.found(role, name).len()
    }

    fn find(&mut self, role: &str, name: &str) -> i64 {
        match self.found(role, name).first() {
            Some(node) => *node,
            None => {
                let (place, text) = (self.place(), self.text());
                panic!("{place} has no {role} “{name}”:\n{text}")
            }
        }
    }

    /// Clicks with the mouse in the middle of it, wherever that is.
    pub(crate) fn click(&mut self, role: &str, name: &str) {
        let node = self.find(role, name);
        self.click_on(node, name);
    }

    /// Clicks and waits for the page it leads to.
    pub(crate) fn press(&mut self, role: &str, name: &str) {
        self.look();
        let here = self.loader.clone();
        self.click(role, name);
        self.leave(&here, name);
    }

    fn leave(&mut self, here: &str, name: &str) {
        let known = self.loaded.len();
        loop {
            self.look();
            let mut next = self.loaded.iter().skip(known);
            if let Some(loader) = next.find(|loader| *loader != here).cloned() {
                self.arrive(loader);
                return;
            }
            self.chrome.wait(&format!("where “{name}” leads"));
        }
    }

    /// Clicks what answers on the same page with scripts and on a new one without, and waits until an
    /// expression holds.
    pub(crate) fn send(&mut self, name: &str, expression: &str) {
        match self.scripts {
            Scripts::On => {
                self.click("button", name);
                self.until(expression);
            }
            Scripts::Off => {
                self.press("button", name);
                assert_eq!(self.tell(expression), true, "{expression}");
            }
        }
    }

    /// Sends a form from a field with the Enter key.
    pub(crate) fn enter(&mut self, name: &str) {
        self.look();
        let here = self.loader.clone();
        for kind in ["rawKeyDown", "char", "keyUp"] {
            let key = json!({"type": kind, "key": "Enter", "code": "Enter", "text": "\r",
                "windowsVirtualKeyCode": 13});
            self.ask("Input.dispatchKeyEvent", key);
        }
        self.leave(&here, name);
    }

    /// Writes into a field in place of what stands there.
    pub(crate) fn fill(&mut self, name: &str, text: &str) {
        let roles = ["textbox", "searchbox", "combobox"];
        let node = roles
            .iter()
            .find_map(|role| self.found(role, name).first().copied());
        let node = node.unwrap_or_else(|| self.find("textbox", name));
        self.ask("DOM.focus", json!({"backendNodeId": node}));
        self.on(node, "function() { this.select(); }", json!([]));
        match text {
            "" => {
                for kind in ["rawKeyDown", "keyUp"] {
                    let key = json!({"type": kind, "key": "Delete", "code": "Delete",
                        "windowsVirtualKeyCode": 46});
                    self.ask("Input.dispatchKeyEvent", key);
                }
            }
            text => {
                self.ask("Input.insertText", json!({"text": text}));
            }
        }
    }

    /// Chooses a line of a list by what stands in it.
    pub(crate) fn choose(&mut self, name: &str, line: &str) {
        let node = self.find("combobox", name);
        let done = self.on(node, PICK, json!([{"value": line}]));
        assert_eq!(done, true, "“{name}” has no line “{line}”");
    }

    /// The line that is chosen in a list.
    pub(crate) fn chosen(&mut self, name: &str) -> String {
        let node = self.find("combobox", name);
        let said = "function() { return this.selectedOptions[0].text.trim(); }";
        word(&self.on(node, said, json!([])))
    }

    fn on(&self, node: i64, function: &str, arguments: Value) -> Value {
        let object = self.ask("DOM.resolveNode", json!({"backendNodeId": node}));
        let call = json!({"functionDeclaration": function, "arguments": arguments,
            "objectId": object["object"]["objectId"], "returnByValue": true});
        let told = self.ask("Runtime.callFunctionOn", call);
        told["result"]["value"].clone()
    }

    /// Clicks every one with this role and name; answers how many.
    pub(crate) fn click_all(&mut self, role: &str, name: &str) -> usize {
        let all = self.found(role, name);
        for node in &all {
            self.click_on(*node, name);
        }
        all.len()
    }

    /// Chooses this line in every list that has it; answers how many.
    pub(crate) fn choose_all(&mut self, line: &str) -> usize {
        let pick = "function(line) { const found = [...(this.options || [])].find(o => o.text.trim() === line); \
            if (found) this.value = found.value; return !!found; }";
        let all = self.found("combobox", "");
        let chosen = all
            .iter()
            .filter(|node| self.on(**node, pick, json!([{"value": line}])) == true);
        chosen.count()
    }

    /// Clicks what brings a file; its suggested name and where it lies.
    pub(crate) fn download(&mut self, role: &str, name: &str) -> (String, PathBuf) {
        self.look();
        let known = self.downloads.len();
        self.click(role, name);
        loop {
            self.look();
            if let Some((id, said, true)) = self.downloads.get(known) {
                return (said.clone(), self.chrome.downloads().join(id));
            }
            self.chrome.wait(&format!("the file of “{name}”"));
        }
    }

    /// One step back.
    pub(crate) fn back(&mut self) {
        self.look();
        let here = self.loader.clone();
        let history = self.ask("Page.getNavigationHistory", json!({}));
        let at = history["currentIndex"].as_u64().unwrap_or_default();
        let before = usize::try_from(at.saturating_sub(1)).unwrap();
        let entry = history["entries"][before]["id"].clone();
        self.ask("Page.navigateToHistoryEntry", json!({"entryId": entry}));
        self.leave(&here, "back");
    }

    /// A picture of what is on the screen, or of the page from top to bottom.
    pub(crate) fn picture(&mut self) -> Vec<u8> {
        let told = self.ask("Page.captureScreenshot", json!({"format": "png"}));
        base64(told["data"].as_str().unwrap_or_default())
    }

    /// A finding of the test's own.
    pub(crate) fn note(&mut self, said: String) {
        self.findings.push(said);
    }

    /// What was found so far.
    pub(crate) fn findings(self) -> Vec<String> {
        self.findings
    }
}

/// A word of an answer.
pub(crate) fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// Bytes as chromium sends them.
fn base64(text: &str) -> Vec<u8> {
    let sextet = |c: u8| match c {
        b'A'..=b'Z' => Some(c - b'A'),
        b'a'..=b'z' => Some(c - b'a' + 26),
        b'0'..=b'9' => Some(c - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let mut bytes = Vec::new();
    let (mut held, mut bits) = (0_u32, 0);
    for six in text.bytes().filter_map(sextet) {
        held = (held << 6) | u32::from(six);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from((held >> bits) & 0xff).unwrap());
        }
    }
    bytes
}

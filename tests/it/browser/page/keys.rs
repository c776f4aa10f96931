//! A page used with the keyboard alone: Tab to what one wants, Space and Enter to use it, and the focus always
//! to be seen.

use super::{Page, word};
use serde_json::{Value, json};

/// More stops than this and nobody arrives.
const STOPS_MAX: usize = 400;
/// More lines than this has no list of a page used so.
const LINES_MAX: usize = 60;
/// Whether the focus can be seen: an outline or a shadow around what has it, or around its label.
const SEEN: &str = "(() => { const e = document.activeElement; if (!e || e === document.body) return true; \
    const around = s => (s.outlineStyle !== 'none' && parseFloat(s.outlineWidth) > 0) || s.boxShadow !== 'none'; \
    const box = e.getBoundingClientRect(); \
    const shown = box.width > 1 && box.height > 1 && box.right > 0 && box.left < innerWidth \
      && box.bottom > 0 && box.top < innerHeight; \
    return shown && around(getComputedStyle(e)); })()";
/// What has the focus, for whoever reads a failure.
const HERE: &str = "(document.activeElement || document.body).outerHTML.slice(0, 160)";
const IDENTITY: &str = "document.activeElement";

/// A key as chromium wants it: its name, its code, the text it writes and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Tab,
    Enter,
    Space,
    Down,
}

impl Key {
    fn told(self) -> (&'static str, &'static str, &'static str, u32) {
        match self {
            Key::Tab => ("Tab", "Tab", "", 9),
            Key::Enter => ("Enter", "Enter", "\r", 13),
            Key::Space => (" ", "Space", " ", 32),
            Key::Down => ("ArrowDown", "ArrowDown", "", 40),
        }
    }
}

impl Page {
    /// One key, down and up.
    pub(crate) fn key(&mut self, key: Key) {
        let (name, code, text, number) = key.told();
        let down = if text.is_empty() {
            "rawKeyDown"
        } else {
            "keyDown"
        };
        for kind in [down, "keyUp"] {
            let mut what = json!({"type": kind, "key": name, "code": code,
                "windowsVirtualKeyCode": number});
            if kind == "keyDown" {
                what["text"] = json!(text);
            }
            self.ask("Input.dispatchKeyEvent", what);
        }
    }

    /// A key, and the page it leads to.
    pub(crate) fn key_leads(&mut self, key: Key) {
        self.look();
        let here = self.loader.clone();
        self.key(key);
        self.leave(&here, "a key");
    }

    /// Role and name of what has the focus.
    pub(crate) fn focused(&mut self) -> (String, String) {
        let told = self.ask("Runtime.evaluate", json!({"expression": IDENTITY}));
        let object = told["result"]["objectId"].clone();
        let told = self.ask(
            "Accessibility.getPartialAXTree",
            json!({"objectId": object, "fetchRelatives": false}),
        );
        let node = &told["nodes"][0];
        let of = |what: &Value| word(&what["value"]);
        (of(&node["role"]), of(&node["name"]).trim().to_owned())
    }

    /// Writes where the focus is, in place of what stands there: Tab has selected it.
    pub(crate) fn write(&mut self, text: &str) {
        self.ask("Input.insertText", json!({"text": text}));
    }

    /// The next stop of Tab: role and name. Where the focus cannot be seen, it is a finding.
    pub(crate) fn tab(&mut self) -> (String, String) {
        self.key(Key::Tab);
        if self.tell(SEEN) != true {
            let here = word(&self.tell(HERE));
            let place = self.place();
            self.note(format!("{place}: the focus cannot be seen on {here}"));
        }
        self.focused()
    }

    /// Presses Tab until something with this role, whose name begins so, has the focus.
    pub(crate) fn tab_to(&mut self, role: &str, name: &str) {
        let mut first: Option<(String, String)> = None;
        for _ in 0..STOPS_MAX {
            let at = self.tab();
            if at.0 == role && at.1.starts_with(name) {
                return;
            }
            first.get_or_insert(at);
        }
        let (place, text) = (self.place(), self.text());
        panic!("{place}: Tab never comes to {role} “{name}”, from {first:?}:\n{text}");
    }

    /// Tab to a button or a link, and Enter.
    pub(crate) fn key_press(&mut self, role: &str, name: &str) {
        self.tab_to(role, name);
        self.key_leads(Key::Enter);
    }

    /// Tab to a field, and write in place of what stands there.
    pub(crate) fn key_fill(&mut self, name: &str, text: &str) {
        self.tab_to("textbox", name);
        self.write(text);
    }

    /// The arrow down until this line of the list, or this choice of the group, that has the focus is chosen.
    pub(crate) fn key_choose(&mut self, line: &str) {
        const CHOSEN: &str = "(() => { const e = document.activeElement; return e.tagName === 'SELECT' ? \
            e.selectedOptions[0].text : e.checked ? e.labels[0].innerText : ''; })()";
        for _ in 0..LINES_MAX {
            if word(&self.tell(CHOSEN)).trim() == line {
                return;
            }
            // The first of a group has the focus before it is chosen.
            match self.focused() {
                (role, name) if role == "radio" && name == line => self.key(Key::Space),
                _ => self.key(Key::Down),
            }
        }
        let place = self.place();
        panic!("{place}: the keyboard does not come to “{line}”");
    }
}

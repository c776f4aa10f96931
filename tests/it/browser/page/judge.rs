//! What is wrong with a page as it stands: its shape, what axe finds, what the browser complained of.

use super::{Page, Scripts, word};
use std::collections::BTreeSet;
use std::sync::Mutex;

const AXE: &str = include_str!("../vendor/axe-core-4.14.1/axe.min.js");
/// What axe finds, serious or worse, in words.
const FIND: &str = "axe.run(document, {preload: false, resultTypes: ['violations']}).then(told => \
    told.violations.filter(v => ['serious', 'critical'].includes(v.impact)).map(v => \
    v.id + ' (' + v.help + '): ' + v.nodes.length + ' × ' + v.nodes.slice(0, 3).map(n => \
    n.html.slice(0, 160) + ' ' + (n.failureSummary || '').replace(/\\s+/g, ' ').slice(0, 200)).join(' | ')))";
/// Title, headings, and what sticks out at the side.
const SHAPE: &str = "(() => {\
    const wide = document.documentElement.clientWidth;\
    const over = document.documentElement.scrollWidth - wide;\
    const scrolls = e => { for (e = e.parentElement; e; e = e.parentElement) \
      if (['auto', 'scroll', 'hidden'].includes(getComputedStyle(e).overflowX)) return true; return false; };\
    const out = over > 0 ? [...document.body.querySelectorAll('*')].filter(e => \
      e.getBoundingClientRect().right > wide + 1 && !scrolls(e)).slice(0, 3).map(e => e.outerHTML.slice(0, 120)) : [];\
    return {title: document.title, lang: document.documentElement.lang, over, out, \
      h1: [...document.querySelectorAll('h1')].map(h => h.innerText.trim())}; })()";
/// What the page around its main part is made of, and its main part: elements with their attributes, without words
/// and numbers, rows alike once. Two pages made of the same are one to axe, which is most of what a page is for
/// another role.
const MADE_OF: &str = "(() => { const all = document.documentElement.cloneNode(true); \
    const walk = document.createTreeWalker(all, NodeFilter.SHOW_TEXT); const texts = []; \
    while (walk.nextNode()) texts.push(walk.currentNode); \
    texts.forEach(t => t.data.trim() ? t.data = 't' : t.remove()); \
    const said = ['href', 'action', 'value', 'content', 'title', 'datetime']; \
    const elements = [...all.querySelectorAll('*')]; \
    for (const e of elements) for (const a of [...e.attributes]) \
        if (a.name === 'aria-current') e.removeAttribute(a.name); \
        else a.value = said.includes(a.name) && a.value ? '' : a.value.replace(/\\d+/g, '0'); \
    for (const e of elements.reverse()) { const before = e.previousElementSibling; \
        if (before && before.outerHTML === e.outerHTML) e.remove(); } \
    const main = all.querySelector('main'); const inner = main ? main.innerHTML : ''; \
    if (main) main.innerHTML = ''; return [all.outerHTML, inner]; })()";

/// What axe has seen in this test.
static SEEN: Mutex<BTreeSet<(u32, String)>> = Mutex::new(BTreeSet::new());

impl Page {
    /// Judges what is shown; what is wrong is kept for the end of the test.
    pub(crate) fn judge(&mut self, step: &str) {
        let shape = self.tell(SHAPE);
        let mut wrong = Vec::new();
        if word(&shape["title"]).is_empty() || shape["lang"] != "zh-CN" {
            wrong.push(format!("title or language: {shape}"));
        }
        let headings = shape["h1"].as_array().cloned().unwrap_or_default();
        if headings.len() != 1 || headings.iter().any(|said| word(said).is_empty()) {
            wrong.push(format!("not one heading: {headings:?}"));
        }
        if shape["over"].as_i64().unwrap_or_default() > 0 {
            wrong.push(format!(
                "scrolls sideways: {} {}",
                shape["over"], shape["out"]
            ));
        }
        wrong.extend(self.found_by_axe());
        self.look();
        wrong.append(&mut self.faults);
        if self.status() >= 500 {
            wrong.push(format!("status {}", self.status()));
        }
        let width = self.width;
        let place = self.place();
        let told = wrong
            .iter()
            .map(|one| format!("{step} {place} at {width}: {one}"));
        self.findings.extend(told);
    }

    /// What axe finds, unless it has seen a page made of the same elements at this width.
    fn found_by_axe(&mut self) -> Vec<String> {
        let made_of = self.tell(MADE_OF);
        let parts = made_of.as_array().into_iter().flatten();
        let parts: Vec<_> = parts.map(|part| (self.width, word(part))).collect();
        let seen = parts.iter().all(|part| SEEN.lock().unwrap().contains(part));
        if seen && !parts.is_empty() {
            return Vec::new();
        }
        SEEN.lock().unwrap().extend(parts);
        // The page was read without scripts and has none; axe cannot wait without them.
        self.let_scripts(Scripts::On);
        if self.tell("typeof axe") == "undefined" {
            self.tell(&format!("{AXE}; 0"));
        }
        let found = self.tell(FIND);
        self.let_scripts(self.scripts);
        found.as_array().into_iter().flatten().map(word).collect()
    }
}

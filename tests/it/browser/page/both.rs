//! The same page on a phone and at a desk, and what stands in its tables and figures.

use super::{Page, word};
use crate::browser::{DESK, PHONE};
use serde_json::{Value, json};
use std::path::Path;

/// Whoever wants to look at the pages names a folder here.
const FOLDER: &str = "DOUDI_LOOK";

/// Rows of the page's tables, cell by cell.
const ROWS: &str = "[...document.querySelectorAll('main tbody tr')].map(row => \
    [...row.children].map(cell => cell.innerText.trim()))";
/// Addresses and words of the links of the main part.
const LINKS: &str = "[...document.querySelectorAll('main a[href]')].map(link => \
    [link.getAttribute('href'), link.innerText.trim()])";

impl Page {
    /// Judges what is shown at both widths; it stays as wide as it was. Pictures of the whole of it are kept
    /// where somebody wants them.
    pub(crate) fn judge_both(&mut self, step: &str) {
        let own = self.width;
        for width in [PHONE, DESK] {
            self.resize(width);
            self.judge(step);
            if let Some(folder) = std::env::var_os(FOLDER) {
                let name = format!("{}-{width}.png", step.replace(['/', ' '], "-"));
                std::fs::write(Path::new(&folder).join(name), self.whole_picture()).unwrap();
            }
        }
        self.resize(own);
    }

    /// A picture of the page from top to bottom.
    fn whole_picture(&mut self) -> Vec<u8> {
        let high = self.tell("document.documentElement.scrollHeight");
        let clip = json!({"x": 0, "y": 0, "width": self.width, "height": high, "scale": 1});
        let whole = json!({"format": "png", "captureBeyondViewport": true, "clip": clip});
        let told = self.ask("Page.captureScreenshot", whole);
        super::base64(told["data"].as_str().unwrap_or_default())
    }

    /// The rows of all tables of the page.
    pub(crate) fn rows(&mut self) -> Vec<Vec<String>> {
        let told = self.tell(ROWS);
        let rows = told.as_array().cloned().unwrap_or_default();
        let cells = |row: &Value| row.as_array().into_iter().flatten().map(word).collect();
        rows.iter().map(cells).collect()
    }

    /// The addresses of the page's links that begin so, each once.
    pub(crate) fn links(&mut self, begins: &str) -> Vec<String> {
        let told = self.tell(LINKS);
        let rows = told.as_array().cloned().unwrap_or_default();
        let mut out: Vec<String> = Vec::new();
        for href in rows.iter().map(|row| word(&row[0])) {
            if href.starts_with(begins) && !out.contains(&href) {
                out.push(href);
            }
        }
        out
    }

    /// The words beside a name in a list of figures.
    pub(crate) fn figure_text(&mut self, name: &str) -> String {
        word(&self.tell(&format!(
            "([...document.querySelectorAll('main dt')].find(dt => dt.innerText.trim() === '{name}') || \
             {{nextElementSibling: {{innerText: ''}}}}).nextElementSibling.innerText"
        )))
    }

    /// The number beside a name in a list of figures.
    pub(crate) fn figure(&mut self, name: &str) -> u64 {
        let told = self.figure_text(name);
        let digits: String = told
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == ',')
            .filter(|c| *c != ',')
            .collect();
        digits
            .parse()
            .unwrap_or_else(|_| panic!("no figure {name}: {}", self.text()))
    }

    /// Opens every part of the page that is folded under this name; answers how many.
    pub(crate) fn unfold(&mut self, name: &str) -> usize {
        self.click_all("DisclosureTriangle", name)
    }
}

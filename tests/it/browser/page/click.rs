//! The mouse: a click goes where the element stands, and again where a script has moved it away meanwhile.

use super::{Page, Scripts};
use serde_json::{Value, json};

/// Clicks at an element that moves.
const CLICKS: usize = 5;
const LISTENS: &str =
    "function () { this.addEventListener('click', () => { this.doudiHit = true; }, true); }";
/// Whether the click went elsewhere: the element heard nothing, and something else stands there now.
const MOVED: &str = "function (x, y) { const hit = document.elementFromPoint(x, y); \
    return !this.doudiHit && !(hit && (this.contains(hit) || hit.contains(this))); }";

impl Page {
    pub(super) fn click_on(&mut self, node: i64, name: &str) {
        if self.scripts == Scripts::Off {
            self.click_at(node, name);
            return;
        }
        let told = self.ask("DOM.resolveNode", json!({"backendNodeId": node}));
        let object = told["object"]["objectId"].clone();
        let asked = |function: &str, arguments: Value| {
            json!({"objectId": object, "functionDeclaration": function, "arguments": arguments,
                "returnByValue": true})
        };
        self.ask("Runtime.callFunctionOn", asked(LISTENS, json!([])));
        for _ in 0..CLICKS {
            let (x, y) = self.click_at(node, name);
            let at = json!([{"value": x}, {"value": y}]);
            // Where the page is gone already, the click has led away.
            let call = ("Runtime.callFunctionOn", asked(MOVED, at));
            let told = self.chrome.try_ask(&self.session, call.0, call.1);
            if told.map_or(true, |told| told["result"]["value"] != true) {
                return;
            }
        }
    }

    /// Clicks in the middle of an element, wherever that is now.
    fn click_at(&mut self, node: i64, name: &str) -> (f64, f64) {
        let of = json!({"backendNodeId": node});
        self.ask("DOM.scrollIntoViewIfNeeded", of.clone());
        let quads = self.ask("DOM.getContentQuads", of);
        let quad = &quads["quads"][0];
        let at = |one: usize, two: usize| {
            let corner = |at: usize| quad[at].as_f64().unwrap_or_default();
            (corner(one) + corner(two)) / 2.0
        };
        assert!(quad.is_array(), "“{name}” cannot be seen");
        let (x, y) = (at(0, 4), at(1, 5));
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let button = if kind == "mouseMoved" { "none" } else { "left" };
            self.ask(
                "Input.dispatchMouseEvent",
                json!({"type": kind, "x": x, "y": y, "button": button, "clickCount": 1}),
            );
        }
        (x, y)
    }
}

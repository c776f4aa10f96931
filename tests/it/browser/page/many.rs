//! What is done to several things of a page at once.

use super::{PICK, Page, word};
use serde_json::json;

impl Page {
    /// Shows the page as on paper, or with no word as on the screen again.
    pub(crate) fn media(&mut self, media: &str) {
        self.ask("Emulation.setEmulatedMedia", json!({"media": media}));
    }

    /// What has a role within a group of fields: its names.
    fn within(&mut self, group: &str, role: &str) -> Vec<(String, i64)> {
        let group = self.find("group", group);
        let told = self.ask(
            "Accessibility.queryAXTree",
            json!({"backendNodeId": group, "role": role}),
        );
        let nodes = told["nodes"].as_array().cloned().unwrap_or_default();
        let named = nodes.iter().filter(|node| node["ignored"] != true);
        named
            .filter_map(|node| {
                Some((
                    word(&node["name"]["value"]),
                    node["backendDOMNodeId"].as_i64()?,
                ))
            })
            .collect()
    }

    /// Ticks every box of a group that is not ticked; answers how many boxes there are.
    pub(crate) fn tick_all(&mut self, group: &str) -> usize {
        let boxes = self.within(group, "checkbox");
        for (name, node) in &boxes {
            let ticked = self.on(*node, "function() { return this.checked; }", json!([]));
            if ticked != true {
                self.click_on(*node, name);
            }
        }
        boxes.len()
    }

    /// How many boxes of a group are ticked, of how many.
    pub(crate) fn ticked(&mut self, group: &str) -> (usize, usize) {
        let boxes = self.within(group, "checkbox");
        let checked = "function() { return this.checked; }";
        let ticked = boxes
            .iter()
            .filter(|(_, node)| self.on(*node, checked, json!([])) == true);
        (ticked.count(), boxes.len())
    }

    /// Chooses a line in every list of this name; answers how many there are.
    pub(crate) fn choose_each(&mut self, name: &str, line: &str) -> usize {
        let all = self.found("combobox", name);
        for node in &all {
            let done = self.on(*node, PICK, json!([{"value": line}]));
            assert_eq!(done, true, "“{name}” has no line “{line}”");
        }
        all.len()
    }
}

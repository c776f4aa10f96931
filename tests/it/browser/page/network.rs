//! The network under a page, and files out of a folder.

use super::{Page, word};
use serde_json::json;
use std::path::Path;

/// What chromium says of an address without a network.
pub(super) const AWAY: &str = "net::ERR_INTERNET_DISCONNECTED";

/// Whether there is a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    On,
    Off,
}

impl Page {
    /// Takes the network away from the page and from the workers that answer for it, or gives it back.
    pub(crate) fn network(&mut self, network: Network) {
        self.away |= network == Network::Off;
        let told = self.chrome.ask("", "Target.getTargets", json!({}));
        for one in told["targetInfos"].as_array().into_iter().flatten() {
            let known = self
                .workers
                .iter()
                .any(|(id, _)| one["targetId"] == id.as_str());
            if one["type"] == "service_worker" && !known {
                let target = json!({"targetId": one["targetId"], "flatten": true});
                let session = self.chrome.ask("", "Target.attachToTarget", target);
                let session = word(&session["sessionId"]);
                self.chrome.ask(&session, "Network.enable", json!({}));
                self.workers.push((word(&one["targetId"]), session));
            }
        }
        let way = json!({"offline": network == Network::Off, "latency": 0, "downloadThroughput": -1,
            "uploadThroughput": -1});
        let sessions = self.workers.iter().map(|(_, session)| session);
        for session in sessions.chain([&self.session]) {
            self.chrome
                .ask(session, "Network.emulateNetworkConditions", way.clone());
        }
    }

    /// Puts a file into a field.
    pub(crate) fn attach(&mut self, name: &str, file: &Path) {
        let node = self.find("button", name);
        let files = json!({"backendNodeId": node, "files": [file]});
        self.ask("DOM.setFileInputFiles", files);
    }
}

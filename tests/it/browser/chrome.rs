//! Chromium over its debugging pipe: no port, no socket and no other program between us.
//!
//! It reads commands from descriptor 3 and answers on 4, each ended by a zero byte. A shell puts our two
//! pipes there, so that no line here has to.

use serde_json::{Value, json};
use std::cell::RefCell;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::rc::Rc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use tempfile::TempDir;

/// Puts the pipes where chromium looks for them and becomes chromium.
const BECOME: &str = "exec \"$0\" \"$@\" 3<&0 4>&1 0</dev/null 1>/dev/null 2>/dev/null";
const ARGUMENTS: [&str; 12] = [
    "--headless=new",
    "--remote-debugging-pipe",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=BackForwardCache",
    "--lang=zh-CN",
    "--force-prefers-reduced-motion",
];
/// After so long without a word chromium or the server hangs, and the test says where.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running browser. Ends with its last page.
#[derive(Clone)]
pub(crate) struct Chrome {
    wire: Rc<RefCell<Wire>>,
}

struct Wire {
    child: Child,
    to: ChildStdin,
    from: Receiver<Value>,
    asked: u64,
    events: Vec<Value>,
    folder: TempDir,
}

impl Chrome {
    /// Starts it; none, loudly, where there is none.
    pub(crate) fn start() -> Option<Self> {
        let Some(program) = program() else {
            eprintln!(
                "SKIPPED in the browser: no chromium; install chromium or set DOUDI_CHROMIUM"
            );
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", BECOME]).arg(program).args(ARGUMENTS);
        command.arg(format!(
            "--user-data-dir={}",
            folder.path().join("profile").display()
        ));
        if is_root() {
            // Chromium refuses its sandbox to root; the only pages opened are our own.
            command.arg("--no-sandbox");
        }
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let to = child.stdin.take().unwrap();
        let mut answers = BufReader::new(child.stdout.take().unwrap());
        let (tell, from) = channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            while answers.read_until(0, &mut bytes).is_ok_and(|read| read > 0) {
                bytes.pop();
                let Ok(message) = serde_json::from_slice(&bytes) else {
                    return;
                };
                bytes.clear();
                if tell.send(message).is_err() {
                    return;
                }
            }
        });
        let wire = Wire {
            child,
            to,
            from,
            asked: 0,
            events: Vec::new(),
            folder,
        };
        Some(Self {
            wire: Rc::new(RefCell::new(wire)),
        })
    }

    /// Where downloads arrive.
    pub(crate) fn downloads(&self) -> PathBuf {
        self.wire.borrow().folder.path().join("downloads")
    }

    /// Asks, and waits for the answer; what happens meanwhile is kept.
    pub(crate) fn ask(&self, session: &str, method: &str, parameters: Value) -> Value {
        self.try_ask(session, method, parameters)
            .unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// The same where chromium may say no.
    pub(crate) fn try_ask(
        &self,
        session: &str,
        method: &str,
        parameters: Value,
    ) -> Result<Value, String> {
        let mut wire = self.wire.borrow_mut();
        wire.asked += 1;
        let id = wire.asked;
        let mut message = json!({"id": id, "method": method, "params": parameters});
        if !session.is_empty() {
            message["sessionId"] = json!(session);
        }
        let mut bytes = serde_json::to_vec(&message).unwrap();
        bytes.push(0);
        wire.to.write_all(&bytes).unwrap();
        wire.to.flush().unwrap();
        loop {
            let mut told = wire.hear(method);
            if told["id"] != id {
                wire.events.push(told);
                continue;
            }
            return match told.get("error") {
                Some(error) => Err(error.to_string()),
                None => Ok(told["result"].take()),
            };
        }
    }

    /// What has happened in a session since it was last asked; the browser's own events have none.
    pub(crate) fn happened(&self, session: &str) -> Vec<Value> {
        let mut wire = self.wire.borrow_mut();
        let events = std::mem::take(&mut wire.events);
        let (ours, others) = events.into_iter().partition(|event| {
            let of = event["sessionId"].as_str();
            of.is_none_or(|of| of == session)
        });
        wire.events = others;
        ours
    }

    /// Waits until something more happens.
    pub(crate) fn wait(&self, what: &str) {
        let mut wire = self.wire.borrow_mut();
        let event = wire.hear(what);
        wire.events.push(event);
    }
}

impl Wire {
    fn hear(&self, what: &str) -> Value {
        let told = self.from.recv_timeout(PATIENCE);
        told.unwrap_or_else(|_| panic!("chromium says nothing; we wait for: {what}"))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let close = b"{\"id\":0,\"method\":\"Browser.close\"}\0";
        if self.to.write_all(close).is_err() || self.to.flush().is_err() {
            let _ = self.child.kill();
        }
        // It writes its last words until the pipe ends; then the profile may go.
        while self.from.recv_timeout(PATIENCE).is_ok() {}
        let _ = self.child.wait();
    }
}

/// Chromium's place: as named by who runs the tests, or on the path.
fn program() -> Option<PathBuf> {
    let given = std::env::var_os("DOUDI_CHROMIUM").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let on_path = std::env::split_paths(&path).map(|folder| folder.join("chromium"));
    given.into_iter().chain(on_path).find(|at| at.is_file())
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata(Path::new("/proc/self")).is_ok_and(|own| own.uid() == 0)
}

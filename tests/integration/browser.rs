//! A real Chromium without a window, driven through its DevTools protocol.
//!
//! The protocol is spoken over a pipe, so no port is opened and nothing but JSON is needed: a message is one
//! JSON text with a NUL at its end. The shell opens two named pipes as the descriptors 3 and 4, on which
//! Chromium listens and speaks.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::harness::Home;

/// Names that it has on the systems where the tests run.
const PROGRAMS: [&str; 3] = ["chromium", "chromium-browser", "google-chrome"];

/// A page in a browser.
pub struct Browser {
    process: Child,
    requests: File,
    answers: BufReader<File>,
    next: i64,
    session: String,
    /// What the page did beside what was asked: every event since it was opened.
    events: Vec<Value>,
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts one, with a window of this size. `None`, told loudly: there is no Chromium here.
    pub fn start(home: &Home, (width, height): (u32, u32)) -> Option<Self> {
        let has = |program: &&&str| {
            let paths = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&paths).any(|dir| dir.join(program).exists())
        };
        let Some(program) = PROGRAMS.iter().find(has) else {
            eprintln!(
                "SKIPPED: there is no Chromium to look at the page with; apt-get install chromium"
            );
            return None;
        };
        let profile = tempfile::tempdir().unwrap();
        let pipe = |name: &str| profile.path().join(name);
        let made = Command::new("mkfifo")
            .args([pipe("to"), pipe("from")])
            .status();
        assert!(made.unwrap().success());
        let script = r#"to=$1 from=$2; shift 2; exec "$@" 3<"$to" 4>"$from""#;
        let process = home
            .command("sh")
            .args(["-c", script, "sh"])
            .args([pipe("to"), pipe("from")])
            .arg(program)
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-dev-shm-usage",
                "--disable-quic",
                "--disable-sync",
                "--disable-component-update",
                "--disable-background-networking",
                "--no-first-run",
                "--remote-debugging-pipe",
            ])
            .arg(format!(
                "--user-data-dir={}",
                profile.path().join("profile").display()
            ))
            .arg("about:blank")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut browser = Self {
            process,
            // Each waits for the shell to open its other end, in the same order.
            requests: OpenOptions::new().write(true).open(pipe("to")).unwrap(),
            answers: BufReader::new(File::open(pipe("from")).unwrap()),
            next: 0,
            session: String::new(),
            events: Vec::new(),
            _profile: profile,
        };
        let target = browser.ask("Target.createTarget", json!({"url": "about:blank"}));
        let attached = browser.ask(
            "Target.attachToTarget",
            json!({"targetId": target["targetId"], "flatten": true}),
        );
        browser.session = attached["sessionId"].as_str().unwrap().to_owned();
        for domain in [
            "Page",
            "Runtime",
            "Network",
            "Log",
            "Accessibility",
            "Audits",
        ] {
            browser.ask(&format!("{domain}.enable"), json!({}));
        }
        browser.resize(width, height);
        Some(browser)
    }

    /// Gives the window another size.
    pub fn resize(&mut self, width: u32, height: u32) {
        let size = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.ask("Emulation.setDeviceMetricsOverride", size);
    }

    /// Asks and waits for the answer; what happens meanwhile is kept.
    pub fn ask(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut message = json!({"id": id, "method": method, "params": params});
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        self.requests
            .write_all(message.to_string().as_bytes())
            .unwrap();
        self.requests.write_all(b"\0").unwrap();
        loop {
            let message = self.read();
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {message}");
                return message["result"].clone();
            }
            self.events.push(message);
        }
    }

    fn read(&mut self) -> Value {
        let mut bytes = Vec::new();
        self.answers.read_until(0, &mut bytes).unwrap();
        assert_eq!(bytes.pop(), Some(0), "the browser has gone");
        serde_json::from_slice(&bytes).unwrap()
    }

    /// Opens a file and waits until it is there as a whole.
    pub fn open(&mut self, file: &Path) {
        self.events.clear();
        let url = format!("file://{}", file.display());
        self.ask("Page.navigate", json!({"url": url}));
        while !self
            .events
            .iter()
            .any(|e| e["method"] == "Page.loadEventFired")
        {
            let event = self.read();
            self.events.push(event);
        }
    }

    /// The value of an expression in the page; of a promise, what it comes to.
    #[track_caller]
    pub fn eval(&mut self, expression: &str) -> Value {
        let asked = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let answer = self.ask("Runtime.evaluate", asked);
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].clone()
    }

    /// Waits until an expression is true, as often as the page is drawn.
    #[track_caller]
    pub fn wait_until(&mut self, expression: &str) {
        let found = self.eval(&format!(
            "new Promise((done) => {{
                 const until = performance.now() + 20000;
                 const look = () => ({expression}) ? done(true)
                     : performance.now() > until ? done(false) : setTimeout(look, 10);
                 look();
             }})"
        ));
        assert_eq!(found, true, "waited in vain: {expression}");
    }

    /// Presses and lets go of a key, as a keyboard does.
    pub fn press(&mut self, key: &str) {
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "Tab" => 9,
            "Home" => 36,
            "End" => 35,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => 0,
        };
        let mut down =
            json!({"type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code});
        if key == "Enter" {
            down["text"] = json!("\r");
        } else if code == 0 {
            down["text"] = json!(key);
        }
        self.ask("Input.dispatchKeyEvent", down);
        self.ask(
            "Input.dispatchKeyEvent",
            json!({"type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": code}),
        );
    }

    /// Types a text.
    pub fn write(&mut self, text: &str) {
        self.ask("Input.insertText", json!({"text": text}));
    }

    /// What a screen reader is told: role and name of everything that is not left out.
    pub fn spoken(&mut self) -> Vec<(String, String)> {
        let tree = self.ask("Accessibility.getFullAXTree", json!({}));
        let nodes = tree["nodes"].as_array().unwrap().iter();
        let said = |node: &Value, key: &str| node[key]["value"].as_str().unwrap_or("").to_owned();
        nodes
            .filter(|node| node["ignored"] != true)
            .map(|node| (said(node, "role"), said(node, "name")))
            .collect()
    }

    /// What must not have happened since the page was opened: errors, refusals by its policy, and requests
    /// for anything but the file.
    pub fn complaints(&mut self) -> Vec<String> {
        // Whatever was on its way when this was asked has come when it is answered.
        self.eval("1");
        let complaint = |event: &Value| {
            let params = &event["params"];
            match event["method"].as_str()? {
                "Runtime.exceptionThrown" | "Log.entryAdded" | "Audits.issueAdded" => {
                    Some(event.to_string())
                }
                "Runtime.consoleAPICalled" if params["type"] == "error" => Some(event.to_string()),
                "Page.javascriptDialogOpening" => Some(event.to_string()),
                "Network.requestWillBeSent" if params["type"] != "Document" => {
                    Some(event.to_string())
                }
                _ => None,
            }
        };
        self.events.iter().filter_map(complaint).collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It goes when its pipe is closed, too; this one does not have to be waited for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

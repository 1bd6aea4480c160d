//! The window through WebKitWebDriver: finds, reads, clicks, as a browser test does.
//!
//! The driver starts the window itself. Invariant: driver and window are gone when the value is.

use super::part::script;
use super::{Desk, Part};
use crate::{eventually, http};
use serde_json::{Value, json};
use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

const PATIENCE: u64 = 20;
/// The key under which the WebDriver standard names an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";

pub struct Driver {
    _driver: Part,
    address: SocketAddr,
    session: String,
    stdin: PathBuf,
}

impl Driver {
    /// Opens the window of the recorder at this address, with more arguments for it.
    pub async fn open(desk: &Desk, server: &str, args: &[&str]) -> Self {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let mut command = desk.command("WebKitWebDriver");
        command
            .arg(format!("--port={port}"))
            .env("TAURI_AUTOMATION", "true")
            .env("TAURI_WEBVIEW_AUTOMATION", "true");
        let driver = Part::start("driver", "webkit2gtk-driver", &mut command);
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let answers = async || tokio::net::TcpStream::connect(address).await.ok();
        eventually("WebKitWebDriver listens", PATIENCE, answers).await;
        let (window, stdin) = wrapper(desk);
        let args = [&["window", "--server", server], args].concat();
        let options = json!({"binary": window, "args": args});
        let wanted = json!({"capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}}});
        let mut driver = Self { _driver: driver, address, session: String::new(), stdin };
        let answer =
            driver.call("POST", "/session", &wanted).await.unwrap_or_else(|e| panic!("no window: {e}"));
        driver.session = answer["sessionId"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned();
        driver
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> Result<Value, Value> {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let json: &[_] = if method == "POST" { &[("Content-Type", "application/json")] } else { &[] };
        let answer = http::ask(self.address, method, path, json, text.as_bytes()).await;
        let value = answer.json()["value"].clone();
        if answer.status == 200 { Ok(value) } else { Err(value) }
    }

    async fn ask(&self, method: &str, path: &str, body: &Value) -> Result<Value, Value> {
        self.call(method, &format!("/session/{}{path}", self.session), body).await
    }

    /// The elements of this CSS selector.
    pub async fn find(&self, css: &str) -> Vec<String> {
        let found = self.ask("POST", "/elements", &json!({"using": "css selector", "value": css})).await;
        let ids = |found: Value| {
            let all = found.as_array().cloned().unwrap_or_default();
            all.iter().filter_map(|e| e[ELEMENT].as_str().map(str::to_owned)).collect()
        };
        found.map(ids).unwrap_or_default()
    }

    /// The text of the first such element, as it is laid out. (The driver's own reading leaves out what is cut by an ellipsis.)
    pub async fn text(&self, css: &str) -> Option<String> {
        let code = format!("return document.querySelector({})?.innerText", json!(css));
        self.script(&code).await.as_str().map(str::to_owned)
    }

    /// Waits until an element has this in its text.
    pub async fn shows(&self, css: &str, text: &str) -> String {
        let mut last = None;
        let begun = std::time::Instant::now();
        while begun.elapsed().as_secs() < PATIENCE {
            last = self.text(css).await;
            if let Some(found) = last.as_ref().filter(|found| found.contains(text)) {
                return found.clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        let page = self.script("return document.body.innerText").await;
        panic!("{css} does not show {text:?} but {last:?}; the page: {page}")
    }

    /// Clicks the first such element; a page that is just drawn anew is given time.
    pub async fn click(&self, css: &str) {
        eventually(&format!("a click on {css}"), PATIENCE, async || {
            let id = self.find(css).await.into_iter().next()?;
            self.ask("POST", &format!("/element/{id}/click"), &json!({})).await.ok()
        })
        .await;
    }

    pub async fn script(&self, code: &str) -> Value {
        let answer = self.ask("POST", "/execute/sync", &json!({"script": code, "args": []})).await;
        answer.unwrap_or_else(|error| error)
    }

    /// The same, for code that calls its last argument when it is done.
    pub async fn script_async(&self, code: &str) -> Value {
        let answer = self.ask("POST", "/execute/async", &json!({"script": code, "args": []})).await;
        answer.unwrap_or_else(|error| error)
    }

    /// What has been drawn is on the screen: two frames have passed.
    pub async fn drawn(&self) {
        let code = "const d = arguments[arguments.length - 1]; requestAnimationFrame(() => requestAnimationFrame(() => d(1)));";
        self.script_async(code).await;
    }

    /// A line for the window's standard input, as its recorder writes it.
    pub fn tell(&self, line: &Value) {
        let mut pipe = std::fs::File::options().write(true).open(&self.stdin).unwrap();
        writeln!(pipe, "{line}").unwrap();
    }

    /// Closes the window.
    pub async fn close(&self) {
        let _ = self.ask("DELETE", "", &Value::Null).await;
    }
}

/// The driver gives a window no standard input, and a window without one takes its recorder for dead: a script that gives it a
/// pipe.
fn wrapper(desk: &Desk) -> (PathBuf, PathBuf) {
    let (window, pipe) = (desk.home().join("window.sh"), desk.home().join("window.stdin"));
    let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success(), "{}", pipe.display());
    let (shell, input, log) = (crate::shell().display(), pipe.display(), desk.home().join("window.log"));
    // opened for both, so that it never ends
    script(&window, &format!("exec '{shell}' \"$@\" 0<>'{input}' 2>>'{}'", log.display()));
    (window, pipe)
}

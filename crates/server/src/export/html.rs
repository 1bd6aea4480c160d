//! A session as one HTML file.
//!
//! Invariant: every recorded text goes through [`escape`], and the file's own policy lets nothing run or load.

use super::timeline::{self, Item, timeline};
use chasm_protocol::session::{Message, SessionDetail, ToolCall};
use std::fmt::Write;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 50rem; margin: 2rem auto; padding: 0 1rem; }
article, details { border: 1px solid #8884; border-radius: .5rem; padding: .5rem 1rem; margin: 1rem 0; }
article.user { background: #48f1; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: .5rem 0; }
details pre { font: .875rem/1.4 ui-monospace, monospace; }
h2 { font-size: 1rem; margin: 0; }
small { opacity: .7; font-weight: normal; }
.cut { text-align: center; border-top: 2px dashed #c60; color: #c60; padding-top: .25rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: 0 1rem; }
dd { margin: 0; overflow-wrap: anywhere; }
</style>
"#;

pub(crate) fn html(session: &SessionDetail) -> String {
    let title = escape(super::title(session));
    let mut out = format!("{HEAD}<title>{title}</title>\n</head>\n<body>\n<h1>{title}</h1>\n<dl>\n");
    for (name, value) in timeline::facts(session) {
        // writing to a String does not fail
        let _ = writeln!(out, "<dt>{name}</dt><dd>{}</dd>", escape(&value));
    }
    out.push_str("</dl>\n");
    for item in timeline(session) {
        match item {
            Item::Message(message) => put_message(&mut out, message),
            Item::ToolCall(call) => put_call(&mut out, call),
            Item::Interruption(i) => {
                let _ = writeln!(out, "<p class=\"cut\">{}</p>", escape(&timeline::interruption(i)));
            }
        }
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn put_message(out: &mut String, message: &Message) {
    let remarks = escape(&timeline::remarks(message).join(" · "));
    let _ = writeln!(
        out,
        "<article class=\"{}\">\n<h2>{} <small>{remarks}</small></h2>\n<pre>{}</pre>",
        message.role.as_str(),
        timeline::role(message.role),
        escape(&message.content.text())
    );
    if let Some(parts) = timeline::other_parts(&message.content) {
        let _ =
            writeln!(out, "<details><summary>Other parts</summary><pre>{}</pre></details>", escape(&parts));
    }
    for version in &message.versions {
        let text = escape(&version.content.text());
        let _ = writeln!(
            out,
            "<details><summary>Another version, from {}</summary><pre>{text}</pre></details>",
            version.origin
        );
    }
    out.push_str("</article>\n");
}

fn put_call(out: &mut String, call: &ToolCall) {
    let (name, state) = timeline::call_heading(call);
    let _ = writeln!(out, "<details>\n<summary>Tool call {} <small>{state}</small></summary>", escape(name));
    for (what, value) in [("Arguments", &call.arguments), ("Result", &call.output)] {
        if let Some(value) = value {
            let _ = writeln!(out, "<p>{what}</p><pre>{}</pre>", escape(&timeline::value_text(value)));
        }
    }
    out.push_str("</details>\n");
}

/// Text in HTML, in an attribute too.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // not allowed in HTML
            '\0' => out.push('\u{fffd}'),
            other => out.push(other),
        }
    }
    out
}

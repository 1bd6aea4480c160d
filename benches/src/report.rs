//! The figures of one run: printed as they come, written as JSON at the end.

use crate::load::Measured;
use anyhow::Result;
use serde_json::{Value, json};
use std::io::Write;
use std::path::Path;

pub struct Report {
    rows: Vec<Value>,
    section: String,
}

impl Report {
    pub const fn new() -> Self {
        Self { rows: Vec::new(), section: String::new() }
    }

    pub fn section(&mut self, name: &str) {
        name.clone_into(&mut self.section);
        self.print(&format!("\n{name}\n{}", "─".repeat(name.chars().count())));
    }

    pub fn rate(&mut self, name: &str, m: &Measured) {
        let (p50, p99) = (m.p50().as_secs_f64() * 1e6, m.p99().as_secs_f64() * 1e6);
        self.print(&format!("{name:<52} {:>10.0}/s   p50 {p50:>8.0} µs   p99 {p99:>8.0} µs", m.rate()));
        self.rows.push(json!({"section": self.section, "name": name, "per_second": m.rate(), "p50_us": p50, "p99_us": p99}));
    }

    pub fn times(&mut self, name: &str, m: &Measured) {
        let at = |part: f64| {
            let last = m.latencies.len().saturating_sub(1);
            m.latencies.get((last as f64 * part) as usize).copied().unwrap_or_default().as_secs_f64() * 1e3
        };
        let (p50, p95) = (at(0.5), at(0.95));
        self.print(&format!("{name:<52} p50 {p50:>7.2} ms   p95 {p95:>7.2} ms"));
        self.rows.push(json!({"section": self.section, "name": name, "p50_ms": p50, "p95_ms": p95}));
    }

    pub fn figure(&mut self, name: &str, value: f64, unit: &str) {
        self.print(&format!("{name:<52} {value:>12.1} {unit}"));
        self.rows.push(json!({"section": self.section, "name": name, "value": value, "unit": unit}));
    }

    pub fn ratio(&mut self, name: &str, value: f64, aim: &str) {
        self.print(&format!("{name:<52} {value:>12.2}×  ({aim})"));
        self.rows.push(json!({"section": self.section, "name": name, "ratio": value, "aim": aim}));
    }

    pub fn note(&mut self, text: &str) {
        self.print(text);
        self.rows.push(json!({"section": self.section, "note": text}));
    }

    pub fn write(&self, path: &Path) -> Result<()> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let all = json!({"cores": cores, "rows": self.rows});
        std::fs::write(path, serde_json::to_string_pretty(&all)?)?;
        self.print(&format!("\nwritten to {}", path.display()));
        Ok(())
    }

    fn print(&self, line: &str) {
        // A closed stdout ends nothing: the JSON is still written.
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}

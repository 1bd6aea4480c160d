//! The description for machines, taken at its word: schemathesis makes requests from it by the thousand.
//!
//! Never lets a 5xx pass but for 503 (the fuzzer finds the pause) and 507. Invariant: under `CI=true` it fails where it cannot run.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Opts, Recorder, events, is_ci, run_to_end, within};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// How long it may look for something.
const SECONDS: &str = "40";

/// `CHASM_VENV`, else a folder of the user's cache. Makes it where it is not there.
fn schemathesis() -> Option<PathBuf> {
    let venv = std::env::var_os("CHASM_VENV").map(PathBuf::from).or_else(|| {
        let home = PathBuf::from(std::env::var_os("HOME")?);
        Some(home.join(".cache/chasm-recorder/venv"))
    })?;
    let program = venv.join("bin/schemathesis");
    if !program.exists() {
        install(&venv).unwrap_or_else(|why| {
            println!("skipped: schemathesis cannot be installed: {why}");
            assert!(!is_ci(), "a build server has to test this: {why}");
        });
    }
    program.exists().then_some(program)
}

fn install(venv: &Path) -> Result<(), String> {
    let run = |command: &mut Command| {
        let done = command.output().map_err(|e| format!("{command:?}: {e}"))?;
        if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
    };
    run(Command::new("python3").args(["-m", "venv"]).arg(venv))?;
    run(Command::new("timeout").arg("300").arg(venv.join("bin/pip")).args([
        "install",
        "--quiet",
        "schemathesis>=4,<5",
    ]))
}

#[test]
fn no_request_makes_a_fault() {
    let Some(program) = schemathesis() else { return };
    within(400, async move {
        let mut recorder = Recorder::start(Opts::default());
        recorder
            .record(&json!([events::start("s", "T"), events::message("s", 1), events::end("s", 1)]))
            .await;
        let url = format!("http://{}", recorder.address());
        let config = recorder.scratch().join("schemathesis.toml");
        // paused and shutting down are answers that the description knows
        std::fs::write(&config, "[checks]\nnot_a_server_error.expected-statuses = [\"2xx\", \"3xx\", \"4xx\", \"503\", \"507\"]\n").unwrap();
        let mut command = Command::new(program);
        command.arg("--config-file").arg(&config).args(["run", &format!("{url}/api/openapi.json")]);
        command.args(["--checks", "not_a_server_error,response_schema_conformance,content_type_conformance"]);
        command.args([
            "--max-time",
            SECONDS,
            "--max-examples",
            "60",
            // with two, Python 3.11 now and then loses count of its parser's depth (cpython issue 106905)
            "--workers",
            "1",
            "--no-shrink",
            "--continue-on-failure",
        ]);
        // settings that the fuzzer likes would end its own run (auth = token, 1 event a batch); the stream and the socket do not end
        command.args([
            "--exclude-path",
            "/api/recording/live",
            "--exclude-path",
            "/ws/recording",
            "--request-timeout",
            "20",
        ]);
        command.args([
            "--exclude-operation-id",
            "changeSettings",
            "--seed",
            "8787",
            "--no-color",
            "--warnings",
            "off",
        ]);
        command.current_dir(recorder.scratch()).env("COLUMNS", "160");
        let done = run_to_end(&mut command, b"", 300);
        let tail: Vec<&str> = done.stdout.lines().rev().take(120).collect();
        let tail: String = tail.iter().rev().map(|line| format!("{line}\n")).collect();
        println!("{tail}");
        assert_eq!(done.code, 0, "{tail}{}", done.stderr);

        assert!(recorder.is_alive(), "it died");
        assert!(!recorder.log().contains("panicked"), "{}", recorder.log());
        recorder.rest("POST", "/api/recording/resume", &Value::Null).await.expect(200);
        recorder.record(&events::message("after", 1)).await;
        recorder.term();
        let doctor = recorder.cli(&["doctor", "--json"]).ok().json();
        assert_eq!(doctor["problems"], json!([]), "{doctor}");
    });
}

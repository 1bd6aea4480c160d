//! `chasm conformance`: the examples pass it, and clients with one fault each are found out by name.
//!
//! Invariant under test: a verdict follows from what the client did, so that an author can trust both kinds.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Done, Recorder, chasm, run_to_end, within, workspace};
use serde_json::{Value, json};
use std::process::Command;

/// Longest run of one check.
const SECS: u64 = 200;

/// `chasm conformance` on a home of its own.
fn conformance(args: &[&str]) -> Done {
    let home = tempfile::tempdir().unwrap();
    let mut command = Command::new(chasm());
    command.current_dir(workspace()).env_remove("CHASM_SERVER").env_remove("CHASM_LOG");
    command.env("HOME", home.path()).env("CHASM_DATA_DIR", home.path().join("data"));
    command.env("PYTHONDONTWRITEBYTECODE", "1").env("NO_COLOR", "1");
    run_to_end(command.arg("conformance").args(args), b"", SECS)
}

/// With a client of ours in Python, which has to be there.
fn with_python(options: &[&str], script: &[&str]) -> Done {
    let python = Command::new("python3").arg("--version").output();
    assert!(
        python.is_ok_and(|output| output.status.success()),
        "python3 is needed to test the example client: install it (Debian: apt-get install python3)"
    );
    conformance(&[options, &["--client", "python3"], script].concat())
}

/// The rules that are broken: those that matter, or the advice.
fn broken(report: &Value, must: bool) -> Vec<&str> {
    let rules = report["rules"].as_array().unwrap().iter();
    let broken = rules.filter(|rule| rule["verdict"] == "broken" && rule["must"] == must);
    broken.map(|rule| rule["id"].as_str().unwrap()).collect()
}

fn rule<'a>(report: &'a Value, id: &str) -> &'a Value {
    report["rules"].as_array().unwrap().iter().find(|rule| rule["id"] == id).unwrap()
}

#[track_caller]
fn passes(done: Done) -> Value {
    let report = done.ok().json();
    assert_eq!(report["passed"], true, "{report:#}");
    assert_eq!((broken(&report, true), broken(&report, false)), (vec![], vec![]), "{report:#}");
    let faults = report["faults"].as_array().unwrap();
    assert!(faults.iter().all(|fault| fault["struck"] == true && fault["settled"] == true), "{faults:#?}");
    for lacks in ["lost", "twice", "out_of_order"] {
        assert_eq!(report[lacks], json!([]));
    }
    report
}

/// A client with this fault is refused; the report has these rules, and says this of the first of them.
#[track_caller]
fn found_out(fault: &str, faults: &str, rules: &[&str], says: &str) -> Value {
    let options = ["--json", "--patience", "8", "--faults", faults];
    let done = with_python(&options, &["tests/clients/faulty.py", fault]);
    assert_eq!(done.code, 6, "{done:?}");
    let report = done.json();
    assert_eq!((&report["passed"], broken(&report, true)), (&json!(false), rules.to_vec()), "{report:#}");
    let first = rule(&report, rules[0]);
    assert!(first["what"].as_str().unwrap().contains(says), "{first:#}");
    assert!(first["advice"].as_str().is_some_and(|advice| advice.len() > 20), "{first:#}");
    report
}

#[test]
fn the_python_example_conforms() {
    let report = passes(with_python(&["--json"], &["examples/python/record.py"]));
    assert_eq!(report["faults"].as_array().unwrap().len(), 10, "each fault once");
    assert!(report["rules"].as_array().unwrap().iter().all(|rule| rule["verdict"] == "kept"), "{report:#}");
}

#[test]
fn the_python_example_conforms_in_other_orders_too() {
    let report = passes(with_python(
        &["--json", "--seed", "20", "--rounds", "3", "--faults", "calm,cut,lost-ack,kill,last"],
        &["examples/python/record.py"],
    ));
    assert_eq!((&report["rounds"], &report["sessions"]), (&json!(3), &json!(9)));
}

#[test]
fn the_shell_example_conforms() {
    let report = passes(conformance(&["--json", "--client", "sh", "examples/shell/record.sh"]));
    assert_eq!(rule(&report, "hello")["verdict"], "not_seen", "it has no WebSocket");
}

#[test]
fn one_that_forgets_on_reconnect_is_found_out() {
    let report = found_out("forgets", "calm,cut", &["keep", "finish"], "under «cut»");
    let lost = report["lost"].as_array().unwrap();
    assert!(!lost.is_empty() && lost.iter().all(|lack| lack["fault"] == "cut"), "{lost:?}");
}

#[test]
fn one_that_makes_new_ids_is_found_out() {
    let report = found_out("new-ids", "calm,lost-ack", &["same"], "with another event_id");
    let twice = report["twice"].as_array().unwrap();
    assert!(!twice.is_empty() && twice.iter().all(|lack| lack["fault"] == "lost-ack"), "{twice:?}");
}

#[test]
fn one_that_sends_out_of_order_is_found_out() {
    let report = found_out("reverses", "calm", &["order"], "under «calm»");
    assert!(!report["out_of_order"].as_array().unwrap().is_empty());
}

#[test]
fn one_that_ignores_a_pause_is_found_out() {
    let report = found_out("ignores-pause", "calm,pause", &["pause"], "though it had been told");
    assert_eq!(report["lost"], json!([]), "it sent them again");
}

#[test]
fn one_that_does_not_wait_for_the_last_ack_is_found_out() {
    let report = found_out("drops-last", "calm,last", &["keep", "finish"], "under «last»");
    assert_eq!(report["lost"].as_array().unwrap().len(), 1, "{report:#}");
}

#[test]
fn one_that_waits_on_a_dead_connection_is_found_out() {
    found_out("patient", "calm,half-open", &["half-open"], "frozen");
}

#[test]
fn one_that_hammers_is_told_and_passes() {
    let done = with_python(&["--json", "--faults", "kill"], &["tests/clients/faulty.py", "hammers"]);
    let report = done.ok().json();
    assert_eq!((&report["passed"], broken(&report, false)), (&json!(true), vec!["backoff"]), "{report:#}");
}

#[test]
fn a_client_that_cannot_be_started_is_an_error_of_its_own() {
    let done = conformance(&["--client", "no-such-program-here"]);
    assert_eq!(done.code, 1, "{done:?}");
    assert!(done.stderr.contains("cannot start the client \"no-such-program-here\""), "{done:?}");
    // one that reads nothing and ends at once is judged, and quickly
    let done = conformance(&["--json", "--faults", "calm,cut", "--client", "true"]);
    assert_eq!(done.code, 6, "{done:?}");
    let report = done.json();
    assert_eq!(broken(&report, true), ["keep", "finish"], "{report:#}");
    assert!(rule(&report, "keep")["what"].as_str().unwrap().ends_with("were never sent"), "{report:#}");
}

#[test]
fn the_recorder_conforms_and_nothing_stays_behind() {
    within(SECS, async {
        let recorder = Recorder::plain();
        let url = format!("http://{}", recorder.address());
        let report = conformance(&["--json", &url]).ok().json();
        let checks = report["checks"].as_array().unwrap();
        assert!(checks.len() >= 15 && checks.iter().all(|check| check["passed"] == true), "{report:#}");
        let left = recorder.walk("/api/recording/sessions?state=all", "sessions").await;
        assert_eq!(left, Vec::<Value>::new());
        let text = conformance(&[&url]).ok().stdout;
        assert!(text.contains("✓ it keeps to the protocol"), "{text}");
    });
    let done = conformance(&["http://127.0.0.1:1"]);
    assert_eq!(done.code, 3, "{done:?}");
}

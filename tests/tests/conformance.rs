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
    fails(with_python(&options, &["tests/clients/faulty.py", fault]), rules, says)
}

#[track_caller]
fn fails(done: Done, rules: &[&str], says: &str) -> Value {
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
    assert_eq!(report["faults"].as_array().unwrap().len(), 11, "each fault once");
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
    let stream = rule(&report, "stream");
    assert_eq!(stream["verdict"], "not_seen", "it says that it takes whole messages only: {stream}");
    assert_eq!(rule(&report, "killed")["verdict"], "kept", "{report:#}");
}

#[test]
fn the_rust_client_conforms() {
    let client = env!("CARGO_BIN_EXE_conforming_client");
    let report = passes(conformance(&["--json", "--client", client]));
    assert_eq!(rule(&report, "killed")["verdict"], "kept", "{report:#}");
    assert_eq!(rule(&report, "stream")["verdict"], "kept", "{report:#}");
    let often = ["--json", "--seed", "3", "--rounds", "4", "--faults", "kill-client,lost-ack,kill"];
    let report = passes(conformance(&[&often[..], &["--client", client]].concat()));
    assert_eq!(rule(&report, "killed")["verdict"], "kept", "{report:#}");
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
fn one_that_sends_pieces_again_as_new_events_is_found_out() {
    let report = found_out("repeats-pieces", "calm", &["same"], "came twice");
    assert!(!report["twice"].as_array().unwrap().is_empty(), "{report:#}");
}

#[test]
fn one_that_mixes_pieces_up_is_found_out() {
    let report = found_out("mixes-pieces", "calm", &["order"], "under «calm»");
    assert!(!report["out_of_order"].as_array().unwrap().is_empty());
}

#[test]
fn one_that_ends_an_answer_with_another_message_is_found_out() {
    found_out("closes-anew", "calm", &["stream"], "another message_id");
}

#[test]
fn one_that_lets_pieces_by_is_found_out_unless_it_says_so() {
    found_out("no-pieces", "calm,cut", &["stream"], "no piece of");
    let report = passes(with_python(
        &["--json", "--faults", "calm,cut"],
        &["tests/clients/faulty.py", "skips-pieces"],
    ));
    let stream = rule(&report, "stream");
    assert_eq!(stream["verdict"], "not_seen");
    assert!(stream["what"].as_str().unwrap().ends_with(" skipped"), "{stream}");
}

#[test]
fn one_that_keeps_in_memory_only_is_found_out() {
    let says = "that it had called kept are gone";
    let report = found_out("memory", "calm,kill-client", &["killed"], says);
    let lost = report["lost"].as_array().unwrap();
    assert!(!lost.is_empty() && lost.iter().all(|lack| lack["fault"] == "kill-client"), "{lost:?}");
    // a shell before it does not save it: all that was started is killed
    let behind_a_shell = "python3 tests/clients/faulty.py memory; exit $?";
    let options = ["--json", "--faults", "calm,kill-client", "--client", "sh", "-c", behind_a_shell];
    fails(conformance(&options), &["killed"], says);
}

#[test]
fn one_that_makes_new_ids_when_it_starts_again_is_found_out() {
    let report = found_out("forgets-ids", "calm,kill-client", &["same"], "with another event_id");
    let twice = report["twice"].as_array().unwrap();
    assert!(!twice.is_empty() && twice.iter().all(|lack| lack["fault"] == "kill-client"), "{twice:?}");
}

/// Passes where it is killed, with or without advice.
#[track_caller]
fn killed_and_passes(client: &str) -> Value {
    let options = ["--json", "--faults", "calm,kill-client"];
    let report = with_python(&options, &["tests/clients/faulty.py", client]).ok().json();
    assert_eq!((&report["passed"], &report["lost"]), (&json!(true), &json!([])), "{report:#}");
    report
}

#[test]
fn one_that_counts_anew_when_it_starts_again_is_told_and_passes() {
    let report = killed_and_passes("recounts");
    assert_eq!(broken(&report, false), ["seq"], "{report:#}");
    let what = &rule(&report, "seq")["what"];
    assert!(what.as_str().unwrap().ends_with("have a number that another one had"), "{what}");
}

#[test]
fn one_that_never_says_what_it_kept_is_not_judged_by_it() {
    let report = killed_and_passes("silent");
    assert_eq!(broken(&report, false), ["says-kept"], "{report:#}");
    assert_eq!(rule(&report, "killed")["verdict"], "not_seen");
    // nor is one that keeps nothing on disk, but it is told what was gone
    let report = killed_and_passes("silent-memory");
    assert!(broken(&report, false).contains(&"says-kept"), "{report:#}");
    let killed = rule(&report, "killed");
    let what = killed["what"].as_str().unwrap();
    assert_eq!(killed["verdict"], "not_seen");
    assert!(what.starts_with("cannot be judged") && !what.contains(": 0 of"), "{what}");
}

/// The kill strikes at other places in other rounds.
#[test]
fn the_examples_keep_what_they_said_wherever_they_are_killed() {
    let often = ["--json", "--seed", "7", "--rounds", "4", "--faults", "kill-client,calm,cut"];
    let report = passes(with_python(&often, &["examples/python/record.py"]));
    assert_eq!(rule(&report, "killed")["verdict"], "kept", "{report:#}");
    let shell = [&often[..], &["--client", "sh", "examples/shell/record.sh"]].concat();
    assert_eq!(rule(&passes(conformance(&shell)), "killed")["verdict"], "kept");
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
    let done = conformance(&["--json", "--faults", "calm,cut,kill-client", "--client", "true"]);
    assert_eq!(done.code, 6, "{done:?}");
    let report = done.json();
    assert_eq!(broken(&report, true), ["keep", "finish"], "{report:#}");
    assert!(rule(&report, "keep")["what"].as_str().unwrap().ends_with("were never sent"), "{report:#}");
    assert_eq!(report["ended"], "the client ended with code 0 before the first line was acknowledged");
    assert_eq!(
        report["faults"].as_array().unwrap().len(),
        1,
        "what comes after its end is not played: {report:#}"
    );
    // why it ended stands before anything else
    let dies = "echo no such file >&2; exit 2";
    let done = conformance(&["--client", "sh", "-c", dies]);
    let why = "✗ the client ended with code 2 before the first line was acknowledged\nwhat the client said last on stderr:\n   no such file\n";
    assert_eq!(done.code, 6, "{done:?}");
    assert!(done.stdout.contains(why), "{done:?}");
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

//! The description that the web UI's types are made from is the one that this server gives.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use serde_json::Value;

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ui/src/lib/api/openapi.json");

/// Paths at which two documents differ, the first ones.
fn differences(at: &str, kept: &Value, told: &Value, found: &mut Vec<String>) {
    match (kept, told) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|key| !a.contains_key(*key))) {
                let (a, b) = (a.get(key).unwrap_or(&Value::Null), b.get(key).unwrap_or(&Value::Null));
                differences(&format!("{at}/{key}"), a, b, found);
            }
        }
        _ if kept != told => found.push(at.to_owned()),
        _ => {}
    }
}

#[test]
fn the_ui_has_the_description_of_this_server() {
    let kept = std::fs::read_to_string(KEPT).unwrap_or_else(|error| panic!("{KEPT}: {error}"));
    let kept: Value = serde_json::from_str(&kept).unwrap();
    let told = serde_json::to_value(chasm_server::openapi_document()).unwrap();
    let mut found = Vec::new();
    differences("", &kept, &told, &mut found);
    found.truncate(8);
    assert!(
        found.is_empty(),
        "ui/src/lib/api/openapi.json is not what this server says of itself, at {}. Make it anew: start `chasm serve`, \
         then run `npm run api -w ui -- --from http://127.0.0.1:8787` (its address), and commit what that changes",
        found.join(", ")
    );
}

#[test]
fn a_difference_is_found_and_named() {
    let (a, b) =
        (serde_json::json!({"a": {"b": [1], "c": 2}}), serde_json::json!({"a": {"b": [1, 2]}, "d": 1}));
    let mut found = Vec::new();
    differences("", &a, &b, &mut found);
    assert_eq!(found, ["/a/b", "/a/c", "/d"]);
}

use super::*;
use std::collections::BTreeSet;

#[test]
fn every_route_is_described_and_every_description_routed() {
    let table = table();
    let routed: BTreeSet<(String, String)> = table
        .iter()
        .map(|e| (e.path.clone(), serde_json::to_value(&e.method).unwrap().as_str().unwrap().to_lowercase()))
        .collect();
    assert_eq!(routed.len(), table.len(), "a route is in the table twice");
    let document = serde_json::to_value(crate::openapi::document()).unwrap();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            described.insert((path.clone(), method.clone()));
            assert!(operation["summary"].is_string(), "{method} {path} says nothing of itself");
            assert!(operation["operationId"].is_string(), "{method} {path}");
        }
    }
    assert_eq!(routed, described);
}

#[test]
fn the_protocol_s_table_is_there() {
    let table = table();
    let has = |method: HttpMethod, path: &str| table.iter().any(|e| e.method == method && e.path == path);
    for (method, path) in [
        (HttpMethod::Post, "/api/recording/events"),
        (HttpMethod::Post, "/api/recording/snapshot"),
        (HttpMethod::Get, "/api/recording/sessions"),
        (HttpMethod::Get, "/api/recording/sessions/{id}"),
        (HttpMethod::Get, "/api/recording/sessions/{id}/events"),
        (HttpMethod::Get, "/api/recording/sessions/{id}/export"),
        (HttpMethod::Patch, "/api/recording/sessions/{id}"),
        (HttpMethod::Delete, "/api/recording/sessions/{id}"),
        (HttpMethod::Get, "/api/recording/search"),
        (HttpMethod::Get, "/api/recording/recovery"),
        (HttpMethod::Post, "/api/recording/recovery"),
        (HttpMethod::Get, "/api/recording/status"),
        (HttpMethod::Post, "/api/recording/pause"),
        (HttpMethod::Post, "/api/recording/resume"),
        (HttpMethod::Get, "/api/recording/notices"),
        (HttpMethod::Get, "/api/recording/live"),
        (HttpMethod::Get, "/api/settings"),
        (HttpMethod::Patch, "/api/settings"),
        (HttpMethod::Get, "/api/openapi.json"),
        (HttpMethod::Get, "/metrics"),
        (HttpMethod::Get, "/ws/recording"),
    ] {
        assert!(has(method, path), "{path}");
    }
}

#[test]
fn every_schema_that_is_named_is_there() {
    let text = serde_json::to_string(&crate::openapi::document()).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    for reference in text.split("\"$ref\":\"").skip(1) {
        let pointer = reference.split('"').next().unwrap().trim_start_matches('#');
        assert!(document.pointer(pointer).is_some(), "{pointer} is not in the document");
    }
}

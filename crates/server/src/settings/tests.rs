use super::*;
use serde_json::json;

fn refused(text: &str) -> String {
    Settings::from_toml(text).unwrap_err().to_string()
}

#[test]
fn an_empty_file_is_the_defaults() {
    assert_eq!(Settings::from_toml("").unwrap(), Settings::default());
    let engine = Settings::default().engine_config(Path::new("/x"));
    let own = EngineConfig::new("/x");
    assert_eq!(engine.buffer_bytes, own.buffer_bytes);
    assert_eq!(engine.segment_bytes, own.segment_bytes);
    assert_eq!(
        (engine.grace, engine.silence, engine.flush_interval),
        (own.grace, own.silence, own.flush_interval)
    );
}

#[test]
fn every_key_is_read() {
    let text = r#"
        host = "::1"
        port = 0
        auth = "token"
        allowed_origins = ["https://Chat.example.org:443"]
        [limits]
        frame_bytes = 65536
        batch_events = 1
        nesting = 120
        connections = 16
        [recording]
        flush_ms = 50
        buffer_mib = 4
        segment_mib = 1
        grace_secs = 0
        silence_minutes = 1
        heartbeat_secs = 1
        [notifications]
        dropped = false
        returned = false
        recovered = false
        damage = false
        recording = false
        quiet_from = "22:00"
        quiet_until = "07:30"
        [trash]
        keep_secs = 5
        [retention]
        days = 36500
        keep_starred = false
        max_gib = 100000
    "#;
    let s = Settings::from_toml(text).unwrap();
    assert_eq!(s.host, IpAddr::V6(std::net::Ipv6Addr::LOCALHOST));
    assert_eq!(s.auth, Auth::Token);
    assert_eq!(s.allowed_origins.first().unwrap().as_str(), "https://chat.example.org");
    assert_eq!((s.limits.frame_bytes, s.limits.nesting, s.limits.connections), (65_536, 120, 16));
    assert_eq!((s.recording.flush_ms, s.recording.heartbeat_secs, s.recording.grace_secs), (50, 1, 0));
    let all_off = NotificationSettings {
        dropped: false,
        returned: false,
        recovered: false,
        damage: false,
        recording: false,
        quiet_from: ClockTime::new(22, 0),
        quiet_until: ClockTime::new(7, 30),
    };
    assert_eq!(s.notifications, all_off);
    assert_eq!(s.trash.keep_secs, 5);
    assert_eq!(s.retention, chasm_engine::Retention { days: 36_500, keep_starred: false, max_gib: 100_000 });
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_name() {
    assert!(refused("prot = 1").contains("`port`"));
    assert!(refused("frame_bytes = 65536").contains("`limits.frame_bytes`"));
    assert!(refused("[limit]\nnesting = 64").contains("`limits.nesting`"));
    assert!(refused("[recording]\nheartbeat = 3").contains("`recording.heartbeat_secs`"));
    assert_eq!(refused("zzz = 1"), "there is no setting `zzz`");
}

#[test]
fn bad_values_say_key_value_and_why() {
    for (text, words) in [
        ("port = 65536", ["port", "65536", "65535"]),
        ("port = -1", ["port", "-1", "0 to"]),
        ("port = \"8787\"", ["port", "8787", "number"]),
        ("limits.nesting = 7", ["limits.nesting", "7", "8 to 120"]),
        ("limits.frame_bytes = 67108865", ["limits.frame_bytes", "67108865", "67108864"]),
        ("limits.batch_events = 1.5", ["limits.batch_events", "1.5", "whole"]),
        ("auth = \"none\"", ["auth", "none", "\"token\""]),
        ("host = \"example.org\"", ["host", "example.org", "IP address"]),
        ("allowed_origins = [\"null\"]", ["allowed_origins", "null", "sandboxed"]),
        ("trash.keep_secs = 4", ["trash.keep_secs", "4", "5 to 2592000"]),
        ("retention.days = 36501", ["retention.days", "36501", "0 to 36500"]),
        ("retention.keep_starred = 1", ["retention.keep_starred", "1", "true or false"]),
        ("notifications.damage = \"no\"", ["notifications.damage", "no", "true or false"]),
        ("notifications.quiet_from = \"25:00\"", ["notifications.quiet_from", "25:00", "22:00"]),
        ("notifications.quiet_from = 22", ["notifications.quiet_from", "22", "time of day"]),
        ("allowed_origins = \"https://a\"", ["allowed_origins", "https://a", "list"]),
    ] {
        let error = refused(text);
        for word in words {
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}

#[test]
fn another_address_needs_a_token() {
    assert!(refused("host = \"0.0.0.0\"\nauth = \"user\"").contains("auth = \"token\""));
    assert!(Settings::from_toml("host = \"0.0.0.0\"\nauth = \"token\"").is_ok());
}

#[test]
fn quiet_hours_have_a_beginning_and_an_end() {
    let quiet = |from: &str, until: &str| {
        Settings::from_toml(&format!("[notifications]\nquiet_from = {from:?}\nquiet_until = {until:?}"))
    };
    assert!(quiet("22:00", "07:00").is_ok());
    assert_eq!(quiet("", "").unwrap(), Settings::default());
    for (from, until, words) in [
        ("22:00", "", "`notifications.quiet_until` = \"\": quiet hours need an end"),
        ("", "07:00", "`notifications.quiet_from` = \"\": quiet hours need a beginning"),
        ("07:00", "07:00", "`notifications.quiet_until` = \"07:00\""),
    ] {
        let error = quiet(from, until).unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

fn change(store: &SettingsStore, value: serde_json::Value) -> Result<(), SettingsError> {
    store.change(value.as_object().unwrap())
}

#[test]
fn a_change_keeps_comments_and_is_in_force() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config.toml");
    std::fs::write(&path, "# mine\nport = 9000 # why\n\n[limits]\n# deep\nnesting = 32\n").unwrap();
    let store = SettingsStore::new(path.clone(), Settings::read(&path).unwrap());
    change(&store, json!({"limits.nesting": 40, "port": 9001, "recording": {"heartbeat_secs": 5}})).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("# mine\nport = 9001 # why\n"), "{text}");
    assert!(text.contains("# deep\nnesting = 40"), "{text}");
    assert!(text.contains("[recording]\nheartbeat_secs = 5"), "{text}");
    let now = store.current();
    assert_eq!((now.limits.nesting, now.recording.heartbeat_secs, now.port), (40, 5, 9000));
    let view = store.view().unwrap();
    let port = view.iter().find(|v| v.key == "port").unwrap();
    assert!(port.restart_needed && port.value == json!(9001) && port.running == json!(9000));
    change(&store, json!({"port": null, "limits": {"nesting": null}})).unwrap();
    assert_eq!(Settings::read(&path).unwrap().port, DEFAULT_PORT);
    assert_eq!(store.current().limits.nesting, 64);
}

#[test]
fn notifications_are_switched_at_once_and_kept() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config.toml");
    let store = SettingsStore::new(path.clone(), Settings::default());
    change(
        &store,
        json!({"notifications": {"dropped": false, "quiet_from": "22:00", "quiet_until": "07:00"}}),
    )
    .unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains("[notifications]\ndropped = false\nquiet_from = \"22:00\""), "{text}");
    assert_eq!(store.current().notifications, Settings::read(&path).unwrap().notifications);
    assert!(!store.current().notifications.dropped);
    change(&store, json!({"notifications.quiet_from": "21:00"})).unwrap();
    change(&store, json!({"notifications.quiet_from": null})).unwrap_err();
    change(&store, json!({"notifications": {"quiet_from": "", "quiet_until": "", "dropped": null}})).unwrap();
    assert_eq!(store.current().notifications, NotificationSettings::default());
}

#[test]
fn a_refused_change_leaves_file_and_settings() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config.toml");
    let store = SettingsStore::new(path.clone(), Settings::default());
    for bad in [json!({"limits.nesting": 40, "nope": 1}), json!({"host": "0.0.0.0"}), json!({"port": true})] {
        change(&store, bad).unwrap_err();
        assert!(!path.exists());
        assert_eq!(*store.current(), Settings::default());
    }
}

#[test]
fn a_page_is_allowed_beside_others_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config.toml");
    std::fs::write(&path, "# mine\nallowed_origins = [\"https://a.example\"]\n").unwrap();
    let store = SettingsStore::new(path.clone(), Settings::read(&path).unwrap());
    for _ in 0..2 {
        store.allow("https://b.example").unwrap();
    }
    let allowed: Vec<String> = store.current().allowed_origins.iter().map(ToString::to_string).collect();
    assert_eq!(allowed, ["https://a.example", "https://b.example"]);
    assert_eq!(Settings::read(&path).unwrap().allowed_origins, store.current().allowed_origins);
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("# mine\n") && text.matches("https://b.example").count() == 1, "{text}");
    assert!(store.allow("ftp://c.example").is_err());
    assert_eq!(store.current().allowed_origins.len(), 2);
}

//! The table of settings: name, meaning, rule, where the value stands.
//!
//! Reading a file, changing a setting over REST and showing all of them go through this one table.
//! Invariant: a key that is not here does not exist.

use super::{Auth, ClockTime, MAX_DAYS, MAX_GIB, Origin, Settings, SettingsError};
use chasm_engine::EDITORS;
use serde::Serialize;
use serde_json::{Value, json};
use std::net::IpAddr;
use std::sync::LazyLock;

/// What a setting's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum SettingKind {
    /// A whole number from `min` to `max`.
    Number,
    Switch,
    /// A time of day as `HH:MM`, or none.
    Time,
    Text,
    /// One of `choices`.
    Choice,
    /// Texts.
    List,
}

/// One setting, as `GET /api/settings` shows it.
#[derive(Debug, Clone, PartialEq, Serialize, utoipa::ToSchema)]
pub struct SettingView {
    pub key: &'static str,
    pub about: &'static str,
    /// What `config.toml` says, or the default.
    pub value: Value,
    /// What is in force now.
    pub running: Value,
    pub default: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_of: Option<&'static [&'static str]>,
    pub kind: SettingKind,
    /// What a choice may be.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub choices: Option<&'static [&'static str]>,
    /// What a number counts: `bytes`, `MiB`, `GiB`, `ms`, `s`, `min` or `days`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unit: Option<&'static str>,
    /// A change is in force at once; else after a restart.
    pub live: bool,
    /// `value` is not in force before a restart.
    pub restart_needed: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Key {
    pub name: &'static str,
    pub about: &'static str,
    pub live: bool,
    rule: Rule,
}

#[derive(Clone, Copy)]
enum Rule {
    Number {
        min: u64,
        max: u64,
        get: fn(&Settings) -> u64,
        set: fn(&mut Settings, u64),
    },
    Switch {
        get: fn(&Settings) -> bool,
        set: fn(&mut Settings, bool),
    },
    /// A time of day, or none.
    Time {
        get: fn(&Settings) -> Option<ClockTime>,
        set: fn(&mut Settings, Option<ClockTime>),
    },
    /// Whether this editor's files are read.
    EditorSwitch(&'static str),
    /// This editor's folder, or the one that is used where none is set.
    EditorFolder(&'static str),
    Host,
    Auth,
    Origins,
}

macro_rules! number {
    ($name:literal, $live:literal, $min:expr, $max:expr, $($field:ident).+ : $ty:ty, $about:literal) => {
        Key {
            name: $name,
            about: $about,
            live: $live,
            rule: Rule::Number {
                min: $min,
                max: $max,
                get: |s| s.$($field).+ as u64,
                // the range was checked before
                set: |s, n| s.$($field).+ = <$ty>::try_from(n).unwrap_or(<$ty>::MAX),
            },
        }
    };
}

macro_rules! notice {
    ($kind:ident, $field:ident, $about:literal) => {
        Key {
            name: concat!("notifications.", stringify!($field)),
            about: $about,
            live: true,
            rule: Rule::$kind {
                get: |s| s.notifications.$field,
                set: |s, value| s.notifications.$field = value,
            },
        }
    };
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// All keys, in the order of lists.
pub(super) static KEYS: LazyLock<Vec<Key>> =
    LazyLock::new(|| FIXED.iter().copied().chain(editors()).collect());

const FIXED: &[Key] = &[
    Key { name: "host", about: "address that the server listens on", live: false, rule: Rule::Host },
    number!("port", false, 0, 65_535, port: u16, "port that the server listens on; 0 picks a free one"),
    Key {
        name: "auth",
        about: "how callers prove that they are this user: \"user\" by the uid of their socket (Linux), \"token\" by the file token",
        live: true,
        rule: Rule::Auth,
    },
    Key {
        name: "allowed_origins",
        about: "web pages that may record, as scheme://host[:port]",
        live: true,
        rule: Rule::Origins,
    },
    number!("limits.frame_bytes", true, 64 * KIB, 64 * MIB, limits.frame_bytes: usize, "largest WebSocket frame or request body; open connections keep theirs"),
    number!("limits.batch_events", true, 1, 100_000, limits.batch_events: usize, "most events of one frame or request"),
    number!("limits.nesting", true, 8, 120, limits.nesting: usize, "deepest nesting of one event"),
    number!("limits.connections", true, 16, 65_536, limits.connections: usize, "most open connections"),
    number!("recording.flush_ms", false, 50, 60_000, recording.flush_ms: u64, "longest time that an event waits in the journal before the database gets it"),
    number!("recording.buffer_mib", false, 4, 4_096, recording.buffer_mib: u64, "memory for events that the database does not have yet"),
    number!("recording.segment_mib", false, 1, 1_024, recording.segment_mib: u64, "size at which the journal begins a new file"),
    number!("recording.grace_secs", false, 0, 300, recording.grace_secs: u64, "time between the loss of a connection and the interruption of its sessions"),
    number!("recording.silence_minutes", false, 1, 10_080, recording.silence_minutes: u64, "silence after which a session is interrupted"),
    number!("recording.heartbeat_secs", true, 1, 3_600, recording.heartbeat_secs: u64, "time between two pings of a WebSocket; a peer silent for three of them is dropped; open connections keep theirs"),
    notice!(Switch, dropped, "tell when a client is gone and its sessions wait"),
    notice!(Switch, returned, "tell when it is back, and how many events were replayed"),
    notice!(Switch, recovered, "tell what the start found interrupted, and what a recovery brought"),
    notice!(Switch, damage, "tell when damaged bytes were set aside"),
    notice!(
        Switch,
        recording,
        "tell when nothing can be recorded, and when it works again; in quiet hours too"
    ),
    notice!(Time, quiet_from, "beginning of the quiet hours, as \"22:00\"; \"\" for none"),
    notice!(Time, quiet_until, "end of the quiet hours, as \"07:00\"; \"\" for none"),
    number!("trash.keep_secs", true, 5, 2_592_000, trash.keep_secs: u64, "time in the trash, after which a session is deleted for good; what is in it keeps its time"),
    number!("retention.days", true, 0, MAX_DAYS, retention.days: u64, "sessions whose last event is longer ago are deleted for good, hourly; 0 for ever"),
    Key {
        name: "retention.keep_starred",
        about: "retention leaves starred sessions alone",
        live: true,
        rule: Rule::Switch {
            get: |s| s.retention.keep_starred,
            set: |s, value| s.retention.keep_starred = value,
        },
    },
    number!("retention.max_gib", true, 0, MAX_GIB, retention.max_gib: u64, "where the database uses more, the oldest sessions are deleted for good, hourly, until it fits; 0 for no limit"),
    Key {
        name: "editors.follow",
        about: "record what editors write into their own files while they write it, without an extension; at the first start what they have is imported",
        live: true,
        rule: Rule::Switch { get: |s| s.editors.follow, set: |s, value| s.editors.follow = value },
    },
    number!("editors.idle_secs", true, 5, 86_400, editors.idle_secs: u64, "quiet time after which a session read from an editor's files is completed, if it waits for nothing"),
];

/// Two keys an editor, named after its id.
fn editors() -> impl Iterator<Item = Key> {
    let name = |id: &str, last: &str| -> &'static str {
        // once for the life of the program
        Box::leak(format!("editors.{}.{last}", id.replace('-', "_")).into_boxed_str())
    };
    EDITORS.iter().flat_map(move |editor| {
        let (id, title) = (editor.id(), editor.name());
        let about = format!(
            "read {title}'s files: they are followed and imported, and recoveries complete sessions from them"
        );
        let folder = format!("{title}'s folder; \"\" for the usual one");
        [
            Key { name: name(id, "enabled"), about: about.leak(), live: true, rule: Rule::EditorSwitch(id) },
            Key { name: name(id, "path"), about: folder.leak(), live: true, rule: Rule::EditorFolder(id) },
        ]
    })
}

/// The key of this name; the error names the nearest one.
pub(super) fn find(name: &str) -> Result<&'static Key, SettingsError> {
    KEYS.iter().find(|key| key.name == name).ok_or_else(|| {
        let near = |key: &&Key| {
            // a missing section is the commonest slip: compare with the last part too
            let last = key.name.rsplit('.').next().unwrap_or(key.name);
            strsim::jaro_winkler(name, key.name).max(strsim::jaro_winkler(name, last))
        };
        let nearest = KEYS.iter().max_by(|a, b| near(a).total_cmp(&near(b))).filter(|key| near(key) > 0.7);
        SettingsError::Unknown { key: name.chars().take(80).collect(), nearest: nearest.map(|key| key.name) }
    })
}

impl Key {
    pub fn get(&self, settings: &Settings) -> Value {
        match &self.rule {
            Rule::Number { get, .. } => json!(get(settings)),
            Rule::Switch { get, .. } => json!(get(settings)),
            Rule::Time { get, .. } => json!(get(settings).map(|time| time.to_string()).unwrap_or_default()),
            Rule::EditorSwitch(id) => json!(settings.editors.of(id).enabled),
            Rule::EditorFolder(id) => {
                let path = settings.editors.of(id).path.as_deref();
                json!(path.map(|path| path.display().to_string()).unwrap_or_default())
            }
            Rule::Host => json!(settings.host.to_string()),
            Rule::Auth => json!(settings.auth),
            Rule::Origins => json!(settings.allowed_origins),
        }
    }

    pub fn set(&self, settings: &mut Settings, value: &Value) -> Result<(), SettingsError> {
        self.try_set(settings, value).map_err(|why| SettingsError::Refused {
            key: self.name.to_owned(),
            value: value.to_string().chars().take(120).collect(),
            why,
        })
    }

    fn try_set(&self, settings: &mut Settings, value: &Value) -> Result<(), String> {
        match &self.rule {
            Rule::Number { min, max, set, .. } => match value.as_u64() {
                Some(n) if (*min..=*max).contains(&n) => set(settings, n),
                _ => return Err(format!("a whole number from {min} to {max} is needed")),
            },
            Rule::Switch { set, .. } => set(settings, value.as_bool().ok_or("true or false is needed")?),
            Rule::Time { set, .. } => set(settings, time(value)?),
            Rule::EditorSwitch(id) => {
                settings.editors.of_mut(id).enabled = value.as_bool().ok_or("true or false is needed")?;
            }
            Rule::EditorFolder(id) => {
                let path = super::editors::path(value.as_str().ok_or("a path in quotes is needed")?)?;
                settings.editors.of_mut(id).path = path;
            }
            Rule::Host => settings.host = host(value)?,
            Rule::Auth => settings.auth = auth(value)?,
            Rule::Origins => settings.allowed_origins = origins(value)?,
        }
        Ok(())
    }

    const fn kind(&self) -> SettingKind {
        match self.rule {
            Rule::Number { .. } => SettingKind::Number,
            Rule::Switch { .. } | Rule::EditorSwitch(_) => SettingKind::Switch,
            Rule::Time { .. } => SettingKind::Time,
            Rule::Host | Rule::EditorFolder(_) => SettingKind::Text,
            Rule::Auth => SettingKind::Choice,
            Rule::Origins => SettingKind::List,
        }
    }

    pub fn view(&self, file: &Settings, running: &Settings) -> SettingView {
        let (min, max) = match self.rule {
            Rule::Number { min, max, .. } => (Some(min), Some(max)),
            _ => (None, None),
        };
        let (value, in_force) = (self.get(file), self.get(running));
        SettingView {
            key: self.name,
            about: self.about,
            restart_needed: !self.live && value != in_force,
            value,
            running: in_force,
            default: self.get(&Settings::default()),
            min,
            max,
            one_of: matches!(self.rule, Rule::Auth).then_some(&["user", "token"]),
            kind: self.kind(),
            choices: matches!(self.rule, Rule::Auth).then_some(AUTHS),
            unit: matches!(self.rule, Rule::Number { .. }).then(|| unit(self.name)).flatten(),
            live: self.live,
        }
    }
}

/// Only Linux tells whose a socket is.
const AUTHS: &[&str] = if cfg!(target_os = "linux") { &["user", "token"] } else { &["token"] };

/// The unit stands at the end of a number's name.
fn unit(name: &str) -> Option<&'static str> {
    Some(match name.rsplit(['.', '_']).next()? {
        "bytes" => "bytes",
        "mib" => "MiB",
        "gib" => "GiB",
        "ms" => "ms",
        "secs" => "s",
        "minutes" => "min",
        "days" => "days",
        _ => return None,
    })
}

fn host(value: &Value) -> Result<IpAddr, String> {
    match value.as_str() {
        Some("localhost") => Ok(IpAddr::from([127, 0, 0, 1])),
        Some(text) => text.parse().map_err(|_| String::from("an IP address or \"localhost\" is needed")),
        None => Err(String::from("an IP address in quotes is needed")),
    }
}

fn auth(value: &Value) -> Result<Auth, String> {
    match value.as_str() {
        Some("user") if cfg!(target_os = "linux") => Ok(Auth::User),
        Some("user") => Err(String::from("only Linux tells whose a socket is: \"token\" is needed here")),
        Some("token") => Ok(Auth::Token),
        _ => Err(String::from("\"user\" or \"token\" is needed")),
    }
}

fn time(value: &Value) -> Result<Option<ClockTime>, String> {
    match value.as_str() {
        Some("") => Ok(None),
        Some(text) => ClockTime::parse(text).map(Some).ok_or_else(time_shape),
        None => Err(time_shape()),
    }
}

fn time_shape() -> String {
    String::from("a time of day such as \"22:00\" is needed, or \"\" for none")
}

fn origins(value: &Value) -> Result<Vec<Origin>, String> {
    const MOST: usize = 64;
    let list = value.as_array().ok_or("a list of origins is needed")?;
    if list.len() > MOST {
        return Err(format!("at most {MOST} origins are allowed"));
    }
    let mut origins = Vec::with_capacity(list.len());
    for item in list {
        let origin = Origin::parse(item.as_str().ok_or("a list of origins in quotes is needed")?)?;
        if !origins.contains(&origin) {
            origins.push(origin);
        }
    }
    Ok(origins)
}

/// All values of a TOML table by their dotted names.
pub(super) fn flat_toml(table: &dyn toml_edit::TableLike) -> Vec<(String, Value)> {
    let mut flat = Vec::new();
    for (name, item) in table.iter() {
        match item.as_table_like() {
            Some(inner) => {
                flat.extend(
                    flat_toml(inner).into_iter().map(|(key, value)| (format!("{name}.{key}"), value)),
                );
            }
            None => flat.push((name.to_owned(), item.as_value().map_or(Value::Null, json_of))),
        }
    }
    flat
}

fn json_of(value: &toml_edit::Value) -> Value {
    use toml_edit::Value as Toml;
    match value {
        Toml::String(s) => json!(s.value()),
        Toml::Integer(n) => json!(n.value()),
        Toml::Float(n) => json!(n.value()),
        Toml::Boolean(b) => json!(b.value()),
        Toml::Array(items) => items.iter().map(json_of).collect(),
        other => json!(other.to_string()),
    }
}

/// All values of a JSON object by their dotted names: `{"limits":{"nesting":32}}` and `{"limits.nesting":32}` are the same.
pub(super) fn flat_json(object: &serde_json::Map<String, Value>) -> Vec<(String, Value)> {
    let mut flat = Vec::new();
    for (name, value) in object {
        match value {
            Value::Object(inner) => {
                flat.extend(
                    flat_json(inner).into_iter().map(|(key, value)| (format!("{name}.{key}"), value)),
                );
            }
            _ => flat.push((name.clone(), value.clone())),
        }
    }
    flat
}

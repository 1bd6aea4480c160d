//! The settings: one validated struct, read from `config.toml`.
//!
//! Owns their values and rules; `keys` has the table, `store` the file. Invariant: a [`Settings`] that exists has passed every
//! rule, and an unknown key is refused by name.

mod clock_time;
mod editors;
mod keys;
mod origin;
mod store;

pub use clock_time::ClockTime;
pub use editors::{EditorFiles, EditorSettings};
pub use keys::{SettingKind, SettingView};
pub use origin::Origin;
pub(crate) use store::SettingsStore;

use chasm_engine::{EngineConfig, Retention};
use chasm_protocol::Limits;
use chasm_protocol::api::RefusedField;
use chasm_protocol::limits::DEFAULT_PORT;
use serde::{Deserialize, Serialize};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How a caller proves that it is the recorder's user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Auth {
    /// By the uid of its socket (Linux).
    User,
    /// By the token of the data folder.
    Token,
}

/// All settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    pub host: IpAddr,
    pub port: u16,
    pub auth: Auth,
    /// Web pages that may record.
    pub allowed_origins: Vec<Origin>,
    pub limits: LimitSettings,
    pub recording: RecordingSettings,
    pub notifications: NotificationSettings,
    pub trash: TrashSettings,
    pub retention: Retention,
    pub editors: EditorSettings,
}

/// Longest retention, and largest size, that can be set.
pub(crate) const MAX_DAYS: u64 = 36_500;
pub(crate) const MAX_GIB: u64 = 100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrashSettings {
    pub keep_secs: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LimitSettings {
    pub frame_bytes: usize,
    pub batch_events: usize,
    pub nesting: usize,
    pub connections: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordingSettings {
    pub flush_ms: u64,
    pub buffer_mib: u64,
    pub segment_mib: u64,
    pub grace_secs: u64,
    pub silence_minutes: u64,
    pub heartbeat_secs: u64,
}

/// What the desktop's notification service is asked to show. The notices of the UI are kept in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotificationSettings {
    /// A client is gone and its sessions wait.
    pub dropped: bool,
    /// It came back.
    pub returned: bool,
    /// Interrupted sessions found at the start, and results of recoveries.
    pub recovered: bool,
    pub damage: bool,
    /// Nothing can be recorded. Shown in quiet hours too.
    pub recording: bool,
    /// Quiet hours, by the wall clock of this machine; both or neither.
    pub quiet_from: Option<ClockTime>,
    pub quiet_until: Option<ClockTime>,
}

/// Why settings were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    #[error("`{key}` = {value}: {why}")]
    Refused { key: String, value: String, why: String },
    #[error("there is no setting `{key}`{}", nearest.map(|n| format!(": did you mean `{n}`?")).unwrap_or_default())]
    Unknown { key: String, nearest: Option<&'static str> },
    /// More than one of the two above.
    #[error("{}", in_a_row(.0))]
    Several(Vec<SettingsError>),
    #[error("it is not TOML: {0}")]
    NotToml(String),
    #[error("{}: {error}", path.display())]
    In { path: PathBuf, error: Box<SettingsError> },
    #[error("{}: {what}", path.display())]
    Io { path: PathBuf, what: String },
}

fn in_a_row(errors: &[SettingsError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl SettingsError {
    /// One error of many.
    pub(crate) fn of(mut errors: Vec<Self>) -> Result<(), Self> {
        match errors.len() {
            0 => Ok(()),
            1 => errors.pop().map_or(Ok(()), Err),
            _ => Err(Self::Several(errors)),
        }
    }

    /// The settings that were refused, each with the rule alone.
    pub(crate) fn refused(&self) -> Vec<RefusedField> {
        let field = |field: &str, reason: String| RefusedField { field: field.to_owned(), reason };
        match self {
            Self::Refused { key, why, .. } => vec![field(key, why.clone())],
            Self::Unknown { key, nearest } => {
                let hint = nearest.map(|n| format!(": did you mean `{n}`?")).unwrap_or_default();
                vec![field(key, format!("there is no such setting{hint}"))]
            }
            Self::Several(errors) => errors.iter().flat_map(Self::refused).collect(),
            Self::NotToml(_) | Self::In { .. } | Self::Io { .. } => Vec::new(),
        }
    }
}

impl Default for Settings {
    fn default() -> Self {
        let limits = Limits::default();
        Self {
            host: IpAddr::V4(Ipv4Addr::LOCALHOST),
            port: DEFAULT_PORT,
            auth: if cfg!(target_os = "linux") { Auth::User } else { Auth::Token },
            allowed_origins: Vec::new(),
            limits: LimitSettings {
                frame_bytes: limits.frame_bytes,
                batch_events: limits.batch_events,
                nesting: limits.nesting,
                connections: 1_024,
            },
            recording: RecordingSettings {
                flush_ms: 1_000,
                buffer_mib: 48,
                segment_mib: 32,
                grace_secs: 2,
                silence_minutes: 30,
                heartbeat_secs: 20,
            },
            notifications: NotificationSettings::default(),
            trash: TrashSettings { keep_secs: 30 },
            retention: Retention { days: 0, keep_starred: true, max_gib: 0 },
            editors: EditorSettings::default(),
        }
    }
}

impl Default for NotificationSettings {
    fn default() -> Self {
        Self {
            dropped: true,
            returned: true,
            recovered: true,
            damage: true,
            recording: true,
            quiet_from: None,
            quiet_until: None,
        }
    }
}

impl Settings {
    /// Reads the text of a `config.toml`; what it does not name has its default.
    pub fn from_toml(text: &str) -> Result<Self, SettingsError> {
        let document: toml_edit::DocumentMut =
            text.parse().map_err(|e: toml_edit::TomlError| SettingsError::NotToml(e.to_string()))?;
        let mut settings = Self::default();
        for (name, value) in keys::flat_toml(document.as_table()) {
            keys::find(&name)?.set(&mut settings, &value)?;
        }
        settings.check()?;
        Ok(settings)
    }

    /// Reads a file; the defaults where there is none.
    pub fn read(path: &Path) -> Result<Self, SettingsError> {
        match std::fs::read_to_string(path) {
            Ok(text) => Self::from_toml(&text)
                .map_err(|error| SettingsError::In { path: path.to_owned(), error: Box::new(error) }),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Self::default()),
            Err(e) => Err(SettingsError::Io { path: path.to_owned(), what: format!("cannot read: {e}") }),
        }
    }

    /// The rules that bind several settings.
    pub(crate) fn check(&self) -> Result<(), SettingsError> {
        if !self.host.is_loopback() && self.auth != Auth::Token {
            return Err(SettingsError::Refused {
                key: String::from("host"),
                value: format!("\"{}\"", self.host),
                why: String::from(
                    "other machines could connect, so it needs auth = \"token\"; or keep host = \"127.0.0.1\"",
                ),
            });
        }
        self.notifications.check()
    }

    pub(crate) fn protocol_limits(&self) -> Limits {
        Limits {
            frame_bytes: self.limits.frame_bytes,
            batch_events: self.limits.batch_events,
            nesting: self.limits.nesting,
        }
    }

    pub(crate) fn engine_config(&self, data_dir: &Path) -> EngineConfig {
        const MIB: u64 = 1024 * 1024;
        EngineConfig {
            flush_interval: Duration::from_millis(self.recording.flush_ms),
            buffer_bytes: usize::try_from(self.recording.buffer_mib * MIB).unwrap_or(usize::MAX),
            segment_bytes: self.recording.segment_mib * MIB,
            grace: Duration::from_secs(self.recording.grace_secs),
            silence: Duration::from_secs(self.recording.silence_minutes * 60),
            ..EngineConfig::new(data_dir)
        }
    }
}

impl NotificationSettings {
    fn check(&self) -> Result<(), SettingsError> {
        let (key, why) = match (self.quiet_from, self.quiet_until) {
            (Some(from), Some(until)) if from == until => (
                "quiet_until",
                "quiet hours end at another time than they begin; to have none, set both to \"\"",
            ),
            (Some(_), None) => ("quiet_until", "quiet hours need an end too; to have none, set both to \"\""),
            (None, Some(_)) => {
                ("quiet_from", "quiet hours need a beginning too; to have none, set both to \"\"")
            }
            _ => return Ok(()),
        };
        let value = if key == "quiet_from" { self.quiet_from } else { self.quiet_until };
        Err(SettingsError::Refused {
            key: format!("notifications.{key}"),
            value: format!("\"{}\"", value.map(|time| time.to_string()).unwrap_or_default()),
            why: String::from(why),
        })
    }
}

#[cfg(test)]
mod tests;

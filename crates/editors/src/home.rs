//! Where programs keep their files, as the environment says it.
//!
//! Owns the order in which variables are asked. Never looks at the disk. Invariant: an empty variable is as good as none.

use crate::editor::Env;
use std::path::PathBuf;

/// Systems that differ in where settings are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    Linux,
    MacOs,
    Windows,
}

impl System {
    pub const fn this() -> Self {
        match () {
            () if cfg!(target_os = "macos") => Self::MacOs,
            () if cfg!(windows) => Self::Windows,
            () => Self::Linux,
        }
    }
}

/// A program's own folder: the one that its variable names, where it has such a variable, else the one of this name in the
/// home folder.
pub(crate) fn own_folder(env: Env<'_>, variable: Option<&str>, name: &str) -> Option<PathBuf> {
    let named = variable.and_then(|variable| set(env, variable));
    named.or_else(|| Some(home(env)?.join(name)))
}

/// The folder that programs keep their settings in.
pub(crate) fn settings(env: Env<'_>, system: System) -> Option<PathBuf> {
    match system {
        System::Linux => own_folder(env, Some("XDG_CONFIG_HOME"), ".config"),
        System::MacOs => own_folder(env, None, "Library/Application Support"),
        System::Windows => own_folder(env, Some("APPDATA"), "AppData/Roaming"),
    }
}

pub(crate) fn home(env: Env<'_>) -> Option<PathBuf> {
    set(env, "HOME").or_else(|| set(env, "USERPROFILE"))
}

/// A variable that says something.
pub(crate) fn set(env: Env<'_>, variable: &str) -> Option<PathBuf> {
    env(variable).filter(|value| !value.is_empty()).map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    #[test]
    fn a_variable_stands_above_the_home_folder_and_an_empty_one_does_not() {
        let given = |pairs: &'static [(&str, &str)]| {
            move |name: &str| pairs.iter().find(|(key, _)| *key == name).map(|(_, v)| OsString::from(v))
        };
        let own = |pairs| own_folder(&given(pairs), Some("OWN"), ".own");
        assert_eq!(own(&[]), None);
        assert_eq!(own(&[("OWN", "/o"), ("HOME", "/h")]), Some("/o".into()));
        assert_eq!(own(&[("OWN", ""), ("HOME", "/h"), ("USERPROFILE", "/u")]), Some("/h/.own".into()));
        assert_eq!(own(&[("HOME", ""), ("USERPROFILE", "/u")]), Some("/u/.own".into()));
        let at = |system, pairs| settings(&given(pairs), system).map(|path| path.display().to_string());
        let both: &[(&str, &str)] = &[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x"), ("APPDATA", "/a")];
        assert_eq!(at(System::Linux, both).as_deref(), Some("/x"));
        assert_eq!(at(System::Windows, both).as_deref(), Some("/a"));
        assert_eq!(at(System::MacOs, both).as_deref(), Some("/h/Library/Application Support"));
        assert_eq!(at(System::Linux, &[("HOME", "/h")]).as_deref(), Some("/h/.config"));
        assert_eq!(at(System::Windows, &[("USERPROFILE", "/u")]).as_deref(), Some("/u/AppData/Roaming"));
    }
}

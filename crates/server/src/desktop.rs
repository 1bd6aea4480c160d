//! The desktop around a server, as the server sees it: what it can be asked for.
//!
//! Never draws, never starts a process: whoever hosts the daemon does. Invariant: a server without a desktop says so, and a
//! wish reaches the desktop only when it makes sense (its path is one of the UI's, its environment that of a display).

use chasm_protocol::api::{DisplayEnvironment, OpenApp};
use chasm_protocol::status::DesktopStatus;
use futures_util::future::BoxFuture;

/// Longest path and longest value of an environment variable.
const TEXT_BYTES: usize = 4 * 1024;

/// What hosts the daemon, where that is more than a process.
pub trait Desktop: Send + Sync {
    /// What of the desktop is at work.
    fn status(&self) -> DesktopStatus;

    /// Takes over the display that is handed over, and shows the window there where the wish says. The error says in words what is missing.
    fn open(&self, wish: OpenApp) -> BoxFuture<'_, Result<(), String>>;

    /// Shows a notification that says nothing but that they can be shown. Returns at once; the error says in words what is missing.
    fn test_notification(&self) -> Result<(), String>;

    /// Whether the recorder starts when its user logs in. May read a file.
    fn starts_at_login(&self) -> bool;

    /// Changes that. May write a file.
    fn start_at_login(&self, on: bool) -> Result<(), String>;
}

/// What is wrong with a wish, if anything is.
pub fn check_wish(wish: &OpenApp) -> Result<(), String> {
    if let Some(path) = &wish.path {
        check_path(path)?;
    }
    wish.environment.as_ref().map_or(Ok(()), check_environment)
}

/// A path of the UI: it begins with one slash, and no byte of it is anything but a path's.
pub fn check_path(path: &str) -> Result<(), String> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:@%/?".contains(&b);
    if path.len() > TEXT_BYTES {
        return Err(format!("`path` is longer than {TEXT_BYTES} bytes"));
    }
    if !path.starts_with('/') || path.starts_with("//") || !path.bytes().all(allowed) {
        return Err(String::from("`path` has to be one of this page, such as /session/ID, percent-encoded"));
    }
    Ok(())
}

fn check_environment(environment: &DisplayEnvironment) -> Result<(), String> {
    let DisplayEnvironment {
        display,
        wayland_display,
        xauthority,
        dbus_session_bus_address,
        xdg_runtime_dir,
    } = environment;
    for value in [display, wayland_display, xauthority, dbus_session_bus_address, xdg_runtime_dir]
        .into_iter()
        .flatten()
    {
        if value.len() > TEXT_BYTES || value.chars().any(char::is_control) {
            return Err(String::from("`environment` has a value that is no place of a display"));
        }
    }
    // other transports of D-Bus start programs
    let is_socket = |address: &str| address.split(';').all(|one| one.starts_with("unix:"));
    match dbus_session_bus_address {
        Some(address) if !is_socket(address) => {
            Err(String::from("`DBUS_SESSION_BUS_ADDRESS` has to be a unix socket: unix:…"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_the_page_are_taken() {
        for good in ["/", "/session/a%2Fb", "/recovery", "/search?q=x%20y"] {
            assert_eq!(check_path(good), Ok(()), "{good}");
        }
        for bad in [
            "",
            "session/x",
            "//evil.example",
            "/a b",
            "/\u{e9}",
            "/<script>",
            "/a\"b",
            "/a\\b",
            "/#x",
            "http://x",
        ] {
            assert!(check_path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_bus_is_a_socket_and_nothing_that_starts_programs() {
        let with = |address: &str| OpenApp {
            path: None,
            hidden: false,
            environment: Some(DisplayEnvironment {
                dbus_session_bus_address: Some(address.to_owned()),
                ..DisplayEnvironment::default()
            }),
        };
        assert_eq!(check_wish(&with("unix:path=/run/user/1000/bus")), Ok(()));
        assert_eq!(check_wish(&with("unix:abstract=/tmp/a;unix:path=/b,guid=1")), Ok(()));
        for bad in [
            "unixexec:path=/bin/sh",
            "unix:path=/a;unixexec:path=/bin/sh",
            "autolaunch:",
            "",
            "tcp:host=h,port=1",
        ] {
            assert!(check_wish(&with(bad)).is_err(), "{bad}");
        }
    }
}

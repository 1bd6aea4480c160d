//! Where the display is: the few variables that a program needs to find it and the session bus.
//!
//! Never changes the recorder's own environment: its children get what is said here. Invariant: a display that works is never
//! replaced by another.

use chasm_protocol::api::DisplayEnvironment;

/// What this process was started with.
pub fn own() -> DisplayEnvironment {
    let get = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    DisplayEnvironment {
        display: get("DISPLAY"),
        wayland_display: get("WAYLAND_DISPLAY"),
        xauthority: get("XAUTHORITY"),
        dbus_session_bus_address: get("DBUS_SESSION_BUS_ADDRESS"),
        xdg_runtime_dir: get("XDG_RUNTIME_DIR"),
    }
}

/// Whether there may be a display; whether it answers is for whoever connects to find out.
pub fn has_display(environment: &DisplayEnvironment) -> bool {
    !cfg!(target_os = "linux") || environment.display.is_some() || environment.wayland_display.is_some()
}

/// The variables and their values.
pub fn pairs(environment: &DisplayEnvironment) -> [(&'static str, Option<&str>); 5] {
    let DisplayEnvironment {
        display,
        wayland_display,
        xauthority,
        dbus_session_bus_address,
        xdg_runtime_dir,
    } = environment;
    [
        ("DISPLAY", display.as_deref()),
        ("WAYLAND_DISPLAY", wayland_display.as_deref()),
        ("XAUTHORITY", xauthority.as_deref()),
        ("DBUS_SESSION_BUS_ADDRESS", dbus_session_bus_address.as_deref()),
        ("XDG_RUNTIME_DIR", xdg_runtime_dir.as_deref()),
    ]
}

/// The address of the session bus: the one that is said, or the place where systemd puts it.
pub fn session_bus(environment: &DisplayEnvironment) -> Option<String> {
    if let Some(address) = &environment.dbus_session_bus_address {
        return Some(address.clone());
    }
    let socket = std::path::Path::new(environment.xdg_runtime_dir.as_deref()?).join("bus");
    socket.exists().then(|| format!("unix:path={}", socket.display()))
}

/// Takes over what another start of the app was given. `works`: the display in use answers. True where something changed.
pub fn take_over(mine: &mut DisplayEnvironment, given: &DisplayEnvironment, works: bool) -> bool {
    if (has_display(mine) && works) || !has_display(given) || mine == given {
        return false;
    }
    mine.clone_from(given);
    true
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    fn on(display: &str) -> DisplayEnvironment {
        DisplayEnvironment { display: Some(display.into()), ..DisplayEnvironment::default() }
    }

    #[test]
    fn a_display_is_taken_over_where_there_is_none_that_works() {
        let mut mine = DisplayEnvironment::default();
        assert!(!take_over(&mut mine, &DisplayEnvironment::default(), false));
        assert!(take_over(&mut mine, &on(":1"), false) && mine == on(":1"));
        assert!(!take_over(&mut mine, &on(":2"), true) && mine == on(":1"));
        assert!(take_over(&mut mine, &on(":2"), false) && mine == on(":2"));
        assert!(!take_over(&mut mine, &DisplayEnvironment::default(), false) && mine == on(":2"));
    }

    #[test]
    fn the_bus_is_where_it_is_said_to_be_or_in_the_runtime_folder() {
        let folder = tempfile::tempdir().unwrap();
        let runtime = folder.path().to_str().map(str::to_owned);
        let mut environment =
            DisplayEnvironment { xdg_runtime_dir: runtime, ..DisplayEnvironment::default() };
        assert_eq!(session_bus(&environment), None);
        std::fs::write(folder.path().join("bus"), "").unwrap();
        assert_eq!(session_bus(&environment), Some(format!("unix:path={}/bus", folder.path().display())));
        environment.dbus_session_bus_address = Some("unix:path=/else".into());
        assert_eq!(session_bus(&environment).as_deref(), Some("unix:path=/else"));
    }
}

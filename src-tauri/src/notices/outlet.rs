//! The way to the screen: one kind for desktops with D-Bus, one for those without.
//!
//! Never decides what is shown. Invariant: every call ends within the time it is given, whatever the other side does.

#[cfg(all(unix, not(target_os = "macos")))]
mod dbus;
#[cfg(not(all(unix, not(target_os = "macos"))))]
mod native;

#[cfg(all(unix, not(target_os = "macos")))]
pub use dbus::Outlet;
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub use native::Outlet;

/// What comes back from the screen.
#[cfg_attr(not(all(unix, not(target_os = "macos"))), allow(dead_code, reason = "only D-Bus tells so much"))]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// The notification of this id, or its button, was clicked.
    Clicked(u32),
    /// The button of this one that allows something.
    Allowed(u32),
    Closed {
        id: u32,
        /// By a person; else by itself.
        dismissed: bool,
    },
    /// Another notification service is there, of this unique name; or none any more.
    Service(Option<String>),
    /// Nothing will be heard again: connect anew.
    Gone,
}

/// What a service made of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    pub id: u32,
    /// The service, by its unique name on the bus.
    pub service: String,
}

/// Why something was not shown.
#[cfg_attr(not(all(unix, not(target_os = "macos"))), allow(dead_code, reason = "only D-Bus tells so much"))]
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error("the session bus cannot be reached: {0}")]
    NoBus(String),
    #[error("no notification service runs on the session bus")]
    NoService,
    #[error("the notification service does not answer")]
    Silent,
    #[error("the notification service refuses: {0}")]
    Refused(String),
}

/// Whether an address of a bus is a socket on this machine: others could start programs or lead elsewhere.
pub fn is_local(address: &str) -> bool {
    !address.is_empty() && address.split(';').all(|one| one.starts_with("unix:"))
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn only_sockets_of_this_machine_are_buses() {
        for good in ["unix:path=/run/user/1000/bus", "unix:abstract=/tmp/dbus-1,guid=0a;unix:path=/x"] {
            assert!(is_local(good), "{good}");
        }
        for bad in
            ["", "unixexec:path=/bin/sh", "tcp:host=10.0.0.1,port=1", "unix:path=/x;tcp:host=a", "/run/bus"]
        {
            assert!(!is_local(bad), "{bad}");
        }
    }
}

//! A message bus of the test's own.
//!
//! Invariant: it starts nothing on demand, so what is not there is really not there.

use super::{Desk, Part};
use crate::eventually;
use zbus::fdo::DBusProxy;

const CONFIG: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=@SOCKET@</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"#;

pub struct Bus {
    _daemon: Part,
    address: String,
}

impl Bus {
    /// `name` tells one bus of a desk from the other.
    pub fn start(desk: &Desk, name: &str) -> Self {
        let socket = desk.home().join(format!("run/{name}-bus"));
        let config = desk.home().join(format!("{name}-bus.conf"));
        std::fs::write(&config, CONFIG.replace("@SOCKET@", &socket.to_string_lossy())).unwrap();
        let mut command = desk.command("dbus-daemon");
        command.args(["--nofork", "--nopidfile", "--print-address=1"]);
        command.arg(format!("--config-file={}", config.display()));
        let (daemon, address) = Part::start_and_hear(&format!("{name}-bus"), "dbus", &mut command);
        Self { _daemon: daemon, address }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub async fn connect(&self) -> zbus::Connection {
        zbus::connection::Builder::address(self.address.as_str()).build().await.unwrap()
    }
}

/// Waits until somebody has this name.
pub async fn owned(bus: &zbus::Connection, name: &str) {
    let daemon = DBusProxy::new(bus).await.unwrap();
    let name: zbus::names::BusName<'_> = name.try_into().unwrap();
    eventually(&format!("somebody is {name} on the bus"), 20, async || {
        daemon.name_has_owner(name.clone()).await.is_ok_and(|owned| owned).then_some(())
    })
    .await;
}

/// The process behind a name.
pub async fn pid_of(bus: &zbus::Connection, name: &str) -> Option<u32> {
    let daemon = DBusProxy::new(bus).await.ok()?;
    daemon.get_connection_unix_process_id(name.try_into().ok()?).await.ok()
}

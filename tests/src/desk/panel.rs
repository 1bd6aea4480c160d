//! A real panel with a tray: xfce4-panel with a clock, a task list and a host for status icons.

use super::{Desk, Part, bus};
use crate::eventually;
use std::path::Path;

/// Where Debian keeps the settings daemon, by architecture.
const LIB: &str = "/usr/lib";

const CONFIG: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="length" type="uint" value="100"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="size" type="uint" value="32"/>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
        <value type="int" value="3"/>
        <value type="int" value="4"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="tasklist"/>
    <property name="plugin-2" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-3" type="string" value="systray"/>
    <property name="plugin-4" type="string" value="clock">
      <property name="mode" type="uint" value="2"/>
      <property name="digital-layout" type="uint" value="3"/>
    </property>
  </property>
</channel>
"#;

pub struct Panel {
    _panel: Part,
    _settings: Part,
}

impl Panel {
    pub async fn start(desk: &Desk) -> Self {
        let folder = desk.home().join("config/xfce4/xfconf/xfce-perchannel-xml");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("xfce4-panel.xml"), CONFIG).unwrap();
        let connection = desk.connect().await;
        // the bus starts nothing on demand, this neither
        let settings = Part::start("xfconfd", "xfconf", &mut desk.command(settings_daemon()));
        bus::owned(&connection, "org.xfce.Xfconf").await;
        let mut command = desk.command("xfce4-panel");
        command.arg("--disable-wm-check");
        if desk.is_dark() {
            command.env("GTK_THEME", "Adwaita:dark");
        }
        let panel = Part::start("xfce4-panel", "xfce4-panel", &mut command);
        bus::owned(&connection, WATCHER).await;
        let watcher = watcher(&connection).await;
        eventually("the panel is a host for tray icons", 20, async || {
            let there: bool = watcher.get_property("IsStatusNotifierHostRegistered").await.ok()?;
            there.then_some(())
        })
        .await;
        Self { _panel: panel, _settings: settings }
    }
}

const WATCHER: &str = "org.kde.StatusNotifierWatcher";

/// The list of tray icons that the panel keeps.
pub async fn watcher(connection: &zbus::Connection) -> zbus::Proxy<'static> {
    zbus::proxy::Builder::new(connection)
        .destination(WATCHER)
        .path("/StatusNotifierWatcher")
        .interface(WATCHER)
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await
        .unwrap()
}

fn settings_daemon() -> std::path::PathBuf {
    let place = |path: &Path| path.join("xfce4/xfconf/xfconfd");
    let folders = std::fs::read_dir(LIB).into_iter().flatten().flatten().map(|entry| entry.path());
    let found = folders.map(|folder| place(&folder)).find(|path| path.exists());
    found.unwrap_or_else(|| place(Path::new(LIB)))
}

//! A desktop of a test's own: home, X server, session bus, panel, notification service.
//!
//! Never touches the user's own. Invariant: every process that lives in its home is ended, by its pid, when the value is dropped.

mod app;
mod bus;
mod display;
mod driver;
mod dunst;
mod item;
mod login;
mod menu;
mod notes;
mod panel;
mod part;
mod pixels;

pub use app::App;
pub use display::{Display, Window};
pub use driver::Driver;
pub use item::{Item, Look};
pub use login::Login;
pub use menu::Entry;
pub use notes::{Note, Notes, Silent};
pub use part::Part;
pub use pixels::Picture;

use bus::Bus;
use panel::Panel;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Parts are dropped in this order: who needs a server goes before it.
pub struct Desk {
    dunst: Option<Part>,
    panel: Option<Panel>,
    windows: Option<Part>,
    bus: Option<Bus>,
    display: Option<Display>,
    system_bus: Option<String>,
    home: Home,
}

impl Desk {
    /// A home and nothing else: as a login over a wire.
    pub fn bare() -> Self {
        Self {
            dunst: None,
            panel: None,
            windows: None,
            bus: None,
            display: None,
            system_bus: None,
            home: Home::new(),
        }
    }

    /// With a session bus, on which nothing is started on demand.
    pub fn with_bus(mut self) -> Self {
        self.start_bus();
        self
    }

    /// With an X server.
    pub fn with_display(mut self) -> Self {
        self.start_display();
        self
    }

    /// A display, a bus, and a panel with a tray.
    pub async fn with_panel() -> Self {
        let mut desk = Self::bare().with_display().with_bus();
        desk.start_panel().await;
        desk
    }

    /// Panel and windows in the dark, as the user's settings have it. For programs that are started from here on.
    pub fn dark(self) -> Self {
        let settings = self.home.join("config/gtk-3.0");
        std::fs::create_dir_all(&settings).unwrap();
        let text = "[Settings]\ngtk-theme-name=Adwaita-dark\ngtk-application-prefer-dark-theme=true\n";
        std::fs::write(settings.join("settings.ini"), text).unwrap();
        self
    }

    fn is_dark(&self) -> bool {
        self.home.join("config/gtk-3.0/settings.ini").exists()
    }

    pub fn start_bus(&mut self) {
        self.bus = Some(Bus::start(self, "session"));
    }

    pub fn start_display(&mut self) {
        self.display = Some(Display::start(self));
    }

    /// Starts the panel, and waits until it is a host for tray icons.
    pub async fn start_panel(&mut self) {
        self.panel = Some(Panel::start(self).await);
    }

    pub fn stop_panel(&mut self) {
        self.panel = None;
    }

    /// Ends the session bus, as a logout does.
    pub fn stop_bus(&mut self) {
        self.bus = None;
    }

    /// A window manager, for frames and focus.
    pub fn start_window_manager(&mut self) {
        self.windows = Some(Part::start("openbox", "openbox", &mut self.command("openbox")));
    }

    pub fn display(&self) -> &Display {
        self.display.as_ref().expect("this desk has no display")
    }

    /// The X server, to be ended before its time.
    pub fn kill_display(&mut self) {
        self.display.as_mut().expect("this desk has no display").kill();
    }

    /// A connection of its own to the session bus.
    pub async fn connect(&self) -> zbus::Connection {
        self.bus.as_ref().expect("this desk has no bus").connect().await
    }

    /// Where the session bus is.
    pub fn bus_address(&self) -> Option<&str> {
        self.bus.as_ref().map(Bus::address)
    }

    /// What programs that are started from here on take for the system bus.
    pub fn set_system_bus(&mut self, address: &str) {
        self.system_bus = Some(address.to_owned());
    }

    /// A program of this name that only writes down what it was asked for, a line a time; answers where.
    pub fn stand_in(&self, program: &str) -> PathBuf {
        let (script, said) =
            (self.home.join("bin").join(program), self.home.join(&format!("{program}.said")));
        part::script(&script, &format!("printf '%s\\n' \"$*\" >> '{}'", said.display()));
        said
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    /// Where `chasm-recorder` is told to start at login.
    pub fn autostart_entry(&self) -> PathBuf {
        self.home.join("config/autostart/chasm-recorder.desktop")
    }

    /// A program with the environment of this desktop and nothing of the test's own.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().stdin(Stdio::null()).current_dir(self.home.path());
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", self.home.join("bin").display()));
        command.env("HOME", self.home.path()).env("LANG", "C.UTF-8").env("TZ", "UTC");
        for (name, folder) in HOMES {
            command.env(name, self.home.join(folder));
        }
        // nothing is asked of accessibility, settings and graphics hardware that are not there
        command.env("NO_AT_BRIDGE", "1").env("GSETTINGS_BACKEND", "memory").env("LIBGL_ALWAYS_SOFTWARE", "1");
        command.env("GDK_BACKEND", "x11");
        command.env("CHASM_TRAY_BIN", crate::tray()).env("CHASM_SHELL_BIN", crate::shell());
        command.envs(self.display.as_ref().map(|display| ("DISPLAY", display.name())));
        command.envs(self.bus.as_ref().map(|bus| ("DBUS_SESSION_BUS_ADDRESS", bus.address())));
        // the machine's own would tell of the machine's sleep
        let nowhere = format!("unix:path={}/no-system-bus", self.home.path().display());
        command.env("DBUS_SYSTEM_BUS_ADDRESS", self.system_bus.as_deref().unwrap_or(&nowhere));
        command
    }

    /// The processes that live in this home: whoever started them, they have its environment.
    pub fn processes(&self) -> Vec<crate::process::Process> {
        crate::process::with_environment("HOME", &self.home.path().to_string_lossy())
    }

    /// Those of a name that begins so.
    pub fn processes_named(&self, start: &str) -> Vec<u32> {
        self.processes().into_iter().filter(|p| p.name.starts_with(start)).map(|p| p.pid).collect()
    }
}

/// Standard places, below the home.
const HOMES: [(&str, &str); 5] = [
    ("XDG_RUNTIME_DIR", "run"),
    ("XDG_CONFIG_HOME", "config"),
    ("XDG_DATA_HOME", "share"),
    ("XDG_CACHE_HOME", "cache"),
    ("XDG_STATE_HOME", "state"),
];

/// The folder, and the end of all that lives in it.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let home = Self(tempfile::Builder::new().prefix("chasm-desk-").tempdir().unwrap());
        for folder in HOMES.map(|(_, folder)| folder).into_iter().chain(["bin"]) {
            std::fs::create_dir(home.join(folder)).unwrap();
        }
        std::fs::set_permissions(home.join("run"), std::fs::Permissions::from_mode(0o700)).unwrap();
        home
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn join(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        for process in crate::process::with_environment("HOME", &self.path().to_string_lossy()) {
            println!("left over, and ended: {} (pid {})", process.name, process.pid);
            crate::process::kill(process.pid);
        }
        if std::thread::panicking() {
            part::print_logs(self.path());
        }
    }
}

//! A login manager of the test's own (`org.freedesktop.login1`): it announces sleep and shutdown, and waits for who asked it to.

use super::Desk;
use super::bus::Bus;
use crate::eventually;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};

const PATH: &str = "/org/freedesktop/login1";
const NAME: &str = "org.freedesktop.login1";

/// One that wants to be waited for.
struct Inhibitor {
    what: String,
    mode: String,
    ours: UnixStream,
}

type Inhibitors = Arc<Mutex<Vec<Inhibitor>>>;

pub struct Login {
    connection: zbus::Connection,
    inhibitors: Inhibitors,
    _bus: Bus,
}

struct Service(Inhibitors);

#[zbus::interface(name = "org.freedesktop.login1.Manager")]
impl Service {
    fn inhibit(&self, what: String, _who: String, _why: String, mode: String) -> zbus::wire::OwnedFd {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_nonblocking(true).unwrap();
        self.0.lock().unwrap().push(Inhibitor { what, mode, ours });
        OwnedFd::from(theirs).into()
    }
}

impl Login {
    /// On a system bus of its own, which programs started from now on are told of.
    pub async fn start(desk: &mut Desk) -> Self {
        let bus = Bus::start(desk, "system");
        desk.set_system_bus(bus.address());
        let inhibitors = Inhibitors::default();
        let builder = zbus::connection::Builder::address(bus.address());
        let connection =
            builder.serve_at(PATH, Service(inhibitors.clone())).name(NAME).build().await.unwrap();
        Self { connection, inhibitors, _bus: bus }
    }

    /// How many hold up `what` (`sleep`, `shutdown`) at this moment.
    pub fn held_up(&self, what: &str) -> usize {
        let mut inhibitors = self.inhibitors.lock().unwrap();
        inhibitors.retain_mut(|inhibitor| {
            // the other end is closed: they let go
            !matches!(inhibitor.ours.read(&mut [0]), Ok(0))
        });
        let fits = |i: &&Inhibitor| i.mode == "delay" && i.what.split(':').any(|word| word == what);
        inhibitors.iter().filter(fits).count()
    }

    /// Somebody wants to be waited for.
    pub async fn asked(&self, what: &str) {
        let held = async || (self.held_up(what) > 0).then_some(());
        eventually(&format!("somebody holds up {what}"), 20, held).await;
    }

    /// The machine is about to sleep (`PrepareForSleep`) or to shut down (`PrepareForShutdown`), or is back (false).
    pub async fn announce(&self, signal: &str, begins: bool) {
        let interface = "org.freedesktop.login1.Manager";
        self.connection.emit_signal(None::<&str>, PATH, interface, signal, &(begins,)).await.unwrap();
    }
}

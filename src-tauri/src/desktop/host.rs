//! Whether something on the session bus shows tray icons: the owner of `org.kde.StatusNotifierWatcher`.
//!
//! Never registers an icon. Invariant: a host that comes late is seen, and so is a bus that comes late.

use super::actor::Host;
use futures_util::StreamExt;
use std::time::Duration;
use tokio::sync::watch;
use zbus::fdo::{DBusProxy, NameOwnerChangedStream};
use zbus::names::BusName;

const WATCHER: &str = "org.kde.StatusNotifierWatcher";
/// A bus that went away is looked for again.
const AGAIN: Duration = Duration::from_secs(30);

/// Watches on the bus of this address; another address is taken at once.
pub(super) fn watch(mut bus: watch::Receiver<Option<String>>) -> watch::Receiver<Host> {
    let (told, watched) = watch::channel(Host::Unknown);
    tokio::spawn(async move {
        loop {
            let address = bus.borrow_and_update().clone();
            tokio::select! {
                why = follow(address, &told) => {
                    tell(&told, Host::NoBus(why));
                    tokio::select! {
                        changed = bus.changed() => if changed.is_err() { return },
                        () = tokio::time::sleep(AGAIN) => {}
                    }
                }
                changed = bus.changed() => if changed.is_err() { return },
                () = told.closed() => return,
            }
        }
    });
    watched
}

fn tell(told: &watch::Sender<Host>, host: Host) {
    told.send_if_modified(|last| {
        let changed = *last != host;
        *last = host;
        changed
    });
}

/// Follows until the bus is gone; the answer says why there is none.
async fn follow(address: Option<String>, told: &watch::Sender<Host>) -> String {
    let Some(address) = address else { return String::from("DBUS_SESSION_BUS_ADDRESS is not set") };
    match connect(&address).await {
        Ok((proxy, mut changes)) => {
            let owned = match BusName::try_from(WATCHER) {
                Ok(name) => proxy.name_has_owner(name).await.unwrap_or(false),
                Err(_) => false,
            };
            tell(told, shows(owned));
            while let Some(change) = changes.next().await {
                let owner = change.args().is_ok_and(|args| args.new_owner().is_some());
                tell(told, shows(owner));
            }
            String::from("it went away")
        }
        Err(error) => error.to_string(),
    }
}

const fn shows(owned: bool) -> Host {
    if owned { Host::Present } else { Host::Absent }
}

async fn connect(address: &str) -> zbus::Result<(DBusProxy<'static>, NameOwnerChangedStream)> {
    let connection = zbus::connection::Builder::address(address).build().await?;
    let proxy = DBusProxy::new(&connection).await?;
    // subscribed before the first question, so that nothing falls between
    let changes = proxy.receive_name_owner_changed_with_args(&[(0, WATCHER)]).await?;
    Ok((proxy, changes))
}

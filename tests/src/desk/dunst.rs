//! The notification service that real desktops have: dunst.

use super::{Desk, Part, Picture, bus};
use crate::eventually;
use std::path::Path;

const NAME: &str = "org.freedesktop.Notifications";
const CONFIG: &str =
    "[global]\nfont = DejaVu Sans 10\norigin = top-right\noffset = 16x44\nwidth = 420\nidle_threshold = 0\n";

impl Desk {
    pub async fn start_dunst(&mut self) {
        let config = self.home().join("dunstrc");
        std::fs::write(&config, CONFIG).unwrap();
        let mut command = self.command("dunst");
        command.arg("-config").arg(config);
        self.dunst = Some(Part::start("dunst", "dunst", &mut command));
        bus::owned(&self.connect().await, NAME).await;
    }

    /// Waits until it shows so many.
    pub async fn dunst_shows(&self, bus: &zbus::Connection, wanted: u32) {
        let dunst = dunst(bus).await;
        eventually(&format!("dunst shows {wanted}"), 40, async || {
            let shown: u32 = dunst.get_property("displayedLength").await.ok()?;
            (shown == wanted).then_some(())
        })
        .await;
    }

    /// Waits until the screen is not what it was: a notification changed in its place.
    pub async fn dunst_says(&self, before: &Path, take: impl Fn(&Path), to: &Path) {
        let old = Picture::read(before);
        eventually("the notification changes", 40, async || {
            take(to);
            (Picture::read(to) != old).then_some(())
        })
        .await;
    }

    pub async fn dunst_close_all(&self, bus: &zbus::Connection) {
        let _: () = dunst(bus).await.call("NotificationCloseAll", &()).await.unwrap();
    }
}

async fn dunst(bus: &zbus::Connection) -> zbus::Proxy<'static> {
    zbus::proxy::Builder::new(bus)
        .destination(NAME)
        .path("/org/freedesktop/Notifications")
        .interface("org.dunstproject.cmd0")
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await
        .unwrap()
}

//! A tray icon as a panel sees it: `org.kde.StatusNotifierItem`.

use super::menu::{self, Entry};
use super::panel;
use super::pixels::Picture;
use crate::eventually;
use zbus::wire::OwnedObjectPath;

/// Longest time until an event is seen in the tray.
const PATIENCE: u64 = 20;

#[derive(Debug, Clone)]
pub struct Item {
    connection: zbus::Connection,
    service: String,
    path: String,
}

/// What can be seen of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// The icon's name: `recording-dark-24`; else a description of what is there.
    pub icon: String,
    pub tooltip: String,
    pub title: String,
}

impl Look {
    /// `recording`
    pub fn state(&self) -> &str {
        self.icon.split('-').next().unwrap_or_default()
    }
}

impl Item {
    /// All that the panel knows.
    pub async fn all(connection: &zbus::Connection) -> Vec<Self> {
        let watcher = panel::watcher(connection).await;
        let names: Vec<String> =
            watcher.get_property("RegisteredStatusNotifierItems").await.unwrap_or_default();
        let item = |name: &String| {
            let (service, path) = name.split_at(name.find('/').unwrap_or(name.len()));
            let path = if path.is_empty() { "/StatusNotifierItem" } else { path };
            Self { connection: connection.clone(), service: service.to_owned(), path: path.to_owned() }
        };
        names.iter().map(item).collect()
    }

    /// The only one, once it is there.
    pub async fn appears(connection: &zbus::Connection) -> Self {
        eventually("an icon in the panel", PATIENCE, async || {
            let mut items = Self::all(connection).await;
            (items.len() == 1).then(|| items.remove(0))
        })
        .await
    }

    /// The process whose icon it is.
    pub async fn pid(&self) -> Option<u32> {
        super::bus::pid_of(&self.connection, &self.service).await
    }

    async fn proxy(&self) -> zbus::Proxy<'static> {
        zbus::proxy::Builder::new(&self.connection)
            .destination(self.service.clone())
            .path(self.path.clone())
            .interface("org.kde.StatusNotifierItem")
            .cache_properties(zbus::proxy::CacheProperties::No)
            .build()
            .await
            .unwrap()
    }

    pub async fn look(&self) -> Look {
        let proxy = self.proxy().await;
        let text = async |name: &str| proxy.get_property::<String>(name).await.unwrap_or_default();
        Look {
            icon: self.icon(&proxy).await,
            tooltip: self.tooltip(&proxy).await,
            title: text("Title").await,
        }
    }

    /// The icon comes as pixels, or as a file's name.
    async fn icon(&self, proxy: &zbus::Proxy<'_>) -> String {
        let sent: Vec<(i32, i32, Vec<u8>)> = proxy.get_property("IconPixmap").await.unwrap_or_default();
        let mut sizes = Vec::new();
        for (width, height, bytes) in &sent {
            sizes.push((*width, *height));
            if let Some(name) = Picture::from_argb(*width, *height, bytes).and_then(|picture| picture.icon())
            {
                return name;
            }
        }
        let name: String = proxy.get_property("IconName").await.unwrap_or_default();
        let theme: String = proxy.get_property("IconThemePath").await.unwrap_or_default();
        let file = std::path::Path::new(&theme).join(format!("{name}.png"));
        let known = Picture::read(&file).and_then(|picture| picture.icon());
        known.unwrap_or_else(|| format!("none of ours: pixels {sizes:?}, name {name:?}, in {theme:?}"))
    }

    async fn tooltip(&self, proxy: &zbus::Proxy<'_>) -> String {
        type Tip = (String, Vec<(i32, i32, Vec<u8>)>, String, String);
        let Ok((_, _, title, text)) = proxy.get_property::<Tip>("ToolTip").await else {
            return String::new();
        };
        [title, text].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n")
    }

    /// Waits until the icon says this state.
    pub async fn shows(&self, state: &str) -> Look {
        let mut last = None;
        let begun = std::time::Instant::now();
        while begun.elapsed().as_secs() < PATIENCE {
            let look = self.look().await;
            if look.state() == state {
                return look;
            }
            last = Some(look);
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("the icon does not become {state}: {last:?}")
    }

    /// Waits until the tooltip has this text.
    pub async fn says(&self, text: &str) -> Look {
        eventually(&format!("a tooltip with {text:?}"), PATIENCE, async || {
            let look = self.look().await;
            look.tooltip.contains(text).then_some(look)
        })
        .await
    }

    /// A left click on the icon.
    pub async fn activate(&self) {
        let _: () = self.proxy().await.call("Activate", &(0i32, 0i32)).await.unwrap();
    }

    async fn menu_proxy(&self) -> zbus::Proxy<'static> {
        let path: OwnedObjectPath = self.proxy().await.get_property("Menu").await.unwrap();
        menu::proxy(&self.connection, &self.service, path).await
    }

    /// The menu as it is now.
    pub async fn menu(&self) -> Vec<Entry> {
        menu::read(&self.menu_proxy().await).await
    }

    /// Waits until the menu has an entry at this path of labels; a label may be the beginning of the whole.
    pub async fn entry(&self, path: &[&str]) -> Entry {
        let mut seen = Vec::new();
        let begun = std::time::Instant::now();
        while begun.elapsed().as_secs() < PATIENCE {
            seen = self.menu().await;
            if let Some(entry) = menu::find(&seen, path) {
                return entry.clone();
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("no entry {path:?} in the menu:\n{}", menu::draw(&seen, 0))
    }

    /// Clicks it, as a person would.
    pub async fn click(&self, path: &[&str]) {
        let entry = self.entry(path).await;
        assert!(entry.enabled, "{path:?} is greyed out");
        menu::click(&self.menu_proxy().await, entry.id).await;
    }

    /// The menu as text, for messages.
    pub async fn drawn(&self) -> String {
        menu::draw(&self.menu().await, 0)
    }
}

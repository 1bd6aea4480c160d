//! A tray icon's menu as a panel sees it: `com.canonical.dbusmenu`.

use std::collections::HashMap;
use zbus::wire::{OwnedObjectPath, OwnedVariant, Variant};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub id: i32,
    /// As it is read: without the marks of shortcuts. Empty for a separator.
    pub label: String,
    pub enabled: bool,
    /// For an entry with a tick.
    pub checked: Option<bool>,
    pub children: Vec<Entry>,
}

pub async fn proxy(
    connection: &zbus::Connection,
    service: &str,
    path: OwnedObjectPath,
) -> zbus::Proxy<'static> {
    zbus::proxy::Builder::new(connection)
        .destination(service.to_owned())
        .path(path)
        .interface("com.canonical.dbusmenu")
        .cache_properties(zbus::proxy::CacheProperties::No)
        .build()
        .await
        .unwrap()
}

type Node = (i32, HashMap<String, OwnedVariant>, Vec<OwnedVariant>);

/// All of it, with its submenus. An icon that is just being changed may have none for a moment.
pub async fn read(menu: &zbus::Proxy<'_>) -> Vec<Entry> {
    let layout: zbus::Result<(u32, Node)> =
        menu.call("GetLayout", &(0i32, -1i32, Vec::<String>::new())).await;
    layout.map(|(_, root)| children(root.2)).unwrap_or_default()
}

fn children(nodes: Vec<OwnedVariant>) -> Vec<Entry> {
    nodes.into_iter().map(|node| entry(Node::try_from(Variant::from(node)).unwrap())).collect()
}

fn entry((id, properties, nodes): Node) -> Entry {
    let text = |name: &str| properties.get(name).and_then(|v| <&str>::try_from(v).ok()).unwrap_or_default();
    let truth = |name: &str| properties.get(name).and_then(|v| bool::try_from(v).ok());
    let state = properties.get("toggle-state").and_then(|v| i32::try_from(v).ok());
    let label = text("label").replace("__", "\u{1}").replace('_', "").replace('\u{1}', "_");
    Entry {
        id,
        label: if text("type") == "separator" { String::new() } else { label },
        enabled: truth("enabled").unwrap_or(true),
        checked: (text("toggle-type") == "checkmark").then_some(state == Some(1)),
        children: children(nodes),
    }
}

/// The entry at this path: the label itself, else the only one that begins so.
pub fn find<'a>(menu: &'a [Entry], path: &[&str]) -> Option<&'a Entry> {
    let (wanted, rest) = path.split_first()?;
    let whole = menu.iter().find(|entry| entry.label == *wanted);
    let found = whole.or_else(|| menu.iter().find(|entry| entry.label.starts_with(wanted)))?;
    if rest.is_empty() { Some(found) } else { find(&found.children, rest) }
}

pub async fn click(menu: &zbus::Proxy<'_>, id: i32) {
    let clicked = (id, "clicked", Variant::from(""), 0u32);
    let _: () = menu.call("Event", &clicked).await.unwrap();
}

/// As a person sees it.
pub fn draw(menu: &[Entry], depth: usize) -> String {
    let mut text = String::new();
    for entry in menu {
        let tick = match entry.checked {
            Some(true) => "[x] ",
            Some(false) => "[ ] ",
            None => "",
        };
        let label = if entry.label.is_empty() { "--" } else { &entry.label };
        let grey = if entry.enabled { "" } else { "  (greyed out)" };
        text.push_str(&format!("{}{tick}{label}{grey}\n", "  ".repeat(depth)));
        text.push_str(&draw(&entry.children, depth + 1));
    }
    text
}

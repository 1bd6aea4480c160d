//! Icon and menu as they are on the screen.
//!
//! Changes labels in place where the menu keeps its shape, so that an open menu stays open; else the menu is made anew.
//! Invariant: `entries` is what the items show.

use super::icons;
use crate::lines;
use chasm_recorder::wire::{Entry, Face, FromTray, Kind};
use std::collections::HashMap;
use tauri::menu::{CheckMenuItem, IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};
use tauri::tray::{MouseButton, MouseButtonState, TrayIcon, TrayIconBuilder, TrayIconEvent};
use tauri::{AppHandle, Wry};

pub struct Drawn {
    tray: TrayIcon,
    face: Face,
    items: HashMap<String, Item>,
}

enum Item {
    Plain(MenuItem<Wry>),
    Check(CheckMenuItem<Wry>),
    Submenu(Submenu<Wry>),
    Separator(PredefinedMenuItem<Wry>),
}

impl Drawn {
    pub fn make(app: &AppHandle, face: Face) -> tauri::Result<Self> {
        let (menu, items) = menu(app, &face.menu)?;
        let tray = TrayIconBuilder::with_id("chasm-recorder")
            .icon(icons::image(face.icon)?)
            .tooltip(&face.tooltip)
            .menu(&menu)
            .show_menu_on_left_click(cfg!(target_os = "macos"))
            .on_tray_icon_event(|_, event| activated(&event));
        // elsewhere a title stands beside the icon
        let tray = if cfg!(target_os = "linux") { tray.title("Chasm Recorder") } else { tray };
        Ok(Self { tray: tray.build(app)?, face, items })
    }

    pub fn show(&mut self, app: &AppHandle, face: Face) -> tauri::Result<()> {
        if face.icon != self.face.icon {
            self.tray.set_icon(Some(icons::image(face.icon)?))?;
        }
        if face.tooltip != self.face.tooltip {
            self.tray.set_tooltip(Some(&face.tooltip))?;
        }
        if same_shape(&face.menu, &self.face.menu) {
            self.relabel(&self.face.menu, &face.menu)?;
        } else {
            let (menu, items) = menu(app, &face.menu)?;
            self.tray.set_menu(Some(menu))?;
            self.items = items;
        }
        self.face = face;
        Ok(())
    }

    /// Brings a check mark back to what the recorder said.
    pub fn undo_check(&self, id: &str) {
        if let (Some(Item::Check(item)), Some(Kind::Check(checked))) =
            (self.items.get(id), find(&self.face.menu, id).map(|entry| &entry.kind))
        {
            let _ = item.set_checked(*checked);
        }
    }

    fn relabel(&self, old: &[Entry], new: &[Entry]) -> tauri::Result<()> {
        for (old, new) in old.iter().zip(new) {
            if let (Kind::Submenu(old), Kind::Submenu(new)) = (&old.kind, &new.kind) {
                self.relabel(old, new)?;
            }
            if old == new {
                continue;
            }
            match self.items.get(&new.id) {
                Some(Item::Plain(item)) => {
                    item.set_text(label(new))?;
                    item.set_enabled(new.enabled)?;
                }
                Some(Item::Check(item)) => {
                    item.set_text(label(new))?;
                    item.set_enabled(new.enabled)?;
                    item.set_checked(new.kind == Kind::Check(true))?;
                }
                Some(Item::Submenu(item)) => {
                    item.set_text(label(new))?;
                    item.set_enabled(new.enabled)?;
                }
                Some(Item::Separator(_)) | None => {}
            }
        }
        Ok(())
    }
}

fn activated(event: &TrayIconEvent) {
    if let TrayIconEvent::Click { button: MouseButton::Left, button_state: MouseButtonState::Up, .. } = event
        && !cfg!(target_os = "macos")
    {
        lines::say(&FromTray::Activated(true));
    }
}

type Items = HashMap<String, Item>;

fn menu(app: &AppHandle, entries: &[Entry]) -> tauri::Result<(Menu<Wry>, Items)> {
    let menu = Menu::new(app)?;
    let mut items = Items::new();
    for entry in entries {
        let item = item(app, entry, &mut items)?;
        menu.append(item.as_item())?;
        items.insert(entry.id.clone(), item);
    }
    Ok((menu, items))
}

fn item(app: &AppHandle, entry: &Entry, items: &mut Items) -> tauri::Result<Item> {
    let (id, text, enabled) = (entry.id.as_str(), label(entry), entry.enabled);
    Ok(match &entry.kind {
        Kind::Item => Item::Plain(MenuItem::with_id(app, id, text, enabled, None::<&str>)?),
        Kind::Check(checked) => {
            Item::Check(CheckMenuItem::with_id(app, id, text, enabled, *checked, None::<&str>)?)
        }
        Kind::Separator => Item::Separator(PredefinedMenuItem::separator(app)?),
        Kind::Submenu(entries) => {
            let submenu = Submenu::with_id(app, id, text, enabled)?;
            for entry in entries {
                let inner = item(app, entry, items)?;
                submenu.append(inner.as_item())?;
                items.insert(entry.id.clone(), inner);
            }
            Item::Submenu(submenu)
        }
    })
}

impl Item {
    fn as_item(&self) -> &dyn IsMenuItem<Wry> {
        match self {
            Self::Plain(item) => item,
            Self::Check(item) => item,
            Self::Submenu(item) => item,
            Self::Separator(item) => item,
        }
    }
}

/// An ampersand would underline what follows it.
fn label(entry: &Entry) -> String {
    entry.label.replace('&', "&&")
}

/// The same entries of the same kinds; what they say may differ.
fn same_shape(a: &[Entry], b: &[Entry]) -> bool {
    let same = |a: &Entry, b: &Entry| {
        a.id == b.id
            && match (&a.kind, &b.kind) {
                (Kind::Submenu(a), Kind::Submenu(b)) => same_shape(a, b),
                (Kind::Check(_), Kind::Check(_)) => true,
                (a, b) => a == b,
            }
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

fn find<'a>(entries: &'a [Entry], id: &str) -> Option<&'a Entry> {
    entries.iter().find_map(|entry| match &entry.kind {
        _ if entry.id == id => Some(entry),
        Kind::Submenu(inner) => find(inner, id),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use chasm_recorder::wire::Icon;

    fn entry(id: &str, label: &str, kind: Kind) -> Entry {
        Entry { id: id.into(), label: label.into(), enabled: true, kind }
    }

    #[test]
    fn a_label_changes_in_place_and_an_entry_that_comes_or_goes_does_not() {
        let submenu = |ids: &[&str]| {
            vec![entry("m", "More", Kind::Submenu(ids.iter().map(|id| entry(id, id, Kind::Item)).collect()))]
        };
        assert!(same_shape(&[entry("a", "x", Kind::Item)], &[entry("a", "y", Kind::Item)]));
        assert!(same_shape(&[entry("a", "", Kind::Check(true))], &[entry("a", "", Kind::Check(false))]));
        assert!(same_shape(&submenu(&["a", "b"]), &submenu(&["a", "b"])));
        assert!(!same_shape(&submenu(&["a", "b"]), &submenu(&["a", "c"])));
        assert!(!same_shape(&submenu(&["a", "b"]), &submenu(&["a"])));
        assert!(!same_shape(&[entry("a", "", Kind::Item)], &[entry("a", "", Kind::Check(true))]));
        assert_eq!(find(&submenu(&["a", "b"]), "b").unwrap().label, "b");
    }

    #[test]
    fn an_ampersand_is_one() {
        assert_eq!(label(&entry("a", "R&D _x_", Kind::Item)), "R&&D _x_");
    }

    #[test]
    fn every_state_has_an_image() {
        for icon in [Icon::Idle, Icon::Recording, Icon::Paused, Icon::Attention, Icon::Error] {
            assert!(icons::image(icon).unwrap().width() >= 32);
        }
    }
}

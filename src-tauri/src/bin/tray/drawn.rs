//! Icon and menu as they are on the screen.
//!
//! Changes labels in place where the menu keeps its shape, so that an open menu stays open; else the menu is made anew.
//! Invariant: `entries` is what the items show.

use crate::icons;
use anyhow::Result;
use chasm_recorder::wire::{Entry, Face, Kind};
use std::collections::HashMap;
use tray_icon::menu::{CheckMenuItem, IsMenuItem, Menu, MenuItem, PredefinedMenuItem, Submenu};
use tray_icon::{TrayIcon, TrayIconBuilder};

pub struct Drawn {
    tray: TrayIcon,
    face: Face,
    items: HashMap<String, Item>,
}

enum Item {
    Plain(MenuItem),
    Check(CheckMenuItem),
    Submenu(Submenu),
    Separator(PredefinedMenuItem),
}

impl Drawn {
    pub fn make(face: Face) -> Result<Self> {
        let (menu, items) = menu(&face.menu)?;
        let tray = TrayIconBuilder::new()
            .with_id("chasm-recorder")
            .with_icon(icons::image(face.icon)?)
            .with_tooltip(&face.tooltip)
            .with_menu(Box::new(menu))
            .with_menu_on_left_click(cfg!(target_os = "macos"));
        // elsewhere a title stands beside the icon
        let tray = if cfg!(target_os = "linux") { tray.with_title("Chasm Recorder") } else { tray };
        Ok(Self { tray: tray.build()?, face, items })
    }

    pub fn show(&mut self, face: Face) -> Result<()> {
        if face.icon != self.face.icon {
            self.tray.set_icon(Some(icons::image(face.icon)?))?;
        }
        if face.tooltip != self.face.tooltip {
            self.tray.set_tooltip(Some(&face.tooltip))?;
        }
        if same_shape(&face.menu, &self.face.menu) {
            self.relabel(&self.face.menu, &face.menu);
        } else {
            let (menu, items) = menu(&face.menu)?;
            self.tray.set_menu(Some(Box::new(menu)));
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
            item.set_checked(*checked);
        }
    }

    /// Waits until whoever clicked is through with the menu: an entry may end this process, and a click without an answer is an
    /// error for some panels.
    pub fn settle(&self) {
        // any change waits its turn behind the click
        let _ = self.tray.set_tooltip(Some(&self.face.tooltip));
    }

    fn relabel(&self, old: &[Entry], new: &[Entry]) {
        for (old, new) in old.iter().zip(new) {
            if let (Kind::Submenu(old), Kind::Submenu(new)) = (&old.kind, &new.kind) {
                self.relabel(old, new);
            }
            if old == new {
                continue;
            }
            match self.items.get(&new.id) {
                Some(Item::Plain(item)) => {
                    item.set_text(label(new));
                    item.set_enabled(new.enabled);
                }
                Some(Item::Check(item)) => {
                    item.set_text(label(new));
                    item.set_enabled(new.enabled);
                    item.set_checked(new.kind == Kind::Check(true));
                }
                Some(Item::Submenu(item)) => {
                    item.set_text(label(new));
                    item.set_enabled(new.enabled);
                }
                Some(Item::Separator(_)) | None => {}
            }
        }
    }
}

type Items = HashMap<String, Item>;

fn menu(entries: &[Entry]) -> Result<(Menu, Items)> {
    let menu = Menu::new();
    let mut items = Items::new();
    for entry in entries {
        let item = item(entry, &mut items)?;
        menu.append(item.as_item())?;
        items.insert(entry.id.clone(), item);
    }
    Ok((menu, items))
}

fn item(entry: &Entry, items: &mut Items) -> Result<Item> {
    let (id, text, enabled) = (entry.id.as_str(), label(entry), entry.enabled);
    Ok(match &entry.kind {
        Kind::Item => Item::Plain(MenuItem::with_id(id, text, enabled, None)),
        Kind::Check(checked) => Item::Check(CheckMenuItem::with_id(id, text, enabled, *checked, None)),
        Kind::Separator => Item::Separator(PredefinedMenuItem::separator()),
        Kind::Submenu(entries) => {
            let submenu = Submenu::with_id(id, text, enabled);
            for entry in entries {
                let inner = item(entry, items)?;
                submenu.append(inner.as_item())?;
                items.insert(entry.id.clone(), inner);
            }
            Item::Submenu(submenu)
        }
    })
}

impl Item {
    fn as_item(&self) -> &dyn IsMenuItem {
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
}

//! Where the window was, and how large: `window.json` in the data folder.
//!
//! Never fails: a place that cannot be read or kept is as good as none. Invariant: a window is never put where no screen is.

use serde::{Deserialize, Serialize};
use std::path::Path;
use tauri::{LogicalSize, PhysicalPosition, WebviewWindow};

const FILE: &str = "window.json";
/// Smallest and largest that is believed.
const SIDES: std::ops::RangeInclusive<f64> = 200.0..=16_384.0;

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// Without the scale of the screen.
    pub width: f64,
    pub height: f64,
    /// In pixels of the screens.
    pub at: Option<(i32, i32)>,
    #[serde(default)]
    pub maximized: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self { width: 1_120.0, height: 760.0, at: None, maximized: false }
    }
}

impl Place {
    pub fn read(data_dir: Option<&Path>) -> Self {
        let read = |dir: &Path| serde_json::from_slice::<Self>(&std::fs::read(dir.join(FILE)).ok()?).ok();
        let believed = |place: &Self| SIDES.contains(&place.width) && SIDES.contains(&place.height);
        data_dir.and_then(read).filter(believed).unwrap_or_default()
    }

    /// The place of this window; while it is maximized the one before.
    pub fn of(window: &WebviewWindow, before: Self) -> Self {
        let measure = || -> tauri::Result<Self> {
            if window.is_maximized()? {
                return Ok(Self { maximized: true, ..before });
            }
            let size: LogicalSize<f64> = window.inner_size()?.to_logical(window.scale_factor()?);
            let at = window.outer_position().ok().map(|at| (at.x, at.y));
            Ok(Self { width: size.width, height: size.height, at, maximized: false })
        };
        measure().unwrap_or(before)
    }

    pub fn keep(&self, data_dir: Option<&Path>) {
        let Some(path) = data_dir.map(|dir| dir.join(FILE)) else { return };
        let text = serde_json::to_vec(self).unwrap_or_default();
        let new = path.with_extension("json.new");
        if std::fs::write(&new, text).is_ok() {
            let _ = std::fs::rename(&new, &path);
        }
    }

    /// Puts the window there, if there is still a screen.
    pub fn apply(&self, window: &WebviewWindow) -> tauri::Result<()> {
        if let Some((x, y)) = self.at {
            let is_there = window.available_monitors()?.iter().any(|screen| {
                let (from, size) = (screen.position(), screen.size());
                let within = |at: i32, from: i32, side: u32| {
                    (0..i64::from(side)).contains(&(i64::from(at) - i64::from(from)))
                };
                within(x, from.x, size.width) && within(y, from.y, size.height)
            });
            if is_there {
                window.set_position(PhysicalPosition::new(x, y))?;
            }
        }
        if self.maximized { window.maximize() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_kept_and_an_odd_one_is_not_believed() {
        let folder = tempfile::tempdir().unwrap();
        let dir = Some(folder.path());
        assert_eq!(Place::read(dir), Place::default());
        let place = Place { width: 900.0, height: 600.0, at: Some((10, -20)), maximized: true };
        place.keep(dir);
        assert_eq!(Place::read(dir), place);
        for odd in [
            "",
            "{}",
            r#"{"width":1.0,"height":600.0,"at":null}"#,
            r#"{"width":1e9,"height":600.0,"at":null}"#,
        ] {
            std::fs::write(folder.path().join(FILE), odd).unwrap();
            assert_eq!(Place::read(dir), Place::default(), "{odd}");
        }
        assert_eq!(Place::read(None), Place::default());
    }
}

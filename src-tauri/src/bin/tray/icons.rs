//! The icon of each state, for dark and for light panels.
//!
//! Never draws a shape: `icons/` has them. Invariant: each state has a shape of its own, on either ground.

use anyhow::{Context, Result};
use chasm_recorder::wire;
use std::io::Cursor;
use tray_icon::Icon;

macro_rules! grounds {
    ($state:literal) => {
        (
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/icons/tray/", $state, "-dark-48.png"))
                .as_slice(),
            include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/icons/tray/", $state, "-light-48.png"))
                .as_slice(),
        )
    };
}

/// The image of a state, for the panel of this desktop.
pub fn image(icon: wire::Icon) -> Result<Icon> {
    let (dark, light) = match icon {
        wire::Icon::Idle => grounds!("idle"),
        wire::Icon::Recording => grounds!("recording"),
        wire::Icon::Paused => grounds!("paused"),
        wire::Icon::Attention => grounds!("attention"),
        wire::Icon::Error => grounds!("error"),
    };
    let (pixels, width, height) = pixels(if is_dark_panel() { dark } else { light })?;
    Ok(Icon::from_rgba(pixels, width, height)?)
}

/// Four bytes each, with their width and height.
fn pixels(png: &[u8]) -> Result<(Vec<u8>, u32, u32)> {
    let mut reader = png::Decoder::new(Cursor::new(png)).read_info()?;
    let mut pixels = vec![0; reader.output_buffer_size().context("an image of the tray is too large")?];
    let frame = reader.next_frame(&mut pixels)?;
    pixels.truncate(frame.buffer_size());
    Ok((pixels, frame.width, frame.height))
}

/// No desktop says what its panel looks like. GNOME's is dark whatever the theme; elsewhere it follows the theme.
#[cfg(target_os = "linux")]
fn is_dark_panel() -> bool {
    use gtk::traits::GtkSettingsExt;
    let desktop = std::env::var("XDG_CURRENT_DESKTOP").unwrap_or_default().to_ascii_lowercase();
    if desktop.contains("gnome") || desktop.contains("unity") {
        return true;
    }
    let themed = || {
        let settings = gtk::Settings::default()?;
        let name = settings.gtk_theme_name().unwrap_or_default().to_ascii_lowercase();
        Some(settings.is_gtk_application_prefer_dark_theme() || name.contains("dark"))
    };
    gtk::is_initialized_main_thread() && themed().unwrap_or(false)
}

/// The task bar of Windows is dark unless told otherwise; macOS gives dark and light in turn, and both can be seen there.
#[cfg(not(target_os = "linux"))]
fn is_dark_panel() -> bool {
    cfg!(target_os = "windows")
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::Icon::{Attention, Error, Idle, Paused, Recording};

    #[test]
    fn every_state_has_an_image() {
        for icon in [Idle, Recording, Paused, Attention, Error] {
            image(icon).unwrap();
        }
        let (pixels, width, height) = pixels(grounds!("idle").0).unwrap();
        assert_eq!((width, height, pixels.len()), (48, 48, 48 * 48 * 4));
        assert!(pixels.chunks(4).any(|pixel| pixel[3] == 255) && pixels.chunks(4).any(|pixel| pixel[3] == 0));
    }
}

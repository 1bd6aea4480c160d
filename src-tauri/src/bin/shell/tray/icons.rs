//! The icon of each state, for dark and for light panels.
//!
//! Never draws a shape: `icons/` has them. Invariant: each state has a shape of its own, on either ground.

use chasm_recorder::wire::Icon;
use tauri::image::Image;

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
pub fn image(icon: Icon) -> tauri::Result<Image<'static>> {
    let (dark, light) = match icon {
        Icon::Idle => grounds!("idle"),
        Icon::Recording => grounds!("recording"),
        Icon::Paused => grounds!("paused"),
        Icon::Attention => grounds!("attention"),
        Icon::Error => grounds!("error"),
    };
    Image::from_bytes(if is_dark_panel() { dark } else { light })
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

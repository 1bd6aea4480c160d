//! What the shell is built with: Tauri's configuration and the capabilities of its window.
//!
//! Does nothing where the feature `shell` is off. Invariant: no command of the application is open to a page that a capability
//! does not name.

/// What the window shows; `make page` builds it.
#[cfg(feature = "shell")]
const PAGE: &str = "ui/dist/index.html";

fn main() {
    #[cfg(feature = "shell")]
    shell();
}

#[cfg(feature = "shell")]
fn shell() {
    println!("cargo:rerun-if-changed=src-tauri/capabilities");
    println!("cargo:rerun-if-changed={PAGE}");
    if !std::path::Path::new(PAGE).is_file() {
        println!("cargo:warning=the window's page is not built ({PAGE} is not there): run `make page` first");
        std::process::exit(1);
    }
    let manifest = tauri_build::AppManifest::new().commands(&["open_outside"]);
    let attributes = tauri_build::Attributes::new()
        .capabilities_path_pattern("./src-tauri/capabilities/**/*")
        .app_manifest(manifest);
    if let Err(error) = tauri_build::try_build(attributes) {
        println!("cargo:warning={error:#}");
        std::process::exit(1);
    }
}

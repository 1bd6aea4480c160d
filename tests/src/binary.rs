//! Where the binaries under test are, built if need be.
//!
//! Invariant: each is at least as new as its sources, unless the environment names another one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// A package, the binaries that tests want of it, and what they are made from.
struct Package {
    name: &'static str,
    binaries: &'static [&'static str],
    sources: &'static [&'static str],
}

const CLI: Package = Package { name: "chasm-cli", binaries: &["chasm"], sources: &["crates"] };
const DESKTOP: Package = Package {
    name: "chasm-recorder",
    binaries: &["chasm-recorder", "chasm-recorder-tray", "chasm-recorder-shell"],
    sources: &["crates", "src-tauri", "ui", "icons", "tauri.conf.json", "Cargo.toml"],
};

/// The command line: `CHASM_BIN`, else the one beside this test's own executable.
pub fn chasm() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| find("CHASM_BIN", &CLI, "chasm"))
}

/// The desktop's recorder: `CHASM_RECORDER_BIN`, else as [`chasm`].
pub fn recorder() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| find("CHASM_RECORDER_BIN", &DESKTOP, "chasm-recorder"))
}

/// The tray: `CHASM_TRAY_BIN`, else as [`chasm`].
pub fn tray() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| find("CHASM_TRAY_BIN", &DESKTOP, "chasm-recorder-tray"))
}

/// The window: `CHASM_SHELL_BIN`, else as [`chasm`].
pub fn shell() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| find("CHASM_SHELL_BIN", &DESKTOP, "chasm-recorder-shell"))
}

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn find(variable: &str, package: &Package, binary: &str) -> PathBuf {
    match std::env::var_os(variable) {
        Some(path) => path.into(),
        None => built(package).join(format!("{binary}{}", std::env::consts::EXE_SUFFIX)),
    }
}

/// The folder with the package's binaries.
fn built(package: &Package) -> PathBuf {
    // target/PROFILE/deps/test-hash
    let test = std::env::current_exe().unwrap();
    let profile =
        test.parent().and_then(Path::parent).expect("a test lies in target/PROFILE/deps").to_owned();
    // tests run side by side, each in a process of its own
    let lock = File::create(profile.join(".chasm-for-tests.lock")).unwrap();
    lock.lock().unwrap();
    let stamp = profile.join(format!(".{}-for-tests", package.name));
    let oldest = package.binaries.iter().map(|name| changed(&profile.join(name))).min().flatten();
    if oldest.is_none() || newest_source(package) > oldest.max(changed(&stamp)).unwrap() {
        build(package, &profile);
        fs::write(&stamp, "").unwrap();
    }
    profile
}

fn build(package: &Package, profile: &Path) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "-p", package.name]).current_dir(workspace());
    command.args(package.binaries.iter().flat_map(|name| ["--bin", name]));
    command.env("CARGO_TARGET_DIR", profile.parent().unwrap());
    match profile.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => {}
        Some(name) => {
            command.args(["--profile", name]);
        }
    }
    assert!(command.status().unwrap().success(), "{} cannot be built", package.name);
}

fn newest_source(package: &Package) -> SystemTime {
    let root = workspace();
    let mut newest = changed(&root.join("Cargo.lock")).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut open: Vec<PathBuf> = package.sources.iter().map(|name| root.join(name)).collect();
    while let Some(path) = open.pop() {
        let Ok(about) = fs::symlink_metadata(&path) else { continue };
        if about.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().flatten().map(|entry| entry.path()));
        } else if path.extension().is_some_and(|e| MATTERS.contains(&&*e.to_string_lossy())) {
            newest = newest.max(about.modified().unwrap());
        }
    }
    newest
}

/// Files of these kinds go into a binary.
const MATTERS: [&str; 9] = ["rs", "toml", "sql", "json", "html", "css", "js", "png", "svg"];

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

//! Where the `chasm` binary is, built if need be.
//!
//! Invariant: it is at least as new as its sources, unless `CHASM_BIN` names another one.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::SystemTime;

/// The binary under test: `CHASM_BIN`, else the one beside this test's own executable.
pub fn chasm() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| match std::env::var_os("CHASM_BIN") {
        Some(path) => path.into(),
        None => built(),
    })
}

/// The root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn built() -> PathBuf {
    // target/PROFILE/deps/test-hash
    let test = std::env::current_exe().unwrap();
    let profile =
        test.parent().and_then(Path::parent).expect("a test lies in target/PROFILE/deps").to_owned();
    let binary = profile.join(format!("chasm{}", std::env::consts::EXE_SUFFIX));
    // tests run side by side, each in a process of its own
    let lock = File::create(profile.join(".chasm-for-tests.lock")).unwrap();
    lock.lock().unwrap();
    let stamp = profile.join(".chasm-for-tests");
    if newest_source() > changed(&binary).max(changed(&stamp)).unwrap_or(SystemTime::UNIX_EPOCH)
        || !binary.exists()
    {
        build(&profile);
        fs::write(&stamp, "").unwrap();
    }
    binary
}

fn build(profile: &Path) {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "-p", "chasm-cli", "--bin", "chasm"]).current_dir(workspace());
    command.env("CARGO_TARGET_DIR", profile.parent().unwrap());
    match profile.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => {}
        Some(name) => {
            command.args(["--profile", name]);
        }
    }
    assert!(command.status().unwrap().success(), "chasm cannot be built");
}

fn newest_source() -> SystemTime {
    let root = workspace();
    let mut newest = changed(&root.join("Cargo.lock")).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut open = vec![root.join("crates")];
    while let Some(path) = open.pop() {
        let Ok(about) = fs::symlink_metadata(&path) else { continue };
        if about.is_dir() {
            open.extend(fs::read_dir(&path).unwrap().flatten().map(|entry| entry.path()));
        } else if path.extension().is_some_and(|e| e == "rs" || e == "toml" || e == "sql") {
            newest = newest.max(about.modified().unwrap());
        }
    }
    newest
}

fn changed(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

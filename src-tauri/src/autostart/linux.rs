//! The entry's file: there or not, switched off or not, moved or not.
//!
//! Never starts anything. Invariant: the file is replaced as a whole.

use super::AutostartError;
use super::entry::{self, Entry};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const FILE: &str = "chasm-recorder.desktop";

/// The entry of one user for one program.
#[derive(Debug, Clone)]
pub struct Autostart {
    path: PathBuf,
    command: Vec<String>,
}

impl Autostart {
    /// The entry of this user for this program and its arguments.
    pub fn new(arguments: Vec<String>) -> Result<Self, AutostartError> {
        Ok(Self::at(
            config_folder().ok_or(AutostartError::NoHome)?.join("autostart").join(FILE),
            &program()?,
            arguments,
        ))
    }

    fn at(path: PathBuf, program: &str, arguments: Vec<String>) -> Self {
        let mut command = vec![program.to_owned()];
        command.extend(arguments);
        Self { path, command }
    }

    /// The recorder starts at login.
    pub fn is_on(&self) -> bool {
        self.read().is_some_and(|entry| entry.enabled)
    }

    pub fn turn(&self, on: bool) -> Result<(), AutostartError> {
        if on { self.write() } else { self.remove() }
    }

    /// Writes the entry anew where its program is gone: the binary has moved, or another package has it now. True where it did.
    pub fn repair(&self) -> Result<bool, AutostartError> {
        let Some(Entry { command, enabled: true }) = self.read() else { return Ok(false) };
        let is_there = command.first().is_some_and(|program| Path::new(program).exists());
        if is_there || command == self.command {
            return Ok(false);
        }
        self.write()?;
        Ok(true)
    }

    fn read(&self) -> Option<Entry> {
        entry::read(&std::fs::read_to_string(&self.path).ok()?)
    }

    fn write(&self) -> Result<(), AutostartError> {
        let text = entry::text(&self.command)?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(self.failed("cannot make its folder"))?;
        let write = || -> io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(".chasm-").tempfile_in(folder)?;
            file.write_all(text.as_bytes())?;
            file.persist(&self.path).map_err(|e| e.error)?;
            Ok(())
        };
        write().map_err(self.failed("cannot write"))
    }

    fn remove(&self) -> Result<(), AutostartError> {
        match std::fs::remove_file(&self.path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(self.failed("cannot remove")(e)),
            _ => Ok(()),
        }
    }

    fn failed(&self, what: &'static str) -> impl FnOnce(io::Error) -> AutostartError {
        let path = self.path.clone();
        move |source| AutostartError::Io { path, what, source }
    }
}

/// This program; an AppImage's file where it came out of one, for what is mounted of it has another path each time.
fn program() -> Result<String, AutostartError> {
    let path = match std::env::var_os("APPIMAGE").filter(|path| !path.is_empty()) {
        Some(image) => PathBuf::from(image),
        None => std::env::current_exe().map_err(|e| AutostartError::System(e.to_string()))?,
    };
    path.into_os_string()
        .into_string()
        .map_err(|path| AutostartError::Unsayable(path.to_string_lossy().into_owned()))
}

fn config_folder() -> Option<PathBuf> {
    // a relative path means nothing, says the specification
    let given = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    given.or_else(|| Some(directories::BaseDirs::new()?.home_dir().join(".config")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn autostart(folder: &Path, program: &str) -> Autostart {
        Autostart::at(folder.join("autostart").join(FILE), program, vec!["--hidden".into()])
    }

    #[test]
    fn on_and_off() {
        let home = tempfile::tempdir().unwrap();
        let here = autostart(home.path(), "/bin/sh");
        assert!(!here.is_on());
        here.turn(false).unwrap();
        here.turn(true).unwrap();
        assert!(here.is_on());
        let text = std::fs::read_to_string(&here.path).unwrap();
        std::fs::write(&here.path, format!("{text}Hidden=true\n")).unwrap();
        assert!(!here.is_on());
        here.turn(true).unwrap();
        assert!(here.is_on());
        here.turn(false).unwrap();
        assert!(!here.path.exists());
    }

    #[test]
    fn a_binary_that_moved_is_followed() {
        let home = tempfile::tempdir().unwrap();
        let old = home.path().join("old");
        std::fs::write(&old, "").unwrap();
        autostart(home.path(), old.to_str().unwrap()).turn(true).unwrap();
        let new = autostart(home.path(), "/bin/sh");
        assert!(!new.repair().unwrap(), "the other program is still there: it was the user's wish");
        std::fs::remove_file(&old).unwrap();
        assert!(new.repair().unwrap() && !new.repair().unwrap());
        assert_eq!(new.read().unwrap().command, ["/bin/sh", "--hidden"]);
    }

    #[test]
    fn an_entry_that_is_off_stays_off() {
        let home = tempfile::tempdir().unwrap();
        let gone = autostart(home.path(), "/gone");
        gone.turn(true).unwrap();
        let text = std::fs::read_to_string(&gone.path).unwrap();
        std::fs::write(&gone.path, format!("{text}Hidden=true\n")).unwrap();
        assert!(!autostart(home.path(), "/bin/sh").repair().unwrap());
    }

    #[test]
    fn a_home_that_cannot_be_written_is_said() {
        let home = tempfile::tempdir().unwrap();
        std::fs::write(home.path().join("autostart"), "a file").unwrap();
        let error = autostart(home.path(), "/bin/sh").turn(true).unwrap_err().to_string();
        assert!(error.contains("chasm-recorder.desktop: cannot make its folder"), "{error}");
    }
}

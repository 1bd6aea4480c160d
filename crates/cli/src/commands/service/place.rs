//! Where the unit is, and what lies there.
//!
//! Owns the file. Never replaces or removes one that `chasm` did not write. Invariant: the file is replaced as a whole.

use super::unit;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

pub const NAME: &str = "chasm-recorder.service";
/// Where `systemctl enable` links it.
const WANTED: &str = "default.target.wants";

#[derive(Debug, thiserror::Error)]
pub enum PlaceError {
    #[error("{}: {what}: {source}", path.display())]
    Io { path: PathBuf, what: &'static str, source: io::Error },
    #[error("there is no configuration folder: neither XDG_CONFIG_HOME nor HOME is set")]
    NoHome,
    #[error("{} belongs to another user (uid {owner}): run this as that user, without sudo", path.display())]
    Others { path: PathBuf, owner: u32 },
    #[error("{} was not written by `chasm service install`: it is left alone", path.display())]
    Foreign { path: PathBuf },
}

/// The unit's file of one user.
#[derive(Debug, Clone)]
pub struct Place {
    path: PathBuf,
}

impl Place {
    /// That of this user.
    pub fn of_user() -> Result<Self, PlaceError> {
        let given = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let config = given("XDG_CONFIG_HOME")
            .or_else(|| given("HOME").map(|home| home.join(".config")))
            .ok_or(PlaceError::NoHome)?;
        keep_out_of_others(&config)?;
        Ok(Self::at(&config))
    }

    fn at(config: &Path) -> Self {
        Self { path: config.join("systemd/user").join(NAME) }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The unit that `chasm` wrote; an error where it is somebody else's, a mask (a link to `/dev/null`) included.
    pub fn ours(&self) -> Result<Option<String>, PlaceError> {
        match std::fs::read_to_string(&self.path) {
            Ok(text) if unit::is_ours(&text) => Ok(Some(text)),
            // a link that leads nowhere is somebody's as well
            Err(e) if e.kind() == io::ErrorKind::NotFound && !self.path.is_symlink() => Ok(None),
            Err(e) if !matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidData) => {
                Err(self.failed("cannot read")(e))
            }
            _ => Err(PlaceError::Foreign { path: self.path.clone() }),
        }
    }

    pub fn write(&self, text: &str) -> Result<(), PlaceError> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        std::fs::create_dir_all(folder).map_err(self.failed("cannot make its folder"))?;
        let write = || -> io::Result<()> {
            let mut file = tempfile::Builder::new().prefix(".chasm-").tempfile_in(folder)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&self.path).map_err(|e| e.error)?;
            Ok(())
        };
        write().map_err(self.failed("cannot write"))
    }

    /// Removes the unit, and the link that starts it at login where `systemctl` could not.
    pub fn remove(&self) -> Result<(), PlaceError> {
        let wanted = self.path.with_file_name(WANTED).join(NAME);
        if wanted.is_symlink() {
            std::fs::remove_file(&wanted).map_err(self.failed("cannot remove the link that starts it"))?;
        }
        match std::fs::remove_file(&self.path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(self.failed("cannot remove")(e)),
            _ => Ok(()),
        }
    }

    fn failed(&self, what: &'static str) -> impl FnOnce(io::Error) -> PlaceError {
        let path = self.path.clone();
        move |source| PlaceError::Io { path, what, source }
    }
}

/// With `sudo`, HOME may be that of the user who called it: what root wrote there would be in the way.
#[cfg(unix)]
fn keep_out_of_others(config: &Path) -> Result<(), PlaceError> {
    use std::os::unix::fs::MetadataExt;
    let there = config.ancestors().find_map(|path| Some((path, std::fs::metadata(path).ok()?)));
    let me = rustix::process::geteuid().as_raw();
    match there {
        Some((path, about)) if about.uid() != me && about.uid() != 0 => {
            Err(PlaceError::Others { path: path.to_owned(), owner: about.uid() })
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn keep_out_of_others(_: &Path) -> Result<(), PlaceError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_written_replaced_and_removed() {
        let home = tempfile::tempdir().unwrap();
        let place = Place::at(home.path());
        assert_eq!(place.ours().unwrap(), None);
        for program in ["/old/chasm", "/new/chasm"] {
            let text = unit::text(program, &[]).unwrap();
            place.write(&text).unwrap();
            assert_eq!(place.ours().unwrap(), Some(text));
        }
        let wanted = place.path().with_file_name(WANTED);
        std::fs::create_dir(&wanted).unwrap();
        std::os::unix::fs::symlink(place.path(), wanted.join(NAME)).unwrap();
        place.remove().unwrap();
        assert!(!place.path().exists() && !wanted.join(NAME).is_symlink());
        place.remove().unwrap();
    }

    #[test]
    fn what_somebody_else_wrote_is_left_alone() {
        let home = tempfile::tempdir().unwrap();
        let place = Place::at(home.path());
        std::fs::create_dir_all(place.path().parent().unwrap()).unwrap();
        for bytes in [&b"[Service]\nExecStart=/bin/x\n"[..], b"", b"\xff"] {
            std::fs::write(place.path(), bytes).unwrap();
            assert!(matches!(place.ours(), Err(PlaceError::Foreign { .. })), "{bytes:?}");
        }
        std::fs::remove_file(place.path()).unwrap();
        for target in ["/dev/null", "/nowhere"] {
            std::os::unix::fs::symlink(target, place.path()).unwrap();
            assert!(matches!(place.ours(), Err(PlaceError::Foreign { .. })), "{target}");
            std::fs::remove_file(place.path()).unwrap();
        }
    }
}

//! Files that are new: whole or not there, and never in the place of another.

use chasm_protocol::session::SessionDetail;
use chasm_server::export;
use std::io::{self, Write};
use std::path::Path;

/// Bytes of a name that leave room for an id, a number and an ending: file systems take 255.
const NAME_BYTES: usize = 180;

/// What stands where a file is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum There {
    Nothing,
    /// The same, byte for byte.
    Same,
    Other,
}

/// A session's title as the name of a file, without its ending.
pub fn name(session: &SessionDetail) -> String {
    let title = export::file_name(export::title(session));
    title.get(..title.floor_char_boundary(NAME_BYTES)).unwrap_or(&title).trim_end().to_owned()
}

/// What stands at this path.
pub fn there(path: &Path, bytes: &[u8]) -> io::Result<There> {
    match std::fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(There::Nothing),
        Err(error) => Err(error),
        Ok(about) if about.is_file() && about.len() == bytes.len() as u64 => {
            Ok(if std::fs::read(path)? == bytes { There::Same } else { There::Other })
        }
        Ok(_) => Ok(There::Other),
    }
}

/// Writes it beside its place and moves it there; `AlreadyExists` where something stands there. It is on disk afterwards.
pub fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().prefix(".chasm-").tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    // the name as well; a file system that cannot has said so with the file
    if let Ok(folder) = std::fs::File::open(folder) {
        let _ = folder.sync_all();
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_title_still_fits() {
        let mut session = crate::show::samples::detail();
        session.summary.title = Some("🦀".repeat(80));
        let name = name(&session);
        assert!((100..=NAME_BYTES).contains(&name.len()), "{name}");
        session.summary.title = Some("a/b".into());
        assert_eq!(super::name(&session), "a-b");
    }

    #[test]
    fn nothing_is_replaced_and_nothing_left_beside() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.md");
        assert_eq!(there(&path, b"one").unwrap(), There::Nothing);
        write(&path, b"one").unwrap();
        assert_eq!(
            (there(&path, b"one").unwrap(), there(&path, b"two").unwrap()),
            (There::Same, There::Other)
        );
        assert_eq!(write(&path, b"two").unwrap_err().kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        assert_eq!(there(folder.path(), b"").unwrap(), There::Other);
    }
}

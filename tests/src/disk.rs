//! A small disk of a test's own (tmpfs): it runs full, or takes no writes.
//!
//! Needs root; says so where it may not mount one. Invariant: it is gone with the value.

use crate::run_to_end;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const SIZE: &str = "size=24m,mode=0700";

/// A mounted tmpfs.
pub struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    pub fn mount() -> Option<Self> {
        let folder = tempfile::Builder::new().prefix("chasm-disk-").tempdir().unwrap();
        let mount =
            Command::new("mount").args(["-t", "tmpfs", "-o", SIZE, "tmpfs"]).arg(folder.path()).output();
        match mount {
            Ok(done) if done.status.success() => Some(Self { folder }),
            other => {
                println!("skipped: no small disk can be mounted here: {other:?}");
                None
            }
        }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Takes all room there is, but for so many bytes.
    pub fn fill(&self, leave: u64) -> PathBuf {
        let ballast = self.path().join("ballast");
        let mut command = Command::new("dd");
        command.args(["if=/dev/zero", "bs=64k", "oflag=append", "conv=notrunc"]);
        command.arg(format!("of={}", ballast.display()));
        let done = run_to_end(&mut command, b"", 20);
        assert_ne!(done.code, 0, "it should have run full");
        let file = fs::File::options().write(true).open(&ballast).unwrap();
        file.set_len(file.metadata().unwrap().len().saturating_sub(leave)).unwrap();
        ballast
    }

    /// From now on nothing can be written, by root neither.
    pub fn make_read_only(&self) {
        let remount = ["-o", "remount,ro"];
        let done = Command::new("mount").args(remount).arg(self.path()).output().unwrap();
        assert!(done.status.success(), "{done:?}");
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // lazily: a process of a failed test may still hold a file
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

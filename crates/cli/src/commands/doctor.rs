//! `chasm doctor`
//!
//! Owns the folder's lock while the engine checks it. Never works on a folder that a recorder uses.

use crate::app::App;
use crate::args::Doctor;
use crate::exit::{Exit, NotFound};
use crate::show::state::{self, paint};
use crate::show::text;
use crate::show::time::count;
use anyhow::{Context, Result, bail};
use chasm_engine::doctor::{self, DoctorReport};
use std::fs::{File, TryLockError};
use std::path::Path;

pub async fn run(app: &App<'_>, args: &Doctor) -> Result<Exit> {
    let folder = app.data_dir()?;
    if !folder.is_dir() {
        let text = format!("no data folder at {}: nothing was recorded there", folder.display());
        return Err(NotFound(text).into());
    }
    let _lock = lock(&folder)?;
    let bar = super::bar("checking", 0);
    let progress = |done, of| {
        bar.set_length(of);
        bar.set_position(done);
    };
    let check = async |repair| {
        doctor::check(&folder, repair, &progress).await.with_context(|| folder.display().to_string())
    };
    let found = check(args.repair).await?;
    // A repair is believed when a second look finds nothing.
    let again = args.repair && !found.problems.is_empty();
    let left = if again { check(false).await?.problems } else { found.problems.clone() };
    bar.finish_and_clear();
    if app.out.json() {
        app.out.document(&Answer { found: &found, left: &left })?;
    } else {
        app.out.print(&render(&found, &left, &folder, args.repair))?;
    }
    Ok(if left.is_empty() { Exit::Done } else { Exit::Problems })
}

#[derive(serde::Serialize)]
struct Answer<'a> {
    #[serde(flatten)]
    found: &'a DoctorReport,
    /// The problems that are there now.
    left: &'a [String],
}

/// The lock that a running recorder holds.
fn lock(folder: &Path) -> Result<File> {
    let path = folder.join("lock");
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path).with_context(|| path.display().to_string())?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let pid = std::fs::read_to_string(&path).unwrap_or_default();
            let pid = pid.trim();
            let who = if pid.is_empty() { String::new() } else { format!(" (pid {pid})") };
            bail!(
                "a recorder{who} uses {}: stop it first, the doctor needs the folder for itself",
                folder.display()
            )
        }
        Err(TryLockError::Error(error)) => Err(error).with_context(|| path.display().to_string()),
    }
}

fn render(report: &DoctorReport, left: &[String], folder: &Path, repair: bool) -> String {
    let mut out = format!(
        "{}: {}, {}, {} in the journal ({} not in the database yet), {} set aside\n",
        folder.display(),
        count(report.sessions, "session"),
        count(report.events, "event"),
        count(report.journal_records, "record"),
        report.unapplied_records,
        count(report.quarantined_files, "file"),
    );
    let mut lines = |sign: String, lines: &[String]| {
        for line in lines {
            out.push_str(&format!("{sign} {}\n", text::one_line(line)));
        }
    };
    lines(paint(state::RED, "▲"), &report.problems);
    lines(paint(state::BLUE, "↺"), &report.repaired);
    lines(paint(state::DIM, "–"), &report.notes);
    let ok = paint(state::GREEN, "✓");
    match (report.problems.is_empty(), left.is_empty(), repair) {
        (true, ..) => out.push_str(&format!("{ok} nothing is wrong\n")),
        (false, true, _) => out.push_str(&format!("{ok} all of it is repaired\n")),
        (false, false, true) => {
            out.push_str(&format!("{} left, which cannot be repaired\n", count(left.len() as u64, "problem")));
        }
        (false, false, false) => out.push_str(
            "`chasm doctor --repair` repairs what can be repaired; what is damaged is set aside, not deleted.\n",
        ),
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::show::samples;

    #[test]
    fn a_report_of_problems() {
        let report = DoctorReport {
            sessions: 2,
            events: 31,
            journal_records: 1,
            problems: vec!["session \"s\": its messages differ from what its events say".into()],
            notes: vec!["journal: segment 3: torn tail".into()],
            ..DoctorReport::default()
        };
        insta::assert_snapshot!(samples::plain(&render(
            &report,
            &report.problems,
            Path::new("/data"),
            false
        )));
    }

    #[test]
    fn a_folder_in_use_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("lock"), "4711\n").unwrap();
        let held = lock(folder.path()).unwrap();
        let error = lock(folder.path()).unwrap_err().to_string();
        assert!(error.contains("(pid 4711)"), "{error}");
        drop(held);
        assert!(lock(folder.path()).is_ok());
    }
}

//! `chasm service`: the unit it writes, what it asks of systemd, and what it says where there is none.
//!
//! `systemctl` is a mock in all tests but the last: a script that writes down what it was asked. The last one is the real thing,
//! a user's systemd in a world of its own, where the machine has one.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::{Done, Opts, Recorder, chasm, events, is_root, run_to_end, within};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const DONE: i32 = 0;
const FAILURE: i32 = 1;
const NO_RECORDER: i32 = 3;
const NOT_FOUND: i32 = 5;
const NAME: &str = "chasm-recorder.service";

/// Writes down what it was asked; `show` answers what the test put there; refuses what the test named.
const SYSTEMCTL: &str = r#"#!/bin/sh
echo "$*" >>"$HOME/asked"
case $* in
  *"$(cat "$HOME/refused" 2>/dev/null || echo nothing)"*) echo "Failed to connect to bus" >&2; exit 1 ;;
  *show*chasm-recorder.service) cat "$HOME/shown" 2>/dev/null || echo ActiveState=inactive ;;
esac
"#;

/// A home, with a mock of `systemctl` first on its path.
struct Home(tempfile::TempDir);

impl Home {
    fn new() -> Self {
        let home = Self(tempfile::tempdir().unwrap());
        fs::create_dir(home.path("bin")).unwrap();
        let mock = home.path("bin/systemctl");
        fs::write(&mock, SYSTEMCTL).unwrap();
        fs::set_permissions(&mock, fs::Permissions::from_mode(0o755)).unwrap();
        home
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn unit(&self) -> PathBuf {
        self.path(".config/systemd/user").join(NAME)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(chasm());
        command.arg("service").args(args).env_clear().current_dir(self.0.path());
        command
            .env("HOME", self.0.path())
            .env("PATH", format!("{}:/usr/bin:/bin", self.path("bin").display()));
        command
    }

    fn service(&self, args: &[&str]) -> Done {
        run_to_end(&mut self.command(args), b"", 60)
    }

    /// What systemd was asked since the last look, without the questions whether it is there.
    fn asked(&self) -> Vec<String> {
        let text = fs::read_to_string(self.path("asked")).unwrap_or_default();
        let _ = fs::remove_file(self.path("asked"));
        let lines = text.lines().filter(|line| !line.contains(" show "));
        lines.map(|line| line.strip_prefix("--user ").unwrap_or(line).to_owned()).collect()
    }

    fn set(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).unwrap();
    }
}

fn exec(unit: &Path) -> String {
    let text = fs::read_to_string(unit).unwrap();
    text.lines().find_map(|line| line.strip_prefix("ExecStart=")).unwrap().to_owned()
}

#[test]
fn installed_asked_and_removed() {
    let home = Home::new();
    let done = home.service(&["install", "--json", "--port", "0", "--data-dir", "my 100% $data"]).ok().json();
    assert_eq!(
        (&done["enabled"], &done["started"], &done["why"]),
        (&json!(true), &json!(true), &json!(null))
    );
    let unit = home.unit();
    assert_eq!(done["unit"], unit.to_str().unwrap());
    let folder = home.path("my 100%% $$data");
    let program = fs::canonicalize(chasm()).unwrap();
    assert_eq!(
        exec(&unit),
        format!(r#""{}" "serve" "--data-dir" "{}" "--port" "0""#, program.display(), folder.display())
    );
    assert_eq!(
        home.asked(),
        ["daemon-reload", "enable chasm-recorder.service", "start chasm-recorder.service"]
    );

    home.set("shown", "ActiveState=active\nUnitFileState=enabled\nMainPID=7\n");
    assert!(home.service(&["status"]).ok().stdout.contains("active (pid 7)"));
    let status = home.service(&["status", "--json"]).ok().json();
    assert_eq!((&status["active"], &status["program_exists"]), (&json!("active"), &json!(true)), "{status}");

    // the same again changes nothing that runs; something else starts it anew
    home.asked();
    home.service(&["install", "--port", "0", "--data-dir", "my 100% $data"]).ok();
    assert_eq!(home.asked().last().unwrap(), "start chasm-recorder.service");
    home.service(&["install", "--port", "0"]).ok();
    assert_eq!(home.asked().last().unwrap(), "restart chasm-recorder.service");
    assert!(!exec(&unit).contains("--data-dir"));

    let removed = home.service(&["remove", "--json"]).ok().json();
    assert_eq!(removed["stopped"], true);
    assert_eq!(
        home.asked(),
        ["disable --now chasm-recorder.service", "daemon-reload", "reset-failed chasm-recorder.service"]
    );
    assert!(!unit.exists());
    assert_eq!(home.service(&["remove"]).code, NOT_FOUND);
    assert_eq!(home.service(&["status"]).code, NOT_FOUND);
}

#[test]
fn the_folder_of_settings_and_of_data_may_be_elsewhere() {
    let home = Home::new();
    let mut command = home.command(&["install", "--config", "c.toml"]);
    command.env("XDG_CONFIG_HOME", home.path("conf")).env("XDG_DATA_HOME", home.path("share"));
    run_to_end(&mut command, b"", 60).ok();
    let exec = exec(&home.path("conf/systemd/user").join(NAME));
    // systemd's own environment need not have it
    let data = home.path("share/chasm-recorder");
    let config = home.path("c.toml");
    assert!(
        exec.ends_with(&format!(
            r#""serve" "--data-dir" "{}" "--config" "{}""#,
            data.display(),
            config.display()
        )),
        "{exec}"
    );
}

#[test]
fn without_systemd_the_unit_is_there_and_the_rest_is_said() {
    let home = Home::new();
    home.set("refused", "--property=Version");
    let done = home.service(&["install", "--data-dir", "it's"]);
    assert_eq!(done.code, DONE, "{done:?}");
    assert!(home.unit().exists());
    for words in [
        "neither started nor set to start at login",
        "Failed to connect to bus",
        "systemctl --user enable --now chasm-recorder.service",
        r"/it'\''s'",
    ] {
        assert!(done.stdout.contains(words), "{words} is not in {done:?}");
    }
    assert!(home.asked().is_empty());
    assert_eq!(home.service(&["status"]).code, NO_RECORDER);
    let done = home.service(&["remove", "--json"]).ok().json();
    assert_eq!((&done["stopped"], home.unit().exists()), (&json!(false), false));
    // no program of that name at all
    let mut command = home.command(&["install", "--json"]);
    let done = run_to_end(command.env("PATH", home.path("empty")), b"", 60).ok().json();
    assert!(done["why"].as_str().unwrap().contains("cannot run systemctl"), "{done}");
}

#[test]
fn what_systemd_refuses_is_told_in_its_words() {
    let home = Home::new();
    home.set("refused", "start ");
    let done = home.service(&["install", "--json"]);
    assert_eq!((done.code, &done.json()["enabled"]), (FAILURE, &json!(true)), "{done:?}");
    assert!(done.json()["why"].as_str().unwrap().contains("Failed to connect to bus"), "{done:?}");
    home.set("refused", "disable");
    let done = home.service(&["remove"]);
    assert_eq!(done.code, FAILURE, "{done:?}");
    assert!(done.stderr.contains("nothing was removed") && home.unit().exists(), "{done:?}");
}

#[test]
fn a_unit_of_somebody_else_is_left_alone() {
    let home = Home::new();
    fs::create_dir_all(home.unit().parent().unwrap()).unwrap();
    let theirs = "[Service]\nExecStart=/bin/true\n";
    fs::write(home.unit(), theirs).unwrap();
    for act in ["install", "remove", "status"] {
        let done = home.service(&[act]);
        assert_eq!(done.code, FAILURE, "{act}: {done:?}");
        assert!(done.stderr.contains("was not written by `chasm service install`"), "{act}: {done:?}");
    }
    assert_eq!(fs::read_to_string(home.unit()).unwrap(), theirs);
    assert!(home.asked().is_empty());
}

#[test]
fn a_folder_that_is_in_use_is_said() {
    within(60, async {
        let home = Home::new();
        let mut recorder = Recorder::start(Opts::default());
        let folder = recorder.data_dir();
        let args = ["install", "--json", "--data-dir", folder.to_str().unwrap()];
        let done = home.service(&args).ok().json();
        assert_eq!((&done["enabled"], &done["started"]), (&json!(true), &json!(false)), "{done}");
        assert!(done["why"].as_str().unwrap().contains(&format!("(pid {})", recorder.pid())), "{done}");
        assert_eq!(home.asked(), ["daemon-reload", "enable chasm-recorder.service"]);
        recorder.term();
        assert_eq!(home.service(&args).ok().json()["started"], true);
    });
}

#[test]
fn another_users_home_is_left_alone() {
    if !is_root() {
        println!("skipped: another user's home needs root");
        return;
    }
    let home = Home::new();
    std::os::unix::fs::chown(home.0.path(), Some(65_534), None).unwrap();
    let done = home.service(&["install"]);
    assert_eq!(done.code, FAILURE, "{done:?}");
    assert!(done.stderr.contains("uid 65534") && !home.path(".config").exists(), "{done:?}");
}

const SYSTEMD: &str = "/usr/lib/systemd/systemd";

/// In namespaces of its own: a user's systemd, and what one does with the recorder. Ends with the first thing that fails.
const WORLD: &str = r#"
set -eu
exec 2>&1
scopes() { find /sys/fs/cgroup -type d -name init.scope | sort; }
before=$(scopes)
mount -t tmpfs tmpfs /run
mkdir -p /run/systemd/system /run/user/0 /run/home
chmod 700 /run/user/0
export HOME=/run/home XDG_RUNTIME_DIR=/run/user/0
cd "$HOME"
"$SYSTEMD" --user --log-target=console >log 2>&1 &
manager=$!
for _ in $(seq 200); do [ ! -S /run/user/0/systemd/private ] || break; sleep 0.05; done
if ! systemctl --user show --property=Version >/dev/null; then
  echo no systemd: "$(tail -n 1 log)"
  exit 0
fi
cp "$CHASM" 'my chasm'
chasm=$HOME/'my chasm'
folder=$HOME/'100% of $it'
pid() { systemctl --user show --property=MainPID --value chasm-recorder; }
ask() { "$chasm" --data-dir "$folder" "$@"; }

ask service install --port 0
# «started» means that it listens
echo "$EVENT" | ask send
first=$(pid)
grep '^NoNewPrivs:.*1' "/proc/$first/status"
kill -KILL "$first"
until [ "$(pid)" != "$first" ] && ask status >/dev/null 2>&1; do sleep 0.1; done
ask sessions list
ask service status

# without its program it starts nothing, and that is no failure
systemctl --user stop chasm-recorder
mv "$chasm" gone
systemctl --user start chasm-recorder
systemctl --user show --property=ActiveState,Result chasm-recorder
mv gone "$chasm"

systemctl --user start chasm-recorder
last=$(pid)
ask service remove
[ ! -e "/proc/$last" ]
[ -z "$(find .config -type f -o -type l)" ]
kill -TERM "$manager"
wait "$manager" || true
# it leaves its own behind
comm -13 <(echo "$before") <(scopes) | xargs --no-run-if-empty rmdir
echo all of it
"#;

/// The real thing: quoting, readiness, restart after a crash, the filters of the unit, removal.
#[test]
fn a_real_systemd_runs_it() {
    if !is_root() || !Path::new(SYSTEMD).exists() {
        println!("skipped: a systemd of its own needs root, and systemd");
        return;
    }
    let mut command = Command::new("unshare");
    command.args(["--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "bash", "-c", WORLD]);
    command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("LANG", "C.UTF-8");
    command.env("CHASM", chasm()).env("SYSTEMD", SYSTEMD).env("EVENT", events::message("fox", 1).to_string());
    let done = run_to_end(&mut command, b"", 120);
    if done.code != 0 && done.stderr.contains("unshare") || done.stdout.starts_with("no systemd") {
        println!("skipped: no systemd can be started here: {done:?}");
        return;
    }
    let done = done.ok();
    for words in [
        "it records into /run/home/100% of $it",
        "1 recorded",
        "◐ interrupted",
        "active (pid ",
        "ActiveState=inactive",
        "Result=success",
        "stopped, and not started again",
        "all of it",
    ] {
        assert!(done.stdout.contains(words), "{words} is not in {done:?}");
    }
}

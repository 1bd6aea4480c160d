//! The Debian package: what is in it, and its life on this machine: installed, started from the menu and at a login, replaced,
//! removed.
//!
//! Changes the machine, and changes it back: it needs root, and refuses where the package, or a file of its names, is there
//! already. No other test may use the installed programs.

#![cfg(target_os = "linux")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking"
)]

use chasm_tests::desk::{App, Desk};
use chasm_tests::{
    Done, Recorder, chasm, events, eventually, is_ci, is_root, recorder, run_to_end, shell, tray, within,
    workspace,
};
use serde_json::json;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const NAME: &str = "chasm-recorder";
const PROGRAMS: [&str; 4] = ["chasm", "chasm-recorder", "chasm-recorder-tray", "chasm-recorder-shell"];
const MENU: &str = "/usr/share/applications/chasm-recorder.desktop";
const TITLE: &str = "Chasm Recorder";

/// What has to be in it, beside the programs.
const PARTS: [&str; 15] = [
    MENU,
    "/usr/share/icons/hicolor/32x32/apps/chasm-recorder.png",
    "/usr/share/icons/hicolor/512x512/apps/chasm-recorder.png",
    "/usr/share/icons/hicolor/scalable/apps/chasm-recorder.svg",
    "/usr/share/man/man1/chasm.1.gz",
    "/usr/share/man/man1/chasm-service-install.1.gz",
    "/usr/share/man/man1/chasm-recorder.1.gz",
    "/usr/share/man/man1/chasm-recorder-tray.1.gz",
    "/usr/share/man/man1/chasm-recorder-shell.1.gz",
    "/usr/share/bash-completion/completions/chasm",
    "/usr/share/zsh/vendor-completions/_chasm",
    "/usr/share/fish/vendor_completions.d/chasm.fish",
    "/usr/share/doc/chasm-recorder/copyright",
    "/usr/share/doc/chasm-recorder/changelog.gz",
    "/usr/share/doc/chasm-recorder/THIRD-PARTY.gz",
];

#[test]
fn the_package_from_its_making_to_its_removal() {
    if !there("dpkg-deb") {
        assert!(!is_ci(), "a build server has to test this: it needs dpkg");
        println!("skipped: the package is for systems with dpkg");
        return;
    }
    within(280, async {
        let scratch = tempfile::tempdir().unwrap();
        let package = made(scratch.path());
        looked_at(&package);
        let Some(installed) = Installed::from(&package) else { return };
        let desk = Desk::with_panel().await;
        let mut app = from_the_menu(&desk).await;
        app.term();
        let mut app = at_login(&desk).await;
        tools(&desk);
        replaced(&package, &app).await;
        removed(installed, &desk, &mut app).await;
    });
}

/// The page is written by hand: it has to know each option.
#[test]
fn the_manual_page_of_the_app_names_every_option() {
    let page = fs::read_to_string(workspace().join("packaging/chasm-recorder.1")).unwrap().replace('\\', "");
    let help = run_to_end(Command::new(recorder()).arg("--help"), b"", 30).ok().stdout;
    let options: Vec<&str> = help
        .split(|c: char| c.is_whitespace() || c == ',')
        .filter(|word| word.starts_with("--") && word.len() > 2)
        .collect();
    assert!(options.len() > 5, "{help}");
    for option in options {
        assert!(page.contains(option), "{option} is not in packaging/chasm-recorder.1");
    }
}

/// Built by the script, from the binaries that are under test.
fn made(scratch: &Path) -> PathBuf {
    let programs = scratch.join("programs");
    fs::create_dir(&programs).unwrap();
    for (name, path) in PROGRAMS.iter().zip([chasm(), recorder(), tray(), shell()]) {
        std::os::unix::fs::symlink(path, programs.join(name)).unwrap();
    }
    let mut script = Command::new(workspace().join("scripts/package.sh"));
    script.arg("--debug").arg("--from").arg(&programs).arg("--to").arg(scratch);
    let done = run_to_end(&mut script, b"", 200).ok();
    let package = PathBuf::from(done.stdout.lines().last().unwrap());
    assert!(package.starts_with(scratch) && package.exists(), "{done:?}");
    package
}

fn looked_at(package: &Path) {
    let field = |name: &str| tool("dpkg-deb", &["--field", path(package), name]);
    let (needed, recommended) = (field("Depends"), field("Recommends"));
    assert!(needed.contains("libc6 ("), "{needed}");
    assert!(!needed.contains("webkit") && !needed.contains("gtk"), "recording needs no window: {needed}");
    for library in ["libwebkit2gtk-4.1-0", "libgtk-3-0"] {
        assert_eq!(recommended.matches(library).count(), 1, "{recommended}");
    }
    assert_eq!(field("Package").trim(), NAME);
    let contents = tool("dpkg-deb", &["--contents", path(package)]);
    let has = |path: &str| contents.lines().any(|line| line.contains(&format!(" .{path}")));
    PARTS.iter().for_each(|part| assert!(has(part), "{part} is not in\n{contents}"));
    PROGRAMS.iter().for_each(|name| assert!(has(&format!("/usr/bin/{name}")), "{name}"));
    assert!(!contents.contains("./etc/"), "it starts for nobody unasked:\n{contents}");
    assert!(contents.lines().all(|line| line.contains(" root/root ")), "{contents}");
    let unpack =
        "dpkg-deb --fsys-tarfile \"$0\" | tar -xO ./usr/share/doc/chasm-recorder/THIRD-PARTY.gz | zcat";
    let notices = tool("sh", &["-c", unpack, path(package)]);
    for part in ["\nsqlx ", "\n## svelte ", "\n## markdown-it "] {
        assert!(notices.contains(part), "no licence notice of{part}");
    }
}

/// The package on this machine; taken off it with the value.
struct Installed {
    files: Vec<PathBuf>,
}

impl Installed {
    /// `None` where that cannot be done here.
    fn from(package: &Path) -> Option<Self> {
        if !is_root() {
            println!("skipped: to install a package needs root");
            return None;
        }
        let known = run_to_end(Command::new("dpkg-query").args(["--show", NAME]), b"", 30);
        let taken = PROGRAMS.iter().map(|name| Path::new("/usr/bin").join(name)).find(|path| path.exists());
        if known.code == 0 || taken.is_some() {
            assert!(!is_ci(), "a build server has to test this: it is installed already");
            println!(
                "skipped: it is installed on this machine, and this test would remove it: {known:?} {taken:?}"
            );
            return None;
        }
        let mut installed = Self { files: Vec::new() };
        dpkg(&["--install", path(package)]);
        let listed = tool("dpkg-query", &["--listfiles", NAME]);
        installed.files = listed.lines().map(PathBuf::from).filter(|path| path.is_file()).collect();
        assert!(installed.files.len() > PARTS.len(), "{listed}");
        assert_eq!(tool("dpkg", &["--verify", NAME]), "", "every file is as it was packed");
        Some(installed)
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let _ = Command::new("dpkg").args(["--purge", NAME]).status();
        }
    }
}

/// A click on the menu's entry shows the window; start at login is chosen there.
async fn from_the_menu(desk: &Desk) -> App {
    let menu = Entry::read(Path::new(MENU));
    assert_eq!(menu.value("MimeType"), Some("x-scheme-handler/chasm;"));
    tool("desktop-file-validate", &[MENU]);
    let data = desk.home().join("data");
    let app = App::adopt(desk, started(desk, &menu.words(None)).env("CHASM_DATA_DIR", &data));
    assert_eq!(
        fs::read_link(format!("/proc/{}/exe", app.pid())).unwrap(),
        Path::new("/usr/bin/chasm-recorder")
    );
    desk.display().window_appears(TITLE);
    app.part_is("tray", "ok").await;
    app.record(&events::message("fox", 1)).await;

    // a link finds the one that runs
    let link = menu.words(Some("chasm://session/fox"));
    assert_eq!(run_to_end(started(desk, &link).env("CHASM_DATA_DIR", &data), b"", 30).code, 0);

    assert!(!desk.autostart_entry().exists(), "nobody was asked yet");
    app.rest("PATCH", "/api/app", &json!({"start_at_login": true})).await.expect(200);
    assert!(desk.autostart_entry().exists());
    app
}

/// What a session does with an entry of its autostart folder.
async fn at_login(desk: &Desk) -> App {
    let entry = Entry::read(&desk.autostart_entry());
    let command = entry.at_login().expect("it starts something");
    assert_eq!(command[0], "/usr/bin/chasm-recorder");
    let app = App::adopt(desk, &mut started(desk, &command));
    app.part_is("tray", "ok").await;
    app.record(&events::message("fox", 2)).await;
    assert_eq!(app.session("fox").await["messages"].as_array().unwrap().len(), 2);
    assert!(desk.display().windows(TITLE).is_empty(), "nothing opens at login");
    app
}

/// What a person types.
fn tools(desk: &Desk) {
    let sh = |text: &str| {
        run_to_end(started(desk, &["bash".into(), "-c".into(), text.into()]).env("MANWIDTH", "80"), b"", 60)
    };
    let status = sh("chasm status --json --data-dir \"$HOME/data\"").ok().json();
    assert_eq!(
        (&status["sessions"], &status["desktop"]["tray"]["state"]),
        (&json!(1), &json!("ok")),
        "{status}"
    );
    for page in ["chasm", "chasm-recorder", "chasm-recorder-tray", "chasm-recorder-shell", "chasm-service"] {
        let done = sh(&format!("man --pager=cat {page}")).ok();
        assert!(done.stdout.contains("NAME") && done.stdout.contains("chasm"), "{page}: {done:?}");
    }
    let warned =
        sh("zcat /usr/share/man/man1/chasm-recorder.1.gz | man --warnings -l - 2>&1 >/dev/null").ok();
    assert_eq!(warned.stdout, "");
    let done = sh(". /usr/share/bash-completion/completions/chasm && complete -p chasm").ok();
    assert!(done.stdout.contains("_chasm"), "{done:?}");
}

/// An upgrade lets the recorder record.
async fn replaced(package: &Path, app: &App) {
    dpkg(&["--install", path(package)]);
    app.record(&events::message("fox", 3)).await;
    assert_eq!(app.status().await["sessions"], 1);
}

async fn removed(installed: Installed, desk: &Desk, app: &mut App) {
    let mut serve = Serve::start(desk);
    // the same program in another place is none of the package's business
    let mut other = Recorder::plain();
    let entry = desk.autostart_entry();
    dpkg(&["--remove", NAME]);
    app.ends_well();
    assert_eq!(serve.0.wait().unwrap().code(), Some(0));
    assert_eq!(other.status().await["status"], "recording");
    other.term();
    assert!(TcpStream::connect(app.address()).is_err(), "nothing listens");
    eventually("nothing of it runs", 20, async || desk.processes_named("chasm").is_empty().then_some(()))
        .await;

    // what was recorded is the user's; so is the entry, which does nothing
    assert!(app.data_dir().join("recordings.db").exists());
    assert_eq!(Entry::read(&entry).at_login(), None, "the session passes it over");
    let left = Entry::read(&entry).words(None);
    assert!(started(desk, &left).spawn().is_err());

    dpkg(&["--purge", NAME]);
    let kept: Vec<_> = installed.files.iter().filter(|path| path.exists()).collect();
    assert!(kept.is_empty(), "{kept:?}");
    assert!(!Path::new("/usr/share/doc/chasm-recorder").exists());
    assert_ne!(run_to_end(Command::new("dpkg-query").args(["--show", NAME]), b"", 30).code, 0);
}

/// `chasm serve` of the package, on a folder of its own.
struct Serve(Child);

impl Serve {
    fn start(desk: &Desk) -> Self {
        let words = ["chasm", "serve", "--port", "0", "--data-dir", "served"].map(String::from);
        let mut command = started(desk, &words);
        let mut serve = Self(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
        let mut line = String::new();
        BufReader::new(serve.0.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert!(line.starts_with("listening on "), "{line}");
        serve
    }
}

impl Drop for Serve {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program as the desktop's session starts it: found on the system's path, with nothing of the test's own.
fn started(desk: &Desk, words: &[String]) -> Command {
    let mut command = desk.command(&words[0]);
    command.args(&words[1..]).env_remove("CHASM_TRAY_BIN").env_remove("CHASM_SHELL_BIN");
    command.env("PATH", "/usr/bin:/bin");
    command
}

/// A desktop entry, read as freedesktop.org's specification says.
struct Entry(Vec<(String, String)>);

impl Entry {
    fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap();
        let group = text.lines().skip_while(|line| *line != "[Desktop Entry]").skip(1);
        let lines = group.take_while(|line| !line.starts_with('[')).filter_map(|line| line.split_once('='));
        Self(lines.map(|(key, value)| (key.trim().to_owned(), value.trim().to_owned())).collect())
    }

    fn value(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// The command, unless the entry is switched off or its program is not there.
    fn at_login(&self) -> Option<Vec<String>> {
        let off = self.value("Hidden") == Some("true");
        let gone = self.value("TryExec").is_some_and(|program| !Path::new(&unescaped(program)).exists());
        (!off && !gone).then(|| self.words(None))
    }

    /// The words of `Exec`, with its field codes filled in.
    fn words(&self, url: Option<&str>) -> Vec<String> {
        let exec = unescaped(self.value("Exec").unwrap());
        let (mut words, mut word, mut quoted) = (Vec::new(), None::<String>, false);
        let mut chars = exec.chars();
        while let Some(c) = chars.next() {
            match c {
                '"' => {
                    quoted = !quoted;
                    word.get_or_insert_default();
                }
                '\\' if quoted => word.get_or_insert_default().extend(chars.next()),
                '%' => match chars.next() {
                    Some('%') => word.get_or_insert_default().push('%'),
                    Some('u') if url.is_some() => word.get_or_insert_default().extend(url),
                    _ => {}
                },
                ' ' if !quoted => words.extend(word.take()),
                c => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        words
    }
}

/// The escapes that any value may have.
fn unescaped(value: &str) -> String {
    value.replace("\\\\", "\0").replace("\\s", " ").replace("\\t", "\t").replace('\0', "\\")
}

fn there(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// Its stdout, where it went well.
fn tool(program: &str, args: &[&str]) -> String {
    assert!(there(program), "{program} is not here: scripts/setup.sh test installs it");
    run_to_end(Command::new(program).args(args), b"", 60).ok().stdout
}

/// Waits for others who change the machine's packages.
fn dpkg(args: &[&str]) {
    for _ in 0..100 {
        let done: Done = run_to_end(Command::new("dpkg").args(args), b"", 120);
        if done.code != 0 && done.stderr.contains("lock was locked by another process") {
            std::thread::sleep(std::time::Duration::from_millis(500));
            continue;
        }
        done.ok();
        return;
    }
    panic!("somebody else changes the packages of this machine all the time");
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

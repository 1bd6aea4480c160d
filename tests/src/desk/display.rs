//! An X server without a screen: its windows, keys and pictures.
//!
//! Never touches another display. Invariant: its number is one that the server chose itself, so tests run side by side.

use super::part::wait_for;
use super::{Desk, Part};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Debug)]
pub struct Display {
    server: Part,
    name: String,
}

/// A window as the X server knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub id: String,
    pub title: String,
    pub x: i32,
    pub y: i32,
    pub width: u32,
    pub height: u32,
}

impl Display {
    pub(super) fn start(desk: &Desk) -> Self {
        let mut command = desk.command("Xvfb");
        command.args(["-displayfd", "1", "-screen", "0", "1280x800x24", "-nolisten", "tcp", "-noreset"]);
        let (server, number) = Part::start_and_hear("xvfb", "xvfb", &mut command);
        Self { server, name: format!(":{number}") }
    }

    /// `:99`
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn kill(&mut self) {
        self.server.kill();
    }

    /// A tool with this display, run to its end; its stdout where it went well.
    fn run(&self, package: &str, program: &str, args: &[&str]) -> Option<String> {
        let mut command = Command::new(program);
        command.args(args).env("DISPLAY", &self.name);
        let done = command.output().unwrap_or_else(|error| {
            panic!("{program}: {error}: this test needs Debian's package {package}: scripts/setup.sh test installs it")
        });
        done.status.success().then(|| String::from_utf8_lossy(&done.stdout).into_owned())
    }

    fn xdotool(&self, args: &[&str]) -> Option<String> {
        self.run("xdotool", "xdotool", args)
    }

    /// The visible windows whose title has this text.
    pub fn windows(&self, title: &str) -> Vec<Window> {
        let found = self.xdotool(&["search", "--onlyvisible", "--name", title]).unwrap_or_default();
        found.lines().filter_map(|id| self.window(id)).collect()
    }

    /// The window of this title, once it is to be seen.
    pub fn window_appears(&self, title: &str) -> Window {
        wait_for(&format!("a window {title:?}"), PATIENCE, || self.windows(title).into_iter().next())
    }

    /// Waits until there are so many windows of this title: one that is just given its frame is not to be seen for a moment.
    pub fn windows_are(&self, title: &str, count: usize) {
        let there = || (self.windows(title).len() == count).then_some(());
        wait_for(&format!("{count} windows {title:?}"), PATIENCE, there);
    }

    fn window(&self, id: &str) -> Option<Window> {
        let title = self.xdotool(&["getwindowname", id])?.trim().to_owned();
        let shape = self.xdotool(&["getwindowgeometry", "--shell", id])?;
        let number = |name: &str| {
            shape.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')?.parse::<i64>().ok())
        };
        let size = |name: &str| u32::try_from(number(name)?).ok();
        let place = |name: &str| i32::try_from(number(name)?).ok();
        Some(Window {
            id: id.to_owned(),
            title,
            x: place("X")?,
            y: place("Y")?,
            width: size("WIDTH")?,
            height: size("HEIGHT")?,
        })
    }

    /// Asks a window to close, as its frame's button does. Needs a window manager: it is the one that asks.
    /// One that has only just begun may not hear its keys yet: they are pressed again, as a person would.
    pub fn close(&self, window: &Window) {
        wait_for("the end of a window that was asked to close", PATIENCE, || {
            self.xdotool(&["windowactivate", "--sync", &window.id, "key", "--clearmodifiers", "alt+F4"]);
            let gone = || {
                std::thread::sleep(Duration::from_millis(50));
                self.window(&window.id).is_none()
            };
            (0..20).any(|_| gone()).then_some(())
        });
    }

    /// Gives it the keyboard, with or without a window manager.
    pub fn focus(&self, window: &Window) {
        self.xdotool(&["windowfocus", "--sync", &window.id]);
    }

    pub fn resize(&self, window: &Window, width: u32, height: u32) {
        self.xdotool(&["windowsize", "--sync", &window.id, &width.to_string(), &height.to_string()]);
    }

    pub fn move_to(&self, window: &Window, x: i32, y: i32) {
        self.xdotool(&["windowmove", "--sync", &window.id, &x.to_string(), &y.to_string()]);
    }

    /// A click of this button (1 left, 3 right) at a place of the screen.
    pub fn click(&self, x: i32, y: i32, button: u8) {
        self.xdotool(&["mousemove", &x.to_string(), &y.to_string(), "click", &button.to_string()]);
    }

    pub fn point_at(&self, x: i32, y: i32) {
        self.xdotool(&["mousemove", &x.to_string(), &y.to_string()]);
    }

    pub fn key(&self, key: &str) {
        self.xdotool(&["key", key]);
    }

    /// A picture of the whole screen.
    pub fn picture(&self, to: &Path) {
        let taken = self.run("imagemagick", "import", &["-window", "root", "-silent", &to.to_string_lossy()]);
        assert!(taken.is_some(), "no picture of {} could be taken", self.name);
    }

    /// A picture of a part of the screen: `WIDTHxHEIGHT+X+Y`.
    pub fn picture_of(&self, part: &str, to: &Path) {
        self.picture(to);
        let file = to.to_string_lossy();
        let cut = self.run("imagemagick", "convert", &[&file, "-crop", part, "+repage", &file]);
        assert!(cut.is_some(), "{part} could not be cut out of {file}");
    }

    /// A picture of one window, its frame left out.
    pub fn picture_of_window(&self, window: &Window, to: &Path) {
        self.run("imagemagick", "import", &["-window", &window.id, "-silent", &to.to_string_lossy()]);
    }
}

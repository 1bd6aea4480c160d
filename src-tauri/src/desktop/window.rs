//! The window's child: there while the window is open, and gone with all its memory when it is closed.
//!
//! Never starts one by itself. Invariant: there is at most one.

use crate::child::{Child, Ending, Heard};
use crate::wire::{FromWindow, ToWindow};
use chasm_protocol::api::DisplayEnvironment;
use chasm_protocol::status::Part;
use std::path::Path;
use tokio::sync::mpsc;

pub type FromChild = (u64, Heard<FromWindow>);

pub struct Window {
    heard: mpsc::UnboundedSender<FromChild>,
    child: Option<Child>,
    number: u64,
    is_ready: bool,
    /// Where it is to go, for the browser that may have to do instead.
    path: String,
    missing: Option<String>,
}

impl Window {
    pub const fn new(heard: mpsc::UnboundedSender<FromChild>) -> Self {
        Self { heard, child: None, number: 0, is_ready: false, path: String::new(), missing: None }
    }

    /// Opens it, or brings the open one to the front. The error says what is missing.
    pub fn open(
        &mut self,
        program: &Path,
        arguments: Vec<String>,
        environment: &DisplayEnvironment,
        path: &str,
    ) -> Result<(), String> {
        path.clone_into(&mut self.path);
        if let Some(child) = &self.child
            && child.say(&ToWindow::Go(path.to_owned()))
        {
            return Ok(());
        }
        self.number += 1;
        let (number, heard) = (self.number, self.heard.clone());
        let told = move |said| {
            let _ = heard.send((number, said));
        };
        let mut all = vec![String::from("window")];
        all.extend(arguments);
        all.extend([String::from("--go"), path.to_owned()]);
        self.is_ready = false;
        match Child::start(program, &all, environment, told) {
            Ok(child) => {
                self.child = Some(child);
                Ok(())
            }
            Err(error) => {
                let why = format!("{} cannot be started: {error}", program.display());
                self.missing = Some(why.clone());
                Err(why)
            }
        }
    }

    pub const fn is_open(&self) -> bool {
        self.child.is_some() && self.is_ready
    }

    /// Ends it.
    pub fn end(&mut self) {
        self.child = None;
        self.number += 1;
    }

    /// Takes note. Where a window ended before it was there, the path that it was to show: something else has to show it.
    pub fn hear(&mut self, (number, heard): FromChild) -> Option<String> {
        if number != self.number {
            return None;
        }
        match heard {
            Heard::Said(FromWindow::Ready(_)) => {
                self.is_ready = true;
                self.missing = None;
                None
            }
            Heard::Ended(ending) => self.ended(ending),
        }
    }

    fn ended(&mut self, Ending { well, how }: Ending) -> Option<String> {
        self.child = None;
        if well {
            return None;
        }
        tracing::warn!(%how, "the window ended; recording goes on");
        if self.is_ready {
            return None;
        }
        self.missing = Some(how);
        Some(std::mem::take(&mut self.path))
    }

    /// What the status says, where there is a display.
    pub fn part(&self) -> Part {
        self.missing.as_ref().map_or_else(Part::ok, |why| Part::missing(why.clone()))
    }
}

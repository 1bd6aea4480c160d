//! Start at login on macOS (a launch agent) and Windows (the registry), by the crate `auto-launch`.
//!
//! Invariant: as on Linux, what the system says is the only truth.

use super::AutostartError;
use auto_launch::{AutoLaunch, AutoLaunchBuilder};

#[derive(Debug, Clone)]
pub struct Autostart(AutoLaunch);

impl Autostart {
    pub fn new(arguments: Vec<String>) -> Result<Self, AutostartError> {
        let program = std::env::current_exe().map_err(system)?;
        let program =
            program.to_str().ok_or_else(|| AutostartError::Unsayable(program.display().to_string()))?;
        let mut builder = AutoLaunchBuilder::new();
        builder.set_app_name("Chasm Recorder").set_app_path(program).set_args(&arguments);
        builder.build().map(Self).map_err(system)
    }

    pub fn is_on(&self) -> bool {
        self.0.is_enabled().unwrap_or(false)
    }

    pub fn turn(&self, on: bool) -> Result<(), AutostartError> {
        if on { self.0.enable() } else { self.0.disable() }.map_err(system)
    }

    /// Says it anew, so that a binary that moved is followed.
    pub fn repair(&self) -> Result<bool, AutostartError> {
        if self.is_on() { self.turn(true).map(|()| true) } else { Ok(false) }
    }
}

fn system(error: impl std::fmt::Display) -> AutostartError {
    AutostartError::System(error.to_string())
}

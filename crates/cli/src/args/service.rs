//! Arguments of `chasm service`.

use super::Serve;
use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub enum Unit {
    /// Write the unit, start the recorder, and start it at each login from now on
    ///
    /// What is said here about address, port, settings and data folder is what the recorder is started with.
    /// A unit that something else wrote is left alone.
    Install(Install),
    /// Stop the recorder and take the unit away; what was recorded stays
    Remove,
    /// Say whether the unit is there, and whether it runs
    Status,
}

#[derive(Debug, Args)]
pub struct Install {
    #[command(flatten)]
    pub serve: Serve,
}

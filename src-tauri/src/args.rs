//! The command line of `chasm-recorder`.
//!
//! Owns names, help texts and defaults. Never acts. Invariant: a link that comes out of here is a path of the UI.

use crate::link;
use clap::Parser;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// A flight recorder for AI chats, in the tray: what an editor, a page or a script sends is on disk before it is acknowledged.
#[derive(Debug, Clone, Parser)]
#[command(name = "chasm-recorder", version, max_term_width = 100)]
pub struct Args {
    /// Open no window, not at the first start either
    #[arg(long)]
    pub hidden: bool,
    /// Open the window
    #[arg(long, conflicts_with = "hidden")]
    pub show: bool,
    /// The folder of everything that is recorded
    #[arg(long, value_name = "DIR", env = "CHASM_DATA_DIR", hide_env_values = true)]
    pub data_dir: Option<PathBuf>,
    /// The address to listen at; any other than loopback needs `auth = "token"`
    #[arg(long, value_name = "ADDRESS")]
    pub host: Option<IpAddr>,
    /// The port; where it is taken, the next free one; 0 takes any
    #[arg(long)]
    pub port: Option<u16>,
    /// The settings [default: config.toml in the data folder]
    #[arg(long, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to log: error, warn, info, debug, or a filter such as chasm_server=debug
    #[arg(long, value_name = "LEVEL", env = "CHASM_LOG", hide_env_values = true)]
    pub log: Option<String>,
    /// What to show: chasm://session/ID
    #[arg(value_name = "LINK", value_parser = link::path)]
    pub path: Option<String>,
}

impl Args {
    /// The data folder; it need not be there.
    pub fn data_dir(&self) -> Option<PathBuf> {
        if let Some(given) = self.data_dir.as_ref().filter(|dir| !dir.as_os_str().is_empty()) {
            return Some(given.clone());
        }
        let dirs = directories::ProjectDirs::from("", "", "chasm-recorder")?;
        Some(dirs.data_dir().to_owned())
    }

    /// What a start at login has to say to be the same recorder: only what was said on this command line.
    pub fn at_login(&self) -> Vec<String> {
        let mut arguments = vec![String::from("--hidden")];
        let full = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let mut say = |name: &str, value: Option<String>| {
            arguments.extend(value.into_iter().flat_map(|value| [name.to_owned(), value]));
        };
        let text = |path: &PathBuf| full(path).to_str().map(str::to_owned);
        say("--data-dir", self.data_dir.as_ref().filter(|dir| !dir.as_os_str().is_empty()).and_then(text));
        say("--config", self.config.as_ref().and_then(text));
        say("--host", self.host.map(|host| host.to_string()));
        say("--port", self.port.map(|port| port.to_string()));
        arguments
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Args, clap::Error> {
        Args::try_parse_from(std::iter::once("chasm-recorder").chain(arguments.iter().copied()))
    }

    #[test]
    fn the_interface_is_well_formed() {
        <Args as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn a_link_becomes_a_path_and_an_odd_one_is_refused_with_a_reason() {
        assert_eq!(parse(&["chasm://session/a-1"]).unwrap().path.as_deref(), Some("/session/a-1"));
        let error = parse(&["http://evil.example/"]).unwrap_err().to_string();
        assert!(error.contains("chasm://session/ID"), "{error}");
        assert!(parse(&["chasm://session/a", "chasm://session/b"]).is_err());
        assert!(parse(&["--hidden", "--show"]).is_err());
    }

    #[test]
    fn a_start_at_login_is_the_same_recorder() {
        assert_eq!(parse(&["--show"]).unwrap().at_login(), ["--hidden"]);
        let args = parse(&["--data-dir", "/x y", "--port", "9000", "--config", "/c.toml"]).unwrap();
        assert_eq!(
            args.at_login(),
            ["--hidden", "--data-dir", "/x y", "--config", "/c.toml", "--port", "9000"]
        );
    }
}

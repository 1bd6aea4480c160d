//! What every command has at hand: the recorder's address, the data folder, the output.

use crate::args::Global;
use crate::out::Out;
use chasm_client::{ClientError, Endpoint, Rest};
use std::path::{Path, PathBuf};

pub struct App<'a> {
    pub out: &'a Out,
    global: Global,
}

impl<'a> App<'a> {
    pub fn new(global: Global, out: &'a Out) -> Self {
        Self { out, global }
    }

    /// The data folder; it need not be there.
    pub fn data_dir(&self) -> Result<PathBuf, ClientError> {
        chasm_client::data_dir(self.given_data_dir())
    }

    /// The data folder that the command line or the environment names.
    pub fn given_data_dir(&self) -> Option<&Path> {
        self.global.data_dir.as_deref().filter(|dir| !dir.as_os_str().is_empty())
    }

    /// The recorder that is meant; whether it is there shows when it is asked.
    pub fn endpoint(&self) -> Result<Endpoint, ClientError> {
        // An empty variable is as good as none.
        let given = self.global.server.as_deref().filter(|url| !url.is_empty());
        Endpoint::discover(given, &self.data_dir()?)
    }

    pub fn rest(&self) -> Result<Rest, ClientError> {
        Rest::new(self.endpoint()?)
    }
}

/// The program's name and version, as the recorder shows it.
pub fn client_name() -> String {
    format!("chasm/{}", env!("CARGO_PKG_VERSION"))
}

//! What every command has at hand: the recorder's address, the data folder, the output.

use crate::args::Global;
use crate::out::Out;
use chasm_client::discover::Found;
use chasm_client::{ClientError, Endpoint, Rest};
use chasm_editors::{EDITORS, Root, Roots};
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

    /// The address that the command line or the environment names. An empty variable is as good as none.
    pub fn given_server(&self) -> Option<&str> {
        self.global.server.as_deref().filter(|url| !url.is_empty())
    }

    /// The recorder that is meant; whether it is there shows when it is asked.
    pub fn endpoint(&self) -> Result<Endpoint, ClientError> {
        Endpoint::discover(self.given_server(), &self.data_dir()?)
    }

    /// The recorder at this address, with the data folder's token where that may be sent there.
    pub fn endpoint_at(&self, url: &str) -> Result<Endpoint, ClientError> {
        Endpoint::discover(Some(url), &self.data_dir()?)
    }

    /// Whether the command line or the environment names a recorder, which may be one of another machine.
    pub fn names_recorder(&self) -> Result<bool, ClientError> {
        Ok(self.endpoint()?.found == Found::Given)
    }

    /// Where editors keep their files on this machine: as this machine's recorder has it, else as they do by themselves.
    pub async fn editor_roots(&self) -> Result<Roots, ClientError> {
        let mut roots = Roots::of_environment(&|name| std::env::var_os(name));
        let views = if self.names_recorder()? {
            Vec::new()
        } else {
            self.rest()?.editors().await.unwrap_or_default()
        };
        for editor in EDITORS.iter().copied() {
            let Some(view) = views.iter().find(|view| view.id == editor.id()) else { continue };
            roots = match &view.path {
                _ if !view.enabled => roots.with(editor, Root::Off),
                Some(path) => roots.with(editor, Root::At(path.into())),
                None => roots,
            };
        }
        Ok(roots)
    }

    pub fn rest(&self) -> Result<Rest, ClientError> {
        Rest::new(self.endpoint()?)
    }
}

/// The program's name and version, as the recorder shows it.
pub fn client_name() -> String {
    format!("chasm/{}", env!("CARGO_PKG_VERSION"))
}

//! The editors that are VS Code under other names, and where each keeps its `User` folder.
//!
//! Owns their ids, which never change. Never looks at the disk.

use crate::editor::Env;
use crate::home::{self, System};
use std::path::{Component, Path, PathBuf};

/// VS Code or an editor made of it.
#[derive(Debug, Clone, Copy)]
pub struct VsCode {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) home: Home,
}

/// Where a member of the family keeps its `User` folder.
#[derive(Debug, Clone, Copy)]
pub(super) enum Home {
    /// In the user's folder of settings, under this name.
    Settings(&'static str),
    /// In the user's folder of application data, under this name, as servers do that are used in a browser.
    Shared(&'static str),
    /// In the home folder.
    Hidden(&'static str),
}

pub static VSCODE: VsCode = VsCode { id: "vscode", name: "VS Code", home: Home::Settings("Code") };
pub static INSIDERS: VsCode =
    VsCode { id: "vscode-insiders", name: "VS Code Insiders", home: Home::Settings("Code - Insiders") };
pub static VSCODIUM: VsCode = VsCode { id: "vscodium", name: "VSCodium", home: Home::Settings("VSCodium") };
/// The chats that Cursor keeps as VS Code does; its own are another editor.
pub static CURSOR: VsCode =
    VsCode { id: "cursor-vscode", name: "Cursor (VS Code chat)", home: Home::Settings("Cursor") };
pub static WINDSURF: VsCode = VsCode { id: "windsurf", name: "Windsurf", home: Home::Settings("Windsurf") };
pub static POSITRON: VsCode = VsCode { id: "positron", name: "Positron", home: Home::Settings("Positron") };
pub static CODE_SERVER: VsCode =
    VsCode { id: "code-server", name: "code-server", home: Home::Shared("code-server") };
/// The side of VS Code that runs on a remote machine: transcripts, no sessions.
pub static VSCODE_SERVER: VsCode =
    VsCode { id: "vscode-server", name: "VS Code Server", home: Home::Hidden(".vscode-server") };

/// All of them, the one that stands for the family first.
pub(super) static FAMILY: &[&VsCode] =
    &[&VSCODE, &INSIDERS, &VSCODIUM, &CURSOR, &WINDSURF, &POSITRON, &CODE_SERVER, &VSCODE_SERVER];

impl VsCode {
    /// Its `User` folder where nothing but the environment says where.
    pub(super) fn user_folder(&self, system: System, env: Env<'_>) -> Option<PathBuf> {
        if self.id == VSCODE.id
            && let Some(portable) = home::set(env, "VSCODE_PORTABLE")
        {
            return Some(portable.join("user-data/User"));
        }
        Some(match &self.home {
            Home::Settings(name) => home::settings(env, system)?.join(name).join("User"),
            Home::Shared(name) => {
                home::own_folder(env, Some("XDG_DATA_HOME"), ".local/share")?.join(name).join("User")
            }
            Home::Hidden(name) => home::home(env)?.join(name).join("data/User"),
        })
    }

    /// Whether a path lies where this member keeps its files.
    pub(super) fn is_home_of(&self, path: &Path) -> bool {
        let names: Vec<&str> = path.components().filter_map(text).collect();
        match &self.home {
            Home::Settings(name) | Home::Shared(name) => {
                names.windows(2).any(|pair| matches!(pair, [folder, "User"] if folder == name))
            }
            Home::Hidden(name) => names.contains(name),
        }
    }

    /// Whether this member answers for a file of the family's format: the one in whose folder it lies, else the first.
    pub(super) fn answers_for(&self, path: &Path) -> bool {
        let at_home = FAMILY.iter().find(|member| member.is_home_of(path));
        at_home.map_or(VSCODE.id, |member| member.id) == self.id
    }
}

fn text(component: Component<'_>) -> Option<&str> {
    match component {
        Component::Normal(name) => name.to_str(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    fn folder(member: &VsCode, system: System, given: &[(&str, &str)]) -> Option<PathBuf> {
        let given: Vec<(String, OsString)> = given.iter().map(|(k, v)| ((*k).into(), v.into())).collect();
        let env = move |name: &str| given.iter().find(|(key, _)| key == name).map(|(_, v)| v.clone());
        member.user_folder(system, &env)
    }

    #[test]
    fn each_system_has_its_place() {
        let home = [("HOME", "/h")];
        let at = |member, system, given: &[_]| folder(member, system, given).map(|p| p.display().to_string());
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(at(&VSCODE, System::Linux, &home), some("/h/.config/Code/User"));
        assert_eq!(at(&VSCODE, System::Linux, &[("XDG_CONFIG_HOME", "/x")]), some("/x/Code/User"));
        let mac = some("/h/Library/Application Support/Code - Insiders/User");
        assert_eq!(at(&INSIDERS, System::MacOs, &home), mac);
        assert_eq!(at(&VSCODIUM, System::Windows, &[("APPDATA", "/a")]), some("/a/VSCodium/User"));
        assert_eq!(at(&CODE_SERVER, System::Linux, &home), some("/h/.local/share/code-server/User"));
        assert_eq!(at(&VSCODE_SERVER, System::Linux, &home), some("/h/.vscode-server/data/User"));
        let portable = [("HOME", "/h"), ("VSCODE_PORTABLE", "/p/data")];
        assert_eq!(at(&VSCODE, System::Linux, &portable), some("/p/data/user-data/User"));
        assert_eq!(at(&CURSOR, System::Linux, &portable), some("/h/.config/Cursor/User"));
        assert_eq!(at(&VSCODE, System::Linux, &[("HOME", "")]), None);
    }

    #[test]
    fn a_file_is_of_the_member_in_whose_folder_it_lies() {
        let whose = |path: &str| {
            let of = FAMILY.iter().filter(|member| member.answers_for(Path::new(path)));
            of.map(|member| member.id).collect::<Vec<_>>()
        };
        assert_eq!(whose("/downloads/chat.json"), ["vscode"]);
        assert_eq!(whose("/h/.config/Code/User/workspaceStorage/1/chatSessions/a.json"), ["vscode"]);
        assert_eq!(whose("/b/Code - Insiders/User/workspaceStorage/1/x.json"), ["vscode-insiders"]);
        assert_eq!(whose("/h/.vscode-server/data/User/x.jsonl"), ["vscode-server"]);
        assert_eq!(whose("/h/Cursor/notes/x.json"), ["vscode"]);
    }
}

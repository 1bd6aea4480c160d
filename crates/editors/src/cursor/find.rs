//! The chats of Cursor's `User` folder.
//!
//! Owns the search through the common database and those of the workspaces. Never reads what was said: the lists, the lengths,
//! and the small fields of a chat's own row. Invariant: a chat is found once, where most of it stands.

use super::following::workspace_id;
use super::items::{self, Chat};
use super::store::{self, MAX_JSON, Store};
use super::{CURSOR, bubble, composer, fields};
use crate::ids::{self, hash};
use crate::sqlite::DatabaseError;
use crate::{FindError, Found, ReadError, SessionFile, document, walk};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::fs::{self, Metadata};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, UNIX_EPOCH};

const DATABASE: &str = "state.vscdb";

/// A database of one workspace.
struct Workspace {
    /// The folder or file that it is of.
    uri: Option<String>,
    database: PathBuf,
    /// Composers that it lists or shows.
    linked: Vec<String>,
    chats: Vec<SessionFile>,
    prompts: Option<SessionFile>,
}

/// What a chat's rows are, without what was said.
#[derive(Debug, Default)]
struct Rows {
    bubbles: u64,
    bytes: u64,
}

pub struct Search {
    deadline: Instant,
    complete: bool,
    files: Vec<SessionFile>,
    /// The workspaces of composers, by their ids.
    of: HashMap<String, String>,
}

/// All chats below a `User` folder; `None` where it has none of the folders of one.
pub fn find(user: &Path, deadline: Instant) -> Result<Option<Found>, FindError> {
    let mut search = Search { deadline, complete: true, files: Vec::new(), of: HashMap::new() };
    let (global, workspaces) = (user.join("globalStorage"), user.join("workspaceStorage"));
    if !global.is_dir() && !workspaces.is_dir() {
        return Ok(None);
    }
    let workspaces = search.workspaces(&workspaces)?;
    let database = global.join(DATABASE);
    if database.is_file() {
        search.global(&database).map_err(|error| FindError {
            path: database.clone(),
            source: match error {
                ReadError::Io { source, .. } => source,
                other => io::Error::other(other.to_string()),
            },
        })?;
    }
    search.add(workspaces);
    search.files.sort();
    Ok(Some(Found { files: search.files, complete: search.complete }))
}

/// The chats of one database, wherever it lies.
pub fn in_database(path: &Path) -> Result<Vec<SessionFile>, ReadError> {
    let far = Instant::now() + Duration::from_secs(3600);
    let above = |path: &Path, levels: usize| path.ancestors().nth(levels).map(Path::to_owned);
    let folder =
        |levels: usize| above(path, levels)?.file_name().map(|name| name.to_string_lossy().into_owned());
    let user = match (folder(1).as_deref(), folder(2).as_deref()) {
        (Some("globalStorage"), _) => above(path, 2),
        (_, Some("workspaceStorage")) => above(path, 3),
        _ => None,
    };
    if let Some(Ok(Some(found))) = user.map(|user| find(&user, far)) {
        return Ok(found.files.into_iter().filter(|file| file.path == path).collect());
    }
    let mut search = Search { deadline: far, complete: true, files: Vec::new(), of: HashMap::new() };
    search.global(path)?;
    if let Some(workspace) = search.workspace(path, None)? {
        search.add(vec![workspace]);
    }
    search.files.sort();
    Ok(search.files)
}

impl Search {
    fn is_over(&mut self) -> bool {
        self.complete &= Instant::now() < self.deadline;
        !self.complete
    }

    fn workspaces(&mut self, folder: &Path) -> Result<Vec<Workspace>, FindError> {
        let mut found = Vec::new();
        walk::is_there(fs::read_dir(folder), folder)?;
        for path in walk::folders(folder) {
            if self.is_over() {
                break;
            }
            let database = path.join(DATABASE);
            if database.is_file() {
                // what cannot be read here is passed over: reading a session tells of damage
                found.extend(self.workspace(&database, uri(&path)).ok().flatten());
            }
        }
        found.sort_by(|one, two| one.database.cmp(&two.database));
        Ok(found)
    }

    fn workspace(&mut self, database: &Path, uri: Option<String>) -> Result<Option<Workspace>, ReadError> {
        let about = fs::metadata(database).map_err(|source| ReadError::io(database, source))?;
        let id = workspace_id(database);
        let (linked, chats, prompts) = store::read(database, |store| {
            let mut linked = items::composer_ids(store)?;
            linked.extend(store.panes()?);
            let mut chats = items::composers(store)?;
            chats.extend(items::tabs(store)?);
            Ok((linked, chats, items::prompts(store, &id)?))
        })?;
        for id in &linked {
            self.of.entry(id.clone()).or_insert_with(|| uri.clone().unwrap_or_default());
        }
        let file = |chat: Chat| {
            let mut file = SessionFile::new(chat.session_id.clone(), database, &about);
            (file.bytes, file.stamp) = (chat.bytes, chat.stamp());
            (file.title, file.workspace) = (chat.title, uri.clone());
            file
        };
        let chats = chats.into_iter().map(file).collect();
        let mut prompts = prompts.map(file);
        if let Some(prompts) = &mut prompts {
            prompts.shown = Some(false);
        }
        Ok(Some(Workspace { uri, database: database.to_owned(), linked, chats, prompts }))
    }

    /// The composers that have rows of their own.
    fn global(&mut self, database: &Path) -> Result<(), ReadError> {
        let about = fs::metadata(database).map_err(|source| ReadError::io(database, source))?;
        let (deadline, of) = (self.deadline, &self.of);
        let (files, complete) = store::read(database, |store| {
            let (rows, mut complete) = rows(store, deadline)?;
            let mut files = Vec::new();
            for (id, rows) in rows {
                complete &= Instant::now() < deadline;
                if !complete {
                    break;
                }
                files.extend(composer_file(store, &id, &rows, of, database, &about)?);
            }
            Ok((files, complete))
        })?;
        self.complete &= complete;
        self.files.extend(files);
        Ok(())
    }

    /// Adds what workspaces have and the common database does not.
    fn add(&mut self, workspaces: Vec<Workspace>) {
        let mut here: HashSet<String> = self.files.iter().map(|file| file.session_id.clone()).collect();
        for workspace in workspaces {
            let linked = workspace.linked.iter().any(|id| here.contains(&ids::session_id(CURSOR.id, id)));
            let by_uri = |file: &SessionFile| file.workspace.is_some() && file.workspace == workspace.uri;
            let bare = !linked && workspace.chats.is_empty() && !self.files.iter().any(by_uri);
            let chats = workspace.chats.into_iter().filter(|file| here.insert(file.session_id.clone()));
            self.files.extend(chats);
            self.files.extend(workspace.prompts.filter(|_| bare && self.complete));
        }
    }
}

/// All composers, those too of which there are bubbles and no row.
fn rows(store: &mut Store, deadline: Instant) -> Result<(Vec<(String, Rows)>, bool), DatabaseError> {
    let mut rows: HashMap<String, Rows> = HashMap::new();
    for (id, length) in store.composers()? {
        rows.insert(id, Rows { bubbles: 0, bytes: length.unwrap_or_default() });
    }
    let (mut complete, mut nth) = (true, 0_u32);
    store.all_bubbles(&mut |composer, length| {
        nth += 1;
        complete = !nth.is_multiple_of(1024) || Instant::now() < deadline;
        if !rows.contains_key(composer) {
            rows.insert(composer.to_owned(), Rows::default());
        }
        if let Some(of) = rows.get_mut(composer) {
            of.bubbles += 1;
            of.bytes += length;
        }
        if complete { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_by(|one, two| one.0.cmp(&two.0));
    Ok((rows, complete))
}

/// `None` where nothing was said in it.
fn composer_file(
    store: &mut Store,
    id: &str,
    rows: &Rows,
    of: &HashMap<String, String>,
    database: &Path,
    about: &Metadata,
) -> Result<Option<SessionFile>, DatabaseError> {
    let head = match store.composer(id) {
        Ok(bytes) => bytes.filter(|bytes| bytes.len() as u64 <= MAX_JSON),
        Err(DatabaseError::Damaged { .. } | DatabaseError::TooLarge { .. }) => None,
        Err(error) => return Err(error),
    };
    let head = fields(head.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default());
    let draft = ["text", "name"].iter().any(|key| text(&head, key).is_some());
    let listed =
        ["conversation", "fullConversationHeadersOnly"].iter().filter_map(|key| head.get(*key)?.as_array());
    if rows.bubbles == 0 && !draft && listed.into_iter().all(Vec::is_empty) {
        return Ok(None);
    }
    let mut file = SessionFile::new(ids::session_id(CURSOR.id, id), database, about);
    let updated = head.get("lastUpdatedAt").or_else(|| head.get("createdAt")).and_then(bubble::time);
    file.stamp = hash(&format!("{} {} {:?}", rows.bytes, rows.bubbles, head.get("lastUpdatedAt")));
    file.bytes = rows.bytes;
    let since = updated.and_then(|at| u64::try_from(at.as_millis()).ok()).map(Duration::from_millis);
    file.modified = since.map(|since| UNIX_EPOCH + since).or(file.modified);
    file.title = text(&head, "name");
    let shown_in = || of.get(id).filter(|uri| !uri.is_empty()).cloned();
    file.workspace = shown_in().or_else(|| composer::workspace(&head));
    Ok(Some(file))
}

/// Which folder a workspace's folder is of.
fn uri(folder: &Path) -> Option<String> {
    let about = document::small(&folder.join("workspace.json"))?;
    let uri = about.get("folder").or_else(|| about.get("workspace"))?;
    uri.as_str().filter(|uri| !uri.is_empty()).map(str::to_owned)
}

fn text(head: &Map<String, Value>, key: &str) -> Option<String> {
    head.get(key).and_then(Value::as_str).filter(|text| !text.trim().is_empty()).map(str::to_owned)
}

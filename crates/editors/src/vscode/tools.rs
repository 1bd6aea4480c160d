//! The use of tools, which stands in two places: as parts of the answer, and as rounds with the model.
//!
//! Owns how the two are matched: by id, else by order from the end, since rounds are cut at the front when a long turn is
//! summed up. Never names a call anew once its part is known. Invariant: a call and its output stand once; what is left of
//! the rounds stays where it was.

mod output;

use super::parts::{Part, What};
use output::{Output, of_details, of_result, terminal};
use serde_json::{Map, Value, json};

/// Ids shorter than this are counters, that begin again with each turn.
const SHORT_ID: usize = 12;
/// What VS Code puts behind the ids that a model gives.
const SUFFIX: &str = "__vscode-";

#[derive(Debug, Clone)]
pub struct Call {
    /// Names it in its session, from its first version to its last.
    pub call_id: String,
    /// As the model knows it; the editor's internal name where that is not known.
    pub name: String,
    pub tool_id: Option<String>,
    /// The id that the model gave it.
    pub model_call_id: Option<String>,
    /// The round's call was matched by order: neither has the other's id.
    pub by_order: bool,
    pub arguments: Option<Value>,
    pub output: Option<Value>,
    pub is_error: Option<bool>,
    pub duration_ms: Option<Value>,
    /// It was not allowed to run.
    pub denied: bool,
    /// A sub-agent made it.
    pub inner: bool,
    /// What went in is known from the outcome alone.
    from_details: bool,
    /// What else the part says of the call, and of its outcome.
    pub rest: Map<String, Value>,
    pub result_rest: Map<String, Value>,
}

impl Call {
    pub fn of_part(mut fields: Map<String, Value>, place: usize, request: &str) -> Self {
        let mut take = |key: &str| match fields.get(key) {
            Some(Value::String(text)) if !text.is_empty() => {
                let text = text.clone();
                fields.remove(key);
                Some(text)
            }
            _ => None,
        };
        let (own_id, tool_id) = (take("toolCallId"), take("toolId"));
        let mut found = fields.remove("resultDetails").map(of_details).unwrap_or_default();
        if found.output.is_none() {
            found.output = terminal(&mut fields);
        }
        let shown = found.input.take();
        let from_details = shown.is_some();
        let input = shown.or_else(|| input(&fields));
        let confirmed = fields.get("isConfirmed");
        let denied = confirmed.is_some_and(|how| {
            *how == Value::Bool(false) || how.get("type").and_then(Value::as_u64) == Some(0)
        });
        let state = fields.get("toolSpecificData").and_then(|data| data.get("terminalCommandState"));
        Self {
            call_id: own_id.map_or_else(|| format!("{request}/{place}"), |id| call_id(&id, request)),
            name: tool_id.as_deref().map_or("tool", model_name).to_owned(),
            tool_id,
            model_call_id: None,
            by_order: false,
            arguments: input,
            output: found.output,
            is_error: if denied { Some(true) } else { found.is_error },
            duration_ms: state.and_then(|state| state.get("duration")).filter(|d| d.is_number()).cloned(),
            denied,
            from_details,
            inner: ["fromSubAgent", "subAgentInvocationId"].iter().any(|key| {
                fields.get(*key).is_some_and(|from| *from != Value::Bool(false) && !from.is_null())
            }),
            rest: fields,
            result_rest: found.rest,
        }
    }

    fn of_round(said: Said, request: &str) -> Self {
        let mut call = Self::of_part(Map::new(), 0, request);
        call.call_id = call_id(strip(&said.id), request);
        call.take(said, false);
        call
    }

    fn take(&mut self, said: Said, by_order: bool) {
        self.name = said.name.unwrap_or_else(|| std::mem::take(&mut self.name));
        if let Some(arguments) = said.arguments {
            let shown =
                self.arguments.replace(arguments).filter(|shown| Some(shown) != self.arguments.as_ref());
            self.result_rest
                .extend(shown.filter(|_| self.from_details).map(|shown| ("input".to_owned(), shown)));
        }
        self.model_call_id = Some(said.id);
        self.by_order = by_order;
        if let Some(Output { output: Some(output), rest, .. }) = said.result {
            output::strip_known(&mut self.result_rest, &output);
            let shown =
                self.output.replace(output).filter(|shown| !output::says(self.output.as_ref(), shown));
            self.result_rest.extend(shown.map(|shown| ("shown".to_owned(), shown)));
            self.result_rest.extend(rest);
        }
    }

    /// How much it says.
    pub fn weight(&self) -> u64 {
        let length = |value: &Option<Value>| value.as_ref().map_or(0, |value| 8 + value.to_string().len());
        (length(&self.arguments) + length(&self.output) + self.rest.len()) as u64
    }
}

/// A call as a round has it.
struct Said {
    id: String,
    name: Option<String>,
    arguments: Option<Value>,
    result: Option<Output>,
}

/// Adds what the rounds say to the calls among `parts`; calls and texts that have no part are put behind them. Takes out of
/// the rounds what stands in the parts then.
pub fn add_rounds(parts: &mut Vec<Part>, result: Option<&mut Value>, request: &str) {
    let Some(metadata) = result.and_then(|result| result.get_mut("metadata")) else { return };
    let mut results = match metadata.get_mut("toolCallResults").map(Value::take) {
        Some(Value::Object(results)) => results,
        Some(other) => Map::from_iter([("toolCallResults".to_owned(), other)]),
        None => Map::new(),
    };
    let texts = Texts::of(parts);
    let mut late: Vec<What> = Vec::new();
    if let Some(Value::Array(rounds)) = metadata.get_mut("toolCallRounds") {
        let said: Vec<Vec<Said>> = rounds.iter_mut().map(|round| said(round, &mut results)).collect();
        let left = matched(parts, said);
        for (round, left) in rounds.iter_mut().zip(left) {
            late.extend(texts.take(round).map(|text| What::Text { text, rest: None }));
            late.extend(left.into_iter().map(|said| What::Call(Box::new(Call::of_round(said, request)))));
        }
    }
    let next = parts.last().map_or(0, |part| part.place + 1);
    parts.extend(late.into_iter().enumerate().map(|(nth, what)| Part { place: next + nth, what }));
    if let Some(metadata) = metadata.as_object_mut() {
        metadata.remove("toolCallResults");
        if !results.is_empty() {
            metadata.insert("toolCallResults".to_owned(), Value::Object(results));
        }
    }
}

/// Takes the calls of a round, each with its result.
fn said(round: &mut Value, results: &mut Map<String, Value>) -> Vec<Said> {
    let calls = round.get_mut("toolCalls").and_then(Value::as_array_mut);
    let mut all = Vec::new();
    for call in calls.into_iter().flatten().filter_map(Value::as_object_mut) {
        let Some(id) = call.get("id").and_then(Value::as_str).map(str::to_owned) else { continue };
        let name = call.remove("name").and_then(|name| name.as_str().map(str::to_owned));
        let arguments = call.remove("arguments").map(read_arguments);
        let key = match results.contains_key(&id) {
            true => Some(id.clone()),
            false => results.keys().find(|key| strip(key) == strip(&id)).cloned(),
        };
        let result = key.and_then(|key| results.remove(&key)).map(of_result);
        all.push(Said { id, name, arguments, result });
    }
    all
}

/// Gives each round's calls to their parts; those that have none are left.
fn matched(parts: &mut [Part], said: Vec<Vec<Said>>) -> Vec<Vec<Said>> {
    let mut free: Vec<&mut Call> = Vec::new();
    for part in parts.iter_mut() {
        if let What::Call(call) = &mut part.what {
            free.push(call);
        }
    }
    let mut left: Vec<Vec<Said>> = said.into_iter().map(|round| by_id(&mut free, round)).collect();
    free.retain(|call| !call.inner);
    left.iter_mut().rev().for_each(|round| by_order(&mut free, round));
    left
}

/// Gives calls to the parts that have their ids.
fn by_id(free: &mut Vec<&mut Call>, round: Vec<Said>) -> Vec<Said> {
    let mut left = Vec::new();
    for said in round {
        match free.iter().position(|call| strip_own(&call.call_id) == strip(&said.id)) {
            Some(place) => free.remove(place).take(said, false),
            None => left.push(said),
        }
    }
    left
}

/// Gives calls, the last one first, to the last parts that can be theirs.
fn by_order(free: &mut Vec<&mut Call>, round: &mut Vec<Said>) {
    let mut left = Vec::new();
    for said in std::mem::take(round).into_iter().rev() {
        match free.iter().rposition(|call| may_be(call, said.name.as_deref())) {
            Some(place) => {
                if let Some(call) = free.drain(place..).next() {
                    call.take(said, true);
                }
            }
            None => left.push(said),
        }
    }
    left.reverse();
    *round = left;
}

/// What the model calls a tool of the editor, as far as that is known.
fn model_name(tool: &str) -> &str {
    NAMES.iter().find(|(internal, _)| *internal == tool).map_or(tool, |(_, name)| name)
}

/// Whether the editor's tool can be what the model calls by this name.
fn may_be(call: &Call, name: Option<&str>) -> bool {
    let (Some(tool), Some(name)) = (call.tool_id.as_deref(), name) else { return true };
    match NAMES.iter().find(|(internal, _)| *internal == tool) {
        Some((_, known)) => *known == name,
        None => {
            tool == name || (tool.starts_with("copilot_") && !NAMES.iter().any(|(_, known)| *known == name))
        }
    }
}

/// Tools that the editor and the model call by different names.
const NAMES: [(&str, &str); 22] = [
    ("copilot_applyPatch", "apply_patch"),
    ("copilot_createDirectory", "create_directory"),
    ("copilot_createFile", "create_file"),
    ("copilot_createNewJupyterNotebook", "create_new_jupyter_notebook"),
    ("copilot_createNewWorkspace", "create_new_workspace"),
    ("copilot_editNotebook", "edit_notebook_file"),
    ("copilot_fetchWebPage", "fetch_webpage"),
    ("copilot_findFiles", "file_search"),
    ("copilot_findTestFiles", "test_search"),
    ("copilot_findTextInFiles", "grep_search"),
    ("copilot_getChangedFiles", "get_changed_files"),
    ("copilot_getErrors", "get_errors"),
    ("copilot_getVSCodeAPI", "get_vscode_api"),
    ("copilot_githubRepo", "github_repo"),
    ("copilot_insertEdit", "insert_edit_into_file"),
    ("copilot_listCodeUsages", "list_code_usages"),
    ("copilot_listDirectory", "list_dir"),
    ("copilot_multiReplaceString", "multi_replace_string_in_file"),
    ("copilot_readFile", "read_file"),
    ("copilot_replaceString", "replace_string_in_file"),
    ("copilot_searchCodebase", "semantic_search"),
    ("copilot_searchWorkspaceSymbols", "search_workspace_symbols"),
];

/// The texts that the parts have, to know those of the rounds again.
struct Texts {
    said: String,
    thought: String,
}

impl Texts {
    fn of(parts: &[Part]) -> Self {
        let (mut said, mut thought) = (String::new(), String::new());
        for part in parts {
            match &part.what {
                What::Text { text, .. } => said.push_str(text),
                What::Thinking { text, .. } => thought.push_str(text),
                _ => {}
            }
        }
        Self { said, thought }
    }

    /// Takes out of a round what the parts have. Gives its text where they have none at all.
    fn take(&self, round: &mut Value) -> Option<String> {
        if let Some(Value::Object(thinking)) = round.get_mut("thinking")
            && thinking
                .get("text")
                .and_then(Value::as_str)
                .is_some_and(|text| self.thought.contains(text.trim()))
        {
            thinking.remove("text");
        }
        let text = round.get("response")?.as_str()?.to_owned();
        let alone = self.said.is_empty() && !text.trim().is_empty();
        if alone || self.said.contains(text.trim()) {
            round.as_object_mut()?.remove("response");
        }
        alone.then_some(text)
    }
}

/// Models give arguments as the text of a JSON value.
fn read_arguments(arguments: Value) -> Value {
    match &arguments {
        Value::String(text) => serde_json::from_str(text).unwrap_or(arguments),
        _ => arguments,
    }
}

/// What the part itself says that went in.
fn input(fields: &Map<String, Value>) -> Option<Value> {
    let data = fields.get("toolSpecificData")?;
    if let Some(input) = data.get("rawInput") {
        return Some(input.clone());
    }
    let line = data.get("commandLine").and_then(|line| line.get("original"));
    line.or_else(|| data.get("command"))
        .filter(|line| line.is_string())
        .map(|line| json!({ "command": line }))
}

/// The name of a call in its session. Counters get the request's name behind them.
fn call_id(id: &str, request: &str) -> String {
    let tail = id.rsplit([':', '_', '-', '.']).next().unwrap_or_default();
    let counts = tail.len() <= 4 && !tail.is_empty() && tail.bytes().all(|b| b.is_ascii_digit());
    if id.len() < SHORT_ID || counts { format!("{id}@{request}") } else { id.to_owned() }
}

fn strip(id: &str) -> &str {
    match id.rsplit_once(SUFFIX) {
        Some((own, at)) if at.bytes().all(|b| b.is_ascii_digit()) => own,
        _ => id,
    }
}

/// The same of the name of a call in its session.
fn strip_own(call_id: &str) -> &str {
    strip(call_id.split_once("@").map_or(call_id, |(own, _)| own))
}

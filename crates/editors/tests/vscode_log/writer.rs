//! Writes a session's log as VS Code does: the differences since the last save, a line each, and now and then all of it.

use serde_json::{Map, Value, json};

/// One thing that happens in the editor; a save follows.
#[derive(Debug, Clone)]
pub struct Edit {
    pub what: u8,
    pub which: u8,
    pub text: String,
}

pub struct Writer {
    model: Value,
    /// The session as the file has it: finished turns are not written again.
    persisted: Value,
    lines: Vec<(String, Value)>,
    most: usize,
    compacted: bool,
    clock: u64,
}

impl Writer {
    pub fn new(most: usize) -> Self {
        let model = json!({
            "version": 3, "creationDate": 1_700_000_000_000_u64, "sessionId": "s", "requests": [],
            "inputState": { "inputText": "", "attachments": [] }, "pendingRequests": [],
        });
        let persisted = json!({ "requests": [] });
        let mut writer =
            Self { model, persisted, lines: Vec::new(), most, compacted: false, clock: 1_700_000_000_000 };
        writer.write_all();
        writer
    }

    pub fn edit(&mut self, edit: &Edit) {
        self.compacted = false;
        self.change(edit);
        if edit.what == 19 || self.lines.len() > self.most {
            self.write_all();
            self.compacted = true;
        } else {
            self.save(edit.which);
        }
    }

    /// The last save replaced the file.
    pub fn compacted(&self) -> bool {
        self.compacted
    }

    /// Each line, with the session that it leads to.
    pub fn lines(&self) -> &[(String, Value)] {
        &self.lines
    }

    pub fn persisted(&self) -> &Value {
        &self.persisted
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.lines.iter().flat_map(|(line, _)| format!("{line}\n").into_bytes()).collect()
    }

    fn change(&mut self, edit: &Edit) {
        self.clock += 1_000;
        let (now, text) = (self.clock, &edit.text);
        match edit.what {
            0..=2 => {
                let request = json!({
                    "requestId": format!("request_{now}"), "timestamp": now, "message": { "text": text },
                    "response": if edit.which.is_multiple_of(2) { json!([]) } else { json!([{ "value": text }]) },
                    "modelState": { "value": 0 },
                });
                self.requests().push(request);
            }
            3 => self.model["customTitle"] = json!(text),
            4 => self.model["inputState"]["inputText"] = json!(text),
            5 => drop(self.model.as_object_mut().unwrap().remove("customTitle")),
            6 => {
                let keep = usize::from(edit.which) % (self.requests().len() + 1);
                self.requests().truncate(keep);
            }
            7 => self.model["pendingRequests"] = json!([{ "id": now, "text": text }]),
            _ => self.change_turn(edit),
        }
    }

    fn change_turn(&mut self, edit: &Edit) {
        let now = self.clock;
        let Some(turn) = self.requests().last_mut() else { return };
        let response = turn["response"].as_array_mut().unwrap();
        match edit.what {
            8 | 9 => match response.last_mut() {
                Some(last) if last["value"].is_string() => {
                    last["value"] = json!(format!("{}{}", last["value"].as_str().unwrap(), edit.text));
                }
                _ => response.push(json!({ "value": edit.text })),
            },
            10 => response.push(json!({ "kind": "thinking", "value": edit.text, "id": "t" })),
            11 | 12 => response.push(json!({
                "kind": "toolInvocationSerialized", "toolCallId": format!("call-{now}-xyz"), "toolId": "copilot_readFile",
                "isComplete": true, "invocationMessage": edit.text,
            })),
            13 => response.truncate(usize::from(edit.which) % (response.len() + 1)),
            14 => {
                turn["result"] = json!({ "timings": {}, "metadata": { "n": edit.which } });
                turn["modelState"] = json!({ "value": 1 + edit.which % 3, "completedAt": now });
            }
            15 => turn["vote"] = json!(edit.which % 2),
            16 => drop(turn.as_object_mut().unwrap().remove("vote")),
            17 => turn["shouldBeRemovedOnSend"] = json!({ "requestId": "x" }),
            _ => turn["followups"] = json!([{ "message": edit.text }]),
        }
    }

    fn requests(&mut self) -> &mut Vec<Value> {
        self.model["requests"].as_array_mut().unwrap()
    }

    fn write_all(&mut self) {
        self.lines.clear();
        let line = format!("{{\"kind\":0,\"v\":{}}}", self.model);
        self.persisted = self.model.clone();
        self.lines.push((line, self.model.clone()));
    }

    fn save(&mut self, dice: u8) {
        let (model, old) = (self.model.clone(), self.persisted.clone());
        let place = |key: &str| json!([key]);
        self.fields(&model, &old, &["requests", "inputState"], &place, dice);
        let place = |key: &str| json!(["inputState", key]);
        self.fields(&model["inputState"], &old["inputState"], &[], &place, dice);
        self.turns(model["requests"].as_array().unwrap(), old["requests"].as_array().unwrap(), dice);
        let mut expected = self.model.clone();
        for (turn, old) in
            expected["requests"].as_array_mut().unwrap().iter_mut().zip(old["requests"].as_array().unwrap())
        {
            if turn["requestId"] == old["requestId"] && sealed(old) {
                *turn = old.clone();
            }
        }
        assert_eq!(self.persisted, expected, "the writer itself");
    }

    fn fields(&mut self, new: &Value, old: &Value, but: &[&str], place: &dyn Fn(&str) -> Value, dice: u8) {
        let empty = Map::new();
        let old = old.as_object().unwrap_or(&empty);
        for (key, value) in new.as_object().unwrap().iter().filter(|(key, _)| !but.contains(&key.as_str())) {
            if old.get(key) != Some(value) {
                self.line(1, &place(key), Some(value), None);
            }
        }
        for key in old.keys().filter(|key| new.get(key.as_str()).is_none()) {
            self.line(if dice.is_multiple_of(2) { 3 } else { 1 }, &place(key), None, None);
        }
    }

    fn turns(&mut self, new: &[Value], old: &[Value], dice: u8) {
        let same = new.iter().zip(old).take_while(|(new, old)| new["requestId"] == old["requestId"]).count();
        for at in (0..same).filter(|at| !sealed(&old[*at])) {
            let place = |key: &str| json!(["requests", at, key]);
            self.fields(&new[at], &old[at], &["response"], &place, dice);
            self.list(
                &place("response"),
                new[at]["response"].as_array().unwrap(),
                old[at]["response"].as_array().unwrap(),
            );
        }
        self.rest_of_list(&json!(["requests"]), new, old.len(), same);
    }

    fn list(&mut self, place: &Value, new: &[Value], old: &[Value]) {
        let same = new.iter().zip(old).take_while(|(new, old)| new == old).count();
        self.rest_of_list(place, new, old.len(), same);
    }

    fn rest_of_list(&mut self, place: &Value, new: &[Value], old: usize, same: usize) {
        let more = (new.len() > same).then(|| json!(new[same..]));
        let from = (old > same).then_some(same);
        if more.is_some() || from.is_some() {
            self.line(2, place, more.as_ref(), from);
        }
    }

    fn line(&mut self, kind: u8, place: &Value, value: Option<&Value>, from: Option<usize>) {
        let mut line = format!("{{\"kind\":{kind},\"k\":{place}");
        value.iter().for_each(|value| line.push_str(&format!(",\"v\":{value}")));
        from.iter().for_each(|from| line.push_str(&format!(",\"i\":{from}")));
        line.push('}');
        apply(&mut self.persisted, kind, place.as_array().unwrap(), value, from);
        self.lines.push((line, self.persisted.clone()));
    }
}

fn sealed(turn: &Value) -> bool {
    (1..=3).contains(&turn["modelState"]["value"].as_u64().unwrap_or(0))
}

/// The editor's own way of reading, for lines that it can read.
fn apply(state: &mut Value, kind: u8, place: &[Value], value: Option<&Value>, from: Option<usize>) {
    let (last, way) = place.split_last().unwrap();
    let mut at = state;
    for step in way {
        at = match step.as_u64() {
            Some(n) => &mut at[usize::try_from(n).unwrap()],
            None => &mut at[step.as_str().unwrap()],
        };
    }
    let fields = at.as_object_mut().unwrap();
    let last = last.as_str().unwrap();
    match (kind, value) {
        (1, Some(value)) => drop(fields.insert(last.to_owned(), value.clone())),
        (2, value) => {
            let list = fields.entry(last).or_insert_with(|| json!([])).as_array_mut().unwrap();
            from.iter().for_each(|from| list.truncate(*from));
            list.extend(value.into_iter().flat_map(|value| value.as_array().unwrap().clone()));
        }
        _ => drop(fields.remove(last)),
    }
}

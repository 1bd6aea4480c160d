//! Where in a session an entry of the log points, and how that place is reached.
//!
//! Owns the walk through objects and lists. Never throws where the editor would: what is missing is made, within a limit of
//! places that are only filled up. Invariant: for a path that the editor itself can walk, the outcome is the editor's.

use serde_json::{Map, Value};

/// Places of lists that all entries of one log together may fill up with nothing.
const PADDING: usize = 65_536;

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Key {
    Name(String),
    Place(usize),
}

impl Key {
    fn name(&self) -> String {
        match self {
            Self::Name(name) => name.clone(),
            Self::Place(place) => place.to_string(),
        }
    }

    fn place(&self) -> Result<usize, Misfit> {
        match self {
            Self::Place(place) => Ok(*place),
            Self::Name(name) => name.parse().map_err(|_| Misfit("a name where a list is")),
        }
    }

    fn room(&self) -> Value {
        match self {
            Self::Name(_) => Value::Object(Map::new()),
            Self::Place(_) => Value::Array(Vec::new()),
        }
    }
}

/// Why an entry has no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Misfit(pub &'static str);

/// What the walks of one log have filled up.
#[derive(Debug)]
pub struct Mending {
    left: usize,
    /// Something on the way was missing since this was last set to false.
    pub mended: bool,
}

impl Default for Mending {
    fn default() -> Self {
        Self { left: PADDING, mended: false }
    }
}

/// A path as it stands in an entry; `None` where it is none.
pub fn path(value: Option<&Value>) -> Option<Vec<Key>> {
    value?.as_array()?.iter().map(key).collect()
}

fn key(value: &Value) -> Option<Key> {
    match value {
        Value::String(name) => Some(Key::Name(name.clone())),
        Value::Number(place) => Some(Key::Place(usize::try_from(place.as_u64()?).ok()?)),
        _ => None,
    }
}

/// Sets the place to what `value` holds, and takes it; where it holds nothing the place is unset.
pub fn set(
    state: &mut Value,
    path: &[Key],
    value: &mut Option<Value>,
    mending: &mut Mending,
) -> Result<(), Misfit> {
    let Some((last, way)) = path.split_last() else { return Ok(()) };
    match value.is_some() {
        true => {
            let at = walk(state, way, last, mending)?;
            let place = child(at, last, mending)?;
            *place = value.take().unwrap_or_default();
            Ok(())
        }
        false => unset(state, way, last, mending),
    }
}

/// Cuts or fills up the list at the place to `from`, then adds what `values` holds, and takes it. Gives back what was cut off.
pub fn push(
    state: &mut Value,
    path: &[Key],
    values: &mut Option<Value>,
    from: Option<usize>,
    mending: &mut Mending,
) -> Result<Vec<Value>, Misfit> {
    let Some((last, way)) = path.split_last() else { return Ok(Vec::new()) };
    if !matches!(values, None | Some(Value::Null | Value::Array(_))) {
        return Err(Misfit("what is to be added is no list"));
    }
    let at = walk(state, way, last, mending)?;
    let list = child(at, last, mending)?;
    if is_falsy(list) {
        *list = Value::Array(Vec::new());
    }
    let Value::Array(list) = list else { return Err(Misfit("something to be added where no list is")) };
    let mut cut = Vec::new();
    match from {
        Some(from) if from < list.len() => cut = list.split_off(from),
        Some(from) => pad(list, from, mending)?,
        None => {}
    }
    if let Some(Value::Array(more)) = values.take() {
        list.extend(more);
    }
    Ok(cut)
}

/// Fills `list` up to `length` with nothing.
pub fn pad(list: &mut Vec<Value>, length: usize, mending: &mut Mending) -> Result<(), Misfit> {
    let more = length.saturating_sub(list.len());
    if more > mending.left {
        return Err(Misfit("a place too far behind the end of a list"));
    }
    mending.left -= more;
    list.extend(std::iter::repeat_n(Value::Null, more));
    Ok(())
}

/// The place that `way` leads to, ready to have a child `last`.
fn walk<'a>(
    state: &'a mut Value,
    way: &[Key],
    last: &Key,
    mending: &mut Mending,
) -> Result<&'a mut Value, Misfit> {
    let mut at = state;
    for (nth, step) in way.iter().enumerate() {
        at = child(at, step, mending)?;
        if at.is_null() {
            *at = way.get(nth + 1).unwrap_or(last).room();
            mending.mended = true;
        }
    }
    Ok(at)
}

fn child<'a>(at: &'a mut Value, step: &Key, mending: &mut Mending) -> Result<&'a mut Value, Misfit> {
    match at {
        Value::Object(fields) => Ok(fields.entry(step.name()).or_insert(Value::Null)),
        Value::Array(list) => {
            let place = step.place()?;
            pad(list, place.saturating_add(1), mending)?;
            list.get_mut(place).ok_or(Misfit("a place too far behind the end of a list"))
        }
        _ => Err(Misfit("a path through something that has no parts")),
    }
}

fn unset(state: &mut Value, way: &[Key], last: &Key, mending: &mut Mending) -> Result<(), Misfit> {
    let mut at = state;
    for step in way {
        at = match at {
            Value::Object(fields) => fields.get_mut(&step.name()),
            Value::Array(list) => list.get_mut(step.place()?),
            _ => None,
        }
        .ok_or(Misfit("nothing is there that could be removed"))?;
    }
    match at {
        Value::Object(fields) => drop(fields.remove(&last.name())),
        Value::Array(list) => {
            let place = last.place()?;
            pad(list, place.saturating_add(1), mending)?;
            list.get_mut(place).map(Value::take);
        }
        _ => return Err(Misfit("nothing is there that could be removed")),
    }
    Ok(())
}

/// What the editor takes for an absent list.
fn is_falsy(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Number(n) => n.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

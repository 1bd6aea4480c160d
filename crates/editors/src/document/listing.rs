//! A document that is an object with a list of what was said.
//!
//! Owns taking the list out of it. Invariant: what stands behind a hole comes at the end of the list.

use super::read;
use crate::jsonl::salvage::Loss;
use crate::sheet::fields;
use crate::{ReadError, ReadReport};
use serde_json::{Map, Value};
use std::path::Path;

/// How the documents of one format look.
pub(crate) struct Form {
    /// For people, such as «a session of Continue (JSON with …)».
    pub what: &'static str,
    /// The field of the list.
    pub list: &'static str,
    pub is_document: fn(&Value) -> bool,
    /// Whether a part of a document that stands behind a hole is of its list.
    pub is_element: fn(&Value) -> bool,
}

pub(crate) struct Listing {
    /// The document without its list.
    pub root: Map<String, Value>,
    pub list: Vec<Value>,
    /// The element whose end is missing.
    pub cut: Option<usize>,
    pub losses: Vec<Loss>,
}

/// Reads the document of a file, and names in the report what is lost of it.
pub(crate) fn read_list(path: &Path, form: &Form, report: &mut ReadReport) -> Result<Listing, ReadError> {
    let mut document = read(path, form.is_element)?;
    let known = (form.is_document)(&document.root) || (document.is_damaged() && document.root.is_object());
    if !known && document.strays.is_empty() {
        return Err(ReadError::other(path, form.what));
    }
    document.tell(None, report);
    let mut root = fields(std::mem::take(&mut document.root));
    let mut list = match root.remove(form.list) {
        Some(Value::Array(list)) => list,
        _ => Vec::new(),
    };
    let cut = list.len().checked_sub(1).filter(|_| document.cut);
    list.append(&mut document.strays);
    Ok(Listing { root, list, cut, losses: document.losses })
}

//! What a list of sessions can be narrowed to.
//!
//! Owns its shape only. Source: the recording protocol, «REST».

use serde::{Deserialize, Serialize};

/// The values of each facet, the most frequent first, at most 200 of each. Each facet counts under the filters of the others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Facets {
    pub states: Vec<Facet>,
    pub providers: Vec<Facet>,
    pub editors: Vec<Facet>,
    pub workspaces: Vec<Facet>,
    pub models: Vec<Facet>,
    pub tags: Vec<Facet>,
}

/// A value, and how many sessions have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Facet {
    pub value: String,
    pub count: u64,
}

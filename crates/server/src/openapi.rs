//! The OpenAPI description, made from the table of routes.
//!
//! Owns nothing that the handlers' annotations could say. Invariant: what is routed is described, and nothing else.

use crate::routes::{Endpoint, table};
use utoipa::openapi::schema::{ComponentsBuilder, Schema};
use utoipa::openapi::{InfoBuilder, OpenApi, OpenApiBuilder, PathItem, PathsBuilder, RefOr};

/// The description of the REST interface.
pub fn document() -> OpenApi {
    describe(&table())
}

pub(crate) fn describe(endpoints: &[Endpoint]) -> OpenApi {
    let mut paths = PathsBuilder::new();
    let mut schemas: Vec<(String, RefOr<Schema>)> = Vec::new();
    for endpoint in endpoints {
        let item = PathItem::from_http_methods([endpoint.method.clone()], endpoint.operation.clone());
        paths = paths.path(endpoint.path.clone(), item);
        schemas.extend(endpoint.schemas.clone());
    }
    let info = InfoBuilder::new()
        .title("Chasm Recorder")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some("A flight recorder for AI chats: what was acknowledged is on disk."));
    OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(ComponentsBuilder::new().schemas_from_iter(schemas).build()))
        .build()
}

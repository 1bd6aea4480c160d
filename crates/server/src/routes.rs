//! The table of routes: what the server answers, in one place.
//!
//! Owns which handler has which path; path and method come from the handler's own OpenAPI annotation. Router, description and
//! tests all read this table. Invariant: there is no route beside it.

mod app;
mod archive;
mod chasm2;
mod editors;
mod events;
mod export;
mod facets;
mod items;
mod live;
mod machine;
mod notices;
mod page;
mod quarantine;
mod rates;
mod recovery;
mod retention;
mod search;
mod sessions;
mod settings;
mod snapshot;
mod status;
mod ticket;
mod token;
mod trash;
mod ws;

use crate::app::App;
use crate::error::{Failure, no_such_path};
use crate::serve::RouteLabel;
use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::handler::Handler;
use axum::middleware::{self, Next};
use axum::response::Response;
use axum::routing::{MethodFilter, MethodRouter, on};
use std::sync::Arc;
use utoipa::__dev::SchemaReferences;
use utoipa::Path;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{HttpMethod, RefOr};

pub(crate) type Shared = State<Arc<App>>;

/// One route with its description.
pub(crate) struct Endpoint {
    pub method: HttpMethod,
    pub path: String,
    pub operation: Operation,
    pub schemas: Vec<(String, RefOr<Schema>)>,
    handler: MethodRouter<Arc<App>>,
}

pub(crate) fn table() -> Vec<Endpoint> {
    vec![
        endpoint(events::__path_record, events::record),
        endpoint(snapshot::__path_take, snapshot::take),
        endpoint(sessions::__path_list, sessions::list),
        endpoint(facets::__path_show, facets::show),
        endpoint(sessions::__path_show, sessions::show),
        endpoint(sessions::__path_change, sessions::change),
        endpoint(sessions::__path_delete, sessions::delete),
        endpoint(sessions::__path_events, sessions::events),
        endpoint(items::__path_list, items::list),
        endpoint(export::__path_download, export::download),
        endpoint(archive::__path_download, archive::download),
        endpoint(search::__path_search, search::search),
        endpoint(recovery::__path_overview, recovery::overview),
        endpoint(recovery::__path_recover, recovery::recover),
        endpoint(recovery::__path_reports, recovery::reports),
        endpoint(quarantine::__path_delete, quarantine::delete),
        endpoint(trash::__path_put, trash::put),
        endpoint(trash::__path_list, trash::list),
        endpoint(trash::__path_restore, trash::restore),
        endpoint(trash::__path_purge, trash::purge),
        endpoint(retention::__path_preview, retention::preview),
        endpoint(retention::__path_run, retention::run),
        endpoint(editors::__path_list, editors::list),
        endpoint(editors::__path_import, editors::import),
        endpoint(status::__path_show, status::show),
        endpoint(rates::__path_show, rates::show),
        endpoint(status::__path_probe, status::probe),
        endpoint(status::__path_pause, status::pause),
        endpoint(status::__path_resume, status::resume),
        endpoint(notices::__path_list, notices::list),
        endpoint(live::__path_stream, live::stream),
        endpoint(ws::__path_connect, ws::connect),
        endpoint(chasm2::__path_record, chasm2::record),
        endpoint(chasm2::__path_take, chasm2::take),
        endpoint(chasm2::__path_list, chasm2::list),
        endpoint(chasm2::__path_session, chasm2::session),
        endpoint(chasm2::__path_one, chasm2::one),
        endpoint(chasm2::__path_recovery, chasm2::recovery),
        endpoint(chasm2::__path_status, chasm2::status),
        endpoint(chasm2::__path_connect, chasm2::connect),
        endpoint(settings::__path_show, settings::show),
        endpoint(settings::__path_change, settings::change),
        endpoint(ticket::__path_make, ticket::make),
        endpoint(token::__path_show, token::show),
        endpoint(token::__path_rotate, token::rotate),
        endpoint(app::__path_show, app::show),
        endpoint(app::__path_change, app::change),
        endpoint(app::__path_open, app::open),
        endpoint(app::__path_notify, app::notify),
        endpoint(machine::__path_openapi, machine::openapi),
        endpoint(machine::__path_metrics, machine::metrics),
        endpoint(page::__path_show, page::show),
        endpoint(page::__path_asset, page::asset),
        endpoint(page::__path_icon, page::icon),
    ]
}

/// The router of the whole table.
pub(crate) fn router(app: Arc<App>) -> Router {
    let mut router = Router::new();
    for endpoint in table() {
        router = router.route(&endpoint.path, endpoint.handler);
    }
    router.route_layer(middleware::from_fn(label)).fallback(nothing_here).with_state(app)
}

fn endpoint<P, H, T>(_description: P, handler: H) -> Endpoint
where
    P: Path + SchemaReferences,
    H: Handler<T, Arc<App>>,
    T: 'static,
{
    let method = P::methods().into_iter().next().unwrap_or(HttpMethod::Get);
    let filter = match method {
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Put => MethodFilter::PUT,
        _ => MethodFilter::GET,
    };
    let mut schemas = Vec::new();
    P::schemas(&mut schemas);
    Endpoint { method, path: P::path(), operation: P::operation(), schemas, handler: on(filter, handler) }
}

/// Tells the metrics which route it was.
async fn label(matched: Option<MatchedPath>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    if let Some(matched) = matched {
        response.extensions_mut().insert(RouteLabel(matched));
    }
    response
}

async fn nothing_here(request: Request) -> Failure {
    no_such_path(request.uri().path())
}

#[cfg(test)]
mod tests;

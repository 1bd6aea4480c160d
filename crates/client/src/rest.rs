//! The REST calls, typed.
//!
//! Owns addresses and the decoding of answers. Never retries, never goes through a proxy (the recorder is on this machine).

use crate::{ClientError, Endpoint};
use chasm_protocol::api::{
    EditorView, EventPage, RecoveryOverview, RecoveryReport, RecoveryRequest, SearchAnswer, SessionFilter,
    SessionPage, SessionPatch, SnapshotAnswer, SnapshotRequest,
};
use chasm_protocol::session::SessionDetail;
use chasm_protocol::status::Status;
use chasm_protocol::{SessionId, Timestamp};
use reqwest::{Method, RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Longest wait for the connection; answers may take as long as they need (a recovery of everything).
const CONNECT_WAIT: Duration = Duration::from_secs(5);

/// A recorder's REST interface; cheap to clone.
#[derive(Debug, Clone)]
pub struct Rest {
    http: reqwest::Client,
    endpoint: Endpoint,
}

/// The form of an exported session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ExportFormat {
    Markdown,
    Json,
    Jsonl,
    Html,
}

impl ExportFormat {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Markdown => "markdown",
            Self::Json => "json",
            Self::Jsonl => "jsonl",
            Self::Html => "html",
        }
    }
}

impl Rest {
    pub fn new(endpoint: Endpoint) -> Result<Self, ClientError> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(CONNECT_WAIT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|e| ClientError::BadUrl {
                url: endpoint.url.clone(),
                why: crate::error::innermost(&e),
            })?;
        Ok(Self { http, endpoint })
    }

    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    pub async fn status(&self) -> Result<Status, ClientError> {
        self.get("/api/recording/status", &[]).await
    }

    pub async fn sessions(&self, filter: &SessionFilter) -> Result<SessionPage, ClientError> {
        self.get("/api/recording/sessions", &query(filter)).await
    }

    pub async fn session(&self, id: &SessionId) -> Result<SessionDetail, ClientError> {
        self.get(&session_path(id, ""), &[]).await
    }

    pub async fn events(
        &self,
        id: &SessionId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<EventPage, ClientError> {
        let mut query = vec![("limit", limit.to_string())];
        query.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
        self.get(&session_path(id, "/events"), &query).await
    }

    /// The download, piece by piece as it comes.
    pub async fn export(&self, id: &SessionId, format: ExportFormat) -> Result<Download, ClientError> {
        let path = session_path(id, "/export");
        let request = self.request(Method::GET, &path, &[("format", format.as_str().to_owned())])?;
        let response = self.send(request).await?;
        Ok(Download { url: self.endpoint.url.clone(), response })
    }

    pub async fn patch(&self, id: &SessionId, patch: &SessionPatch) -> Result<SessionDetail, ClientError> {
        let request = self.request(Method::PATCH, &session_path(id, ""), &[])?.json(patch);
        self.answer(request).await
    }

    pub async fn delete(&self, id: &SessionId) -> Result<(), ClientError> {
        let request = self.request(Method::DELETE, &session_path(id, ""), &[])?;
        self.send(request).await.map(drop)
    }

    pub async fn search(
        &self,
        q: &str,
        session: Option<&SessionId>,
        limit: u32,
        cursor: Option<&str>,
    ) -> Result<SearchAnswer, ClientError> {
        let mut query = vec![("q", q.to_owned()), ("limit", limit.to_string())];
        query.extend(session.map(|id| ("session", id.to_string())));
        query.extend(cursor.map(|cursor| ("cursor", cursor.to_owned())));
        self.get("/api/recording/search", &query).await
    }

    pub async fn recovery(&self) -> Result<RecoveryOverview, ClientError> {
        self.get("/api/recording/recovery", &[]).await
    }

    /// Recovers these sessions, or all interrupted ones.
    pub async fn recover(&self, session_ids: Option<Vec<SessionId>>) -> Result<RecoveryReport, ClientError> {
        self.post("/api/recording/recovery", &RecoveryRequest { session_ids }).await
    }

    /// The editors on the recorder's machine, and what it can read of them.
    pub async fn editors(&self) -> Result<Vec<EditorView>, ClientError> {
        self.get("/api/editors", &[]).await
    }

    pub async fn snapshot(&self, request: &SnapshotRequest) -> Result<SnapshotAnswer, ClientError> {
        self.post("/api/recording/snapshot", request).await
    }

    /// Events as they are; the answer as it is. It is the same where all of them are refused.
    pub(crate) async fn post_events(&self, body: String) -> Result<Vec<u8>, ClientError> {
        let request = self.json_request("/api/recording/events", body)?;
        let url = &self.endpoint.url;
        let response = request.send().await.map_err(|e| ClientError::unreachable(url, &e))?;
        let status = response.status();
        let body = response.bytes().await.map_err(|e| ClientError::unreachable(url, &e))?;
        let answered = status.is_success() || (status.as_u16() == 422 && has_results(&body));
        if answered { Ok(body.to_vec()) } else { Err(ClientError::refused(status.as_u16(), url, &body)) }
    }

    /// A snapshot request as it is.
    pub(crate) async fn post_snapshot(&self, body: String) -> Result<SnapshotAnswer, ClientError> {
        let request = self.json_request("/api/recording/snapshot", body)?;
        self.answer(request).await
    }

    fn json_request(&self, path: &str, body: String) -> Result<RequestBuilder, ClientError> {
        let request = self.request(Method::POST, path, &[])?;
        Ok(request.header(reqwest::header::CONTENT_TYPE, "application/json").body(body))
    }

    /// A one-time address that opens the UI in a browser.
    pub async fn ticket(&self) -> Result<String, ClientError> {
        #[derive(Deserialize)]
        struct Ticket {
            url: String,
        }
        let ticket: Ticket = self.post("/api/ticket", &serde_json::json!({})).await?;
        Ok(ticket.url)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, String)]) -> Result<T, ClientError> {
        let request = self.request(Method::GET, path, query)?;
        self.answer(request).await
    }

    async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, ClientError> {
        let request = self.request(Method::POST, path, &[])?.json(body);
        self.answer(request).await
    }

    fn request(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<RequestBuilder, ClientError> {
        let text = format!("{}{path}", self.endpoint.url);
        let mut url =
            Url::parse(&text).map_err(|e| ClientError::BadUrl { url: text.clone(), why: e.to_string() })?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.http.request(method, url);
        Ok(match &self.endpoint.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        })
    }

    /// An answer of success; any other one as the recorder's error.
    async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let url = &self.endpoint.url;
        let response = request.send().await.map_err(|e| ClientError::unreachable(url, &e))?;
        if response.status().is_success() {
            return Ok(response);
        }
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(|e| ClientError::unreachable(url, &e))?;
        Err(ClientError::refused(status, url, &body))
    }

    async fn answer<T: DeserializeOwned>(&self, request: RequestBuilder) -> Result<T, ClientError> {
        let url = &self.endpoint.url;
        let body = self.send(request).await?.bytes().await.map_err(|e| ClientError::unreachable(url, &e))?;
        serde_json::from_slice(&body)
            .map_err(|e| ClientError::BadAnswer { url: url.clone(), why: e.to_string() })
    }
}

/// A file that comes over the wire.
pub struct Download {
    url: String,
    response: Response,
}

impl Download {
    /// The next piece; `None` at the end.
    pub async fn chunk(&mut self) -> Result<Option<impl AsRef<[u8]> + use<>>, ClientError> {
        self.response.chunk().await.map_err(|e| ClientError::unreachable(&self.url, &e))
    }
}

fn has_results(body: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Results {
        #[serde(rename = "results")]
        _results: Vec<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Results>(body).is_ok()
}

fn session_path(id: &SessionId, rest: &str) -> String {
    format!("/api/recording/sessions/{}{rest}", percent_encoded(id.as_str()))
}

/// Every byte but the unreserved ones as `%XX`, so that an id may hold slashes, dots and question marks.
fn percent_encoded(text: &str) -> String {
    use std::fmt::Write;
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'~' | b'.') {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

fn query(filter: &SessionFilter) -> Vec<(&'static str, String)> {
    let time = |t: &Timestamp| t.to_string();
    let sort = serde_json::to_value(filter.sort).ok().and_then(|v| v.as_str().map(str::to_owned));
    let mut out = vec![("state", filter.state.map_or("all", |s| s.as_str()).to_owned())];
    out.extend(filter.q.clone().map(|q| ("q", q)));
    out.extend(filter.provider.clone().map(|p| ("provider", p)));
    out.extend(filter.workspace.clone().map(|w| ("workspace", w)));
    out.extend(filter.starred.map(|s| ("starred", s.to_string())));
    out.extend(filter.tag.clone().map(|t| ("tag", t)));
    out.extend(filter.since.as_ref().map(time).map(|t| ("since", t)));
    out.extend(filter.until.as_ref().map(time).map(|t| ("until", t)));
    out.extend(sort.map(|s| ("sort", s)));
    if filter.limit > 0 {
        out.push(("limit", filter.limit.to_string()));
    }
    out.extend(filter.cursor.clone().map(|c| ("cursor", c)));
    out.extend(filter.editor.clone().map(|e| ("editor", e)));
    out.extend(filter.model.clone().map(|m| ("model", m)));
    out.extend(filter.ids.as_deref().map(|ids| ("ids", listed(ids))));
    out.extend(filter.excerpts.map(|n| ("excerpts", n.to_string())));
    out
}

/// Each encoded, for an id may have a comma itself.
fn listed(ids: &[SessionId]) -> String {
    ids.iter().map(|id| percent_encoded(id.as_str())).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chasm_protocol::State;

    #[test]
    fn ids_stay_one_piece_of_the_path() {
        let id = SessionId::new("a/b ?é..").unwrap();
        let url = Url::parse(&format!("http://h{}", session_path(&id, "/export"))).unwrap();
        assert_eq!(url.path(), "/api/recording/sessions/a%2Fb%20%3F%C3%A9../export");
    }

    #[test]
    fn a_filter_says_all_states_where_none_is_asked_for() {
        assert_eq!(query(&SessionFilter::default()), [("state", "all".into()), ("sort", "recent".into())]);
        let filter = SessionFilter { state: Some(State::Interrupted), limit: 7, ..SessionFilter::default() };
        assert!(query(&filter).contains(&("state", "interrupted".into())));
        assert!(query(&filter).contains(&("limit", "7".into())));
        let ids = ["a,b", "c%"].map(|id| SessionId::new(id).unwrap()).to_vec();
        let filter = SessionFilter { ids: Some(ids), ..SessionFilter::default() };
        assert!(query(&filter).contains(&("ids", "a%2Cb,c%25".into())));
    }
}

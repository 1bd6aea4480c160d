//! REST calls whose answers are looked at as they are: status, headers, JSON.
//!
//! Never follows a redirect, never goes through a proxy, never retries. Invariant: an answer is an answer, whatever its status.

use anyhow::{Context, Result, bail};
use chasm_client::Endpoint;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Method};
use serde_json::Value;
use std::time::Duration;

/// Longest wait for an answer.
const WAIT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub struct Ask {
    http: Client,
    pub url: String,
    pub token: Option<String>,
}

/// What came back. A body that is no JSON is `Null`.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub body: Value,
}

impl Answer {
    /// The code of a refusal; empty where there is none.
    pub fn code(&self) -> &str {
        self.body.pointer("/error/code").and_then(Value::as_str).unwrap_or_default()
    }
}

impl Ask {
    pub fn new(url: String, token: Option<String>) -> Result<Self> {
        let redirect = reqwest::redirect::Policy::none();
        let http = Client::builder().no_proxy().timeout(WAIT).redirect(redirect).build()?;
        Ok(Self { http, url, token })
    }

    pub fn of(endpoint: &Endpoint) -> Result<Self> {
        Self::new(endpoint.url.clone(), endpoint.token.clone())
    }

    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.call(Method::GET, path, None, "").await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.call(Method::POST, path, Some("application/json"), &body.to_string()).await
    }

    /// A body as it is, of this type.
    pub async fn post_as(&self, path: &str, kind: &str, body: &str) -> Result<Answer> {
        self.call(Method::POST, path, Some(kind), body).await
    }

    pub async fn delete(&self, path: &str) -> Result<Answer> {
        self.call(Method::DELETE, path, None, "").await
    }

    async fn call(&self, method: Method, path: &str, kind: Option<&str>, body: &str) -> Result<Answer> {
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.url));
        if let Some(kind) = kind {
            request = request.header(CONTENT_TYPE, kind).body(body.to_owned());
        }
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let asked = || format!("{method} {}{path}", self.url);
        let response = request.send().await.with_context(asked)?;
        let status = response.status().as_u16();
        let bytes = response.bytes().await.with_context(asked)?;
        Ok(Answer { status, body: serde_json::from_slice(&bytes).unwrap_or_default() })
    }

    /// All items of a paged listing; none where the thing is not known.
    pub async fn walk(&self, path: &str, items: &str) -> Result<Vec<Value>> {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = self.get(&format!("{path}?limit=1000{cursor}")).await?;
            match answer.status {
                200 => {}
                404 => return Ok(all),
                status => bail!("{path}: {status} {}", answer.code()),
            }
            let page = answer.body.get(items).and_then(Value::as_array);
            all.extend(page.into_iter().flatten().cloned());
            match answer.body.get("next_cursor").and_then(Value::as_str) {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(all),
            }
        }
    }
}

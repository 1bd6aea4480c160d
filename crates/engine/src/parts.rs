//! A session without its items, and its items in parts.
//!
//! Never loads or folds a whole session, unless the store cannot be written: then what is unwritten is folded, and the part is cut
//! from that. Invariant: a part sees every event whose ack was sent.

use crate::{Engine, EngineError, overlay};
use chasm_protocol::api::{ItemsPage, ItemsQuery, ItemsWindow, OtherItem, SessionItem, SessionPatch};
use chasm_protocol::session::SessionDetail;
use chasm_protocol::{SessionId, Timestamp};
use chasm_store::StoreError;

impl Engine {
    /// The session with empty lists of messages, tool calls, conflicts and others.
    pub async fn session_head(&self, id: &SessionId) -> Result<SessionDetail, EngineError> {
        self.flushed().await?;
        let found = match self.unwritten(id).await? {
            Some(write) => Some(head(overlay::detail(self, self.store().detail(id).await?, write).await?)),
            None => self.store().detail_without_items(id).await?,
        };
        self.with_life(id, found).await
    }

    /// As [`Engine::patch`], answering the session's head.
    pub async fn patch_head(
        &self,
        id: &SessionId,
        patch: SessionPatch,
    ) -> Result<SessionDetail, EngineError> {
        self.change(id, &patch).await?;
        self.session_head(id).await
    }

    pub async fn items(&self, id: &SessionId, query: ItemsQuery) -> Result<ItemsPage, EngineError> {
        self.flushed().await?;
        if let Some(write) = self.unwritten(id).await? {
            let whole = overlay::detail(self, self.store().detail(id).await?, write).await?;
            return part_of(whole, query);
        }
        let page = self.store().items_page(id, &query).await.map_err(|error| match error {
            StoreError::RevisionGone => EngineError::RevisionGone,
            other => other.into(),
        })?;
        page.ok_or_else(|| EngineError::NoSuchSession(id.to_string()))
    }
}

fn head(mut detail: SessionDetail) -> SessionDetail {
    detail.messages = Vec::new();
    detail.tool_calls = Vec::new();
    detail.conflicts = Vec::new();
    detail.other = Vec::new();
    detail
}

/// A part of a session that is at hand as a whole. It knows no revisions but the store's last one.
fn part_of(whole: SessionDetail, query: ItemsQuery) -> Result<ItemsPage, EngineError> {
    let limit = usize::try_from(query.limit.max(1)).unwrap_or(usize::MAX);
    let (revision, total) = (whole.revision, whole.items);
    let items = in_order(whole);
    let is_own = |item: &SessionItem| !matches!(item, SessionItem::Other(_));
    let own = |range: &dyn Fn(u64) -> bool| -> Vec<u64> {
        items.iter().filter(|item| is_own(item)).map(SessionItem::position).filter(|p| range(*p)).collect()
    };
    let (first, last, removed) = match query.window {
        ItemsWindow::From(from) | ItemsWindow::ChangedSince { revision: 0, from } => {
            let last = own(&|p| p >= from).get(limit - 1).copied().filter(|last| *last < total);
            let removed = matches!(query.window, ItemsWindow::ChangedSince { .. }).then(Vec::new);
            (from, last, removed)
        }
        ItemsWindow::Before(before) => {
            let places = own(&|p| p < before);
            let first = places.len().checked_sub(limit).and_then(|n| places.get(n)).copied();
            (first.unwrap_or(0), Some(before.saturating_sub(1)).filter(|last| *last < total), None)
        }
        ItemsWindow::ChangedSince { .. } => return Err(EngineError::RevisionGone),
    };
    let inside = |p: u64| p >= first && last.is_none_or(|last| p <= last);
    Ok(ItemsPage {
        items: items.into_iter().filter(|item| inside(item.position())).collect(),
        next_from: last.map(|last| last + 1),
        revision,
        total,
        removed,
        others_left_out: 0,
    })
}

/// All items by position, each event of an unknown type before the first item that is later.
fn in_order(whole: SessionDetail) -> Vec<SessionItem> {
    let mut items: Vec<SessionItem> = whole.messages.into_iter().map(SessionItem::Message).collect();
    items.extend(whole.tool_calls.into_iter().map(SessionItem::ToolCall));
    items.sort_by_key(SessionItem::position);
    let mut latest: Vec<(u64, Option<Timestamp>)> = Vec::with_capacity(items.len());
    for item in &items {
        let at = match item {
            SessionItem::Message(message) => message.timestamp,
            SessionItem::ToolCall(call) => call.timestamp,
            SessionItem::Other(_) => None,
        };
        latest.push((item.position(), latest.last().and_then(|(_, at)| *at).max(at)));
    }
    for event in whole.other {
        let at = event.event.get("timestamp").and_then(time).unwrap_or(event.received_at);
        let place = latest.partition_point(|(_, time)| *time <= Some(at));
        let before = latest.get(place).map_or(whole.items + 1, |(position, _)| *position);
        items.push(SessionItem::Other(OtherItem { event, before }));
    }
    items.sort_by_key(|item| (item.position(), !matches!(item, SessionItem::Other(_))));
    items
}

/// A client's time, as text or milliseconds.
fn time(value: &serde_json::Value) -> Option<Timestamp> {
    match value {
        serde_json::Value::String(text) => Timestamp::parse(text).ok(),
        other => other.as_i64().and_then(|ms| Timestamp::from_millis(ms).ok()),
    }
}

#[cfg(test)]
mod tests;

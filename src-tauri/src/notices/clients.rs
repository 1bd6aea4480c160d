//! Which client carried a session: an interruption names the session alone.
//!
//! Invariant: it remembers a bounded number of sessions, the latest ones.

use super::words;
use chasm_protocol::ConnectionId;
use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

/// Sessions that are remembered with their client.
pub const REMEMBERED_MAX: usize = 4_096;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// As people call it.
    pub name: Arc<str>,
    /// Tells two clients of one name apart; `None` where the connection is not known.
    pub connection: Option<ConnectionId>,
}

impl Default for Client {
    fn default() -> Self {
        Self { name: words::client_name(None).into(), connection: None }
    }
}

#[derive(Debug, Default)]
pub struct Clients {
    of: BTreeMap<String, Client>,
    /// The sessions in the order in which they came; some may be taken.
    order: VecDeque<String>,
}

impl Clients {
    /// A connection is gone that carried these sessions.
    pub fn dropped(&mut self, connection: ConnectionId, client: Option<&str>, sessions: &[String]) {
        let client = Client { name: words::client_name(client).into(), connection: Some(connection) };
        for session in sessions.iter().rev().take(REMEMBERED_MAX) {
            if self.of.insert(session.clone(), client.clone()).is_none() {
                self.order.push_back(session.clone());
            }
        }
        while self.order.len() > REMEMBERED_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.of.remove(&oldest);
            }
        }
    }

    pub fn of(&self, session: &str) -> Client {
        self.of.get(session).cloned().unwrap_or_default()
    }

    #[cfg(test)]
    pub fn len(&self) -> usize {
        self.of.len().max(self.order.len())
    }
}

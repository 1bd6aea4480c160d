//! Retention: sessions that are too old, or too many, are deleted for good.
//!
//! Owns the turning of a policy into what goes, and the rounds of a run. Never touches a session that is recording.
//! Invariant: the dry run and the run ask the store the same question.

use crate::ingest::micros;
use crate::purge::Purge;
use crate::{Engine, EngineError};
use chasm_protocol::api::{PurgeReceipt, Purged, RECEIPT_IDS, RetentionPreview, SAMPLE_MAX};
use chasm_store::Expiry;
use std::time::Duration;

const DAY: Duration = Duration::from_secs(24 * 3600);

/// How long sessions are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Since their last event; 0: for ever.
    pub days: u64,
    pub keep_starred: bool,
    /// Size that the database may have; 0: any.
    pub max_gib: u64,
}

impl Engine {
    /// What would be deleted now. Changes nothing.
    pub async fn retention_preview(&self, retention: Retention) -> Result<RetentionPreview, EngineError> {
        self.flushed().await?;
        let sample = u32::try_from(SAMPLE_MAX).unwrap_or(u32::MAX);
        let mut expired = self.store().expired(&self.expiry(retention), sample).await?;
        let live = self.live_sessions().await;
        expired.sample.iter_mut().for_each(|s| s.live = live.contains(&s.session_id));
        Ok(RetentionPreview {
            sessions: expired.sessions.len() as u64,
            messages: expired.messages,
            bytes: self.store().bytes_of(&expired.sessions).await?,
            interrupted: expired.interrupted,
            oldest: expired.oldest,
            newest: expired.newest,
            sample: expired.sample,
        })
    }

    /// Deletes what is not kept, round by round until all is well.
    pub async fn retain(&self, retention: Retention) -> Result<PurgeReceipt, EngineError> {
        let none = Purged::none(self.shared().clock.now());
        let mut all = PurgeReceipt { purged: none, session_ids: Vec::new() };
        if retention.days == 0 && retention.max_gib == 0 {
            return Ok(all);
        }
        loop {
            let round = self.purge(Purge::Expired(self.expiry(retention))).await?;
            if round.purged.sessions == 0 {
                return Ok(all);
            }
            add(&mut all, round);
        }
    }

    fn expiry(&self, retention: Retention) -> Expiry {
        let age = |days: u64| micros(DAY.saturating_mul(u32::try_from(days).unwrap_or(u32::MAX)));
        let now = self.shared().clock.now();
        Expiry {
            before: (retention.days > 0).then(|| now.plus_micros(-age(retention.days))),
            keep_starred: retention.keep_starred,
            max_bytes: (retention.max_gib > 0).then(|| retention.max_gib.saturating_mul(1 << 30)),
        }
    }
}

fn add(all: &mut PurgeReceipt, round: PurgeReceipt) {
    let (to, from) = (&mut all.purged, round.purged);
    to.sessions += from.sessions;
    to.messages += from.messages;
    to.tool_calls += from.tool_calls;
    to.events += from.events;
    to.snapshots += from.snapshots;
    to.bytes += from.bytes;
    let room = RECEIPT_IDS.saturating_sub(all.session_ids.len());
    all.session_ids.extend(round.session_ids.into_iter().take(room));
}

//! What is wrong: one code, its values and the sentence that says them, made together.
//!
//! Invariant: code, values and sentence come from the same failure, so they cannot say different things.

use crate::RecordError;
use crate::flush::StoreTrouble;
use chasm_protocol::lifecycle::StopReason;
use chasm_protocol::status::ProblemCode;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    pub code: ProblemCode,
    /// A sentence that says what to do.
    pub message: String,
    pub values: BTreeMap<String, Value>,
}

impl Problem {
    /// The journal takes nothing; `restart_needed`: nor will it before a restart.
    pub fn of_journal(refusal: &RecordError, restart_needed: bool) -> Self {
        let message = refusal.to_string();
        match refusal {
            RecordError::StorageFull(detail) => {
                Self { code: ProblemCode::DiskFull, message, values: values([("detail", json!(detail))]) }
            }
            RecordError::NotRecording(detail) => {
                let values = values([("detail", json!(detail)), ("restart_needed", json!(restart_needed))]);
                Self { code: ProblemCode::SyncFailed, message, values }
            }
            RecordError::Paused(_) | RecordError::ShuttingDown => Self { message, ..Self::stopping() },
        }
    }

    /// There is not enough room for the journal to go on.
    pub fn of_room(free: u64, needed: u64) -> (RecordError, Self) {
        let refusal = RecordError::StorageFull(format!("{free} bytes are free, {needed} are needed"));
        let mut problem = Self::of_journal(&refusal, false);
        problem.values.extend(values([("free_bytes", json!(free)), ("needed_bytes", json!(needed))]));
        (refusal, problem)
    }

    pub fn of_store(trouble: &StoreTrouble) -> Self {
        let code = if trouble.disk_full { ProblemCode::DiskFull } else { ProblemCode::DatabaseFailed };
        let message = format!("the database cannot be written: {}", trouble.message);
        Self { code, message, values: values([("detail", json!(trouble.message))]) }
    }

    pub fn stopping() -> Self {
        let message = String::from("the recorder is stopping");
        Self { code: ProblemCode::Stopping, message, values: BTreeMap::new() }
    }

    /// Why recording stopped, as the lifecycle tells it.
    pub const fn reason(&self) -> StopReason {
        match self.code {
            ProblemCode::DiskFull => StopReason::DiskFull,
            ProblemCode::SyncFailed | ProblemCode::Stopping => StopReason::SyncFailed,
            ProblemCode::DatabaseFailed => StopReason::DatabaseFailed,
        }
    }
}

fn values<const N: usize>(named: [(&str, Value); N]) -> BTreeMap<String, Value> {
    named.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_in_the_sentence() {
        let full = RecordError::StorageFull(String::from("segment 3: cannot write"));
        let failed = RecordError::NotRecording(String::from("segment 4: cannot sync"));
        let trouble = StoreTrouble { disk_full: false, message: String::from("database is locked") };
        for problem in [
            Problem::of_journal(&full, false),
            Problem::of_journal(&failed, true),
            Problem::of_room(5, 4096).1,
            Problem::of_store(&trouble),
        ] {
            for (name, value) in problem.values.iter().filter(|(name, _)| *name != "restart_needed") {
                let shown = value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
                assert!(problem.message.contains(&shown), "{name}: {problem:?}");
            }
        }
    }
}

//! The canary: an event of no session that goes the way of every event, so that «recording» is proved and not supposed.
//!
//! Asks the recorder's own address over HTTP (port, fence, ingest, journal, sync); the recorder keeps nothing of it. Never asks
//! where something else was written meanwhile, or while recording is paused. Invariant: a proof that fails is known within
//! [`EVERY`] and [`PATIENCE`].

use crate::ask::Recorder;
use crate::glance::Proof;
use chasm_protocol::lifecycle::StopReason;
use chasm_protocol::status::Health;
use chasm_protocol::{LifecycleEvent, Timestamp};
use chasm_server::Engine;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

const PATH: &str = "/api/recording/probe";
const EVERY: Duration = Duration::from_secs(60);
/// After a failure it is tried again sooner.
const AGAIN: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(10);

/// Watches until the token is cancelled. `tell`: what the user should know of it.
pub fn spawn(
    recorder: Recorder,
    engine: Engine,
    tell: impl Fn(LifecycleEvent) + Send + Sync + 'static,
    stop: CancellationToken,
) -> watch::Receiver<Proof> {
    let (proof, watched) = watch::channel(Proof::Unknown);
    tokio::spawn(async move {
        stop.run_until_cancelled(run(&recorder, &engine, &proof, tell)).await;
    });
    watched
}

async fn run(
    recorder: &Recorder,
    engine: &Engine,
    proof: &watch::Sender<Proof>,
    tell: impl Fn(LifecycleEvent),
) {
    let (mut seen, mut incident) = (None, Incident::default());
    loop {
        let status = engine.status().await;
        let written_meanwhile = status.last_durable_write > seen;
        seen = status.last_durable_write;
        let found = match status.status {
            // a pause refuses it, and a degraded recorder says itself what is wrong
            Health::Paused | Health::Degraded => Proof::Unknown,
            Health::Recording if written_meanwhile => Proof::Written,
            Health::Recording => match probe(recorder).await {
                Proof::Failed(_) if engine.status().await.status != Health::Recording => Proof::Unknown,
                found => found,
            },
        };
        if let Some(event) = incident.on(&found, now()) {
            tell(event);
        }
        let pause = if matches!(found, Proof::Failed(_)) { AGAIN } else { EVERY };
        proof.send_if_modified(|last| {
            let changed = *last != found;
            *last = found;
            changed
        });
        tokio::time::sleep(pause).await;
    }
}

fn now() -> Timestamp {
    Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
}

/// A time in which the canary is not written: its begin and its end are told, once each.
#[derive(Debug, Default)]
struct Incident {
    since: Option<Timestamp>,
}

impl Incident {
    fn on(&mut self, found: &Proof, now: Timestamp) -> Option<LifecycleEvent> {
        match (found, self.since) {
            (Proof::Failed(why), None) => {
                tracing::error!(%why, "the canary was not written");
                self.since = Some(now);
                Some(LifecycleEvent::RecordingStopped {
                    reason: StopReason::Unreachable,
                    message: why.clone(),
                })
            }
            (Proof::Written, Some(stopped_at)) => {
                tracing::info!("the canary is written again");
                self.since = None;
                Some(LifecycleEvent::RecordingResumed { stopped_at })
            }
            _ => None,
        }
    }
}

async fn probe(recorder: &Recorder) -> Proof {
    match recorder.post(PATH, "{}", PATIENCE).await {
        Ok(answer) if answer.is_success() => Proof::Written,
        Ok(answer) => Proof::Failed(answer.message()),
        Err(error) => Proof::Failed(format!("the recorder does not answer at its own address: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn begin_and_end_of_an_incident_are_told_once() {
        let mut incident = Incident::default();
        let failed = Proof::Failed("it does not answer".into());
        let at = Timestamp::from_micros;
        assert_eq!(incident.on(&Proof::Written, at(1)), None);
        assert!(matches!(incident.on(&failed, at(2)), Some(LifecycleEvent::RecordingStopped { .. })));
        assert_eq!(incident.on(&failed, at(3)), None);
        // a pause says nothing of whether it works again
        assert_eq!(incident.on(&Proof::Unknown, at(4)), None);
        assert_eq!(
            incident.on(&Proof::Written, at(5)),
            Some(LifecycleEvent::RecordingResumed { stopped_at: at(2) })
        );
        assert_eq!(incident.on(&Proof::Written, at(6)), None);
    }
}

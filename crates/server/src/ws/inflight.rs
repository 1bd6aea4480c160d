//! What was handed to the engine and is not answered yet, in order.
//!
//! Owns errors, warnings and counts until their turn comes. Invariant: answers leave in the order of the frames, errors before
//! the ack that covers them; several batches that are on disk share one ack.

use chasm_engine::{Outcome, RecordError, Ticket};
use chasm_protocol::{EventId, Parsed, Refusal, ServerFrame, WarningCode};
use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Most batches and events that may wait; beyond, reading stops.
const MOST_BATCHES: usize = 128;
const MOST_EVENTS: usize = 16_384;

/// Events of some frames, to be handed over together.
#[derive(Default)]
pub(crate) struct Batch {
    /// The last frame that belongs to it.
    through: u64,
    errors: Vec<ServerFrame>,
    places: Vec<Place>,
    pub events: Vec<Parsed>,
}

/// Where an accepted event stood, and what is to be said of it.
struct Place {
    frame: u64,
    index: usize,
    event_id: Option<EventId>,
    warning: Option<WarningCode>,
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.through == 0
    }

    /// A frame of events, each accepted or refused.
    pub fn add(&mut self, frame: u64, events: Vec<Result<Parsed, Refusal>>) {
        self.through = frame;
        for (index, event) in events.into_iter().enumerate() {
            match event {
                Ok(parsed) => {
                    let (event_id, warning) = (parsed.event.event_id.clone(), parsed.warning);
                    self.places.push(Place { frame, index, event_id, warning });
                    self.events.push(parsed);
                }
                Err(refusal) => self.errors.push(error(frame, Some(index), refusal)),
            }
        }
    }

    /// A frame that was refused as a whole.
    pub fn refuse(&mut self, frame: u64, refusal: Refusal) {
        self.through = frame;
        self.errors.push(error(frame, None, refusal));
    }

    /// Events, and frames as a whole, that were refused before the engine saw them.
    pub fn refused(&self) -> usize {
        self.errors.len()
    }

    fn weight(&self) -> usize {
        self.places.len() + self.errors.len()
    }
}

fn error(frame: u64, index: Option<usize>, refusal: Refusal) -> ServerFrame {
    let Refusal { code, message, event_id, .. } = refusal;
    ServerFrame::Error { frame: Some(frame), index, event_id, code, message }
}

struct Waiting {
    batch: Batch,
    answer: Answer,
}

enum Answer {
    Ticket(Ticket),
    /// Known already: nothing to record, or refused at once.
    Known(Result<Vec<Outcome>, RecordError>),
}

/// The queue of a connection.
#[derive(Default)]
pub(crate) struct Inflight {
    queue: VecDeque<Waiting>,
    weight: usize,
}

/// What is to be sent.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Answers {
    pub errors: Vec<ServerFrame>,
    pub warnings: Vec<ServerFrame>,
    /// Frames up to this one are answered.
    pub through: Option<u64>,
    pub recorded: u64,
    pub duplicates: u64,
    /// The engine stops: these and all later events are not recorded, and nothing is to be said of them.
    pub stopped: bool,
}

impl Inflight {
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub fn has_room(&self) -> bool {
        self.queue.len() < MOST_BATCHES && self.weight < MOST_EVENTS
    }

    pub fn push(&mut self, batch: Batch, submitted: Result<Option<Ticket>, RecordError>) {
        let answer = match submitted {
            Ok(Some(ticket)) => Answer::Ticket(ticket),
            Ok(None) => Answer::Known(Ok(Vec::new())),
            Err(error) => Answer::Known(Err(error)),
        };
        self.weight += batch.weight();
        self.queue.push_back(Waiting { batch, answer });
    }

    /// Waits for the first batch to be answered, then takes all that are. For ever where none waits.
    pub async fn answered(&mut self) -> Answers {
        std::future::poll_fn(|cx| self.poll_answered(cx)).await
    }

    fn poll_answered(&mut self, cx: &mut Context<'_>) -> Poll<Answers> {
        let mut answers = Answers::default();
        while !answers.stopped {
            let Some(front) = self.queue.front_mut() else { break };
            let result = match &mut front.answer {
                Answer::Known(result) => std::mem::replace(result, Ok(Vec::new())),
                Answer::Ticket(ticket) => match Pin::new(ticket).poll(cx) {
                    Poll::Ready(result) => result,
                    Poll::Pending => break,
                },
            };
            if let Some(Waiting { batch, .. }) = self.queue.pop_front() {
                self.weight -= batch.weight();
                answers.take(batch, result);
            }
        }
        if answers.through.is_some() || answers.stopped { Poll::Ready(answers) } else { Poll::Pending }
    }
}

impl Answers {
    fn take(&mut self, batch: Batch, result: Result<Vec<Outcome>, RecordError>) {
        match result {
            Ok(outcomes) => {
                for (place, outcome) in batch.places.into_iter().zip(outcomes) {
                    self.outcome(place, outcome);
                }
            }
            Err(RecordError::ShuttingDown) => {
                self.stopped = true;
                return;
            }
            Err(refused) => {
                let (code, message) = (refused.code(), refused.to_string());
                self.errors.extend(batch.places.into_iter().map(|place| ServerFrame::Error {
                    frame: Some(place.frame),
                    index: Some(place.index),
                    event_id: place.event_id.map(String::from),
                    code,
                    message: message.clone(),
                }));
            }
        }
        self.errors.extend(batch.errors);
        self.through = Some(batch.through);
    }

    fn outcome(&mut self, place: Place, outcome: Outcome) {
        let warning = match outcome {
            Outcome::Recorded => place.warning,
            Outcome::Duplicate => None,
            Outcome::Conflict => Some(WarningCode::Conflict),
        };
        match outcome {
            Outcome::Recorded | Outcome::Conflict => self.recorded += 1,
            Outcome::Duplicate => self.duplicates += 1,
        }
        if let Some(code) = warning {
            self.warnings.push(ServerFrame::Warning {
                frame: place.frame,
                index: place.index,
                event_id: place.event_id.map(String::from),
                code,
                message: code.message().to_owned(),
            });
        }
    }

    /// All frames to send, the ack last.
    pub fn frames(self) -> impl Iterator<Item = ServerFrame> {
        let (recorded, duplicates) = (self.recorded, self.duplicates);
        let ack = self.through.map(|through| ServerFrame::Ack { through, recorded, duplicates });
        self.errors.into_iter().chain(self.warnings).chain(ack)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chasm_protocol::{ErrorCode, Limits, parse_event};

    fn batch(frame: u64, texts: &[&str]) -> Batch {
        let mut batch = Batch::default();
        batch.add(frame, texts.iter().map(|text| parse_event(text, &Limits::default())).collect());
        batch
    }

    const GOOD: &str = r#"{"session_id":"s","event_type":"heartbeat","event_id":"e"}"#;
    const OTHER: &str = r#"{"session_id":"s","event_type":"x.y"}"#;

    #[tokio::test]
    async fn answers_that_are_ready_share_one_ack() {
        let mut inflight = Inflight::default();
        inflight.queue.push_back(Waiting {
            batch: batch(1, &[GOOD, OTHER, "[]"]),
            answer: Answer::Known(Ok(vec![Outcome::Conflict, Outcome::Recorded])),
        });
        inflight.queue.push_back(Waiting {
            batch: batch(2, &[GOOD]),
            answer: Answer::Known(Ok(vec![Outcome::Duplicate])),
        });
        inflight.weight = 4;
        let answers = inflight.answered().await;
        assert_eq!(inflight.weight, 0);
        let frames: Vec<_> = answers.frames().collect();
        assert!(
            matches!(
                &frames[0],
                ServerFrame::Error { frame: Some(1), index: Some(2), code: ErrorCode::BadJson, .. }
            ),
            "{frames:?}"
        );
        assert!(matches!(
            &frames[1],
            ServerFrame::Warning { frame: 1, index: 0, code: WarningCode::Conflict, .. }
        ));
        assert!(matches!(
            &frames[2],
            ServerFrame::Warning { index: 1, code: WarningCode::UnknownEventType, .. }
        ));
        assert_eq!(frames[3], ServerFrame::Ack { through: 2, recorded: 2, duplicates: 1 });
        assert_eq!(frames.len(), 4);
    }

    #[tokio::test]
    async fn what_the_engine_refuses_is_answered_event_by_event() {
        let mut inflight = Inflight::default();
        inflight.push(batch(7, &[GOOD, GOOD]), Err(RecordError::Paused(None)));
        let frames: Vec<_> = inflight.answered().await.frames().collect();
        assert!(matches!(
            &frames[1],
            ServerFrame::Error { frame: Some(7), index: Some(1), code: ErrorCode::Paused, .. }
        ));
        assert_eq!(frames[2], ServerFrame::Ack { through: 7, recorded: 0, duplicates: 0 });
    }

    #[tokio::test]
    async fn nothing_is_said_of_what_came_too_late() {
        let mut inflight = Inflight::default();
        inflight.push(batch(1, &["[]"]), Ok(None));
        inflight.push(batch(2, &[GOOD]), Err(RecordError::ShuttingDown));
        let answers = inflight.answered().await;
        assert!(answers.stopped);
        let frames: Vec<_> = answers.frames().collect();
        assert_eq!(frames.last(), Some(&ServerFrame::Ack { through: 1, recorded: 0, duplicates: 0 }));
    }
}

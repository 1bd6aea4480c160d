// What can go wrong for whoever records, in sentences for people.
//
// Owns the error classes. A refusal of the recorder is not among them: it is told by the event «refused».

/** The outbox has no room: nothing was taken over, nothing that waits was dropped. */
export class OutboxFullError extends Error {
  override readonly name = 'OutboxFullError';
}

/** The outbox could not keep the event: the disk is full, say. */
export class OutboxError extends Error {
  override readonly name = 'OutboxError';
}

/** What was to be recorded is not an event: it cannot be written as JSON, say. */
export class EventError extends Error {
  override readonly name = 'EventError';
}

/** The recorder was closed before. */
export class ClosedError extends Error {
  override readonly name = 'ClosedError';
}

/** The recorder's address, or an option, makes no sense. */
export class OptionError extends Error {
  override readonly name = 'OptionError';
}

export function because(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

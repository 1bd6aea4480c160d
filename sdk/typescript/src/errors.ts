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
  if (!(error instanceof Error)) return String(error);
  const why = reason(error.cause);
  return why === undefined || error.message.includes(why) ? error.message : `${error.message} (${why})`;
}

/** Node's fetch says «fetch failed» alone; the reason is in its cause, or in the first of several. */
function reason(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return undefined;
  const several: unknown = (cause as Partial<AggregateError>).errors;
  const first = Array.isArray(several) ? reason(several[0]) : undefined;
  return cause.message || first || (cause as { code?: string }).code;
}

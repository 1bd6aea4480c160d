// What recovering a session gives, in numbers: from the recorder's preview beforehand, and from the report afterwards.
//
// Pure; says nothing in words (`words.ts` does). Invariant: a preview promises nothing that is not at hand, so what a report says
// afterwards is never less.

import type { RecoveredSession, RecoveryCandidate } from '../../lib/api';

export type Range = readonly [number, number];

export interface Outcome {
  /** Messages that are shown now. */
  before: number;
  /** Messages with all that is at hand. */
  after: number;
  fromEvents: number;
  fromSnapshots: number;
  fromEditorFiles: number;
  /** Answers whose end another source had. */
  completed: number;
  /** Answers that stay cut off. */
  partial: number;
  /** Tool calls that were never answered. */
  openCalls: number;
  /** Holes in the client's counting. */
  missing: Range[];
}

/** Before: what the recorder says that recovering gives. */
export function foreseen(candidate: RecoveryCandidate): Outcome {
  const after = candidate.messages_after ?? candidate.message_count;
  const added = candidate.added ?? 0;
  const before = Math.max(0, after - added);
  const fromSnapshots = Math.min(candidate.only_in_snapshots, before);
  return {
    before,
    after,
    fromEvents: before - fromSnapshots,
    fromSnapshots,
    fromEditorFiles: added,
    completed: candidate.completed ?? 0,
    partial: candidate.still_partial ?? 0,
    openCalls: candidate.still_open_tool_calls ?? 0,
    missing: ranges(candidate.still_missing ?? []),
  };
}

/** Afterwards: from the report. */
export function reached(session: RecoveredSession): Outcome {
  return {
    // what a snapshot brought was in the list before the session was recovered
    before: session.from_events + session.from_snapshots,
    after: session.messages,
    fromEvents: session.from_events,
    fromSnapshots: session.from_snapshots,
    fromEditorFiles: session.from_editor_files,
    completed: session.completed,
    partial: session.partial,
    openCalls: session.open_tool_calls,
    missing: ranges(session.missing),
  };
}

/** How many events the holes hold. */
export function missingEvents(missing: readonly Range[]): number {
  return missing.reduce((sum, [from, to]) => sum + (to - from + 1), 0);
}

/** Nothing is known to be lacking. A tool call without an answer is what happened, not a loss. */
export function isWhole(outcome: Outcome): boolean {
  return outcome.partial === 0 && outcome.missing.length === 0;
}

function ranges(missing: readonly (readonly unknown[])[]): Range[] {
  return missing.flatMap(([from, to]) =>
    typeof from === 'number' && typeof to === 'number' ? [[from, to] as const] : [],
  );
}

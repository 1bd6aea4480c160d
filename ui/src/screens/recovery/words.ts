// What a recovery gives and what cannot be had, as sentences.
//
// Pure: the translation is handed in. Invariant: «nothing missing» is said only where nothing is known to be missing.

import type { RecoveryCandidate } from '../../lib/api';
import { clientName } from '../../lib/clients';
import type { MessageKey } from '../../lib/i18n';
import { isWhole, missingEvents, type Outcome, type Range } from './outcome';

/** `t`, or something like it in a test. */
export type Say = (key: MessageKey, values?: Record<string, string | number>) => string;

/** Ranges that are named before «and more». */
const NAMED_RANGES = 4;

/** «31 messages from events, 2 more from a snapshot, nothing missing». */
export function gain(outcome: Outcome, say: Say): string {
  const parts = [say('recovery.gain.events', { count: outcome.fromEvents })];
  if (outcome.fromSnapshots > 0) parts.push(say('recovery.gain.snapshots', { count: outcome.fromSnapshots }));
  if (outcome.fromEditorFiles > 0) parts.push(say('recovery.gain.files', { count: outcome.fromEditorFiles }));
  if (outcome.completed > 0) parts.push(say('recovery.gain.completed', { count: outcome.completed }));
  if (isWhole(outcome)) parts.push(say('recovery.gain.whole'));
  return parts.join(say('recovery.join'));
}

/** What cannot be had and why, one sentence each. */
export function losses(outcome: Outcome, say: Say): string[] {
  const lines: string[] = [];
  if (outcome.partial > 0) lines.push(say('recovery.loss.partial', { count: outcome.partial }));
  if (outcome.missing.length > 0) {
    const count = missingEvents(outcome.missing);
    lines.push(say('recovery.loss.missing', { count, ranges: named(outcome.missing, say) }));
  }
  return lines;
}

/** What cannot be had because its source cannot be read, one sentence each. */
export function unavailable(
  candidate: Pick<RecoveryCandidate, 'editor_files' | 'unavailable'>,
  say: Say,
): string[] {
  const name = (id: string | null | undefined): string => clientName(id) ?? say('recovery.anEditor');
  const unread = (candidate.editor_files ?? [])
    .filter((file) => !file.readable)
    .map((file) =>
      say('recovery.loss.file', {
        editor: name(file.editor),
        why: file.problem ?? say('recovery.loss.unreadable'),
      }),
    );
  const others = (candidate.unavailable ?? []).map(({ editor, why }) =>
    say('recovery.loss.file', { editor: name(editor), why }),
  );
  return [...new Set([...unread, ...others])];
}

/** «6–7, 12», and «and 3 more places» where there are many. */
export function named(missing: readonly Range[], say: Say): string {
  const shown = missing
    .slice(0, NAMED_RANGES)
    .map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  const text = shown.join(say('recovery.join'));
  const rest = missing.length - shown.length;
  return rest > 0 ? say('recovery.loss.more', { text, count: rest }) : text;
}

import { describe, expect, it } from 'vitest';
import type { RecoveredSession, RecoveryCandidate } from '../../lib/api';
import { t } from '../../lib/i18n';
import { foreseen, isWhole, missingEvents, reached, type Outcome } from './outcome';
import { gain, losses, named, unavailable } from './words';

const candidate = {
  messages_after: 34,
  added: 3,
  only_in_snapshots: 2,
  completed: 1,
  still_partial: 1,
  still_open_tool_calls: 0,
  still_missing: [
    [6, 7],
    [12, 12],
  ],
} as unknown as RecoveryCandidate;

const nothing: Outcome = {
  before: 0,
  after: 0,
  fromEvents: 0,
  fromSnapshots: 0,
  fromEditorFiles: 0,
  completed: 0,
  partial: 0,
  openCalls: 0,
  missing: [],
};

describe('what a recovery gives', () => {
  it('is told beforehand from the preview', () => {
    const outcome = foreseen(candidate);
    expect(outcome).toMatchObject({
      before: 31,
      after: 34,
      fromEvents: 29,
      fromSnapshots: 2,
      fromEditorFiles: 3,
      partial: 1,
    });
    expect(missingEvents(outcome.missing)).toBe(3);
    expect(isWhole(outcome)).toBe(false);
  });

  it('never promises fewer than no messages from events', () => {
    const odd = { ...candidate, messages_after: 1, added: 0, only_in_snapshots: 5 };
    expect(foreseen(odd)).toMatchObject({ before: 1, after: 1, fromEvents: 0, fromSnapshots: 1 });
  });

  it('is told afterwards from the report', () => {
    const session = {
      messages: 33,
      from_events: 29,
      from_snapshots: 2,
      from_editor_files: 2,
      completed: 1,
      partial: 0,
      open_tool_calls: 1,
      missing: [],
    } as unknown as RecoveredSession;
    const outcome = reached(session);
    expect(gain(outcome, t)).toBe(
      "29 messages from events, 2 more from a snapshot, 2 more from the editor's file, the rest of 1 answer, nothing missing",
    );
    expect(losses(outcome, t)).toEqual([]);
    expect(isWhole(outcome)).toBe(true);
  });
});

describe('the words for it', () => {
  it('say «nothing missing» only where nothing is known to be', () => {
    expect(gain({ ...nothing, fromEvents: 4 }, t)).toBe('4 messages from events, nothing missing');
    expect(gain({ ...nothing, fromEvents: 4, partial: 1 }, t)).toBe('4 messages from events');
    expect(gain({ ...nothing, fromEvents: 4, missing: [[2, 2]] }, t)).toBe('4 messages from events');
  });

  it('name what cannot be had, by number and place', () => {
    const [partial, missing] = losses(foreseen(candidate), t);
    expect(partial).toMatch(/^1 answer stays cut off/);
    expect(missing).toMatch(/^3 events never arrived \(numbers 6–7, 12\)/);
  });

  it('say which file brings nothing, and why, once', () => {
    const file = { path: '/a', messages: 0, only_there: 0, readable: false, problem: 'it is empty' };
    const told = {
      editor_files: [
        { ...file, editor: 'claude-code' },
        { ...file, editor: 'zed', readable: true },
      ],
      unavailable: [{ what: 'editor_file' as const, editor: 'claude-code', why: 'it is empty' }],
    };
    expect(unavailable(told, t)).toEqual(['The file of Claude Code brings nothing: it is empty']);
  });

  it('name a few places and count the rest', () => {
    const many = Array.from({ length: 9 }, (_, n) => [n * 2 + 1, n * 2 + 1] as const);
    expect(named(many, t)).toBe('1, 3, 5, 7 and 5 more places');
  });
});

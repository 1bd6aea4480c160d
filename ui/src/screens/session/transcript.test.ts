import { describe, expect, it } from 'vitest';
import type { SessionDetail, StoredEvent } from '../../lib/api';
import { find } from './find';
import { entryAt, heightOf, rail } from './rail';
import { entries, joinOthers, placeHoles, tally } from './transcript';

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 31, 12, minute)).toISOString();

function session(parts: Partial<SessionDetail> = {}): SessionDetail {
  return {
    session_id: 's',
    state: 'completed',
    started_at: at(0),
    last_event_at: at(59),
    event_count: 0,
    message_count: 0,
    tool_call_count: 0,
    interruption_count: 0,
    starred: false,
    tags: [],
    live: false,
    metadata: {},
    messages: [],
    tool_calls: [],
    interruptions: [],
    missing: [],
    recoveries: [],
    conflicts: [],
    other: [],
    ...parts,
  };
}

const message = (position: number, minute: number, more: object = {}): SessionDetail['messages'][number] => ({
  position,
  role: 'user',
  content: `message ${position}`,
  partial: false,
  timestamp: at(minute),
  origin: 'event',
  ...more,
});

const other = (lsn: number, minute: number, seq?: number): StoredEvent => ({
  lsn,
  received_at: at(50),
  conflict: false,
  event: { event_type: 'vendor.usage', timestamp: at(minute), seq },
});

const call = (position: number, minute: number): SessionDetail['tool_calls'][number] => ({
  position,
  name: 'Bash',
  finished: true,
  is_error: false,
  timestamp: at(minute),
  origin: 'event',
});

describe('the transcript', () => {
  it('stands in the order of positions, messages and tool calls together', () => {
    const list = entries(
      session({ messages: [message(1, 0), message(3, 2)], tool_calls: [call(2, 1), call(4, 3)] }),
    );
    expect(list.map((entry) => entry.key)).toEqual(['p1', 'p2', 'p3', 'p4']);
  });

  it('puts what has only a time before what is later', () => {
    const list = entries(
      session({
        messages: [message(1, 0), message(2, 10), message(3, 20)],
        interruptions: [{ reason: 'disconnect', since: at(5), until: at(12), replayed: 1 }],
        other: [other(9, 15)],
      }),
      [{ from: 4, to: 6, at: Date.parse(at(18)) }],
    );
    expect(list.map((entry) => entry.kind)).toEqual([
      'message',
      'gap',
      'message',
      'other',
      'missing',
      'message',
    ]);
  });

  it('knows what was replayed', () => {
    const gap = { reason: 'disconnect' as const, since: at(5), until: at(12), replayed: 1 };
    const list = entries(
      session({ messages: [message(1, 0), message(2, 10), message(3, 20)], interruptions: [gap] }),
    );
    expect(list.flatMap((entry) => (entry.kind === 'message' ? [entry.replayed] : []))).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('loses nothing, not even what comes last', () => {
    const list = joinOthers(
      entries(session({ messages: [message(1, 0)], other: [other(1, 30), other(2, 31), other(3, 32)] })),
    );
    expect(list.map((entry) => (entry.kind === 'other' ? entry.events.length : entry.kind))).toEqual([
      'message',
      3,
    ]);
  });

  it('parts days', () => {
    const list = entries(
      session({ messages: [message(1, 0), message(2, 60 * 24), message(3, 60 * 24 + 1)] }),
    );
    expect(list.map((entry) => entry.kind)).toEqual(['message', 'day', 'message', 'message']);
  });

  it('is quick with 50,000 entries', () => {
    const messages = Array.from({ length: 50_000 }, (_, n) => message(n + 1, n));
    const list = entries(session({ messages }));
    expect(list.filter((entry) => entry.kind === 'message')).toHaveLength(50_000);
  });

  it('counts other events by type', () => {
    expect(tally([other(1, 1), other(2, 2)])).toEqual([{ type: 'vendor.usage', count: 2 }]);
  });

  it('finds holes in time by the events beside them', () => {
    const events = [other(1, 1, 1), other(2, 2, 2), other(3, 9, 5)];
    expect(placeHoles([[3, 4]], events)).toEqual([{ from: 3, to: 4, at: Date.parse(at(9)) }]);
    expect(placeHoles([[6, 7]], events)).toEqual([{ from: 6, to: 7, at: Date.parse(at(9)) + 1 }]);
    expect(placeHoles([[20, 21]], events)).toEqual([]);
  });
});

describe('finding', () => {
  it('looks into tool calls and other events too', () => {
    const list = entries(
      session({
        messages: [message(1, 0, { content: 'Why does it HANG?' }), message(2, 1)],
        tool_calls: [{ ...call(3, 2), arguments: { command: 'grep hang' } }],
        other: [{ ...other(1, 3), event: { event_type: 'x', data: { why: 'hang' }, timestamp: at(3) } }],
      }),
    );
    expect(find(list, 'hang')).toEqual([0, 2, 3]);
    expect(find(list, '  ')).toEqual([]);
  });
});

describe('the rail', () => {
  const gap = { reason: 'disconnect' as const, since: at(5), until: at(12), replayed: 1 };
  const list = entries(
    session({
      messages: [message(1, 0), message(2, 1), message(3, 20), message(4, 21, { origin: 'snapshot' })],
      interruptions: [gap],
    }),
    [{ from: 7, to: 9, at: Date.parse(at(20)) + 1 }],
  );
  const pieces = rail(list, 400);

  it('has a shape for each stretch', () => {
    expect(pieces.map((piece) => [piece.kind, piece.origin])).toEqual([
      ['recorded', 'event'],
      ['gone', 'event'],
      ['recorded', 'event'],
      ['missing', 'event'],
      ['recorded', 'snapshot'],
    ]);
  });

  it('covers the height without gap or overlap', () => {
    let top = 0;
    for (const piece of pieces) {
      expect(piece.top).toBeCloseTo(top);
      expect(piece.height).toBeGreaterThan(0);
      top += piece.height;
    }
    expect(top).toBeCloseTo(400);
  });

  it('shows a gap among 50,000 entries, and few shapes', () => {
    const many = Array.from({ length: 50_000 }, (_, n) => message(n + 1, n));
    const shapes = rail(entries(session({ messages: many, interruptions: [gap] })), 600);
    expect(shapes.length).toBeLessThan(10);
    expect(shapes.find((piece) => piece.kind === 'gone')?.height).toBeGreaterThanOrEqual(5);
  });

  it('leads back and forth between places and entries', () => {
    for (let index = 0; index < list.length; index += 1) {
      expect(entryAt(pieces, heightOf(pieces, index, 0.5))).toBe(index);
    }
    expect(entryAt(pieces, -5)).toBe(0);
    expect(entryAt(pieces, 9_999)).toBe(list.length - 1);
    expect(entryAt([], 10)).toBe(0);
  });

  it('is empty where nothing is', () => {
    expect(rail([], 400)).toEqual([]);
    expect(rail(list, 0)).toEqual([]);
  });

  it('shows sessions that have nothing but a gap', () => {
    const only = rail(entries(session({ interruptions: [gap] })), 100);
    expect(only).toHaveLength(1);
    expect(only[0]?.height).toBeCloseTo(100);
  });
});

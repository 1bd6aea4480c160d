import { describe, expect, it } from 'vitest';
import type { Hole, ItemsPage, Message, OtherItem, SessionItem } from '../../lib/api';
import { find } from './find';
import { Folds } from './folds';
import { Parts } from './parts';
import { entryAt, heightOf, rail } from './rail';
import { Streaming } from './streaming';
import { tally, weave, type Entry, type Head } from './transcript';

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 31, 12, minute)).toISOString();

const message = (position: number, minute: number, more: object = {}): SessionItem & Message => ({
  kind: 'message',
  position,
  role: 'user',
  content: `message ${position}`,
  partial: false,
  timestamp: at(minute),
  origin: 'event',
  ...more,
});

const call = (position: number, minute: number, more: object = {}): SessionItem => ({
  kind: 'tool_call',
  position,
  name: 'Bash',
  finished: true,
  is_error: false,
  timestamp: at(minute),
  origin: 'event',
  ...more,
});

const other = (lsn: number, before: number, minute: number, more: object = {}): OtherItem => ({
  kind: 'other',
  before,
  lsn,
  received_at: at(50),
  conflict: false,
  event: { event_type: 'vendor.usage', timestamp: at(minute), ...more },
});

const page = (items: SessionItem[], total: number, more: object = {}): ItemsPage => ({
  items,
  total,
  revision: 1,
  ...more,
});

const gap = (before: number | null, replayed: [number, number][] = []): Head['interruptions'][number] => ({
  reason: 'disconnect',
  since: at(5),
  until: at(12),
  replayed: replayed.length,
  before_position: before,
  replayed_positions: replayed,
});

function parts(items: SessionItem[], total = items.filter(({ kind }) => kind !== 'other').length): Parts {
  const made = new Parts();
  made.take(page(items, total));
  return made;
}

function entries(items: SessionItem[], head: Partial<Head> = {}, total?: number): Entry[] {
  const made = parts(items, total);
  return weave(made.placed, { interruptions: [], holes: [], recoveries: [], ...head }, made.others);
}

const kinds = (list: readonly Entry[]): string[] => list.map((entry) => entry.kind);

describe('the transcript', () => {
  it('stands in the order of positions, messages and tool calls together', () => {
    const list = entries([message(1, 0), message(3, 2), call(2, 1), call(4, 3)]);
    expect(list.map((entry) => entry.key)).toEqual(['p1', 'p2', 'p3', 'p4']);
  });

  it('puts what has no position where the recorder says', () => {
    const hole: Hole = { from: 4, to: 6, after: at(10), before: at(20), before_position: 3 };
    const list = entries([message(1, 0), message(2, 10), message(3, 20), other(9, 3, 15)], {
      interruptions: [gap(2)],
      holes: [hole],
    });
    expect(kinds(list)).toEqual(['message', 'gap', 'message', 'other', 'missing', 'message']);
  });

  it('puts a recovery before what is later, and at the end what has no place', () => {
    const recovery = { at: at(15) } as Head['recoveries'][number];
    const list = entries([message(1, 0), message(2, 20)], {
      recoveries: [recovery],
      interruptions: [gap(null)],
    });
    expect(kinds(list)).toEqual(['message', 'recovery', 'message', 'gap']);
  });

  it('has an entry for what was not read yet', () => {
    const list = entries([message(3, 2)], {}, 4);
    expect(kinds(list)).toEqual(['pending', 'pending', 'message', 'pending']);
    expect(list.map((entry) => entry.key)).toEqual(['p1', 'p2', 'p3', 'p4']);
  });

  it('loses nothing, not even what comes last', () => {
    const list = entries([message(1, 0), other(1, 2, 30), other(2, 2, 31), other(3, 2, 32)]);
    expect(list.map((entry) => (entry.kind === 'other' ? entry.events.length : entry.kind))).toEqual([
      'message',
      3,
    ]);
  });

  it('parts days', () => {
    const list = entries([message(1, 0), message(2, 60 * 24), message(3, 60 * 24 + 1)]);
    expect(kinds(list)).toEqual(['message', 'day', 'message', 'message']);
  });

  it('is quick with 50,000 entries', () => {
    const list = entries(Array.from({ length: 50_000 }, (_, n) => message(n + 1, n)));
    expect(list.filter((entry) => entry.kind === 'message')).toHaveLength(50_000);
  });

  it('counts other events by type', () => {
    expect(tally([other(1, 1, 1), other(2, 1, 2)])).toEqual([{ type: 'vendor.usage', count: 2 }]);
  });
});

describe('the parts that were read', () => {
  const contents = (made: Parts): unknown[] =>
    made.placed.map((entry) => (entry.kind === 'message' ? entry.message.content : entry.kind));

  it('come in any order', () => {
    const made = new Parts(4);
    expect(made.firstUnread()).toBe(1);
    made.take(page([message(3, 2), message(4, 3)], 4));
    expect(made.complete).toBe(false);
    expect(made.firstUnread(3, 4)).toBeUndefined();
    made.take(page([message(1, 0), message(2, 1)], 4));
    expect(made.complete).toBe(true);
    expect(made.firstUnread()).toBeUndefined();
  });

  it('take what changed, grew and went', () => {
    const made = parts([message(1, 0), message(2, 1), message(3, 2)]);
    made.take(page([message(2, 1, { content: 'longer' })], 2, { removed: [3] }));
    expect(contents(made)).toEqual(['message 1', 'longer']);
    made.take(page([message(3, 5, { content: 'new' })], 3));
    expect(contents(made)).toEqual(['message 1', 'longer', 'new']);
    expect(made.complete).toBe(true);
  });

  it('read again what went and is still counted', () => {
    const made = parts([message(1, 0), message(2, 1)]);
    made.take(page([], 2, { removed: [1] }));
    expect(made.firstUnread()).toBe(1);
  });

  it('end where reading everything at once would, whatever came between', () => {
    const random = seeded(7);
    for (let round = 0; round < 50; round += 1) {
      const made = new Parts(5);
      let truth: SessionItem[] = [];
      for (let step = 0; step < 30; step += 1) {
        const before = truth.length;
        const length = Math.max(0, before + Math.floor(random() * 5) - 2);
        const changed = new Set<number>();
        truth = Array.from({ length }, (_, n) => {
          const old = truth[n];
          if (old && random() < 0.8) return old;
          changed.add(n);
          return message(n + 1, step, { content: `${step}` });
        });
        const removed = Array.from({ length: Math.max(0, before - length) }, (_, n) => length + n + 1);
        made.take(
          page(
            truth.filter((_, n) => changed.has(n)),
            length,
            { removed },
          ),
        );
      }
      expect(contents(made)).toEqual(contents(parts(truth)));
    }
  });

  it('know what was replayed', () => {
    const made = parts([message(1, 0), message(2, 10), message(3, 20)]);
    const [first] = made.placed;
    made.markReplayed([[2, 2]]);
    expect(made.placed.map((entry) => 'replayed' in entry && entry.replayed)).toEqual([false, true, false]);
    // what did not change is the same, so that it is not drawn again
    expect(made.placed[0]).toBe(first);
    made.take(page([message(2, 10, { content: 'x' })], 3));
    expect(made.placed[1]).toMatchObject({ replayed: true });
  });
});

describe('an answer that is being written', () => {
  const half = (content: string, more: object = {}): SessionItem & Message =>
    message(1, 0, { role: 'assistant', message_id: 'm', content, partial: true, ...more });
  const delta = (text: string, id = 'm'): Parameters<Streaming['add']>[0] => ({
    type: 'delta',
    session_id: 's',
    message_id: id,
    delta: text,
    at: at(1),
  });
  const shown = (streaming: Streaming, read: SessionItem & Message): unknown[] => {
    const made = parts([read]);
    const woven = weave(made.placed, { interruptions: [], holes: [], recoveries: [] }, []);
    return streaming
      .over(woven, (id) => made.positionOf(id))
      .map((entry) => (entry.kind === 'message' ? entry.message.content : entry.kind));
  };

  it('is shown ahead of what was read, and corrected by it', () => {
    const streaming = new Streaming();
    streaming.add(delta(' world'), half('hello'), 1);
    expect(shown(streaming, half('hello'))).toEqual(['hello world']);
    streaming.settle(half('hello wo'));
    expect(shown(streaming, half('hello wo'))).toEqual(['hello world']);
    // a piece was lost on the way
    streaming.settle(half('hello my'));
    expect(shown(streaming, half('hello my'))).toEqual(['hello my']);
  });

  it('is what was read once it is finished', () => {
    const streaming = new Streaming();
    streaming.add(delta('!'), half('hi'), 1);
    streaming.settle(half('hi.', { partial: false }));
    expect(shown(streaming, half('hi.', { partial: false }))).toEqual(['hi.']);
    streaming.add(delta('late'), half('hi.', { partial: false }), 2);
    expect(streaming.size).toBe(0);
  });

  it('begins at the end where nothing of it was read', () => {
    const streaming = new Streaming();
    streaming.add(delta('Once', 'new'), undefined, 1);
    streaming.add(delta(' upon', 'new'), undefined, 2);
    expect(shown(streaming, half('x'))).toEqual(['x', 'Once upon']);
  });

  it('is forgotten where a later reading had nothing of it', () => {
    const streaming = new Streaming();
    streaming.add(delta('twice'), half('twice'), 5);
    streaming.forgetBefore(5);
    expect(streaming.size).toBe(1);
    streaming.forgetBefore(6);
    expect(shown(streaming, half('twice'))).toEqual(['twice']);
  });
});

describe('folds', () => {
  it('stay open when everything moves by one', () => {
    const folds = new Folds();
    const [before] = entries([call(1, 0, { call_id: 'c' })]);
    const [, after] = entries([message(1, 0), call(2, 0, { call_id: 'c' })]);
    if (!before || !after) throw new Error('no entries');
    folds.set(before, 'all', true);
    expect(folds.has(after, 'all')).toBe(true);
    expect(folds.has(after, 'part 1')).toBe(false);
    folds.set(after, 'all', false);
    expect(folds.has(before, 'all')).toBe(false);
  });
});

/** The same numbers each time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

describe('finding', () => {
  it('looks into tool calls and other events too', () => {
    const list = entries([
      message(1, 0, { content: 'Why does it HANG?' }),
      message(2, 1),
      call(3, 2, { arguments: { command: 'grep hang' } }),
      other(1, 4, 3, { data: { why: 'hang' } }),
    ]);
    expect(find(list, 'hang')).toEqual([0, 2, 3]);
    expect(find(list, '  ')).toEqual([]);
  });
});

describe('the rail', () => {
  const list = entries(
    [message(1, 0), message(2, 1), message(3, 20), message(4, 21, { origin: 'snapshot' })],
    {
      interruptions: [gap(3)],
      holes: [{ from: 7, to: 9, after: at(20), before: at(21), before_position: 4 }],
    },
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

  it('shows what was not read yet as that', () => {
    const some = rail(entries([message(3, 2), message(4, 3)], {}, 4), 100);
    expect(some.map((piece) => [piece.kind, piece.height])).toEqual([
      ['pending', 50],
      ['recorded', 50],
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
    const shapes = rail(entries(many, { interruptions: [gap(25_000)] }), 600);
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
    const only = rail(entries([], { interruptions: [gap(null)] }), 100);
    expect(only).toHaveLength(1);
    expect(only[0]?.height).toBeCloseTo(100);
  });
});

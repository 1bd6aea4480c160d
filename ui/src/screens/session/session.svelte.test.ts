// A session in parts: what is asked of the recorder, and that what changes is all that is read again.

import { waitFor } from '@testing-library/svelte';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { live, recorder, Refusal, tell, type Asked } from '../../../tests/recorder';
import type { SessionDetail, SessionItem } from '../../lib/api';
import { SessionStore } from './session.svelte';

const AT = '2026-01-31T12:00:00Z';

function head(items: number, more: Partial<SessionDetail> = {}): SessionDetail {
  return {
    session_id: 's',
    state: 'completed',
    started_at: AT,
    last_event_at: AT,
    event_count: items,
    message_count: items,
    tool_call_count: 0,
    interruption_count: 0,
    starred: false,
    tags: [],
    live: false,
    metadata: {},
    messages: [],
    tool_calls: [],
    interruptions: [],
    holes: [],
    missing: [],
    recoveries: [],
    conflicts: [],
    other: [],
    items,
    other_count: 0,
    conflict_count: 0,
    revision: 10,
    ...more,
  };
}

const item = (position: number, content = `m${position}`, more: object = {}): SessionItem => ({
  kind: 'message',
  position,
  message_id: `id ${position}`,
  role: 'assistant',
  content,
  partial: false,
  timestamp: AT,
  origin: 'event',
  ...more,
});

/** A recorder with one session, whose items can be changed. */
class Recorded {
  log: Asked[];
  revision = 10;
  goneBefore = 0;
  changed = new Map<number, SessionItem>();
  /** The parts behind the first wait for this. */
  held: Promise<unknown> = Promise.resolve();
  constructor(
    public total: number,
    public state: SessionDetail['state'] = 'completed',
  ) {
    this.log = recorder({
      'GET /api/recording/sessions/s': () => head(this.total, { state: this.state, revision: this.revision }),
      'GET /api/recording/sessions/s/items': async ({ query }) => {
        if (this.asked().length > 1) await this.held;
        return this.#items(query);
      },
    });
  }

  change(position: number, content: string, more: object = {}): void {
    this.revision += 1;
    this.total = Math.max(this.total, position);
    this.changed.set(position, item(position, content, more));
  }

  #items(query: URLSearchParams): object {
    const number = (name: string): number | undefined =>
      query.has(name) ? Number(query.get(name)) : undefined;
    const since = number('changed_since');
    const limit = number('limit') ?? 100;
    const common = { revision: this.revision, total: this.total };
    if (since !== undefined) {
      if (since < this.goneBefore) return new Refusal(410, 'revision_gone', 'read all again');
      return { ...common, items: since < this.revision ? [...this.changed.values()] : [], removed: [] };
    }
    const before = number('before');
    const from = before === undefined ? (number('from') ?? 1) : Math.max(1, before - limit);
    const to = Math.min(this.total, before === undefined ? from + limit - 1 : before - 1);
    const items = Array.from(
      { length: Math.max(0, to - from + 1) },
      (_, n) => this.changed.get(from + n) ?? item(from + n),
    );
    return { ...common, items, next_from: to < this.total ? to + 1 : null };
  }

  asked(): string[] {
    return this.log
      .filter((one) => one.path.endsWith('/items'))
      .map(({ query }) => [...query].map(([name, value]) => `${name}=${value}`).join(' '));
  }
}

function texts(store: SessionStore): unknown[] {
  return store.entries.map((entry) => (entry.kind === 'message' ? entry.message.content : entry.kind));
}

let forget: (() => void) | undefined;

/** As the screen does it: what is read must not make the effect begin again. */
function follow(store: SessionStore): void {
  forget = $effect.root(() => {
    $effect(() => store.follow());
  });
}

afterEach(() => {
  forget?.();
  vi.unstubAllGlobals();
});

describe('opening a session', () => {
  it('reads the beginning first and the rest behind it, never all at once', async () => {
    const recorded = new Recorded(2_500);
    let release = (): void => undefined;
    recorded.held = new Promise<void>((resolve) => (release = resolve));
    const store = new SessionStore('s');
    follow(store);
    await waitFor(() => expect(store.loading).toBe(false));
    expect(store.entries).toHaveLength(2_500);
    expect(texts(store).slice(199, 201)).toEqual(['m200', 'pending']);
    release();
    await waitFor(() => expect(store.complete).toBe(true));
    expect(recorded.asked()).toEqual([
      'from=1 limit=200',
      'from=201 limit=1000',
      'from=1201 limit=1000',
      'from=2201 limit=1000',
    ]);
    expect(texts(store)).not.toContain('pending');
    expect(
      recorded.log.every(({ path, query }) => path.endsWith('/items') || query.get('items') === 'none'),
    ).toBe(true);
  });

  it('begins around the place of the address, or at the end while it is being recorded', async () => {
    const recorded = new Recorded(900);
    const store = new SessionStore('s', 500);
    follow(store);
    await waitFor(() => expect(store.complete).toBe(true));
    expect(recorded.asked()[0]).toBe('from=400 limit=200');
    forget?.();

    const running = new Recorded(900, 'recording');
    const other = new SessionStore('s');
    follow(other);
    await waitFor(() => expect(other.loading).toBe(false));
    expect(running.asked()[0]).toBe('before=901 limit=200');
  });

  it('reads what is looked at before what is not', async () => {
    const recorded = new Recorded(150_000);
    const store = new SessionStore('s');
    follow(store);
    await waitFor(() => expect(store.loading).toBe(false));
    // too long to be read whole without being asked
    expect(recorded.asked()).toHaveLength(1);
    store.want(90_000, 90_020);
    await waitFor(() => expect(texts(store)[89_999]).toBe('m90000'));
    expect(recorded.asked().at(-1)).toBe('from=90000 limit=1000');
  });

  it('says that there is no such session', async () => {
    recorder({});
    const store = new SessionStore('s');
    follow(store);
    await waitFor(() => expect(store.error).toMatchObject({ kind: 'refused', status: 404 }));
    expect(store.deleted).toBe(false);
  });
});

describe('following a session', () => {
  it('reads what changed, not what did not', async () => {
    const recorded = new Recorded(3);
    const store = new SessionStore('s');
    follow(store);
    await live();
    await waitFor(() => expect(store.complete).toBe(true));
    const [first] = store.entries;
    recorded.change(2, 'longer');
    recorded.change(4, 'new');
    await tell({ type: 'changed', session_ids: ['s'] });
    await waitFor(() => expect(texts(store)).toEqual(['m1', 'longer', 'm3', 'new']));
    expect(recorded.asked().slice(1)).toEqual(['changed_since=10 limit=1000']);
    expect(store.entries[0]).toBe(first);
    await tell({ type: 'changed', session_ids: ['s'] });
    await waitFor(() => expect(recorded.asked().at(-1)).toBe('changed_since=12 limit=1000'));
    await tell({ type: 'changed', session_ids: ['other'] });
  });

  it('reads all again where the recorder does not know what changed', async () => {
    const recorded = new Recorded(2);
    const store = new SessionStore('s');
    follow(store);
    await live();
    await waitFor(() => expect(store.complete).toBe(true));
    recorded.change(1, 'other');
    recorded.goneBefore = 11;
    await tell({ type: 'changed', session_ids: ['s'] });
    await waitFor(() => expect(texts(store)).toEqual(['other', 'm2']));
    expect(recorded.asked().at(-1)).toBe('from=1 limit=200');
  });

  it('shows words as they come, and what was read in the end', async () => {
    const recorded = new Recorded(1, 'recording');
    recorded.change(1, 'Once', { partial: true });
    const store = new SessionStore('s');
    follow(store);
    await live();
    await waitFor(() => expect(texts(store)).toEqual(['Once']));
    await waitFor(() => expect(recorded.log.some(({ query }) => query.get('session') === 's')).toBe(true));
    const delta = { type: 'delta' as const, session_id: 's', message_id: 'id 1', at: AT };
    await tell({ ...delta, delta: ' upon' });
    await tell({ ...delta, delta: ' a time' });
    await waitFor(() => expect(texts(store)).toEqual(['Once upon a time']));
    const before = recorded.asked().length;
    recorded.change(1, 'Once upon a time.', { partial: false });
    await tell({ type: 'changed', session_ids: ['s'] });
    await waitFor(() => expect(texts(store)).toEqual(['Once upon a time.']));
    expect(recorded.asked().length - before).toBe(1);
  });

  it('says that it was deleted meanwhile', async () => {
    const recorded = new Recorded(1);
    const store = new SessionStore('s');
    follow(store);
    await live();
    await waitFor(() => expect(store.complete).toBe(true));
    await tell({ type: 'lifecycle', at: AT, event: { kind: 'deleted', session_id: 's' } });
    expect(store.deleted).toBe(true);
    expect(recorded.total).toBe(1);
  });
});

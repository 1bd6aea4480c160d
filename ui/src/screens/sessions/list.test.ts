// The list of sessions: one call with excerpts, what changed by its ids, choices with counts, one zip for several.

import { afterEach, describe, expect, it, vi } from 'vitest';
import { cleanup, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { live, recorder, Refusal, tell, type Asked } from '../../../tests/recorder';
import type { SessionSummary } from '../../lib/api';
import { toasts } from '../../lib/stores';
import { download } from './download';
import FilterBar from './FilterBar.svelte';
import { readFilters, type Filters } from './filters';
import { SessionList } from './list.svelte';

const session = (n: number, more: Partial<SessionSummary> = {}): SessionSummary => ({
  session_id: `s,${n}`,
  title: `Session ${n}`,
  state: 'completed',
  started_at: new Date(Date.UTC(2026, 0, 1, 0, 0, 0) - n * 60_000).toISOString(),
  last_event_at: new Date(Date.UTC(2026, 0, 1, 0, 0, 0) - n * 60_000).toISOString(),
  event_count: 1,
  message_count: 1,
  tool_call_count: 0,
  interruption_count: 0,
  starred: false,
  tags: [],
  live: false,
  ...more,
});

const filters = (address = ''): Filters => readFilters(new URLSearchParams(address));

let forget: (() => void) | undefined;
afterEach(() => {
  forget?.();
  cleanup();
  vi.unstubAllGlobals();
});

describe('the list', () => {
  it('gets excerpts with the sessions, in one call', async () => {
    const log = recorder({
      'GET /api/recording/sessions': { sessions: [session(1, { hits: [] })], total: 1, next_cursor: null },
    });
    const list = new SessionList();
    await list.show(filters('q=hang&editor=zed&model=opus'));
    expect(log).toHaveLength(1);
    const query = log[0]?.query;
    expect([query?.get('q'), query?.get('editor'), query?.get('model'), query?.get('excerpts')]).toEqual([
      'hang',
      'zed',
      'opus',
      '3',
    ]);
    await list.show(filters());
    expect(log[1]?.query.has('excerpts')).toBe(false);
  });

  it('asks for no more with excerpts than the recorder gives at once', async () => {
    const log = recorder({
      'GET /api/recording/sessions': ({ query }: Asked) => {
        const from = Number(query.get('cursor') ?? 0);
        const n = Number(query.get('limit'));
        const sessions = Array.from({ length: n }, (_, i) => session(from + i));
        return { sessions, total: 9_000, next_cursor: String(from + n) };
      },
    });
    const list = new SessionList();
    await list.show(filters('q=hang'));
    for (let n = 0; n < 4; n += 1) await list.loadMore();
    expect(log.map(({ query }) => query.get('limit'))).toEqual(['100', '200', '200', '200', '200']);
  });

  it('says whose answer is on show, and that another is not wanted any more', async () => {
    let answer: (() => void) | undefined;
    recorder({
      'GET /api/recording/sessions': async ({ query }: Asked) => {
        if (query.get('q') === 'slow') await new Promise<void>((resolve) => (answer = resolve));
        return { sessions: [session(1)], total: query.has('q') ? 1 : 100_002, next_cursor: null };
      },
    });
    const list = new SessionList();
    expect(await list.show(filters())).toBe(true);
    const slow = list.show(filters('q=slow'));
    await waitFor(() => expect(answer).toBeDefined());
    expect([list.total, list.of?.q]).toEqual([100_002, '']);
    expect(await list.show(filters('q=quick'))).toBe(true);
    answer?.();
    expect(await slow).toBe(false);
    expect([list.total, list.of?.q]).toEqual([1, 'quick']);
  });

  it('renews what changed further down by its id, and lets go what does not fit any more', async () => {
    let all = Array.from({ length: 150 }, (_, n) => session(n));
    const log = recorder({
      'GET /api/recording/sessions': ({ query }: Asked) => {
        const ids = query.get('ids')?.split(',').map(decodeURIComponent);
        if (ids) return { sessions: all.filter((one) => ids.includes(one.session_id)), total: ids.length };
        const from = Number(query.get('cursor') ?? 0);
        const to = from + Number(query.get('limit'));
        const next = to < all.length ? String(to) : null;
        return { sessions: all.slice(from, to), total: all.length, next_cursor: next };
      },
    });
    const list = new SessionList();
    forget = list.follow();
    await live();
    await list.show(filters('state=completed'));
    await list.loadMore();
    expect(list.sessions).toHaveLength(150);
    all = all.map((one, n) => (n === 120 ? { ...one, title: 'renewed' } : one)).filter((_, n) => n !== 130);
    await tell({ type: 'changed', session_ids: ['s,120', 's,130', 'not on show'] });
    await waitFor(() => expect(list.sessions).toHaveLength(149));
    expect(list.sessions[120]?.title).toBe('renewed');
    const asked = log.at(-1)?.query;
    expect(asked?.get('ids')?.split(',').map(decodeURIComponent)).toEqual(['s,120', 's,130']);
    expect(asked?.get('state')).toBe('completed');
  });
});

describe('the filters', () => {
  it('offer what there is under the other filters, with counts, when they are opened', async () => {
    const facets = {
      states: [{ value: 'interrupted', count: 3 }],
      providers: [],
      editors: [
        { value: 'vscode', count: 41 },
        { value: 'zed', count: 2 },
      ],
      workspaces: [],
      models: [],
      tags: [],
    };
    const log = recorder({ 'GET /api/recording/sessions/facets': facets });
    const set = vi.fn();
    render(FilterBar, { filters: filters('q=hang&sort=title'), set });
    expect(log).toEqual([]);
    await userEvent.click(screen.getByRole('button', { name: 'Editor' }));
    const choice = await screen.findByRole('menuitemradio', { name: /vscode/ });
    expect(choice).toHaveTextContent('41');
    expect(log).toHaveLength(1);
    expect([...(log[0]?.query.keys() ?? [])].sort()).toEqual(['q', 'state']);
    await userEvent.type(screen.getByRole('textbox', { name: 'Editor' }), 'ze');
    expect(screen.queryByRole('menuitemradio', { name: /vscode/ })).toBeNull();
    await userEvent.click(screen.getByRole('menuitemradio', { name: /zed/ }));
    expect(set).toHaveBeenCalledWith({ editor: 'zed' });
    await userEvent.click(screen.getByRole('button', { name: 'State' }));
    expect(await screen.findByRole('menuitemradio', { name: /Interrupted/ })).toHaveTextContent('3');
    expect(log).toHaveLength(1);
  });

  it('take what is typed though it is not offered', async () => {
    recorder({});
    const set = vi.fn();
    render(FilterBar, { filters: filters(), set });
    await userEvent.click(screen.getByRole('button', { name: 'Model' }));
    await userEvent.type(screen.getByRole('textbox', { name: 'Model' }), ' my-model {Enter}');
    expect(set).toHaveBeenCalledWith({ model: 'my-model' });
  });
});

describe('an export', () => {
  it('of several is one zip, of one its own file', async () => {
    const log = recorder({
      'POST /api/recording/export': {},
      'GET /api/recording/sessions/a/export': {},
    });
    vi.stubGlobal(
      'URL',
      Object.assign(URL, { createObjectURL: () => 'blob:x', revokeObjectURL: () => undefined }),
    );
    const saved = vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(() => undefined);
    await download([{ session_id: 'a' }, { session_id: 'b' }], 'html');
    expect(log.map(({ method, body }) => ({ method, body }))).toEqual([
      { method: 'POST', body: { session_ids: ['a', 'b'], format: 'html' } },
    ]);
    await download([{ session_id: 'a' }], 'html');
    expect(log.at(-1)?.method).toBe('GET');
    expect(saved).toHaveBeenCalledTimes(2);
    expect(toasts.list.at(-1)?.title).toBe('1 session exported');
  });

  it('that fails says why', async () => {
    recorder({ 'POST /api/recording/export': new Refusal(404, 'not_found', 'one of them is gone') });
    await download([{ session_id: 'a' }, { session_id: 'b' }], 'json');
    expect(toasts.list.at(-1)).toMatchObject({ tone: 'bad', body: 'one of them is gone' });
  });
});

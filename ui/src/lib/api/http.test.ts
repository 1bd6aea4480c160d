import { afterEach, describe, expect, it, vi } from 'vitest';
import { api, onReach } from '.';
import { fileName } from './http';
import { follow, waitBefore, type Link } from './live';
import type { LiveEvent } from './types';

afterEach(() => vi.unstubAllGlobals());

function answering(make: () => Response | Promise<Response>): ReturnType<typeof vi.fn> {
  const fetch = vi.fn(() => Promise.resolve().then(make));
  vi.stubGlobal('fetch', fetch);
  return fetch;
}

const json = (body: unknown, init?: ResponseInit): Response => new Response(JSON.stringify(body), init);

describe('a call', () => {
  it('asks at the place that the session’s id leads to, whatever it has in it', async () => {
    const fetch = answering(() => json({}));
    await api.getSession('a/b c?d#e');
    expect(String(fetch.mock.calls[0]?.[0])).toMatch(
      /\/api\/recording\/sessions\/a%2Fb%20c%3Fd%23e\?items=none$/,
    );
  });

  it('gives the recorder’s refusal as a value', async () => {
    const error = { code: 'not_found', message: 'no session `x`' };
    answering(() => json({ error }, { status: 404, headers: { 'retry-after': '3' } }));
    expect(await api.getSession('x')).toEqual({
      ok: false,
      error: { kind: 'refused', status: 404, ...error, retryAfter: 3 },
    });
  });

  it('tells when nobody answers, and when somebody does again', async () => {
    const reached: boolean[] = [];
    const forget = onReach((yes) => reached.push(yes));
    answering(() => Promise.reject(new TypeError('failed')));
    expect(await api.status()).toEqual({ ok: false, error: { kind: 'away' } });
    answering(() => json({}));
    await api.status();
    forget();
    expect(reached).toEqual([false, true]);
  });

  it('takes what is not the recorder’s for odd', async () => {
    answering(() => new Response('<html>', { status: 200 }));
    expect(await api.status()).toMatchObject({ ok: false, error: { kind: 'odd', status: 200 } });
    answering(() => new Response('no', { status: 418 }));
    expect(await api.status()).toMatchObject({ ok: false, error: { kind: 'odd', status: 418 } });
  });

  it('is quiet where nobody waits any more', async () => {
    const control = new AbortController();
    answering(() => {
      control.abort();
      return Promise.reject(new DOMException('aborted', 'AbortError'));
    });
    expect(await api.status(control.signal)).toEqual({ ok: false, error: { kind: 'aborted' } });
  });

  it('sends JSON and leaves out what is not set', async () => {
    const fetch = answering(() => json({}));
    await api.changeSession('x', { starred: true });
    const init = fetch.mock.calls[0]?.[1] as RequestInit;
    expect(init).toMatchObject({ method: 'PATCH', body: '{"starred":true}' });
    expect(init.headers).toMatchObject({ 'content-type': 'application/json' });
    await api.listSessions({ q: '' }, { limit: 5 });
    expect(String(fetch.mock.calls[1]?.[0])).toMatch(/\?state=all&limit=5$/);
  });
});

describe('the name of a file', () => {
  it('has no path in it', () => {
    expect(fileName('attachment; filename="a.md"')).toBe('a.md');
    expect(fileName(`attachment; filename="a.md"; filename*=UTF-8''gr%C3%B6%C3%9Fe.md`)).toBe('größe.md');
    expect(fileName('attachment; filename="../../x"')).toBe('.._.._x');
    expect(fileName(`attachment; filename*=UTF-8''%E0%A4%A`)).toBe('session');
    expect(fileName(null)).toBe('session');
  });
});

describe('the live stream', () => {
  it('waits longer from try to try, to a limit', () => {
    expect([1, 2, 3, 4, 5, 9].map(waitBefore)).toEqual([1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  });

  it('reads events from pieces, and says when it is away', async () => {
    const encoder = new TextEncoder();
    const pieces = [
      'retry: 2000\n: live\n\nevent: changed\nda',
      'ta: {"type":"changed","session_ids":["ä',
      '"]}\n\ndata: not json\n\n',
    ];
    const body = new ReadableStream<Uint8Array>({
      start(control) {
        for (const piece of pieces) control.enqueue(encoder.encode(piece));
        control.close();
      },
    });
    answering(() => new Response(body));
    const events: LiveEvent[] = [];
    const links: Link['state'][] = [];
    await new Promise<void>((resolve) => {
      const following = follow({
        event: (event) => events.push(event),
        link: (link) => {
          links.push(link.state);
          if (link.state !== 'waiting') return;
          following.stop();
          resolve();
        },
      });
    });
    expect(events).toEqual([{ type: 'changed', session_ids: ['ä'] }]);
    expect(links).toEqual(['connecting', 'open', 'waiting']);
  });
});

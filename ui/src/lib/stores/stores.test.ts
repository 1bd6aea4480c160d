import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Status } from '../api';
import { refreshStatus, status, theme, toast, toasts } from '.';

const health = (more: Partial<Status>): Status =>
  ({ status: 'recording', connections: [], interrupted_sessions: 0, ...more }) as Status;

function answering(make: (address: string) => unknown): void {
  vi.stubGlobal('fetch', (address: string) => {
    const body = make(address);
    return body === undefined
      ? Promise.reject(new TypeError('failed'))
      : Promise.resolve(new Response(JSON.stringify(body)));
  });
}

afterEach(() => vi.unstubAllGlobals());

describe('the status', () => {
  it('says since when the recorder is away, and keeps what it said last', async () => {
    answering(() => health({ sessions: 7 }));
    await refreshStatus();
    expect(status.reached).toBe(true);
    answering(() => undefined);
    await refreshStatus();
    expect(status.reached).toBe(false);
    expect(status.lostAt).toBeTypeOf('number');
    expect(status.current?.sessions).toBe(7);
    answering(() => health({}));
    await refreshStatus();
    expect(status.lostAt).toBeUndefined();
  });
});

describe('notices at the foot of the page', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('go by themselves and are told to screen readers', () => {
    toast({ title: 'Saved', body: 'All of it.' });
    expect(toasts.list.map((item) => item.title)).toEqual(['Saved']);
    expect(toasts.said).toBe('Saved All of it.');
    vi.advanceTimersByTime(5_001);
    expect(toasts.list).toEqual([]);
  });

  it('are said again though they say the same', () => {
    toast({ title: 'Copied' });
    const first = toasts.said;
    toast({ title: 'Copied' });
    expect(toasts.said).not.toBe(first);
    vi.runAllTimers();
  });
});

describe('the theme', () => {
  it('is on the document and kept', () => {
    theme.chosen = 'contrast';
    expect(document.documentElement.dataset['theme']).toBe('contrast');
    expect(localStorage.getItem('chasm.theme')).toBe('contrast');
    theme.chosen = 'system';
  });
});

import { describe, expect, it } from 'vitest';
import type { SessionSummary } from '../../lib/api';
import { folderName } from '../../lib/folder';
import { markWords, pieces } from './excerpts';
import { days, readFilters, toQuery, writeFilters } from './filters';
import { inPlace, renew, rows } from './rows';
import { Selection } from './selection.svelte';

const session = (id: string, day: number, more: Partial<SessionSummary> = {}): SessionSummary => ({
  session_id: id,
  state: 'completed',
  started_at: new Date(2026, 0, day, 9).toISOString(),
  last_event_at: new Date(2026, 0, day, 10).toISOString(),
  event_count: 1,
  message_count: 1,
  tool_call_count: 0,
  interruption_count: 0,
  starred: false,
  tags: [],
  live: false,
  ...more,
});

describe('filters in the address', () => {
  it('are read as they were written', () => {
    const address =
      'q=a+b&state=interrupted&provider=x&editor=e&workspace=%2Fhome%2Fa&model=m&tag=t&starred=1&when=7d&sort=title';
    const filters = readFilters(new URLSearchParams(address));
    const written = Object.entries(writeFilters(filters)).filter(
      (pair): pair is [string, string] => pair[1] !== undefined,
    );
    expect(new URLSearchParams(written).toString()).toBe(address);
  });

  it('leave out what makes no sense', () => {
    const filters = readFilters(new URLSearchParams('state=gone&sort=best&when=soon'));
    expect(Object.values(writeFilters(filters)).every((value) => value === undefined)).toBe(true);
    expect(days('2026-01-01..2026-01-31')).toEqual({ from: '2026-01-01', to: '2026-01-31' });
    for (const bad of ['..', '2026-13-99..', 'x..y', '2026-01-01', 'a..b..c'])
      expect(days(bad)).toBeUndefined();
  });

  it('ask for the reader’s own days', () => {
    const now = new Date(2026, 0, 31, 15).getTime();
    const query = (when: string): object => toQuery({ q: '', starred: false, sort: 'recent', when }, now);
    expect(query('today')).toMatchObject({ since: new Date(2026, 0, 31).toISOString() });
    expect(query('yesterday')).toMatchObject({
      since: new Date(2026, 0, 30).toISOString(),
      until: new Date(2026, 0, 31).toISOString(),
    });
    expect(query('2026-01-05..2026-01-06')).toMatchObject({
      since: new Date(2026, 0, 5).toISOString(),
      until: new Date(2026, 0, 7).toISOString(),
    });
  });
});

describe('the list', () => {
  const list = [session('c', 3), session('b', 3), session('a', 1)];

  it('is parted by days where the order is one of time', () => {
    expect(rows(list, 'recent').map((row) => row.kind)).toEqual([
      'day',
      'session',
      'session',
      'day',
      'session',
    ]);
    expect(rows(list, 'title').map((row) => row.kind)).toEqual(['session', 'session', 'session']);
  });

  it('has lines of their own, though a day comes twice because what changed kept its place', () => {
    const twice = [session('c', 3), session('b', 4), session('a', 3)];
    const keys = rows(twice, 'recent').map((row) => row.key);
    expect(keys).toHaveLength(6);
    expect(new Set(keys).size).toBe(6);
  });

  it('takes a new first page: what moved up is there once, what is gone is gone', () => {
    const page = [session('a', 9), session('c', 3)];
    expect(renew(list, page, true, 'recent').map((s) => s.session_id)).toEqual(['a', 'c', 'b']);
    expect(renew(list, page, false, 'recent').map((s) => s.session_id)).toEqual(['a', 'c']);
    expect(renew([session('gone', 5), ...list], page, true, 'recent').map((s) => s.session_id)).toEqual([
      'a',
      'c',
      'b',
    ]);
  });

  it('keeps its places while it is being read', () => {
    const { list: next, moved } = inPlace(list, [
      session('new', 9),
      session('b', 8, { title: 'later' }),
      session('c', 3),
    ]);
    expect(next.map((s) => s.session_id)).toEqual(['c', 'b', 'a']);
    expect(next[1]?.title).toBe('later');
    expect(moved).toBe(2);
  });
});

describe('excerpts', () => {
  it('cut bytes of UTF-8 into pieces of text', () => {
    const excerpt = 'größe 中文 hit';
    const from = new TextEncoder().encode('größe 中文 ').length;
    expect(pieces({ excerpt, marks: [[from, from + 3]] })).toEqual([
      { text: 'größe 中文 ', marked: false },
      { text: 'hit', marked: true },
    ]);
    expect(pieces({ excerpt: 'all', marks: [[0, 99]] })).toEqual([{ text: 'all', marked: true }]);
  });

  it('never become markup', () => {
    const text = '<img src=x onerror=alert(1)>';
    expect(
      pieces({ excerpt: text, marks: [[0, 4]] })
        .map((piece) => piece.text)
        .join(''),
    ).toBe(text);
    expect(markWords('a (b) a', 'a (')).toEqual([
      { text: 'a', marked: true },
      { text: ' (b) ', marked: false },
      { text: 'a', marked: true },
    ]);
  });
});

describe('a folder', () => {
  it('is called by its last part', () => {
    expect(folderName('/home/ada/chasm/')).toBe('chasm');
    expect(folderName('C:\\work\\app')).toBe('app');
    expect(folderName('/')).toBe('/');
  });
});

describe('selection', () => {
  it('reaches from the last one to this one', () => {
    const selection = new Selection();
    selection.toggle('b');
    selection.reach('d', ['a', 'b', 'c', 'd', 'e']);
    expect(['a', 'b', 'c', 'd', 'e'].filter((id) => selection.has(id))).toEqual(['b', 'c', 'd']);
    selection.toggle('c');
    expect(selection.size).toBe(2);
    selection.clear();
    expect(selection.size).toBe(0);
  });
});

import { describe, expect, it } from 'vitest';
import type { Notice, Status } from '../../lib/api';
import { t } from '../../lib/i18n';
import { joined } from './noticeLog.svelte';
import { hasWords, isOfKind, NOTICE_KINDS, noticeText } from './noticeWords';
import { peak, RateWindow } from './rate';
import { stateSince } from './since';

const AT = '2026-01-31T14:02:05Z';
const notice = (event: object, id = 1): Notice => ({ id, at: AT, ...event }) as Notice;
const words = (event: object): ReturnType<typeof noticeText> => noticeText(notice(event), t, () => '14:02');
const asIs = (id: string): string => id;

describe('events per second', () => {
  it('are the growth of the counter over the time between', () => {
    const window = new RateWindow(60_000);
    window.add({ at: 0, run: 'a', total: 100 });
    window.add({ at: 2_000, run: 'a', total: 110 });
    expect(window.rates.map((rate) => rate.perSecond)).toEqual([null, 5]);
  });

  it('have a gap where the recorder started anew, never a negative number', () => {
    const window = new RateWindow(60_000);
    window.add({ at: 0, run: 'a', total: 100 });
    window.add({ at: 2_000, run: 'b', total: 4 });
    window.add({ at: 4_000, run: 'b', total: 8 });
    expect(window.rates.map((rate) => rate.perSecond)).toEqual([null, null, 2]);
  });

  it('leave out what lies too close or too far back', () => {
    const window = new RateWindow(10_000);
    window.add({ at: 0, run: 'a', total: 0 });
    window.add({ at: 100, run: 'a', total: 50 });
    window.add({ at: 9_000, run: 'a', total: 90 });
    window.add({ at: 12_000, run: 'a', total: 90 });
    expect(window.rates.map((rate) => rate.at)).toEqual([9_000, 12_000]);
    expect(peak(window.rates)).toBe(10);
  });
});

describe('the state lasts since', () => {
  const status = (more: object): Status =>
    ({ status: 'recording', started_at: '2026-01-31T10:00:00Z', ...more }) as Status;

  it('the start, where nothing changed it', () => {
    expect(stateSince(status({}), [])).toBe('2026-01-31T10:00:00Z');
  });

  it('the notice that began it', () => {
    const list = [notice({ kind: 'dropped', sessions: [] }, 3), notice({ kind: 'resumed' }, 2)];
    expect(stateSince(status({}), list)).toBe(AT);
    expect(stateSince(status({ status: 'paused' }), [notice({ kind: 'paused' })])).toBe(AT);
  });

  it('no notice of a run before, but a pause that outlasts it', () => {
    const later = { started_at: '2026-01-31T15:00:00Z' };
    expect(stateSince(status(later), [notice({ kind: 'recording_resumed' })])).toBe(later.started_at);
    expect(stateSince(status({ ...later, status: 'paused' }), [notice({ kind: 'paused' })])).toBe(AT);
  });

  it('what the recorder itself says, above all', () => {
    expect(stateSince(status({ since: '2026-01-31T11:11:11Z' }), [])).toBe('2026-01-31T11:11:11Z');
  });
});

describe('a notice', () => {
  it('says what happened and so what', () => {
    expect(words({ kind: 'dropped', connection: 1, client: 'vscode/1.99', sessions: ['a', 'b'] })).toEqual({
      shape: 'interrupted',
      title: 'VS Code dropped',
      body: '2 sessions wait for it',
      sessions: ['a', 'b'],
    });
    expect(words({ kind: 'reconnected', session_id: 'a', since: AT, replayed: 6, missing: 0 }).body).toBe(
      '6 events replayed, nothing missing',
    );
    expect(
      words({ kind: 'recovered', sessions: 3, messages: 84, incomplete: 1, session_ids: [] }),
    ).toMatchObject({
      title: 'Recovered 3 sessions',
      body: '84 messages · 1 session is incomplete',
    });
    expect(words({ kind: 'recording_stopped', reason: 'disk_full', message: 'free 200 MB' })).toMatchObject({
      shape: 'not_recording',
      title: 'Not recording: the disk is full',
      body: 'free 200 MB',
    });
  });

  it('of a kind that a newer recorder has is shown by its name', () => {
    expect(words({ kind: 'teleported' })).toMatchObject({ title: 'teleported', body: null });
  });

  it('is found by its words and by the titles of its sessions', () => {
    const text = words({ kind: 'interrupted', session_id: 's-1', reason: 'disconnect', since: AT });
    expect(hasWords(text, '', asIs)).toBe(true);
    expect(hasWords(text, 'INTERRUPTED s-1', asIs)).toBe(true);
    expect(hasWords(text, 'websocket', () => 'Fix flaky websocket test')).toBe(true);
    expect(hasWords(text, 'paused', asIs)).toBe(false);
  });

  it('belongs to one group at most', () => {
    const kinds = Object.values(NOTICE_KINDS).flat();
    expect(new Set(kinds).size).toBe(kinds.length);
    expect(isOfKind(notice({ kind: 'paused' }), 'pauses')).toBe(true);
    expect(isOfKind(notice({ kind: 'paused' }), 'drops')).toBe(false);
  });

  it('stands once, the newest first', () => {
    const [a, b, c] = [1, 2, 3].map((id) => notice({ kind: 'resumed' }, id)) as [Notice, Notice, Notice];
    expect(joined([c, b], [b, a]).map((one) => one.id)).toEqual([3, 2, 1]);
  });
});

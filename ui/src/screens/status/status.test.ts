import { cleanup, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { live, recorder, tell, type Asked } from '../../../tests/recorder';
import type { FollowStatus, Notice, Status } from '../../lib/api';
import { setLocale, t } from '../../lib/i18n';
import { take } from '../../lib/stores';
import { problemText } from '../../lib/words';
import { joined } from './noticeLog.svelte';
import { followProblem, followText } from './followWords';
import { NOTICE_KINDS, noticeText } from './noticeWords';
import Notices from './Notices.svelte';
import Now from './Now.svelte';
import { peak, perSecond } from './rate';

const AT = '2026-01-31T14:02:05Z';
const notice = (event: object, id = 1): Notice => ({ id, at: AT, ...event }) as Notice;
const words = (event: object): ReturnType<typeof noticeText> => noticeText(notice(event), t, () => '14:02');

describe('events per second', () => {
  it('are counts over their step of time, the last one at the end', () => {
    const rates = perSecond([0, 50, 10], { step_secs: 5, until: AT });
    expect(rates.map((rate) => rate.perSecond)).toEqual([0, 10, 2]);
    expect(rates.map((rate) => rate.at - Date.parse(AT))).toEqual([-10_000, -5_000, 0]);
    expect(peak(rates)).toBe(10);
    expect(peak([])).toBe(0);
  });
});

describe('what is wrong', () => {
  const problem = (code: string | null, values: object = {}): string =>
    problemText({
      problem: 'in English',
      problem_code: code as NonNullable<Parameters<typeof problemText>[0]['problem_code']>,
      problem_values: values as Record<string, unknown>,
    });

  it('is said in the reader’s language, with its numbers', async () => {
    const room = { detail: '1 bytes are free', free_bytes: 1_000_000, needed_bytes: 200_000_000 };
    expect(problem('disk_full', room)).toBe(
      'The disk is full. Free some room, and recording goes on by itself. 1 MB are free, 200 MB are needed.',
    );
    await setLocale('de');
    expect(problem('disk_full', room)).toContain('200 MB werden gebraucht');
    await setLocale('en');
  });

  it('names the cause in the words of the system, and whether it mends itself', () => {
    expect(problem('sync_failed', { detail: 'EIO', restart_needed: true })).toMatch(/\(EIO\) Restart/);
    expect(problem('sync_failed', { detail: 'EIO', restart_needed: false })).toMatch(/goes on by itself/);
  });

  it('is the recorder’s own sentence where this page has none', () => {
    expect(problem('brand_new')).toBe('in English');
    expect(problem(null)).toBe('in English');
  });
});

describe('the following of editors’ files', () => {
  const follow = (more: Partial<FollowStatus>): FollowStatus => ({
    state: 'following',
    live: 0,
    importing: 0,
    problem: null,
    ...more,
  });

  it('is said in one line', () => {
    expect(followText(follow({ state: 'off', live: 1 }), 0)).toBe('Editors’ files: not followed');
    expect(followText(follow({ state: 'looking' }), 0)).toBe('Editors’ files: being looked through');
    expect(followText(follow({ state: 'importing', importing: 900 }), 812)).toBe(
      'Editors’ files: being taken in, 812 sessions to go',
    );
    expect(followText(follow({}), 0)).toBe('Editors’ files: followed');
    expect(followText(follow({ live: 2 }), 0)).toBe('Editors’ files: followed, 2 sessions being written');
    expect(followText(follow({ state: 'importing', live: 1 }), 1)).toBe(
      'Editors’ files: being taken in, 1 session to go, 1 session being written',
    );
  });

  it('names its problem in the words of the recorder, while it matters', () => {
    const problem = 'An Editor: too many watches';
    expect(followProblem(follow({ problem }))).toBe(
      'Changes are looked for from time to time only: An Editor: too many watches',
    );
    expect(followProblem(follow({ problem, state: 'off' }))).toBe('');
    expect(followProblem(follow({}))).toBe('');
  });

  it('counts down with the live stream', async () => {
    recorder({});
    await live();
    const now = {
      status: 'recording',
      since: AT,
      connections: [],
      follow: follow({ state: 'importing', importing: 900 }),
    } as unknown as Status;
    take(now);
    render(Now, { now });
    expect(screen.getByText('Editors’ files: being taken in, 900 sessions to go')).toBeVisible();
    await tell({ type: 'progress', operation: 'import', done: 88, total: 900 });
    expect(await screen.findByText('Editors’ files: being taken in, 812 sessions to go')).toBeVisible();
    cleanup();
    vi.unstubAllGlobals();
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

  it('of a deletion says how much went, and why', () => {
    const receipt = { at: AT, sessions: 1, messages: 84, tool_calls: 0, events: 90, snapshots: 0, bytes: 1 };
    expect(words({ kind: 'purged', reason: 'retention', receipt })).toMatchObject({
      shape: 'deleted',
      title: '84 messages of 1 session deleted for good',
      body: 'the settings keep them no longer',
    });
  });

  it('belongs to one group at most', () => {
    const kinds = Object.values(NOTICE_KINDS).flat();
    expect(new Set(kinds).size).toBe(kinds.length);
  });

  it('stands once, the newest first', () => {
    const [a, b, c] = [1, 2, 3].map((id) => notice({ kind: 'resumed' }, id)) as [Notice, Notice, Notice];
    expect(joined([c, b], [b, a]).map((one) => one.id)).toEqual([3, 2, 1]);
  });
});

describe('the notices', () => {
  afterEach(() => {
    cleanup();
    vi.unstubAllGlobals();
    window.location.hash = '';
  });

  it('are searched and narrowed by the recorder, with the titles that it knows', async () => {
    const gone = notice({
      kind: 'interrupted',
      session_id: 's-1',
      reason: 'disconnect',
      since: AT,
      titles: { 's-1': 'Fix flaky test' },
    });
    const log = recorder({
      'GET /api/recording/notices': ({ query }: Asked) => ({
        notices: query.get('q') === 'nothing' ? [] : [gone],
        next_cursor: null,
      }),
    });
    render(Notices);
    expect(await screen.findByRole('link', { name: 'Fix flaky test' })).toBeVisible();
    await userEvent.click(screen.getByRole('button', { name: 'Drops' }));
    await waitFor(() => expect(log.at(-1)?.query.get('kind')).toBe('dropped,interrupted'));
    await userEvent.type(screen.getByRole('searchbox'), 'nothing');
    expect(await screen.findByText(/No notice fits/)).toBeVisible();
    expect(log.at(-1)?.query.get('q')).toBe('nothing');
    expect(log.at(-1)?.query.get('kind')).toBe('dropped,interrupted');
  });
});

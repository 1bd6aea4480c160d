import { cleanup, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { recorder, Refusal } from '../../../tests/recorder';
import Recovery from './Recovery.svelte';
import { AT_ONCE, recover, recovering } from './recovering.svelte';

const HOSTILE = '<img src=x onerror=alert(1)>';

function candidate(id: string, more: object = {}): object {
  return {
    session_id: id,
    title: `Session ${id}`,
    preview: null,
    state: 'interrupted',
    editor: 'vscode',
    workspace: '/home/ada/code/chasm',
    last_event_at: '2026-01-31T13:00:00Z',
    event_count: 39,
    message_count: 31,
    interruption: { reason: 'disconnect', since: '2026-01-31T13:01:00Z', replayed: 0 },
    snapshots: 1,
    last_snapshot_at: '2026-01-31T12:59:00Z',
    only_in_snapshots: 2,
    partial_messages: 0,
    open_tool_calls: 0,
    missing: [],
    ...more,
  };
}

function recovered(id: string): object {
  const counts = { messages: 31, from_events: 29, from_snapshots: 2, from_editor_files: 0, completed: 0 };
  return { session_id: id, ...counts, partial: 0, open_tool_calls: 0, missing: [], evidence: [] };
}

function overview(interrupted: object[]): object {
  return { interrupted, reports: [], last_start: null, quarantine: [] };
}

const NONE = { sessions: [], total: 0, next_cursor: null };

afterEach(() => {
  cleanup();
  recovering.forget();
  vi.unstubAllGlobals();
});

describe('the recovery screen', () => {
  it('shows before and after, and never takes a title for markup', async () => {
    recorder({
      'GET /api/recording/recovery': overview([candidate('a', { title: HOSTILE })]),
      'GET /api/recording/sessions': NONE,
    });
    const { container } = render(Recovery);
    expect(await screen.findByText(HOSTILE)).toBeVisible();
    expect(container.querySelector('img')).toBeNull();
    expect(
      screen.getByText('29 messages from events, 2 more from a snapshot, nothing missing'),
    ).toBeVisible();
    expect(screen.getByText('29 messages')).toBeVisible();
    expect(screen.getByText('31 messages')).toBeVisible();
  });

  it('has a way on where nothing is interrupted', async () => {
    recorder({ 'GET /api/recording/recovery': overview([]), 'GET /api/recording/sessions': NONE });
    render(Recovery);
    expect(await screen.findByText('Nothing is interrupted')).toBeVisible();
    expect(screen.getByRole('link', { name: 'Sessions' })).toHaveAttribute('href', '#/');
  });

  it('says what happened where the recorder is away', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no')));
    render(Recovery);
    expect(await screen.findByRole('alert')).toHaveTextContent('The recorder cannot be reached');
  });

  it('recovers one and says what came of it', async () => {
    const log = recorder({
      'GET /api/recording/recovery': overview([candidate('a'), candidate('b')]),
      'GET /api/recording/sessions': NONE,
      'GET /api/recording/status': new Refusal(503, 'shutting_down', 'x'),
      'POST /api/recording/recovery': { report_id: 1, at: '', recovered: [recovered('a')], skipped: [] },
    });
    render(Recovery);
    await userEvent.click(await screen.findByRole('button', { name: 'Recover Session a' }));
    expect(await screen.findByText('1 session recovered · nothing missing')).toBeVisible();
    expect(log.find((one) => one.method === 'POST')?.body).toEqual({ session_ids: ['a'] });
  });
});

describe('a recovery', () => {
  it('of many goes in parts, and keeps what it has when one fails', async () => {
    const ids = Array.from({ length: AT_ONCE * 2 + 3 }, (_, n) => `s${n}`);
    let calls = 0;
    const seen: number[] = [];
    recorder({
      'GET /api/recording/status': new Refusal(503, 'shutting_down', 'x'),
      'POST /api/recording/recovery': ({ body }: { body: unknown }) => {
        seen.push(recovering.running?.done ?? -1);
        const part = (body as { session_ids: string[] }).session_ids;
        if (++calls === 3) return new Refusal(507, 'storage_full', 'free some disk space');
        return { report_id: calls, at: '', recovered: part.map(recovered), skipped: [] };
      },
    });
    await recover(ids);
    expect(seen).toEqual([0, AT_ONCE, AT_ONCE * 2]);
    expect(recovering.recovered).toHaveLength(AT_ONCE * 2);
    expect(recovering.error).toMatchObject({ kind: 'refused', message: 'free some disk space' });
    await waitFor(() => expect(recovering.running).toBeUndefined());
  });
});

import { cleanup, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { live, recorder, Refusal, tell, type Asked } from '../../../tests/recorder';
import Recovery from './Recovery.svelte';
import { recover, recovering } from './recovering.svelte';

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
    messages_after: 33,
    added: 2,
    completed: 1,
    still_partial: 0,
    still_open_tool_calls: 0,
    still_missing: [],
    editor_files: [],
    unavailable: [],
    ...more,
  };
}

function recovered(id: string): object {
  const counts = { messages: 31, from_events: 29, from_snapshots: 2, from_editor_files: 0, completed: 0 };
  return {
    session_id: id,
    title: `Session ${id}`,
    ...counts,
    partial: 0,
    open_tool_calls: 0,
    missing: [],
    evidence: [],
  };
}

function overview(interrupted: object[]): object {
  return { interrupted, reports: [], last_start: null, quarantine: [] };
}

const NONE = { reports: [], next_cursor: null };

afterEach(() => {
  cleanup();
  recovering.forget();
  vi.unstubAllGlobals();
});

describe('the recovery screen', () => {
  it('shows before and after, and never takes a title for markup', async () => {
    recorder({
      'GET /api/recording/recovery': overview([candidate('a', { title: HOSTILE })]),
      'GET /api/recording/recovery/reports': NONE,
    });
    const { container } = render(Recovery);
    expect(await screen.findByText(HOSTILE)).toBeVisible();
    expect(container.querySelector('img')).toBeNull();
    expect(
      screen.getByText(
        "29 messages from events, 2 more from a snapshot, 2 more from the editor's file, the rest of 1 answer, nothing missing",
      ),
    ).toBeVisible();
    expect(screen.getByText('31 messages')).toBeVisible();
    expect(screen.getByText('33 messages')).toBeVisible();
  });

  it('has a way on where nothing is interrupted', async () => {
    recorder({ 'GET /api/recording/recovery': overview([]), 'GET /api/recording/recovery/reports': NONE });
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
      'GET /api/recording/recovery/reports': NONE,
      'GET /api/recording/status': new Refusal(503, 'shutting_down', 'x'),
      'POST /api/recording/recovery': { report_id: 1, at: '', recovered: [recovered('a')], skipped: [] },
    });
    render(Recovery);
    await userEvent.click(await screen.findByRole('button', { name: 'Recover Session a' }));
    expect(await screen.findByText('1 session recovered · nothing missing')).toBeVisible();
    expect(log.find((one) => one.method === 'POST')?.body).toEqual({ session_ids: ['a'] });
  });
});

describe('the files of editors', () => {
  it('are named with what only they have, and why one brings nothing', async () => {
    const file = {
      editor: 'claude-code',
      path: '/home/ada/.claude/projects/x/a.jsonl',
      modified_at: '2026-01-31T13:05:00Z',
      messages: 33,
      only_there: 2,
      readable: true,
      problem: null,
    };
    const away = { what: 'editor_file', editor: 'vscode', why: 'the file is locked' };
    recorder({
      'GET /api/recording/recovery': overview([
        candidate('a', { editor_files: [file], unavailable: [away] }),
      ]),
      'GET /api/recording/recovery/reports': NONE,
    });
    render(Recovery);
    expect(await screen.findByText(/File of Claude Code with 33 messages/)).toHaveAttribute(
      'title',
      file.path,
    );
    expect(screen.getByText('2 of them are only there')).toBeVisible();
    expect(screen.getByText('The file of VS Code brings nothing: the file is locked')).toBeVisible();
  });
});

describe('past recoveries', () => {
  const report = (id: number, more: object = {}): object => ({
    report_id: id,
    at: '2026-01-31T13:00:00Z',
    recovered: [recovered(`r${id}`)],
    skipped: [],
    ...more,
  });

  it('come page by page, with their titles', async () => {
    const log = recorder({
      'GET /api/recording/recovery': overview([]),
      'GET /api/recording/recovery/reports': ({ query }: Asked) =>
        query.get('cursor') === 'next'
          ? { reports: [report(1, { skipped: [{ session_id: 'x', title: 'Left', reason: 'it goes on' }] })] }
          : { reports: [report(2)], next_cursor: 'next' },
    });
    render(Recovery);
    await userEvent.click(await screen.findByRole('button', { name: 'Show older recoveries' }));
    expect(await screen.findByText('Session r1')).toBeInTheDocument();
    expect(screen.getByText('Session r2')).toBeInTheDocument();
    expect(screen.getByText(/^Left –/)).toBeInTheDocument();
    expect(log.filter((one) => one.path.endsWith('/reports'))).toHaveLength(2);
    expect(screen.queryByRole('button', { name: 'Show older recoveries' })).toBeNull();
  });
});

describe('what was set aside', () => {
  it('is deleted only after saying exactly what goes', async () => {
    const bad = {
      what: 'segment 12: bad checksum',
      bytes: 4096,
      quarantined_as: '12.bad',
      at: '2026-01-30T10:00:00Z',
    };
    const log = recorder({
      'GET /api/recording/recovery': { ...overview([]), quarantine: [bad] },
      'GET /api/recording/recovery/reports': NONE,
      'DELETE /api/recording/quarantine/12.bad': {},
    });
    render(Recovery);
    await userEvent.click(await screen.findByRole('button', { name: 'Delete 12.bad …' }));
    expect(log.some((one) => one.method === 'DELETE')).toBe(false);
    expect(screen.getByText(/4\.1 kB that were set aside \(segment 12: bad checksum\)/)).toBeVisible();
    await userEvent.click(screen.getByRole('button', { name: 'Delete for good' }));
    await waitFor(() => expect(log.some((one) => one.method === 'DELETE')).toBe(true));
  });
});

describe('a recovery', () => {
  it('is one call, tells how far it is, and says why it failed', async () => {
    const ids = ['a', 'b', 'c'];
    const seen: (number | undefined)[] = [];
    const log = recorder({
      'GET /api/recording/status': new Refusal(503, 'shutting_down', 'x'),
      'POST /api/recording/recovery': async () => {
        await tell({ type: 'progress', operation: 'import', done: 9, total: 9 });
        seen.push(recovering.running?.done);
        await tell({ type: 'progress', operation: 'recovery', done: 2, total: 3, session_id: 'b' });
        seen.push(recovering.running?.done);
        return new Refusal(507, 'storage_full', 'free some disk space');
      },
    });
    await live();
    await recover(ids);
    expect(seen).toEqual([0, 2]);
    expect(log.find((one) => one.method === 'POST')?.body).toEqual({ session_ids: ids });
    expect(recovering.error).toMatchObject({ kind: 'refused', message: 'free some disk space' });
    expect(recovering.running).toBeUndefined();
  });
});

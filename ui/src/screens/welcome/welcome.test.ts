import { cleanup, render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { live, recorder, tell, type Asked } from '../../../tests/recorder';
import type { FollowStatus, Status } from '../../lib/api';
import { take } from '../../lib/stores';
import { isFirstStart, welcomed } from './first';
import Welcome from './Welcome.svelte';

const EDITOR = {
  id: 'an-editor',
  name: 'An Editor',
  found: true,
  how: 'import',
  path: '/home/ada/.an-editor',
};

/** The recorder's status says so. */
function following(state: FollowStatus['state'], importing = 0): void {
  const follow = { state, live: 0, importing, problem: null };
  take({ status: 'recording', sessions: 0, connections: [], follow } as unknown as Status);
}

afterEach(() => {
  cleanup();
  localStorage.clear();
  vi.unstubAllGlobals();
});

describe('the first start', () => {
  const status = (sessions: number): Status => ({ sessions }) as Status;

  it('is one with nothing recorded and the welcome not seen', () => {
    expect(isFirstStart(status(0))).toBe(true);
    expect(isFirstStart(status(1))).toBe(false);
    welcomed();
    expect(isFirstStart(status(0))).toBe(false);
  });

  it('is one too where what is recorded came from editors’ files by itself', () => {
    const after = (state: FollowStatus['state'], uptime_secs: number): boolean =>
      isFirstStart({ sessions: 9, uptime_secs, follow: { state, live: 0, importing: 0 } } as Status);
    expect(after('importing', 900)).toBe(true);
    expect(after('following', 5)).toBe(true);
    expect(after('following', 900)).toBe(false);
    expect(after('off', 5)).toBe(false);
    welcomed();
    expect(after('importing', 900)).toBe(false);
  });

  it('asks about start at login where the desktop app can do it', async () => {
    const log = recorder({
      'GET /api/app': { start_at_login: false, available: true },
      'PATCH /api/app': ({ body }: Asked) => ({ ...(body as object), available: true }),
    });
    render(Welcome);
    const login = await screen.findByRole('switch');
    await userEvent.click(login);
    expect(login).toBeChecked();
    expect(log.find((one) => one.method === 'PATCH')?.body).toEqual({ start_at_login: true });
    expect(isFirstStart(status(0))).toBe(false);
  });

  it('names the editors that were found and takes in what they have, where it is asked to', async () => {
    following('off');
    const log = recorder({
      'GET /api/editors': [
        { ...EDITOR, sessions: 12, recorded: 3 },
        { id: 'other', name: 'Other', found: false, how: 'none' },
      ],
      'POST /api/editors/an-editor/import': {
        files: 12,
        sessions: 12,
        new_events: 340,
        known_events: 0,
        problems: ['b.jsonl: line 7 is no JSON'],
      },
    });
    render(Welcome);
    await userEvent.click(await screen.findByRole('button', { name: 'Take in old sessions of An Editor' }));
    expect(await screen.findByText('340 new events taken in')).toBeVisible();
    expect(screen.getByText('b.jsonl: line 7 is no JSON')).toBeVisible();
    expect(screen.getByText('12 sessions, 3 of them recorded')).toBeVisible();
    expect(screen.queryByText('Other')).toBeNull();
    expect(log.filter((one) => one.path === '/api/editors')).toHaveLength(2);
  });

  it('says how far it is with what they have, where they are followed', async () => {
    following('importing', 12);
    let recorded = 0;
    recorder({ 'GET /api/editors': () => [{ ...EDITOR, sessions: 12, recorded }] });
    render(Welcome);
    await live();
    expect(await screen.findByText(/What they have is being taken in, newest first/)).toBeVisible();
    expect(screen.getByText('0 of 12 sessions')).toBeVisible();
    expect(screen.queryByRole('button', { name: /Take in/ })).toBeNull();
    // an import of less than that is another one
    await tell({ type: 'progress', operation: 'import', done: 2, total: 3 });
    expect(screen.getByText('0 of 12 sessions')).toBeVisible();
    await tell({ type: 'progress', operation: 'import', done: 5, total: 12 });
    expect(await screen.findByText('5 of 12 sessions')).toBeVisible();
    const bar = screen.getByRole('progressbar');
    expect(bar).toHaveAttribute('value', '5');
    expect(bar).toHaveAttribute('aria-valuetext', '5 of 12 sessions');

    recorded = 12;
    following('following');
    expect(await screen.findByText(/All of it is recorded/)).toBeVisible();
    expect(screen.getByText('12 sessions, 12 of them recorded')).toBeVisible();
    expect(screen.queryByRole('progressbar')).toBeNull();
    expect(screen.queryByRole('button', { name: /Take in/ })).toBeNull();
  });

  it('does not call all recorded where something could not be read, until it could', async () => {
    following('following');
    let recorded = 11;
    recorder({ 'GET /api/editors': () => [{ ...EDITOR, sessions: 12, recorded }] });
    render(Welcome);
    await live();
    expect(await screen.findByText(/What could be read of it is recorded/)).toBeVisible();
    recorded = 12;
    await tell({ type: 'progress', operation: 'import', done: 1, total: 1 });
    expect(await screen.findByText(/All of it is recorded/)).toBeVisible();
  });

  it('leaves out what is switched off', async () => {
    following('following');
    const off = { ...EDITOR, id: 'off', name: 'Off', sessions: 9, recorded: 0, enabled: false };
    recorder({ 'GET /api/editors': [{ ...EDITOR, sessions: 1, recorded: 1, enabled: true }, off] });
    render(Welcome);
    expect(await screen.findByText(/All of it is recorded/)).toBeVisible();
    expect(screen.queryByText('Off', { selector: '.name' })).toBeNull();
  });

  it('has a button for an editor that is not followed while others are', async () => {
    following('following');
    recorder({
      'GET /api/editors': [
        { ...EDITOR, sessions: 1, recorded: 1, follow: true },
        { ...EDITOR, id: 'still', name: 'Still', sessions: 1, recorded: 0, follow: false },
      ],
    });
    render(Welcome);
    expect(await screen.findByRole('button', { name: 'Take in old sessions of Still' })).toBeVisible();
    expect(screen.getAllByRole('button', { name: /Take in/ })).toHaveLength(1);
  });

  it('has a way on where no editor was found', async () => {
    recorder({ 'GET /api/editors': [] });
    render(Welcome);
    expect(await screen.findByText(/No known editor was found/)).toBeVisible();
    expect(screen.getByText(/chasm send/)).toBeVisible();
  });
});

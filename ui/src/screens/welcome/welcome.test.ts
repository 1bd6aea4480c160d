import { cleanup, render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { recorder, type Asked } from '../../../tests/recorder';
import type { Status } from '../../lib/api';
import { isFirstStart, welcomed } from './first';
import Welcome from './Welcome.svelte';

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

  it('names the editors that were found and takes in what they have', async () => {
    const editor = {
      id: 'claude-code',
      name: 'Claude Code',
      found: true,
      how: 'import',
      path: '/home/ada/.claude',
    };
    const log = recorder({
      'GET /api/editors': [
        { ...editor, sessions: 12, recorded: 3 },
        { id: 'other', name: 'Other', found: false, how: 'none' },
      ],
      'POST /api/editors/claude-code/import': {
        files: 12,
        sessions: 12,
        new_events: 340,
        known_events: 0,
        problems: ['b.jsonl: line 7 is no JSON'],
      },
    });
    render(Welcome);
    await userEvent.click(await screen.findByRole('button', { name: 'Take in old sessions of Claude Code' }));
    expect(await screen.findByText('340 new events taken in')).toBeVisible();
    expect(screen.getByText('b.jsonl: line 7 is no JSON')).toBeVisible();
    expect(screen.getByText('12 sessions, 3 of them recorded')).toBeVisible();
    expect(screen.queryByText('Other')).toBeNull();
    expect(log.filter((one) => one.path === '/api/editors')).toHaveLength(2);
  });

  it('has a way on where no editor was found', async () => {
    recorder({ 'GET /api/editors': [] });
    render(Welcome);
    expect(await screen.findByText(/No known editor was found/)).toBeVisible();
    expect(screen.getByText(/chasm send/)).toBeVisible();
  });
});

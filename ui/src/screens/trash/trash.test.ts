// Deletion: trash, undo, receipt; nothing is gone before it is said.

import { cleanup, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { live, recorder, Refusal, tell, type Asked } from '../../../tests/recorder';
import { dismiss, toasts } from '../../lib/stores';
import { startTrash, throwAway, trash } from '../sessions/trash.svelte';
import Trash from './Trash.svelte';

const AT = '2026-01-31T12:00:00Z';
const soon = (seconds: number): string => new Date(Date.now() + seconds * 1_000).toISOString();
const doomed = (id: string): Parameters<typeof throwAway>[0][number] => ({
  session_id: id,
  title: id,
  message_count: 84,
});
const ids = (asked: Asked): string[] => (asked.body as { session_ids: string[] }).session_ids;

afterEach(() => {
  cleanup();
  for (const { id } of toasts.list) dismiss(id);
  vi.unstubAllGlobals();
});

describe('throwing away', () => {
  const answer = (asked: Asked): object => ({ trashed: ids(asked), purge_at: soon(30), unknown: [] });

  it('hides at once, and undo brings back', async () => {
    const log = recorder({
      'POST /api/recording/trash': answer,
      'POST /api/recording/trash/restore': (asked: Asked) => ({ restored: ids(asked), unknown: [] }),
    });
    const undone = vi.fn();
    const gone = throwAway([doomed('a'), doomed('b')], undone);
    expect([trash.has('a'), trash.has('b')]).toEqual([true, true]);
    await gone;
    const notice = toasts.list.at(-1);
    expect(notice?.title).toBe('2 sessions are in the trash');
    // for as long as the recorder keeps it, not for as long as this page thinks
    expect((notice?.until ?? 0) - Date.now()).toBeGreaterThan(25_000);
    notice?.act?.run();
    await waitFor(() => expect(undone).toHaveBeenCalled());
    expect([trash.has('a'), trash.has('b')]).toEqual([false, false]);
    expect(log.map((one) => one.path)).toEqual(['/api/recording/trash', '/api/recording/trash/restore']);
  });

  it('shows again what the recorder did not take', async () => {
    recorder({ 'POST /api/recording/trash': new Refusal(503, 'not_recording', 'the disk is full') });
    await throwAway([doomed('c')]);
    expect(trash.has('c')).toBe(false);
    expect(toasts.list.at(-1)).toMatchObject({ tone: 'bad', body: 'the disk is full' });
  });

  it('stands no longer than a minute, however long the trash keeps it', async () => {
    recorder({
      'POST /api/recording/trash': (asked: Asked) => ({ ...answer(asked), purge_at: soon(86_400) }),
    });
    await throwAway([doomed('d')]);
    expect((toasts.list.at(-1)?.until ?? Infinity) - Date.now()).toBeLessThanOrEqual(60_000);
  });

  it('offers no undo for what is gone for good', async () => {
    recorder({ 'POST /api/recording/trash': answer });
    await live();
    onTestFinished(startTrash());
    await throwAway([doomed('e'), doomed('f')]);
    const offered = (): boolean => toasts.list.some((one) => one.title === '2 sessions are in the trash');
    await tell({ type: 'lifecycle', at: AT, event: { kind: 'deleted', session_id: 'e' } });
    expect(offered()).toBe(true);
    await tell({ type: 'lifecycle', at: AT, event: { kind: 'deleted', session_id: 'f' } });
    expect(offered()).toBe(false);
    expect([trash.has('e'), trash.has('f')]).toEqual([false, false]);
  });

  it('gives a receipt when it is gone for good, and follows other windows', async () => {
    recorder({});
    await live();
    onTestFinished(startTrash());
    await tell({ type: 'lifecycle', at: AT, event: { kind: 'trashed', session_ids: ['x'], purge_at: AT } });
    expect(trash.has('x')).toBe(true);
    await tell({ type: 'lifecycle', at: AT, event: { kind: 'restored', session_ids: ['x'] } });
    expect(trash.has('x')).toBe(false);
    const receipt = {
      at: AT,
      sessions: 1,
      messages: 84,
      tool_calls: 1,
      events: 90,
      snapshots: 0,
      bytes: 2_000,
    };
    await tell({ type: 'lifecycle', at: AT, event: { kind: 'purged', reason: 'trash', receipt } });
    expect(toasts.list.at(-1)).toMatchObject({
      title: '1 session deleted for good',
      body: '84 messages, 1 tool call, 2 kB: gone from database, index and journal.',
    });
    const before = toasts.list.length;
    await tell({ type: 'lifecycle', at: AT, event: { kind: 'purged', reason: 'retention', receipt } });
    expect(toasts.list).toHaveLength(before);
  });
});

describe('the trash', () => {
  const EVIL = '<img src=x onerror=alert(1)>';
  const trashed = (id: string, title: string): object => ({
    session_id: id,
    title,
    state: 'completed',
    message_count: 84,
    tags: [],
    trashed_at: AT,
    purge_at: soon(60),
  });

  it('shows what is in it, restores, and deletes only after saying what goes', async () => {
    let inside = [trashed('a', EVIL), trashed('b', 'Second')];
    const without = (asked: Asked): void => {
      inside = inside.filter((one) => !ids(asked).includes((one as { session_id: string }).session_id));
    };
    const log = recorder({
      'GET /api/recording/trash': () => ({ sessions: inside, total: inside.length, next_cursor: null }),
      'POST /api/recording/trash/restore': (asked: Asked) => (
        without(asked),
        { restored: ids(asked), unknown: [] }
      ),
      'POST /api/recording/trash/purge': (asked: Asked) => (without(asked), { sessions: 1 }),
    });
    const { container } = render(Trash);
    expect(await screen.findByText(EVIL)).toBeVisible();
    expect(container.querySelector('img')).toBeNull();
    await userEvent.click(screen.getByRole('button', { name: 'Restore Second' }));
    await waitFor(() => expect(screen.queryByText('Second')).toBeNull());
    await userEvent.click(screen.getByRole('button', { name: `Delete now: ${EVIL}` }));
    expect(log.some((one) => one.path.endsWith('/purge'))).toBe(false);
    expect(screen.getByText(/^Deletes 84 messages from this computer for good/)).toBeVisible();
    await userEvent.click(screen.getByRole('button', { name: 'Delete now' }));
    expect(await screen.findByText('The trash is empty')).toBeVisible();
    expect(log.find((one) => one.path.endsWith('/purge'))?.body).toEqual({ session_ids: ['a'] });
  });
});

import { cleanup, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { recorder, type Asked } from '../../../tests/recorder';
import Palette from './Palette.svelte';

const session = (id: string, title: string): object => ({
  session_id: id,
  title,
  state: 'completed',
  last_event_at: '2026-01-31T13:00:00Z',
});
const ALL = [session('a', 'Fix flaky websocket test'), session('b/1', 'Explain borrow checker')];

function open(): { log: Asked[]; onclose: ReturnType<typeof vi.fn> } {
  const log = recorder({
    'GET /api/recording/sessions': ({ query }: Asked) => {
      const q = query.get('q') ?? '';
      const sessions = ALL.filter((one) => (one as { title: string }).title.toLowerCase().includes(q));
      return { sessions, total: sessions.length, next_cursor: null };
    },
  });
  const onclose = vi.fn();
  render(Palette, { onclose });
  return { log, onclose };
}

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
  window.location.hash = '';
});

describe('the palette', () => {
  it('finds a session and goes there by keyboard alone', async () => {
    const { onclose } = open();
    await userEvent.type(screen.getByRole('combobox'), 'borrow');
    const found = await screen.findByRole('option', { name: /Explain borrow checker/ });
    await waitFor(() => expect(found).toHaveAttribute('aria-selected', 'true'));
    await userEvent.keyboard('{Enter}');
    expect(onclose).toHaveBeenCalledTimes(1);
    expect(window.location.hash).toBe('#/session/b%2F1');
  });

  it('tells the chosen row to whoever does not see it, and goes round', async () => {
    open();
    const field = screen.getByRole('combobox');
    await waitFor(() => expect(screen.getAllByRole('option').length).toBeGreaterThan(3));
    await userEvent.type(field, '{ArrowUp}');
    const last = screen.getAllByRole('option').at(-1);
    expect(last).toHaveAttribute('aria-selected', 'true');
    expect(field).toHaveAttribute('aria-activedescendant', last?.id);
    await userEvent.keyboard('{ArrowDown}');
    expect(screen.getAllByRole('option')[0]).toHaveAttribute('aria-selected', 'true');
  });

  it('runs commands, and offers the full search for what is typed', async () => {
    open();
    await userEvent.type(screen.getByRole('combobox'), 'qqq');
    await waitFor(() => expect(screen.getAllByRole('option')).toHaveLength(1));
    await userEvent.click(screen.getByRole('option', { name: 'Search all messages for “qqq”' }));
    expect(window.location.hash).toBe('#/?q=qqq');
  });

  it('asks once for a word, not for every letter', async () => {
    const { log } = open();
    await userEvent.type(screen.getByRole('combobox'), 'websocket');
    await screen.findByRole('option', { name: /Fix flaky/ });
    await waitFor(() => expect(log.some((one) => one.query.get('q') === 'websocket')).toBe(true));
    expect(log.filter((one) => one.query.has('q')).length).toBeLessThan(4);
  });
});

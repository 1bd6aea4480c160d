// Entries as they are shown: what was recorded never becomes markup.

import { render, screen } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { describe, expect, it, vi } from 'vitest';
import type { Message, SessionSummary, ToolCall } from '../../lib/api';
import SessionRow from '../sessions/SessionRow.svelte';
import MessageEntry from './MessageEntry.svelte';
import ToolEntry from './ToolEntry.svelte';

const EVIL = '<img src=x onerror=alert(1)>';
const common = {
  replayed: false,
  origins: false,
  unfold: false,
  opened: () => false,
  oncopy: () => undefined,
};

const message = (more: Partial<Message>): Message => ({
  position: 1,
  role: 'assistant',
  content: 'hello',
  partial: false,
  origin: 'event',
  ...more,
});

describe('a message', () => {
  it('shows text, thinking folded and what is not known raw', () => {
    const content = [
      { type: 'thinking', thinking: `${EVIL} hm` },
      { type: 'text', text: `**so** ${EVIL}` },
      { type: EVIL, x: EVIL },
    ];
    const { container } = render(MessageEntry, {
      message: message({ content, model: EVIL }),
      streaming: false,
      ...common,
    });
    expect(container.querySelector('img, script')).toBeNull();
    expect(container.querySelector('details')?.open).toBe(false);
    expect(container.querySelector('strong')?.textContent).toBe('so');
    expect(container.textContent).toContain(EVIL);
  });

  it('says that an answer breaks off, but not while it is written', async () => {
    const { rerender } = render(MessageEntry, {
      message: message({ partial: true }),
      streaming: true,
      ...common,
    });
    expect(screen.queryByText(/breaks off/)).toBeNull();
    await rerender({ streaming: false });
    expect(screen.getByText(/breaks off/)).toBeInTheDocument();
  });

  it('says where it came from when asked, and always where that was not an event', async () => {
    const { rerender } = render(MessageEntry, { message: message({}), streaming: false, ...common });
    expect(screen.queryByText('from events')).toBeNull();
    await rerender({ origins: true });
    expect(screen.getByText('from events')).toBeInTheDocument();
    await rerender({ origins: false, message: message({ completed_by: 'snapshot' }) });
    expect(screen.getByText('from events, completed from a snapshot')).toBeInTheDocument();
  });
});

describe('what was opened', () => {
  it('is open again when the row comes back', () => {
    const content = [
      { type: 'thinking', thinking: 'one' },
      { type: 'text', text: 'two' },
      { type: 'thinking', thinking: 'three' },
    ];
    const { container } = render(MessageEntry, {
      message: message({ content }),
      streaming: false,
      ...common,
      opened: (fold: string) => fold === 'part 2',
    });
    expect([...container.querySelectorAll('details')].map((fold) => fold.open)).toEqual([false, true]);
  });
});

describe('a tool call', () => {
  const call: ToolCall = {
    position: 1,
    name: EVIL,
    arguments: { command: EVIL },
    output: EVIL,
    finished: true,
    is_error: true,
    origin: 'event',
  };

  it('is one line with its state until opened', () => {
    const { container } = render(ToolEntry, { call, running: false, ...common });
    expect(container.querySelector('details')?.open).toBe(false);
    expect(container.querySelector('img')).toBeNull();
    expect(screen.getByText('failed')).toBeInTheDocument();
  });

  it('says that no answer came', () => {
    render(ToolEntry, {
      call: { ...call, finished: false, is_error: false, output: undefined },
      running: false,
      ...common,
    });
    expect(screen.getByText('no answer')).toBeInTheDocument();
  });
});

describe('a row of the list', () => {
  const session = {
    session_id: 's',
    title: EVIL,
    preview: EVIL,
    state: 'interrupted',
    editor: EVIL,
    workspace: EVIL,
    model: EVIL,
    started_at: '2026-01-31T12:00:00Z',
    last_event_at: '2026-01-31T12:00:00Z',
    event_count: 2,
    message_count: 2,
    tool_call_count: 0,
    interruption_count: 1,
    starred: true,
    tags: [EVIL],
    live: false,
  } satisfies SessionSummary;

  it('shows everything as text, and its state by shape and word', async () => {
    const choose = vi.fn();
    const { container } = render(SessionRow, {
      session: { ...session, hits: [{ kind: 'message', excerpt: EVIL, marks: [[0, 4]], position: 3 }] },
      sort: 'recent',
      q: 'img',
      here: false,
      chosen: false,
      choosing: false,
      index: 1,
      tabbable: true,
      link: (at) => `#/session/s?at=${at ?? ''}`,
      onchoose: choose,
    });
    expect(container.querySelector('img')).toBeNull();
    expect(container.querySelector('mark')?.textContent).toBe('img');
    expect(container.querySelector('svg title')?.textContent).toBe('Interrupted');
    expect(screen.getByText('Interrupted', { selector: '.state' })).toBeInTheDocument();
    await userEvent.click(screen.getByRole('checkbox'));
    expect(choose).toHaveBeenCalledWith(false);
  });
});

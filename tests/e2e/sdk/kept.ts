// What the recorder has of a session, and whether that is what a client wrote down.
//
// Owns the comparison: every entry of the client's own log is there exactly once, and in its order.

import { expect } from 'vitest';
import type { Recorder } from '../src/recorder';

interface Page {
  events: {
    conflict: boolean;
    event: { event_id?: string; event_type: string; data?: { content?: string } };
  }[];
  next_cursor: string | null;
}

/** Texts of a session's messages, as its raw events have them, in their order. */
export async function recorded(recorder: Recorder, session: string): Promise<string[]> {
  const texts: string[] = [];
  let cursor = '';
  for (;;) {
    const path = `/api/recording/sessions/${session}/events?limit=1000${cursor}`;
    const page = await recorder.api.json<Page>('GET', path);
    for (const { event, conflict } of page.events) {
      expect(conflict).toBe(false);
      if (event.event_type === 'message') texts.push(event.data?.content ?? '');
    }
    if (page.next_cursor === null) return texts;
    cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
}

/** All that the client wrote down is there, once and in order; what is there besides, it had begun to write. */
export async function expectKept(
  recorder: Recorder,
  session: string,
  log: string[],
  most: number,
): Promise<void> {
  const texts = await recorded(recorder, session);
  expect(new Set(texts).size, 'recorded twice').toBe(texts.length);
  const written = new Set(log);
  expect(
    texts.filter((text) => written.has(text)),
    'what the client has in its log',
  ).toEqual(log);
  // an end by force leaves some that are in the outbox and not in the log
  expect(texts.length - log.length, 'recorded and not in the log').toBeLessThanOrEqual(most);
  const { messages } = await recorder.api.session(session);
  expect(
    messages.map(({ content }) => content),
    'the session, with its snapshots',
  ).toEqual(texts);
}

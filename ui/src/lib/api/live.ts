// The live stream: what changes at the recorder, as it happens.
//
// Owns the one open connection and its coming back. Says when it was away, because what happened meanwhile is not repeated: whoever
// shows something then reads it again. Carries the text of a chat only for the sessions that were asked for, as `delta`.

import { createParser } from 'eventsource-parser';
import { liveAddress } from './calls';
import { headers } from './http';
import type { LiveEvent } from './types';

export type Link =
  | { state: 'connecting' }
  | { state: 'open' }
  /** Nobody answers; the next try is at `until` (milliseconds since the epoch). */
  | { state: 'waiting'; until: number };

export interface Listener {
  event(event: LiveEvent): void;
  link(link: Link): void;
}

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 10_000;
/** The recorder says something every 15 s at least. */
const SILENCE_MS = 40_000;

export function waitBefore(attempt: number): number {
  return Math.min(FIRST_WAIT_MS * 2 ** Math.max(0, attempt - 1), LONGEST_WAIT_MS);
}

/** Follows the stream until the returned function is called; with the text of these sessions as it comes. */
export function follow(
  listener: Listener,
  sessions: readonly string[] = [],
): { stop: () => void; now: () => void } {
  const from = liveAddress(sessions);
  const ended = new AbortController();
  let wake: (() => void) | undefined;

  const run = async (): Promise<void> => {
    let attempt = 0;
    while (!ended.signal.aborted) {
      listener.link({ state: 'connecting' });
      const lived = await once(from, listener, ended.signal);
      if (ended.signal.aborted) return;
      attempt = lived ? 1 : attempt + 1;
      const wait = waitBefore(attempt);
      listener.link({ state: 'waiting', until: Date.now() + wait });
      await new Promise<void>((resolve) => {
        wake = resolve;
        setTimeout(resolve, wait);
      });
    }
  };
  void run();
  return {
    stop: () => {
      ended.abort();
      wake?.();
    },
    now: () => wake?.(),
  };
}

/** One connection; true where it was open. */
async function once(from: string, listener: Listener, ended: AbortSignal): Promise<boolean> {
  const own = new AbortController();
  const end = (): void => own.abort();
  ended.addEventListener('abort', end, { once: true });
  let silence = setTimeout(end, SILENCE_MS);
  let open = false;
  try {
    const response = await fetch(from, {
      headers: { ...headers(), accept: 'text/event-stream' },
      signal: own.signal,
      cache: 'no-store',
    });
    if (!response.ok || !response.body) return false;
    open = true;
    listener.link({ state: 'open' });
    const parser = createParser({ onEvent: ({ data }) => deliver(data, listener) });
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return open;
      clearTimeout(silence);
      silence = setTimeout(end, SILENCE_MS);
      parser.feed(value);
    }
  } catch {
    return open;
  } finally {
    clearTimeout(silence);
    ended.removeEventListener('abort', end);
    own.abort();
  }
}

function deliver(data: string, listener: Listener): void {
  let event: LiveEvent;
  try {
    event = JSON.parse(data) as LiveEvent;
  } catch {
    return;
  }
  listener.event(event);
}

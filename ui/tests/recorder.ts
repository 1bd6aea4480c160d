// A recorder for tests of components: answers by method and path, and keeps what it was asked.
//
// Owns `fetch` for the time of a test, and the live stream, which `tell` writes to. An address that a test did not name answers 404.

import { waitFor } from '@testing-library/svelte';
import { onTestFinished, vi } from 'vitest';
import type { LiveEvent } from '../src/lib/api';
import { live as link, onLive, startLive } from '../src/lib/stores';

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
}
/** What is answered, or how to make it. */
type Way = object | ((asked: Asked) => object | Promise<object>);

/** An answer with another status than 200. */
export class Refusal {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly message: string,
    /** What else the error says. */
    readonly more: object = {},
  ) {}
}

export function recorder(ways: Record<string, Way>): Asked[] {
  const log: Asked[] = [];
  vi.stubGlobal('fetch', async (input: string, init: RequestInit = {}) => {
    const url = new URL(input);
    const body = typeof init.body === 'string' ? (JSON.parse(init.body) as unknown) : undefined;
    const asked = { method: init.method ?? 'GET', path: url.pathname, query: url.searchParams, body };
    log.push(asked);
    if (asked.path === '/api/recording/live') return stream(init.signal);
    const way = ways[`${asked.method} ${asked.path}`] ?? new Refusal(404, 'not_found', 'nothing is there');
    const answer: unknown = typeof way === 'function' ? await (way as (asked: Asked) => unknown)(asked) : way;
    return respond(answer);
  });
  return log;
}

function respond(answer: unknown): Response {
  const refused = answer instanceof Refusal;
  const { status, body } = refused
    ? {
        status: answer.status,
        body: { error: { code: answer.code, message: answer.message, ...answer.more } },
      }
    : { status: 200, body: answer };
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
}

let streams: ReadableStreamDefaultController<Uint8Array>[] = [];

function stream(signal: AbortSignal | null | undefined): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      streams.push(controller);
      signal?.addEventListener('abort', () => {
        streams = streams.filter((one) => one !== controller);
        controller.error(new Error('aborted'));
      });
    },
  });
  return new Response(body);
}

/** Opens the page's live stream for this test; `recorder` comes first. */
export async function live(): Promise<void> {
  const stop = startLive();
  onTestFinished(stop);
  await waitFor(() => {
    if (link.link.state !== 'open') throw new Error('the live stream is not open');
  });
}

/** Something happens at the recorder; resolves when the page has heard of it. */
export async function tell(event: LiveEvent): Promise<void> {
  const heard = new Promise<void>((resolve) => {
    const forget = onLive({
      event: (told) => {
        if (JSON.stringify(told) !== JSON.stringify(event)) return;
        forget();
        resolve();
      },
    });
  });
  const bytes = new TextEncoder().encode(`data: ${JSON.stringify(event)}\n\n`);
  for (const controller of streams) controller.enqueue(bytes);
  await heard;
}

// A recorder for tests of components: answers by method and path, and keeps what it was asked.
//
// Owns `fetch` for the time of a test. An address that a test did not name answers 404, as an older recorder would.

import { vi } from 'vitest';

export interface Asked {
  method: string;
  path: string;
  query: URLSearchParams;
  body: unknown;
}
/** What is answered, or how to make it. */
type Way = object | ((asked: Asked) => object);

/** An answer with another status than 200. */
export class Refusal {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly message: string,
  ) {}
}

export function recorder(ways: Record<string, Way>): Asked[] {
  const log: Asked[] = [];
  vi.stubGlobal('fetch', (input: string, init: RequestInit = {}) => {
    const url = new URL(input);
    const body = typeof init.body === 'string' ? (JSON.parse(init.body) as unknown) : undefined;
    const asked = { method: init.method ?? 'GET', path: url.pathname, query: url.searchParams, body };
    log.push(asked);
    const way = ways[`${asked.method} ${asked.path}`];
    const answer: unknown =
      way === undefined
        ? new Refusal(404, 'not_found', 'nothing is there')
        : typeof way === 'function'
          ? (way as (asked: Asked) => unknown)(asked)
          : way;
    return Promise.resolve(respond(answer));
  });
  return log;
}

function respond(answer: unknown): Response {
  const refused = answer instanceof Refusal;
  const { status, body } = refused
    ? { status: answer.status, body: { error: { code: answer.code, message: answer.message } } }
    : { status: 200, body: answer };
  return new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/json' } });
}

// The recorder's REST calls that a client makes: events, and snapshots.
//
// Owns one request and what can come of it; never throws, never repeats. The token goes into a header, never into an address.

import type { EventsAnswer, SnapshotAnswer, SnapshotBody } from './events.js';
import { because } from './errors.js';

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Place {
  /** `http://host:port`. */
  url: string;
  token?: string | undefined;
}

export type Answer<T> =
  | { kind: 'ok'; value: T }
  /** The recorder said no. */
  | { kind: 'refused'; status: number; code: string; message: string; retryMs: number }
  /** Nobody answered, or nobody who is a recorder. */
  | { kind: 'away'; message: string };

const LONGEST_MS = 15_000;
/** A request of which nothing has to be written is answered at once, or not at all. */
const LONGEST_EMPTY_MS = 5_000;
const RETRY_MS = 1000;
const LONGEST_RETRY_MS = 15_000;

export function postEvents(fetch: Fetch, place: Place, texts: string[]): Promise<Answer<EventsAnswer>> {
  return post(
    fetch,
    place,
    '/api/recording/events',
    `[${texts.join(',')}]`,
    (answer): answer is EventsAnswer => Array.isArray((answer as Partial<EventsAnswer> | null)?.results),
  );
}

export function postSnapshot(
  fetch: Fetch,
  place: Place,
  session: string,
  snapshot: SnapshotBody,
  takenAt: number,
): Promise<Answer<SnapshotAnswer>> {
  const body = JSON.stringify({ session_id: session, taken_at: takenAt, snapshot });
  return post(fetch, place, '/api/recording/snapshot', body, (answer): answer is SnapshotAnswer =>
    Boolean(answer && typeof answer === 'object' && 'stored' in answer),
  );
}

async function post<T>(
  fetch: Fetch,
  place: Place,
  path: string,
  body: string,
  fits: (answer: unknown) => answer is T,
): Promise<Answer<T>> {
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (place.token !== undefined) headers['authorization'] = `Bearer ${place.token}`;
  // a signal of one's own: not every place has AbortSignal.timeout
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(), body === '[]' ? LONGEST_EMPTY_MS : LONGEST_MS);
  try {
    const response = await fetch(place.url + path, {
      method: 'POST',
      headers,
      body,
      credentials: 'omit',
      signal: patience.signal,
    });
    const answer = await json(response);
    if (fits(answer)) return { kind: 'ok', value: answer };
    const told = (answer as { error?: { code?: string; message?: string } } | null)?.error;
    if (typeof told?.code !== 'string') {
      const message = `${place.url} answers (${response.status}), but not as a recorder does: is it another program's address?`;
      return { kind: 'away', message };
    }
    return {
      kind: 'refused',
      status: response.status,
      code: told.code,
      message: told.message ?? told.code,
      retryMs: retryAfter(response),
    };
  } catch (error) {
    const why = patience.signal.aborted ? 'the time for it is over' : because(error);
    return { kind: 'away', message: `${place.url} does not answer: ${why}` };
  } finally {
    clearTimeout(timer);
  }
}

/** Nothing, where it is not JSON. */
async function json(response: Response): Promise<unknown> {
  try {
    return await response.json();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function retryAfter(response: Response): number {
  const secs = Number(response.headers.get('retry-after'));
  return secs > 0 ? Math.min(secs * 1000, LONGEST_RETRY_MS) : RETRY_MS;
}

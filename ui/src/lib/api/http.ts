// One request to the recorder and what can come of it.
//
// Owns fetch. Never throws: what goes wrong is a value (`ApiError`), so that every screen has to say what it shows then.

import { serverAddress, token } from '../native';
import type { ErrorCode, ErrorDetail, RefusedField } from './types';

export type ApiError =
  /** Nobody answers at the recorder's address. */
  | { kind: 'away' }
  /** The recorder said no, and why. */
  | {
      kind: 'refused';
      status: number;
      code: ErrorCode;
      message: string;
      retryAfter?: number;
      /** Which fields were refused, and the rule of each alone. */
      fields?: readonly RefusedField[];
    }
  /** An answer that is none of the recorder's. */
  | { kind: 'odd'; status: number; message: string }
  /** Nobody waits for the answer any more. */
  | { kind: 'aborted' };

export type Result<T> = { ok: true; value: T } | { ok: false; error: ApiError };

export interface Ask {
  method?: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  query?: Record<string, string | number | boolean | readonly string[] | undefined>;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

/** Why something did not work, for the end of a sentence; `away` is what is said where nobody answers. */
export function because(error: ApiError, away: string): string {
  return 'message' in error ? error.message : away;
}

/** What was asked for is not there any more. */
export function isGone(error: ApiError): boolean {
  return error.kind === 'refused' && error.status === 404;
}

const listeners = new Set<(reached: boolean) => void>();

/** Tells whether the recorder was reached, after every request. */
export function onReach(listener: (reached: boolean) => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function tell(reached: boolean): void {
  for (const listener of listeners) listener(reached);
}

export function address(path: string, query: Ask['query'] = {}): string {
  const url = new URL(serverAddress() + path);
  for (const [name, value] of Object.entries(query)) {
    // a list stands as the same name again and again
    if (Array.isArray(value)) for (const one of value) url.searchParams.append(name, String(one));
    else if (value !== undefined && value !== '') url.searchParams.set(name, String(value));
  }
  return url.href;
}

export function headers(): Record<string, string> {
  const pass = token();
  return pass === undefined ? {} : { authorization: `Bearer ${pass}` };
}

/** A request whose answer is JSON. */
export async function ask<T>(path: string, asked: Ask = {}): Promise<Result<T>> {
  const answer = await send(path, asked);
  if (!answer.ok) return answer;
  const response = answer.value;
  if (response.status === 204) return { ok: true, value: undefined as T };
  try {
    return { ok: true, value: (await response.json()) as T };
  } catch {
    return { ok: false, error: asked.signal?.aborted ? { kind: 'aborted' } : odd(response.status) };
  }
}

/** A request whose answer is a file. */
export async function askFile(
  path: string,
  asked: Ask = {},
): Promise<Result<{ name: string; content: Blob }>> {
  const answer = await send(path, asked);
  if (!answer.ok) return answer;
  try {
    const content = await answer.value.blob();
    const name = fileName(answer.value.headers.get('content-disposition'));
    return { ok: true, value: { name, content } };
  } catch {
    return { ok: false, error: { kind: 'away' } };
  }
}

async function send(path: string, asked: Ask): Promise<Result<Response>> {
  const init: RequestInit = { method: asked.method ?? 'GET', headers: headers(), cache: 'no-store' };
  if (asked.method === 'POST' || asked.method === 'PATCH') {
    init.headers = { ...headers(), 'content-type': 'application/json' };
    init.body = JSON.stringify(asked.body ?? {});
  }
  if (asked.signal) init.signal = asked.signal;
  let response: Response;
  try {
    response = await fetch(address(path, asked.query), init);
  } catch {
    if (asked.signal?.aborted) return { ok: false, error: { kind: 'aborted' } };
    tell(false);
    return { ok: false, error: { kind: 'away' } };
  }
  // a proxy before the recorder says so where nobody is behind it
  if (response.status === 502 || response.status === 504) {
    tell(false);
    return { ok: false, error: { kind: 'away' } };
  }
  tell(true);
  if (response.ok) return { ok: true, value: response };
  return { ok: false, error: await refusal(response) };
}

async function refusal(response: Response): Promise<ApiError> {
  const retry = Number(response.headers.get('retry-after') ?? Number.NaN);
  try {
    const body = (await response.json()) as { error: ErrorDetail };
    const { code, message, field, reason, fields } = body.error;
    const one = field ? [{ field, reason: reason ?? message }] : [];
    return {
      kind: 'refused',
      status: response.status,
      code,
      message,
      ...(Number.isFinite(retry) ? { retryAfter: retry } : {}),
      ...(fields || one.length > 0 ? { fields: fields ?? one } : {}),
    };
  } catch {
    return odd(response.status);
  }
}

function odd(status: number): ApiError {
  return { kind: 'odd', status, message: `HTTP ${status}` };
}

/** The name that an answer gives its file, without any path. */
export function fileName(disposition: string | null): string {
  const coded = disposition?.match(/filename\*=UTF-8''([^;]+)/i)?.[1];
  const plain = disposition?.match(/filename="([^"]+)"/i)?.[1];
  let name = plain ?? 'session';
  try {
    if (coded !== undefined) name = decodeURIComponent(coded);
  } catch {
    // the plain name stands
  }
  // eslint-disable-next-line no-control-regex
  return name.replace(/[/\\:\u0000-\u001f]/g, '_').slice(0, 200) || 'session';
}

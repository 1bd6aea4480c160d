// Calls that only a recorder with the desktop app answers.
//
// Owns their paths. Invariant: «this recorder has no desktop» is an answer (`undefined`), not an error, so that a screen can leave it
// out or say whose it is.

import { ask, type Ask, type Result } from './http';
import type { AppView } from './types';

async function maybe<T>(path: string, asked: Ask = {}): Promise<Result<T | undefined>> {
  const answer = await ask<T>(path, asked);
  if (answer.ok || answer.error.kind !== 'refused') return answer;
  return answer.error.code === 'no_desktop' ? { ok: true, value: undefined } : answer;
}

export function app(signal?: AbortSignal): Promise<Result<AppView | undefined>> {
  return maybe('/api/app', { signal });
}

export function startAtLogin(on: boolean): Promise<Result<AppView | undefined>> {
  return maybe('/api/app', { method: 'PATCH', body: { start_at_login: on } });
}

/** Shows a notification, so that one sees whether they come. False: there is no desktop. */
export async function testNotification(): Promise<Result<boolean>> {
  const answer = await ask<void>('/api/app/notify', { method: 'POST' });
  if (answer.ok) return { ok: true, value: true };
  const none = answer.error.kind === 'refused' && answer.error.code === 'no_desktop';
  return none ? { ok: true, value: false } : answer;
}

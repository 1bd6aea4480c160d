// Calls that not every recorder has: those of the desktop app, and those that older ones lack.
//
// Owns their paths and, where the recorder's description does not have them yet, their shapes. Invariant: «this recorder has no such
// thing» is an answer (`undefined`), not an error, so that a screen can leave it out or say whose it is.

import { ask, type Ask, type Result } from './http';
import type { SessionSummary } from './types';

export interface AppView {
  start_at_login: boolean;
  available: boolean;
}

export interface TokenView {
  token: string;
  path: string;
  /** Callers have to show it. */
  in_use: boolean;
}

export interface RetentionPreview {
  sessions: number;
  messages: number;
  bytes: number;
  oldest?: string | null;
  newest?: string | null;
  sample: SessionSummary[];
}

export interface EditorView {
  id: string;
  name: string;
  found: boolean;
  path?: string | null;
  sessions?: number | null;
}

export interface ImportAnswer {
  files: number;
  new_events: number;
  known_events: number;
}

/** What of the desktop is at work. */
export interface DesktopPart {
  state: 'ok' | 'off' | 'missing';
  detail?: string | null;
}

async function maybe<T>(path: string, asked: Ask = {}): Promise<Result<T | undefined>> {
  const answer = await ask<T>(path, asked);
  if (answer.ok || answer.error.kind !== 'refused') return answer;
  const { status, code } = answer.error;
  // a newer page with an older recorder, or a recorder without a desktop
  const lacks = status === 404 || status === 405 || (code as string) === 'no_desktop';
  return lacks ? { ok: true, value: undefined } : answer;
}

export function app(signal?: AbortSignal): Promise<Result<AppView | undefined>> {
  return maybe('/api/app', { signal });
}

export function startAtLogin(on: boolean): Promise<Result<AppView | undefined>> {
  return maybe('/api/app', { method: 'PATCH', body: { start_at_login: on } });
}

export function token(signal?: AbortSignal): Promise<Result<TokenView | undefined>> {
  return maybe('/api/token', { signal });
}

export function rotateToken(): Promise<Result<TokenView | undefined>> {
  return maybe('/api/token/rotate', { method: 'POST' });
}

/** What would be deleted with the settings as they are. Deletes nothing. */
export function retentionPreview(): Promise<Result<RetentionPreview | undefined>> {
  return maybe('/api/recording/retention/preview', { method: 'POST' });
}

export function editors(signal?: AbortSignal): Promise<Result<EditorView[] | undefined>> {
  return maybe('/api/editors', { signal });
}

/** Takes in the sessions that an editor has on disk. */
export function importEditor(id: string): Promise<Result<ImportAnswer | undefined>> {
  return maybe(`/api/editors/${encodeURIComponent(id)}/import`, { method: 'POST' });
}

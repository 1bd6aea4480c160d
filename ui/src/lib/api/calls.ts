// The recorder's calls, one function each.
//
// Owns paths and parameters. Never keeps an answer: that is for stores and screens.

import { address, ask, askFile, type Result } from './http';
import type * as T from './types';

const RECORDING = '/api/recording';

function session(id: string): string {
  return `${RECORDING}/sessions/${encodeURIComponent(id)}`;
}

export function status(signal?: AbortSignal): Promise<Result<T.Status>> {
  return ask(`${RECORDING}/status`, { signal });
}

export function listSessions(
  query: T.SessionQuery,
  page: { cursor?: string | undefined; limit?: number } = {},
  signal?: AbortSignal,
): Promise<Result<T.SessionPage>> {
  return ask(`${RECORDING}/sessions`, { query: { state: 'all', ...query, ...page }, signal });
}

export function getSession(id: string, signal?: AbortSignal): Promise<Result<T.SessionDetail>> {
  return ask(session(id), { signal });
}

export function listEvents(
  id: string,
  page: { cursor?: string | undefined; limit?: number } = {},
  signal?: AbortSignal,
): Promise<Result<T.EventPage>> {
  return ask(`${session(id)}/events`, { query: page, signal });
}

export function changeSession(id: string, patch: T.SessionPatch): Promise<Result<T.SessionDetail>> {
  return ask(session(id), { method: 'PATCH', body: patch });
}

/** `leaving`: goes through though the page is being closed. */
export function deleteSession(id: string, leaving = false): Promise<Result<void>> {
  return ask(session(id), { method: 'DELETE', leaving });
}

export function exportSession(
  id: string,
  format: T.ExportFormat,
): Promise<Result<{ name: string; content: Blob }>> {
  return askFile(`${session(id)}/export`, { query: { format } });
}

export function exportAddress(id: string, format: T.ExportFormat): string {
  return address(`${session(id)}/export`, { format });
}

export function search(
  q: string,
  page: { session?: string; cursor?: string | undefined; limit?: number } = {},
  signal?: AbortSignal,
): Promise<Result<T.SearchAnswer>> {
  return ask(`${RECORDING}/search`, { query: { q, ...page }, signal });
}

export function recovery(signal?: AbortSignal): Promise<Result<T.RecoveryOverview>> {
  return ask(`${RECORDING}/recovery`, { signal });
}

/** Recovers these sessions, or all that are interrupted. */
export function recover(sessionIds?: string[]): Promise<Result<T.RecoveryReport>> {
  const body = sessionIds === undefined ? {} : { session_ids: sessionIds };
  return ask(`${RECORDING}/recovery`, { method: 'POST', body });
}

export function notices(
  page: { cursor?: string | undefined; limit?: number } = {},
  signal?: AbortSignal,
): Promise<Result<T.NoticePage>> {
  return ask(`${RECORDING}/notices`, { query: page, signal });
}

export function pause(minutes?: number): Promise<Result<T.Status>> {
  return ask(`${RECORDING}/pause`, { method: 'POST', body: minutes === undefined ? {} : { minutes } });
}

export function resume(): Promise<Result<T.Status>> {
  return ask(`${RECORDING}/resume`, { method: 'POST' });
}

/** Tries out the way of an event to the disk. */
export function probe(): Promise<Result<T.ProbeAnswer>> {
  return ask(`${RECORDING}/probe`, { method: 'POST' });
}

export function settings(signal?: AbortSignal): Promise<Result<T.SettingsAnswer>> {
  return ask('/api/settings', { signal });
}

export function changeSettings(changes: Record<string, unknown>): Promise<Result<T.SettingsAnswer>> {
  return ask('/api/settings', { method: 'PATCH', body: changes });
}

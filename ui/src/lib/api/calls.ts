// The recorder's calls, one function each.
//
// Owns paths and parameters. Never keeps an answer: that is for stores and screens.

import { address, ask, askFile, type Result } from './http';
import { replaceToken } from '../native';
import type * as T from './types';

const RECORDING = '/api/recording';

interface Paged {
  cursor?: string | undefined;
  limit?: number;
}

function session(id: string): string {
  return `${RECORDING}/sessions/${encodeURIComponent(id)}`;
}

export function status(signal?: AbortSignal): Promise<Result<T.Status>> {
  return ask(`${RECORDING}/status`, { signal });
}

/** Events and syncs in each of the last steps of time, oldest first. */
export function rates(step: number, points: number, signal?: AbortSignal): Promise<Result<T.Rates>> {
  return ask(`${RECORDING}/rates`, { query: { step, points }, signal });
}

// --- sessions

export function listSessions(
  query: T.SessionQuery,
  page: Paged = {},
  signal?: AbortSignal,
): Promise<Result<T.SessionPage>> {
  return ask(`${RECORDING}/sessions`, { query: { state: 'all', ...query, ...page }, signal });
}

/** Several sessions by their ids, in no order; at most 100. An id holds anything, a comma too. */
export function sessionsById(
  ids: readonly string[],
  query: T.SessionQuery = {},
  signal?: AbortSignal,
): Promise<Result<T.SessionPage>> {
  return listSessions({ ...query, ids: ids.map(encodeURIComponent).join(',') }, { limit: 100 }, signal);
}

/** What the filters can be set to; each counts under the others. */
export function facets(query: T.SessionQuery, signal?: AbortSignal): Promise<Result<T.Facets>> {
  return ask(`${RECORDING}/sessions/facets`, { query: { state: 'all', ...query }, signal });
}

/** What a session is, without what was said. */
export function getSession(id: string, signal?: AbortSignal): Promise<Result<T.SessionDetail>> {
  return ask(session(id), { query: { items: 'none' }, signal });
}

/** A part of what was said: from a position on, the last ones before a position, or what changed since a revision. */
export function items(
  id: string,
  part: { from?: number; before?: number; limit?: number; changed_since?: number },
  signal?: AbortSignal,
): Promise<Result<T.ItemsPage>> {
  return ask(`${session(id)}/items`, { query: { ...part }, signal });
}

export function changeSession(id: string, patch: T.SessionPatch): Promise<Result<T.SessionDetail>> {
  return ask(session(id), { method: 'PATCH', query: { items: 'none' }, body: patch });
}

export function exportSession(
  id: string,
  format: T.ExportFormat,
): Promise<Result<{ name: string; content: Blob }>> {
  return askFile(`${session(id)}/export`, { query: { format } });
}

/** Several sessions in one zip file, at most 1,000. */
export function exportSessions(
  ids: readonly string[],
  format: T.ExportFormat,
): Promise<Result<{ name: string; content: Blob }>> {
  return askFile(`${RECORDING}/export`, { method: 'POST', body: { session_ids: ids, format } });
}

// --- trash and retention

export function trash(page: Paged = {}): Promise<Result<T.TrashPage>> {
  return ask(`${RECORDING}/trash`, { query: { ...page } });
}

export function throwAway(ids: readonly string[]): Promise<Result<T.TrashAnswer>> {
  return ask(`${RECORDING}/trash`, { method: 'POST', body: { session_ids: ids } });
}

export function restore(ids: readonly string[]): Promise<Result<T.RestoreAnswer>> {
  return ask(`${RECORDING}/trash/restore`, { method: 'POST', body: { session_ids: ids } });
}

/** Deletes these out of the trash for good, or all that is in it. */
export function purge(ids?: readonly string[]): Promise<Result<T.PurgeReceipt>> {
  const body = ids === undefined ? {} : { session_ids: ids };
  return ask(`${RECORDING}/trash/purge`, { method: 'POST', body });
}

/** What would be deleted with the settings as they are. Deletes nothing. */
export function retentionPreview(): Promise<Result<T.RetentionPreview>> {
  return ask(`${RECORDING}/retention/preview`, { method: 'POST' });
}

export function retentionRun(): Promise<Result<T.PurgeReceipt>> {
  return ask(`${RECORDING}/retention/run`, { method: 'POST' });
}

// --- recovery

/** `preview: false` leaves the editors' files unread, which is quicker. */
export function recovery(preview = true, signal?: AbortSignal): Promise<Result<T.RecoveryOverview>> {
  return ask(`${RECORDING}/recovery`, { query: preview ? {} : { preview }, signal });
}

/** Recovers these sessions, or all that are interrupted. */
export function recover(sessionIds?: readonly string[]): Promise<Result<T.RecoveryReport>> {
  const body = sessionIds === undefined ? {} : { session_ids: sessionIds };
  return ask(`${RECORDING}/recovery`, { method: 'POST', body });
}

export function recoveryReports(page: Paged = {}): Promise<Result<T.RecoveryReportPage>> {
  return ask(`${RECORDING}/recovery/reports`, { query: { ...page } });
}

/** Deletes bytes that were set aside, for good. */
export function deleteQuarantined(name: string): Promise<Result<void>> {
  return ask(`${RECORDING}/quarantine/${encodeURIComponent(name)}`, { method: 'DELETE' });
}

// --- notices

export function notices(
  query: Paged & { q?: string; kind?: string; session_id?: string; since?: string; until?: string } = {},
  signal?: AbortSignal,
): Promise<Result<T.NoticePage>> {
  return ask(`${RECORDING}/notices`, { query: { ...query }, signal });
}

// --- the recorder itself

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

export function token(): Promise<Result<T.TokenView>> {
  return ask('/api/token');
}

export async function rotateToken(): Promise<Result<T.TokenView>> {
  const answer = await ask<T.TokenView>('/api/token/rotate', { method: 'POST' });
  // the old one ends with this answer
  if (answer.ok) replaceToken(answer.value.token);
  return answer;
}

// --- editors

export function editors(signal?: AbortSignal): Promise<Result<T.EditorView[]>> {
  return ask('/api/editors', { signal });
}

/** Takes in the sessions that an editor has on disk. */
export function importEditor(id: string): Promise<Result<T.ImportAnswer>> {
  return ask(`/api/editors/${encodeURIComponent(id)}/import`, { method: 'POST' });
}

/** The address of the live stream; with the text of these sessions as it comes. */
export function liveAddress(sessions: readonly string[] = []): string {
  return address(`${RECORDING}/live`, { session: sessions });
}

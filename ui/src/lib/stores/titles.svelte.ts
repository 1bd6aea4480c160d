// Titles of sessions that something names by their ids: clients, notices, reports.
//
// Owns the titles that were seen so far. Never asks for one session at a time: one call brings the latest ones, and an id that is not
// among them is shown as it is.

import { api, type SessionSummary } from '../api';

const LATEST = 200;

let known = $state.raw<ReadonlyMap<string, string>>(new Map());
let asked: readonly string[] = [];

/** The title of a session, or its id. */
export function titleOf(id: string): string {
  return known.get(id) ?? id;
}

/** Takes titles from sessions that were read for something else. */
export function learnTitles(
  sessions: readonly Pick<SessionSummary, 'session_id' | 'title' | 'preview'>[],
): void {
  const titled = sessions.map((one) => [one.session_id, one.title ?? one.preview ?? ''] as const);
  known = new Map([...known, ...titled.filter(([, title]) => title !== '')]);
}

/** Reads titles where some of these are not known and were not asked for yet. */
export async function wantTitles(ids: Iterable<string>): Promise<void> {
  const fresh = [...ids].filter((id) => !known.has(id) && !asked.includes(id));
  if (fresh.length === 0) return;
  asked = [...asked, ...fresh];
  const answer = await api.listSessions({}, { limit: LATEST });
  if (answer.ok) learnTitles(answer.value.sessions);
  else asked = [];
}

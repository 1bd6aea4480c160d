// Titles of sessions that something names by their ids alone: what clients carry.
//
// Owns the titles that were seen so far. Asks for each id once, many in one call; an id without a title is shown as it is.

import { api } from '../api';

const AT_ONCE = 100;

let known = $state.raw<ReadonlyMap<string, string>>(new Map());
const asked = new Set<string>();

/** The title of a session, or its id. */
export function titleOf(id: string): string {
  return known.get(id) ?? id;
}

/** Reads the titles of those that were not asked for yet. */
export async function wantTitles(ids: Iterable<string>): Promise<void> {
  const fresh = [...ids].filter((id) => !asked.has(id)).slice(0, AT_ONCE);
  if (fresh.length === 0) return;
  for (const id of fresh) asked.add(id);
  const answer = await api.sessionsById(fresh);
  if (!answer.ok) {
    for (const id of fresh) asked.delete(id);
    return;
  }
  const titled = answer.value.sessions
    .map((one) => [one.session_id, one.title || one.preview || ''] as const)
    .filter(([, title]) => title !== '');
  if (titled.length > 0) known = new Map([...known, ...titled]);
}

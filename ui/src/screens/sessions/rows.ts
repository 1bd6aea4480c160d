// The lines of the list: sessions, parted by days where the order is one of time.
//
// Pure. Invariant: sessions stay in the order in which they came.

import type { SessionSort, SessionSummary } from '../../lib/api';
import { dayKey } from '../../lib/format/time';

export type Row =
  | { kind: 'day'; key: string; at: string }
  | { kind: 'session'; key: string; session: SessionSummary; number: number };

const keys = new WeakMap<SessionSummary, string>();

/** The moment that a session stands under. */
export function stamp(session: SessionSummary, sort: SessionSort): string {
  return sort === 'oldest' || sort === 'started' ? session.started_at : session.last_event_at;
}

export function rows(sessions: readonly SessionSummary[], sort: SessionSort): Row[] {
  const grouped = sort !== 'title' && sort !== 'messages';
  const list: Row[] = [];
  let day = '';
  const days = new Map<string, number>();
  sessions.forEach((session, index) => {
    if (grouped) {
      const next = dayOf(session, sort);
      if (next !== day) {
        // a day may come twice: what changed keeps its place while somebody reads further down
        const nth = (days.get(next) ?? 0) + 1;
        days.set(next, nth);
        list.push({ kind: 'day', key: `day ${next} ${nth}`, at: stamp(session, sort) });
      }
      day = next;
    }
    list.push({ kind: 'session', key: session.session_id, session, number: index + 1 });
  });
  return list;
}

function dayOf(session: SessionSummary, sort: SessionSort): string {
  const known = keys.get(session);
  if (known?.startsWith(sort)) return known.slice(sort.length);
  const day = dayKey(stamp(session, sort));
  keys.set(session, sort + day);
  return day;
}

/** Which comes first in this order; the same way as the recorder sorts. */
export function compare(a: SessionSummary, b: SessionSummary, sort: SessionSort): number {
  switch (sort) {
    case 'recent':
      return Date.parse(b.last_event_at) - Date.parse(a.last_event_at);
    case 'oldest':
      return Date.parse(a.started_at) - Date.parse(b.started_at);
    case 'started':
      return Date.parse(b.started_at) - Date.parse(a.started_at);
    case 'messages':
      return b.message_count - a.message_count;
    case 'title':
      return 0;
  }
}

/** The list after its first page came anew: what is in it stands as it came, the rest follows; what should be in it and is not is gone. */
export function renew(
  list: readonly SessionSummary[],
  page: readonly SessionSummary[],
  more: boolean,
  sort: SessionSort,
): SessionSummary[] {
  const fresh = new Set(page.map((session) => session.session_id));
  const last = page.at(-1);
  if (!more || !last) return [...page];
  const rest = list.filter((session) => !fresh.has(session.session_id) && compare(session, last, sort) >= 0);
  return [...page, ...rest];
}

/** The same places with what is new in them; `moved` says how many have another place by now. */
export function inPlace(
  list: readonly SessionSummary[],
  page: readonly SessionSummary[],
): { list: SessionSummary[]; moved: number } {
  const fresh = new Map(page.map((session) => [session.session_id, session]));
  const known = new Set(list.map((session) => session.session_id));
  let moved = 0;
  page.forEach((session, index) => {
    if (!known.has(session.session_id) || list[index]?.session_id !== session.session_id) moved += 1;
  });
  return { list: list.map((session) => fresh.get(session.session_id) ?? session), moved };
}

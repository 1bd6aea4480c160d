// A session as one list of entries, in the order in which it happened.
//
// Pure. Messages and tool calls stand by their position; what has none (interruptions, holes, other events) stands before the position
// that the recorder names, a recovery before the first item that is later. Invariant: everything that is known of the session is in
// exactly one entry, and each position has one, whether its item was read yet or not.

import type {
  Hole,
  Interruption,
  Message,
  OtherItem,
  Recovery,
  SessionDetail,
  StoredEvent,
  ToolCall,
} from '../../lib/api';
import { dayKey } from '../../lib/format/time';

interface Common {
  key: string;
  at: number | undefined;
  /** The reader's day of `at`. */
  day: string;
}
export type Placed =
  | ({ kind: 'message'; message: Message; replayed: boolean } & Common)
  | ({ kind: 'tool'; call: ToolCall; replayed: boolean } & Common)
  /** Not read yet. */
  | ({ kind: 'pending'; position: number } & Common);
type Timed =
  | ({ kind: 'other'; events: StoredEvent[] } & Common)
  | ({ kind: 'gap'; interruption: Interruption } & Common)
  | ({ kind: 'missing'; from: number; to: number } & Common)
  | ({ kind: 'recovery'; recovery: Recovery } & Common);
export type Entry = Placed | Timed | ({ kind: 'day' } & Common);
/** What happened to the recording itself. */
export type LineKind = 'gap' | 'missing' | 'recovery' | 'day';

export type Head = Pick<SessionDetail, 'interruptions' | 'holes' | 'recoveries'>;

/** All entries: `placed` holds the one of position `n` at `n - 1`. */
export function weave(placed: readonly Placed[], head: Head, others: Iterable<OtherItem>): Entry[] {
  const before = anchored(placed, head, others);
  const list: Entry[] = [];
  let day = '';
  const push = (entry: Entry): void => {
    const last = list.at(-1);
    if (entry.kind === 'other' && last?.kind === 'other') {
      last.events.push(...entry.events);
      return;
    }
    if (entry.at !== undefined && entry.day > day) {
      if (day !== '') list.push({ kind: 'day', key: `day ${entry.day}`, at: entry.at, day: entry.day });
      day = entry.day;
    }
    list.push(entry);
  };
  placed.forEach((entry, index) => {
    for (const line of before.get(index + 1) ?? []) push(line);
    push(entry);
  });
  for (const line of before.get(placed.length + 1) ?? []) push(line);
  return list;
}

/** Lines by the position that they stand before, those of one position by time. */
function anchored(placed: readonly Placed[], head: Head, others: Iterable<OtherItem>): Map<number, Timed[]> {
  const lines = new Map<number, Timed[]>();
  const add = (position: number | null | undefined, line: Timed): void => {
    // behind the last item where no other place is told
    const at = Math.min(Math.max(position ?? Number.POSITIVE_INFINITY, 1), placed.length + 1);
    const there = lines.get(at);
    if (there) there.push(line);
    else lines.set(at, [line]);
  };
  head.interruptions.forEach((interruption, n) =>
    add(interruption.before_position, {
      kind: 'gap',
      key: `gap ${n}`,
      interruption,
      ...moment(interruption.since),
    }),
  );
  for (const hole of head.holes ?? []) add(hole.before_position, missing(hole));
  head.recoveries.forEach((recovery, n) => {
    const line: Timed = { kind: 'recovery', key: `recovery ${n}`, recovery, ...moment(recovery.at) };
    const later = placed.findIndex((entry) => entry.at !== undefined && entry.at > (line.at ?? 0));
    add(later < 0 ? undefined : later + 1, line);
  });
  for (const other of others) {
    const at = happened(other);
    add(other.before, { kind: 'other', key: `other ${other.lsn}`, events: [other], at, day: dayKey(at) });
  }
  for (const list of lines.values()) list.sort((a, b) => (a.at ?? 0) - (b.at ?? 0));
  return lines;
}

function missing(hole: Hole): Timed {
  const { from, to } = hole;
  return { kind: 'missing', key: `missing ${from}`, from, to, ...moment(hole.before ?? hole.after) };
}

/** When something was, in the shape of an entry. */
export function moment(at: string | null | undefined): { at: number | undefined; day: string } {
  const time = at ? Date.parse(at) : Number.NaN;
  return Number.isNaN(time) ? { at: undefined, day: '' } : { at: time, day: dayKey(time) };
}

/** When an event happened: by the client's clock, else when it came. */
export function happened(stored: StoredEvent): number {
  const event = stored.event as { timestamp?: unknown } | null;
  const told = event?.timestamp;
  const at = typeof told === 'number' ? told : typeof told === 'string' ? Date.parse(told) : Number.NaN;
  return Number.isNaN(at) ? Date.parse(stored.received_at) : at;
}

export function typeOf(stored: StoredEvent): string {
  const event = stored.event as { event_type?: unknown } | null;
  return typeof event?.event_type === 'string' ? event.event_type : '?';
}

/** «progress ×9, attachment ×3». */
export function tally(events: readonly StoredEvent[]): { type: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const event of events) counts.set(typeOf(event), (counts.get(typeOf(event)) ?? 0) + 1);
  return [...counts].map(([type, count]) => ({ type, count })).sort((a, b) => b.count - a.count);
}

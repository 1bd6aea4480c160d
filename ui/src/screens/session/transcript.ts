// A session as one list of entries, in the order in which it happened.
//
// Pure. Messages and tool calls stand by their position; what has only a time (interruptions, other events, recoveries) goes before the
// first of them that is later. Invariant: everything that the session has is in exactly one entry.

import type { Interruption, Message, Recovery, SessionDetail, StoredEvent, ToolCall } from '../../lib/api';
import { dayKey } from '../../lib/format/time';

export type Entry =
  | { kind: 'message'; key: string; at: number | undefined; message: Message; replayed: boolean }
  | { kind: 'tool'; key: string; at: number | undefined; call: ToolCall; replayed: boolean }
  | { kind: 'other'; key: string; at: number; events: StoredEvent[] }
  | { kind: 'gap'; key: string; at: number; interruption: Interruption }
  | { kind: 'missing'; key: string; at: number; from: number; to: number }
  | { kind: 'recovery'; key: string; at: number; recovery: Recovery }
  | { kind: 'day'; key: string; at: number };

/** A hole in `seq`, and when it must have been. */
export interface Hole {
  from: number;
  to: number;
  at: number;
}

type Placed = Extract<Entry, { kind: 'message' | 'tool' }>;
type Timed = Exclude<Entry, { kind: 'message' | 'tool' | 'day' }>;

export function entries(session: SessionDetail, holes: readonly Hole[] = []): Entry[] {
  const placed = place(session);
  const timed = time(session, holes);
  const list: Entry[] = [];
  let day = '';
  let next = 0;
  const push = (entry: Entry): void => {
    if (entry.at !== undefined) {
      const today = dayKey(entry.at);
      if (day !== '' && today > day) list.push({ kind: 'day', key: `day ${today}`, at: entry.at });
      if (today > day) day = today;
    }
    list.push(entry);
  };
  const timedBefore = (at: number): void => {
    for (let entry = timed[next]; entry && entry.at < at; entry = timed[next]) {
      push(entry);
      next += 1;
    }
  };
  for (const entry of placed) {
    if (entry.at !== undefined) timedBefore(entry.at);
    push(entry);
  }
  timedBefore(Number.POSITIVE_INFINITY);
  return list;
}

function place(session: SessionDetail): Placed[] {
  const gaps = session.interruptions
    .filter((gap) => gap.replayed > 0 && gap.until)
    .map((gap) => ({ since: Date.parse(gap.since), until: Date.parse(gap.until ?? gap.since) }));
  const common = (item: Message | ToolCall): { key: string; at: number | undefined; replayed: boolean } => {
    const at = item.timestamp ? Date.parse(item.timestamp) : undefined;
    const replayed = at !== undefined && gaps.some((gap) => at >= gap.since && at < gap.until);
    return { key: `p${item.position}`, at, replayed };
  };
  const position = (entry: Placed): number =>
    (entry.kind === 'message' ? entry.message : entry.call).position;
  return [
    ...session.messages.map((message): Placed => ({ kind: 'message', message, ...common(message) })),
    ...session.tool_calls.map((call): Placed => ({ kind: 'tool', call, ...common(call) })),
  ].sort((a, b) => position(a) - position(b));
}

function time(session: SessionDetail, holes: readonly Hole[]): Timed[] {
  const list: Timed[] = [
    ...session.interruptions.map((interruption, n): Timed => ({
      kind: 'gap',
      key: `gap ${n}`,
      at: Date.parse(interruption.since),
      interruption,
    })),
    ...session.recoveries.map((recovery, n): Timed => ({
      kind: 'recovery',
      key: `recovery ${n}`,
      at: Date.parse(recovery.at),
      recovery,
    })),
    ...holes.map(({ from, to, at }): Timed => ({ kind: 'missing', key: `missing ${from}`, at, from, to })),
    ...others([...session.other, ...session.conflicts]),
  ];
  return list.sort((a, b) => a.at - b.at);
}

function others(events: readonly StoredEvent[]): Timed[] {
  return events.map((event): Timed => ({
    kind: 'other',
    key: `other ${event.lsn}`,
    at: happened(event),
    events: [event],
  }));
}

/** Joins other events that follow one another into one line. */
export function joinOthers(list: readonly Entry[]): Entry[] {
  const joined: Entry[] = [];
  let open: StoredEvent[] | undefined;
  for (const entry of list) {
    if (entry.kind !== 'other') {
      open = undefined;
      joined.push(entry);
    } else if (open) {
      open.push(...entry.events);
    } else {
      open = [...entry.events];
      joined.push({ ...entry, events: open });
    }
  }
  return joined;
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

/** Where holes are, from the events on either side of them. `events` in order. */
export function placeHoles(missing: readonly (readonly number[])[], events: readonly StoredEvent[]): Hole[] {
  const bySeq = new Map<number, number>();
  for (const stored of events) {
    const seq = (stored.event as { seq?: unknown } | null)?.seq;
    if (typeof seq === 'number') bySeq.set(seq, happened(stored));
  }
  return missing.flatMap(([from = 0, to = 0]) => {
    // just before what came next
    const after = bySeq.get(to + 1);
    const before = bySeq.get(from - 1);
    const at = after ?? (before === undefined ? undefined : before + 1);
    return at === undefined ? [] : [{ from, to, at }];
  });
}

// What was read of a session so far, position by position.
//
// Owns the items and knows which are still to be read. Asks nobody. Invariant: applying answers of the recorder in the order in which
// they were asked for gives what reading everything at the end would give.

import type { ItemsPage, Message, OtherItem, SessionItem } from '../../lib/api';
import { moment, type Placed } from './transcript';

type Range = readonly [from: number, to: number];

export class Parts {
  #placed: Placed[] = [];
  #others = new Map<number, OtherItem>();
  #byId = new Map<string, number>();
  #replayed: readonly Range[] = [];
  #unread = 0;

  constructor(total = 0) {
    this.resize(total);
  }

  /** The entry of position `n` at `n - 1`. */
  get placed(): readonly Placed[] {
    return this.#placed;
  }

  get others(): Iterable<OtherItem> {
    return this.#others.values();
  }

  /** Everything was read. */
  get complete(): boolean {
    return this.#unread === 0;
  }

  /** So many positions there are now. */
  resize(total: number): void {
    while (this.#placed.length > total) this.#forget(this.#placed.length, true);
    for (let position = this.#placed.length + 1; position <= total; position += 1) {
      this.#placed.push(pending(position));
      this.#unread += 1;
    }
  }

  /** Takes a part in. */
  take(page: ItemsPage): void {
    this.resize(page.total);
    for (const position of page.removed ?? []) if (position <= page.total) this.#forget(position, false);
    for (const item of page.items) {
      if (item.kind === 'other') this.#others.set(item.lsn, item);
      else this.#put(item);
    }
  }

  /** Which positions came again after a drop. */
  markReplayed(ranges: readonly Range[]): void {
    if (JSON.stringify(ranges) === JSON.stringify(this.#replayed)) return;
    this.#replayed = ranges;
    this.#placed = this.#placed.map((entry, index) => {
      if (entry.kind === 'pending') return entry;
      const replayed = this.#isReplayed(index + 1);
      return replayed === entry.replayed ? entry : { ...entry, replayed };
    });
  }

  /** Where the message with this id stands. */
  positionOf(messageId: string): number | undefined {
    return this.#byId.get(messageId);
  }

  messageAt(position: number): Message | undefined {
    const entry = this.#placed[position - 1];
    return entry?.kind === 'message' ? entry.message : undefined;
  }

  /** The first position from here on that was not read. */
  firstUnread(from = 1, to = this.#placed.length): number | undefined {
    if (this.#unread === 0) return undefined;
    for (let position = Math.max(from, 1); position <= Math.min(to, this.#placed.length); position += 1)
      if (this.#placed[position - 1]?.kind === 'pending') return position;
    return undefined;
  }

  #put(item: Exclude<SessionItem, { kind: 'other' }>): void {
    const { position } = item;
    // a newer one than the total that was told: the next answer tells it
    if (position > this.#placed.length) this.resize(position);
    if (this.#placed[position - 1]?.kind === 'pending') this.#unread -= 1;
    const common = {
      key: `p${position}`,
      replayed: this.#isReplayed(position),
      ...moment(item.timestamp),
    };
    if (item.kind === 'message') {
      this.#placed[position - 1] = { kind: 'message', message: item, ...common };
      if (item.message_id) this.#byId.set(item.message_id, position);
    } else this.#placed[position - 1] = { kind: 'tool', call: item, ...common };
  }

  #forget(position: number, gone: boolean): void {
    const entry = this.#placed[position - 1];
    const id = entry?.kind === 'message' ? entry.message.message_id : undefined;
    if (id && this.#byId.get(id) === position) this.#byId.delete(id);
    if (entry?.kind === 'pending') this.#unread -= 1;
    if (gone) {
      this.#placed.pop();
      return;
    }
    this.#placed[position - 1] = pending(position);
    this.#unread += 1;
  }

  #isReplayed(position: number): boolean {
    return this.#replayed.some(([from, to]) => position >= from && position <= to);
  }
}

function pending(position: number): Placed {
  return { kind: 'pending', key: `p${position}`, position, at: undefined, day: '' };
}

// Text of answers that are being written, a little ahead of what was read.
//
// Owns what came over the live stream and is not in what was read yet. Invariant: it is only ever shown as the continuation of what was
// read; where the two do not fit, what was read counts.

import type { Delta, Message } from '../../lib/api';
import type { Entry } from './transcript';

interface Ahead {
  text: string;
  role: Message['role'];
  at: number;
}

export class Streaming {
  #ahead = new Map<string, Ahead>();

  get size(): number {
    return this.#ahead.size;
  }

  /** Takes more text; `read` is the message as it was read, where it was. */
  add(delta: Delta, read: Message | undefined, now: number): void {
    if (read && (read.partial !== true || typeof read.content !== 'string')) return;
    const known = this.#ahead.get(delta.message_id);
    const text = (known?.text ?? (read?.content as string | undefined) ?? '') + delta.delta;
    this.#ahead.set(delta.message_id, {
      text,
      role: delta.role ?? read?.role ?? known?.role ?? 'assistant',
      at: now,
    });
  }

  /** Compares with a message that was read: what is finished, or does not fit, is not ahead any more. */
  settle(read: Message): void {
    const id = read.message_id ?? '';
    const ahead = this.#ahead.get(id);
    if (!ahead) return;
    const fits =
      read.partial === true && typeof read.content === 'string' && ahead.text.startsWith(read.content);
    if (!fits) this.#ahead.delete(id);
  }

  /** Forgets what a reading that began later had not: it was told twice, or taken back. */
  forgetBefore(began: number): void {
    for (const [id, ahead] of this.#ahead) if (ahead.at < began) this.#ahead.delete(id);
  }

  /** The entries with the text that is ahead; `positionOf` says where a message stands. */
  over(entries: readonly Entry[], positionOf: (id: string) => number | undefined): readonly Entry[] {
    if (this.#ahead.size === 0) return entries;
    const list = [...entries];
    let behind = 0;
    for (const [id, { text, role, at }] of this.#ahead) {
      const position = positionOf(id);
      const index = position === undefined ? -1 : list.findLastIndex((one) => one.key === `p${position}`);
      const entry = list[index];
      if (entry?.kind === 'message') {
        list[index] = { ...entry, message: { ...entry.message, content: text } };
      } else {
        behind += 1;
        const message: Message = {
          position: 0,
          message_id: id,
          role,
          content: text,
          partial: true,
          origin: 'event',
        };
        list.push({ kind: 'message', key: `live ${behind}`, message, replayed: false, at, day: '' });
      }
    }
    return list;
  }
}

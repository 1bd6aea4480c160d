// Which folds of a transcript the reader opened.
//
// Owns nothing but that: rows come and go while one scrolls, what was opened stays open. Known by the id that the client gave, so that
// it holds when an event that comes late moves everything by one.

import type { Entry } from './transcript';

export class Folds {
  #opened = new Set<string>();

  has(entry: Entry, fold: string): boolean {
    return this.#opened.has(name(entry, fold));
  }

  set(entry: Entry, fold: string, open: boolean): void {
    if (open) this.#opened.add(name(entry, fold));
    else this.#opened.delete(name(entry, fold));
  }
}

function name(entry: Entry, fold: string): string {
  const id =
    entry.kind === 'message'
      ? entry.message.message_id
      : entry.kind === 'tool'
        ? entry.call.call_id
        : undefined;
  return `${entry.kind} ${id ?? entry.key} ${fold}`;
}

// An outbox that lasts as long as the process or the tab: where nothing better is there, and where the caller wants it so.
//
// Owns a counter; the events themselves are in the queue. Gives nothing back later: there is nowhere to give it back from.

import type { Key, Kept, Outbox } from './outbox.js';

export class MemoryOutbox implements Outbox {
  readonly kind = 'memory';
  #next = 0;

  open(): Promise<void> {
    return Promise.resolve();
  }

  add(): Promise<Key> {
    return Promise.resolve(this.#next++);
  }

  remove(): void {}

  setAside(): void {}

  adopt(): Promise<Kept[]> {
    return Promise.resolve([]);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

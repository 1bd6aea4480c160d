// The outbox of a page: IndexedDB, which survives a reload and the end of the tab.
//
// Owns the database. Each tab (or worker) has a part of its own, and holds a Web Lock of its name as long as it lives; the browser gives
// that up with the tab, however it ended, and then another one, or the next, takes the part over. Without Web Locks (a page that is not
// secure) there is no telling whose a part is: `open` fails there.

import { uuidv7 } from '../uuid.js';
import type { Key, Kept, Outbox, Refusal } from './outbox.js';

const EVENTS = 'events';
const REFUSED = 'refused';
const LOCK = 'chasm-recorder.outbox.';
/** What is done with is taken out with what comes next, or after this time: nobody waits for it. */
const TIDY_MS = 200;

type Row = [part: string, n: number];

interface Adding {
  key: Row;
  text: string;
  done: (error?: unknown) => void;
}

export class IndexedDbOutbox implements Outbox {
  readonly kind = 'indexeddb';
  onTrouble?: (message: string) => void;
  readonly #part = uuidv7();
  readonly #keys = new Map<Key, Row>();
  readonly #mine = new Set<string>();
  readonly #release: (() => void)[] = [];
  #database: Promise<IDBDatabase> | undefined;
  #next = 1;
  #pending: Adding[] = [];
  #removed: Row[] = [];
  #tidying: ReturnType<typeof setTimeout> | undefined;
  #isUntidy = false;
  #writing: Promise<void> | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(private readonly name = 'chasm-recorder') {}

  async open(): Promise<void> {
    if (typeof indexedDB === 'undefined') throw new Error('there is no IndexedDB here');
    if (typeof navigator === 'undefined' || !navigator.locks) throw new Error('there are no Web Locks here');
    await this.#open();
    if (!(await this.#lock(this.#part))) throw new Error('the outbox could not be locked');
  }

  add(text: string): Promise<Key> {
    const n = this.#next++;
    const key: Row = [this.#part, n];
    const id = `${this.#part}:${n}`;
    return new Promise((resolve, reject) => {
      const done = (error?: unknown): void => {
        if (error) return reject(error instanceof Error ? error : new Error('IndexedDB failed'));
        this.#keys.set(id, key);
        resolve(id);
      };
      this.#pending.push({ key, text, done });
      this.#writing ??= this.#write();
    });
  }

  remove(keys: Key[]): void {
    const rows = this.#forget(keys);
    if (rows.length === 0) return;
    this.#removed = this.#removed.concat(rows);
    this.#tidying ??= setTimeout(() => this.#tidy(), TIDY_MS);
  }

  setAside(kept: Kept, refusal: Refusal): void {
    const rows = this.#forget([kept.key]);
    this.#last = this.#run('readwrite', [EVENTS, REFUSED], (transaction) => {
      transaction.objectStore(REFUSED).add({ at: Date.now(), ...refusal, text: kept.text });
      for (const row of rows) transaction.objectStore(EVENTS).delete(row);
    }).catch((error: unknown) => this.#unforgotten(error));
  }

  async adopt(room: number): Promise<Kept[]> {
    const found: Kept[] = [];
    let left = room;
    for (const part of await this.#parts()) {
      if (left <= 0) break;
      if (this.#mine.has(part) || !(await this.#lock(part))) continue;
      for (const [row, text] of await this.#read(part)) {
        const key = row.join(':');
        this.#keys.set(key, row);
        found.push({ key, text });
        left -= text.length;
      }
    }
    return found;
  }

  async close(): Promise<void> {
    this.#tidy();
    while (this.#writing) await this.#writing;
    await this.#last;
    (await this.#database)?.close();
    this.#database = undefined;
    for (const release of this.#release) release();
  }

  #forget(keys: Key[]): Row[] {
    return keys.flatMap((key) => {
      const row = this.#keys.get(key);
      this.#keys.delete(key);
      return row ? [row] : [];
    });
  }

  #tidy(): void {
    clearTimeout(this.#tidying);
    this.#tidying = undefined;
    this.#isUntidy = true;
    this.#writing ??= this.#write();
  }

  /** What waits goes with one transaction, which is on the disk before anybody hears of it. */
  async #write(): Promise<void> {
    await Promise.resolve();
    while (this.#pending.length > 0 || this.#isUntidy) {
      const [batch, removed] = [this.#pending, this.#removed];
      [this.#pending, this.#removed, this.#isUntidy] = [[], [], false];
      if (batch.length + removed.length === 0) continue;
      const work = (transaction: IDBTransaction): void => {
        const events = transaction.objectStore(EVENTS);
        for (const row of removed) events.delete(row);
        for (const { key, text } of batch) events.put(text, key);
      };
      const failed = await this.#run(
        'readwrite',
        [EVENTS],
        work,
        batch.length > 0 ? 'strict' : 'relaxed',
      ).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failed && batch.length === 0) this.#unforgotten(failed);
      else if (failed) this.#removed = removed.concat(this.#removed);
      for (const { done } of batch) done(failed);
      await Promise.resolve();
    }
    // in the same turn in which nothing was left: what comes now begins anew
    this.#writing = undefined;
  }

  /** Sent again by the next tab; the recorder knows it by its id. */
  #unforgotten(error: unknown): void {
    this.onTrouble?.(`the outbox could not forget what is recorded: ${String(error)}`);
  }

  async #run<T>(
    mode: IDBTransactionMode,
    stores: string[],
    work: (transaction: IDBTransaction) => T,
    durability: IDBTransactionDurability = 'strict',
  ): Promise<T> {
    const transaction = (await this.#open()).transaction(stores, mode, { durability });
    const ended = new Promise<void>((resolve, reject) => {
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB gave up a transaction'));
    });
    const value = work(transaction);
    // does not wait for the answer to each request
    if (mode === 'readwrite') transaction.commit();
    await ended;
    return value;
  }

  #open(): Promise<IDBDatabase> {
    this.#database ??= new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(this.name, 1);
      request.onupgradeneeded = () => {
        request.result.createObjectStore(EVENTS);
        request.result.createObjectStore(REFUSED, { autoIncrement: true });
      };
      request.onsuccess = () => {
        // closed by the browser, or in the way of somebody who deletes it: opened again when it is needed
        const again = (): void => void (this.#database = undefined);
        request.result.onclose = again;
        request.result.onversionchange = () => (request.result.close(), again());
        resolve(request.result);
      };
      request.onerror = () => reject(request.error ?? new Error('IndexedDB does not open'));
    }).catch((error: unknown) => {
      this.#database = undefined;
      throw error;
    });
    return this.#database;
  }

  /** Whether this tab has the part from now on. */
  #lock(part: string): Promise<boolean> {
    return new Promise((resolve, reject) => {
      const held = (lock: Lock | null): Promise<void> | undefined => {
        resolve(lock !== null);
        if (lock === null) return undefined;
        this.#mine.add(part);
        return new Promise((release) => this.#release.push(release));
      };
      navigator.locks.request(LOCK + part, { ifAvailable: true }, held).catch(reject);
    });
  }

  /** The parts that have something, without reading it. */
  async #parts(): Promise<string[]> {
    const parts: string[] = [];
    await this.#run('readonly', [EVENTS], (transaction) => {
      const request = transaction.objectStore(EVENTS).openKeyCursor();
      request.onsuccess = () => {
        const cursor = request.result;
        if (cursor === null) return;
        const [part] = cursor.key as Row;
        parts.push(part);
        // an array is greater than every number
        cursor.continue([part, []]);
      };
    });
    return parts;
  }

  async #read(part: string): Promise<[Row, string][]> {
    const range = IDBKeyRange.bound([part], [part, []]);
    const [keys, texts] = await this.#run('readonly', [EVENTS], (transaction) => {
      const store = transaction.objectStore(EVENTS);
      return [store.getAllKeys(range), store.getAll(range)] as const;
    });
    return (keys.result as Row[]).map((key, i) => [key, (texts.result as string[])[i] ?? '']);
  }
}

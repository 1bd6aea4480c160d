// One outbox file, to which lines are added until it is empty again.
//
// Owns the file and its numbers. All that waits to be written goes with one write and one sync; what is done with is written with what
// comes next, or a moment later, for nobody waits for it. Invariant: what `add` resolved for is on the disk; a write that failed leaves
// nothing that later lines could grow together with.

import { open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { addLine, read, removeLine } from './lines.js';

interface Pending {
  line: string;
  done: (error?: Error) => void;
}

const PRIVATE = 0o600;
/** Lines that are done with are worth a new file from here on. */
const COMPACT_BYTES = 4 << 20;
/** What is done with stays in the file for so long, where nothing else is written. A removal that is lost only sends again what is known. */
const TIDY_MS = 200;

export class EventLog {
  readonly #live = new Map<number, string>();
  #pending: Pending[] = [];
  #removed: number[] = [];
  #next = 1;
  #size = 0;
  #isTorn = false;
  #writing: Promise<void> | undefined;
  #tidying: ReturnType<typeof setTimeout> | undefined;
  #isUntidy = false;
  #liveBytes = 0;

  private constructor(
    private file: FileHandle,
    readonly path: string,
  ) {}

  static async create(path: string): Promise<EventLog> {
    return new EventLog(await open(path, 'wx+', PRIVATE), path);
  }

  /** One that another process left; its torn tail is cut off, what is damaged is handed over before. */
  static async takeOver(path: string, setAside: (damaged: Buffer[]) => Promise<void>): Promise<EventLog> {
    const log = new EventLog(await open(path, 'r+'), path);
    const bytes = await log.file.readFile();
    const { live, whole, damaged } = read(bytes);
    for (const [n, text] of live) log.#keep(n, text);
    log.#next = Math.max(0, ...live.keys()) + 1;
    log.#size = whole;
    log.#isTorn = whole > 0 && bytes[whole - 1] !== 10;
    if (damaged.length > 0) await setAside(damaged);
    if (whole < bytes.length) await log.file.truncate(whole);
    return log;
  }

  get live(): ReadonlyMap<number, string> {
    return this.#live;
  }

  get bytes(): number {
    return this.#liveBytes;
  }

  async add(text: string): Promise<number> {
    const n = this.#next++;
    await new Promise<void>((resolve, reject) => {
      this.#push({ line: addLine(n, text), done: (error) => (error ? reject(error) : resolve()) });
      this.#keep(n, text);
    }).catch((error: unknown) => {
      this.#drop(n);
      throw error;
    });
    return n;
  }

  remove(numbers: number[]): void {
    for (const n of numbers) this.#drop(n);
    this.#removed = this.#removed.concat(numbers);
    this.#tidying ??= setTimeout(() => {
      this.#tidying = undefined;
      this.#isUntidy = true;
      this.#writing ??= this.#write();
    }, TIDY_MS).unref();
  }

  /** Ends; the file is gone where nothing waits in it. */
  async close(): Promise<void> {
    clearTimeout(this.#tidying);
    while (this.#writing) await this.#writing;
    const isEmpty = this.#live.size === 0;
    if (!isEmpty) await this.#append([]).catch(() => this.#takeBack());
    await this.file.close();
    if (isEmpty) await unlink(this.path).catch(() => undefined);
  }

  #keep(n: number, text: string): void {
    this.#live.set(n, text);
    this.#liveBytes += text.length;
  }

  #drop(n: number): void {
    this.#liveBytes -= this.#live.get(n)?.length ?? 0;
    this.#live.delete(n);
  }

  #push(pending: Pending): void {
    this.#pending.push(pending);
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    // what is said in the same turn goes with it
    await Promise.resolve();
    while (this.#pending.length > 0 || this.#isUntidy) {
      const batch = this.#pending;
      this.#pending = [];
      if (batch.length > 0) await this.#settle(batch);
      // those who wait for this write may have more to say
      await Promise.resolve();
      const isDue = this.#isUntidy || this.#isWasteful;
      if (isDue && this.#pending.length === 0) await this.#tidy().catch(() => this.#takeBack());
    }
    // in the same turn in which nothing was left: what comes now begins anew
    this.#writing = undefined;
  }

  async #settle(batch: Pending[]): Promise<void> {
    const failed = await this.#append(batch).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
    );
    if (failed) await this.#takeBack();
    for (const { done } of batch) done(failed);
  }

  async #append(batch: Pending[]): Promise<void> {
    const removed = this.#removed;
    this.#removed = [];
    const gone = removed.length > 0 ? removeLine(removed) : '';
    const text = gone + batch.map(({ line }) => line).join('');
    const bytes = Buffer.from(this.#isTorn ? `\n${text}` : text);
    try {
      for (let at = 0; at < bytes.length;) {
        const { bytesWritten } = await this.file.write(bytes, at, bytes.length - at, this.#size + at);
        at += bytesWritten;
      }
      if (batch.length > 0) await this.file.datasync();
    } catch (error) {
      this.#removed = removed.concat(this.#removed);
      throw error;
    }
    this.#size += bytes.length;
    this.#isTorn = false;
  }

  async #takeBack(): Promise<void> {
    // where that fails, too, the next line begins on a line of its own
    await this.file.truncate(this.#size).catch(() => (this.#isTorn = true));
  }

  get #isWasteful(): boolean {
    return this.#size >= COMPACT_BYTES && this.#size >= 2 * this.#liveBytes;
  }

  /** What is done with leaves the file, or is said to be done with. Only where nothing waits to be written. */
  async #tidy(): Promise<void> {
    this.#isUntidy = false;
    if (this.#live.size === 0) {
      this.#removed = [];
      await this.file.truncate(0);
      this.#size = 0;
    } else if (this.#isWasteful) {
      await this.#renew();
    } else {
      await this.#append([]);
    }
  }

  /** The same in a new file, which takes this one's place in one step. */
  async #renew(): Promise<void> {
    const path = `${this.path}.new`;
    await unlink(path).catch(() => undefined);
    const file = await open(path, 'wx+', PRIVATE);
    try {
      const bytes = Buffer.from([...this.#live].map(([n, text]) => addLine(n, text)).join(''));
      // what is removed meanwhile is still to be said
      const before = this.#removed.length;
      await file.writeFile(bytes);
      await file.datasync();
      await rename(path, this.path);
      await this.file.close().catch(() => undefined);
      this.file = file;
      this.#size = bytes.length;
      this.#removed = this.#removed.slice(before);
    } catch (error) {
      await file.close();
      throw error;
    }
  }
}

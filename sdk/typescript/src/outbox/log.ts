// One outbox file, to which lines are added until it is empty again.
//
// Owns the file and its numbers. All that waits to be written goes with one write and one sync. Invariant: what `add` resolved for is
// on the disk; a write that failed leaves nothing that later lines could grow together with.

import { open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { addLine, read, removeLine } from './lines.js';

interface Pending {
  line: string;
  /** Nobody waits for a removal: a lost one only sends again what is known. */
  done: ((error?: Error) => void) | undefined;
}

const PRIVATE = 0o600;
/** Lines that are done with are worth a new file from here on. */
const COMPACT_BYTES = 4 << 20;

export class EventLog {
  readonly #live = new Map<number, string>();
  #pending: Pending[] = [];
  #next = 1;
  #size = 0;
  #isTorn = false;
  #writing: Promise<void> | undefined;
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
    this.#push({ line: removeLine(numbers), done: undefined });
  }

  /** Ends; the file is gone where nothing waits in it. */
  async close(): Promise<void> {
    while (this.#writing) await this.#writing;
    await this.file.close();
    if (this.#live.size === 0) await unlink(this.path).catch(() => undefined);
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
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      const failed = await this.#append(batch).then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error : new Error(String(error))),
      );
      if (failed) await this.#takeBack();
      for (const { done } of batch) done?.(failed);
      // those who wait for this write may have more to say
      await Promise.resolve();
      if (!failed && this.#pending.length === 0) await this.#shrink().catch(() => undefined);
    }
    // in the same turn in which nothing was left: what comes now begins anew
    this.#writing = undefined;
  }

  async #append(batch: Pending[]): Promise<void> {
    const text = batch.map(({ line }) => line).join('');
    const bytes = Buffer.from(this.#isTorn ? `\n${text}` : text);
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await this.file.write(bytes, at, bytes.length - at, this.#size + at);
      at += bytesWritten;
    }
    if (batch.some(({ done }) => done)) await this.file.datasync();
    this.#size += bytes.length;
    this.#isTorn = false;
  }

  async #takeBack(): Promise<void> {
    // where that fails, too, the next line begins on a line of its own
    await this.file.truncate(this.#size).catch(() => (this.#isTorn = true));
  }

  async #shrink(): Promise<void> {
    if (this.#size === 0) return;
    if (this.#live.size === 0) {
      await this.file.truncate(0);
      this.#size = 0;
      return;
    }
    if (this.#size < COMPACT_BYTES || this.#size < 2 * this.#liveBytes) return;
    await this.#renew();
  }

  /** The same in a new file, which takes this one's place in one step. */
  async #renew(): Promise<void> {
    const path = `${this.path}.new`;
    await unlink(path).catch(() => undefined);
    const file = await open(path, 'wx+', PRIVATE);
    try {
      const bytes = Buffer.from([...this.#live].map(([n, text]) => addLine(n, text)).join(''));
      await file.writeFile(bytes);
      await file.datasync();
      await rename(path, this.path);
      await this.file.close().catch(() => undefined);
      this.file = file;
      this.#size = bytes.length;
    } catch (error) {
      await file.close();
      throw error;
    }
  }
}

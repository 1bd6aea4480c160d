// Which of several windows on one workspace follows its chats: one of them.
//
// Owns a file that names the process. Never waits: who does not get it asks again. The claim of a process that is gone, or that has
// not said for a while that it lives, is taken over.

import { open, readFile, rm, stat, utimes } from 'node:fs/promises';

/** A claim that was not renewed for this long is nobody's: its process hangs, or its number belongs to another one by now. */
const STALE_MS = 30_000;

export class Claim {
  #held = false;

  constructor(
    private readonly path: string,
    private readonly now: () => number = Date.now,
  ) {}

  /** Takes it, or says again that it is held; whether this window has it. */
  async hold(): Promise<boolean> {
    if (this.#held && (await this.#isOurs())) {
      const now = new Date(this.now());
      await utimes(this.path, now, now).catch(() => undefined);
      return true;
    }
    this.#held = await this.#take();
    if (!this.#held && (await this.#isStale())) {
      await rm(this.path, { force: true });
      this.#held = await this.#take();
    }
    return this.#held;
  }

  async release(): Promise<void> {
    if (this.#held && (await this.#isOurs())) await rm(this.path, { force: true });
    this.#held = false;
  }

  async #take(): Promise<boolean> {
    const file = await open(this.path, 'wx', 0o600).catch(() => undefined);
    if (file === undefined) return false;
    try {
      await file.writeFile(String(process.pid));
      return true;
    } finally {
      await file.close();
    }
  }

  async #isOurs(): Promise<boolean> {
    return (await readFile(this.path, 'utf8').catch(() => '')) === String(process.pid);
  }

  async #isStale(): Promise<boolean> {
    const about = await stat(this.path).catch(() => undefined);
    if (about === undefined) return true;
    if (this.now() - about.mtimeMs > STALE_MS) return true;
    const owner = Number(await readFile(this.path, 'utf8').catch(() => ''));
    // a file without a number is being written
    return owner > 0 && (owner === process.pid || !lives(owner));
  }
}

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

// Watching folders that may not be there yet.
//
// Owns the watchers. Never trusts them alone: names are looked at now and then too, for network drives tell nothing and a folder can
// be made later.

import { watch, type FSWatcher } from 'node:fs';
import { stat } from 'node:fs/promises';

/** Time between two looks at all names; at folders that are not there, for each look costs nothing. */
const LOOK_MS = 10_000;
const LOOK_FOR_FOLDER_MS = 1_000;

export class Watch {
  readonly #watchers = new Map<string, FSWatcher>();
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(
    private readonly folders: string[],
    private readonly changed: (folder: string, name: string | undefined) => void,
  ) {}

  async start(): Promise<void> {
    await this.#reach();
    this.#timers.push(setInterval(() => void this.#reach(), LOOK_FOR_FOLDER_MS));
    this.#timers.push(
      setInterval(() => this.folders.forEach((folder) => this.changed(folder, undefined)), LOOK_MS),
    );
  }

  stop(): void {
    this.#timers.splice(0).forEach((timer) => clearInterval(timer));
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  /** Watches the folders that are there now. */
  async #reach(): Promise<void> {
    for (const folder of this.folders) {
      const isThere = await stat(folder).then(
        (about) => about.isDirectory(),
        () => false,
      );
      if (isThere && !this.#watchers.has(folder)) this.#watch(folder);
      else if (!isThere) this.#leave(folder);
    }
  }

  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, (_, name) =>
        this.changed(folder, name ?? undefined),
      );
      watcher.on('error', () => this.#leave(folder));
      this.#watchers.set(folder, watcher);
    } catch {
      // the looks at all names go on
    }
    this.changed(folder, undefined);
  }

  #leave(folder: string): void {
    this.#watchers.get(folder)?.close();
    this.#watchers.delete(folder);
  }
}

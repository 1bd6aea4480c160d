// The outbox of a process: a file in `<data folder>/outbox/`, which the next process takes over when this one is no more.
//
// Owns the file's name and who is alive. Each process listens on a local socket (a named pipe on Windows) of its file's name: the
// kernel closes it with the process, however that ended, so a file whose socket refuses is an orphan. A rename takes it over, which
// only one can do. No clock and no process id decide anything. What it cannot do: several machines that share the folder over a
// network do not see each other's sockets, so the folder has to be this machine's own.

import { randomBytes } from 'node:crypto';
import {
  appendFile,
  mkdir,
  open,
  readdir,
  rename,
  stat,
  unlink,
  writeFile,
  type FileHandle,
} from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { dirname, join } from 'node:path';
import { EventLog } from './log.js';
import type { Key, Kept, Outbox, Refusal } from './outbox.js';

const SUFFIX = '.events';
/** What was taken over keeps its first owner's name behind this. */
const FROM = '~';
const PRIVATE_FOLDER = 0o700;
const PRIVATE = 0o600;
/** The longest name of a socket that every Unix takes. */
const SOCKET_BYTES = 100;
const REFUSED_BYTES = 16 << 20;
const NEVER = new Set(['ECONNREFUSED', 'ENOENT']);

export class FileOutbox implements Outbox {
  readonly kind = 'file';
  onTrouble?: (message: string) => void;
  readonly #id = randomBytes(6).toString('hex');
  readonly #logs: EventLog[] = [];
  #alive: Server | undefined;
  /** Holds the folder, where its name is too long for a socket. */
  #folder: FileHandle | undefined;
  #aside: Promise<void> = Promise.resolve();

  constructor(readonly folder: string) {}

  async open(): Promise<void> {
    await makeFolder(this.folder);
    if (process.platform === 'linux') this.#folder = await open(this.folder, 'r');
    try {
      // first the socket: a file without one is an orphan
      this.#alive = await listen(this.#socket(this.#id));
      this.#logs.push(await EventLog.create(join(this.folder, this.#id + SUFFIX)));
    } catch (error) {
      await this.#unlock();
      throw error;
    }
  }

  async add(text: string): Promise<Key> {
    const [log] = this.#logs;
    if (log === undefined) throw new Error('the outbox is not open');
    return `0:${await log.add(text)}`;
  }

  remove(keys: Key[]): void {
    const numbers = new Map<number, number[]>();
    for (const key of keys) {
      const [at = 0, n = 0] = String(key).split(':').map(Number);
      const known = numbers.get(at);
      if (known) known.push(n);
      else numbers.set(at, [n]);
    }
    for (const [at, list] of numbers) this.#logs[at]?.remove(list);
  }

  setAside(kept: Kept, refusal: Refusal): void {
    const row = `${JSON.stringify({ at: new Date().toISOString(), ...refusal, event: JSON.parse(kept.text) as unknown })}\n`;
    // first there, then out of the queue
    this.#aside = this.#aside
      .then(() => appendBounded(join(this.folder, 'refused.jsonl'), row))
      .catch((error: unknown) => this.onTrouble?.(`a refused event could not be set aside: ${String(error)}`))
      .then(() => this.remove([kept.key]));
  }

  async adopt(room: number): Promise<Kept[]> {
    const found: Kept[] = [];
    let left = room;
    for (const name of (await readdir(this.folder)).filter((one) => one.endsWith(SUFFIX)).sort()) {
      const owner = name.split(FROM)[0]?.replace(SUFFIX, '') ?? '';
      if (owner === this.#id) continue;
      const size = await stat(join(this.folder, name)).then(
        (file) => file.size,
        () => Infinity,
      );
      // an empty one is in nobody's way; one that is too large comes when there is room
      if (size > left || (await isAlive(this.#socket(owner)))) continue;
      const taken = await this.#take(name, owner);
      left -= size;
      found.push(...taken);
    }
    return found;
  }

  async close(): Promise<void> {
    await this.#aside;
    for (const log of this.#logs) await log.close();
    await this.#unlock();
  }

  async #unlock(): Promise<void> {
    const server = this.#alive;
    if (server) await new Promise((resolve) => server.close(resolve));
    await this.#folder?.close();
  }

  async #take(name: string, owner: string): Promise<Kept[]> {
    const first = name.split(FROM).at(-1) ?? name;
    const path = join(this.folder, `${this.#id}${FROM}${first}`);
    try {
      await rename(join(this.folder, name), path);
    } catch {
      // another was faster
      return [];
    }
    if (process.platform !== 'win32') await unlink(join(this.folder, `${owner}.sock`)).catch(() => undefined);
    await unlink(join(this.folder, `${name}.new`)).catch(() => undefined);
    const log = await EventLog.takeOver(path, (damaged) => this.#quarantine(first, damaged));
    if (log.live.size === 0) {
      await log.close();
      return [];
    }
    const at = this.#logs.push(log) - 1;
    return [...log.live].map(([n, text]) => ({ key: `${at}:${n}`, text }));
  }

  async #quarantine(name: string, damaged: Buffer[]): Promise<void> {
    const path = join(this.folder, `${name.replace(SUFFIX, '')}.damaged`);
    const bytes = Buffer.concat(damaged.flatMap((row) => [row, Buffer.from('\n')]));
    await writeFile(path, bytes, { mode: PRIVATE, flag: 'a' });
    this.onTrouble?.(
      `${damaged.length} damaged lines of an outbox file are not recorded; they are in ${path}`,
    );
  }

  #socket(id: string): string {
    if (process.platform === 'win32') return `\\\\.\\pipe\\chasm-recorder-outbox-${id}`;
    const path = join(this.folder, `${id}.sock`);
    if (Buffer.byteLength(path) <= SOCKET_BYTES) return path;
    if (this.#folder) return `/proc/self/fd/${this.#folder.fd}/${id}.sock`;
    throw new Error(`the outbox's folder has too long a name for a socket in it: ${this.folder}`);
  }
}

/** With what is missing above it. Step by step: Node's own `recursive` never ends where a parent that is there says ENOENT (/proc). */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: PRIVATE_FOLDER });
  } catch (error) {
    if (await isFolder(folder)) return;
    const parent = dirname(folder);
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT' && !(await isFolder(parent));
    if (!isMissing || parent === folder) throw error;
    await makeFolder(parent);
    await makeFolder(folder);
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function listen(path: string): Promise<Server> {
  const server = createServer((caller) => caller.destroy());
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  server.on('error', () => undefined);
  return server.unref();
}

/** In doubt it is: then nothing is taken from it. */
function isAlive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const caller = connect(path);
    caller.once('connect', () => (caller.destroy(), resolve(true)));
    caller.once('error', (error: NodeJS.ErrnoException) => resolve(!NEVER.has(error.code ?? '')));
  });
}

async function appendBounded(path: string, row: string): Promise<void> {
  const size = await stat(path).then(
    (file) => file.size,
    () => 0,
  );
  if (size + row.length > REFUSED_BYTES) await rename(path, path.replace('.jsonl', '.old.jsonl'));
  await appendFile(path, row, { mode: PRIVATE });
}

// What of each chat was handed over already, kept across reloads of the window.
//
// Owns a small file a chat, which only grows until it is read again. Never keeps what a chat says: only hashes of it. A thing is noted
// after it is on disk with the outbox, so what is not noted is at worst sent twice, and never lost.

import { createHash } from 'node:crypto';
import { appendFile, mkdir, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { at, number, object, parse, text, type Json } from '../read/json';
import type { Draft } from '../chat/drafts';

/** Days after which nothing is known any more of a chat that did not change. */
const KEPT_DAYS = 90;
const DAY_MS = 86_400_000;

export interface Noted {
  /** Size and time of the file that was read last. */
  stamp: string | undefined;
  /** It was begun and not ended. */
  open: boolean;
  /** The number of the last event. */
  seq: number;
  /** The version of each thing that was handed over. */
  versions: Map<string, string>;
}

export class Memory {
  readonly #known = new Map<string, Noted>();

  constructor(private readonly folder: string) {}

  /** Makes the folder, and drops what is too old to matter. */
  async begin(now: number): Promise<void> {
    await mkdir(this.folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(this.folder)) {
      const path = join(this.folder, name);
      const about = await stat(path).catch(() => undefined);
      if (about !== undefined && now - about.mtimeMs > KEPT_DAYS * DAY_MS) await rm(path, { force: true });
    }
  }

  async of(id: string): Promise<Noted> {
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const noted: Noted = { stamp: undefined, open: false, seq: 0, versions: new Map() };
    const lines = (await readFile(this.#path(id), 'utf8').catch(() => '')).split('\n');
    for (const line of lines) take(noted, parse(line));
    this.#known.set(id, noted);
    if (lines.length > 2 * noted.versions.size + 64) await this.#rewrite(id, noted);
    return noted;
  }

  /** Those of these that are new or were changed. */
  async changed(id: string, drafts: Draft[]): Promise<Draft[]> {
    const { versions } = await this.of(id);
    return drafts.filter((draft) => versions.get(draft.name) !== version(draft));
  }

  async note(id: string, drafts: Draft[], seq: number): Promise<void> {
    const things = drafts.map((draft) => ({ n: draft.name, v: version(draft) }));
    await this.#add(id, [...things, { seq }]);
  }

  async noteStamp(id: string, stamp: string): Promise<void> {
    if ((await this.of(id)).stamp !== stamp) await this.#add(id, [{ stamp }]);
  }

  async noteOpen(id: string, open: boolean): Promise<void> {
    if ((await this.of(id)).open !== open) await this.#add(id, [{ open }]);
  }

  async #add(id: string, entries: { [name: string]: Json }[]): Promise<void> {
    const noted = await this.of(id);
    for (const entry of entries) take(noted, entry);
    const path = this.#path(id);
    await appendFile(path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''), { mode: 0o600 });
  }

  async #rewrite(id: string, noted: Noted): Promise<void> {
    const entries: { [name: string]: Json }[] = [...noted.versions].map(([n, v]) => ({ n, v }));
    if (noted.stamp !== undefined) entries.push({ stamp: noted.stamp });
    entries.push({ open: noted.open, seq: noted.seq });
    const path = this.#path(id);
    await writeFile(path, entries.map((entry) => `${JSON.stringify(entry)}\n`).join(''), { mode: 0o600 });
    const now = new Date();
    await utimes(path, now, now);
  }

  #path(id: string): string {
    return join(this.folder, `${hash(id)}.jsonl`);
  }
}

function take(noted: Noted, entry: Json | undefined): void {
  if (object(entry) === undefined) return;
  const name = text(entry, 'n');
  if (name !== undefined) noted.versions.set(name, text(entry, 'v') ?? '');
  noted.stamp = text(entry, 'stamp') ?? noted.stamp;
  noted.seq = Math.max(noted.seq, number(entry, 'seq') ?? 0);
  const open = at(entry, 'open');
  if (typeof open === 'boolean') noted.open = open;
}

function version(draft: Draft): string {
  return hash(JSON.stringify([draft.type, draft.at, draft.data]));
}

function hash(said: string): string {
  return createHash('sha256').update(said).digest('hex').slice(0, 24);
}

/** Size and time of a file, by which a change is told. */
export function stampOf(about: { size: number; mtimeMs: number }): string {
  return `${about.size}@${Math.trunc(about.mtimeMs)}`;
}

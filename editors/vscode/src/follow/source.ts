// One chat's files, read as they grow.
//
// Owns which of them speaks: the log of changes, else the whole document, else Copilot's transcript. Never writes. What cannot be read
// now is read at the next change.

import { readFile, stat } from 'node:fs/promises';
import { chatOf, type Chat } from '../chat/chat';
import { Transcript } from '../chat/transcript';
import { GrowingFile } from '../read/growing';
import { object, parse } from '../read/json';
import { ChatLog } from '../read/log';
import { stampOf } from './memory';

export type Kind = 'log' | 'document' | 'transcript';

export interface Read {
  chat: Chat;
  kind: Kind;
  stamp: string;
  /** Lines of it that could not be read. */
  misfits: number;
}

export class Source {
  readonly #files = new Map<Kind, string>();
  #log: { file: GrowingFile; log: ChatLog } | undefined;
  #told: { file: GrowingFile; transcript: Transcript; misfits: number } | undefined;

  constructor(readonly id: string) {}

  add(kind: Kind, path: string): void {
    this.#files.set(kind, path);
  }

  has(kind: Kind): boolean {
    return this.#files.has(kind);
  }

  /** Size and time of the file that speaks. */
  async stamp(): Promise<string | undefined> {
    for (const kind of ['log', 'document', 'transcript'] as const) {
      const path = this.#files.get(kind);
      const about = path === undefined ? undefined : await stat(path).catch(() => undefined);
      if (about !== undefined && about.size > 0) return stampOf(about);
    }
    return undefined;
  }

  /** The chat as its files are now; nothing where none of them has a turn. */
  async read(): Promise<Read | undefined> {
    for (const kind of ['log', 'document', 'transcript'] as const) {
      const path = this.#files.get(kind);
      const about = path === undefined ? undefined : await stat(path).catch(() => undefined);
      if (path === undefined || about === undefined || about.size === 0) continue;
      const found = await this.#one(kind, path, about.mtimeMs);
      if (found !== undefined && found.chat.turns.length > 0) {
        return { ...found, kind, stamp: stampOf(about) };
      }
    }
    return undefined;
  }

  async #one(
    kind: Kind,
    path: string,
    mtimeMs: number,
  ): Promise<{ chat: Chat; misfits: number } | undefined> {
    const modified = Math.trunc(mtimeMs) * 1000;
    switch (kind) {
      case 'log':
        return this.#readLog(path, modified);
      case 'document':
        return this.#readDocument(path, modified);
      case 'transcript':
        return this.#readTranscript(path, modified);
    }
  }

  async #readLog(path: string, modified: number): Promise<{ chat: Chat; misfits: number }> {
    if (this.#log?.file.path !== path) this.#log = { file: new GrowingFile(path), log: new ChatLog() };
    const { anew, lines } = await this.#log.file.readOn();
    if (anew) this.#log.log = new ChatLog();
    const { log } = this.#log;
    for (const line of lines) log.apply(parse(line));
    return { chat: chatOf(log.state, this.id, modified), misfits: log.misfits };
  }

  async #readDocument(path: string, modified: number): Promise<{ chat: Chat; misfits: number } | undefined> {
    // a document that is being written is not whole: it is read again at its next change
    const state = object(parse((await readFile(path, 'utf8')).replace(/^\uFEFF/, '')));
    return state === undefined ? undefined : { chat: chatOf(state, this.id, modified), misfits: 0 };
  }

  async #readTranscript(path: string, modified: number): Promise<{ chat: Chat; misfits: number }> {
    if (this.#told?.file.path !== path) this.#tell(path);
    const told = this.#told ?? this.#tell(path);
    const { anew, lines } = await told.file.readOn();
    if (anew) {
      told.transcript = new Transcript();
      told.misfits = 0;
    }
    for (const line of lines) if (!told.transcript.line(parse(line))) told.misfits += 1;
    return { chat: told.transcript.chat(this.id, modified), misfits: told.misfits };
  }

  #tell(path: string): { file: GrowingFile; transcript: Transcript; misfits: number } {
    this.#told = { file: new GrowingFile(path), transcript: new Transcript(), misfits: 0 };
    return this.#told;
  }
}

// Follows the chats of a workspace: what their files say is handed over while they grow.
//
// Owns which chats are live, and when one is over. One thing at a time: a chat is never read twice at once. What was handed over is on
// disk before the next reading, and is not handed over again, in this window or after a reload.

import { readdir, stat } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { isId, isUnfinished, type Chat } from '../chat/chat';
import { draftsOf, type Draft } from '../chat/drafts';
import { snapshotOf } from '../chat/snapshot';
import type { Memory } from './memory';
import type { Log, Outlet } from './outlet';
import type { Place } from './places';
import { Source, type Kind } from './source';
import { Watch } from './watch';

export interface Wanted {
  snapshotMs: number;
  idleMs: number;
  /** Chats that were written before are recorded too. */
  earlier: boolean;
}

/** What is said of all chats that are followed here. */
export interface About {
  provider: string;
  editor: string;
  workspace: string | undefined;
}

/** Writers write in pieces: what comes within this is read at once. */
const SETTLE_MS = 60;
const ROUND_MS = 1_000;
/** A file that did not change for this long before the start is of an earlier chat. */
const EARLIER_MS = 10 * 60_000;
/** Time that the editor has for its own file before Copilot's transcript speaks for a chat. */
const TRANSCRIPT_MS = 90_000;
/** Time between two questions whether the recorder has the earlier chats. */
const ASK_MS = 5_000;

interface Live {
  source: Source;
  stamp: string | undefined;
  changedAt: number;
  begun: boolean;
  ended: boolean;
  unfinished: boolean;
  snapshotAt: number;
  /** The chat that no snapshot has yet. */
  unsaved: Chat | undefined;
  misfits: number;
}

export class Follower {
  readonly #live = new Map<string, Live>();
  readonly #earlier = new Map<string, Live>();
  readonly #touched = new Set<string>();
  readonly #watch: Watch;
  #settling: NodeJS.Timeout | undefined;
  #round: NodeJS.Timeout | undefined;
  #work: Promise<void> = Promise.resolve();
  #askedAt = 0;
  #stopped = false;

  constructor(
    private readonly place: Place,
    private readonly about: About,
    private readonly outlet: Outlet,
    private readonly memory: Memory,
    private readonly log: Log,
    private readonly wanted: () => Wanted,
    private readonly now: () => number = Date.now,
    private readonly startedAt = now(),
  ) {
    this.#watch = new Watch([...place.sessions, ...place.transcripts], (folder, name) =>
      this.#changed(folder, name),
    );
  }

  async start(): Promise<void> {
    await this.memory.begin(this.now());
    await this.#watch.start();
    this.#round = setInterval(() => this.#next(() => this.#look()), ROUND_MS);
  }

  /** Follows no more, and leaves everything as it is. */
  async drop(): Promise<void> {
    this.#still();
    this.#stopped = true;
    await this.#work;
  }

  /** Reads what there is once more, ends what waits for nothing, and follows no more. */
  async stop(reason: string): Promise<void> {
    if (this.#stopped) return;
    this.#still();
    this.#next(async () => {
      await this.#visit([...this.place.sessions, ...this.place.transcripts]);
      for (const [id, live] of this.#live) {
        await this.#save(id, live);
        if (!live.unfinished) await this.#end(id, live, reason);
      }
    });
    this.#stopped = true;
    await this.#work;
  }

  /** How many chats are followed now. */
  get live(): number {
    return [...this.#live.values()].filter((live) => live.begun && !live.ended).length;
  }

  /** How many chats from before wait for the recorder. */
  get earlier(): number {
    return this.#earlier.size;
  }

  /** Resolves when what is known to have changed was read. */
  async settled(): Promise<void> {
    await this.#work;
  }

  #still(): void {
    this.#watch.stop();
    clearTimeout(this.#settling);
    clearInterval(this.#round);
  }

  #changed(folder: string, name: string | undefined): void {
    this.#touched.add(name === undefined ? folder : join(folder, name));
    this.#settling ??= setTimeout(() => {
      this.#settling = undefined;
      const touched = [...this.#touched];
      this.#touched.clear();
      this.#next(() => this.#visit(touched));
    }, SETTLE_MS);
  }

  /** One thing behind the other; what fails is told, and the rest goes on. */
  #next(task: () => Promise<void>): void {
    if (this.#stopped) return;
    this.#work = this.#work.then(task).catch((error: unknown) => {
      this.log.warn(`reading chats: ${error instanceof Error ? error.message : String(error)}`);
    });
  }

  async #visit(paths: string[]): Promise<void> {
    const found = new Set<string>();
    for (const path of paths) {
      const names = await readdir(path).catch(() => undefined);
      for (const file of names?.map((name) => join(path, name)) ?? [path]) {
        const id = await this.#note(file);
        if (id !== undefined) found.add(id);
      }
    }
    for (const id of found) {
      const live = this.#live.get(id);
      if (live !== undefined) await this.#read(id, live);
    }
  }

  /** Takes note of a file; the chat's id where it is one to be read now. */
  async #note(path: string): Promise<string | undefined> {
    const kind = this.#kindOf(path);
    const id = basename(path, extname(path));
    const about = kind === undefined ? undefined : await stat(path).catch(() => undefined);
    if (kind === undefined || !isId(id) || !about?.isFile() || about.size === 0) return undefined;
    const known = this.#live.get(id) ?? this.#earlier.get(id);
    const live = known ?? begin(id, about.mtimeMs);
    live.source.add(kind, path);
    if (this.#live.has(id)) return id;
    const noted = await this.memory.of(id);
    const stamp = await live.source.stamp();
    if (known === undefined && !noted.open && stamp === noted.stamp) return undefined;
    const isEarlier = noted.versions.size === 0 && about.mtimeMs < this.startedAt - EARLIER_MS;
    if (isEarlier && !(noted.stamp !== undefined && noted.stamp !== stamp)) {
      this.#earlier.set(id, live);
      return undefined;
    }
    this.#earlier.delete(id);
    this.#live.set(id, live);
    return id;
  }

  #kindOf(path: string): Kind | undefined {
    const inside = (folders: string[]) => folders.some((folder) => join(folder, basename(path)) === path);
    if (inside(this.place.sessions)) {
      return path.endsWith('.jsonl') ? 'log' : path.endsWith('.json') ? 'document' : undefined;
    }
    return inside(this.place.transcripts) && path.endsWith('.jsonl') ? 'transcript' : undefined;
  }

  /** Hands over what is new in a chat. */
  async #read(id: string, live: Live): Promise<void> {
    if (await this.#isWaitedFor(live)) return;
    const stamp = await live.source.stamp();
    if (stamp === undefined || stamp === live.stamp) return;
    const read = await live.source.read();
    if (read === undefined) return;
    if (read.misfits > live.misfits) this.log.warn(`chat ${id}: ${read.misfits} entries could not be read`);
    live.misfits = read.misfits;
    const noted = await this.memory.of(id);
    live.unfinished = isUnfinished(read.chat);
    const isLeft = noted.open && !live.begun;
    const drafts = await this.memory.changed(id, [...this.#heads(read.chat), ...draftsOf(read.chat)]);
    if (drafts.length > 0) {
      const seq = await this.outlet.send(id, drafts, noted.seq);
      await this.memory.note(id, drafts, seq);
      await this.memory.noteOpen(id, true);
      Object.assign(live, { begun: true, ended: false, unsaved: read.chat, changedAt: this.now() });
      this.log.info(`chat ${id}: ${drafts.length} events from its ${read.kind}`);
    }
    await this.memory.noteStamp(id, read.stamp);
    // only now: what could not be kept is read again
    live.stamp = read.stamp;
    // a window that is gone had no time to say that the chat waits for nothing
    if (isLeft && drafts.length === 0 && !live.unfinished) {
      live.begun = true;
      await this.#end(id, live, 'window_closed');
    }
  }

  /** A transcript speaks only where the editor has no file of the chat, or none yet after some time. */
  async #isWaitedFor({ source, changedAt }: Live): Promise<boolean> {
    if (source.has('log') || source.has('document') || !source.has('transcript')) return false;
    const isLocal = await Promise.all(
      this.place.sessions.map((folder) =>
        stat(folder).then(
          () => true,
          () => false,
        ),
      ),
    );
    return isLocal.includes(true) && this.now() - changedAt < TRANSCRIPT_MS;
  }

  /** What is said of the chat as a whole. */
  #heads(chat: Chat): Draft[] {
    const { provider, editor, workspace } = this.about;
    const start: Draft['data'] = { provider, editor };
    if (workspace !== undefined) start['workspace'] = workspace;
    const heads: Draft[] = [{ name: '!start', type: 'session_start', at: chat.startedAt, data: start }];
    const about: Draft['data'] = {};
    if (chat.title !== undefined) about['title'] = chat.title;
    if (chat.model !== undefined) about['model'] = chat.model;
    // at the same time as the start: of two titles the one that was sent later stands
    if (Object.keys(about).length > 0) {
      heads.push({ name: '!title', type: 'session_update', at: chat.startedAt, data: about });
    }
    return heads;
  }

  /** What is due by now. */
  async #look(): Promise<void> {
    const { idleMs, snapshotMs } = this.wanted();
    for (const [id, live] of this.#live) {
      if (live.source.has('transcript')) await this.#read(id, live);
      if (live.unsaved !== undefined && this.now() - live.snapshotAt >= snapshotMs)
        await this.#save(id, live);
      if (!live.unfinished && this.now() - live.changedAt >= idleMs) await this.#end(id, live, 'idle');
    }
    if (this.#earlier.size > 0 && this.now() - this.#askedAt >= ASK_MS) await this.#bringIn();
  }

  async #save(id: string, live: Live): Promise<void> {
    if (live.unsaved === undefined) return;
    const { provider, editor, workspace } = this.about;
    const chat = live.unsaved;
    live.unsaved = undefined;
    live.snapshotAt = this.now();
    const known = workspace === undefined ? {} : { workspace };
    const isTaken = await this.outlet.snapshot(id, { provider, editor, ...known, ...snapshotOf(chat) });
    if (!isTaken) live.unsaved = chat;
  }

  async #end(id: string, live: Live, reason: string): Promise<void> {
    if (!live.begun || live.ended) return;
    await this.#save(id, live);
    const { seq } = await this.memory.of(id);
    await this.memory.note(id, [], await this.outlet.end(id, reason, seq));
    await this.memory.noteOpen(id, false);
    live.ended = true;
  }

  /** Chats of before: those that the recorder does not have. */
  async #bringIn(): Promise<void> {
    this.#askedAt = this.now();
    for (const [id, live] of this.#earlier) {
      const stamp = await live.source.stamp();
      const known = this.wanted().earlier ? await this.outlet.knows(id) : true;
      if (known === undefined || this.#stopped) return;
      this.#earlier.delete(id);
      if (!known) {
        await this.#read(id, live);
        if (!live.unfinished) await this.#end(id, live, 'imported');
      } else if (stamp !== undefined) await this.memory.noteStamp(id, stamp);
      this.#live.set(id, { ...live, stamp });
    }
  }
}

function begin(id: string, changedAt: number): Live {
  return {
    source: new Source(id),
    stamp: undefined,
    changedAt,
    begun: false,
    ended: false,
    unfinished: false,
    snapshotAt: 0,
    unsaved: undefined,
    misfits: 0,
  };
}

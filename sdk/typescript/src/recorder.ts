// The recorder as an application sees it: sessions in, state out.
//
// Owns the outbox, the queue in front of it and the sender behind it. Invariant: an event is in the outbox before it is sent, and
// leaves it only when the recorder has it on disk or refused it for good, which is told.

import { Bell } from './bell.js';
import { checkFields } from './check.js';
import { ClosedError, EventError, OutboxError, OutboxFullError, because } from './errors.js';
import { Emitter } from './emitter.js';
import type { SessionOptions, SnapshotAnswer, SnapshotBody } from './events.js';
import { MemoryOutbox } from './outbox/memory.js';
import { utf8Length, type Outbox, type Refusal } from './outbox/outbox.js';
import { Queue, type About, type Done, type Item } from './queue.js';
import { postSnapshot, type Fetch, type Place } from './rest.js';
import { Sender, type Condition, type Mode } from './sender.js';
import { Session, type Recording } from './session.js';
import { Snapshots } from './snapshots.js';
import type { OpenSocket, WebSocketClass } from './socket.js';
import { uuidv7 } from './uuid.js';

export interface Limits {
  /** Most bytes that wait in the outbox; what is over that is refused with `OutboxFullError`. 64 MiB. */
  bytes?: number;
  /** A session with more text than this has no automatic snapshots. 4 MiB. */
  snapshotBytes?: number;
}

export interface State extends Condition {
  /** Events that the recorder does not have yet. */
  waiting: number;
  waitingBytes: number;
  /** Events that the recorder refused for good. */
  refused: number;
  /** Where what waits is kept. */
  outbox: Outbox['kind'];
  /** Why that is memory, where something that lasts was promised. */
  outboxError?: string;
}

/** An event that the recorder refused, or recorded with a remark. */
export interface Remark extends Refusal {
  session_id?: string;
  event_id?: string;
  /** The event as it was sent, where it was refused. */
  event?: unknown;
}

export interface CommonOptions {
  /** Who records, as name/version. */
  client: string;
  /** `http://127.0.0.1:8787`. */
  server?: string;
  token?: string;
  outbox?: Outbox | 'memory';
  /** `hybrid`: WebSocket, or REST where that is broken, and snapshots. `live`: WebSocket alone. `batch`: REST alone. */
  mode?: Mode;
  /** Time between snapshots of a session that changes, in milliseconds. 30 s; 0 for none. */
  snapshotEvery?: number;
  limits?: Limits;
  WebSocket?: WebSocketClass;
  fetch?: Fetch;
  onState?: (state: State) => void;
}

/** What the place where this runs gives. */
export interface Platform {
  /** In order of preference; the first that opens is taken. */
  outboxes: Outbox[];
  /** What a person does where the first one cannot be opened. */
  remedy: string;
  place: () => Promise<Place>;
  openSocket: OpenSocket | undefined;
  fetch: Fetch;
}

type Events = { state: State; refused: Remark; warning: Remark };

export const DEFAULT_SERVER = 'http://127.0.0.1:8787';
const OUTBOX_BYTES = 64 << 20;
const SNAPSHOT_BYTES = 4 << 20;
const SNAPSHOT_MS = 30_000;
const ADOPT_MS = 15_000;
const COUNTS_MS = 200;
const CLOSE_MS = 2000;
/** Sessions that are kept in mind; of those that nobody ends, the oldest are left to whoever holds them. */
const SESSIONS = 500;

export class CoreRecorder implements Recording {
  readonly #events = new Emitter<Events>();
  readonly #queue = new Queue();
  readonly #sessions = new Map<string, Session>();
  /** The last numbers of sessions that are over, or were left by those before. */
  readonly #lastSeqs = new Map<string, number>();
  readonly #changed = new Bell();
  readonly #sender: Sender;
  readonly #snapshots: Snapshots;
  #outbox: Outbox = new MemoryOutbox();
  #condition: Condition = { connection: 'waiting', transport: 'websocket' };
  #adding = 0;
  #addingBytes = 0;
  #refused = 0;
  #outboxError: string | undefined;
  /** Warnings that came before anybody could listen. */
  #unheard: Remark[] = [];
  #isClosed = false;
  #counting: ReturnType<typeof setTimeout> | undefined;
  #adopting: ReturnType<typeof setInterval> | undefined;

  protected constructor(
    private readonly platform: Platform,
    private readonly options: CommonOptions,
  ) {
    const { mode = 'hybrid', snapshotEvery = SNAPSHOT_MS } = options;
    if (options.onState) this.on('state', options.onState);
    this.#sender = new Sender({
      client: options.client,
      mode,
      queue: this.#queue,
      fetch: platform.fetch,
      openSocket: platform.openSocket,
      place: platform.place,
      sessions: () => this.#sessions.keys(),
      isOwn: (id) => this.#sessions.get(id)?.isOwn === true,
      changed: (condition) => this.#change(condition),
      settled: (done) => this.#settle(done),
      warned: (item, warning) => this.#events.emit('warning', remark(item, warning)),
    });
    this.#snapshots = new Snapshots(
      mode === 'hybrid' ? snapshotEvery : 0,
      (session, body) => this.snapshot(session, body),
      () => this.#condition.connection === 'connected',
    );
  }

  get state(): State {
    return {
      ...this.#condition,
      waiting: this.#waiting,
      waitingBytes: this.#queue.bytes + this.#addingBytes,
      refused: this.#refused,
      outbox: this.#outbox.kind,
      ...(this.#outboxError === undefined ? {} : { outboxError: this.#outboxError }),
    };
  }

  get #waiting(): number {
    return this.#queue.open + this.#adding;
  }

  /** Gives back what ends it. */
  on<Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void): () => void {
    const end = this.#events.on(name, listener);
    if (name === 'warning') {
      const unheard = this.#unheard.splice(0);
      queueMicrotask(() => unheard.forEach((remark) => this.#events.emit('warning', remark)));
    }
    return end;
  }

  /** A conversation; the one with this id where it is in use already. */
  session(options: SessionOptions = {}): Session {
    checkFields('session', options, {});
    const { id = uuidv7(), ...start } = options;
    const known = this.#sessions.get(id);
    if (known) return known;
    const session = new Session(this, {
      id,
      lastSeq: this.#lastSeqs.get(id) ?? 0,
      isMinted: options.id === undefined,
      snapshotBytes: this.options.limits?.snapshotBytes ?? SNAPSHOT_BYTES,
    });
    this.#forgetOldest();
    this.#sessions.set(id, session);
    this.#snapshots.watch(session);
    session.start(start);
    return session;
  }

  /** Resolves with true once nothing waits, with false where the time is over before, or the recorder closed. */
  async flush({ timeout = Infinity }: { timeout?: number } = {}): Promise<boolean> {
    const end = Date.now() + timeout;
    this.#sender.hurry();
    while (this.#waiting > 0) {
      if (this.#isClosed || Date.now() >= end) return false;
      await this.#changed.wait(end - Date.now());
    }
    return true;
  }

  /** Ends, and with it the sessions of wrapped calls that have no id of the application's. What waits stays in the outbox for the next one; from memory it is sent now, as far as that goes within `timeout`. */
  async close({ timeout = CLOSE_MS }: { timeout?: number } = {}): Promise<void> {
    if (this.#isClosed) return;
    const over = [...this.#sessions.values()].filter((session) => session.endsWithRun && !session.isEnded);
    // one that the outbox has no room for is told by what did not fit before it
    await Promise.allSettled(over.map((session) => session.end()));
    if (this.#condition.connection === 'connected' || this.#outbox.kind === 'memory')
      await this.flush({ timeout });
    await this.#snapshots.close(timeout);
    this.#isClosed = true;
    clearInterval(this.#adopting);
    const patience = new Bell();
    await Promise.race([this.#sender.close(), patience.wait(timeout)]);
    patience.ring();
    await this.#outbox.close();
    const { waiting, outbox } = this.state;
    if (outbox === 'memory' && waiting > 0)
      this.#warn('outbox_lost', `${waiting} events were in memory alone and are not recorded`);
    clearTimeout(this.#counting);
    this.#changed.ring();
  }

  /** @internal */
  keep(text: string, said: Omit<About, 'bytes'>): Promise<void> {
    if (this.#isClosed) throw new ClosedError('the recorder is closed: connect again to record');
    const bytes = utf8Length(text);
    const limit = this.options.limits?.bytes ?? OUTBOX_BYTES;
    const waiting = this.#queue.bytes + this.#addingBytes;
    if (waiting + bytes > limit)
      throw new OutboxFullError(
        `the outbox is full: ${waiting} of ${limit} bytes wait for the recorder, the event has ${bytes}`,
      );
    this.#adding += 1;
    this.#addingBytes += bytes;
    return this.#add(text, { ...said, bytes });
  }

  /** @internal */
  async snapshot(session: Session, body: SnapshotBody): Promise<SnapshotAnswer> {
    const place = await this.platform.place();
    const answer = await postSnapshot(this.platform.fetch, place, session.id, body, Date.now());
    if (answer.kind !== 'ok') throw new Error(`no snapshot of session ${session.id}: ${answer.message}`);
    return answer.value;
  }

  /** @internal */
  recall(session: Session, body: SnapshotBody): void {
    if (this.#isClosed) throw new ClosedError('the recorder is closed: connect again to record');
    const bytes = utf8Length(JSON.stringify(body));
    const limit = this.options.limits?.snapshotBytes ?? SNAPSHOT_BYTES;
    if (bytes > limit)
      throw new EventError(`what was said before has ${bytes} bytes, a snapshot takes ${limit}`);
    this.#snapshots.recall(session, body);
  }

  /** @internal */
  ended(session: Session): void {
    void this.#snapshots.last(session).then(() => {
      // it may have gone on meanwhile
      if (!session.isEnded || this.#sessions.get(session.id) !== session) return;
      this.#forget(session);
    });
  }

  protected async open(): Promise<void> {
    const { outboxes } = this.platform;
    for (const [i, outbox] of outboxes.entries()) {
      outbox.onTrouble = (message) => this.#warn('outbox', message);
      try {
        await outbox.open();
        this.#outbox = outbox;
        break;
      } catch (error) {
        if (i + 1 === outboxes.length) throw error;
        this.#outboxError = because(error);
      }
    }
    if (this.#outboxError !== undefined) this.#tellMemory(this.#outboxError);
    await this.#adopt();
    this.#adopting = setInterval(() => void this.#adopt(), ADOPT_MS);
    (this.#adopting as { unref?: () => void }).unref?.();
    this.#sender.start();
  }

  /** The network is back. */
  protected hurry(): void {
    this.#sender.hurry();
  }

  async #add(text: string, about: About): Promise<void> {
    try {
      const key = await this.#outbox.add(text);
      this.#queue.push({ key, text }, about);
    } catch (error) {
      throw new OutboxError(`the outbox could not keep the event: ${because(error)}`, { cause: error });
    } finally {
      this.#adding -= 1;
      this.#addingBytes -= about.bytes;
      this.#count();
    }
    this.#sender.wake();
  }

  async #adopt(): Promise<void> {
    if (this.#isClosed) return;
    try {
      const limit = this.options.limits?.bytes ?? OUTBOX_BYTES;
      const found = await this.#outbox.adopt(limit - this.#queue.bytes);
      for (const kept of found) {
        const { session, seq } = this.#queue.push(kept);
        this.#lastSeqs.set(session, Math.max(seq, this.#lastSeqs.get(session) ?? 0));
      }
      if (found.length > 0) this.#count();
    } catch (error) {
      this.#warn('outbox', `what others left in the outbox could not be read: ${because(error)}`);
    }
    this.#sender.wake();
  }

  #forgetOldest(): void {
    const [oldest] = this.#sessions.values();
    if (oldest && this.#sessions.size >= SESSIONS) this.#forget(oldest);
  }

  #forget(session: Session): void {
    this.#lastSeqs.set(session.id, session.seq);
    this.#sessions.delete(session.id);
    this.#snapshots.unwatch(session);
  }

  #settle(done: Done): void {
    if (!this.#isClosed) this.#outbox.remove(done.recorded.map((item) => item.key));
    for (const [item, refusal] of done.refused) {
      this.#refused += 1;
      if (!this.#isClosed) this.#outbox.setAside(item, refusal);
      this.#events.emit('refused', { ...remark(item, refusal), event: JSON.parse(item.text) as unknown });
    }
    this.#count();
  }

  /** Once, to whoever listens first: at this time nobody can. */
  #tellMemory(why: string): void {
    const { remedy } = this.platform;
    const message = `what waits is kept in memory alone and would be lost with it: ${why}. ${remedy}`;
    this.#unheard.push({ code: 'outbox_memory', message });
    this.#events.emit('state', this.state);
  }

  #warn(code: string, message: string): void {
    this.#events.emit('warning', { code, message });
  }

  #change(condition: Partial<Condition>): void {
    const before = this.#condition;
    this.#condition = { ...before, ...condition };
    const keys = Object.keys(condition) as (keyof Condition)[];
    if (keys.every((key) => before[key] === condition[key])) return;
    this.#events.emit('state', this.state);
    this.#changed.ring();
    if (condition.connection === 'connected') this.#snapshots.connected();
  }

  /** Counts change with every event: they are told a few times a second. */
  #count(): void {
    if (this.#waiting === 0) this.#changed.ring();
    if (this.#counting !== undefined || this.#isClosed) return;
    this.#counting = setTimeout(() => {
      this.#counting = undefined;
      this.#events.emit('state', this.state);
    }, COUNTS_MS);
  }
}

function remark(item: Item | undefined, refusal: Refusal): Remark {
  return {
    ...refusal,
    ...(item === undefined ? {} : { session_id: item.session }),
    ...(item?.event_id === undefined ? {} : { event_id: item.event_id }),
  };
}

export type { Mode, Condition, WebSocketClass };

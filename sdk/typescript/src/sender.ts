// Brings what waits to the recorder: over the WebSocket, or over REST where a proxy breaks WebSockets.
//
// Owns the connection and when the next one is tried. Sends in order, a bounded number of frames ahead of the acks; what is not
// acknowledged when a connection ends goes again over the next one. Never drops an event: it tells what is dealt with, and how.

import { Backoff } from './backoff.js';
import { Bell } from './bell.js';
import { because } from './errors.js';
import type { ServerFrame } from './events.js';
import type { Refusal } from './outbox/outbox.js';
import type { Done, Item, Queue } from './queue.js';
import { postEvents, type Fetch, type Place } from './rest.js';
import { RestTurn } from './restturn.js';
import { Link, type OpenSocket } from './socket.js';

export type Mode = 'hybrid' | 'live' | 'batch';

export interface Condition {
  connection: 'connected' | 'waiting' | 'paused' | 'refused' | 'closed';
  transport: 'websocket' | 'rest';
  lastError?: string | undefined;
}

export interface Surroundings {
  client: string;
  mode: Mode;
  queue: Queue;
  fetch: Fetch;
  /** None: there is no WebSocket here. */
  openSocket: OpenSocket | undefined;
  place: () => Promise<Place>;
  /** Sessions that are in use. */
  sessions: () => Iterable<string>;
  /** Whether this recorder alone numbers the session's events. */
  isOwn: (session: string) => boolean;
  changed: (condition: Partial<Condition>) => void;
  settled: (done: Done) => void;
  warned: (item: Item | undefined, warning: Refusal) => void;
  backoff?: Backoff;
}

const FRAMES_AHEAD = 32;
const BYTES_AHEAD = 4 << 20;
/**
 * The first frame of a connection has one event, and the next ones wait for its ack: one that breaks soon has brought something, too.
 * All at once it would break before the first ack could come back, and the same events would go again for ever.
 */
const FIRST_EVENTS = 1;
const FIRST_FRAMES = 1;
const FRAME_EVENTS = 64;
const FRAME_BYTES = 256 << 10;
const RESUME_MS = 3000;
const HOLD_MS = 1000;
const HELLO_SESSIONS = 1000;
/** So many WebSockets in a row have to fail before REST is used, where REST works. */
const BROKEN_AFTER = 2;
const WEBSOCKET_AGAIN_MS = 5000;
const WEBSOCKET_AGAIN_MOST_MS = 60_000;

export class Sender {
  readonly #bell = new Bell();
  readonly #backoff: Backoff;
  #running: Promise<void> | undefined;
  #isClosed = false;
  #link: Link | undefined;
  #failures = 0;
  #paused = false;
  #holdUntil = 0;
  #mostEvents = FIRST_EVENTS;
  #mostFrames = FIRST_FRAMES;
  /** As many as the recorder takes. */
  #limitEvents = FRAME_EVENTS;
  #heard = 0;
  #onResume: ((frame: Extract<ServerFrame, { type: 'resume' }>) => void) | undefined;

  constructor(private readonly with_: Surroundings) {
    this.#backoff = with_.backoff ?? new Backoff();
  }

  start(): void {
    this.#running = this.#run();
  }

  /** There is something new: an event, or the network. */
  wake(): void {
    this.#bell.ring();
  }

  /** The network is back: waits no longer. */
  hurry(): void {
    this.#backoff.reset();
    this.#bell.ring();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#link?.close('closed');
    this.#bell.ring();
    await this.#running;
    this.with_.changed({ connection: 'closed' });
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      try {
        await this.#turn();
      } catch (error) {
        this.with_.changed({ lastError: because(error) });
      }
      if (this.#isClosed) return;
      const end = Date.now() + this.#backoff.next();
      while (!this.#isClosed && Date.now() < end) {
        const before = this.#backoff.isFresh;
        await this.#bell.wait(end - Date.now());
        // told to hurry
        if (!before && this.#backoff.isFresh) break;
      }
    }
  }

  /** One connection, or a while of REST. */
  async #turn(): Promise<void> {
    const place = await this.with_.place();
    const { mode, openSocket } = this.with_;
    if (mode === 'batch' || openSocket === undefined) return this.#overRest(place, Infinity);
    if (await this.#overSocket(place, openSocket)) {
      this.#failures = 0;
      if (!this.#isClosed && !this.#paused) this.with_.changed({ connection: 'waiting' });
      return;
    }
    if (this.#isClosed) return;
    this.#failures += 1;
    const probe = await postEvents(this.with_.fetch, place, []);
    if (probe.kind !== 'ok') return this.#told(probe);
    if (mode === 'hybrid' && this.#failures >= BROKEN_AFTER) {
      const again = WEBSOCKET_AGAIN_MS * 2 ** Math.min(this.#failures - BROKEN_AFTER, 10);
      await this.#overRest(place, Date.now() + Math.min(again, WEBSOCKET_AGAIN_MOST_MS));
    } else {
      this.with_.changed({ connection: 'waiting' });
    }
  }

  #told(
    answer:
      { kind: 'away'; message: string } | { kind: 'refused'; status: number; code: string; message: string },
  ): void {
    const isOut = answer.kind === 'refused' && (answer.status === 401 || answer.status === 403);
    const isPaused = answer.kind === 'refused' && answer.code === 'paused';
    this.with_.changed({
      connection: isOut ? 'refused' : isPaused ? 'paused' : 'waiting',
      lastError: answer.message,
    });
  }

  async #overRest(place: Place, until: number): Promise<void> {
    const turn = new RestTurn(this.with_, place, this.#bell, () => this.#isClosed);
    const answer = await turn.run(until);
    if (turn.worked) this.#backoff.reset();
    if (answer) this.#told(answer);
  }

  /** Whether this was a connection that works. */
  async #overSocket(place: Place, openSocket: OpenSocket): Promise<boolean> {
    const { queue, changed } = this.with_;
    queue.reconnected();
    this.#heard = 0;
    this.#mostEvents = FIRST_EVENTS;
    this.#mostFrames = FIRST_FRAMES;
    const link = new Link(
      openSocket(`${place.url.replace(/^http/, 'ws')}/ws/recording`, place.token),
      (frame) => this.#hear(frame),
    );
    this.#link = link;
    void link.ended.then((why) => {
      if (!this.#isClosed) changed({ lastError: why });
      this.#bell.ring();
    });
    const welcome = await link.welcome;
    if (welcome === undefined) return false;
    this.#paused = welcome.paused === true;
    await this.#greet(link);
    if (!link.isOpen) return this.#heard > 1;
    changed({
      connection: this.#paused ? 'paused' : 'connected',
      transport: 'websocket',
      lastError: undefined,
    });
    const largest = welcome.max_frame_bytes ?? Infinity;
    while (link.isOpen && !this.#isClosed) {
      this.#pump(link, largest);
      const hold = this.#holdUntil - Date.now();
      await this.#bell.wait(hold > 0 ? hold : Infinity);
    }
    link.close('closed');
    return this.#heard > 1;
  }

  /** Says hello, and learns what of the open sessions the recorder has. */
  async #greet(link: Link): Promise<void> {
    const { client, queue, sessions, isOwn, settled } = this.with_;
    const ids = [...new Set([...queue.sessions(), ...sessions()])].slice(0, HELLO_SESSIONS);
    const told = new Promise<Extract<ServerFrame, { type: 'resume' }>>(
      (resolve) => (this.#onResume = resolve),
    );
    link.send(JSON.stringify({ type: 'hello', client, sessions: ids }));
    const late = new Bell();
    const resume = await Promise.race([told, link.ended, late.wait(RESUME_MS)]);
    late.ring();
    this.#onResume = undefined;
    if (typeof resume !== 'object') return;
    const covered = queue.cover(resume.sessions, isOwn);
    if (covered.length > 0) settled({ recorded: covered, refused: [], again: 0 });
  }

  /** Sends as much as may be on its way. */
  #pump(link: Link, largest: number): void {
    const { queue } = this.with_;
    if (this.#paused || Date.now() < this.#holdUntil) return;
    while (queue.ready > 0 && queue.framesInFlight < this.#mostFrames && queue.bytesInFlight < BYTES_AHEAD) {
      if (link.buffered > BYTES_AHEAD) return;
      const oversize = queue.takeOversize(largest);
      if (oversize) {
        const message = `the event has ${oversize.bytes} bytes, the recorder takes ${largest}`;
        this.with_.settled({ recorded: [], refused: [[oversize, { code: 'too_large', message }]], again: 0 });
        continue;
      }
      const items = queue.take(Math.min(this.#mostEvents, this.#limitEvents), Math.min(FRAME_BYTES, largest));
      link.send(
        items.length === 1 ? (items[0]?.text ?? '') : `[${items.map((item) => item.text).join(',')}]`,
      );
    }
  }

  #hear(frame: ServerFrame): void {
    const { queue, changed, settled, warned } = this.with_;
    this.#heard += 1;
    if (frame.type === 'ack') {
      const done = queue.ack(frame.through);
      if (done.recorded.length > 0) {
        this.#backoff.reset();
        this.#mostEvents = Math.min(FRAME_EVENTS, this.#mostEvents * 2);
        this.#mostFrames = Math.min(FRAMES_AHEAD, this.#mostFrames * 2);
      }
      if (done.again > 0) this.#holdUntil = Date.now() + HOLD_MS;
      settled(done);
      this.#bell.ring();
    } else if (frame.type === 'error') {
      this.#refused(frame);
    } else if (frame.type === 'warning') {
      const item = frame.frame === undefined ? undefined : queue.item(frame.frame, frame.index ?? 0);
      warned(item, { code: frame.code, message: frame.message });
    } else if (frame.type === 'paused' || frame.type === 'resumed') {
      this.#paused = frame.type === 'paused';
      changed({ connection: this.#paused ? 'paused' : 'connected' });
      this.#bell.ring();
    } else if (frame.type === 'resume') {
      this.#onResume?.(frame);
    }
  }

  #refused({ frame, index, code, message }: Extract<ServerFrame, { type: 'error' | 'warning' }>): void {
    this.with_.changed({ lastError: message });
    if (frame === undefined) return;
    const judged = this.with_.queue.judge(frame, index, { code, message });
    // too much for one frame is said of the frame: it goes again in smaller ones
    if (judged.length > 1) this.#limitEvents = Math.max(1, judged.length >> 1);
  }
}

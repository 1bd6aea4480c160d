// Snapshots of the sessions that change, now and then, and at their end; and of what was said before, as soon as the recorder is there.
//
// Owns when. They come beside the events, and are never in their way: one that fails is tried again at the next turn.

import { Bell } from './bell.js';
import type { SnapshotBody } from './events.js';
import type { Session } from './session.js';

export class Snapshots {
  readonly #sessions = new Set<Session>();
  /** What was said before; the latest for each. */
  readonly #recalled = new Map<Session, SnapshotBody>();
  readonly #timer: ReturnType<typeof setInterval> | undefined;
  #running: Promise<void> = Promise.resolve();

  constructor(
    /** None where it is 0: then only what is recalled is sent. */
    private readonly every: number,
    private readonly post: (session: Session, body: SnapshotBody) => Promise<unknown>,
    private readonly isConnected: () => boolean,
  ) {
    if (every === 0) return;
    this.#timer = setInterval(() => void this.#turn(), every);
    (this.#timer as { unref?: () => void }).unref?.();
  }

  watch(session: Session): void {
    if (this.every > 0) this.#sessions.add(session);
  }

  recall(session: Session, body: SnapshotBody): void {
    this.#recalled.set(session, body);
    this.connected();
  }

  /** What could not be sent before can be now. */
  connected(): void {
    if (this.#recalled.size > 0) void this.#turn(...this.#recalled.keys());
  }

  unwatch(session: Session): void {
    this.#sessions.delete(session);
    this.#recalled.delete(session);
  }

  /** The session is over: resolves once its last snapshot is taken, or cannot be now. */
  last(session: Session): Promise<void> {
    return this.#turn(session);
  }

  async close(patience: number): Promise<void> {
    clearInterval(this.#timer);
    const late = new Bell();
    await Promise.race([this.#turn(), late.wait(patience)]);
    late.ring();
  }

  /** Of all, where none is named. */
  #turn(...only: Session[]): Promise<void> {
    // one at a time
    this.#running = this.#running.then(async () => {
      const all = only.length > 0 ? only : new Set([...this.#recalled.keys(), ...this.#sessions]);
      for (const session of all) await this.#take(session);
    });
    return this.#running;
  }

  async #take(session: Session): Promise<void> {
    if (!this.isConnected()) return;
    try {
      const recalled = this.#recalled.get(session);
      if (recalled) await this.post(session, recalled);
      // another may have come meanwhile
      if (this.#recalled.get(session) === recalled) this.#recalled.delete(session);
      const snapshot = this.#sessions.has(session) ? session.transcript.take() : undefined;
      if (snapshot === undefined) return;
      await this.post(session, snapshot.body);
      snapshot.taken();
    } catch {
      // its events are in the outbox all the same
    }
  }
}

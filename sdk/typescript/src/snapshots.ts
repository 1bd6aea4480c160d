// Snapshots of the sessions that change, now and then, and at their end.
//
// Owns when. They come beside the events, and are never in their way: one that fails is tried again at the next turn.

import { Bell } from './bell.js';
import type { SnapshotBody } from './events.js';
import type { Session } from './session.js';

export class Snapshots {
  readonly #sessions = new Set<Session>();
  readonly #timer: ReturnType<typeof setInterval>;
  #running: Promise<void> = Promise.resolve();

  constructor(
    every: number,
    private readonly post: (session: Session, body: SnapshotBody) => Promise<unknown>,
    private readonly isConnected: () => boolean,
  ) {
    this.#timer = setInterval(() => void this.#turn(), every);
    (this.#timer as { unref?: () => void }).unref?.();
  }

  watch(session: Session): void {
    this.#sessions.add(session);
  }

  unwatch(session: Session): void {
    this.#sessions.delete(session);
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

  #turn(only?: Session): Promise<void> {
    // one at a time
    this.#running = this.#running.then(async () => {
      for (const session of only ? [only] : [...this.#sessions]) await this.#take(session);
    });
    return this.#running;
  }

  async #take(session: Session): Promise<void> {
    const snapshot = this.isConnected() ? session.transcript.take() : undefined;
    if (snapshot === undefined) return;
    try {
      await this.post(session, snapshot.body);
      snapshot.taken();
    } catch {
      // its events are in the outbox all the same
    }
  }
}

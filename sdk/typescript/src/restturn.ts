// A while in which events go over REST.
//
// Owns the size of a request. One request at a time, in order; what a request does not settle waits in the queue again.

import type { Bell } from './bell.js';
import { passes } from './queue.js';
import { postEvents, type Answer, type Place } from './rest.js';
import type { Surroundings } from './sender.js';
import type { EventsAnswer } from './events.js';

const EVENTS = 500;
/** A connection that breaks soon shall have brought something, too. */
const FIRST_EVENTS = 1;
const BYTES = 1 << 20;
/** In batches, events that come soon go with those that are there. */
const GATHER_MS = 500;
const HOLD_MS = 1000;

type No = Exclude<Answer<EventsAnswer>, { kind: 'ok' }>;

export class RestTurn {
  worked = false;
  #most = FIRST_EVENTS;

  constructor(
    private readonly with_: Surroundings,
    private readonly place: Place,
    private readonly bell: Bell,
    private readonly isClosed: () => boolean,
  ) {}

  /** Ends where nobody answers or nobody may connect, which it gives back, or at this time. */
  async run(until: number): Promise<No | undefined> {
    const { queue, mode, fetch, changed } = this.with_;
    changed({ transport: 'rest' });
    let isNew = true;
    while (!this.isClosed() && Date.now() < until) {
      queue.reconnected();
      if (queue.ready === 0 && !isNew) {
        await this.bell.wait(until - Date.now());
        if (mode === 'batch') await this.#rest(GATHER_MS);
        continue;
      }
      // nothing, at first: whether anybody is there
      const items = queue.take(this.#most, BYTES);
      const answer = await postEvents(
        fetch,
        this.place,
        items.map((item) => item.text),
      );
      isNew = false;
      if (answer.kind === 'ok') {
        this.worked = true;
        changed({ connection: 'connected', lastError: undefined });
        await this.#settle(answer.value, items.length);
      } else if (answer.kind === 'away' || answer.status === 401 || answer.status === 403) {
        queue.reconnected();
        return answer;
      } else {
        await this.#refused(answer, items.length);
      }
    }
    return undefined;
  }

  async #settle(answer: EventsAnswer, sent: number): Promise<void> {
    const { queue, settled, warned } = this.with_;
    if (sent === 0) return;
    for (let i = 0; i < sent; i++) {
      const result = answer.results[i];
      if (result?.warning)
        warned(queue.item(1, i), { code: result.warning, message: result.message ?? result.warning });
      if (result?.status === 'recorded' || result?.status === 'duplicate') continue;
      const code = result?.code ?? 'overloaded';
      queue.judge(1, i, { code, message: result?.message ?? code });
    }
    const done = queue.ack(1);
    settled(done);
    if (done.again > 0) await this.#rest(HOLD_MS);
    else if (this.#most < EVENTS) this.#most = Math.min(EVENTS, this.#most * 2);
  }

  /** The whole request was refused. */
  async #refused(answer: Extract<No, { kind: 'refused' }>, sent: number): Promise<void> {
    const { queue, changed, settled } = this.with_;
    const { code, message } = answer;
    if (passes(code) || answer.status >= 500 || answer.status === 429 || sent === 0) {
      changed({ connection: code === 'paused' ? 'paused' : 'waiting', lastError: message });
      await this.#rest(answer.retryMs);
    } else if (sent > 1) {
      // one of them may be the reason: the others shall not suffer
      this.#most = Math.max(1, sent >> 1);
    } else {
      queue.judge(1, undefined, { code, message });
      settled(queue.ack(1));
    }
  }

  /** Waits, whatever comes meanwhile; not past the end. */
  async #rest(ms: number): Promise<void> {
    const end = Date.now() + ms;
    while (!this.isClosed() && Date.now() < end) await this.bell.wait(end - Date.now());
  }
}

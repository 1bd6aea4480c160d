// One session, read in parts and kept up to date while it is on show.
//
// Owns which parts are read when: first those that are looked at, then the rest, then what changes. Never reads again what did not
// change. How often it reads depends on how long a reading takes, so that a session that is being recorded does not keep the recorder
// busy.

import { untrack } from 'svelte';
import {
  api,
  follow,
  isGone,
  type ApiError,
  type Delta,
  type ItemsPage,
  type SessionDetail,
} from '../../lib/api';
import { onLive } from '../../lib/stores';
import { Parts } from './parts';
import { Streaming } from './streaming';
import { weave, type Entry } from './transcript';

const FIRST_PART = 200;
const PART = 1_000;
/** Longer sessions are read where they are looked at only. */
const READ_WHOLE = 100_000;
const LEAST_PAUSE_MS = 250;
const WEAVE_MS = 250;
const PAINT_MS = 50;
/** After so long without more text, what was read is all there is. */
const SETTLE_MS = 2_500;

type Timer = 'read' | 'weave' | 'paint' | 'settle';

export class SessionStore {
  readonly id: string;
  detail = $state.raw<SessionDetail | undefined>();
  entries = $state.raw<readonly Entry[]>([]);
  error = $state.raw<ApiError | undefined>();
  loading = $state(true);
  deleted = $state(false);
  /** All items were read: finding looks at everything. */
  complete = $state(false);
  /** Other events that are only in the export. */
  leftOut = $state(0);

  #at: number | undefined;
  #parts = new Parts();
  #streaming = new Streaming();
  #woven: readonly Entry[] = [];
  #revision = 0;
  #ended = new AbortController();
  #reading = false;
  #again = false;
  #took = 0;
  #filling = false;
  #wanted: [from: number, to: number] | undefined;
  #timers: Partial<Record<Timer, ReturnType<typeof setTimeout>>> = {};
  #deltas: { stop: () => void } | undefined;

  /** `at`: the position that is looked for, where one is. */
  constructor(id: string, at?: number) {
    this.id = id;
    this.#at = at !== undefined && at >= 1 ? at : undefined;
  }

  follow(): () => void {
    const forget = onLive({
      event: (event) => {
        if (event.type === 'changed' && event.session_ids.includes(this.id)) this.#soon();
        if (event.type !== 'lifecycle') return;
        const told = event.event;
        if (told.kind === 'deleted' && told.session_id === this.id) this.deleted = true;
        else if ('session_id' in told && told.session_id === this.id) this.#soon();
        else if ('session_ids' in told && told.session_ids.includes(this.id)) this.#soon();
        else if (told.kind === 'dropped' && told.sessions.includes(this.id)) this.#soon();
      },
      resync: () => this.#soon(),
    });
    // whoever follows does not begin again because of what was read
    untrack(() => void this.read());
    return () => {
      forget();
      this.#deltas?.stop();
      for (const timer of Object.values(this.#timers)) clearTimeout(timer);
      this.#ended.abort();
    };
  }

  /** Reads the session, or what changed since it was read. */
  async read(): Promise<void> {
    this.#clear('read');
    if (this.#reading) {
      this.#again = true;
      return;
    }
    this.#reading = true;
    this.#again = false;
    const began = performance.now();
    const error = this.detail ? await this.#update() : await this.#open();
    this.#took = performance.now() - began;
    this.#reading = false;
    this.loading = false;
    if (this.#ended.signal.aborted) return;
    this.error = error;
    if (error && isGone(error) && this.detail) this.deleted = true;
    if (this.#again) this.#soon();
  }

  /** Takes what the session is by now, such as the answer to a change; what was said comes with the next reading. */
  put(detail: SessionDetail): void {
    this.detail = detail;
    this.#parts.markReplayed(detail.interruptions.flatMap((gap) => gap.replayed_positions ?? []));
    this.#listen(detail.state === 'recording');
    this.#weaveSoon();
  }

  /** These positions are looked at: they are read before others. */
  want(from: number, to: number): void {
    if (this.#parts.firstUnread(from, to) === undefined) return;
    this.#wanted = [from, to];
    void this.#fill();
  }

  /** Reads all that was not read yet. */
  async readAll(): Promise<void> {
    while (!this.#parts.complete && !this.#ended.signal.aborted) {
      if (!(await this.#readPart(this.#parts.firstUnread() ?? 1))) break;
    }
    this.#weave();
  }

  async #open(): Promise<ApiError | undefined> {
    const { signal } = this.#ended;
    const head = await api.getSession(this.id, signal);
    if (!head.ok) return head.error;
    const first = await api.items(this.id, this.#firstPart(head.value), signal);
    if (!first.ok) return first.error;
    this.#parts = new Parts(head.value.items);
    this.leftOut = 0;
    // of the head, not of the part: what changed between the two comes once more, which does no harm
    this.#revision = head.value.revision ?? 0;
    this.#take(first.value);
    this.put(head.value);
    this.#weave();
    void this.#fill();
    return undefined;
  }

  #firstPart(head: SessionDetail): Parameters<typeof api.items>[1] {
    if (this.#at !== undefined) return { from: Math.max(1, this.#at - FIRST_PART / 2), limit: FIRST_PART };
    if (head.state === 'recording') return { before: (head.items ?? 0) + 1, limit: FIRST_PART };
    return { from: 1, limit: FIRST_PART };
  }

  async #update(): Promise<ApiError | undefined> {
    const { signal } = this.#ended;
    const [head, changes] = await Promise.all([
      api.getSession(this.id, signal),
      api.items(this.id, { changed_since: this.#revision, limit: PART }, signal),
    ]);
    if (!head.ok) return head.error;
    if (!changes.ok) {
      const gone = changes.error.kind === 'refused' && changes.error.status === 410;
      return gone ? this.#open() : changes.error;
    }
    let page: ItemsPage = changes.value;
    this.#take(page);
    while (page.next_from) {
      const more = await api.items(
        this.id,
        { changed_since: this.#revision, from: page.next_from, limit: PART },
        signal,
      );
      if (!more.ok) return more.error;
      page = more.value;
      this.#take(page);
    }
    this.#revision = changes.value.revision;
    this.put(head.value);
    this.#weave();
    void this.#fill();
    return undefined;
  }

  /** Reads what is looked at, then the rest, one part after the other. */
  async #fill(): Promise<void> {
    if (this.#filling) return;
    this.#filling = true;
    for (;;) {
      const whole = this.#parts.placed.length <= READ_WHOLE;
      const looked = this.#wanted && this.#parts.firstUnread(...this.#wanted);
      const next = looked ?? (whole ? this.#parts.firstUnread() : undefined);
      this.#wanted = undefined;
      if (next === undefined || !(await this.#readPart(next))) break;
      if (looked !== undefined || this.#parts.complete) this.#weave();
      else this.#weaveSoon();
    }
    this.#filling = false;
  }

  /** False where nothing more can be read now. */
  async #readPart(from: number): Promise<boolean> {
    const parts = this.#parts;
    const answer = await api.items(this.id, { from, limit: PART }, this.#ended.signal);
    if (!answer.ok || this.#ended.signal.aborted) return false;
    // all of it was begun anew meanwhile
    if (parts !== this.#parts) return true;
    this.#take(answer.value);
    return parts.firstUnread(from, from) === undefined;
  }

  #take(page: ItemsPage): void {
    this.#parts.take(page);
    for (const item of page.items) if (item.kind === 'message') this.#streaming.settle(item);
    this.leftOut += page.others_left_out ?? 0;
  }

  #weaveSoon(): void {
    // drawing a long session anew takes its time, and somebody may be scrolling
    const wait = Math.max(WEAVE_MS, this.#parts.placed.length / 25);
    this.#timers.weave ??= setTimeout(() => this.#weave(), wait);
  }

  #weave(): void {
    this.#clear('weave');
    if (!this.detail) return;
    this.#woven = weave(this.#parts.placed, this.detail, this.#parts.others);
    this.complete = this.#parts.complete;
    this.#paint();
  }

  #paint(): void {
    this.#clear('paint');
    this.entries = this.#streaming.over(this.#woven, (id) => this.#parts.positionOf(id));
  }

  /** While it is being recorded, words come before they are in the database. */
  #listen(recording: boolean): void {
    if (!recording) this.#deltas?.stop();
    if (!recording) this.#deltas = undefined;
    else
      this.#deltas ??= follow(
        { event: (event) => event.type === 'delta' && this.#hear(event), link: () => undefined },
        [this.id],
      );
  }

  #hear(delta: Delta): void {
    if (delta.session_id !== this.id) return;
    const position = this.#parts.positionOf(delta.message_id);
    const read = position === undefined ? undefined : this.#parts.messageAt(position);
    this.#streaming.add(delta, read, Date.now());
    this.#timers.paint ??= setTimeout(() => this.#paint(), PAINT_MS);
    this.#clear('settle');
    this.#timers.settle = setTimeout(() => void this.#settle(), SETTLE_MS);
  }

  async #settle(): Promise<void> {
    const began = Date.now();
    await this.read();
    if (this.error || this.#ended.signal.aborted) return;
    this.#streaming.forgetBefore(began);
    this.#paint();
  }

  #soon(): void {
    if (this.#reading) this.#again = true;
    else this.#timers.read ??= setTimeout(() => void this.read(), Math.max(LEAST_PAUSE_MS, 3 * this.#took));
  }

  #clear(name: Timer): void {
    clearTimeout(this.#timers[name]);
    delete this.#timers[name];
  }
}

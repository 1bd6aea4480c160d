// One session, read whole and kept up to date while it is on show.
//
// Owns reading it again when the recorder says that it changed. How often depends on how long a reading takes, so that a long session
// that is being recorded does not keep the recorder busy.

import { api, type ApiError, type SessionDetail, type StoredEvent } from '../../lib/api';
import { onLive } from '../../lib/stores';
import { entries, joinOthers, placeHoles, type Entry, type Hole } from './transcript';

const LEAST_PAUSE_MS = 250;
/** While an answer streams, words are wanted sooner than the database tells of them. */
const STREAM_MS = 500;
const STREAM_STOPS_MS = 10_000;
const CHEAP_MS = 120;
const HOLE_PAGES = 20;

export class SessionStore {
  readonly id: string;
  detail = $state.raw<SessionDetail | undefined>();
  entries = $state.raw<readonly Entry[]>([]);
  error = $state.raw<ApiError | undefined>();
  loading = $state(true);
  deleted = $state(false);

  #holes: readonly Hole[] = [];
  #holesOf = '';
  #ended = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #reading = false;
  #again = false;
  #took = 0;
  #changedAt = 0;

  constructor(id: string) {
    this.id = id;
  }

  follow(): () => void {
    const forget = onLive({
      event: (event) => {
        if (event.type === 'changed' && event.session_ids.includes(this.id)) this.#soon();
        if (event.type !== 'lifecycle') return;
        const told = event.event;
        if (told.kind === 'deleted' && told.session_id === this.id) this.deleted = true;
        else if ('session_id' in told && told.session_id === this.id) this.#soon();
        else if ('sessions' in told && Array.isArray(told.sessions) && told.sessions.includes(this.id))
          this.#soon();
        else if (told.kind === 'recovered' && told.session_ids.includes(this.id)) this.#soon();
      },
      resync: () => this.#soon(),
    });
    void this.read();
    return () => {
      forget();
      clearTimeout(this.#timer);
      this.#ended.abort();
    };
  }

  #soon(wait = Math.max(LEAST_PAUSE_MS, 3 * this.#took)): void {
    if (this.#reading) this.#again = true;
    else this.#timer ??= setTimeout(() => void this.read(), wait);
  }

  async read(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#reading) return;
    this.#reading = true;
    this.#again = false;
    const begun = performance.now();
    const answer = await api.getSession(this.id, this.#ended.signal);
    this.#took = performance.now() - begun;
    this.#reading = false;
    this.loading = false;
    if (this.#ended.signal.aborted) return;
    if (answer.ok) this.put(answer.value);
    else {
      this.error = answer.error;
      if (answer.error.kind === 'refused' && answer.error.status === 404 && this.detail) this.deleted = true;
    }
    if (this.#again) this.#soon();
    else if (this.#streaming() && this.#took < CHEAP_MS && !document.hidden) this.#soon(STREAM_MS);
  }

  /** Takes the session as it is now. */
  put(detail: SessionDetail): void {
    this.error = undefined;
    if (detail.event_count !== this.detail?.event_count) this.#changedAt = Date.now();
    this.detail = detail;
    this.#build();
    const holes = JSON.stringify(detail.missing);
    if (holes !== this.#holesOf) {
      this.#holesOf = holes;
      void this.#findHoles(detail);
    }
  }

  #build(): void {
    if (this.detail) this.entries = joinOthers(entries(this.detail, this.#holes));
  }

  #streaming(): boolean {
    const { detail } = this;
    if (detail?.state !== 'recording' || detail.messages.at(-1)?.partial !== true) return false;
    return Date.now() - this.#changedAt < STREAM_STOPS_MS;
  }

  /** The recorder says which `seq` are missing; the events beside them say when that was. */
  async #findHoles(detail: SessionDetail): Promise<void> {
    const events: StoredEvent[] = [];
    let cursor: string | undefined;
    for (let page = 0; page < HOLE_PAGES && detail.missing.length > 0; page += 1) {
      const answer = await api.listEvents(this.id, { cursor, limit: 1_000 }, this.#ended.signal);
      if (!answer.ok) return;
      events.push(...answer.value.events);
      cursor = answer.value.next_cursor ?? undefined;
      if (cursor === undefined) break;
    }
    this.#holes = placeHoles(detail.missing, events);
    this.#build();
  }
}

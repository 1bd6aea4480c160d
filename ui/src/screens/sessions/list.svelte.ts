// The sessions that fit the filters, page by page, and kept up to date.
//
// Owns what is loaded. Never moves what is on show under the reader's eyes: while the list is scrolled, news wait (`waiting`).

import { api, type ApiError, type SearchHit, type SessionSort, type SessionSummary } from '../../lib/api';
import { onLive } from '../../lib/stores';
import { bySession } from './excerpts';
import { toQuery, type Filters } from './filters';
import { inPlace, renew } from './rows';

const FIRST_PAGE = 100;
const LARGEST_PAGE = 1_000;
const NEWS_MS = 1_000;
const HITS = 300;
const HITS_SHOWN = 3;
/** Sessions that are asked for their hits at the same time. */
const HITS_AT_ONCE = 4;

export class SessionList {
  sessions = $state.raw<readonly SessionSummary[]>([]);
  total = $state(0);
  /** The first page of these filters has not come yet. */
  loading = $state(true);
  more = $state(false);
  error = $state.raw<ApiError | undefined>();
  hits = $state.raw<ReadonlyMap<string, SearchHit[]>>(new Map());
  /** Changes that wait until the reader is at the top. */
  waiting = $state(0);
  /** The list is at its top, so news may move it. */
  atTop = true;

  #filters: Filters | undefined;
  #cursor: string | undefined;
  #pages = 0;
  #asked = new AbortController();
  #fetching = false;
  #news: ReturnType<typeof setTimeout> | undefined;
  #again = false;
  #wanted: string[] = [];
  #lookingUp = 0;

  get sort(): SessionSort {
    return this.#filters?.sort ?? 'recent';
  }

  /** Follows the recorder until the returned function is called. */
  follow(): () => void {
    const news = (): void => {
      this.#news ??= setTimeout(() => {
        this.#news = undefined;
        void this.refresh();
      }, NEWS_MS);
    };
    const forget = onLive({
      event: (event) => {
        if (event.type === 'changed' || (event.type === 'lifecycle' && event.event.kind !== 'connected'))
          news();
      },
      resync: news,
    });
    return () => {
      forget();
      clearTimeout(this.#news);
      this.#news = undefined;
      this.#asked.abort();
    };
  }

  /** Shows what fits these filters; what is on show stays until it is there. */
  async show(filters: Filters): Promise<void> {
    this.#asked.abort();
    this.#asked = new AbortController();
    const { signal } = this.#asked;
    this.#wanted = [];
    const changed = this.#filters !== undefined;
    this.#filters = filters;
    this.#fetching = false;
    if (!changed) this.loading = true;
    const [page, found] = await Promise.all([
      api.listSessions(toQuery(filters, Date.now()), { limit: FIRST_PAGE }, signal),
      filters.q.trim() === '' ? undefined : api.search(filters.q.trim(), { limit: HITS }, signal),
    ]);
    if (signal.aborted) return;
    this.loading = false;
    this.waiting = 0;
    if (!page.ok) {
      this.error = page.error;
      if (page.error.kind === 'refused') this.sessions = [];
      return;
    }
    this.error = undefined;
    this.hits = found?.ok ? bySession(found.value.hits, HITS_SHOWN) : new Map<string, SearchHit[]>();
    this.sessions = page.value.sessions;
    this.total = page.value.total;
    this.#cursor = page.value.next_cursor ?? undefined;
    this.more = this.#cursor !== undefined;
    this.#pages = 1;
  }

  async loadMore(): Promise<void> {
    if (this.#fetching || !this.#filters || this.#cursor === undefined) return;
    this.#fetching = true;
    const { signal } = this.#asked;
    const limit = Math.min(FIRST_PAGE * 2 ** this.#pages, LARGEST_PAGE);
    const page = await api.listSessions(
      toQuery(this.#filters, Date.now()),
      { cursor: this.#cursor, limit },
      signal,
    );
    if (signal.aborted) return;
    this.#fetching = false;
    if (!page.ok) return;
    const known = new Set(this.sessions.map((session) => session.session_id));
    this.sessions = [...this.sessions, ...page.value.sessions.filter((s) => !known.has(s.session_id))];
    this.total = page.value.total;
    this.#cursor = page.value.next_cursor ?? undefined;
    this.more = this.#cursor !== undefined;
    this.#pages += 1;
  }

  /** Reads the first page again. */
  async refresh(): Promise<void> {
    const filters = this.#filters;
    if (!filters || this.loading) return;
    if (this.error) return this.show(filters);
    const { signal } = this.#asked;
    const page = await api.listSessions(toQuery(filters, Date.now()), { limit: FIRST_PAGE }, signal);
    if (signal.aborted || !page.ok) return;
    this.total = page.value.total;
    const more = page.value.next_cursor !== null && page.value.next_cursor !== undefined;
    if (this.atTop || this.#again) {
      this.#again = false;
      this.waiting = 0;
      this.sessions = renew(this.sessions, page.value.sessions, more, filters.sort);
      if (!more || this.#cursor === undefined) this.#cursor = page.value.next_cursor ?? undefined;
      this.more = this.#cursor !== undefined;
    } else {
      const { list, moved } = inPlace(this.sessions, page.value.sessions);
      this.sessions = list;
      this.waiting = moved;
    }
  }

  /** Looks for what the search found in a session that is on show: the best hits of all may lie in others. */
  wantHits(id: string): void {
    if (!this.#filters || this.#filters.q.trim() === '' || this.hits.has(id) || this.#wanted.includes(id))
      return;
    // the last ones are those on show
    this.#wanted = [...this.#wanted.slice(-24), id];
    void this.#lookUp();
  }

  async #lookUp(): Promise<void> {
    if (this.#lookingUp >= HITS_AT_ONCE) return;
    const id = this.#wanted.pop();
    const q = this.#filters?.q.trim();
    if (id === undefined || !q) return;
    this.#lookingUp += 1;
    const { signal } = this.#asked;
    const answer = await api.search(q, { session: id, limit: HITS_SHOWN }, signal);
    this.#lookingUp -= 1;
    if (!signal.aborted && answer.ok) {
      const found = bySession(answer.value.hits, HITS_SHOWN).get(id) ?? [];
      this.hits = new Map([...this.hits, [id, found]]);
    }
    void this.#lookUp();
  }

  /** Brings in what waits. */
  catchUp(): void {
    this.#again = true;
    void this.refresh();
  }

  /** Takes a session as it is now, such as the answer to a change. */
  put(session: SessionSummary): void {
    this.sessions = this.sessions.map((old) => (old.session_id === session.session_id ? session : old));
  }
}

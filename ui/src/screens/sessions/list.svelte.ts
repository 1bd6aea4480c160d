// The sessions that fit the filters, page by page, and kept up to date.
//
// Owns what is loaded. Never moves what is on show under the reader's eyes: while the list is scrolled, news wait (`waiting`).

import { api, type ApiError, type SessionQuery, type SessionSummary } from '../../lib/api';
import { onLive } from '../../lib/stores';
import { toQuery, type Filters } from './filters';
import { inPlace, renew } from './rows';

const FIRST_PAGE = 100;
const LARGEST_PAGE = 1_000;
/** With excerpts a page is shorter. */
const LARGEST_FOUND = 200;
const NEWS_MS = 1_000;
/** Places that a search found, with each session. */
const EXCERPTS = 3;
/** So many are asked for by their ids in one call. */
const BY_ID = 100;

export class SessionList {
  sessions = $state.raw<readonly SessionSummary[]>([]);
  total = $state(0);
  /** The filters that `sessions` and `total` are the answer to. */
  of = $state.raw<Filters | undefined>();
  /** The first page of these filters has not come yet. */
  loading = $state(true);
  more = $state(false);
  error = $state.raw<ApiError | undefined>();
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
  #stale = new Set<string>();

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
        if (event.type === 'changed') for (const id of event.session_ids) this.#stale.add(id);
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

  /** Shows what fits these filters; what is on show stays until it is there. False: it did not come, or is not wanted any more. */
  async show(filters: Filters): Promise<boolean> {
    this.#asked.abort();
    this.#asked = new AbortController();
    const { signal } = this.#asked;
    if (this.#filters === undefined) this.loading = true;
    this.#filters = filters;
    this.#fetching = false;
    const page = await api.listSessions(queryOf(filters), { limit: FIRST_PAGE }, signal);
    if (signal.aborted) return false;
    this.loading = false;
    this.waiting = 0;
    if (!page.ok) {
      this.error = page.error;
      if (page.error.kind === 'refused') this.sessions = [];
      return false;
    }
    this.error = undefined;
    this.sessions = page.value.sessions;
    this.total = page.value.total;
    this.of = filters;
    this.#take(page.value.next_cursor);
    this.#pages = 1;
    return true;
  }

  async loadMore(): Promise<void> {
    if (this.#fetching || !this.#filters || this.#cursor === undefined) return;
    this.#fetching = true;
    const { signal } = this.#asked;
    const most = this.#filters.q === '' ? LARGEST_PAGE : LARGEST_FOUND;
    const limit = Math.min(FIRST_PAGE * 2 ** this.#pages, most);
    const page = await api.listSessions(queryOf(this.#filters), { cursor: this.#cursor, limit }, signal);
    if (signal.aborted) return;
    this.#fetching = false;
    if (!page.ok) return;
    const known = new Set(this.sessions.map((session) => session.session_id));
    this.sessions = [...this.sessions, ...page.value.sessions.filter((s) => !known.has(s.session_id))];
    this.total = page.value.total;
    this.#take(page.value.next_cursor);
    this.#pages += 1;
  }

  /** Reads the first page again, and what changed further down. */
  async refresh(): Promise<void> {
    const filters = this.#filters;
    if (!filters || this.loading) return;
    if (this.error) {
      await this.show(filters);
      return;
    }
    const { signal } = this.#asked;
    const page = await api.listSessions(queryOf(filters), { limit: FIRST_PAGE }, signal);
    if (signal.aborted || !page.ok) return;
    const fresh = page.value.sessions;
    this.total = page.value.total;
    if (this.atTop || this.#again) {
      this.#again = false;
      this.waiting = 0;
      const more = typeof page.value.next_cursor === 'string';
      this.sessions = renew(this.sessions, fresh, more, filters.sort);
      if (!more || this.#cursor === undefined) this.#take(page.value.next_cursor);
    } else {
      const { list, moved } = inPlace(this.sessions, fresh);
      this.sessions = list;
      this.waiting = moved;
    }
    await this.#renewStale(new Set(fresh.map((session) => session.session_id)), filters, signal);
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

  /** What changed and is not on the first page keeps its place; what does not fit any more goes. */
  async #renewStale(fresh: ReadonlySet<string>, filters: Filters, signal: AbortSignal): Promise<void> {
    const stale = this.#stale;
    this.#stale = new Set();
    const shown = this.sessions.map((session) => session.session_id);
    const ids = shown.filter((id) => stale.has(id) && !fresh.has(id)).slice(0, BY_ID);
    if (ids.length === 0) return;
    const answer = await api.sessionsById(ids, queryOf(filters), signal);
    if (signal.aborted || !answer.ok) return;
    const now = new Map(answer.value.sessions.map((session) => [session.session_id, session]));
    this.sessions = this.sessions.flatMap((old) => {
      if (!ids.includes(old.session_id)) return [old];
      const renewed = now.get(old.session_id);
      return renewed ? [renewed] : [];
    });
  }

  #take(cursor: string | null | undefined): void {
    this.#cursor = cursor ?? undefined;
    this.more = this.#cursor !== undefined;
  }
}

function queryOf(filters: Filters): SessionQuery {
  const query = toQuery(filters, Date.now());
  return query.q === undefined ? query : { ...query, excerpts: EXCERPTS };
}

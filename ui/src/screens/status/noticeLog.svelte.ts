// The notices that fit a search: the newest, older ones on demand, new ones as they happen.
//
// Owns the pages and their order (newest first). Invariant: no notice stands twice, and one that was there is not lost when it reads again.

import { api, type ApiError, type Notice } from '../../lib/api';
import { onLive } from '../../lib/stores';

const PAGE = 100;
const SOON_MS = 300;

/** What they are narrowed to. */
export interface NoticeQuery {
  q?: string;
  /** Kinds, parted by commas. */
  kind?: string;
}

export class NoticeLog {
  #all = $state.raw<readonly Notice[]>([]);
  #cursor: string | undefined;
  #more = $state(false);
  #loading = $state(false);
  #error = $state.raw<ApiError | undefined>();
  #read = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #query: NoticeQuery = {};
  #asked = new AbortController();

  get all(): readonly Notice[] {
    return this.#all;
  }

  /** There are older ones. */
  get more(): boolean {
    return this.#more;
  }

  get loading(): boolean {
    return this.#loading;
  }

  /** It was read once. */
  get read(): boolean {
    return this.#read;
  }

  get error(): ApiError | undefined {
    return this.#error;
  }

  /** Reads, and follows what happens until the returned function is called. */
  follow(): () => void {
    const soon = (): void => {
      clearTimeout(this.#timer);
      this.#timer = setTimeout(() => void this.refresh(), SOON_MS);
    };
    const stop = onLive({ event: (event) => event.type === 'lifecycle' && soon(), resync: soon });
    return () => {
      stop();
      clearTimeout(this.#timer);
    };
  }

  /** Shows those that fit; what is on show stays until they are there. */
  async show(query: NoticeQuery): Promise<void> {
    this.#asked.abort();
    this.#asked = new AbortController();
    this.#query = query;
    this.#loading = false;
    await this.refresh(true);
  }

  async refresh(anew = false): Promise<void> {
    const { signal } = this.#asked;
    const answer = await api.notices({ ...this.#query, limit: PAGE }, signal);
    if (signal.aborted) return;
    this.#error = answer.ok ? undefined : answer.error;
    if (!answer.ok) return;
    const { notices, next_cursor } = answer.value;
    const first = anew || !this.#read;
    const gap = !first && !notices.some((one) => this.#all.some((old) => old.id === one.id));
    // more happened than fits one page: what lies between is not known, so it begins anew
    this.#all = first || gap ? notices : joined(notices, this.#all);
    if (first || gap) this.#take(next_cursor);
    this.#read = true;
  }

  async older(): Promise<void> {
    if (this.#loading || this.#cursor === undefined) return;
    this.#loading = true;
    const { signal } = this.#asked;
    const answer = await api.notices({ ...this.#query, limit: PAGE, cursor: this.#cursor }, signal);
    if (signal.aborted) return;
    this.#loading = false;
    this.#error = answer.ok ? undefined : answer.error;
    if (!answer.ok) return;
    this.#all = joined(this.#all, answer.value.notices);
    this.#take(answer.value.next_cursor);
  }

  #take(cursor: string | null | undefined): void {
    this.#cursor = cursor ?? undefined;
    this.#more = this.#cursor !== undefined;
  }
}

/** Newer ones, then those of the older that are not among them. */
export function joined(newer: readonly Notice[], older: readonly Notice[]): Notice[] {
  const known = (id: number): boolean => newer.some((one) => one.id === id);
  return [...newer, ...older.filter((one) => !known(one.id))].sort((a, b) => b.id - a.id);
}

// The notices that are loaded: the newest, older ones on demand, new ones as they happen.
//
// Owns the pages and their order (newest first). Invariant: no notice stands twice, and one that was there is not lost when it reads again.

import { api, type ApiError, type Notice } from '../../lib/api';
import { onLive } from '../../lib/stores';

const PAGE = 100;
const SOON_MS = 300;

export class NoticeLog {
  #all = $state.raw<readonly Notice[]>([]);
  #cursor: string | undefined;
  #more = $state(false);
  #loading = $state(false);
  #error = $state.raw<ApiError | undefined>();
  #read = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;

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
    void this.refresh();
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

  async refresh(): Promise<void> {
    const answer = await api.notices({ limit: PAGE });
    this.#error = answer.ok ? undefined : answer.error;
    if (!answer.ok) return;
    const { notices, next_cursor } = answer.value;
    const first = !this.#read;
    const gap = !first && !notices.some((one) => this.#all.some((old) => old.id === one.id));
    // more happened than fits one page: what lies between is not known, so it begins anew
    this.#all = first || gap ? notices : joined(notices, this.#all);
    if (first || gap) this.#take(next_cursor);
    this.#read = true;
  }

  async older(): Promise<void> {
    if (this.#loading || this.#cursor === undefined) return;
    this.#loading = true;
    const answer = await api.notices({ limit: PAGE, cursor: this.#cursor });
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

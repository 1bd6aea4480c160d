// The recorder's own interface, for feeding it and for asking it what a page claims.
//
// Owns requests of the test itself; the page under test makes its own. An answer that is not as asked for is thrown.

export interface ChatEvent {
  session_id: string;
  event_type: string;
  data?: Record<string, unknown>;
  timestamp?: string;
  seq?: number;
  event_id?: string;
}

export interface Summary {
  session_id: string;
  title?: string | null;
  state: string;
  message_count: number;
  tool_call_count: number;
  event_count: number;
  starred: boolean;
  tags: string[];
}

export interface Detail extends Summary {
  messages: { role: string; content: unknown; position: number; partial?: boolean; timestamp?: string }[];
  tool_calls: { name: string; position: number }[];
  interruptions: { since: string; until?: string | null; reason: string; replayed: number }[];
}

/** What was deleted for good. */
export interface Receipt {
  sessions: number;
  messages: number;
  bytes: number;
}

export interface Status {
  sessions: number;
  active_sessions: number;
  interrupted_sessions: number;
  /** How the following of editors' files stands. */
  follow: { state: 'off' | 'looking' | 'importing' | 'following'; live: number; importing: number };
}

export interface Facet {
  value: string;
  count: number;
}

export interface Listing {
  sessions: Summary[];
  total: number;
  next_cursor?: string | null;
}

const BATCH = 5_000;

export class Api {
  constructor(
    readonly address: string,
    /** Shown with every request, where callers have to. */
    readonly token?: string,
  ) {}

  async ask(method: string, path: string, body?: unknown): Promise<Response> {
    const headers: Record<string, string> = {};
    const init: RequestInit = { method, headers };
    if (this.token !== undefined) headers['authorization'] = `Bearer ${this.token}`;
    if (body !== undefined) {
      headers['content-type'] = 'application/json';
      init.body = JSON.stringify(body);
    }
    return fetch(this.address + path, init);
  }

  async json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await this.ask(method, path, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text.slice(0, 400)}`);
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  async answers(): Promise<boolean> {
    return (await this.ask('GET', '/api/recording/status').catch(() => undefined))?.ok === true;
  }

  /** Records these; every one of them has to be taken. */
  async record(events: readonly ChatEvent[]): Promise<void> {
    for (let at = 0; at < events.length; at += BATCH) {
      const part = events.slice(at, at + BATCH);
      const answer = await this.json<{ recorded: number; rejected: number }>(
        'POST',
        '/api/recording/events',
        part,
      );
      if (answer.rejected > 0) throw new Error(`${answer.rejected} of ${part.length} events were refused`);
    }
  }

  list(query = ''): Promise<Listing> {
    return this.json('GET', `/api/recording/sessions?state=all${query}`);
  }

  session(id: string): Promise<Detail> {
    return this.json('GET', `/api/recording/sessions/${encodeURIComponent(id)}`);
  }

  change(id: string, patch: Record<string, unknown>): Promise<unknown> {
    return this.json('PATCH', `/api/recording/sessions/${encodeURIComponent(id)}`, patch);
  }

  async isGone(id: string): Promise<boolean> {
    return (await this.ask('GET', `/api/recording/sessions/${encodeURIComponent(id)}`)).status === 404;
  }

  trash(...ids: string[]): Promise<{ trashed: string[]; purge_at: string }> {
    return this.json('POST', '/api/recording/trash', { session_ids: ids });
  }

  /** What lies in the trash. */
  async trashed(): Promise<string[]> {
    const { sessions } = await this.json<Listing>('GET', '/api/recording/trash');
    return sessions.map((one) => one.session_id);
  }

  facets(query = ''): Promise<Record<string, Facet[]>> {
    return this.json('GET', `/api/recording/sessions/facets?state=all${query}`);
  }

  status(): Promise<Status> {
    return this.json('GET', '/api/recording/status');
  }
}

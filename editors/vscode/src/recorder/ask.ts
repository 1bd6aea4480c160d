// What the recorder is asked: sessions, recovery, pause, a way into its page.
//
// Owns these calls and their time. Never records: that is the outlet's.

import { at, list, number, object, parse, text, type Json } from '../read/json';
import type { Where } from './where';

export type State = 'recording' | 'completed' | 'interrupted' | 'recovered';

export interface Session {
  id: string;
  title: string;
  state: State;
  messages: number;
  lastEventAt: number;
  live: boolean;
}

export interface Recovered {
  recovered: number;
  skipped: number;
}

const TIMEOUT_MS = 5_000;
const RECOVERY_MS = 120_000;
const MOST_SESSIONS = 200;

/** The recorder does not answer, or answers that it cannot. */
export class AskError extends Error {
  constructor(
    message: string,
    /** Its status, where it answered. */
    readonly status?: number,
  ) {
    super(message);
  }
}

export class Ask {
  constructor(private readonly where: () => Promise<Where>) {}

  async sessions(workspace: string): Promise<Session[]> {
    const query = new URLSearchParams({ workspace, state: 'all', limit: String(MOST_SESSIONS) });
    const page = await this.#call('GET', `/api/recording/sessions?${query.toString()}`);
    return list(at(page, 'sessions')).flatMap((session) => sessionOf(session) ?? []);
  }

  /** Whether the recorder has a session. */
  async knows(session: string): Promise<boolean> {
    const query = new URLSearchParams({ ids: encodeURIComponent(session), state: 'all', limit: '1' });
    const page = await this.#call('GET', `/api/recording/sessions?${query.toString()}`);
    return list(at(page, 'sessions')).length > 0;
  }

  async recover(sessions: string[]): Promise<Recovered> {
    const report = await this.#call(
      'POST',
      '/api/recording/recovery',
      { session_ids: sessions },
      RECOVERY_MS,
    );
    return { recovered: list(at(report, 'recovered')).length, skipped: list(at(report, 'skipped')).length };
  }

  async pause(): Promise<void> {
    await this.#call('POST', '/api/recording/pause', {});
  }

  async resume(): Promise<void> {
    await this.#call('POST', '/api/recording/resume', {});
  }

  /** An address that opens the page in a browser, once. */
  async page(): Promise<string> {
    const ticket = await this.#call('POST', '/api/ticket', {});
    return text(ticket, 'url') ?? (await this.where()).server;
  }

  async #call(method: 'GET' | 'POST', path: string, body?: Json, ms = TIMEOUT_MS): Promise<Json | undefined> {
    const { server, token } = await this.where();
    const headers: Record<string, string> = { accept: 'application/json' };
    if (body !== undefined) headers['content-type'] = 'application/json';
    if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
    const request: RequestInit = { method, headers, signal: AbortSignal.timeout(ms) };
    if (body !== undefined) request.body = JSON.stringify(body);
    const answer = await fetch(server + path, request).catch(() => undefined);
    if (answer === undefined)
      throw new AskError(`no recorder answers at ${server}; start it with "chasm serve"`);
    const said = parse(await answer.text().catch(() => ''));
    if (answer.ok) return said;
    throw new AskError(
      text(said, 'error', 'message') ?? `the recorder answered ${answer.status}`,
      answer.status,
    );
  }
}

function sessionOf(row: Json): Session | undefined {
  const id = text(row, 'session_id');
  const state = text(row, 'state');
  if (object(row) === undefined || id === undefined || !isState(state)) return undefined;
  return {
    id,
    title: text(row, 'title') ?? text(row, 'preview') ?? id,
    state,
    messages: number(row, 'message_count') ?? 0,
    lastEventAt: Date.parse(text(row, 'last_event_at') ?? ''),
    live: at(row, 'live') === true,
  };
}

function isState(state: string | undefined): state is State {
  return state === 'recording' || state === 'completed' || state === 'interrupted' || state === 'recovered';
}

// A session as this client has recorded it, for snapshots.
//
// Owns its messages, up to a number of bytes: a session that grows larger has no snapshots any more, its events alone are enough. Says
// whether something changed since the last snapshot that the recorder took.

import type { Content, Fields, SnapshotBody } from './events.js';
import { utf8Length } from './outbox/outbox.js';

type Message = SnapshotBody['messages'][number];

export class Transcript {
  #head: Fields = {};
  readonly #messages = new Map<string, Message>();
  /** What the application gave as the session; it knows better. */
  #given: SnapshotBody | undefined;
  #bytes = 0;
  #version = 0;
  #taken = 0;

  constructor(private readonly mostBytes: number) {}

  get isDirty(): boolean {
    return this.#version !== this.#taken && !this.isTooLarge;
  }

  get isTooLarge(): boolean {
    return this.#bytes > this.mostBytes;
  }

  apply(type: string, data: Fields, time: number | string): void {
    const timestamp = typeof time === 'number' ? new Date(time).toISOString() : time;
    if (type === 'session_start' || type === 'session_update') this.#describe(data);
    else if (type === 'message') this.#message(data, timestamp);
    else if (type === 'message_delta') this.#delta(data, timestamp);
    else return;
    this.#version += 1;
    if (this.isTooLarge) this.#messages.clear();
  }

  give(snapshot: SnapshotBody): void {
    this.#given = snapshot;
    this.#version += 1;
  }

  /** What a snapshot would say now, and what to call once it is taken. */
  take(): { body: SnapshotBody; taken: () => void } | undefined {
    if (!this.isDirty) return undefined;
    const version = this.#version;
    const body = this.#given ?? { ...this.#head, messages: [...this.#messages.values()] };
    if (body.messages.length === 0) return undefined;
    return { body, taken: () => (this.#taken = version) };
  }

  #describe(data: Fields): void {
    for (const key of ['title', 'provider', 'model', 'workspace'])
      if (typeof data[key] === 'string') this.#head[key] = data[key];
  }

  #message(data: Fields, timestamp: string): void {
    this.#given = undefined;
    const id = String(data['message_id']);
    const known = this.#messages.get(id);
    const { role, content, model, partial } = data as {
      role: Message['role'];
      content: Content;
      model?: string;
      partial?: boolean;
    };
    this.#bytes += utf8Length(typeof content === 'string' ? content : (JSON.stringify(content) ?? ''));
    const message: Message = { role, content, message_id: id, timestamp: known?.timestamp ?? timestamp };
    if (model !== undefined) message.model = model;
    if (partial !== undefined) message.partial = partial;
    if (!this.isTooLarge) this.#messages.set(id, message);
  }

  #delta(data: Fields, timestamp: string): void {
    this.#given = undefined;
    const id = String(data['message_id']);
    const delta = String(data['delta']);
    this.#bytes += utf8Length(delta);
    if (this.isTooLarge) return;
    const known = this.#messages.get(id);
    if (known === undefined) {
      const role = (data['role'] as Message['role'] | undefined) ?? 'assistant';
      this.#messages.set(id, { role, content: delta, message_id: id, timestamp, partial: true });
    } else if (typeof known.content === 'string') {
      this.#messages.set(id, { ...known, content: known.content + delta });
    }
  }
}

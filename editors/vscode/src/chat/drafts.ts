// The events of a chat's turns, before they are sent.
//
// Owns the mapping of turns and parts, and the order within a turn, which has only one time: each part of an answer has some
// microseconds of its own behind the prompt. A turn that has grown gives the same messages and calls by the same ids, at the same
// times: that is how the recorder knows them again, whoever else tells of them.

import type { Json, JsonObject } from '../read/json';
import type { Call } from './calls';
import type { Chat } from './chat';
import type { Part } from './parts';
import type { Micros } from './time';
import { isOpen, type Turn } from './turns';

export interface Draft {
  /** What it is about: a later draft of the same name is a newer version of the same thing. */
  name: string;
  type: string;
  at: Micros;
  data: JsonObject;
}

/** Microseconds that belong to one part of an answer. */
const SLOT_MICROS = 4;
const TYPE_CHARS = 64;

export function draftsOf(chat: Chat): Draft[] {
  return chat.turns.flatMap((turn) => new Pen(turn).write());
}

/** Writes the events of one turn. */
class Pen {
  readonly #drafts: Draft[] = [];
  #run: { place: number; content: { type: 'text' | 'thinking'; text: string }[] } | undefined;
  /** Runs written so far. */
  #runs = 0;

  constructor(private readonly turn: Turn) {}

  write(): Draft[] {
    this.#prompt();
    const { parts } = this.turn;
    parts.forEach((part, nth) =>
      this.#part(
        part,
        parts.slice(nth + 1).some((later) => later.what !== 'side'),
      ),
    );
    this.#close(true);
    this.#error();
    return this.#drafts.sort((one, other) => one.at - other.at);
  }

  #prompt(): void {
    const { id, at, prompt, attachments } = this.turn;
    const metadata = about(this.turn);
    if (prompt === '' && attachments.length === 0) {
      this.#draft(`u:${id}`, 'vscode.request', at, { message_id: id, metadata });
    } else {
      this.#draft(`u:${id}`, 'message', at, { role: 'user', content: prompt, message_id: id, metadata });
    }
  }

  #part(part: Part, followed: boolean): void {
    switch (part.what) {
      case 'text':
      case 'thinking':
        return this.#text(part.what, part.text, part.place);
      case 'call':
        this.#close(false);
        return this.#call(part.call, part.place, followed);
      case 'side': {
        const data = { message_id: this.turn.id, part: part.raw };
        return this.#draft(
          `p:${this.turn.id}/${part.place}`,
          sideType(part.kind),
          this.#at(part.place, 0),
          data,
        );
      }
    }
  }

  #text(type: 'text' | 'thinking', said: string, place: number): void {
    if (said === '') return;
    this.#run ??= { place, content: [] };
    const last = this.#run.content.at(-1);
    if (type === 'text' && last?.type === 'text') last.text += said;
    else this.#run.content.push({ type, text: said });
  }

  /** Writes what the model said since the last call. */
  #close(last: boolean): void {
    const run = this.#run;
    if (run === undefined) return;
    this.#run = undefined;
    const id = `${this.turn.id}/${this.#runs}`;
    this.#runs += 1;
    const [only] = run.content;
    const plain = run.content.length === 1 && only?.type === 'text';
    const content: Json = plain ? only.text : run.content.map(({ type, text }) => ({ type, [type]: text }));
    this.#answer(id, content, run.place, last && isOpen(this.turn), {});
  }

  #answer(id: string, content: Json, place: number, partial: boolean, metadata: JsonObject): void {
    const data: JsonObject = { role: 'assistant', content, message_id: id, partial };
    if (this.turn.model !== undefined) data['model'] = this.turn.model;
    if (Object.keys(metadata).length > 0) data['metadata'] = metadata;
    this.#draft(`a:${id}`, 'message', this.#at(place, 0), data);
  }

  #call(call: Call, place: number, followed: boolean): void {
    const data: JsonObject = { name: call.name, call_id: call.id };
    if (call.arguments !== undefined) data['arguments'] = call.arguments;
    if (this.#runs > 0) data['message_id'] = `${this.turn.id}/${this.#runs - 1}`;
    if (call.toolId !== undefined) data['tool_id'] = call.toolId;
    this.#draft(`c:${call.id}@${this.turn.id}`, 'tool_call', this.#at(place, 1), data);
    const over = this.turn.standing === 'complete' || followed;
    // the last tool of a turn that goes on: a result would say that nothing is awaited any more
    const awaited = isOpen(this.turn) && !followed;
    if (awaited || !(over || call.denied || call.output !== undefined)) return;
    const result: JsonObject = { name: call.name, call_id: call.id };
    if (call.output !== undefined) result['output'] = call.output;
    if (call.isError !== undefined) result['is_error'] = call.isError;
    if (call.durationMs !== undefined) result['duration_ms'] = call.durationMs;
    this.#draft(`r:${call.id}@${this.turn.id}`, 'tool_result', this.#at(place, 2), result);
  }

  #error(): void {
    const { standing, error, parts, id } = this.turn;
    const shown = standing === 'failed' || (standing === 'cancelled' && this.#runs === 0);
    const behind = (parts.at(-1)?.place ?? -1) + 2;
    if (error !== undefined && shown) this.#answer(`${id}/error`, error, behind, false, { error: true });
  }

  #at(place: number, nth: number): Micros {
    return this.turn.at + (place + 1) * SLOT_MICROS + nth;
  }

  #draft(name: string, type: string, at: Micros, data: JsonObject): void {
    this.#drafts.push({ name, type, at, data });
  }
}

/** What the user's message says of its turn. */
function about(turn: Turn): JsonObject {
  const metadata: JsonObject = { standing: turn.standing };
  if (turn.hidden) metadata['hidden'] = true;
  if (turn.attachments.length > 0) metadata['attachments'] = turn.attachments;
  if (turn.mode !== undefined) metadata['mode'] = turn.mode;
  if (Object.keys(turn.rest).length > 0) metadata['vscode'] = turn.rest;
  return metadata;
}

/** `vscode.KIND`, in the protocol's alphabet. */
function sideType(kind: string): string {
  const name = kind.replace(/(?<=[^._A-Z]|^)([A-Z])/g, (_, letter: string, place: number) =>
    place === 0 ? letter.toLowerCase() : `_${letter.toLowerCase()}`,
  );
  return `vscode.${name.toLowerCase().replace(/[^a-z0-9._]/g, '_')}`.slice(0, TYPE_CHARS);
}

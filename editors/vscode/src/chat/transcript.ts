// What Copilot wrote down of an agent's work (`GitHub.copilot-chat/transcripts/ID.jsonl`), as a chat.
//
// Owns its lines, and turns them into requests of the shape that session files have, so that both are read one way. Never the first
// source where there is a session file: it is flushed now and then, and its beginning may be missing.

import { at, list, object, text, type Json, type JsonObject } from '../read/json';
import { chatOf, type Chat } from './chat';
import { ofText, type Micros } from './time';

export class Transcript {
  readonly #turns: Told[] = [];
  #begun: Micros | undefined;

  /** Takes the next line; whether it was one. */
  line(line: Json | undefined): boolean {
    const fields = object(line);
    if (fields === undefined || typeof fields['type'] !== 'string') return false;
    const when = ofText(text(fields, 'timestamp'));
    this.#begun ??= when;
    const { type } = fields;
    if (type === 'session.start' && this.#turns.length === 0) return true;
    if (type === 'user.message' || this.#turns.length === 0) {
      this.#turns.push(new Told(fields, when ?? this.#turns.at(-1)?.until ?? this.#begun ?? 0));
    }
    this.#turns.at(-1)?.add(fields, when);
    return true;
  }

  /** The chat as far as it was told. */
  chat(id: string, modified: Micros): Chat {
    const requests = this.#turns.map((turn, nth) => turn.request(nth + 1 < this.#turns.length));
    const state: JsonObject = { requests };
    if (this.#begun !== undefined) state['creationDate'] = this.#begun / 1000;
    return chatOf(state, id, modified);
  }
}

/** One turn: a prompt, what the model said to it, the tools that it called. */
class Told {
  readonly #response: JsonObject[] = [];
  readonly #rounds: Json[] = [];
  readonly #results: JsonObject = {};
  #prompt = '';
  #ended = false;
  until: Micros;

  constructor(
    private readonly first: JsonObject,
    private readonly when: Micros,
  ) {
    this.until = when;
  }

  add(line: JsonObject, when: Micros | undefined): void {
    this.until = when ?? this.until;
    const { data } = line;
    switch (line['type']) {
      case 'user.message':
        this.#prompt = text(data, 'content') ?? '';
        return;
      case 'assistant.message':
        return this.#said(data);
      case 'tool.execution_start':
        return this.#started(data);
      case 'tool.execution_complete':
        return this.#completed(data);
      case 'assistant.turn_start':
      case 'assistant.turn_end':
        return;
      default:
        this.#response.push({ kind: 'transcript', line });
    }
  }

  #said(data: Json | undefined): void {
    const thought = text(data, 'reasoningText');
    if (thought !== undefined) this.#response.push({ kind: 'thinking', value: thought });
    const said = text(data, 'content');
    if (said !== undefined) this.#response.push({ value: said });
    const requests = list(at(data, 'toolRequests'));
    this.#ended = requests.length === 0;
    const calls = requests.map((call) => {
      const id = text(call, 'toolCallId') ?? '';
      const name = text(call, 'name') ?? '';
      this.#part(id, name);
      return { id, name, arguments: at(call, 'arguments') ?? null };
    });
    this.#rounds.push({ response: said ?? '', toolCalls: calls });
  }

  #started(data: Json | undefined): void {
    const id = text(data, 'toolCallId');
    if (id === undefined) return;
    this.#ended = false;
    const name = text(data, 'toolName') ?? '';
    this.#part(id, name);
    const isKnown = this.#rounds.some((round) =>
      list(at(round, 'toolCalls')).some((call) => text(call, 'id') === id),
    );
    if (isKnown) return;
    this.#rounds.push({ response: '', toolCalls: [{ id, name, arguments: at(data, 'arguments') ?? null }] });
  }

  #completed(data: Json | undefined): void {
    const id = text(data, 'toolCallId');
    if (id === undefined) return;
    const part = this.#part(id, '');
    part['isComplete'] = true;
    if (at(data, 'success') === false) part['resultDetails'] = { isError: true };
    const content = at(data, 'result', 'content') ?? at(data, 'error');
    if (content === undefined || content === null) return;
    const whole = typeof content === 'string' ? content : JSON.stringify(content);
    this.#results[id] = { content: Array.isArray(content) ? content : [{ value: whole }] };
  }

  /** The place of a call among the parts; made where the model's own request for it is missing. */
  #part(id: string, name: string): JsonObject {
    const known = this.#response.find((part) => part['toolCallId'] === id);
    if (known !== undefined) return known;
    const part: JsonObject = {
      kind: 'toolInvocationSerialized',
      toolCallId: id,
      toolId: name,
      isComplete: false,
    };
    this.#response.push(part);
    return part;
  }

  /** The turn as a session file would have it. Of the last one it may not be known whether the model was done. */
  request(followed: boolean): JsonObject {
    const over = this.#response.length > 0 && (this.#ended || followed);
    const request: JsonObject = {
      requestId: text(this.first, 'id') ?? '',
      timestamp: this.when / 1000,
      message: { text: this.#prompt },
    };
    if (this.#response.length === 0) return request;
    return {
      ...request,
      response: structuredClone(this.#response),
      modelState: { value: over ? 1 : 0 },
      result: { metadata: { toolCallRounds: this.#rounds, toolCallResults: this.#results } },
    };
  }
}

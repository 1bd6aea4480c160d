// A chat as one of its files has it: what is said of it as a whole, and its turns.
//
// Owns its id, title and beginning. Never reads a file. Ids are those that the recorder's own reader of these files uses.

import { at, list, number, text, type Json, type JsonObject } from '../read/json';
import { ofMillis, type Micros } from './time';
import { firstTime, isOpen, promptOf, turnsOf, type Turn } from './turns';

export interface Chat {
  id: string;
  title: string | undefined;
  model: string | undefined;
  startedAt: Micros;
  turns: Turn[];
}

/** Longest title that is made of a prompt, in characters. */
const TITLE_CHARS = 80;

/** Of a file's state. `name` is the file's, without its ending; `modified` is for a chat that has no time at all. */
export function chatOf(state: JsonObject, name: string, modified: Micros): Chat {
  const requests = list(state['requests']);
  const startedAt = begun(state, requests) ?? modified;
  return {
    id: chatId(state, name),
    title: titleOf(state, requests),
    model: requests.reduce<string | undefined>(
      (last, request) => text(request, 'modelId') ?? last,
      undefined,
    ),
    startedAt,
    turns: turnsOf(requests, startedAt),
  };
}

/** An answer is awaited, or was when the file was written. */
export function isUnfinished(chat: Chat): boolean {
  const last = chat.turns.at(-1);
  return last !== undefined && isOpen(last);
}

/** Names as the recorder takes them: no control characters, at most 256 bytes. */
export function isId(name: string): boolean {
  // eslint-disable-next-line no-control-regex
  return name !== '' && Buffer.byteLength(name) <= 256 && !/[\u0000-\u001f\u007f-\u009f]/.test(name);
}

function chatId(state: JsonObject, name: string): string {
  const inside = text(state, 'sessionId');
  return inside !== undefined && !isUuid(name) && isId(inside) ? inside : name;
}

function isUuid(name: string): boolean {
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(name);
}

function begun(state: JsonObject, requests: Json[]): Micros | undefined {
  const known = [ofMillis(number(state, 'creationDate')), firstTime(requests)].filter(
    (time) => time !== undefined,
  );
  return known.length > 0 ? Math.min(...known) : ofMillis(number(state, 'lastMessageDate'));
}

/** The title that was given to it, else the first line of the first prompt. */
function titleOf(state: JsonObject, requests: Json[]): string | undefined {
  const given = (text(state, 'customTitle') ?? text(state, 'computedTitle'))?.trim();
  if (given) return given;
  for (const request of requests) {
    const fields = at(request) as JsonObject | undefined;
    const line = fields && typeof fields === 'object' ? firstLine(promptOf(fields)) : undefined;
    if (line !== undefined) return line;
  }
  return undefined;
}

function firstLine(prompt: string): string | undefined {
  const line = prompt
    .split('\n')
    .map((part) => part.trim())
    .find((part) => part !== '');
  if (line === undefined) return undefined;
  const characters = [...line];
  return characters.length <= TITLE_CHARS ? line : `${characters.slice(0, TITLE_CHARS).join('').trimEnd()}…`;
}

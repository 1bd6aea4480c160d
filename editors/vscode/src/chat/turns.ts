// A chat of VS Code as turns: a prompt and what came of it.
//
// Owns where things stand in a request, in all versions of the format. Never trusts a type. Names and times of turns are those that
// the recorder's own reader of these files gives them, so that both tell of one chat.

import { createHash } from 'node:crypto';
import { at, list, number, object, text, type Json, type JsonObject } from '../read/json';
import { partsOf, type Part } from './parts';
import { ofMillis, type Micros } from './time';
import { addRounds } from './rounds';

export type Standing = 'unknown' | 'pending' | 'needs_input' | 'cancelled' | 'failed' | 'complete';

export interface Turn {
  id: string;
  at: Micros;
  prompt: string;
  attachments: string[];
  parts: Part[];
  model: string | undefined;
  mode: string | undefined;
  standing: Standing;
  error: string | undefined;
  /** Undone: the editor does not show it. */
  hidden: boolean;
  /** What else is worth keeping of the request. */
  rest: JsonObject;
}

/** Distances of turns that have no time of their own, and of those that have the same. */
const STEP_MICROS = 100_000;
const APART_MICROS = 1_000;
/** Fields of a request that are kept beside its prompt. */
const KEPT = ['agent', 'slashCommand', 'modelId', 'responseId', 'vote', 'elapsedMs'] as const;

/** An answer may still come, or would have come. */
export function isOpen(turn: Turn): boolean {
  return turn.standing === 'unknown' || turn.standing === 'pending' || turn.standing === 'needs_input';
}

export function turnsOf(requests: Json[], startedAt: Micros): Turn[] {
  const plan = planOf(requests, startedAt);
  return requests.flatMap((request, nth) => {
    const fields = object(request);
    const planned = plan[nth];
    return fields === undefined || planned === undefined ? [] : [turnOf(fields, planned.id, planned.at)];
  });
}

/** When the first request was made that says it. */
export function firstTime(requests: Json[]): Micros | undefined {
  for (const request of requests) {
    const own = ofMillis(number(request, 'timestamp'));
    if (own !== undefined) return own;
  }
  return undefined;
}

/** What was asked, in all versions of the format. */
export function promptOf(request: JsonObject): string {
  const message = request['message'];
  if (typeof message === 'string') return message;
  const whole = at(message, 'text');
  if (typeof whole === 'string') return whole;
  return list(at(message, 'parts'))
    .map((part) => text(part, 'text') ?? '')
    .join('');
}

function turnOf(request: JsonObject, id: string, when: Micros): Turn {
  const parts = partsOf(request['response'], id);
  addRounds(parts, at(request, 'result', 'metadata'), id);
  return {
    id,
    at: when,
    prompt: promptOf(request),
    attachments: list(at(request, 'variableData', 'variables')).flatMap(
      (variable) => text(variable, 'name') ?? text(variable, 'id') ?? [],
    ),
    parts,
    model: text(request, 'modelId'),
    mode: text(request, 'modeInfo', 'modeId') ?? text(request, 'modeInfo', 'kind'),
    standing: standingOf(request),
    error: text(errorOf(request), 'message'),
    hidden: isSet(request['isHidden']) || isSet(request['shouldBeRemovedOnSend']),
    rest: restOf(request),
  };
}

interface Planned {
  id: string;
  at: Micros;
}

/** Names and times of requests, in their order. Names are unique; times rise. */
function planOf(requests: Json[], startedAt: Micros): Planned[] {
  const seen = new Map<string, number>();
  let last: Micros | undefined;
  return requests.map((request, place) => {
    const name = nameOf(request) ?? `request-${place}`;
    const times = (seen.get(name) ?? 0) + 1;
    seen.set(name, times);
    const id = times > 1 ? `${name}+${times}` : name;
    if (request === null) return { id, at: last ?? startedAt };
    const own = ofMillis(number(request, 'timestamp'));
    const after = last === undefined ? startedAt : last + STEP_MICROS;
    last = own !== undefined && last !== undefined && own <= last ? last + APART_MICROS : (own ?? after);
    return { id, at: last };
  });
}

function nameOf(request: Json): string | undefined {
  const own = text(request, 'requestId') ?? text(request, 'id');
  const fields = object(request);
  if (own !== undefined || fields === undefined) return own;
  const prompt = promptOf(fields);
  if (prompt === '') return undefined;
  const hash = createHash('sha256')
    .update(`${number(request, 'timestamp') ?? ''}/${prompt}`)
    .digest('hex');
  return `turn-${hash.slice(0, 16)}`;
}

function standingOf(request: JsonObject): Standing {
  const states: Standing[] = ['pending', 'complete', 'cancelled', 'failed', 'needs_input'];
  const known = states[number(request, 'modelState', 'value') ?? -1];
  if (known !== undefined) return known;
  const error = errorOf(request);
  if (request['isCanceled'] === true || text(error, 'code') === 'canceled') return 'cancelled';
  if (error !== undefined) return 'failed';
  return object(request['result']) === undefined ? 'unknown' : 'complete';
}

/** What went wrong; the oldest files have it beside the answer. */
function errorOf(request: JsonObject): JsonObject | undefined {
  return object(at(request, 'result', 'errorDetails') ?? request['responseErrorDetails']);
}

function isSet(value: Json | undefined): boolean {
  return value !== undefined && value !== null && value !== false;
}

function restOf(request: JsonObject): JsonObject {
  const rest: JsonObject = {};
  for (const name of KEPT) {
    const value = request[name];
    if (value !== undefined) rest[name] = name === 'agent' ? agentOf(value) : value;
  }
  const timings = at(request, 'result', 'timings');
  if (timings !== undefined) rest['timings'] = timings;
  return rest;
}

/** Who answered; without its icon, its texts and its list of commands. */
function agentOf(agent: Json): Json {
  const extension = text(agent, 'extensionId', 'value') ?? text(agent, 'extensionId');
  return { id: text(agent, 'id') ?? null, extension: extension ?? null };
}

// The parts of an answer, in the order in which the editor shows them.
//
// Owns the kinds that carry text. Never drops a part: one without text of its own stays whole. `place` is the part's place in the
// file, so that a longer answer has the same parts at the same places.

import { at, list, object, text, type Json, type JsonObject } from '../read/json';
import { callOf, type Call } from './calls';

export type Part =
  | { what: 'text' | 'thinking'; place: number; text: string }
  | { what: 'call'; place: number; call: Call }
  | { what: 'side'; place: number; kind: string; raw: Json };

/** The parts of a `response`, whatever its age: a text, a list of texts, or a list of objects. */
export function partsOf(response: Json | undefined, request: string): Part[] {
  if (response === undefined || response === null) return [];
  const items = Array.isArray(response) ? response : [response];
  return items.map((item, place) => partOf(item, place, request));
}

function partOf(value: Json, place: number, request: string): Part {
  if (typeof value === 'string') return { what: 'text', place, text: value };
  const fields = object(value);
  if (fields === undefined) return { what: 'side', place, kind: 'part', raw: value };
  const kind = text(fields, 'kind');
  switch (kind) {
    case undefined:
    case 'markdownContent':
    case 'markdownVuln': {
      const said = saidIn(fields);
      if (said === undefined) return { what: 'side', place, kind: 'part', raw: fields };
      return { what: 'text', place, text: said };
    }
    case 'thinking':
      return { what: 'thinking', place, text: thoughtIn(fields) };
    case 'inlineReference': {
      const link = linkOf(fields);
      if (link === undefined) return { what: 'side', place, kind, raw: fields };
      return { what: 'text', place, text: link };
    }
    case 'toolInvocationSerialized':
    case 'toolInvocation':
      return { what: 'call', place, call: callOf(fields, place, request) };
    default:
      return { what: 'side', place, kind, raw: fields };
  }
}

/** `value` or `content`, itself a text or an object with one. */
function saidIn(fields: JsonObject): string | undefined {
  for (const name of ['value', 'content']) {
    const value = fields[name];
    const inner = typeof value === 'string' ? value : at(value, 'value');
    if (typeof inner === 'string') return inner;
  }
  return undefined;
}

function thoughtIn(fields: JsonObject): string {
  const value = fields['value'];
  if (typeof value === 'string') return value;
  return list(value)
    .filter((piece) => typeof piece === 'string')
    .join('');
}

/** How a link within a text reads: its name, else the last part of its path. */
function linkOf(fields: JsonObject): string | undefined {
  const target = fields['inlineReference'];
  const named = text(fields, 'name') ?? text(target, 'name');
  if (named !== undefined) return named;
  const place = at(target, 'location') ?? target;
  const uri = at(place, 'uri') ?? place;
  const path = text(uri, 'path') ?? (typeof uri === 'string' ? uri : undefined);
  return path === undefined ? undefined : (path.split('/').findLast((part) => part !== '') ?? '/');
}

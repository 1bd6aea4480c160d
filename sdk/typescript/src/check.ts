// What a caller without types gets wrong: said at once and by name, before anything is written down.
//
// Owns the sentences. Looks at what every recorder needs, no further: what a role may be, say, is the recorder's to judge.

import { EventError, OptionError } from './errors.js';
import { MemoryOutbox } from './outbox/memory.js';
import type { Outbox } from './outbox/outbox.js';
import type { CommonOptions } from './recorder.js';

type Kind = 'text' | 'content';

/** Throws an `EventError` where `fields` is no object, or lacks one of these. */
export function checkFields(call: string, fields: unknown, needed: Record<string, Kind>): void {
  const names = Object.keys(needed).join(' and ');
  if (typeof fields !== 'object' || fields === null)
    throw new EventError(`${call}() takes an object${names && ` with ${names}`}, not ${nameOf(fields)}`);
  for (const [name, kind] of Object.entries(needed)) {
    const value = (fields as Record<string, unknown>)[name];
    if (typeof value === 'string' || (kind === 'content' && Array.isArray(value))) continue;
    const wanted = kind === 'content' ? 'a string or an array of parts' : 'a string';
    throw new EventError(`${call}() needs ${name}: ${wanted}, not ${nameOf(value)}`);
  }
}

/** Throws an `OptionError` where an option makes no sense. */
export function checkOptions(options: unknown): void {
  const { client, mode } = (options ?? {}) as Partial<CommonOptions>;
  if (typeof client !== 'string' || client === '')
    throw new OptionError("connect() needs client: who records, as name/version, such as 'my-app/1.0'");
  if (mode !== undefined && !['hybrid', 'live', 'batch'].includes(mode))
    throw new OptionError(`mode is 'hybrid', 'live' or 'batch', not ${nameOf(mode)}`);
}

/** The outboxes to try: what was asked for; else the platform's own, and memory where that cannot be. */
export function outboxesFor(given: Outbox | 'memory' | undefined, own: () => Outbox): Outbox[] {
  if (given === undefined) return [own(), new MemoryOutbox()];
  if (given === 'memory') return [new MemoryOutbox()];
  if (typeof (given as Partial<Outbox> | null)?.open === 'function') return [given];
  throw new OptionError(`outbox is 'memory' or an outbox object (see the README), not ${nameOf(given)}`);
}

function nameOf(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 40 ? `${value.slice(0, 40)}…` : value}'`;
  if (Array.isArray(value)) return 'an array';
  return value === null || typeof value !== 'object' ? String(value) : 'an object';
}

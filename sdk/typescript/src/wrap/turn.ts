// What is said to a model and by it, apart from how a vendor writes it.
//
// Owns the words alone.

import type { Content, Role } from '../events.js';
import type { CoreRecorder } from '../recorder.js';
import type { Session } from '../session.js';
import type { SessionOptions } from '../events.js';

export interface Call {
  name: string;
  call_id?: string;
  arguments?: unknown;
}

export interface Result {
  call_id?: string;
  name?: string;
  output: unknown;
  is_error?: boolean;
}

/** One message of a request. */
export interface Turn {
  role: Role;
  content: Content;
  calls?: Call[];
  results?: Result[];
}

export interface Asked {
  model?: string;
  turns: Turn[];
  /** The answer that this goes on from, where the vendor keeps what was before. */
  previous?: string;
}

export type Recorder = Pick<CoreRecorder, 'session'>;

export interface WrapOptions {
  /**
   * The session that all goes into; without it, one is made for each conversation, known again by what was said before. With an `id`,
   * a conversation goes on after a reload: what comes again is recorded once.
   */
  session?: Session | SessionOptions | (() => Session);
  /** Told of what could not be recorded. The application's own call is never touched by that. */
  onError?: (error: unknown) => void;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Objects of a list; nothing where it is none. */
export function objects(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

/** Text as text; parts as they are, where there is more than text in them. */
export function content(value: unknown): Content {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return '';
  const texts = value.map((part) =>
    isObject(part) && /^(input_|output_)?text$/.test(String(part['type'])) ? text(part['text']) : undefined,
  );
  return texts.every((one) => one !== undefined) ? texts.join('\n') : (value as unknown[]);
}

/** JSON where it is JSON. */
export function parsed(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  try {
    return JSON.parse(value) as unknown;
  } catch {
    return value;
  }
}

// What an event is made of, and the frames that client and recorder exchange, as the protocol has them.
//
// Owns types alone, no code. What the recorder's OpenAPI description names comes from wire.d.ts, so that it cannot drift.

import type { components } from './wire.d.ts';

type Wire = components['schemas'];

export type Role = Wire['Role'];
export type Content = string | unknown[];
export type ErrorCode = Wire['ErrorCode'];
export type WarningCode = Wire['WarningCode'];
export type EventsAnswer = Wire['EventsAnswer'];
export type SnapshotAnswer = Wire['SnapshotAnswer'];
export type SnapshotBody = Wire['SnapshotBody'];

/** When it happened: milliseconds since the epoch, RFC 3339, or a Date. */
export type When = number | string | Date;

export type Fields = Record<string, unknown>;

/** What is said about a session at its start. */
export interface SessionStart {
  title?: string;
  provider?: string;
  model?: string;
  workspace?: string;
  editor?: string;
  metadata?: Fields;
}

export interface SessionOptions extends SessionStart {
  /** The conversation's id; one is made where none is given. */
  id?: string;
}

export interface MessageFields {
  role: Role;
  content: Content;
  /** A known one replaces that message's content; one is made where none is given. */
  message_id?: string;
  model?: string;
  parent_id?: string;
  /** The answer was cut off. */
  partial?: boolean;
  metadata?: Fields;
}

export interface ToolCallFields {
  name: string;
  call_id?: string;
  arguments?: unknown;
  message_id?: string;
}

export interface ToolResultFields {
  call_id?: string;
  output?: unknown;
  is_error?: boolean;
  name?: string;
  duration_ms?: number;
}

export interface UpdateFields {
  title?: string;
  model?: string;
  metadata?: Fields;
}

export interface EndFields {
  reason?: string;
  message_count?: number;
}

/** What every event may carry, where the client wants to say it itself. */
export interface EventOptions {
  event_id?: string;
  timestamp?: When;
  seq?: number;
}

/** What a recorded event is known by. */
export interface Receipt {
  event_id: string;
  seq: number;
}

export type ServerFrame =
  | { type: 'welcome'; max_frame_bytes?: number; heartbeat_secs?: number; paused?: boolean }
  | { type: 'resume'; sessions: Record<string, Resumed> }
  | { type: 'ack'; through: number }
  | { type: 'error' | 'warning'; frame?: number; index?: number; code: string; message: string }
  | { type: 'paused' | 'resumed' | 'pong' };

/** What the recorder has of a session. */
export interface Resumed {
  last_seq: number;
  events: number;
  missing: [number, number][];
}

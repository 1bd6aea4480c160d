// Short names for what the recorder sends and takes.
//
// Owns no shape: they are made from the recorder's own description (schema.d.ts), with what it does not have yet (coming.ts).

import type { SessionItem } from './coming';
import type { components } from './schema';

export type * from './coming';

type Schemas = components['schemas'];

export type SessionPatch = Schemas['SessionPatch'];
export type State = Schemas['State'];
export type Message = Schemas['Message'];
export type ToolCall = Schemas['ToolCall'];
export type OtherItem = Extract<SessionItem, { kind: 'other' }>;
export type InterruptionReason = Schemas['InterruptionReason'];
export type Recovery = Schemas['Recovery'];
export type Origin = Schemas['Origin'];
export type StoredEvent = Schemas['StoredEvent'];
export type AppView = Schemas['AppView'];
export type DesktopStatus = Schemas['DesktopStatus'];
export type ProbeAnswer = Schemas['ProbeAnswer'];

/** What a list of sessions is narrowed to. */
export interface SessionQuery {
  state?: State | 'all';
  q?: string;
  provider?: string;
  editor?: string;
  workspace?: string;
  model?: string;
  starred?: boolean;
  tag?: string;
  since?: string;
  until?: string;
  sort?: SessionSort;
  /** These sessions only, at most 100. */
  ids?: string;
  /** How many places of what `q` found come with each session. */
  excerpts?: number;
}

export type SessionSort = 'recent' | 'oldest' | 'started' | 'title' | 'messages';
export type ExportFormat = 'markdown' | 'json' | 'jsonl' | 'html';

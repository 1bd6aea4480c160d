// Short names for what the recorder sends and takes.
//
// Owns no shape: all of them are made from the recorder's own description (schema.d.ts).

import type { components } from './schema';

type Schemas = components['schemas'];

export type SessionSummary = Schemas['SessionSummary'];
export type SessionDetail = Schemas['SessionDetail'];
export type SessionPage = Schemas['SessionPage'];
export type SessionPatch = Schemas['SessionPatch'];
export type State = Schemas['State'];
export type Message = Schemas['Message'];
export type ToolCall = Schemas['ToolCall'];
export type InterruptionReason = Schemas['InterruptionReason'];
export type Interruption = Schemas['Interruption'];
export type Recovery = Schemas['Recovery'];
export type Origin = Schemas['Origin'];
export type StoredEvent = Schemas['StoredEvent'];
export type EventPage = Schemas['EventPage'];
export type SearchHit = Schemas['SearchHit'];
export type SearchAnswer = Schemas['SearchAnswer'];
export type Status = Schemas['Status'];
export type Notice = Schemas['Notice'];
export type NoticePage = Schemas['NoticePage'];
export type LifecycleEvent = Schemas['LifecycleEvent'];
export type LiveEvent = Schemas['LiveEvent'];
export type RecoveryOverview = Schemas['RecoveryOverview'];
export type RecoveryCandidate = Schemas['RecoveryCandidate'];
export type RecoveredSession = Schemas['RecoveredSession'];
export type RecoveryReport = Schemas['RecoveryReport'];
export type Setting = Schemas['SettingView'];
export type SettingView = Schemas['SettingView'];
export type SettingsAnswer = Schemas['SettingsAnswer'];
export type ProbeAnswer = Schemas['ProbeAnswer'];
export type ErrorCode = Schemas['ErrorCode'];

/** What a list of sessions is narrowed to. */
export interface SessionQuery {
  state?: State | 'all';
  q?: string;
  provider?: string;
  workspace?: string;
  starred?: boolean;
  tag?: string;
  since?: string;
  until?: string;
  sort?: SessionSort;
}

export type SessionSort = 'recent' | 'oldest' | 'started' | 'title' | 'messages';
export type ExportFormat = 'markdown' | 'json' | 'jsonl' | 'html';

// Short names for what the recorder sends and takes.
//
// Owns no shape: they are made from the recorder's own description (schema.d.ts). What is added to it here is what only some recorders
// say, and may be absent.

import type { components } from './schema';

type Schemas = components['schemas'];

// --- sessions

export type SessionSummary = Schemas['SessionSummary'];
export type SessionDetail = Schemas['SessionDetail'];
export type SessionPage = Schemas['SessionPage'];
export type SessionPatch = Schemas['SessionPatch'];
export type SessionItem = Schemas['SessionItem'];
export type ItemsPage = Schemas['ItemsPage'];
export type State = Schemas['State'];
export type Hit = Schemas['SessionHit'];
export type Hole = Schemas['Hole'];
export type Interruption = Schemas['Interruption'];
export type InterruptionReason = Schemas['InterruptionReason'];
export type Message = Schemas['Message'];
export type ToolCall = Schemas['ToolCall'];
export type OtherItem = Extract<SessionItem, { kind: 'other' }>;
export type Origin = Schemas['Origin'];
export type StoredEvent = Schemas['StoredEvent'];
export type FacetCount = Schemas['Facet'];
export type Facets = Schemas['Facets'];
export type FacetName = keyof Facets;

// --- trash, retention, token

export type PurgeReceipt = Schemas['PurgeReceipt'];
export type TrashAnswer = Schemas['TrashAnswer'];
export type RestoreAnswer = Schemas['RestoreAnswer'];
export type TrashedSession = Schemas['TrashedSession'];
export type TrashPage = Schemas['TrashPage'];
export type RetentionPreview = Schemas['RetentionPreview'];
export type TokenView = Schemas['Token'];

// --- status, notices, what happens

export type Status = Schemas['Status'];
export type FollowStatus = Schemas['FollowStatus'];
export type Rates = Schemas['Rates'];
export type LifecycleEvent = Schemas['LifecycleEvent'];
export type Notice = Schemas['Notice'];
export type NoticePage = Schemas['NoticePage'];
export type LiveEvent = Schemas['LiveEvent'];
export type Delta = Extract<LiveEvent, { type: 'delta' }>;
export type Progress = Extract<LiveEvent, { type: 'progress' }>;
export type ProbeAnswer = Schemas['ProbeAnswer'];
export type AppView = Schemas['AppView'];
export type DesktopStatus = Schemas['DesktopStatus'];

// --- settings

export type SettingView = Schemas['SettingView'];
export type SettingKind = Schemas['SettingKind'];
export type SettingsAnswer = Schemas['SettingsAnswer'];
export type RefusedField = Schemas['RefusedField'];
export type ErrorCode = Schemas['ErrorCode'];
export type ErrorDetail = Schemas['ErrorDetail'];

// --- recovery and editors

export type Recovery = Schemas['Recovery'];
export type RecoveryCandidate = Schemas['RecoveryCandidate'];
export type EditorFile = Schemas['CandidateFile'];
export type Unavailable = Schemas['Unavailable'];
export type RecoveryReport = Schemas['RecoveryReport'];
export type RecoveryReportPage = Schemas['ReportPage'];
export type RecoveryOverview = Schemas['RecoveryOverview'];
export type RecoveredSession = Schemas['RecoveredSession'];
export type SkippedSession = Schemas['SkippedSession'];
export type DamageReport = Schemas['DamageReport'];
export type EditorView = Schemas['EditorView'];
export type ImportAnswer = Schemas['ImportAnswer'];

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

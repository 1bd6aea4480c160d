// The shapes that the recorder's description (schema.d.ts) does not have yet.
//
// Owns the difference, nothing else: types.ts takes the names from here. Once the description has them all, each of these becomes
// `Schemas['…']` and this file goes. Invariant: nothing here contradicts the description, it only adds to it.

import type { components } from './schema';

type Schemas = components['schemas'];
type Time = Schemas['Timestamp'];
type Opened<T, K extends keyof T> = Omit<T, K>;
export type Range = [number, number];

// --- sessions and their items

export type Hit = Pick<
  Schemas['SearchHit'],
  'kind' | 'position' | 'role' | 'timestamp' | 'excerpt' | 'marks'
>;
export type SessionSummary = Schemas['SessionSummary'] & { hits?: Hit[] | null };
export interface SessionPage {
  sessions: SessionSummary[];
  total: number;
  next_cursor?: string | null;
}

/** Missing `seq`, and where they would have stood. */
export interface Hole {
  from: number;
  to: number;
  after?: Time | null;
  before?: Time | null;
  before_position?: number | null;
}
export type Interruption = Schemas['Interruption'] & {
  /** Place of the first item after it. */
  before_position?: number | null;
  replayed_positions: Range[];
};
export type SessionDetail = Opened<Schemas['SessionDetail'], 'interruptions'> & {
  interruptions: Interruption[];
  holes: Hole[];
  /** Grows with every change of the session's items or head. */
  revision: number;
  /** The highest position. */
  items: number;
  other_count: number;
  conflict_count: number;
  /** It is in the trash until then. */
  purge_at?: Time | null;
};

export type SessionItem =
  | ({ kind: 'message' } & Schemas['Message'])
  | ({ kind: 'tool_call' } & Schemas['ToolCall'])
  | ({ kind: 'other'; before: number } & Schemas['StoredEvent']);
export interface ItemsPage {
  items: SessionItem[];
  next_from?: number | null;
  revision: number;
  total: number;
  removed?: number[] | null;
  others_left_out?: number;
}

export interface FacetCount {
  value: string;
  count: number;
}
export type FacetName = 'states' | 'providers' | 'editors' | 'workspaces' | 'models' | 'tags';
export type Facets = Record<FacetName, FacetCount[]>;

// --- trash, retention, token

export interface PurgeReceipt {
  at: Time;
  sessions: number;
  messages: number;
  tool_calls: number;
  events: number;
  snapshots: number;
  bytes: number;
  session_ids?: string[] | null;
}
export interface TrashAnswer {
  trashed: string[];
  purge_at: Time;
  unknown: string[];
}
export interface RestoreAnswer {
  restored: string[];
  unknown: string[];
}
export type TrashedSession = SessionSummary & { trashed_at: Time; purge_at: Time };
export interface TrashPage {
  sessions: TrashedSession[];
  total: number;
  next_cursor?: string | null;
}
export interface RetentionPreview {
  sessions: number;
  messages: number;
  bytes: number;
  /** Of these, so many were interrupted and never recovered. */
  interrupted: number;
  oldest?: Time | null;
  newest?: Time | null;
  sample: SessionSummary[];
}
export interface TokenView {
  token: string;
  path: string;
  /** Callers have to show it. */
  in_use: boolean;
}

// --- status and notices

export type Status = Opened<Schemas['Status'], 'connections'> & {
  /** Since when `status` has the value that it has. */
  since: Time;
  problem_code?: string | null;
  problem_values?: Record<string, unknown> | null;
  data_dir: string;
  connections: (Schemas['ConnectionStatus'] & { last_event_at?: Time | null })[];
};
export interface Rates {
  step_secs: number;
  until: Time;
  /** Oldest first. */
  events: number[];
  syncs: number[];
}

type Trash =
  | { kind: 'trashed'; session_ids: string[]; purge_at: Time }
  | { kind: 'restored'; session_ids: string[] }
  | { kind: 'purged'; reason: 'trash' | 'retention' | 'delete'; receipt: PurgeReceipt };
type Titled<T> = T extends { kind: 'started' | 'interrupted' | 'reconnected' | 'completed' }
  ? T & { title?: string | null }
  : T;
export type LifecycleEvent = Titled<Schemas['LifecycleEvent']> | Trash;
export type Notice = LifecycleEvent & { id: number; at: Time; titles?: Record<string, string> | null };
export interface NoticePage {
  notices: Notice[];
  next_cursor?: string | null;
}

export interface Delta {
  type: 'delta';
  session_id: string;
  message_id: string;
  role?: Schemas['Role'] | null;
  delta: string;
  at: Time;
}
export interface Progress {
  type: 'progress';
  operation: 'recovery' | 'import';
  done: number;
  total: number;
  session_id?: string | null;
}
export type LiveEvent =
  | { type: 'lifecycle'; at: Time; event: LifecycleEvent }
  | Exclude<Schemas['LiveEvent'], { type: 'lifecycle' }>
  | Delta
  | Progress;

// --- settings

export type SettingKind = 'number' | 'switch' | 'time' | 'text' | 'choice' | 'list';
export type SettingView = Schemas['SettingView'] & {
  kind: SettingKind;
  choices?: string[] | null;
  unit?: string | null;
};
export interface SettingsAnswer {
  settings: SettingView[];
  restart_needed: boolean;
}
export interface RefusedField {
  field: string;
  reason: string;
}
export type ErrorCode = Schemas['ErrorCode'] | 'revision_gone' | 'unknown_editor';
export interface ErrorDetail {
  code: ErrorCode;
  message: string;
  /** The setting that was refused first, and the rule alone. */
  field?: string | null;
  reason?: string | null;
  fields?: RefusedField[] | null;
}

// --- recovery and editors

export interface EditorFile {
  editor: string;
  path: string;
  modified_at?: Time | null;
  messages: number;
  /** Messages that nothing but this file has. */
  only_there: number;
  readable: boolean;
  problem?: string | null;
}
export interface Unavailable {
  what: string;
  editor?: string | null;
  why: string;
}
export type RecoveryCandidate = Opened<Schemas['RecoveryCandidate'], 'interruption'> & {
  interruption?: Interruption | null;
  messages_after: number;
  /** Messages that recovering adds to what is shown now. */
  added: number;
  completed: number;
  still_partial: number;
  still_open_tool_calls: number;
  still_missing: Range[];
  editor_files: EditorFile[];
  unavailable: Unavailable[];
};
export type RecoveredSession = Schemas['RecoveredSession'] & { title?: string | null };
export type SkippedSession = Schemas['SkippedSession'] & { title?: string | null };
export type RecoveryReport = Opened<Schemas['RecoveryReport'], 'recovered' | 'skipped'> & {
  recovered: RecoveredSession[];
  skipped: SkippedSession[];
};
export interface RecoveryReportPage {
  reports: RecoveryReport[];
  next_cursor?: string | null;
}
export type DamageReport = Schemas['DamageReport'] & { at?: Time | null };
export type RecoveryOverview = Opened<
  Schemas['RecoveryOverview'],
  'interrupted' | 'reports' | 'quarantine'
> & {
  interrupted: RecoveryCandidate[];
  reports: RecoveryReport[];
  quarantine: DamageReport[];
};

export interface EditorView {
  id: string;
  name: string;
  found: boolean;
  path?: string | null;
  /** That it has on disk. */
  sessions?: number | null;
  /** Of these, so many are here. */
  recorded?: number | null;
  how: 'import' | 'extension' | 'none';
}
export interface ImportAnswer {
  files: number;
  sessions: number;
  new_events: number;
  known_events: number;
  problems: string[];
}

// How the server's settings are laid out: which stand together, how each is entered, which have words in the catalogue.
//
// Pure. Never decides whether a value is right: the server does. Invariant: a setting that this page does not know is shown too, under
// «others», with the server's own words.

import type { SettingKind, SettingView } from '../../lib/api';

export type SectionId =
  'notifications' | 'recording' | 'access' | 'editors' | 'retention' | 'storage' | 'limits' | 'others';

const SECTIONS: readonly (readonly [SectionId, readonly string[]])[] = [
  ['notifications', ['notifications.']],
  ['recording', ['recording.grace_secs', 'recording.silence_minutes', 'recording.heartbeat_secs']],
  ['access', ['port', 'host', 'auth', 'allowed_origins']],
  ['editors', ['editors.follow', 'editors.idle_secs', 'editors.']],
  ['retention', ['trash.', 'retention.']],
  ['storage', ['recording.flush_ms', 'recording.buffer_mib', 'recording.segment_mib']],
  ['limits', ['limits.']],
];

/** Settings with a name in the catalogue. */
const NAMED = [
  'port',
  'host',
  'auth',
  'allowed_origins',
  'limits.frame_bytes',
  'limits.batch_events',
  'limits.nesting',
  'limits.connections',
  'recording.flush_ms',
  'recording.buffer_mib',
  'recording.segment_mib',
  'recording.grace_secs',
  'recording.silence_minutes',
  'recording.heartbeat_secs',
  'notifications.dropped',
  'notifications.returned',
  'notifications.recovered',
  'notifications.damage',
  'notifications.recording',
  'trash.keep_secs',
  'retention.days',
  'retention.keep_starred',
  'retention.max_gib',
  'editors.follow',
  'editors.idle_secs',
] as const;
/** Those whose name says all. */
const WITHOUT_HELP = [
  'limits.batch_events',
  'limits.nesting',
  'limits.connections',
  'recording.buffer_mib',
  'recording.segment_mib',
  'retention.keep_starred',
] as const;

export type NamedKey = (typeof NAMED)[number];
export type HelpedKey = Exclude<NamedKey, (typeof WITHOUT_HELP)[number]>;

export function named(key: string): NamedKey | undefined {
  return NAMED.find((one) => one === key);
}

export function helped(key: string): HelpedKey | undefined {
  const found = named(key);
  return (WITHOUT_HELP as readonly string[]).includes(key) ? undefined : (found as HelpedKey | undefined);
}

export function sectionOf(key: string): SectionId {
  const isIn = (name: string): boolean => key === name || (name.endsWith('.') && key.startsWith(name));
  return SECTIONS.find(([, names]) => names.some(isIn))?.[0] ?? 'others';
}

/** The settings of a section, in the order of the table, then in the server's. */
export function settingsOf(section: SectionId, all: readonly SettingView[]): SettingView[] {
  const names = SECTIONS.find(([id]) => id === section)?.[1] ?? [];
  const place = (key: string): number => {
    const at = names.indexOf(key);
    return at < 0 ? names.length : at;
  };
  return all.filter((one) => sectionOf(one.key) === section).sort((a, b) => place(a.key) - place(b.key));
}

const UNITS = ['ms', 's', 'min', 'days', 'bytes', 'MiB', 'GiB'] as const;
export type Unit = (typeof UNITS)[number];

/** The unit of a number, where this page has a word for it. */
export function unitOf(setting: SettingView): Unit | undefined {
  return UNITS.find((unit) => unit === setting.unit);
}

/** What stands in a field for this value. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return value.map(shown).join('\n');
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? String(value)
    : '';
}

/** What a field says, as the server wants it. A number that is none goes as it was typed: the server says what it needs. */
export function typed(kind: SettingKind, text: string): unknown {
  const trimmed = text.trim();
  if (kind !== 'number') return trimmed;
  return /^-?\d{1,15}$/.test(trimmed) ? Number(trimmed) : trimmed;
}

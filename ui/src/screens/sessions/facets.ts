// Which values the filters can offer.
//
// Pure: counted from the sessions that are loaded. The user can type another one.

import type { SessionSummary } from '../../lib/api';

export interface Choice {
  value: string;
  count: number;
}

export function choices(
  sessions: readonly SessionSummary[],
  of: (session: SessionSummary) => readonly (string | null | undefined)[],
): Choice[] {
  const counts = new Map<string, number>();
  for (const session of sessions) {
    for (const value of of(session)) if (value) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || a.value.localeCompare(b.value));
}

/** The last part of a folder's path, which is what people call a workspace. */
export function folderName(path: string): string {
  const parts = path.replace(/[/\\]+$/, '').split(/[/\\]/);
  return parts.at(-1) || path;
}

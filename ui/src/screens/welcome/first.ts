// Whether this is a first start: nothing recorded yet but what editors had, and the welcome not seen in this window.
//
// Owns the mark that it was seen. Never shows anything.

import type { Status } from '../../lib/api';

const SEEN = 'chasm.welcomed';

/** So long after its start a recorder may just have taken in what editors had; in s. */
const JUST_STARTED = 120;

export function isFirstStart(status: Status): boolean {
  return !seen() && (status.sessions === 0 || mayHaveJustImported(status));
}

/** What is recorded may have come by itself a moment ago. Says so too often rather than too seldom: it is shown once. */
function mayHaveJustImported({ follow, uptime_secs: uptime }: Status): boolean {
  if (follow === undefined || follow.state === 'off') return false;
  return follow.state !== 'following' || uptime < JUST_STARTED;
}

export function welcomed(): void {
  try {
    localStorage.setItem(SEEN, 'yes');
  } catch {
    // it is shown again then, which harms nobody
  }
}

function seen(): boolean {
  try {
    return localStorage.getItem(SEEN) !== null;
  } catch {
    // without storage it would come again and again
    return true;
  }
}

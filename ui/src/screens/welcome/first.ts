// Whether this is a first start: nothing recorded yet, and the welcome not seen in this window.
//
// Owns the mark that it was seen. Never shows anything.

import type { Status } from '../../lib/api';

const SEEN = 'chasm.welcomed';

export function isFirstStart(status: Status): boolean {
  return status.sessions === 0 && !seen();
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

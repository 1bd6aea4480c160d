// Words for what the recorder names by codes.
//
// Owns which text belongs to which code, so that every screen says the same.

import type { InterruptionReason, LifecycleEvent, Origin } from './api/types';
import { t, type MessageKey } from './i18n';

export function reasonText(reason: InterruptionReason): string {
  return t(`reason.${reason}`);
}

export function originText(origin: Origin): string {
  return t(`origin.${origin}`);
}

/** Which sentence says what happened. */
export function lifecycleKey(kind: LifecycleEvent['kind']): MessageKey {
  return `lifecycle.${kind}`;
}

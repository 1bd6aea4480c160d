// The link to the recorder, and what comes over it.
//
// Owns the one live stream of the page. Others subscribe; `resync` tells them that something may have been missed.

import { follow, type Link, type LiveEvent } from '../api';

export interface LiveListener {
  event?: (event: LiveEvent) => void;
  /** Read again what is shown: the stream was away, or this page was too slow. */
  resync?: () => void;
}

let link = $state.raw<Link>({ state: 'connecting' });
/** It was open, or could not be opened: something may have been missed. */
let wasAway = false;
let retry: (() => void) | undefined;
const listeners = new Set<LiveListener>();

export const live = {
  get link(): Link {
    return link;
  },
};

export function onLive(listener: LiveListener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Tries at once instead of waiting. */
export function retryNow(): void {
  retry?.();
}

export function startLive(): () => void {
  const following = follow({
    link(next) {
      link = next;
      // what was asked for meanwhile was not answered
      if (next.state === 'waiting') wasAway = true;
      if (next.state !== 'open') return;
      if (wasAway) for (const listener of listeners) listener.resync?.();
      wasAway = true;
    },
    event(event) {
      for (const listener of listeners) {
        if (event.type === 'lagged') listener.resync?.();
        else listener.event?.(event);
      }
    },
  });
  retry = following.now;
  return following.stop;
}

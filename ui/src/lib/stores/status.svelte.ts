// The recorder's health, as last told.
//
// Owns asking for it: every 2 s while someone looks, at once when something happens. Never says «recording» by itself: what is shown is
// the recorder's own word, or that nobody answers.

import { api, type Status } from '../api';
import { live, onLive } from './live.svelte';

const EVERY_MS = 2_000;
const HIDDEN_EVERY_MS = 15_000;

let current = $state.raw<Status | undefined>();
let reached = $state<boolean | undefined>();
let lostAt = $state<number | undefined>();
let asking = false;

export const status = {
  /** The last answer; stays while the recorder is away. */
  get current(): Status | undefined {
    return current;
  },
  /** undefined: not known yet. */
  get reached(): boolean | undefined {
    return reached;
  },
  /** When the recorder was found to be away. */
  get lostAt(): number | undefined {
    return lostAt;
  },
  /** When the next try to reach the recorder is. */
  get retryAt(): number | undefined {
    return live.link.state === 'waiting' ? live.link.until : undefined;
  },
};

export async function refreshStatus(): Promise<void> {
  if (asking) return;
  asking = true;
  const answer = await api.status();
  asking = false;
  if (answer.ok) take(answer.value);
  else if (answer.error.kind === 'away') away();
}

/** Takes a status that came as the answer to something else, such as a pause. */
export function take(next: Status): void {
  current = next;
  reached = true;
  lostAt = undefined;
}

function away(): void {
  if (reached !== false) lostAt = Date.now();
  reached = false;
}

export function startStatus(): () => void {
  let timer: ReturnType<typeof setTimeout>;
  let ended = false;
  const loop = async (): Promise<void> => {
    await refreshStatus();
    if (!ended) timer = setTimeout(() => void loop(), document.hidden ? HIDDEN_EVERY_MS : EVERY_MS);
  };
  const shown = (): void => {
    if (!document.hidden) void refreshStatus();
  };
  const forget = onLive({
    event: (event) => {
      if (event.type === 'lifecycle') void refreshStatus();
    },
    resync: () => void refreshStatus(),
  });
  document.addEventListener('visibilitychange', shown);
  void loop();
  return () => {
    ended = true;
    clearTimeout(timer);
    document.removeEventListener('visibilitychange', shown);
    forget();
  };
}

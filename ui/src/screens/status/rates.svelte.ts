// Events per second since the page was opened: one reading with every status.
//
// Owns the window of readings; goes on while other screens are shown. Never asks the recorder by itself.

import { status } from '../../lib/stores';
import { RateWindow, type Rate } from './rate';

export const WINDOW_MINUTES = 5;

const window = new RateWindow(WINDOW_MINUTES * 60_000);
let list = $state.raw<readonly Rate[]>([]);

$effect.root(() => {
  $effect(() => {
    const now = status.current;
    if (now === undefined || status.reached === false) return;
    list = window.add({ at: Date.now(), run: now.started_at, total: now.events_recorded });
  });
});

export const rates = {
  get list(): readonly Rate[] {
    return list;
  },
};

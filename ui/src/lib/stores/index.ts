// What several screens share.

export { clock } from './clock.svelte';
export { Importing } from './importing.svelte';
export { live, onLive, retryNow, startLive, type LiveListener } from './live.svelte';
export { refreshStatus, startStatus, status, take } from './status.svelte';
export { theme, THEMES, type Theme } from './theme.svelte';
export { dismiss, say, toast, toasts, type Toast } from './toasts.svelte';
export { titleOf, wantTitles } from './titles.svelte';

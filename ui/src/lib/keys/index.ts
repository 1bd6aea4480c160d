// Whole use by keyboard.

export { bindings, onKeyDown, type Binding, type KeyGroup } from './bindings.svelte';
export { caps, isBare, onMac } from './chord';
export { closeOverlay, openKeyMap, openPalette, overlay } from './overlays.svelte';

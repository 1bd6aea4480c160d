// What the page may ask of the window that it is shown in.
//
// Owns every name of the desktop shell: `window.__CHASM__`, which the shell sets before the page runs, and the shell's commands.
// Nothing else in the page knows whether it is in the app's window or in a browser. Never asks for more than the commands below.

interface Shell {
  /** Address of the recorder, without a path. */
  server?: string;
  /** Whether the window may show a token in its requests; on systems where sockets have no user. */
  token?: string;
}

interface Internals {
  invoke(command: string, args?: Record<string, unknown>): Promise<unknown>;
}

declare global {
  interface Window {
    __CHASM__?: Shell;
    __TAURI_INTERNALS__?: Internals;
  }
}

/** Where the recorder answers; in a browser it is where the page came from. */
export function serverAddress(): string {
  return window.__CHASM__?.server?.replace(/\/+$/, '') ?? window.location.origin;
}

export function token(): string | undefined {
  return window.__CHASM__?.token;
}

/** In the app's own window, not in a browser. */
export function inApp(): boolean {
  return window.__TAURI_INTERNALS__ !== undefined;
}

/** Opens an address in the user's browser. Only http and https; the caller has shown the address before. */
export async function openOutside(address: string): Promise<void> {
  const url = new URL(address);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return;
  if (window.__TAURI_INTERNALS__) {
    await window.__TAURI_INTERNALS__.invoke('open_outside', { address: url.href });
    return;
  }
  window.open(url.href, '_blank', 'noopener,noreferrer');
}

/** Writes a file where the user keeps downloads. */
export function saveFile(name: string, content: Blob): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

/** Puts text on the clipboard; false where the system does not let it. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}

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

/** From now on this one is shown, where one is shown at all: a browser has a cookie instead. */
export function replaceToken(next: string): void {
  if (window.__CHASM__?.token !== undefined) window.__CHASM__ = { ...window.__CHASM__, token: next };
}

/** In the app's own window, not in a browser. */
export function inApp(): boolean {
  return window.__TAURI_INTERNALS__ !== undefined;
}

/** Opens an address in the user's browser. Only http and https; the caller has shown the address before. Fails where it is refused. */
export async function openOutside(address: string): Promise<void> {
  const url = new URL(address);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return;
  if (window.__TAURI_INTERNALS__) {
    await window.__TAURI_INTERNALS__.invoke('open_outside', { address: url.href });
    return;
  }
  window.open(url.href, '_blank', 'noopener,noreferrer');
}

/** A file that the window wrote, or could not write. */
export interface Saved {
  /** Where it is. */
  path: string;
  done: boolean;
}

/** Hears of the files that the window writes, until the returned function is called. A browser tells of them itself. */
export function onSaved(listener: (saved: Saved) => void): () => void {
  const hear = (event: Event): void => {
    const told: unknown = event instanceof CustomEvent ? event.detail : undefined;
    if (typeof told !== 'object' || told === null) return;
    const { path, done } = told as Partial<Record<keyof Saved, unknown>>;
    listener({ path: typeof path === 'string' ? path : '', done: done === true });
  };
  window.addEventListener('chasm-saved', hear);
  return () => window.removeEventListener('chasm-saved', hear);
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

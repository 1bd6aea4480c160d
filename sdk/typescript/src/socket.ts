// One WebSocket to the recorder, from the attempt to its end.
//
// Owns the socket and whether it still lives: three heartbeats of silence are the end, whatever the socket says. Knows no event.

import type { ServerFrame } from './events.js';

/** As much of a WebSocket as is used: the browser's, Node's own, and that of the package ws. */
export interface WebSocketLike {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(text: string): void;
  close(code?: number): void;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
}

/** A WebSocket class as an application has it; each has its own idea of its arguments' types. */
export type WebSocketClass = new (...given: never[]) => { close(): void };

type PlainClass = new (url: string, protocols: string[]) => WebSocketLike;

/** Opens a WebSocket that shows the token in a way that this platform has. */
export type OpenSocket = (url: string, token: string | undefined) => WebSocketLike;

export type Welcome = Extract<ServerFrame, { type: 'welcome' }>;

const WELCOME_MS = 5_000;
const DEFAULT_HEARTBEAT_SECS = 20;
const NORMAL = 1000;

/** For where only a subprotocol can carry the token: never the address. */
export function bySubprotocol(Socket: WebSocketClass): OpenSocket {
  const Plain = Socket as unknown as PlainClass;
  return (url, token) => new Plain(url, token === undefined ? [] : [`chasm.token.${token}`]);
}

export class Link {
  /** Why it ended. */
  readonly ended: Promise<string>;
  readonly welcome: Promise<Welcome | undefined>;
  readonly #socket: WebSocketLike;
  #heard = Date.now();
  #watch: ReturnType<typeof setTimeout> | undefined;
  #welcomed: (welcome: Welcome | undefined) => void = () => undefined;
  #end: (why: string) => void = () => undefined;
  #over = false;

  constructor(
    socket: WebSocketLike,
    private readonly onFrame: (frame: ServerFrame) => void,
  ) {
    this.#socket = socket;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    this.welcome = new Promise((resolve) => (this.#welcomed = resolve));
    this.#watch = setTimeout(() => this.close('the recorder did not answer'), WELCOME_MS);
    socket.onmessage = ({ data }) => this.#hear(data);
    socket.onclose = ({ code, reason }) => this.#gone(reason || `the connection was closed (${code})`);
    socket.onerror = () => undefined;
  }

  get isOpen(): boolean {
    return !this.#over;
  }

  get buffered(): number {
    return this.#socket.bufferedAmount;
  }

  send(text: string): void {
    if (this.#over || this.#socket.readyState !== 1) return;
    try {
      this.#socket.send(text);
    } catch (error) {
      this.close(String(error));
    }
  }

  /** Ends it now: nobody waits for the other side, which may be gone. */
  close(why: string): void {
    if (this.#over) return;
    this.#gone(why);
    const socket = this.#socket;
    // a socket that opens after that is closed then
    socket.onopen = () => socket.close(NORMAL);
    try {
      socket.close(NORMAL);
    } catch {
      // it never was open
    }
    // where the package ws has given it, the other side may never answer the closing
    (socket as { terminate?: () => void }).terminate?.();
  }

  #gone(why: string): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#watch);
    this.#socket.onmessage = this.#socket.onclose = null;
    this.#welcomed(undefined);
    this.#end(why);
  }

  #hear(data: unknown): void {
    this.#heard = Date.now();
    const frame = parse(data);
    if (frame === undefined) return this.close('what answers is not a recorder');
    if (frame.type === 'welcome') this.#live(frame);
    this.onFrame(frame);
  }

  #live(welcome: Welcome): void {
    clearTimeout(this.#watch);
    const every = (welcome.heartbeat_secs ?? DEFAULT_HEARTBEAT_SECS) * 1000;
    const beat = (): void => {
      const silence = Date.now() - this.#heard;
      if (silence >= 3 * every) return this.close('the recorder fell silent');
      this.send('{"type":"ping"}');
      this.#watch = setTimeout(beat, every);
    };
    this.#watch = setTimeout(beat, every);
    this.#welcomed(welcome);
  }
}

function parse(data: unknown): ServerFrame | undefined {
  try {
    const frame: unknown = JSON.parse(String(data));
    return typeof frame === 'object' && frame !== null && 'type' in frame
      ? (frame as ServerFrame)
      : undefined;
  } catch {
    return undefined;
  }
}

// The entry for Node: a file for the outbox, the recorder's own folder for address and token, WebSockets of Node or of the package ws.
//
// Owns what only Node has. The token of the data folder is sent to this machine only, or to the address that the folder itself names.

import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isLoopback, serverUrl } from './address.js';
import { checkOptions, outboxesFor } from './check.js';
import { FileOutbox } from './outbox/file.js';
import { CoreRecorder, DEFAULT_SERVER, type CommonOptions, type Platform } from './recorder.js';
import type { Place } from './rest.js';
import { bySubprotocol, type OpenSocket, type WebSocketClass, type WebSocketLike } from './socket.js';

export * from './index.js';
export { FileOutbox };

export interface RecorderOptions extends CommonOptions {
  /** The recorder's data folder, which names its address; the outbox is in it. `CHASM_DATA_DIR`, else the platform's own. */
  dataDir?: string;
}

type WithHeaders = new (
  url: string,
  protocols: string[],
  options: { headers: Record<string, string>; perMessageDeflate: boolean },
) => WebSocketLike;

export class Recorder extends CoreRecorder {
  /** Resolves also where no recorder answers: events wait in the outbox then. */
  static async connect(options: RecorderOptions): Promise<Recorder> {
    checkOptions(options);
    const recorder = new Recorder(await platform(options), options);
    await recorder.open();
    return recorder;
  }
}

/** The folder of everything that is recorded, where nothing else is said. */
export function defaultDataDir(): string {
  const { CHASM_DATA_DIR, XDG_DATA_HOME, APPDATA } = process.env;
  if (CHASM_DATA_DIR) return CHASM_DATA_DIR;
  const name = 'chasm-recorder';
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', name);
  if (process.platform === 'win32')
    return join(APPDATA ?? join(homedir(), 'AppData', 'Roaming'), name, 'data');
  // a relative path counts as none
  return join(XDG_DATA_HOME?.startsWith('/') ? XDG_DATA_HOME : join(homedir(), '.local', 'share'), name);
}

async function platform(options: RecorderOptions): Promise<Platform> {
  const { outbox, server, token } = options;
  const folder = options.dataDir ?? defaultDataDir();
  const given = server === undefined ? undefined : serverUrl(server);
  return {
    outboxes: outboxesFor(outbox, () => new FileOutbox(join(folder, 'outbox'))),
    remedy: 'Give a folder that can be written as dataDir or CHASM_DATA_DIR',
    place: () => place(folder, given, token),
    openSocket: await opener(options.WebSocket),
    fetch: options.fetch ?? globalThis.fetch,
  };
}

/** Looked up at each attempt: a recorder that starts again may have another port. */
async function place(folder: string, given: string | undefined, token: string | undefined): Promise<Place> {
  const named = given === undefined ? await addressIn(folder) : undefined;
  const url = given ?? named ?? DEFAULT_SERVER;
  if (token !== undefined || !(named !== undefined || isLoopback(url))) return { url, token };
  const text = await readFile(join(folder, 'token'), 'utf8').catch(() => '');
  return { url, token: text.trim() || undefined };
}

async function addressIn(folder: string): Promise<string | undefined> {
  try {
    const told = JSON.parse(await readFile(join(folder, 'server.json'), 'utf8')) as { address?: string };
    return told.address === undefined ? undefined : serverUrl(told.address);
  } catch {
    return undefined;
  }
}

/** The given class, else the package ws where it is installed (it can show the token in a header), else Node's own. */
async function opener(given: WebSocketClass | undefined): Promise<OpenSocket | undefined> {
  const Socket = given ?? (await installed()) ?? globalThis.WebSocket;
  if (Socket === undefined) return undefined;
  // no other one has that
  if (!('terminate' in (Socket.prototype as object))) return bySubprotocol(Socket);
  const WithHeaders = Socket as unknown as WithHeaders;
  return (url, token) => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return new WithHeaders(url, [], { headers, perMessageDeflate: false });
  };
}

async function installed(): Promise<WebSocketClass | undefined> {
  // not written as a name, so that no bundler looks for what need not be there
  const name = ['w', 's'].join('');
  try {
    const found = (await import(/* @vite-ignore */ name)) as { default: WebSocketClass };
    return found.default;
  } catch {
    return undefined;
  }
}

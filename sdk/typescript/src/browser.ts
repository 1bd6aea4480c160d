// The entry for pages and workers: IndexedDB for the outbox, the browser's own WebSocket.
//
// Owns what only a browser has. Where it keeps nothing (private windows of some), the outbox is memory, and the state says so.

import { serverUrl } from './address.js';
import { checkOptions, outboxesFor } from './check.js';
import { IndexedDbOutbox } from './outbox/indexeddb.js';
import { CoreRecorder, DEFAULT_SERVER, type CommonOptions, type Platform } from './recorder.js';
import { bySubprotocol } from './socket.js';

export * from './index.js';
export { IndexedDbOutbox };

export type RecorderOptions = CommonOptions;

export class Recorder extends CoreRecorder {
  /** Resolves also where no recorder answers: events wait in the outbox then. */
  static async connect(options: RecorderOptions): Promise<Recorder> {
    checkOptions(options);
    const recorder = new Recorder(platform(options), options);
    await recorder.open();
    if (typeof addEventListener === 'function') {
      const online = (): void => recorder.hurry();
      addEventListener('online', online);
      recorder.on(
        'state',
        ({ connection }) => connection === 'closed' && removeEventListener('online', online),
      );
    }
    return recorder;
  }
}

function platform(options: RecorderOptions): Platform {
  const { outbox, token } = options;
  const url = serverUrl(options.server ?? DEFAULT_SERVER);
  const Socket = options.WebSocket ?? globalThis.WebSocket;
  return {
    outboxes: outboxesFor(outbox, () => new IndexedDbOutbox()),
    remedy: 'It takes a page of https or localhost with IndexedDB and Web Locks, in no private window',
    place: () => Promise.resolve({ url, token }),
    openSocket: Socket && bySubprotocol(Socket),
    fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
  };
}

// The entry for pages and workers: IndexedDB for the outbox, the browser's own WebSocket.
//
// Owns what only a browser has. Where it keeps nothing (private windows of some), the outbox is memory, and the state says so.

import { serverUrl } from './address.js';
import { IndexedDbOutbox } from './outbox/indexeddb.js';
import { MemoryOutbox } from './outbox/memory.js';
import { CoreRecorder, DEFAULT_SERVER, type CommonOptions, type Platform } from './recorder.js';
import { bySubprotocol } from './socket.js';

export * from './index.js';
export { IndexedDbOutbox };

export type RecorderOptions = CommonOptions;

export class Recorder extends CoreRecorder {
  /** Resolves also where no recorder answers: events wait in the outbox then. */
  static async connect(options: RecorderOptions): Promise<Recorder> {
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
  const memory = new MemoryOutbox();
  return {
    outboxes: outbox === 'memory' ? [memory] : outbox ? [outbox] : [new IndexedDbOutbox(), memory],
    place: () => Promise.resolve({ url, token }),
    openSocket: Socket && bySubprotocol(Socket),
    fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
  };
}

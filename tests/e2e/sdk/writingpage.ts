// A page that records, as an application's would: served from its own origin, with the SDK in it.
//
// Owns the page's server. The page writes messages into the session that its address names, and tells the test of each once the SDK
// has said that it is in the outbox.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

const SCRIPT = `
import { Recorder } from '/sdk.mjs';
const asked = new URLSearchParams(location.search);
const recorder = await Recorder.connect({ client: 'page/1', server: asked.get('server'), token: window.token, snapshotEvery: 700 });
if (recorder.state.outbox !== 'indexeddb') throw new Error('no outbox in IndexedDB: ' + recorder.state.outboxError);
const chat = recorder.session({ id: asked.get('session'), title: 'a page' });
let isOver = false;
let n = 0;
window.recorder = recorder;
window.finish = async () => {
  isOver = true;
  await recorder.flush();
  await recorder.close();
  return recorder.state;
};
async function write() {
  n += 1;
  const content = asked.get('life') + '.' + performance.timeOrigin + '-' + n;
  await chat.message({ role: n % 2 ? 'user' : 'assistant', content });
  await window.wrote(asked.get('session'), content);
}
while (!isOver) {
  await Promise.all(Array.from({ length: 1 + (n % 4) }, write));
  await new Promise((resolve) => setTimeout(resolve, 10));
}
`;
const HTML =
  '<!doctype html><meta charset="utf-8"><title>chat</title><script type="module" src="/page.js"></script>';

export class WritingPage {
  private constructor(private readonly server: Server) {}

  static async serve(sdk: string): Promise<WritingPage> {
    const files: Record<string, [type: string, text: string]> = {
      '/': ['text/html', HTML],
      '/page.js': ['text/javascript', SCRIPT],
      '/sdk.mjs': ['text/javascript', await readFile(sdk, 'utf8')],
    };
    const server = createServer((request, response) => {
      const found = files[new URL(request.url ?? '/', 'http://page').pathname];
      if (found === undefined) return void response.writeHead(404).end();
      response.writeHead(200, { 'content-type': found[0] }).end(found[1]);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new WritingPage(server);
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  address(recorder: string, session: string, life: number): string {
    return `${this.origin}/?${new URLSearchParams({ server: recorder, session, life: String(life) }).toString()}`;
  }

  async end(): Promise<void> {
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }
}

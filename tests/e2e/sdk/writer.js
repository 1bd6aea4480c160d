// A client with the SDK in a process of its own, which can be killed: writes messages, and writes each into its own log once the SDK
// has said that it is in the outbox. «end» on its input: sends what is left and ends.
//
//   node writer.js BUNDLE DATA_DIR SERVER SESSION LOG LIFE

import { appendFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { WebSocket } from 'ws';

const [bundle, dataDir, server, session, log, life] = process.argv.slice(2);
const MOST_WAITING = 2000;
const MOST_AT_ONCE = 8;
const NAP_MS = 30;

const { Recorder } = await import(pathToFileURL(bundle).href);
const recorder = await Recorder.connect({
  client: 'writer/1',
  dataDir,
  server,
  WebSocket,
  snapshotEvery: 700,
});
if (recorder.state.outbox !== 'file') throw new Error('no outbox on the disk');
recorder.on('refused', ({ code }) => process.stdout.write(`refused ${code}\n`));
const chat = recorder.session({ id: session, title: 'chaos' });

let isOver = false;
process.stdin.on('data', (text) => (isOver ||= String(text).includes('end')));

let n = 0;
while (!isOver) {
  // where much waits it writes on, slowly: a network that is cut all the time takes less than a writer can give
  const isBehind = recorder.state.waiting > MOST_WAITING;
  await Promise.all(Array.from({ length: isBehind ? 1 : 1 + (n % MOST_AT_ONCE) }, () => write()));
  await setTimeout(isBehind ? 3 * NAP_MS : NAP_MS);
}
await recorder.flush();
await recorder.close();
process.exit(0);

async function write() {
  n += 1;
  const content = `${life}-${n} ${'x'.repeat((n * 37) % 400)}`;
  await chat.message({ role: n % 2 ? 'user' : 'assistant', content });
  appendFileSync(log, `${content}\n`);
}

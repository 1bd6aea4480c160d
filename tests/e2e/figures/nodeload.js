// The load in a Node of its own, as an application has it: with the SDK as one file, and the package ws for both sides.
//
// CHASM_SDK_ALONE=1 leaves the bare one out, for a profile (node --cpu-prof).
//
//   node nodeload.js BUNDLE DATA_DIR SERVER ROUNDS MS

import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { WebSocket } from 'ws';
import { rounds } from './load.js';

const [bundle, dataDir, server, count, ms] = process.argv.slice(2);
const { Recorder, FileOutbox } = await import(pathToFileURL(bundle).href);

const found = await rounds({
  name: 'node',
  count: Number(count),
  ms: Number(ms),
  isAlone: process.env['CHASM_SDK_ALONE'] === '1',
  open: () => new WebSocket(`${server.replace('http', 'ws')}/ws/recording`, { perMessageDeflate: false }),
  sdk: {
    Recorder,
    outbox: () => new FileOutbox(join(dataDir, 'outbox')),
    options: { server, dataDir, WebSocket },
  },
});
process.stdout.write(JSON.stringify(found));

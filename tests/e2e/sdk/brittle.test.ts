// A line on which every connection breaks after some kilobytes, with much more waiting: each one brings some of it, until all is there.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { Recorder as Sdk } from '../../../sdk/typescript/src/node.js';
import { Dice } from '../src/dice';
import { Recorder, UNFOLLOWED } from '../src/recorder';
import { recorded } from './kept';
import { MOST_BEFORE_CUT, Proxy } from './proxy';

const EVENTS = 60;

test.each(['live', 'batch'] as const)('some of it gets through each time: %s', async (mode) => {
  const recorder = await Recorder.start({ config: UNFOLLOWED });
  const proxy = await Proxy.start(() => recorder.port, new Dice(1));
  proxy.weather = 'brittle';
  const folder = await mkdtemp(join(tmpdir(), 'chasm-sdk-brittle-'));
  try {
    const sdk = await Sdk.connect({ client: 'brittle/1', server: proxy.url, dataDir: folder, mode });
    const session = sdk.session({ id: 'brittle' });
    const texts = Array.from({ length: EVENTS }, (_, n) => `${n} ${'x'.repeat(MOST_BEFORE_CUT / 4)}`);
    await Promise.all(texts.map((content) => session.message({ role: 'user', content })));
    expect(await sdk.flush({ timeout: 90_000 })).toBe(true);
    expect(await recorded(recorder, 'brittle')).toEqual(texts);
    expect(proxy.cuts).toBeGreaterThan(5);
    await sdk.close();
  } finally {
    await proxy.end();
    await recorder.end();
    await rm(folder, { recursive: true });
  }
});

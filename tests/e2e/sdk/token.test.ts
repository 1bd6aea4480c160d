// The SDK where the recorder wants a token: Node finds it in the data folder, a page is given it. It is in no address.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { Recorder as Sdk } from '../../../sdk/typescript/src/node.js';
import { Recorder, UNFOLLOWED } from '../src/recorder';
import { browser } from '../src/visit';
import { until } from '../src/wait';
import { Bundle } from './bundle';
import { expectKept, recorded } from './kept';
import { WritingPage } from './writingpage';

let recorder: Recorder;
let bundle: Bundle;
let site: WritingPage;

beforeAll(async () => {
  bundle = await Bundle.make('browser');
  site = await WritingPage.serve(bundle.path);
  const config = `auth = "token"\nallowed_origins = ["${site.origin}"]\n${UNFOLLOWED}`;
  recorder = await Recorder.start({ config });
});

afterAll(async () => {
  await recorder.end();
  await site.end();
  await bundle.end();
});

test('Node finds address and token, and a session that ends is completed', async () => {
  for (const mode of ['hybrid', 'batch'] as const) {
    const sdk = await Sdk.connect({ client: 'token/1', dataDir: recorder.folder, mode });
    const session = sdk.session({ id: mode, title: 'with a token' });
    await session.message({ role: 'user', content: 'hi' });
    const call = await session.toolCall({ name: 'look', call_id: 'c', arguments: { at: 1 } });
    await session.toolResult({ call_id: 'c', output: 'seen' });
    expect(await sdk.flush({ timeout: 30_000 })).toBe(true);
    const answer = await session.snapshot({ messages: [{ role: 'user', content: 'hi' }] });
    expect(answer).toMatchObject({ session_id: mode, stored: true, messages: 1 });
    await session.end({ reason: 'over' });
    expect(await sdk.flush({ timeout: 30_000 })).toBe(true);
    expect(sdk.state.transport).toBe(mode === 'batch' ? 'rest' : 'websocket');
    await sdk.close();
    expect(call.seq).toBe(3);
    expect(await recorder.api.session(mode)).toMatchObject({
      state: 'completed',
      message_count: 1,
      tool_call_count: 1,
    });
  }
});

test('Node with a wrong token is refused, and says so', async () => {
  const sdk = await Sdk.connect({
    client: 'token/1',
    dataDir: recorder.folder,
    server: recorder.address,
    token: 'wrong',
    outbox: 'memory',
  });
  await until(() => sdk.state.connection === 'refused', 'the refusal');
  expect(sdk.state.lastError).toBeTruthy();
  await sdk.close({ timeout: 1 });
});

test('a page shows its token over WebSocket and REST', async () => {
  const context = await (await browser()).newContext();
  const log: string[] = [];
  const asked: string[] = [];
  const token = await recorder.token();
  await context.exposeFunction('wrote', (_: string, text: string) => void log.push(text));
  const page = await context.newPage();
  page.on('request', (request) => asked.push(request.url()));
  page.on('websocket', (socket) => asked.push(socket.url()));
  await page.addInitScript((secret) => Object.assign(window, { token: secret }), token);
  await page.goto(site.address(recorder.address, 'page', 1));
  await until(() => asked.some((url) => url.endsWith('/api/recording/snapshot')), 'a snapshot');
  await until(async () => (await recorded(recorder, 'page')).length > 20, 'messages');
  const state = await page.evaluate('window.finish()');
  expect(state).toMatchObject({ transport: 'websocket', waiting: 0, refused: 0 });
  await expectKept(recorder, 'page', log, 0);
  expect(asked.some((url) => url.startsWith('ws:'))).toBe(true);
  expect(asked.filter((url) => url.includes(token))).toEqual([]);
  await context.close();
});

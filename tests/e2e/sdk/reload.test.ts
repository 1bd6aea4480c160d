// A page that records its calls to a model with `recordFetch`, and is reloaded in the middle of its conversation: it goes on under the
// session id that it kept, and sends all that was said before. Each message is recorded once, in its place.

import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Recorder, UNFOLLOWED } from '../src/recorder';
import { browser } from '../src/visit';
import { until } from '../src/wait';
import { Bundle } from './bundle';

const SCRIPT = `
import { Recorder } from '/sdk.mjs';
import { recordFetch } from '/wrap.mjs';
const recorder = await Recorder.connect({ client: 'reload/1', server: new URLSearchParams(location.search).get('server') });
const talk = JSON.parse(sessionStorage.getItem('talk') ?? '[]');
const keep = () => sessionStorage.setItem('talk', JSON.stringify(talk));
window.errors = [];
const wrapped = recordFetch(fetch.bind(window), recorder, { session: { id: 'page' }, onError: (error) => window.errors.push(String(error)) });
window.flushed = () => recorder.flush();
// what is seen of an answer is kept, as a page does
window.ask = async (content) => {
  talk.push({ role: 'user', content });
  keep();
  const response = await wrapped('/v1/chat/completions', { method: 'POST', body: JSON.stringify({ messages: talk, stream: true }) });
  const answer = { role: 'assistant', content: '' };
  talk.push(answer);
  for await (const text of response.body.pipeThrough(new TextDecoderStream()))
    for (const [, piece] of text.matchAll(/"content":"([^"]*)"/g)) {
      answer.content += piece;
      keep();
    }
};
window.isThere = true;
`;
const HTML =
  '<!doctype html><meta charset="utf-8"><title>chat</title><script type="module" src="/page.js"></script>';

let bundles: Bundle[];
let site: Server;
let recorder: Recorder;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  bundles = [await Bundle.make('browser'), await Bundle.make('wrap/index')];
  const [sdk, wrap] = await Promise.all(bundles.map(({ path }) => readFile(path, 'utf8')));
  const files: Record<string, [type: string, text: string]> = {
    '/': ['text/html', HTML],
    '/page.js': ['text/javascript', SCRIPT],
    '/sdk.mjs': ['text/javascript', sdk ?? ''],
    '/wrap.mjs': ['text/javascript', wrap ?? ''],
  };
  site = createServer((request, response) => {
    const found = files[new URL(request.url ?? '/', 'http://page').pathname];
    if (found) return void response.writeHead(200, { 'content-type': found[0] }).end(found[1]);
    if (request.method !== 'POST') return void response.writeHead(404).end();
    const asked: Buffer[] = [];
    request.on('data', (piece: Buffer) => asked.push(piece));
    request.on('end', () => {
      // the model: its answer to «slow» has no end
      const { messages } = JSON.parse(Buffer.concat(asked).toString()) as { messages: { content: string }[] };
      const last = messages.at(-1)?.content ?? '';
      const piece = (delta: object, end = false) =>
        `data: ${JSON.stringify({ choices: [{ index: 0, delta, ...(end ? { finish_reason: 'stop' } : {}) }] })}\n\n`;
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(piece({ content: 'It is ' }));
      response.write(piece({ content: `${messages.length}` }));
      if (last !== 'slow') response.end(piece({}, true));
    });
  });
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
});

afterAll(async () => {
  site.closeAllConnections();
  site.close();
  await Promise.all(bundles.map((bundle) => bundle.end()));
});

beforeEach(async () => {
  const origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
  recorder = await Recorder.start({ config: `allowed_origins = ["${origin}"]\n${UNFOLLOWED}` });
  context = await (await browser()).newContext();
  page = await context.newPage();
  await page.goto(`${origin}/?server=${encodeURIComponent(recorder.address)}`);
  await page.waitForFunction('window.isThere');
});

afterEach(async () => {
  await context.close();
  await recorder.end();
});

async function reload(): Promise<void> {
  await page.reload();
  await page.waitForFunction('window.isThere');
}

async function ask(content: string): Promise<void> {
  await page.evaluate(`window.ask(${JSON.stringify(content)})`);
  expect(await page.evaluate('window.flushed()')).toBe(true);
}

async function recorded(): Promise<string[]> {
  const { messages } = await recorder.api.session('page');
  return messages.map(({ role, content }) => `${role}: ${String(content)}`);
}

/** What was said before is with the recorder; other snapshots come much later. */
function recalled(): Promise<unknown> {
  return page.waitForResponse(
    (response) => response.url().endsWith('/api/recording/snapshot') && response.status() === 200,
  );
}

test('a page that is reloaded between and within answers has each message once', async () => {
  await ask('yes');
  await ask('yes');
  await reload();
  const first = recalled();
  await ask('yes');
  await first;
  const said = ['user: yes', 'assistant: It is 1', 'user: yes', 'assistant: It is 3', 'user: yes'];
  await expect.poll(recorded).toEqual([...said, 'assistant: It is 5']);

  // in the middle of an answer
  await page.evaluate('void window.ask("slow")');
  await until(async () => (await recorded()).at(-1) === 'assistant: It is 7', 'the begun answer');
  await reload();
  const second = recalled();
  await ask('go on');
  await second;
  await reload();
  const third = recalled();
  await ask('yes');
  await third;
  await expect
    .poll(recorded)
    .toEqual([
      ...said,
      'assistant: It is 5',
      'user: slow',
      'assistant: It is 7',
      'user: go on',
      'assistant: It is 9',
      'user: yes',
      'assistant: It is 11',
    ]);
  expect(await page.evaluate('window.errors')).toEqual([]);
});

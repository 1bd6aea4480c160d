// The example page, as a reader of its README would try it: written to, reloaded, its tab killed, the recorder killed, not allowed and
// then allowed.

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Detail } from '../src/api';
import { ROOT } from '../src/places';
import { Recorder, UNFOLLOWED } from '../src/recorder';
import { browser } from '../src/visit';
import { until } from '../src/wait';

const LAST_WORDS = 'Nothing that you have seen is lost.';
const READS = ['sessions', 'search?q=fox', 'status', 'notices', 'live', 'recovery'];

let site: ChildProcess;
let origin: string;
let recorder: Recorder;
let context: BrowserContext;
let page: Page;

beforeAll(async () => {
  await promisify(execFile)('npm', ['run', '--silent', 'build', '-w', 'sdk/typescript'], { cwd: ROOT });
  site = spawn(process.execPath, [join(ROOT, 'examples/web-chat/server.mjs'), '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (site.stdout === null) throw new Error('the example says nothing');
  [origin] = (await once(createInterface(site.stdout), 'line')) as [string];
});

afterAll(async () => {
  site.kill();
  await once(site, 'exit');
});

beforeEach(async () => {
  recorder = await Recorder.start({ config: `allowed_origins = ["${origin}"]\n${UNFOLLOWED}` });
  context = await (await browser()).newContext({ viewport: { width: 900, height: 640 } });
  page = await open();
});

afterEach(async () => {
  await context.close();
  await recorder.end();
});

async function open(): Promise<Page> {
  const opened = await context.newPage();
  await opened.goto(`${origin}/?recorder=${encodeURIComponent(recorder.address)}`);
  return opened;
}

/** Sends a prompt, and waits for the line that its answer will be in. */
async function send(text: string): Promise<void> {
  const answers = page.locator('.assistant');
  const before = await answers.count();
  await page.getByLabel('Ask something').fill(text);
  await page.getByRole('button', { name: 'Send' }).click();
  await expect.poll(() => answers.count()).toBe(before + 1);
}

/** Waits until the answer that streams in has so many characters. */
async function streamed(characters: number): Promise<string> {
  const answer = page.locator('.assistant').last();
  return until(async () => {
    const text = (await answer.textContent()) ?? '';
    return text.length >= characters && text;
  }, 'the answer to stream in');
}

async function whole(): Promise<string> {
  const answer = page.locator('.assistant').last();
  return until(async () => {
    const text = (await answer.textContent()) ?? '';
    return text.endsWith(LAST_WORDS) && text;
  }, 'the end of the answer');
}

function standing(): Promise<string | null> {
  return page.getByRole('status').textContent();
}

/** The one session, once it has what is wanted of it. */
async function recorded(wanted: (detail: Detail) => boolean, what: string): Promise<Detail> {
  return until(async () => {
    const [first] = (await recorder.api.list()).sessions;
    const detail = first && (await recorder.api.session(first.session_id));
    return detail !== undefined && wanted(detail) && detail;
  }, what);
}

const says = (detail: Detail): string[] =>
  detail.messages.map(({ role, content }) => `${role}: ${content as string}`);
const has = (text: string) => (detail: Detail) => says(detail).some((line) => line.includes(text));

test('a prompt and its whole answer are recorded', async () => {
  await expect.poll(standing).toBe('Recording');
  await send('Where does the fox sleep?');
  const answer = await whole();
  const detail = await recorded(has(LAST_WORDS), 'the whole answer');
  expect(says(detail)).toEqual(['user: Where does the fox sleep?', `assistant: ${answer}`]);
});

test('what was seen of an answer survives a reload and the end of the tab; a page that is only looked at is no session', async () => {
  await send('one');
  const first = await streamed(30);
  await page.reload();
  await recorded(has(first.slice(0, 30)), 'what was seen before the reload');

  // the same session goes on
  await send('two');
  const second = await streamed(30);
  const crashed = new Promise((resolve) => page.once('crash', resolve));
  const devtools = await context.newCDPSession(page);
  devtools.send('Page.crash').catch(() => undefined);
  await crashed;
  page = await open();
  const detail = await recorded(has('user: two'), 'the prompt behind the reload');
  expect(says(detail).filter((line) => line.startsWith('user:'))).toEqual(['user: one', 'user: two']);
  expect(says(detail).at(-1)?.slice('assistant: '.length)).toContain(second.slice(0, 20));
  expect((await recorder.api.list()).total).toBe(1);
});

test('a recorder that is killed gets everything when it is back', async () => {
  await send('before');
  await streamed(20);
  await recorder.kill();
  await whole();
  await expect.poll(standing).toMatch(/\d+ events are kept in this browser/);
  await send('while it was away');
  const answer = await whole();
  await recorder.restart();
  const detail = await recorded(
    (one) => one.messages.length === 4 && says(one).at(-1) === `assistant: ${answer}`,
    'all that was said meanwhile',
  );
  expect(says(detail).map((line) => line.split(':')[0])).toEqual(['user', 'assistant', 'user', 'assistant']);
  await expect.poll(standing).toBe('Recording');
});

test('a site that is not allowed is told of, keeps, and is recorded once it is allowed; it reads nothing', async () => {
  const home = await context.newPage();
  const live = home.waitForResponse((answer) => answer.url().includes('/api/recording/live'));
  await home.goto(recorder.address);
  await live;
  // told once a day: of the page that is open, where it comes back before it is closed
  await recorder.api.json('PATCH', '/api/settings', { allowed_origins: [] });
  await page.close();
  page = await open();
  await home.locator('.toast', { hasText: `${origin} wants to record here` }).waitFor();
  await send('not yet');
  const answer = await whole();
  await expect.poll(standing).toContain('has not allowed this site');
  expect((await recorder.api.list()).total).toBe(0);
  const asked = await until(async () => {
    const { notices } = await recorder.api.json<{ notices: { origin?: string }[] }>(
      'GET',
      '/api/recording/notices?kind=origin_refused',
    );
    return notices.length > 0 && notices;
  }, 'the notice');
  expect(asked).toMatchObject([{ origin }]);

  await home.goto(`${recorder.address}/#/status`);
  await home.getByRole('button', { name: `Allow ${origin} to record` }).click();
  await home.locator('.toast', { hasText: `${origin} may record now` }).waitFor();
  const detail = await recorded(has(LAST_WORDS), 'what was kept meanwhile');
  expect(says(detail)).toEqual(['user: not yet', `assistant: ${answer}`]);

  for (const path of READS) {
    const read = await page.evaluate(
      (address) => fetch(address).then((one) => one.text()),
      `${recorder.address}/api/recording/${path}`,
    );
    expect(read, path).toContain('it reads nothing');
  }
});

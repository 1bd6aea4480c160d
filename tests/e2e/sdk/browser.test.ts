// The SDK in Chromium: a page is reloaded, its tab is killed, it is offline, the recorder is killed, and two tabs write at once. What
// was in the outbox is in the session afterwards, once and in order.

import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { Recorder, UNFOLLOWED } from '../src/recorder';
import { browser } from '../src/visit';
import { until } from '../src/wait';
import { Bundle } from './bundle';
import { expectKept } from './kept';
import { WritingPage } from './writingpage';

const ROUNDS = process.env['CHASM_SOAK'] === '1' ? 12 : 3;
/** How many events are in the outbox. */
const LEFT = `new Promise((resolve, reject) => {
  const opened = indexedDB.open('chasm-recorder');
  opened.onerror = () => reject(opened.error);
  opened.onsuccess = () => {
    const counted = opened.result.transaction('events').objectStore('events').count();
    counted.onsuccess = () => resolve(counted.result);
  };
})`;
/** Told too late, or never, when a tab is killed. */
const MOST_UNTOLD = 64;

let bundle: Bundle;
let site: WritingPage;
let recorder: Recorder;
let context: BrowserContext;
let lives = 0;
const logs = new Map<string, string[]>();

beforeAll(async () => {
  bundle = await Bundle.make('browser');
  site = await WritingPage.serve(bundle.path);
});

afterAll(async () => {
  await site.end();
  await bundle.end();
});

beforeEach(async () => {
  logs.clear();
  lives = 0;
  const config = `allowed_origins = ["${site.origin}"]\n${UNFOLLOWED}[recording]\nheartbeat_secs = 1\n`;
  recorder = await Recorder.start({ config });
  context = await (await browser()).newContext();
  await context.exposeFunction('wrote', (session: string, text: string) => void log(session).push(text));
});

afterEach(async () => {
  await context.close();
  await recorder.end();
});

function log(session: string): string[] {
  const known = logs.get(session) ?? [];
  logs.set(session, known);
  return known;
}

async function open(session: string): Promise<Page> {
  lives += 1;
  const page = await context.newPage();
  await page.goto(site.address(recorder.address, session, lives));
  return page;
}

async function wrote(session: string, more: number): Promise<void> {
  const before = log(session).length;
  await until(() => log(session).length >= before + more, `${more} more messages of ${session}`);
}

/** The tab is gone as when its process crashes: nothing of it runs any more. */
async function crash(page: Page): Promise<void> {
  const crashed = new Promise((resolve) => page.once('crash', resolve));
  const devtools = await context.newCDPSession(page);
  // never answered
  devtools.send('Page.crash').catch(() => undefined);
  await crashed;
  await page.close();
}

/** Sends all that waits, and ends. */
async function finish(page: Page): Promise<void> {
  await page.waitForFunction('typeof window.finish === "function"');
  const state = await page.evaluate('window.finish()');
  expect(state).toMatchObject({ connection: 'closed', waiting: 0, refused: 0 });
  expect(await page.evaluate(LEFT), 'events left in the outbox').toBe(0);
}

async function recorded(session: string): Promise<number> {
  const listing = await recorder.api.list();
  return listing.sessions.find(({ session_id }) => session_id === session)?.event_count ?? 0;
}

test(
  'a page that is reloaded, killed, offline and without a recorder loses nothing',
  { timeout: 180_000 + ROUNDS * 30_000 },
  async () => {
    let page = await open('page');
    for (let round = 0; round < ROUNDS; round++) {
      await wrote('page', 40);
      await page.reload();
      await wrote('page', 20);
      await recorder.kill();
      await wrote('page', 30);
      await crash(page);
      page = await open('page');
      await wrote('page', 20);
      await recorder.restart();
      await context.setOffline(true);
      await wrote('page', 20);
      await context.setOffline(false);
      const before = await recorded('page');
      await until(async () => (await recorded('page')) > before, 'the recorder to have more of the session');
    }
    await finish(page);
    expect(log('page').length).toBeGreaterThan(ROUNDS * 100);
    await expectKept(recorder, 'page', log('page'), ROUNDS * 2 * MOST_UNTOLD);
  },
);

test('two tabs write at once, and one sends what the other left', { timeout: 180_000 }, async () => {
  const [left, right] = [await open('left'), await open('right')];
  await wrote('left', 40);
  await wrote('right', 40);
  await recorder.kill();
  await wrote('left', 40);
  await wrote('right', 20);
  await crash(left);
  await recorder.restart();
  await wrote('right', 20);
  // nobody opens the other page again
  const [last] = log('left').slice(-1);
  await until(async () => {
    const { messages } = await recorder.api.session('left');
    return messages.some(({ content }) => content === last);
  }, 'the messages of the tab that is gone');
  await finish(right);
  await expectKept(recorder, 'left', log('left'), MOST_UNTOLD);
  await expectKept(recorder, 'right', log('right'), MOST_UNTOLD);
});

test('a page whose origin is not allowed keeps what it writes, and says that it waits', async () => {
  await recorder.end();
  recorder = await Recorder.start({ config: UNFOLLOWED });
  const page = await open('outside');
  await wrote('outside', 10);
  await page.waitForFunction('window.recorder.state.lastError !== undefined');
  const state = await page.evaluate('window.recorder.state');
  expect(state).toMatchObject({ connection: 'waiting', outbox: 'indexeddb', refused: 0 });
  expect((state as { waiting: number }).waiting).toBeGreaterThanOrEqual(10);
  expect(await recorded('outside')).toBe(0);
});

// The recorder goes away and comes back: the page says so, counts down, and goes on where the reader was.

import { afterEach, beforeEach, expect } from 'vitest';
import { Recorder } from '../src/recorder';
import { BORROW, FLAKY, tell } from '../src/stories';
import { seen, test, unseen, type Visit } from '../src/visit';
import { until } from '../src/wait';

let recorder: Recorder;
beforeEach(async () => {
  recorder = await Recorder.start();
  for (let n = 0; n < 80; n += 1)
    await recorder.api.record(
      tell({ ...BORROW, id: `copy-${n}`, title: `Copy number ${n}` }, Date.now() - n * 60_000 - 600_000),
    );
  await recorder.api.record(tell(FLAKY));
});
afterEach(() => recorder.end());

/** A request that finds nobody, or one that breaks off, is what is tried here. */
const look = {
  expected: /ERR_CONNECTION_REFUSED|ERR_INCOMPLETE_CHUNKED_ENCODING|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE/,
};
const strip = (v: Visit) => v.page.locator('.strip');

test('says that it cannot be reached, counts down, and is back by itself', async ({ open }) => {
  const v = await open(recorder, `#/session/${FLAKY.id}`, look);
  await seen(v.page.getByText('why does it hang'));
  await expect.poll(() => strip(v).textContent()).toContain('Recording');
  const list = v.page.locator('.list');
  await list.evaluate((element) => element.scrollTo({ top: 2_000 }));
  await until(() => list.evaluate((element) => element.scrollTop > 1_500), 'the list to be scrolled');
  const topRow = () =>
    list.evaluate((element) => {
      const box = element.getBoundingClientRect();
      return document.elementFromPoint(box.left + box.width / 2, box.top + 40)?.closest('.row')?.textContent;
    });
  await until(topRow, 'a row at the top');
  const place = await topRow();
  await recorder.kill();

  await seen(strip(v).getByText(/The recorder cannot be reached, trying again in \d+ s/));
  const seconds = new Set<string>();
  await until(async () => {
    const told = /in (\d+) s/.exec((await strip(v).textContent()) ?? '')?.[1];
    if (told !== undefined) seconds.add(told);
    return seconds.size >= 2;
  }, 'the seconds to count down');
  expect(await strip(v).textContent()).not.toContain('Recording');
  // what was read stays readable
  await seen(v.page.getByText('why does it hang'));

  await recorder.restart();
  await expect.poll(() => strip(v).textContent()).toContain('Recording');
  expect(v.hash).toBe(`#/session/${FLAKY.id}`);
  expect(await topRow()).toBe(place);
  await seen(v.page.getByText('why does it hang'));
  // and it follows again
  await recorder.api.record(
    tell({ ...BORROW, id: 'later', title: 'Begun after the restart' }, Date.now() - 5_000),
  );
  await list.evaluate((element) => element.scrollTo({ top: 0 }));
  await seen(v.page.locator('.row', { hasText: 'Begun after the restart' }));
});

test('each screen that is opened meanwhile says so, and fills itself afterwards', async ({ open }) => {
  const v = await open(recorder, '#/', look);
  await seen(v.page.locator('.row'));
  // the parts of the page are there before the recorder goes: they come from it, too
  for (const place of ['#/recovery', '#/settings']) {
    await v.go(place);
    await seen(v.page.getByRole('heading', { level: 1 }));
  }
  await recorder.kill();
  await seen(strip(v).getByText(/cannot be reached/));
  await v.go('#/recovery');
  await seen(v.page.getByRole('alert').getByText('The recorder cannot be reached'));
  await seen(v.page.getByText(/What was recorded is safe on disk/));
  await recorder.restart();
  await seen(v.page.getByText('Nothing is interrupted'));
  await unseen(v.page.getByRole('alert'));
});

test('a session that is opened meanwhile is there as soon as the recorder is', async ({ open }) => {
  const v = await open(recorder, '#/session/copy-3', look);
  await seen(v.page.getByRole('heading', { level: 1, name: 'Copy number 3' }));
  await v.go('#/');
  await seen(v.page.getByText('Nothing is open'));
  await recorder.kill();
  await seen(strip(v).getByText(/cannot be reached/));
  await v.go('#/session/copy-5');
  await seen(v.page.locator('.right').getByText('The recorder cannot be reached'));
  await recorder.restart();
  await seen(v.page.getByRole('heading', { level: 1, name: 'Copy number 5' }));
});

test('a part of the page that was never loaded says so, and how to go on', async ({ open }) => {
  const v = await open(recorder, '#/', look);
  await seen(v.page.locator('.row'));
  await recorder.kill();
  await seen(strip(v).getByText(/cannot be reached/));
  await v.go('#/session/copy-5');
  await seen(v.page.locator('.right').getByText(/could not be loaded|cannot be reached/));
  await v.go('#/status');
  await seen(v.page.locator('main').getByText(/could not be loaded|cannot be reached/));
  await recorder.restart();
  await expect.poll(() => strip(v).textContent()).toContain('Recording');
  const again = v.page.locator('main').getByRole('button');
  if (await again.first().isVisible()) await again.first().click();
  await seen(v.page.getByRole('heading', { level: 1, name: 'Status' }));
  await v.go('#/session/copy-5');
  await seen(v.page.getByRole('heading', { level: 1, name: 'Copy number 5' }));
});

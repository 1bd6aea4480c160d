// The list of sessions: a hundred thousand of them, grouped, narrowed, ordered, searched, and several handled at once.

import { afterAll, beforeAll, describe, expect } from 'vitest';
import { INTERRUPTED, LONG, LONGEST, MANY, manySessions, NEEDLE, STARRED } from '../src/many';
import { Recorder } from '../src/recorder';
import { BORROW, FLAKY, tell } from '../src/stories';
import { seen, test, unseen, type Visit } from '../src/visit';
import { until } from '../src/wait';

/** The generated ones and the two long ones. */
const ALL = MANY + 2;

const rows = (v: Visit) => v.page.locator('[data-row]');
const field = (v: Visit) => v.page.getByRole('searchbox', { name: 'Search titles, messages and tools' });
const total = (v: Visit) => v.page.locator('.total');
const list = (v: Visit) => v.page.locator('.list');
const marks = (v: Visit) => v.page.locator('.hit mark');

/** How many the list says fit. */
async function fitting(v: Visit): Promise<number> {
  return Number((await total(v).textContent())?.replace(/\D/g, ''));
}

async function says(v: Visit, count: number): Promise<void> {
  await expect.poll(() => fitting(v), { message: 'sessions that fit' }).toBe(count);
}

const bar = (v: Visit) => v.page.getByRole('group', { name: 'Filters' });
const choices = (v: Visit) => bar(v).locator('.sheet').getByRole('menuitemradio');

/** Opens the chip of a filter. */
async function unfold(v: Visit, chip: string): Promise<void> {
  await bar(v)
    .getByRole('button', { name: new RegExp(`^${chip}`) })
    .first()
    .click();
  await seen(bar(v).locator('.sheet'));
}

/** Opens the chip of a filter and chooses. */
async function choose(v: Visit, chip: string, name: string | RegExp): Promise<void> {
  await unfold(v, chip);
  await choices(v).filter({ hasText: name }).first().click();
}

/** What an open chip offers, with how many sessions each choice says it finds. */
async function offered(v: Visit): Promise<{ value: string; count: number }[]> {
  await seen(choices(v).locator('.count'));
  const list = await choices(v).evaluateAll((items) =>
    items.map((item) => {
      const count = item.querySelector('.count')?.textContent ?? '';
      const value = item.querySelector('.value, .word')?.textContent ?? '';
      return { value: value.trim(), count: Number(count.replace(/\D/g, '')) };
    }),
  );
  return list;
}

describe('a hundred thousand sessions', () => {
  let recorder: Recorder;
  beforeAll(async () => {
    recorder = await Recorder.start({ from: await manySessions() });
  });
  afterAll(() => recorder.end());

  test('are counted, and only what is on show is in the page', async ({ open }) => {
    const v = await open(recorder);
    await says(v, ALL);
    expect(await rows(v).count()).toBeLessThan(80);
    await until(async () => {
      await list(v).evaluate((element) => element.scrollTo({ top: element.scrollHeight }));
      return Number(await rows(v).last().getAttribute('data-row')) > 1_500;
    }, 'rows far down');
    await seen(v.page.getByText(/shown, more on the way/));
    expect(await rows(v).count()).toBeLessThan(80);
  });

  test('are grouped by day, the latest first, and keep their place when one is opened and left', async ({
    open,
  }) => {
    const v = await open(recorder);
    const day = await seen(v.page.locator('.day'));
    expect(await day.textContent()).toMatch(/2025/);
    await list(v).evaluate((element) => element.scrollTo({ top: 9_000 }));
    await until(async () => Number(await rows(v).first().getAttribute('data-row')) > 60, 'rows further down');
    // by its number: which rows are in the page still changes
    const number = Number(await rows(v).nth(12).getAttribute('data-row'));
    const row = v.page.locator(`[data-row="${number}"]`);
    const title = await row.locator('.title').textContent();
    await row.click();
    await seen(v.page.getByRole('heading', { level: 1, name: title ?? '' }));
    const before = await list(v).evaluate((element) => element.scrollTop);
    await v.page.goBack();
    await seen(v.page.getByText('Nothing is open'));
    expect(await list(v).evaluate((element) => element.scrollTop)).toBe(before);
  });

  test('are narrowed by chips, which stand in the address and survive a reload', async ({ open }) => {
    const v = await open(recorder);
    await says(v, ALL);
    await choose(v, 'State', 'Interrupted');
    await says(v, INTERRUPTED);
    expect(v.query.get('state')).toBe('interrupted');
    expect(await rows(v).first().locator('.state').textContent()).toBe('Interrupted');

    await choose(v, 'Provider', 'anthropic');
    await expect.poll(() => v.query.get('provider')).toBe('anthropic');
    const wanted =
      (await recorder.api.list('&provider=anthropic')).sessions.length > 0
        ? (
            await recorder.api.json<{ total: number }>(
              'GET',
              '/api/recording/sessions?state=interrupted&provider=anthropic',
            )
          ).total
        : 0;
    expect(wanted).toBeGreaterThan(0);
    await says(v, wanted);

    await v.page.reload();
    await says(v, wanted);
    await seen(v.button('State: Interrupted'));
    await v.button('Remove the filter State').click();
    await v.button('Remove the filter Provider').click();
    await says(v, ALL);
    expect(v.hash).toBe('#/');
  });

  test('say beforehand how many each choice finds, under the other filters', async ({ open }) => {
    const v = await open(recorder);
    await says(v, ALL);
    await unfold(v, 'State');
    const states = await offered(v);
    expect(states).toContainEqual({ value: 'Interrupted', count: INTERRUPTED });
    expect(states).toContainEqual({ value: 'Completed', count: ALL - INTERRUPTED });
    await v.page.keyboard.press('Escape');

    await unfold(v, 'Editor');
    const editors = await offered(v);
    expect(editors.map((one) => one.value).sort()).toEqual(['claude-code', 'cursor', 'gemini-cli', 'vscode']);
    expect(editors).toEqual((await recorder.api.facets())['editors']);
    expect(editors.reduce((sum, one) => sum + one.count, 0)).toBe(ALL);
    const vscode = editors.find((one) => one.value === 'vscode');
    await choices(v).filter({ hasText: 'vscode' }).click();
    await expect.poll(() => v.query.get('editor')).toBe('vscode');
    await says(v, vscode?.count ?? 0);

    // the model's choices are those of the editor; the editor's stay all of them
    await unfold(v, 'Model');
    const values = async () => (await offered(v)).map((one) => one.value).sort();
    await expect.poll(values).toEqual(['claude-sonnet-4', 'gpt-5']);
    const models = await offered(v);
    expect(models.reduce((sum, one) => sum + one.count, 0)).toBe(vscode?.count);
    const model = models.find((one) => one.value === 'gpt-5');
    await choices(v).filter({ hasText: 'gpt-5' }).click();
    await says(v, model?.count ?? 0);
    const text = await rows(v).first().textContent();
    for (const part of ['vscode', 'gpt-5']) expect(text).toContain(part);
    await unfold(v, 'Editor');
    await expect.poll(values).toEqual(['cursor', 'vscode']);
    const left = await offered(v);
    expect(left.find((one) => one.value === 'vscode')?.count).toBe(model?.count);
    await v.page.keyboard.press('Escape');
    await v.page.reload();
    await says(v, model?.count ?? 0);
    await seen(v.button('Editor: vscode'));
    await seen(v.button('Model: gpt-5'));
  });

  test('are narrowed by star, tag, workspace and days', async ({ open }) => {
    const v = await open(recorder);
    await v.button('Starred').first().click();
    await says(v, STARRED);
    await v.button('Starred').first().click();
    await says(v, ALL);

    await v.go('#/?tag=tag-3');
    await says(v, 8);
    await v.go('#/?workspace=%2Fhome%2Fada%2Fcode%2Fatlas');
    await seen(v.button('Workspace: atlas'));
    await says(v, (await recorder.api.list('&workspace=%2Fhome%2Fada%2Fcode%2Fatlas')).total);

    await v.go('#/?when=2025-06-01..2025-06-02');
    const days = await recorder.api.list('&since=2025-05-31T22:00:00Z&until=2025-06-02T22:00:00Z');
    expect(days.total).toBeGreaterThan(10);
    await says(v, days.total);
    await v.go('#/?when=today');
    await seen(v.page.getByText('No session fits'));
    await v.button('Remove search and filters').click();
    await says(v, ALL);
  });

  test('are ordered as asked, in the address too', async ({ open }) => {
    const v = await open(recorder);
    await v.page.getByRole('button', { name: /^Order/ }).click();
    await v.page.getByRole('menuitemradio', { name: 'Most messages' }).click();
    await expect.poll(() => v.query.get('sort')).toBe('messages');
    await expect
      .poll(() => rows(v).first().locator('.title').textContent())
      .toContain(`${LONGEST.entries} entries`);
    expect(await v.page.locator('.day').count()).toBe(0);
    await v.go('#/?sort=oldest');
    const [oldest] = (await recorder.api.list('&sort=oldest&limit=1')).sessions;
    await expect.poll(() => rows(v).first().locator('.title').textContent()).toBe(oldest?.title);
  });

  test('are searched while one types, with the words marked in excerpts', async ({ open }) => {
    const v = await open(recorder);
    await says(v, ALL);
    expect(await field(v).evaluate((element) => element === document.activeElement)).toBe(true);
    await v.page.keyboard.type(NEEDLE.slice(0, 9), { delay: 15 });
    // fewer letters find it too
    await expect.poll(() => v.query.get('q')).toBe(NEEDLE.slice(0, 9));
    await says(v, 1);
    await expect
      .poll(async () => (await marks(v).first().textContent())?.toLowerCase())
      .toContain(NEEDLE.slice(0, 9));
    await v.page.keyboard.type(NEEDLE.slice(9));
    await expect.poll(() => v.query.get('q')).toBe(NEEDLE);
    await says(v, 1);
    // the excerpt leads to the message
    await v.page.locator('.hit').first().click();
    await seen(v.page.locator('.entry.flashed, .entry.here').filter({ hasText: NEEDLE }));
    await field(v).fill('');
    await says(v, ALL);
  });

  test('are searched in what the filters leave', async ({ open }) => {
    const v = await open(recorder, '#/?state=interrupted');
    await says(v, INTERRUPTED);
    await field(v).fill('deadline');
    const wanted = await recorder.api.json<{ total: number }>(
      'GET',
      '/api/recording/sessions?state=interrupted&q=deadline',
    );
    expect(wanted.total).toBeGreaterThan(0);
    expect(wanted.total).toBeLessThan(INTERRUPTED);
    await says(v, wanted.total);
    await seen(marks(v));
    await field(v).fill('quokkasextants-never-said');
    await seen(v.page.getByText('No session fits'));
  });

  test('are opened however long they are', async ({ open }) => {
    const v = await open(recorder, `#/session/${LONG.id}`);
    await seen(v.page.getByRole('heading', { level: 1, name: /A long session of 5000/ }));
    await seen(v.page.locator('.entry.message'));
    expect(await v.page.locator('.entry').count()).toBeLessThan(120);
  });
});

describe('sessions of today', () => {
  let recorder: Recorder;
  beforeAll(async () => {
    recorder = await Recorder.start();
    await recorder.api.record([...tell(FLAKY), ...tell(BORROW, Date.now() - 26 * 3_600_000)]);
    for (let n = 0; n < 6; n += 1)
      await recorder.api.record(
        tell({ ...BORROW, id: `copy-${n}`, title: `Copy number ${n}` }, Date.now() - (n + 60) * 60_000),
      );
  });
  afterAll(() => recorder.end());

  test('stand under «Today» and «Yesterday», with state, place and count', async ({ open }) => {
    const v = await open(recorder);
    await seen(v.page.locator('.day', { hasText: 'Today' }));
    await seen(v.page.locator('.day', { hasText: 'Yesterday' }));
    const row = rows(v).filter({ hasText: FLAKY.title });
    const text = await row.textContent();
    for (const part of ['Completed', 'claude-code', 'chasm', 'claude-opus-4', '5 messages'])
      expect(text).toContain(part);
  });

  test('appear by themselves, and under the reader’s eyes only when asked for', async ({ open }) => {
    const v = await open(recorder);
    await seen(rows(v));
    await recorder.api.record(
      tell({ ...FLAKY, id: 'new-one', title: 'A session that just began', ended: false }, Date.now() - 1_000),
    );
    await seen(rows(v).filter({ hasText: 'A session that just began' }));
    await recorder.api.json('DELETE', '/api/recording/sessions/new-one');
    await unseen(rows(v).filter({ hasText: 'A session that just began' }));
  });

  test('are chosen together and tagged', async ({ open }) => {
    const v = await open(recorder);
    await v.page.getByRole('checkbox', { name: 'Select Copy number 0' }).click({ force: true });
    await v.page
      .getByRole('checkbox', { name: 'Select Copy number 2' })
      .click({ force: true, modifiers: ['Shift'] });
    await seen(v.page.getByText('3 selected'));
    await v.button('Tags').click();
    await v.page.getByLabel('New tag').fill('later');
    await v.button('Add').click();
    await expect.poll(async () => (await recorder.api.list('&tag=later')).total).toBe(3);
    await v.button('Close').click();
    await seen(rows(v).filter({ hasText: 'Copy number 1' }).locator('.tag', { hasText: 'later' }));
    await v.button('Select none').click();
    await unseen(v.page.getByText('3 selected'));
  });
});

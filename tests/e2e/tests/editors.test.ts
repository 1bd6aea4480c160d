// Editors' own files: taken in by themselves, seen while they are written, switched off, or taken in by a button.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { beyond, findings } from '../src/judge';
import { QUICK, Recorder, UNFOLLOWED } from '../src/recorder';
import { goOn, keepOldTranscript } from '../src/transcript';
import { seen, test, THEMES, unseen, type Visit } from '../src/visit';
import { until } from '../src/wait';

const COUNT = 3;
const id = (n: number) => `aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeee0${n}`;
const paths: string[] = [];
const fill = async (home: string): Promise<void> => {
  for (let n = 0; n < COUNT; n += 1) paths[n] = await keepOldTranscript(home, id(n));
};

let recorder: Recorder;
afterEach(() => recorder.end());

const messages = async (n: number): Promise<number> => (await recorder.api.session(id(n))).message_count;
const follow = async () => (await recorder.api.status()).follow;
const found = (v: Visit) => v.page.locator('.found li', { hasText: 'Claude Code' });
const read = (v: Visit) => v.page.getByRole('switch', { name: 'Read the files of Claude Code' });
const row = (v: Visit) => v.page.locator('li').filter({ has: read(v) });
const state = (v: Visit) => v.page.locator('.session .facts .mark .word');

describe('followed', () => {
  beforeEach(async () => {
    recorder = await Recorder.start({ config: QUICK, home: fill });
  });

  test('what an editor has comes by itself', async ({ open }) => {
    await until(async () => (await follow()).state === 'following', 'all to be taken in');
    // it is a first start all the same
    const v = await open(recorder, '#/', { first: true });
    await seen(v.page.getByText(/All of it is recorded, and what they write from now on, too/));
    await seen(found(v).getByText(`${COUNT} sessions, ${COUNT} of them recorded`));
    await seen(found(v).getByText(join(recorder.home, '.claude')));
    expect(await v.page.getByRole('button', { name: /Take in/ }).count()).toBe(0);
    expect((await recorder.api.list()).total).toBe(COUNT);
    expect(await messages(1)).toBe(6);
    await v.go('#/settings');
    await seen(row(v).getByText(`${COUNT} sessions, all recorded`));
    await v.go('#/status');
    await seen(v.page.getByText('Editors’ files: followed', { exact: true }));
  });

  test('what it writes is seen while it writes it, until it is switched off', async ({ open }) => {
    await until(async () => (await follow()).state === 'following', 'all to be taken in');
    const v = await open(recorder, `#/session/${id(1)}`);
    await expect.poll(() => v.page.locator('.entry.message').count()).toBe(6);
    await goOn(paths[1] ?? '', id(1), 0, 'And where does the header go?');
    await seen(v.page.locator('.entry.message', { hasText: 'And where does the header go?' }));
    await expect.poll(() => state(v).textContent()).toBe('Recording');
    const other = await open(recorder, '#/status');
    await seen(other.page.getByText('Editors’ files: followed, 1 session being written'));

    await other.go('#/settings');
    await read(other).click();
    await seen(row(other).getByText('switched off: its files are not read'));
    await expect.poll(() => state(v).textContent()).not.toBe('Recording');
    expect((await follow()).live).toBe(0);
    await goOn(paths[1] ?? '', id(1), 1, 'Nobody hears this yet.');
    // nor does a start bring it
    await recorder.stop();
    await recorder.restart();
    await until(async () => (await follow()).state === 'off', 'the first look to be over');
    expect(await messages(1)).toBe(7);
    await other.go('#/status');
    await seen(other.page.getByText('Editors’ files: not followed'));

    await other.go('#/settings');
    await read(other).click();
    await seen(row(other).getByText(`${COUNT} sessions, all recorded`));
    await seen(v.page.locator('.entry.message', { hasText: 'Nobody hears this yet.' }));
    expect(await messages(1)).toBe(8);
  });

  test('a folder is changed in place, and refused beside it', async ({ open }) => {
    const v = await open(recorder, '#/settings', { expected: / 422 .*\/api\/settings$/ });
    await seen(row(v).getByText(join(recorder.home, '.claude')));
    const change = v.button('Change folder of Claude Code');
    await change.focus();
    await v.page.keyboard.press('Enter');
    const field = v.page.getByRole('textbox', { name: 'Folder of Claude Code' });
    await expect.poll(() => field.evaluate((one) => one === document.activeElement)).toBe(true);
    await v.page.keyboard.type('not a path');
    await v.page.keyboard.press('Enter');
    await seen(row(v).getByRole('alert'));
    expect(await field.inputValue()).toBe('not a path');
    await v.page.keyboard.press('Escape');
    await unseen(row(v).getByRole('alert'));
    await unseen(field);
    await expect.poll(() => change.evaluate((one) => one === document.activeElement)).toBe(true);

    const elsewhere = join(recorder.root, 'elsewhere');
    const own = id(9);
    await keepOldTranscript(elsewhere, own);
    await v.page.keyboard.press('Enter');
    await field.fill(join(elsewhere, '.claude'));
    await v.page.keyboard.press('Enter');
    await seen(row(v).getByText(join(elsewhere, '.claude')));
    await seen(row(v).getByText('1 session, recorded'));
    expect((await recorder.api.session(own)).message_count).toBe(6);
    expect(await readFile(join(recorder.folder, 'config.toml'), 'utf8')).toContain('elsewhere');

    await read(v).click();
    await seen(row(v).getByText('switched off: its files are not read'));
    await v.go('#/welcome');
    await seen(v.page.getByText('No known editor was found on this computer.'));
  });

  test.for(THEMES)('the list has no finding of axe in %s', async (theme, { open }) => {
    const v = await open(recorder, '#/settings', { theme });
    await seen(row(v));
    await v.button('Change folder of Claude Code').click();
    await seen(v.page.getByRole('textbox', { name: 'Folder of Claude Code' }));
    expect(await findings(v)).toEqual([]);
  });

  test.for(['en', 'de', 'zh-Hans'] as const)('the list fits into 360 px, in %s', async (locale, { open }) => {
    const v = await open(recorder, '#/settings', { locale, width: 360, height: 740 });
    const list = v.page.locator('#settings-editors li');
    await seen(list);
    await list.locator('[aria-expanded]').click();
    await seen(list.locator('input'));
    expect(await beyond(v)).toEqual({ page: 360, main: 360, beyond: [] });
  });
});

describe('not followed', () => {
  beforeEach(async () => {
    recorder = await Recorder.start({ config: `${QUICK}${UNFOLLOWED}`, home: fill });
  });

  test('what an editor has is taken in by a button, once', async ({ open }) => {
    const v = await open(recorder, '#/', { first: true });
    await seen(found(v).getByText(`${COUNT} sessions`));
    expect((await recorder.api.list()).total).toBe(0);
    await v.button('Take in old sessions of Claude Code').click();
    await seen(found(v).getByText(/\d+ new events taken in/));
    await seen(found(v).getByText(`${COUNT} sessions, ${COUNT} of them recorded`));
    expect((await recorder.api.list()).total).toBe(COUNT);
    expect(await messages(1)).toBe(6);
    await v.button('To my sessions').click();
    await expect.poll(() => v.page.locator('.row').count()).toBe(COUNT);
    // again: nothing comes twice
    await v.go('#/welcome');
    await v.button('Take in old sessions of Claude Code').click();
    await seen(found(v).getByText('0 new events taken in'));
  });

  test('what is there comes as soon as it is switched on', async ({ open }) => {
    const v = await open(recorder, '#/status');
    await seen(v.page.getByText('Editors’ files: not followed'));
    await v.go('#/settings');
    await seen(row(v).getByText(`${COUNT} sessions, 0 of them recorded`));
    await v.page.getByRole('switch', { name: 'Follow editors’ files' }).click();
    await seen(row(v).getByText(`${COUNT} sessions, all recorded`));
    await v.go('#/status');
    await seen(v.page.getByText('Editors’ files: followed', { exact: true }));
  });
});

// Status, settings and the first start.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { Client } from '../src/client';
import { QUICK, Recorder } from '../src/recorder';
import { FLAKY, tell } from '../src/stories';
import { seen, test, unseen, type Visit } from '../src/visit';

let recorder: Recorder;
beforeEach(async () => {
  recorder = await Recorder.start({ config: QUICK });
});
afterEach(() => recorder.end());

const strip = (v: Visit) => v.page.locator('.strip');
const section = (v: Visit, name: string) =>
  v.page.locator('section').filter({ has: v.page.getByRole('heading', { name, exact: true }) });

describe('status', () => {
  test('says what is at work, and where', async ({ open }) => {
    await recorder.api.record(tell(FLAKY));
    const client = await Client.connect(recorder.address, 'claude-code/2.1');
    await client.send({
      session_id: 'carried',
      event_type: 'session_start',
      data: { title: 'Carried along' },
    });
    const v = await open(recorder, '#/status');
    await seen(v.page.locator('#now .word', { hasText: 'Recording' }));
    await seen(v.page.getByText(/Last write to disk/));
    const row = v.page.getByRole('row', { name: /Claude Code/ });
    await seen(row.getByRole('link', { name: 'Carried along' }));
    for (const part of ['Buffer', 'Journal', 'Database', 'Room on the disk'])
      await seen(v.page.getByText(part, { exact: true }));
    await v.button('Test the way to disk').click();
    await seen(v.page.getByText(/A test record was on disk after/));
    await client.close();
  });

  test('pauses and resumes, which every place of the page shows', async ({ open }) => {
    const v = await open(recorder, '#/status');
    const other = await open(recorder, '#/');
    await v.button('Pause').click();
    await v.page.getByRole('menuitem', { name: 'until I resume' }).click();
    await expect.poll(() => strip(v).textContent()).toContain('Paused');
    await expect
      .poll(() => strip(other).textContent())
      .toContain('until you resume; clients keep what comes meanwhile');
    expect(
      await recorder.api
        .ask('POST', '/api/recording/events', { session_id: 'x', event_type: 'note' })
        .then((a) => a.status),
    ).toBe(503);
    await strip(other).getByRole('button', { name: 'Resume' }).click();
    await expect.poll(() => strip(v).textContent()).toContain('Recording');
    await seen(v.page.locator('.notice', { hasText: 'Recording was paused' }));
    await seen(v.page.locator('.notice', { hasText: 'Recording was resumed' }));
  });

  test('keeps what happened, to be searched and narrowed, in the address', async ({ open }) => {
    for (const name of ['vscode/1.90', 'cursor/0.40']) {
      const client = await Client.connect(recorder.address, name);
      await client.send({
        session_id: `of-${name.slice(0, 6)}`,
        event_type: 'session_start',
        data: { title: `Of ${name}` },
      });
      await client.drop();
    }
    await expect.poll(async () => (await recorder.api.status()).interrupted_sessions).toBe(2);
    const v = await open(recorder, '#/status');
    await seen(v.page.locator('.notice', { hasText: 'VS Code dropped' }));
    await seen(v.page.locator('.notice', { hasText: 'Cursor dropped' }));
    await v.page.getByRole('searchbox', { name: 'Search notices' }).fill('cursor');
    await unseen(v.page.locator('.notice', { hasText: 'VS Code dropped' }));
    await seen(v.page.locator('.notice', { hasText: 'Cursor dropped' }));
    await v.page.getByRole('searchbox', { name: 'Search notices' }).fill('');
    await v.button('Pauses').click();
    await seen(v.page.getByText(/No notice fits/));
    expect(v.query.get('kind')).toBe('pauses');
    await v.button('Show all notices').click();
    await seen(v.page.locator('.notice', { hasText: 'VS Code dropped' }));
  });
});

describe('settings', () => {
  test('are saved by the recorder, and a refused value says why beside its field', async ({ open }) => {
    const v = await open(recorder, '#/settings', { expected: /422/ });
    const grace = v.page.getByRole('textbox', { name: 'Wait for a lost client' });
    await (await seen(grace)).fill('7');
    await grace.press('Enter');
    await seen(v.page.getByText('Saved'));
    await expect
      .poll(() => readFile(join(recorder.folder, 'config.toml'), 'utf8'))
      .toContain('grace_secs = 7');

    await grace.fill('99999');
    await grace.press('Enter');
    const row = v.page.locator('.row').filter({ has: grace });
    const alert = await seen(row.getByRole('alert'));
    expect(await alert.textContent()).toMatch(/Not saved\. .*300/);
    expect(await grace.getAttribute('aria-invalid')).toBe('true');
    expect(await grace.inputValue()).toBe('99999');
    const described = await grace.getAttribute('aria-describedby');
    expect(await v.page.locator(`[id="${described}"]`).textContent()).toContain('Not saved');
    expect(await readFile(join(recorder.folder, 'config.toml'), 'utf8')).toContain('grace_secs = 7');

    await grace.press('Escape');
    expect(await grace.inputValue()).toBe('7');
    await v.button('Wait for a lost client: back to the default').click();
    await expect.poll(() => grace.inputValue()).toBe('2');
  });

  test('what is in force after a restart only says so', async ({ open }) => {
    const v = await open(recorder, '#/settings');
    const port = v.page.getByRole('textbox', { name: 'Port', exact: true });
    await (await seen(port)).fill('18787');
    await port.press('Enter');
    await seen(v.page.getByText(/In force after a restart of the recorder; until then/));
  });

  test('web pages are allowed one by one, and odd ones refused', async ({ open }) => {
    const v = await open(recorder, '#/settings', { expected: /422/ });
    const field = v.page.getByRole('textbox', { name: 'Allowed web pages' });
    await (await seen(field)).fill('https://chat.example.com');
    await v.button('Add').click();
    await seen(v.page.getByText('https://chat.example.com', { exact: true }));
    await field.fill('not an address');
    await v.button('Add').click();
    await seen(v.page.locator('.row').filter({ has: field }).getByRole('alert'));
    expect(await field.inputValue()).toBe('not an address');
    await v.button('Remove https://chat.example.com').click();
    await seen(v.page.getByText('No web page may record.'));
  });

  test('theme and language hold at once and after a reload', async ({ open }) => {
    const v = await open(recorder, '#/settings');
    const ground = () => v.page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    await seen(section(v, 'Appearance'));
    const light = await ground();
    await v.page.getByRole('radio', { name: 'Dark' }).check({ force: true });
    await expect.poll(ground).not.toBe(light);
    const dark = await ground();
    await v.page.getByLabel('Language').selectOption('de');
    await seen(v.page.getByRole('heading', { level: 1, name: 'Einstellungen' }));
    expect(await v.page.evaluate(() => document.documentElement.lang)).toBe('de');
    await v.page.reload();
    await seen(v.page.getByRole('heading', { level: 1, name: 'Einstellungen' }));
    expect(await ground()).toBe(dark);
    await v.page.getByLabel('Sprache').selectOption('zh-Hans');
    await seen(v.page.getByRole('heading', { level: 1, name: '设置' }));
  });

  test('keys of one letter can be switched off', async ({ open }) => {
    const v = await open(recorder, '#/settings');
    await v.page.getByRole('switch', { name: 'Shortcuts of one key' }).click();
    await v.page.keyboard.press('?');
    await v.page.keyboard.press('g');
    await v.page.keyboard.press('t');
    expect(await v.page.getByRole('dialog').count()).toBe(0);
    expect(v.hash).toBe('#/settings');
    await v.page.keyboard.press('Control+k');
    await seen(v.page.getByRole('dialog'));
  });
});

describe('the first start', () => {
  test('says what it does and where the data lie, once', async ({ open }) => {
    const v = await open(recorder, '#/', { first: true });
    await seen(v.page.getByRole('heading', { level: 1, name: 'No chat gets lost any more' }));
    expect(v.hash).toBe('#/welcome');
    await seen(v.page.getByText('Nothing leaves this computer'));
    await seen(v.page.getByText(recorder.folder, { exact: true }));
    await seen(v.page.getByText('Start at login?'));
    await v.button('To my sessions').click();
    await seen(v.page.getByText('No session has been recorded yet'));
    await v.page.reload();
    await seen(v.page.getByText('No session has been recorded yet'));
    await recorder.api.record(tell(FLAKY));
    await seen(v.page.locator('.row', { hasText: FLAKY.title }));
  });

  test('is not shown to whoever has sessions', async ({ open }) => {
    await recorder.api.record(tell(FLAKY));
    const v = await open(recorder, '#/', { first: true });
    await seen(v.page.locator('.row', { hasText: FLAKY.title }));
    expect(v.hash).toBe('#/');
  });
});

// Status, settings and the first start.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { Client } from '../src/client';
import { QUICK, Recorder } from '../src/recorder';
import { FLAKY, tell } from '../src/stories';
import { seen, test, unseen, type Visit } from '../src/visit';
import { until } from '../src/wait';

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

describe('notices', () => {
  test('are searched by the recorder, over all that is kept, by session and by day', async ({ open }) => {
    const drop = async (client: string, id: string, title: string): Promise<void> => {
      const one = await Client.connect(recorder.address, client);
      await one.send({ session_id: id, event_type: 'session_start', data: { title } });
      await one.drop();
    };
    await drop('emacs/30.1', 'first', 'The needle of all titles');
    await expect.poll(async () => (await recorder.api.status()).interrupted_sessions).toBe(1);
    // so much happens afterwards that the first pages do not have it any more
    for (let n = 0; n < 130; n += 1) {
      await recorder.api.json('POST', '/api/recording/pause', {});
      await recorder.api.json('POST', '/api/recording/resume', {});
    }
    const v = await open(recorder, '#/status');
    await seen(v.page.locator('.notice'));
    expect(await v.page.locator('.notice', { hasText: 'dropped' }).count()).toBe(0);
    await v.page.getByRole('searchbox', { name: 'Search notices' }).fill('NEEDLE of');
    const found = v.page.locator('.notice', { hasText: 'dropped' });
    await seen(found);
    await seen(found.getByRole('link', { name: 'The needle of all titles' }));
    expect(v.query.get('q')).toBe('NEEDLE of');
    await v.page.reload();
    await seen(found);
    await found.getByRole('link', { name: 'The needle of all titles' }).click();
    await seen(v.page.getByRole('heading', { level: 1, name: 'The needle of all titles' }));
    await v.go('#/status?q=emacs');
    await seen(found);
    await v.go('#/status?q=nobody-said-this');
    await seen(v.page.getByText(/No notice fits/));
  });
});

describe('a problem', () => {
  const SAID = {
    disk_full: { free_bytes: 3_000_000, needed_bytes: 64_000_000 },
    sync_failed: { restart_needed: true, detail: 'EIO' },
    database_failed: { detail: 'database is locked' },
    stopping: {},
  };
  const GERMAN = {
    disk_full: /Die Platte ist voll\. .* 3 MB sind frei, 64 MB werden gebraucht/,
    sync_failed: /Das Journal lässt sich nicht schreiben\. \(EIO\) Starten Sie den Recorder neu/,
    database_failed: /Die Datenbank lässt sich nicht schreiben\. .*\(database is locked\)/,
    stopping: /Der Recorder wird beendet/,
  };
  test.for(Object.keys(SAID) as (keyof typeof SAID)[])('is told in German: %s', async (code, { open }) => {
    const v = await open(recorder, '#/', { locale: 'de' });
    await seen(v.page.getByText('Noch keine Sitzung').or(v.page.locator('.pane')));
    // as the recorder would say it
    await v.page.route('**/api/recording/status', async (route) => {
      const answer = await route.fetch();
      const plain = (await answer.json()) as object;
      const problem = { problem: 'In English.', problem_code: code, problem_values: SAID[code] };
      await route.fulfill({ response: answer, json: { ...plain, status: 'degraded', ...problem } });
    });
    await v.go('#/status');
    await expect.poll(() => v.page.locator('.problem').textContent()).toMatch(GERMAN[code]);
    await expect.poll(() => strip(v).textContent()).toContain('Zeichnet nicht auf');
    expect(await v.page.locator('body').textContent()).not.toContain('In English.');
  });

  test('that is real: the disk is full, and is told in German', async ({ open, skip }) => {
    const disk = await mkdtemp(join(tmpdir(), 'chasm-disk-'));
    const run = promisify(execFile);
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=0700', 'tmpfs', disk]).then(
      () => true,
      () => false,
    );
    if (!mounted) {
      await rm(disk, { recursive: true });
      skip('no small disk can be mounted here');
    }
    try {
      const small = await Recorder.start({ within: disk });
      try {
        const v = await open(small, '#/status', { locale: 'de' });
        await expect.poll(() => strip(v).textContent()).toContain('Zeichnet auf');
        await run('dd', ['if=/dev/zero', `of=${join(disk, 'ballast')}`, 'bs=64k']).catch(() => undefined);
        const content = 'x'.repeat(32 * 1024);
        await until(async () => {
          const data = { role: 'user', content };
          const body = { session_id: 'full', event_type: 'message', data };
          return !(await small.api.ask('POST', '/api/recording/events', body)).ok;
        }, 'the disk to be full');
        await seen(v.page.locator('.problem', { hasText: /Die Platte ist voll\./ }));
        await expect.poll(() => strip(v).textContent()).toContain('Zeichnet nicht auf');
        await rm(join(disk, 'ballast'));
        await expect.poll(() => strip(v).textContent(), { timeout: 60_000 }).toContain('Zeichnet auf');
        await unseen(v.page.locator('.problem'));
      } finally {
        await small.end();
      }
    } finally {
      await run('umount', ['-l', disk]);
      await rm(disk, { recursive: true });
    }
  });
});

describe('settings', () => {
  test('are saved by the recorder, and a refused value says why beside its field', async ({ open }) => {
    const v = await open(recorder, '#/settings', { expected: / 422 .*\/api\/settings$/ });
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
    const v = await open(recorder, '#/settings', { expected: / 422 .*\/api\/settings$/ });
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

// Interrupted sessions: what is at hand is told before, recovered one by one or together, and reported afterwards.

import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { Client } from '../src/client';
import { QUICK, Recorder } from '../src/recorder';
import { CSV, MIGRATE, SQL, tell } from '../src/stories';
import { keepTranscript, sent, TITLE } from '../src/transcript';
import { seen, test, unseen, type Visit } from '../src/visit';

let recorder: Recorder;
beforeEach(async () => {
  recorder = await Recorder.start({ config: QUICK });
});
afterEach(() => recorder.end());

const card = (v: Visit, title: string) => v.page.locator('article', { hasText: title });

/** Three sessions that a kill cuts off; one has a snapshot that knows more. */
async function crash(): Promise<void> {
  for (const story of [MIGRATE, CSV, SQL])
    await recorder.api.record(tell(story, Date.now() - 900_000, story === CSV));
  await recorder.api.json('POST', '/api/recording/snapshot', {
    session_id: MIGRATE.id,
    snapshot: {
      messages: [
        ...MIGRATE.told
          .filter(([type, data]) => type === 'message' && data['partial'] !== true)
          .map(([, data]) => ({ role: data['role'], content: data['content'] })),
        {
          role: 'assistant',
          message_id: 'm-last',
          content:
            'A half-written TOML file fails to parse at the last line, so the loader must not touch the old one.',
        },
        { role: 'user', content: 'Only the snapshot has this line.' },
      ],
    },
  });
  await recorder.kill();
  await recorder.restart();
}

test('nothing to recover says so', async ({ open }) => {
  const v = await open(recorder, '#/recovery');
  await seen(v.page.getByText('Nothing is interrupted'));
  await seen(v.page.getByText('Nothing damaged was found.'));
});

test('a crash: what is at hand, then one is recovered and reported', async ({ open }) => {
  await crash();
  const v = await open(recorder, '#/');
  await (await seen(v.page.getByText('3 sessions were interrupted'))).click();
  await seen(v.page.getByRole('heading', { level: 1, name: 'Recovery' }));
  await seen(v.page.getByText('The run before ended without a clean stop.'));
  const mine = card(v, MIGRATE.title);
  await seen(mine.getByText('The recorder ended without a clean stop: a crash, a kill or a power cut.'));
  await seen(mine.getByText(/1 snapshot, taken/));
  await seen(mine.getByText('Only the snapshot has').or(mine.getByText(/more from a snapshot/)));
  expect(await mine.textContent()).toMatch(/After recovery/);
  await seen(card(v, SQL.title).getByText('nothing missing'));

  await mine.getByRole('button', { name: `Recover ${MIGRATE.title}` }).click();
  await seen(v.page.getByRole('heading', { name: /^1 session recovered/ }));
  await unseen(card(v, MIGRATE.title));
  await expect.poll(async () => (await recorder.api.session(MIGRATE.id)).state).toBe('recovered');
  const detail = await recorder.api.session(MIGRATE.id);
  expect(JSON.stringify(detail.messages)).toContain('Only the snapshot has this line.');
  const report = v.page.locator('.reports > li').first();
  expect(await report.textContent()).toContain('1 session recovered');
  await report.locator('summary').first().click();
  await seen(report.getByRole('link', { name: MIGRATE.title }));

  await report.getByRole('link', { name: MIGRATE.title }).click();
  await seen(v.page.locator('.session .mark .word', { hasText: 'Recovered' }));
  await seen(
    v.page
      .locator('.entry', { hasText: 'Only the snapshot has this line.' })
      .locator('.origin', { hasText: 'from a snapshot' }),
  );
  await seen(v.page.locator('.entry.recovery'));
});

test('all of them are recovered with one button', async ({ open }) => {
  await crash();
  const v = await open(recorder, '#/recovery');
  await v.button('Recover all 3').click();
  await seen(v.page.getByRole('heading', { name: /^3 sessions recovered/ }));
  await expect.poll(async () => (await recorder.api.status()).interrupted_sessions).toBe(0);
  await unseen(v.page.locator('article'));
  await v.button('Dismiss').first().click();
  await seen(v.page.getByText('Nothing is interrupted'));
  await v.go('#/');
  await seen(v.page.locator('.row', { hasText: SQL.title }).locator('.state', { hasText: 'Recovered' }));
});

test('what cannot be had is named: a hole, an answer that breaks off', async ({ open }) => {
  const events = tell(MIGRATE, Date.now() - 900_000, true).filter((event) => event.seq !== 3);
  await recorder.api.record(events);
  await recorder.kill();
  await recorder.restart();
  const v = await open(recorder, '#/recovery');
  const mine = card(v, MIGRATE.title);
  await seen(mine.getByText('Cannot be had'));
  await seen(mine.getByText('1 answer stays cut off: its end never reached the recorder.'));
  await seen(mine.getByText(/1 event never arrived \(number 3\)/));
});

describe('the editor’s own files', () => {
  const id = (n: number) => `11111111-2222-4333-8444-5555555555${String(n).padStart(2, '0')}`;

  test('are told before, with how many messages only they have; recovering takes them in', async ({
    open,
  }) => {
    const client = await Client.connect(recorder.address, 'claude-code/2.1', [id(0)]);
    await client.send(...sent(id(0), 3));
    await client.drop();
    await expect.poll(async () => (await recorder.api.session(id(0))).state).toBe('interrupted');
    const file = await keepTranscript(recorder.home, id(0));

    const v = await open(recorder, '#/recovery');
    const mine = card(v, TITLE);
    const bars = mine.locator('dl > div');
    await seen(bars.filter({ hasText: 'Now' }).getByText('3 messages'));
    await seen(bars.filter({ hasText: 'After recovery' }).getByText('6 messages'));
    await seen(mine.getByText(/3 more from the editor's file/));
    await seen(mine.locator(`[title="${file}"]`).getByText(/File of Claude Code with 6 messages/));
    await seen(mine.getByText('3 of them are only there'));
    // a preview changes nothing
    expect((await recorder.api.session(id(0))).message_count).toBe(3);

    await v.button(`Recover ${TITLE}`).click();
    await seen(v.page.getByRole('heading', { name: /^1 session recovered/ }));
    const after = await recorder.api.session(id(0));
    expect(after).toMatchObject({ state: 'recovered', message_count: 6 });
    await v.go(`#/session/${id(0)}`);
    const last = v.page.locator('.entry', { hasText: 'Only the file knows this answer' });
    await seen(last.locator('.origin', { hasText: 'from the editor’s file' }));
    const texts = await v.page.locator('.entry.message .body').allTextContents();
    expect(texts).toHaveLength(6);
    expect(texts[0]).toContain('eats 4 GB');
    expect(texts[5]).toContain('put aside');
    // with what it was made from
    await v.go('#/recovery');
    const report = v.page.locator('.reports > li').first();
    await report.locator('summary').first().click();
    expect(await report.textContent()).toContain(file);
  });

  test('many at once: how far it is stands there while it runs', async ({ open }) => {
    const MANY = 40;
    for (let n = 0; n < MANY; n += 1) {
      const [start, ...rest] = sent(id(n), 2);
      const named = { ...start, data: { ...start?.data, title: `Cut off ${n}` } };
      await recorder.api.record([named as (typeof rest)[number], ...rest]);
      await keepTranscript(recorder.home, id(n));
    }
    await recorder.kill();
    await recorder.restart();
    const v = await open(recorder, '#/recovery');
    await seen(v.button(`Recover all ${MANY}`));
    await v.page.evaluate(() => {
      const told = new Set<string>();
      Object.assign(window, { told });
      new MutationObserver(() => {
        const text = /(\d+) of (\d+) sessions recovered/.exec(document.body.textContent ?? '')?.[0];
        if (text !== undefined) told.add(text);
      }).observe(document.body, { childList: true, subtree: true, characterData: true });
    });
    await v.button(`Recover all ${MANY}`).click();
    await seen(v.page.getByRole('heading', { name: `${MANY} sessions recovered` }), 40_000);
    const told = await v.page.evaluate(() => [...(window as unknown as { told: Set<string> }).told]);
    const done = told.map((text) => Number(/^\d+/.exec(text)?.[0]));
    expect(done.some((n) => n > 0 && n <= MANY)).toBe(true);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(new Set(told.map((text) => / of (\d+) /.exec(text)?.[1]))).toEqual(new Set([String(MANY)]));
    expect((await recorder.api.session(id(7))).message_count).toBe(6);
  });

  test('that cannot be read are named, and the rest is recovered', async ({ open }) => {
    const client = await Client.connect(recorder.address, 'claude-code/2.1', [id(0)]);
    await client.send(...sent(id(0), 3));
    await client.drop();
    await writeFile(await keepTranscript(recorder.home, id(0)), 'no transcript at all\n');
    await expect.poll(async () => (await recorder.api.session(id(0))).state).toBe('interrupted');
    const v = await open(recorder, '#/recovery');
    const mine = card(v, TITLE);
    await seen(mine.getByText(/The file of Claude Code brings nothing: .+/));
    await v.button(`Recover ${TITLE}`).click();
    await seen(v.page.getByRole('heading', { name: /^1 session recovered/ }));
    expect((await recorder.api.session(id(0))).message_count).toBe(3);
  });
});

test('damage is set aside, told, and deleted only after a question', async ({ open }) => {
  // nothing reaches the database: the journal alone has it
  await recorder.end();
  recorder = await Recorder.start({ config: '[recording]\nflush_ms = 60000\n' });
  await recorder.api.record(tell(SQL, Date.now() - 900_000));
  await recorder.kill();
  const journal = join(recorder.folder, 'journal');
  for (const name of await readdir(journal)) {
    const bytes = await readFile(join(journal, name));
    const at = bytes.indexOf('ten million invoices');
    if (at < 0) continue;
    bytes[at] = 0x21;
    await writeFile(join(journal, name), bytes);
  }
  await recorder.restart();
  const v = await open(recorder, '#/recovery');
  await seen(v.page.getByText('1 damaged piece was set aside.'));
  const [file = ''] = await readdir(join(recorder.folder, 'quarantine'));
  expect(file).not.toBe('');
  const line = v.page.getByRole('row').filter({ hasText: file });
  await seen(line);
  await line.getByRole('button').click();
  const dialog = v.page.getByRole('dialog');
  await seen(dialog.getByText('Delete these bytes for good?'));
  await v.button('Cancel').click();
  expect(await readdir(join(recorder.folder, 'quarantine'))).toEqual([file]);
  await line.getByRole('button').click();
  await dialog.getByRole('button', { name: 'Delete for good' }).click();
  await seen(v.page.getByText('Nothing damaged was found.'));
  expect(await readdir(join(recorder.folder, 'quarantine'))).toEqual([]);
  await v.go('#/status');
  await seen(v.page.locator('.notice', { hasText: 'Damaged bytes were set aside' }));
});

// Interrupted sessions: what is at hand is told before, recovered one by one or together, and reported afterwards.

import { afterEach, beforeEach, expect } from 'vitest';
import { QUICK, Recorder } from '../src/recorder';
import { CSV, MIGRATE, SQL, tell } from '../src/stories';
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

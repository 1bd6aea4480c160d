// What is kept, and who may ask for it: retention told before it is run, and the access token.

import { afterEach, describe, expect } from 'vitest';
import { Api } from '../src/api';
import { Recorder } from '../src/recorder';
import { BORROW, FLAKY, NOTES, SQL, tell } from '../src/stories';
import { seen, test, unseen, type Visit } from '../src/visit';

let recorder: Recorder;
afterEach(() => recorder.end());

const DAY = 86_400_000;
const section = (v: Visit, id: string) => v.page.locator(`#settings-${id}`);

describe('retention', () => {
  test('is told in numbers before anything goes, and takes exactly that', async ({ open }) => {
    recorder = await Recorder.start();
    const { api } = recorder;
    const now = Date.now();
    await api.record(tell(FLAKY, now - 200 * DAY));
    await api.record(tell(BORROW, now - 150 * DAY));
    await api.record(tell(NOTES, now - 140 * DAY));
    await api.record(tell({ ...SQL, ended: true }, now - DAY));
    await api.change(NOTES.id, { starred: true });

    const v = await open(recorder, '#/settings');
    const keeping = section(v, 'retention');
    await seen(keeping.getByText(/As set, nothing is deleted by itself/));
    const days = v.page.getByRole('textbox', { name: 'Delete sessions older than' });
    await days.fill('100');
    await days.press('Enter');
    await unseen(keeping.getByText(/As set, nothing is deleted by itself/));
    await v.button('What would be deleted?').click();
    await seen(keeping.getByText(/2 sessions would be deleted: 9 messages, [\d.]+ (kB|bytes)/));
    for (const { title } of [FLAKY, BORROW]) await seen(keeping.getByRole('link', { name: title }));
    expect(await keeping.getByRole('link', { name: NOTES.title }).count()).toBe(0);
    expect((await api.list()).total).toBe(4);
    expect(await recorder.filesWith('not for 50 ms')).not.toEqual([]);

    // what was counted holds for the settings as they were
    await days.fill('180');
    await days.press('Enter');
    await unseen(keeping.getByText(/sessions? would be deleted:/));
    await v.button('What would be deleted?').click();
    await seen(keeping.getByText(/1 session would be deleted: 5 messages/));
    await v.button('Delete them now …').click();
    const dialog = v.page.getByRole('dialog');
    await seen(dialog.getByText('Delete these sessions for good?'));
    await seen(dialog.getByText(/They do not go to the trash/));
    expect((await api.list()).total).toBe(4);
    await dialog.getByRole('button', { name: 'Delete for good' }).click();
    await seen(v.toasts.getByText('1 session deleted for good'));
    await seen(v.toasts.getByText(/5 messages, 4 tool calls/));
    expect(await api.isGone(FLAKY.id)).toBe(true);
    expect((await api.list()).total).toBe(3);
    expect(await api.trashed()).toEqual([]);
    await expect.poll(() => recorder.filesWith('not for 50 ms')).toEqual([]);
    await v.go('#/status');
    await seen(
      v.page
        .locator('.notice', { hasText: '5 messages of 1 session deleted for good' })
        .getByText('the settings keep them no longer'),
    );
  });

  test('where nothing is too old it says so, and offers nothing to run', async ({ open }) => {
    recorder = await Recorder.start({ config: '[retention]\ndays = 30\n' });
    await recorder.api.record(tell(FLAKY));
    const v = await open(recorder, '#/settings');
    await v.button('What would be deleted?').click();
    await seen(section(v, 'retention').getByText('Nothing would be deleted.'));
    expect(await v.button('Delete them now …').count()).toBe(0);
  });
});

describe('the token', () => {
  /** The one-time address that `chasm open` would open. */
  const ticket = async (): Promise<string> => (await recorder.command('open', '--print')).trim();

  test('is shown only when asked for, and says where it stands', async ({ open }) => {
    recorder = await Recorder.start();
    const token = await recorder.token();
    const v = await open(recorder, '#/settings');
    await seen(v.button('Show token'));
    expect(await v.page.content()).not.toContain(token);
    await v.button('Show token').click();
    await seen(v.page.getByText(token, { exact: true }));
    await seen(v.page.getByText(/Not asked for now: callers are known by their user account/));
    await seen(v.page.getByText(new RegExp(`file ${recorder.folder}/token`)));
    await section(v, 'access').getByRole('button', { name: 'Copy', exact: true }).last().click();
    await expect.poll(() => v.page.evaluate(() => navigator.clipboard.readText())).toBe(token);
    await v.button('Hide token').click();
    await unseen(v.page.getByText(token, { exact: true }));
    expect(await v.page.content()).not.toContain(token);
  });

  test('made anew, the old one is refused and the page that asked goes on', async ({ open }) => {
    recorder = await Recorder.start({ config: 'auth = "token"\n' });
    const { address } = recorder;
    await recorder.api.record(tell(FLAKY));
    const old = await recorder.token();
    const refused = (api: Api) => api.ask('GET', '/api/recording/sessions').then(({ status }) => status);
    expect(await refused(new Api(address))).toBe(401);
    expect(await refused(new Api(address, old))).toBe(200);

    const v = await open(recorder, '', { blank: true });
    const other = await open(recorder, '', { blank: true, expected: / 401 / });
    const stranger = await open(recorder, '', { blank: true, expected: / 401 / });
    await stranger.page.goto(address);
    await seen(stranger.page.getByText(/chasm open/));
    const way = await ticket();
    await v.page.goto(way);
    await seen(v.page.locator('.row', { hasText: FLAKY.title }));
    await other.page.goto(await ticket());
    await seen(other.page.locator('.row', { hasText: FLAKY.title }));
    // a ticket is good once
    expect((await stranger.page.goto(way))?.status()).toBe(401);

    await v.go('#/settings');
    await v.button('Make a new token…').click();
    await seen(v.page.getByRole('dialog').getByText(/The old token stops working at once/));
    await v.page.getByRole('dialog').getByRole('button', { name: 'Make a new token', exact: true }).click();
    await seen(v.toasts.getByText('There is a new token; the old one no longer works.'));
    const fresh = await recorder.token();
    expect(fresh).not.toBe(old);
    await seen(v.page.getByText(fresh, { exact: true }));
    expect(await refused(new Api(address, old))).toBe(401);
    expect(await refused(new Api(address, fresh))).toBe(200);
    await recorder.takeToken();

    // the page reads on, hears what happens, and survives a reload
    await v.go(`#/session/${FLAKY.id}`);
    await seen(v.page.getByText('why does it hang'));
    await recorder.api.record(tell({ ...BORROW, id: 'after', title: 'After the new token' }));
    await seen(v.page.locator('.row', { hasText: 'After the new token' }));
    await v.page.reload();
    await seen(v.page.locator('.row', { hasText: 'After the new token' }));
    // another page that had a cookie has to be let in anew
    await other.go('#/?q=hang');
    await seen(other.page.getByText('This page may not read your sessions'));
    await seen(other.page.getByText(/“chasm open”/));
  });
});

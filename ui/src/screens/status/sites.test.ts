import { cleanup, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { recorder, Refusal, type Asked } from '../../../tests/recorder';
import type { Notice } from '../../lib/api';
import { setLocale, t } from '../../lib/i18n';
import { toasts } from '../../lib/stores';
import { noticeText } from './noticeWords';
import Notices from './Notices.svelte';

const AT = '2026-01-31T14:02:05Z';
const ORIGIN = 'https://chat.example.com';
const refused = { id: 1, at: AT, kind: 'origin_refused', origin: ORIGIN } as unknown as Notice;

const answer = (allowed: unknown): object => ({
  settings: [{ key: 'allowed_origins', value: allowed }],
  restart_needed: false,
});

/** A recorder with one refused page; `allowed` is what it has in its settings. */
function withAllowed(allowed: string[], patch?: (asked: Asked) => object): Asked[] {
  return recorder({
    'GET /api/recording/notices': () => ({ notices: [refused], next_cursor: null }),
    'GET /api/settings': () => answer(allowed),
    ...(patch === undefined ? {} : { 'PATCH /api/settings': patch }),
  });
}

describe('a web page that was refused', () => {
  afterEach(() => {
    cleanup();
    vi.unstubAllGlobals();
  });

  it('is named by its origin, in every language', async () => {
    for (const locale of ['en', 'de', 'zh-Hans'] as const) {
      await setLocale(locale);
      const text = noticeText(refused, t, () => '');
      expect(text).toMatchObject({ shape: 'site', origin: ORIGIN, sessions: [] });
      expect(text.title).toContain(ORIGIN);
      expect(text.body).not.toContain('status.notices');
    }
    await setLocale('en');
  });

  it('is allowed by its button, beside those that were allowed before', async () => {
    const log = withAllowed(['https://other.example'], ({ body }) =>
      answer((body as { allowed_origins: string[] }).allowed_origins),
    );
    render(Notices);
    expect(await screen.findByText(/was refused/)).toBeVisible();
    await userEvent.click(await screen.findByRole('button', { name: `Allow ${ORIGIN} to record` }));
    expect(await screen.findByText('It may record.')).toBeVisible();
    expect(screen.queryByText(/was refused/)).toBeNull();
    expect(screen.queryByRole('button', { name: /^Allow/ })).toBeNull();
    const changes = log.filter((asked) => asked.method === 'PATCH');
    expect(changes.map((asked) => asked.body)).toEqual([
      { allowed_origins: ['https://other.example', ORIGIN] },
    ]);
  });

  it('that may record by now has no button', async () => {
    withAllowed([ORIGIN]);
    render(Notices);
    expect(await screen.findByText('It may record.')).toBeVisible();
    expect(screen.queryByText(/was refused/)).toBeNull();
    expect(screen.queryByRole('button', { name: /^Allow/ })).toBeNull();
  });

  it('stays refused where the recorder does not take it', async () => {
    withAllowed([], () => new Refusal(422, 'invalid_field', 'at most 64 origins are allowed'));
    render(Notices);
    const button = await screen.findByRole('button', { name: `Allow ${ORIGIN} to record` });
    await userEvent.click(button);
    await waitFor(() => expect(toasts.list.at(-1)?.title).toBe(`${ORIGIN} was not allowed`));
    expect(button).toBeEnabled();
  });
});

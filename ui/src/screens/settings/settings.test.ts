import { cleanup, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { recorder, Refusal, type Asked } from '../../../tests/recorder';
import type { SettingKind, SettingView } from '../../lib/api';
import { toasts } from '../../lib/stores';
import { sectionOf, settingsOf, typed, unitOf } from './sections';
import Settings from './Settings.svelte';

function setting(key: string, value: unknown, kind: SettingKind, more: object = {}): SettingView {
  const plain = {
    kind,
    key,
    about: `about ${key}`,
    value,
    running: value,
    default: value,
    live: true,
    restart_needed: false,
  };
  return { ...plain, ...more };
}

const SERVER = [
  setting('port', 8787, 'number', { min: 0, max: 65_535, live: false }),
  setting('auth', 'user', 'choice', { choices: ['user', 'token'] }),
  setting('allowed_origins', [], 'list'),
  setting('notifications.dropped', true, 'switch'),
  setting('notifications.quiet_from', '', 'time'),
  setting('notifications.quiet_until', '', 'time'),
  setting('trash.keep_secs', 30, 'number', { min: 5, max: 2_592_000, unit: 's' }),
  setting('retention.days', 0, 'number', { min: 0, max: 36_500, unit: 'days' }),
  setting('retention.max_gib', 0, 'number', { min: 0, max: 100_000, unit: 'GiB' }),
  setting('brand.new', 'thing', 'text'),
];

/** A server that takes what it is told, but for what `refuse` says. */
function server(
  refuse: (body: Record<string, unknown>) => string | undefined = () => undefined,
  ways: Parameters<typeof recorder>[0] = {},
): Asked[] {
  let all = SERVER;
  const answer = (): object => ({ settings: all, restart_needed: false });
  return recorder({
    'GET /api/app': new Refusal(409, 'no_desktop', 'there is no desktop'),
    'GET /api/editors': [],
    ...ways,
    'GET /api/settings': answer,
    'PATCH /api/settings': ({ body }: Asked) => {
      const changes = body as Record<string, unknown>;
      const why = refuse(changes);
      const [field = ''] = Object.keys(changes);
      if (why !== undefined)
        return new Refusal(422, 'invalid_field', `\`${field}\` = …: ${why}`, { field, reason: why });
      all = all.map((one) => (one.key in changes ? { ...one, value: changes[one.key] } : one));
      return answer();
    },
  });
}

const patches = (log: Asked[]): unknown[] =>
  log.filter((one) => one.method === 'PATCH').map((one) => one.body);

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

describe('the layout of the settings', () => {
  it('has a place for each, and for those it does not know', () => {
    expect(
      ['port', 'limits.nesting', 'trash.keep_secs', 'editors.claude_code.path', 'brand.new'].map(sectionOf),
    ).toEqual(['access', 'limits', 'retention', 'editors', 'others']);
    expect(settingsOf('access', SERVER).map((one) => one.key)).toEqual(['port', 'auth', 'allowed_origins']);
  });

  it('enters each as its kind asks', () => {
    expect(typed('number', ' 42 ')).toBe(42);
    expect(typed('number', '4x')).toBe('4x');
    expect(typed('text', ' a ')).toBe('a');
    expect(
      [setting('a', 1, 'number', { unit: 'ms' }), setting('b', 1, 'number', { unit: 'ells' })].map(unitOf),
    ).toEqual(['ms', undefined]);
  });
});

describe('the settings screen', () => {
  it('says beside the field why a value is refused, and keeps what was typed', async () => {
    const log = server(() => 'a whole number from 0 to 65535 is needed');
    render(Settings);
    const field = await screen.findByLabelText('Port');
    await userEvent.clear(field);
    await userEvent.type(field, '99999{Enter}');
    await userEvent.tab();
    expect(await screen.findByRole('alert')).toHaveTextContent(
      'Not saved. A whole number from 0 to 65535 is needed',
    );
    expect(field).toHaveValue('99999');
    expect(field).toHaveAttribute('aria-invalid', 'true');
    expect(field).toHaveAccessibleDescription(/whole number/);
    expect(patches(log)).toEqual([{ port: 99_999 }]);

    await userEvent.type(field, '{Escape}');
    expect(field).toHaveValue('8787');
    expect(screen.queryByRole('alert')).toBeNull();
  });

  it('saves a switch at once and a text when it is left', async () => {
    const log = server();
    render(Settings);
    await userEvent.click(await screen.findByRole('switch', { name: 'A client is gone' }));
    await userEvent.selectOptions(screen.getByLabelText('How callers prove who they are'), 'By token');
    await waitFor(() =>
      expect(patches(log)).toEqual([{ 'notifications.dropped': false }, { auth: 'token' }]),
    );
    expect(screen.getByRole('switch', { name: 'A client is gone' })).not.toBeChecked();
  });

  it('sets quiet hours together', async () => {
    const log = server();
    render(Settings);
    await userEvent.click(await screen.findByRole('button', { name: 'Set quiet hours' }));
    expect(await screen.findByLabelText('from')).toHaveValue('22:00');
    const both = { 'notifications.quiet_from': '22:00', 'notifications.quiet_until': '07:00' };
    expect(patches(log)).toEqual([both]);
  });

  it('adds and takes away web pages', async () => {
    const log = server();
    render(Settings);
    await userEvent.type(
      await screen.findByLabelText('Allowed web pages'),
      'https://chat.example.com{Enter}',
    );
    await userEvent.click(await screen.findByRole('button', { name: 'Remove https://chat.example.com' }));
    expect(await screen.findByText('No web page may record.')).toBeVisible();
    expect(patches(log)).toEqual([
      { allowed_origins: ['https://chat.example.com'] },
      { allowed_origins: [] },
    ]);
  });

  it('says whose start at login is, where there is no desktop app', async () => {
    server();
    render(Settings);
    expect(await screen.findByText(/runs without the desktop app, which owns this setting/)).toBeVisible();
  });

  it('shows a setting that it has no words for with those of the server', async () => {
    server();
    render(Settings);
    expect(await screen.findByLabelText('brand.new')).toHaveValue('thing');
    expect(screen.getByText('about brand.new')).toBeVisible();
  });

  it('shows the token only when asked, and makes a new one after a question', async () => {
    const view = (token: string): object => ({ token, path: '/home/ada/chasm/token', in_use: false });
    const log = server(undefined, {
      'GET /api/token': view('old-secret'),
      'POST /api/token/rotate': view('new-secret'),
    });
    render(Settings);
    expect(screen.queryByText('old-secret')).toBeNull();
    await userEvent.click(await screen.findByRole('button', { name: 'Show token' }));
    expect(await screen.findByText('old-secret')).toBeVisible();
    expect(screen.getByText(/\/home\/ada\/chasm\/token.*Not asked for now/)).toBeVisible();
    await userEvent.click(screen.getByRole('button', { name: 'Make a new token…' }));
    expect(log.some((one) => one.method === 'POST')).toBe(false);
    await userEvent.click(screen.getByRole('button', { name: 'Make a new token' }));
    expect(await screen.findByText('new-secret')).toBeVisible();
    await userEvent.click(screen.getByRole('button', { name: 'Hide token' }));
    expect(screen.queryByText('new-secret')).toBeNull();
  });

  it('counts what retention would delete, and deletes only after a question', async () => {
    const preview = {
      sessions: 2,
      messages: 84,
      bytes: 1_300_000,
      interrupted: 1,
      oldest: '2026-01-01T10:00:00Z',
      newest: '2026-01-02T10:00:00Z',
      sample: [{ session_id: 'a', title: 'Old one' }],
    };
    const receipt = {
      at: '',
      sessions: 2,
      messages: 84,
      tool_calls: 5,
      events: 200,
      snapshots: 1,
      bytes: 1_300_000,
    };
    const log = server(undefined, {
      'POST /api/recording/retention/preview': preview,
      'POST /api/recording/retention/run': receipt,
    });
    render(Settings);
    expect(await screen.findByText(/As set, nothing is deleted by itself/)).toBeVisible();
    await userEvent.click(screen.getByRole('button', { name: 'What would be deleted?' }));
    expect(await screen.findByText(/2 sessions would be deleted: 84 messages, 1.3 MB/)).toBeVisible();
    expect(screen.getByText('1 of them is interrupted and was never recovered.')).toBeVisible();
    expect(screen.getByRole('link', { name: 'Old one' })).toBeVisible();
    await userEvent.click(screen.getByRole('button', { name: 'Delete them now …' }));
    expect(log.some((one) => one.path.endsWith('/run'))).toBe(false);
    await userEvent.click(screen.getByRole('button', { name: 'Delete for good' }));
    await waitFor(() => expect(toasts.list.at(-1)?.title).toBe('2 sessions deleted for good'));
    expect(toasts.list.at(-1)?.body).toBe(
      '84 messages, 5 tool calls, 1.3 MB: gone from database, index and journal.',
    );
  });

  it('tries out a notification, and says where there is no desktop', async () => {
    server(undefined, { 'POST /api/app/notify': {} });
    render(Settings);
    await userEvent.click(await screen.findByRole('button', { name: 'Show a notification' }));
    expect(await screen.findByText(/It was handed to the desktop/)).toBeVisible();
    cleanup();
    server(undefined, { 'POST /api/app/notify': new Refusal(409, 'no_desktop', 'no') });
    render(Settings);
    await userEvent.click(await screen.findByRole('button', { name: 'Show a notification' }));
    expect(await screen.findByText(/runs without the desktop app, which shows notifications/)).toBeVisible();
  });
});

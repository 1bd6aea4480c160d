import { cleanup, render, screen, waitFor } from '@testing-library/svelte';
import userEvent from '@testing-library/user-event';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { recorder, Refusal, type Asked } from '../../../tests/recorder';
import type { SettingView } from '../../lib/api';
import { reasonOf, refusedKey } from './refusal';
import { entryOf, sectionOf, settingsOf, typed, unitOf } from './sections';
import Settings from './Settings.svelte';

function setting(key: string, value: unknown, more: object = {}): SettingView {
  const plain = {
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
  setting('port', 8787, { min: 0, max: 65_535, live: false }),
  setting('auth', 'user', { one_of: ['user', 'token'] }),
  setting('allowed_origins', []),
  setting('notifications.dropped', true),
  setting('notifications.quiet_from', ''),
  setting('notifications.quiet_until', ''),
  setting('brand.new', 'thing'),
];

/** A server that takes what it is told, but for what `refuse` says. */
function server(refuse: (body: Record<string, unknown>) => string | undefined = () => undefined): Asked[] {
  let all = SERVER;
  const answer = (): object => ({ settings: all, restart_needed: false });
  return recorder({
    'GET /api/settings': answer,
    'PATCH /api/settings': ({ body }: Asked) => {
      const changes = body as Record<string, unknown>;
      const why = refuse(changes);
      if (why !== undefined) return new Refusal(422, 'invalid_field', why);
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
      ['port', 'limits.nesting', 'retention.days', 'recording.flush_ms', 'brand.new'].map(sectionOf),
    ).toEqual(['access', 'limits', 'retention', 'storage', 'others']);
    expect(settingsOf('access', SERVER).map((one) => one.key)).toEqual(['port', 'auth', 'allowed_origins']);
  });

  it('enters each as its kind asks', () => {
    expect(SERVER.map(entryOf)).toEqual(['number', 'choice', 'list', 'switch', 'time', 'time', 'text']);
    expect(typed('number', ' 42 ')).toBe(42);
    expect(typed('number', '4x')).toBe('4x');
    expect(typed('text', ' a ')).toBe('a');
    expect(['recording.flush_ms', 'retention.days', 'port'].map(unitOf)).toEqual([
      'millisecond',
      'day',
      undefined,
    ]);
  });

  it('takes the reason out of a refusal', () => {
    const message = '`port` = 99999: a whole number from 0 to 65535 is needed';
    expect(reasonOf(message, 'port', 99_999)).toBe('A whole number from 0 to 65535 is needed');
    expect(refusedKey(message, 'host')).toBe('port');
    expect(reasonOf('`allowed_origins` = ["http://a:1"]: it is not one', 'allowed_origins', [])).toBe(
      'It is not one',
    );
    expect(reasonOf('the file has to be mended first', 'port', 1)).toBe('The file has to be mended first');
  });
});

describe('the settings screen', () => {
  it('says beside the field why a value is refused, and keeps what was typed', async () => {
    const log = server(
      (changes) => `\`port\` = ${JSON.stringify(changes['port'])}: a whole number from 0 to 65535 is needed`,
    );
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
});

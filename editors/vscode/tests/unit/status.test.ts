// What the status bar says in each state.

import { describe, expect, it } from 'vitest';
import { ago } from '../../src/view/ago';
import { said, type Standing } from '../../src/view/status';

const GOOD: Standing = {
  enabled: true,
  elsewhere: false,
  connection: 'connected',
  waiting: 0,
  refused: 0,
  live: 0,
  lastError: undefined,
};

describe('the status bar', () => {
  it.each<[Partial<Standing>, string, string, boolean]>([
    [{}, '$(circle-filled) Chasm', 'Recording: the next chat is recorded as it is written.', false],
    [{ live: 2 }, '$(circle-filled) Chasm: 2', '2 chats recorded now.', false],
    [{ live: 1, waiting: 1 }, '$(circle-filled) Chasm: 1', '1 chat recorded now. 1 event on the way.', false],
    [
      { connection: 'waiting', waiting: 12 },
      '$(clock) Chasm: 12 waiting',
      'The recorder cannot be reached. 12 events kept on this machine and sent when it is back.',
      true,
    ],
    [
      { connection: 'waiting' },
      '$(clock) Chasm: waiting',
      'The recorder cannot be reached. Chats are kept on this machine until it is back.',
      true,
    ],
    [
      { connection: 'paused', waiting: 3 },
      '$(debug-pause) Chasm: paused (3)',
      'Recording is paused for all editors. 3 events kept here until it goes on.',
      false,
    ],
    [
      { connection: 'refused', lastError: 'the token is missing' },
      '$(warning) Chasm: not recording',
      'The recorder does not let this window in. The token is missing.',
      true,
    ],
    [
      { refused: 1 },
      '$(circle-filled) Chasm',
      'Recording: the next chat is recorded as it is written. 1 event refused: see the log.',
      true,
    ],
    [
      { elsewhere: true },
      '$(circle-filled) Chasm',
      'Another window on this workspace records its chats.',
      false,
    ],
    [
      { enabled: false, connection: 'closed' },
      '$(circle-slash) Chasm: off',
      'Chats of this workspace are not recorded: it is turned off in the settings.',
      false,
    ],
  ])('of %o says %s', (change, text, tooltip, warns) => {
    expect(said({ ...GOOD, ...change })).toMatchObject({ text, tooltip, warns });
  });
});

describe('a time in a list', () => {
  const now = Date.UTC(2026, 0, 20, 12);
  it.each([
    [now + 5_000, 'now'],
    [now - 59_000, 'now'],
    [now - 60_000, '1 min ago'],
    [now - 3_600_000, '1 h ago'],
    [now - 3 * 86_400_000, '3 d ago'],
    [now - 30 * 86_400_000, '2025-12-21'],
    [Number.NaN, ''],
  ])('%d is %s', (then, words) => {
    expect(ago(then, now)).toBe(words);
  });
});

// The log of changes: replayed to what the editor would have, whatever its entries say.

import { describe, expect, it } from 'vitest';
import { ChatLog } from '../../src/read/log';
import type { Json } from '../../src/read/json';

function replay(...entries: Json[]): ChatLog {
  const log = new ChatLog();
  entries.forEach((entry) => log.apply(structuredClone(entry)));
  return log;
}

const START = { kind: 0, v: { sessionId: 's', requests: [] } };

describe('a log of changes', () => {
  it('sets, pushes and takes away', () => {
    const log = replay(
      START,
      { kind: 1, k: ['customTitle'], v: 'A title' },
      { kind: 2, k: ['requests'], v: [{ requestId: 'r1', response: [{ value: 'one' }] }] },
      { kind: 2, k: ['requests', 0, 'response'], v: [{ value: 'one and more' }, { value: 'two' }], i: 0 },
      { kind: 1, k: ['requests', 0, 'modelState'], v: { value: 1 } },
      { kind: 3, k: ['customTitle'] },
    );
    expect(log.state).toEqual({
      sessionId: 's',
      requests: [
        {
          requestId: 'r1',
          response: [{ value: 'one and more' }, { value: 'two' }],
          modelState: { value: 1 },
        },
      ],
    });
    expect(log.misfits).toBe(0);
  });

  it('takes a set without a value as a removal, and a push without values as a cut', () => {
    const log = replay(
      { kind: 0, v: { requests: [{ requestId: 'a' }, { requestId: 'b' }], customTitle: 't' } },
      { kind: 1, k: ['customTitle'] },
      { kind: 2, k: ['requests'], i: 1 },
    );
    expect(log.state).toEqual({ requests: [{ requestId: 'a' }] });
  });

  it('begins anew with each first entry', () => {
    const log = replay(START, { kind: 2, k: ['requests'], v: [{ requestId: 'a' }] }, START);
    expect(log.state['requests']).toEqual([]);
  });

  it('makes what an entry needs where the beginning is missing', () => {
    const log = replay(
      { kind: 2, k: ['requests'], v: [{ requestId: 'a' }] },
      { kind: 2, k: ['requests', 0, 'response'], v: [{ value: 'said' }] },
      { kind: 1, k: ['requests', 2, 'result'], v: {} },
    );
    expect(log.begun).toBe(true);
    expect(log.state['requests']).toEqual([
      { requestId: 'a', response: [{ value: 'said' }] },
      null,
      { result: {} },
    ]);
  });

  it.each<[string, Json]>([
    ['no object', 7],
    ['an unknown kind', { kind: 9, k: ['a'] }],
    ['no way', { kind: 1, v: 1 }],
    ['an empty way', { kind: 1, k: [], v: 1 }],
    ['a way through a text', { kind: 1, k: ['sessionId', 'x'], v: 1 }],
    ['a name that changes objects', { kind: 1, k: ['__proto__', 'polluted'], v: 1 }],
    ['a place that is no number', { kind: 2, k: ['requests'], v: [], i: 1.5 }],
    ['a place far behind the end', { kind: 1, k: ['requests', 4e9, 'x'], v: 1 }],
    ['a first entry without a chat', { kind: 0, v: [] }],
    ['what is no list, pushed', { kind: 2, k: ['requests'], v: 'x' }],
  ])('passes over an entry with %s, and goes on', (_, entry) => {
    const log = replay(START, entry, { kind: 1, k: ['customTitle'], v: 'after' });
    expect(log.misfits).toBe(1);
    expect(log.state).toEqual({ sessionId: 's', requests: [], customTitle: 'after' });
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
});

// What of a request is new, and the names by which messages are known again.

import { expect, test } from 'vitest';
import type { Role } from '../src/events.js';
import { historyIn, namesOf, newsIn } from '../src/wrap/history.js';

const turns = (...roles: Role[]) => roles.map((role, i) => ({ role, content: `${role} ${i}` }));

test('new is what stands behind the last answer that something was said after', () => {
  expect(newsIn([])).toBe(0);
  expect(newsIn(turns('system', 'user'))).toBe(0);
  expect(newsIn(turns('system', 'user', 'assistant', 'user'))).toBe(3);
  expect(newsIn(turns('user', 'assistant', 'tool', 'user'))).toBe(2);
  // the beginning of an answer, given by the application
  expect(newsIn(turns('user', 'assistant', 'user', 'assistant'))).toBe(2);
  expect(newsIn(turns('user', 'assistant'))).toBe(0);
  expect(newsIn(turns('assistant'))).toBe(0);
});

test('a name stands for a text in its place, whatever the run', () => {
  const talk = ['user:yes', 'assistant:ok', 'user:yes', 'assistant:ok', 'user:yes'];
  const names = namesOf(talk);
  expect(new Set(names).size).toBe(talk.length);
  expect(namesOf([...talk])).toEqual(names);
  expect(namesOf(talk.slice(0, 3))).toEqual(names.slice(0, 3));
  // what the model is told besides is no place
  expect(namesOf(['system:today is Friday', ...talk]).slice(1)).toEqual(names);
  expect(namesOf(['user:no', ...talk.slice(1)])[2]).not.toBe(names[2]);
  // where the vendor keeps what was before
  expect(namesOf(['user:yes'], 'resp_1')).not.toEqual(namesOf(['user:yes'], 'resp_2'));
  for (const name of names) expect(name).toMatch(/^said-[0-9a-f]{32}$/);
});

test('names of many texts that are nearly the same differ', () => {
  const names = new Set<string>();
  for (let n = 0; n < 50_000; n++) names.add(namesOf([`user:${n}`])[0] ?? '');
  for (let n = 1; n < 2_000; n++) names.add(namesOf([`user:${' '.repeat(n)}`])[0] ?? '');
  expect(names.size).toBe(51_999);
});

test('a history has all messages, names for what is new, and each call with its result', () => {
  const call = { name: 'look', call_id: 'c1', arguments: { at: 1 } };
  const asked = [
    { role: 'user' as const, content: 'hi' },
    { role: 'assistant' as const, content: '', calls: [call, { name: 'nameless', arguments: {} }] },
    { role: 'tool' as const, content: '', results: [{ call_id: 'c1', output: 'seen', is_error: true }] },
    { role: 'assistant' as const, content: 'there' },
    { role: 'tool' as const, content: '', results: [{ call_id: 'c2', output: 'new' }] },
    { role: 'user' as const, content: 'and' },
  ];
  expect(historyIn(asked, newsIn(asked), ['n1', 'n2'])).toEqual({
    messages: [
      { role: 'user', content: 'hi' },
      { role: 'assistant', content: 'there' },
      { role: 'user', content: 'and', message_id: 'n2' },
    ],
    tool_calls: [
      { ...call, output: 'seen', is_error: true },
      { name: 'nameless', arguments: {} },
    ],
  });
});

import { describe, expect, it } from 'vitest';
import { gist, parts, readable, textOf } from './content';

describe('the parts of a message', () => {
  it('reads the shapes of many clients', () => {
    expect(parts('hello')).toEqual([{ kind: 'text', text: 'hello' }]);
    expect(parts('')).toEqual([]);
    expect(
      parts([
        'bare',
        { type: 'text', text: 'a' },
        { type: 'input_text', text: 'b' },
        { text: 'c' },
        { type: 'thinking', thinking: 'hm' },
        { type: 'image', source: { media_type: 'image/png', data: 'AAAA' } },
        { type: 'fallback', from: 'x' },
        42,
      ]),
    ).toEqual([
      { kind: 'text', text: 'bare' },
      { kind: 'text', text: 'a' },
      { kind: 'text', text: 'b' },
      { kind: 'text', text: 'c' },
      { kind: 'thinking', text: 'hm' },
      { kind: 'image', type: 'image/png' },
      { kind: 'raw', name: 'fallback', value: { type: 'fallback', from: 'x' } },
      { kind: 'raw', name: 'part', value: 42 },
    ]);
  });

  it('has a text to copy', () => {
    expect(
      textOf([
        { type: 'thinking', thinking: 'hm' },
        { type: 'text', text: 'so' },
      ]),
    ).toBe('hm\n\nso');
  });
});

describe('tool calls', () => {
  it('says in one line what was asked', () => {
    expect(gist({ timeout: 3, command: 'cargo\n  test' })).toBe('cargo test');
    expect(gist({ todos: [1] })).toBe('{"todos":[1]}');
    expect(gist('plain')).toBe('plain');
    expect(gist(undefined)).toBe('');
  });

  it('shows values as people read them', () => {
    expect(
      readable([
        { type: 'text', text: 'a' },
        { type: 'text', text: 'b' },
      ]),
    ).toBe('a\nb');
    expect(readable({ a: 1 })).toBe('{\n  "a": 1\n}');
    expect(readable(null)).toBe('');
  });
});

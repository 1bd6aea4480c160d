import { describe, expect, it } from 'vitest';
import { caps, isBare, matches, steps, type Press } from './chord';

function press(key: string, held: Partial<Press> = {}): Press {
  return { key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, ...held };
}

describe('a chord', () => {
  it('needs its modifiers and no others', () => {
    expect(matches('Mod+K', press('k', { ctrlKey: true }), false)).toBe(true);
    expect(matches('Mod+K', press('k', { metaKey: true }), true)).toBe(true);
    expect(matches('Mod+K', press('k'), false)).toBe(false);
    expect(matches('j', press('j', { ctrlKey: true }), false)).toBe(false);
    expect(matches('j', press('j', { metaKey: true }), false)).toBe(false);
    expect(matches('j', press('j', { altKey: true }), false)).toBe(false);
    expect(matches('j', press('J', { shiftKey: true }), false)).toBe(false);
    expect(matches('Shift+J', press('J', { shiftKey: true }), false)).toBe(true);
  });

  it('takes a sign wherever the keyboard has it', () => {
    expect(matches('?', press('?', { shiftKey: true }), false)).toBe(true);
    expect(matches('?', press('?'), false)).toBe(true);
    expect(matches('+', press('+'), false)).toBe(true);
    expect(matches('Mod++', press('+', { ctrlKey: true, shiftKey: true }), false)).toBe(true);
  });

  it('is bare where it would write a character', () => {
    expect(['j', '?', 'g s', 'Shift+d'].map(isBare)).toEqual([true, true, true, true]);
    expect(['Mod+K', 'Escape', 'ArrowDown', 'Alt+x'].map(isBare)).toEqual([false, false, false, false]);
  });

  it('is drawn with the names on the keyboard', () => {
    expect(caps('Mod+K', false)).toEqual([['Ctrl', 'K']]);
    expect(caps('Mod+K', true)).toEqual([['⌘', 'K']]);
    expect(caps('g s', false)).toEqual([['G'], ['S']]);
    expect(caps('Escape', false)).toEqual([['Esc']]);
    expect(steps('  g   s ')).toEqual(['g', 's']);
  });
});

import { describe, expect, it } from 'vitest';
import { fit, ranked } from './fuzzy';

const same = (text: string): string => text;

describe('the palette finds', () => {
  it('words in any order, and their beginnings before their middles', () => {
    const names = ['Show starred sessions', 'Go to sessions', 'Theme: dark', 'Go to status'];
    expect(ranked('status go', names, same)).toEqual(['Go to status']);
    expect(ranked('st', names, same)[0]).toBe('Show starred sessions');
    expect(ranked('sess', names, same)).toEqual(['Go to sessions', 'Show starred sessions']);
  });

  it('first letters of words, after whole words', () => {
    expect(ranked('gts', ['Go to status', 'Nothing to see'], same)).toEqual(['Go to status']);
    expect(fit('recover', 'Recover all')).toBeGreaterThan(fit('rea', 'Recover everything all') ?? 0);
  });

  it('without accents and case', () => {
    expect(fit('uber', 'Über alles')).not.toBeNull();
    expect(fit('RÉSUMÉ', 'resume recording')).not.toBeNull();
  });

  it('everything for nothing, and nothing for what is not there', () => {
    expect(ranked('  ', ['b', 'a'], same)).toEqual(['b', 'a']);
    expect(fit('zebra', 'Go to status')).toBeNull();
  });
});

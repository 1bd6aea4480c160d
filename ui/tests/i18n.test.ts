// The three catalogues say the same things.

import { describe, expect, it } from 'vitest';
import de from '../src/lib/i18n/de';
import en from '../src/lib/i18n/en';
import zh from '../src/lib/i18n/zh-Hans';
import { pick, setLocale, t } from '../src/lib/i18n/i18n.svelte';

type Tree = { [key: string]: string | Tree };

function leaves(tree: Tree, prefix = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]): [string, string][] =>
    typeof value === 'string' ? [[prefix + key, value]] : leaves(value, `${prefix}${key}.`),
  );
}

const catalogues = { en, de, 'zh-Hans': zh } as unknown as Record<string, Tree>;
const bare = (key: string): string => key.replace(/_(one|other)$/, '');
const names = (text: string): string[] =>
  [...text.matchAll(/\{\{(\w+)/g)].map((match) => match[1] ?? '').sort();

describe.each(['de', 'zh-Hans'])('the catalogue %s', (locale) => {
  const english = leaves(catalogues['en'] ?? {});
  const other = leaves(catalogues[locale] ?? {});

  it('has the same keys', () => {
    const keys = (list: [string, string][]): string[] => [...new Set(list.map(([key]) => bare(key)))].sort();
    expect(keys(other)).toEqual(keys(english));
  });

  it('has every form of number that the language needs', () => {
    const forms = new Intl.PluralRules(locale).resolvedOptions().pluralCategories;
    const own = new Set(other.map(([key]) => key));
    for (const [key] of english.filter(([key]) => key.endsWith('_other'))) {
      for (const form of forms) expect(own, `${bare(key)}_${form}`).toContain(`${bare(key)}_${form}`);
    }
  });

  it('puts in the same names', () => {
    const texts = new Map(english);
    for (const [key, text] of other) {
      const model = texts.get(key) ?? texts.get(`${bare(key)}_other`) ?? '';
      expect(names(text), key).toEqual(names(model));
    }
  });

  it('leaves nothing empty', () => {
    for (const [key, text] of other) expect(text.trim(), key).not.toBe('');
  });
});

describe('the language', () => {
  it('is the first wanted one that there is', () => {
    expect(pick(['fr-FR', 'de-AT', 'en'])).toBe('de');
    expect(pick(['zh-CN'])).toBe('zh-Hans');
    expect(pick(['fr'])).toBe('en');
  });

  it('can be changed while the page is open', async () => {
    expect(t('shell.live', { count: 1204 })).toBe('1,204 live sessions');
    await setLocale('de');
    expect(t('shell.live', { count: 1204 })).toBe('1.204 laufende Sitzungen');
    await setLocale('zh-Hans');
    expect(t('shell.live', { count: 1 })).toContain('1');
    await setLocale('en');
    expect(t('shell.live', { count: 1 })).toBe('1 live session');
  });
});

// The message catalogue: every text of the page comes from here.
//
// Owns the chosen language. Only one catalogue is loaded at a time. Keys are checked by the compiler, and a test holds that the three
// catalogues have the same ones. Texts are plain: no markup ever comes out of a catalogue.

import { createInstance } from 'i18next';
import type { Catalogue } from './en';

export const LOCALES = ['en', 'de', 'zh-Hans'] as const;
export type Locale = (typeof LOCALES)[number];

type Leaves<T, P extends string = ''> = {
  [K in keyof T & string]: T[K] extends string ? `${P}${Bare<K>}` : Leaves<T[K], `${P}${K}.`>;
}[keyof T & string];
type Bare<K extends string> = K extends `${infer B}_${'one' | 'other'}` ? B : K;
export type MessageKey = Leaves<Catalogue>;

const KEY = 'chasm.locale';
const catalogues: Record<Locale, () => Promise<{ default: object }>> = {
  en: () => import('./en'),
  de: () => import('./de'),
  'zh-Hans': () => import('./zh-Hans'),
};

const words = createInstance();
let current = $state<Locale>('en');

export const locale = {
  get current(): Locale {
    return current;
  },
};

/** The text of this key, with numbers and names put in. */
export function t(key: MessageKey, values?: Record<string, string | number>): string {
  // reading `current` lets what shows this text follow a change of language
  return words.t(key, { ...values, lng: current });
}

/** The first of the wanted languages that there is a catalogue for. */
export function pick(wanted: readonly string[]): Locale {
  for (const tag of wanted) {
    const language = tag.toLowerCase().split('-')[0];
    if (language === 'zh') return 'zh-Hans';
    const found = LOCALES.find((name) => name === language);
    if (found) return found;
  }
  return 'en';
}

export async function startLocale(): Promise<void> {
  let chosen: string | null = null;
  try {
    chosen = localStorage.getItem(KEY);
  } catch {
    // the browser's language then
  }
  await words.init({
    resources: {},
    lng: 'en',
    fallbackLng: false,
    interpolation: { escapeValue: false },
    returnEmptyString: true,
  });
  await load(LOCALES.find((name) => name === chosen) ?? pick(navigator.languages));
}

export async function setLocale(next: Locale): Promise<void> {
  await load(next);
  try {
    localStorage.setItem(KEY, next);
  } catch {
    // it holds for this page then
  }
}

async function load(next: Locale): Promise<void> {
  if (!words.hasResourceBundle(next, 'translation')) {
    const catalogue = await catalogues[next]();
    words.addResourceBundle(next, 'translation', catalogue.default);
  }
  await words.changeLanguage(next);
  current = next;
  document.documentElement.lang = next;
}

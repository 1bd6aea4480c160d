// Numbers with units, by the reader's language.
//
// Pure but for the language. Never rounds a count: a session of 1,204 messages has 1,204 messages.

import { locale } from '../i18n';

const formats = new Map<string, Intl.NumberFormat>();

function format(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = locale.current + JSON.stringify(options);
  let made = formats.get(key);
  if (!made) formats.set(key, (made = new Intl.NumberFormat(locale.current, options)));
  return made;
}

export function number(n: number, digits = 0): string {
  return format({ maximumFractionDigits: digits }).format(n);
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const;

/** «6.7 MB», counted in thousands. */
export function bytes(n: number): string {
  let step = 0;
  let left = n;
  while (left >= 999.5 && step < UNITS.length - 1) {
    left /= 1000;
    step += 1;
  }
  return format({
    style: 'unit',
    unit: UNITS[step] ?? 'byte',
    unitDisplay: step === 0 ? 'long' : 'short',
    maximumFractionDigits: step === 0 || left >= 100 ? 0 : 1,
  }).format(left);
}

/** «12s» has a space between number and unit, where the language writes words with spaces. */
export function spaced(text: string): string {
  return text.replace(/(\d)([A-Za-z])/g, '$1\u00a0$2');
}

/** «850 ms», «4.2 s», «3 min 32 s», «2 h 5 min», «3 days 4 h». */
export function duration(ms: number): string {
  const unit = (value: number, name: string, digits = 0): string =>
    spaced(
      format({
        style: 'unit',
        unit: name,
        unitDisplay: name === 'day' ? 'long' : name === 'hour' || name === 'minute' ? 'short' : 'narrow',
        maximumFractionDigits: digits,
      }).format(value),
    );
  if (ms < 1_000) return unit(Math.round(ms), 'millisecond');
  const seconds = ms / 1_000;
  if (seconds < 10) return unit(seconds, 'second', 1);
  if (seconds < 60) return unit(Math.floor(seconds), 'second');
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return both(unit(minutes, 'minute'), Math.floor(seconds) % 60, (n) => unit(n, 'second'));
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return both(unit(hours, 'hour'), minutes % 60, (n) => unit(n, 'minute'));
  return both(unit(Math.floor(hours / 24), 'day'), hours % 24, (n) => unit(n, 'hour'));
}

function both(first: string, rest: number, show: (n: number) => string): string {
  return rest === 0 ? first : `${first} ${show(rest)}`;
}

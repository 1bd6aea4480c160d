// Times for people: relative in lists, exact on hover.
//
// Pure but for the language and the time zone of the reader. Takes what the recorder sends: RFC 3339.

import { locale } from '../i18n';
import { spaced } from './number';

const formats = new Map<string, Intl.DateTimeFormat>();

function format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale.current + JSON.stringify(options);
  let made = formats.get(key);
  if (!made) formats.set(key, (made = new Intl.DateTimeFormat(locale.current, options)));
  return made;
}

export function millis(at: string | number): number {
  return typeof at === 'number' ? at : Date.parse(at);
}

/** «31 January 2026, 14:02:05.120». */
export function exact(at: string | number): string {
  const time = millis(at);
  if (Number.isNaN(time)) return String(at);
  const day = format({ weekday: 'short', day: 'numeric', month: 'long', year: 'numeric' }).format(time);
  const clock = format({
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    timeZoneName: 'short',
  }).format(time);
  return `${day}, ${clock}`;
}

/** «14:02». */
export function timeOfDay(at: string | number): string {
  return format({ hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(millis(at));
}

/** «31 Jan», with the year where it is not this one. */
export function shortDay(at: string | number, now: number = Date.now()): string {
  const time = millis(at);
  const sameYear = new Date(time).getFullYear() === new Date(now).getFullYear();
  return format({ day: 'numeric', month: 'short', ...(sameYear ? {} : { year: 'numeric' }) }).format(time);
}

/** «14:02» of today, else «31 Jan 14:02». */
export function moment(at: string | number, now: number = Date.now()): string {
  return dayKey(at) === dayKey(now) ? timeOfDay(at) : `${shortDay(at, now)} ${timeOfDay(at)}`;
}

/** «14:02–15:10», «31 Jan 23:50 – 1 Feb 00:10». */
export function span(from: string | number, to: string | number, now: number = Date.now()): string {
  if (dayKey(from) !== dayKey(to)) return `${moment(from, now)} – ${moment(to, now)}`;
  const [a, b] = [timeOfDay(from), timeOfDay(to)];
  const day = dayKey(from) === dayKey(now) ? '' : `${shortDay(from, now)} `;
  return a === b ? `${day}${a}` : `${day}${a}–${b}`;
}

/** The reader's day that a moment lies in: `2026-01-31`. */
export function dayKey(at: string | number): string {
  const day = new Date(millis(at));
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** «Saturday, 31 January», with the year where it is not this one. */
export function longDay(at: string | number, now: number = Date.now()): string {
  const time = millis(at);
  const sameYear = new Date(time).getFullYear() === new Date(now).getFullYear();
  return format({
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(time);
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['second', 60],
  ['minute', 60],
  ['hour', 24],
  ['day', 30],
  ['month', 12],
  ['year', Number.POSITIVE_INFINITY],
];

/** «2 s ago», «in 3 min». */
export function relative(at: string | number, now: number): string {
  let value = (millis(at) - now) / 1_000;
  if (Math.abs(value) < 1)
    return new Intl.RelativeTimeFormat(locale.current, { numeric: 'auto' }).format(0, 'second');
  const words = (unit: Intl.RelativeTimeFormatUnit): Intl.RelativeTimeFormat => {
    // «5 m» would be metres
    const style = unit === 'second' ? 'narrow' : 'short';
    return new Intl.RelativeTimeFormat(locale.current, { style, numeric: 'always' });
  };
  for (const [unit, size] of STEPS) {
    if (Math.abs(value) < size)
      return spaced(words(unit).format(Math.trunc(value) || -0, unit)).replace(
        /(?<=\b(?:min|hr|mo|yr))\.(?= ago|$)/,
        '',
      );
    value /= size;
  }
  return exact(at);
}

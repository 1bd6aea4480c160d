// Times of a chat, in microseconds since the epoch: exact in a number until the year 2255.
//
// Never looks at the clock.

export type Micros = number;

/** Of milliseconds as files have them; nothing where they are none. */
export function ofMillis(millis: number | undefined): Micros | undefined {
  if (millis === undefined || millis <= 0 || millis > 8.64e15 / 1000) return undefined;
  return Math.trunc(millis) * 1000;
}

export function ofText(time: string | undefined): Micros | undefined {
  return time === undefined ? undefined : ofMillis(Date.parse(time));
}

/** RFC 3339 with microseconds. */
export function toText(at: Micros): string {
  const millis = Math.floor(at / 1000);
  const rest = String(at - millis * 1000).padStart(3, '0');
  return new Date(millis).toISOString().replace('Z', `${rest}Z`);
}

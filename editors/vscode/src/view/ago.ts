// How long ago something was, as a list says it.
//
// Pure.

const STEPS: [below: number, unit: number, name: string][] = [
  [3_600, 60, 'min'],
  [86_400, 3_600, 'h'],
  [604_800, 86_400, 'd'],
];

/** `then` and `now` in milliseconds. */
export function ago(then: number, now: number): string {
  if (!Number.isFinite(then)) return '';
  const seconds = Math.max(0, Math.floor((now - then) / 1000));
  if (seconds < 60) return 'now';
  for (const [below, unit, name] of STEPS)
    if (seconds < below) return `${Math.floor(seconds / unit)} ${name} ago`;
  return new Date(then).toISOString().slice(0, 10);
}

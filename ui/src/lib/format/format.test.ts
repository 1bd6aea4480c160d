import { describe, expect, it } from 'vitest';
import { listed } from './list';
import { bytes, duration, number } from './number';
import { relative, span } from './time';

describe('numbers', () => {
  it('have units', () => {
    expect(number(1204)).toBe('1,204');
    expect(bytes(0)).toBe('0 bytes');
    expect(bytes(6_700_000)).toBe('6.7 MB');
    expect(bytes(999_900)).toBe('1 MB');
    expect(duration(12)).toBe('12\u00a0ms');
    expect(duration(60_000)).toBe('1 min');
    expect(duration(212_400)).toBe('3 min 32\u00a0s');
    expect(duration(7_500_000)).toBe('2 hr 5 min');
  });
});

describe('names', () => {
  it('are joined as the language does', () => {
    expect(listed(['Ada'])).toBe('Ada');
    expect(listed(['Ada', 'Bob', 'Cleo'])).toBe('Ada, Bob, and Cleo');
  });
});

describe('times', () => {
  const now = Date.UTC(2026, 0, 31, 12);
  it('are relative to now', () => {
    expect(relative(now, now)).toBe('now');
    expect(relative(now - 2_000, now)).toBe('2\u00a0s ago');
    expect(relative(now - 59_000, now)).toBe('59\u00a0s ago');
    expect(relative(now - 3 * 86_400_000, now)).toBe('3 days ago');
    expect(relative(now + 180_000, now)).toBe('in 3 min');
  });

  it('have a span', () => {
    const at = (hour: number, minute: number): number => new Date(2026, 0, 31, hour, minute).getTime();
    expect(span(at(14, 2), at(15, 10), at(20, 0))).toBe('14:02–15:10');
    expect(span(at(14, 2), at(14, 2), at(20, 0))).toBe('14:02');
    expect(span(at(14, 2), at(34, 0), at(20, 0))).toBe('14:02 – Feb 1 10:00');
  });
});

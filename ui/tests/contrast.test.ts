// Text can be read on every ground, in every theme: at least 4.5 to 1.

import { describe, expect, it } from 'vitest';
import css from '../src/styles/tokens.css?raw';

type Pair = [light: string, dark: string];

function tokens(block: string): Map<string, Pair> {
  const found = block.matchAll(/--([\w-]+):\s*light-dark\((#[0-9a-f]{6}),\s*(#[0-9a-f]{6})\)/g);
  return new Map([...found].map(([, name = '', light = '', dark = '']) => [name, [light, dark]]));
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high = 0, low = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (high + 0.05) / (low + 0.05);
}

const base = tokens(css.slice(0, css.indexOf("[data-theme='contrast']")));
const high = new Map([...base, ...tokens(css.slice(css.indexOf("[data-theme='contrast']")))]);

const TEXTS = ['text', 'muted', 'accent', 'recording', 'completed', 'interrupted', 'recovered', 'paused', 'stopped', 'from-snapshot', 'from-editor-file']; // prettier-ignore
const GROUNDS = ['ground', 'surface', 'raised', 'hover'];
const OWN: [string, string][] = [
  ['interrupted', 'interrupted-ground'],
  ['text', 'interrupted-ground'],
  ['stopped', 'stopped-ground'],
  ['text', 'stopped-ground'],
  ['recording', 'recording-ground'],
  ['accent', 'accent-ground'],
  ['muted', 'accent-ground'],
  ['muted', 'chosen'],
  ['interrupted', 'chosen'],
  ['on-accent', 'accent'],
  ['text', 'mark'],
  ['text', 'mark-here'],
  ...['keyword', 'string', 'number', 'title', 'comment', 'removed'].map((name): [string, string] => [
    `code-${name}`,
    'surface',
  ]),
];
const PAIRS = [...TEXTS.flatMap((text) => GROUNDS.map((ground): [string, string] => [text, ground])), ...OWN];

describe.each([
  ['light', base, 0],
  ['dark', base, 1],
  ['light, high contrast', high, 0],
  ['dark, high contrast', high, 1],
] as const)('%s', (_name, theme, side) => {
  it.each(PAIRS)('%s on %s', (text, ground) => {
    const [a, b] = [theme.get(text), theme.get(ground)];
    if (!a || !b) throw new Error(`${text} or ${ground} is not among the tokens`);
    expect(contrast(a[side], b[side])).toBeGreaterThanOrEqual(4.5);
  });
});
